"""Where the time of row (h) goes, pass by pass; writes ``benchmarks/profile_ising.md``.

    python -m benchmarks.profile_ising [--rounds 15]

Each pass of a half sweep is run alone, as often as a whole run has it, in rounds with the whole
run. What is left over are the calls between the passes, and what the passes cost each other by
driving the other's numbers out of the cache.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import SFC64, Generator

from scorekit.ising import MOST, _Colours, ising

from .harness import Candidate, Measured, Row, measure

WHOLE, BITS, REST = "the whole run", "random bits", "the rest"
WORDS = {
    BITS: "16 a site, drawn as 64-bit words",
    "neighbours": "6 exclusive ors (4 shifts, 2 edges), then 8 ands and ors to count to two",
    "comparing": "every 16-bit number with two limits: a byte a site",
    "packing": "these bytes into bits, twice",
    "margin": "a line copied to the other end",
    "start and end": "spins to bits and back, flips counted; once a run",
    REST: "3 ors and ands, the flip, Python between the passes, the cache",
}


def passes(size: int = 64, chains: int = 64, sweeps: int = 100, k: float = 0.3) -> Row:
    """Candidates: the whole run, and each pass alone as often as the run has it."""
    start, rng = np.ones((chains, size, size), np.int8), Generator(SFC64(0))
    board = _Colours(ising(start, k, 20, rng=rng).x.astype(np.int8))
    words = -(-board.below.size // 4)
    uniforms = rng.integers(0, MOST, words, np.uint64, endpoint=True).view(np.uint16)
    uniforms = uniforms[: board.below.size]
    limits = [np.uint16(65536 * np.exp(-4 * n * k)) for n in (1, 2)]

    def run(sweeps: int, seed: int) -> Any:
        return ising(start, k, sweeps, rng=Generator(SFC64(seed))).x

    def each(do: Callable[[int], Any]) -> Callable[[int], None]:
        def half_sweeps(_: int) -> None:
            for i in range(2 * sweeps):
                do(i % 2)

        return half_sweeps

    def compare(_: int) -> None:
        for limit in limits:
            np.less(uniforms, limit, out=board.below)

    def pack(_: int) -> None:
        for _limit in limits:
            np.packbits(board.below)

    def once(seed: int) -> None:
        run(0, seed)
        for c in (0, 1):
            board.count(board.flat[c])

    draw = partial(rng.integers, 0, MOST, words, np.uint64, endpoint=True)
    candidates = [
        Candidate(WHOLE, partial(run, sweeps)),
        Candidate(BITS, each(lambda _: draw())),
        Candidate("neighbours", each(board._different)),
        Candidate("comparing", each(compare)),
        Candidate("packing", each(pack)),
        Candidate("margin", each(board._wrap)),
        Candidate("start and end", once),
    ]
    title = f"{size}² torus, {chains} chains × {sweeps} sweeps, K = {k}"
    return Row("h", title, candidates, [], sweeps)


def table(row: Row, measured: Measured) -> str:
    """Microseconds a sweep, share of the whole, and relative to the random bits."""
    cost = {name: float(np.median(r.cost)) / row.units * 1e6 for name, r in measured.items()}
    whole = cost.pop(WHOLE)
    cost[REST] = whole - sum(cost.values())
    lines = ["| pass | µs a sweep | share | relative to the bits | what it does |"]
    lines.append("|---|---|---|---|---|")
    for name, spent in [*cost.items(), ("all", whole)]:
        numbers = f"{spent:.1f} | {spent / whole:.0%} | {spent / cost[BITS]:.2f}"
        lines.append(f"| {name} | {numbers} | {WORDS.get(name, row.title)} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_ising")
    for name, value in (("size", 64), ("chains", 64), ("sweeps", 100), ("rounds", 15)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "profile_ising.md")
    chosen = parser.parse_args(arguments)
    row = passes(chosen.size, chosen.chains, chosen.sweeps)
    text = table(row, measure(row, chosen.rounds))
    print(text)
    chosen.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
