"""The table every chapter ends with: theory, measurement, error bar, verdict.

>>> from scorekit.checks import Checks
>>> from scorekit.diagnostics import Estimate
>>> c = Checks("01")
>>> c.add("mean of a fair die", theory=3.5, measured=Estimate(3.48, 0.02), rival=3.0)
>>> c.failed
[]
"""

from __future__ import annotations

import builtins
import html
import math
from dataclasses import asdict, dataclass
from typing import Any

from . import _inputs
from .diagnostics import Estimate

MIME = "application/vnd.scorekit.checks+json"
# A statistical check fails by chance once in 16 000 (two-sided normal): no flakes, real power.
SIGMAS = 4.0


class CheckFailed(AssertionError):
    """At least one row of a table of checks disagrees with theory, or could not have failed."""


@dataclass(frozen=True)
class Row:
    """One line of the table; ``error`` is what the measurement may be off by."""

    name: str
    theory: float
    measured: float
    shown: str
    error: float
    rival: float | None
    passed: bool
    reason: str


class Checks:
    """Collect a chapter's checks, print them all, then raise if one failed.

    Parameters
    ----------
    chapter : str
        The chapter's number, such as ``"01"``: the book's last page sorts by it.
    """

    def __init__(self, chapter: str) -> None:
        self.chapter = chapter
        self.rows: list[Row] = []

    def add(
        self,
        name: str,
        theory: float,
        measured: Estimate | float,
        *,
        tol: float | None = None,
        rival: float | None = None,
    ) -> None:
        """Compare a measurement with the number theory gives.

        A Monte-Carlo measurement comes as an :class:`~scorekit.diagnostics.Estimate` and agrees
        when it lies within 4 standard errors. A number without noise comes as a float with
        ``tol``, the error its computation may have (rounding, quadrature, the reach of a grid).

        Parameters
        ----------
        name : str
            What is compared, in words.
        theory : float
            The closed-form (or independently computed) value.
        measured : Estimate or float
        tol : float, optional
            Needed with a float, refused with an Estimate.
        rival : float, optional
            A tempting wrong value. The same error bar must exclude it, or the check fails: it
            would have passed the mistake too.

        Raises
        ------
        TypeError
            If a float comes without ``tol``, or an Estimate with it.
        ValueError
            If a number is not finite, or a name is used twice.
        """
        if any(row.name == name for row in self.rows):
            raise ValueError(f"name must be new in this table, got {name!r} again")
        if isinstance(measured, Estimate):
            if tol is not None:
                raise TypeError("tol must be left out for an Estimate, which has its own error")
            value, error, shown = measured.value, SIGMAS * measured.se, str(measured)
        else:
            if tol is None:
                raise TypeError(f"tol must be given for a plain number, got {name!r} without it")
            value, error = float(measured), _inputs.positive(tol, "tol")
            gap = f", off by {abs(value - theory):.0e}" if theory and value != theory else ""
            shown = f"{value:.6g}{gap} (tol {error:.2g})"
        for label, number in (("theory", theory), ("rival", 0.0 if rival is None else rival)):
            if not math.isfinite(number):
                raise ValueError(f"{label} must be finite, got {number!r}")
        if not abs(value - theory) <= error:  # also catches NaN
            reason = f"off by {abs(value - theory):.3g}, allowed {error:.3g}"
        elif rival is not None and not abs(value - rival) > error:
            reason = f"cannot tell theory from the rival value {rival:.6g}"
        else:
            reason = ""
        self.rows.append(Row(name, float(theory), value, shown, error, rival, not reason, reason))

    @property
    def failed(self) -> list[Row]:
        """The rows that failed."""
        return [row for row in self.rows if not row.passed]

    def show(self) -> None:
        """Display every row, then raise :class:`CheckFailed` if one failed or there is none."""
        # IPython and the book's pages both put `display` among the builtins.
        getattr(builtins, "display", print)(self)
        if not self.rows:
            raise CheckFailed(f"chapter {self.chapter}: no checks were added")
        if self.failed:
            raise CheckFailed(
                f"chapter {self.chapter}: {len(self.failed)} of {len(self.rows)} checks failed: "
                + "; ".join(f"{row.name} ({row.reason})" for row in self.failed)
            )

    def _cells(self) -> list[list[str]]:
        return [
            [
                row.name,
                f"{row.theory:.6g}",
                row.shown,
                "–" if row.rival is None else f"{row.rival:.6g}",
                "agrees" if row.passed else f"FAILS: {row.reason}",
            ]
            for row in self.rows
        ]

    HEAD = ("check", "theory", "measured", "excluded", "verdict")

    def __str__(self) -> str:
        table = [list(self.HEAD), *self._cells()]
        widths = [max(len(line[i]) for line in table) for i in range(len(self.HEAD))]
        return "\n".join(
            "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
            for line in table
        )

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{h}</th>' for h in self.HEAD)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>"
            for line in self._cells()
        )
        return f'<table class="checks"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        # The JSON is what the book's last page collects its table from.
        data = {"chapter": self.chapter, "rows": [asdict(row) for row in self.rows]}
        return {"text/plain": str(self), "text/html": self._repr_html_(), MIME: data}
