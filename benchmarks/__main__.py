"""Print the table and write ``benchmarks/results.md``; exit with 1 if a check failed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


def rows() -> dict[str, Callable[..., Any]]:
    """All rows by key, in the order of the table."""
    import numpy as np

    from . import (
        annealing,
        digits,
        fields,
        growth,
        lattices,
        memory,
        preconditioned,
        rows,
        training,
    )

    return {
        "a32": partial(rows.ula_mixture, np.float32),
        "a64": partial(rows.ula_mixture, np.float64),
        "b-mixture": rows.mala_mixture,
        "b-logistic": rows.mala_logistic,
        "c-diagonal": rows.ula_large,
        "c-dense": partial(rows.ula_large, True),
        "g": training.dsm,
        "h": lattices.ising_sweeps,
        "i": memory.memory,
        "k-2d": fields.langevin,
        "k-3d": partial(fields.langevin, 3),
        "j-mixture": annealing.annealing,
        "j-gaussian": partial(annealing.annealing, "gaussian"),
        "l": preconditioned.overhead,
        "n": fields.direct,
        "m": digits.predictor_corrector_digits,
        **{f"s-{what}": partial(growth.growth, what) for what in growth.KINDS},
        "import": memory.imports,
    }


def main(arguments: list[str] | None = None) -> int:
    os.environ.update({key: os.environ.get(key, value) for key, value in ONE_THREAD.items()})
    from . import harness, report  # NumPy reads the environment when it is imported

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = rows()
    parser.add_argument("rows", nargs="*", metavar="row", help=f"of {', '.join(known)}; else all")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results.md")
    chosen = parser.parse_args(arguments)
    if unknown := [key for key in chosen.rows if key not in known]:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(known)}")
    if chosen.rounds < 1:
        parser.error("--rounds must be at least 1")
    results = []
    for key in chosen.rows or known:
        print(f"{key} …", file=sys.stderr, flush=True)
        row = known[key]()
        results.append((row, harness.measure(row, chosen.rounds)))
    text = report.page(results, chosen.rounds)
    print(text)
    chosen.output.write_text(text, encoding="utf-8")
    return int(any(not r.good for _, measured in results for r in measured.values()))


if __name__ == "__main__":
    sys.exit(main())
