"""Candidates run in turn, in shuffled rounds in one process, and are checked in the same run.

The clock is CPU time, of all threads: other programs on the machine hardly move it. Two
candidates are compared within a round, where the machine is the same for both; the table has the
median and the quartiles of that ratio over the rounds.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


class Wrong(AssertionError):
    """A candidate computed something else than it should."""


def require(good: bool, words: str) -> str:
    """Return the words for the table; raise :class:`Wrong` with them if the check failed."""
    if not good:
        raise Wrong(words)
    return words


@dataclass(frozen=True)
class Candidate:
    """``run(seed)`` is timed. ``check(output)`` says in a few words what agreed, or raises Wrong.

    ``worth(output)``: what the run was good for, such as effective samples; 1 unless given.
    """

    name: str
    run: Callable[[int], Any]
    check: Callable[[Any], str] = lambda _: ""
    worth: Callable[[Any], float] = lambda _: 1.0
    compiles: bool = False


@dataclass(frozen=True)
class Target:
    """``above`` may cost at most, or must cost at least, ``bound`` times what ``below`` costs.

    Or, with ``minus``, the difference of the two is bounded.
    """

    above: str
    below: str
    bound: float
    at_most: bool = True
    minus: bool = False

    @property
    def words(self) -> str:
        sign, relation = "-" if self.minus else "/", "≤" if self.at_most else "≥"
        return f"{self.above} {sign} {self.below} {relation} {self.bound:g}"

    def met(self, value: float) -> bool:
        return value <= self.bound if self.at_most else value >= self.bound


def cpu_seconds(run: Callable[[int], Any], seed: int) -> tuple[float, Any]:
    """CPU time of all threads of this process."""
    start = time.process_time()
    output = run(seed)
    return time.process_time() - start, output


def cpu_seconds_of_children(run: Callable[[int], Any], seed: int) -> tuple[float, Any]:
    """CPU time of the processes that ``run`` starts and waits for."""

    def now() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    start = now()
    output = run(seed)
    return now() - start, output


def peak_bytes(run: Callable[[int], Any], seed: int) -> tuple[float, Any]:
    """The most memory held at once while ``run`` runs, as tracemalloc counts it."""
    tracemalloc.start()
    try:
        output = run(seed)
        return float(tracemalloc.get_traced_memory()[1]), output
    finally:
        tracemalloc.stop()


def fresh_python(code: str) -> None:
    """Run code in a new interpreter."""
    subprocess.run([sys.executable, "-c", code], check=True)


@dataclass(frozen=True)
class Row:
    """A task. The first candidate is scorekit's.

    ``meter`` says what a run cost; the table has that times ``scale`` for each of ``units``.
    """

    key: str
    title: str
    candidates: list[Candidate]
    targets: list[Target] = field(default_factory=list)
    units: float = 1.0
    unit: str = "ms a step"
    scale: float = 1e3
    meter: Callable[[Callable[[int], Any], int], tuple[float, Any]] = cpu_seconds
    skipped: list[str] = field(default_factory=list)


@dataclass
class Record:
    """Readings and worth, round by round, and the verdict on the last output."""

    first: float = 0.0
    readings: list[float] = field(default_factory=list)
    worth: list[float] = field(default_factory=list)
    verdict: str = ""
    good: bool = False

    @property
    def cost(self) -> np.ndarray:
        return np.array(self.readings) / np.array(self.worth)


Measured = dict[str, Record]


def measure(row: Row, rounds: int) -> Measured:
    """Time all candidates of a row; the first call of each is not counted, but timed apart."""
    records = {c.name: Record() for c in row.candidates}
    for c in row.candidates:
        start = time.perf_counter()
        c.run(0)
        records[c.name].first = time.perf_counter() - start
    order, shuffle = list(row.candidates), random.Random(0).shuffle
    for seed in range(1, rounds + 1):
        shuffle(order)
        for c in order:
            t = records[c.name]
            reading, output = row.meter(c.run, seed)
            t.readings.append(reading)
            t.worth.append(c.worth(output))
            if seed == rounds:
                try:
                    t.verdict, t.good = c.check(output), True
                except Wrong as error:
                    t.verdict = f"WRONG: {error}"
    return records


def compare(
    measured: Measured, above: str, below: str, minus: bool = False
) -> tuple[float, float, float]:
    """Median and quartiles, over the rounds, of what ``above`` costs over what ``below`` costs."""
    a, b = measured[above].cost, measured[below].cost
    values = a - b if minus else a / b
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(middle), float(low), float(high)


def with_peers(
    own: list[Candidate], *peers: Callable[[], Candidate]
) -> tuple[list[Candidate], list[str]]:
    """Append the peers that can be set up; say of the others why they are left out.

    A peer that is installed may still be broken: one that was compiled for another version of a
    library may raise anything when it is imported. What it raises is the reason, and printed.
    """
    candidates, skipped = list(own), []
    for make in peers:
        try:
            candidates.append(make())
            continue
        except ModuleNotFoundError as error:
            why = f"{error.name} is not installed"
        except Exception as error:
            said = " ".join(str(error).split())[:120]
            why = f"broken here, {type(error).__name__}: {said}"
        skipped.append(f"{make.__name__}: {why}")
        print(f"left out, {skipped[-1]}", file=sys.stderr, flush=True)
    return candidates, skipped
