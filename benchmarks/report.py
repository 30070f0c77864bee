"""The tables, in Markdown: every candidate, then the targets."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Iterable

import numpy as np

from .harness import Measured, Row, compare

Result = tuple[Row, Measured]


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _spread(values: tuple[float, float, float]) -> str:
    middle, low, high = values
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


def candidates(results: Iterable[Result]) -> list[str]:
    lines = [
        "| row | candidate | cost, median | relative to scorekit's, median [quartiles] | checked |",
        "|---|---|---|---|---|",
    ]
    for row, measured in results:
        own = row.candidates[0].name
        for c in row.candidates:
            record = measured[c.name]
            cost = _number(float(np.median(record.cost)) / row.units * row.scale)
            relative = "1" if c.name == own else _spread(compare(measured, c.name, own))
            words = record.verdict or "–"
            if c.compiles:
                words += f"; first call {record.first:.1f} s, not counted"
            lines.append(f"| {row.key} | {c.name} | {cost} {row.unit} | {relative} | {words} |")
    return lines


def targets(results: Iterable[Result]) -> list[str]:
    lines = ["| row | target | measured, median [quartiles] | met |", "|---|---|---|---|"]
    for row, measured in results:
        for t in row.targets:
            if {t.above, t.below} <= measured.keys():
                values = compare(measured, t.above, t.below, t.minus)
                met = "yes" if t.met(values[0]) else "**no**"
                text = _spread(values)
            else:
                met, text = "–", "peer left out"
            lines.append(f"| {row.key} | {t.words} | {text} | {met} |")
    return lines


def versions() -> str:
    found = []
    for name in ("numpy", "scipy", "autograd", "jax", "blackjax", "torch", "deepinv", "numba"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def page(results: list[Result], rounds: int) -> str:
    rows = [f"- **{row.key}**: {row.title}" for row, _ in results]
    skipped = sorted({word for row, _ in results for word in row.skipped})
    lines = [
        "Written by `python -m benchmarks`. CPU time of all threads, one BLAS thread, "
        f"{rounds} shuffled rounds in one process; two candidates are compared within a round. "
        "Above 1 in the fourth column is slower than scorekit, or bigger. Where a run is shorter "
        "than one would sample for, the cost of a step is what is compared.",
        "",
        f"{datetime.date.today():%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, {versions()}.",
        "",
        *rows,
        *(["", "Left out: " + "; ".join(skipped) + "."] if skipped else []),
        "",
        *candidates(results),
        "",
        *targets(results),
        "",
    ]
    return "\n".join(lines)
