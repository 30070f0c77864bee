"""Tests of an exercise's checks: wrong answers planted on purpose, each with what it must lose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .box import Box
from .boxed import Boxed
from .checks import BackEnd, Exercise, Inputs, Outcome, run
from .local import Local


@dataclass(frozen=True)
class Mutant:
    """The reference with a piece of one cell replaced; ``loses`` lists exactly the checks it fails.

    A rewrite that is right loses none. With ``old`` empty, ``new`` is the whole cell.
    """

    name: str
    cell: str
    old: str
    new: str
    loses: tuple[str, ...] = ()

    def applied(self, answers: Mapping[str, str]) -> dict[str, str]:
        """Return the answers with this change made."""
        source = answers[self.cell]
        if self.old and source.count(self.old) != 1:
            raise ValueError(f"{self.name}: its text is not once in {self.cell}")
        return {**answers, self.cell: source.replace(self.old, self.new) if self.old else self.new}


def answers_of(notebook: Path) -> dict[str, str]:
    """Return the sources of the answer cells of a master or an exercise."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    marked = ((c["metadata"].get("nbgrader", {}), c) for c in cells if c["cell_type"] == "code")
    return {m["grade_id"]: "".join(c["source"]) for m, c in marked if m.get("solution")}


def outcomes(
    exercise: Exercise,
    answers: Mapping[str, str],
    student: str,
    box: Box | None = None,
    secret: bytes = b"mutation tests",
) -> tuple[Outcome, ...]:
    """Grade answers for a student, in a box if there is one, else (trusted answers) right here."""
    inputs = Inputs(exercise.name, student, secret)
    if box is not None:
        with Boxed(box, dict(answers)) as boxed:
            return _run(exercise, boxed, inputs)
    names: dict[str, Any] = {}
    for source in (exercise.preamble, *answers.values()):
        exec(source, names)
    return _run(exercise, Local(names), inputs)


def _run(exercise: Exercise, backend: BackEnd, inputs: Inputs) -> tuple[Outcome, ...]:
    return tuple(run(check, backend, inputs) for check in exercise.checks)


def lost(found: tuple[Outcome, ...]) -> tuple[str, ...]:
    """The checks that were failed, in order."""
    return tuple(o.id for o in found if not o.passed)
