"""Make the student notebooks from their masters: ``python -m gradekit.build exercises``.

A master is an ordinary nbgrader source notebook: answers stand between ``### BEGIN SOLUTION`` and
``### END SOLUTION``. nbgrader's own preprocessors take them out and mark the cells.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config import Config

STUB = "raise NotImplementedError  # your answer here"
TEXT_STUB = "*Your answer here.*"


def student_version(master: Any) -> Any:
    """Return the notebook that students get."""
    config = Config()
    config.ClearSolutions.code_stub = {"python": STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    notebook = nbformat.from_dict(master)
    resources: dict[str, Any] = {"nbgrader": {}}
    CheckCellMetadata().preprocess(notebook, resources)
    for step in (ClearSolutions(config=config), ClearHiddenTests(), ClearOutput(), LockCells()):
        notebook, resources = step.preprocess(notebook, resources)
    notebook, resources = ComputeChecksums().preprocess(notebook, resources)
    notebook, resources = CheckCellMetadata().preprocess(notebook, resources)
    return notebook


def student_text(path: Path) -> str:
    """Return the text of ``exercise.ipynb`` for this ``master.ipynb``."""
    master = nbformat.read(path, as_version=4)
    return str(nbformat.writes(student_version(master))) + "\n"


def build(folder: Path) -> list[Path]:
    """Write ``exercise.ipynb`` beside every ``master.ipynb`` below a folder; return the paths."""
    written = []
    for master in sorted(folder.glob("*/master.ipynb")):
        target = master.with_name("exercise.ipynb")
        target.write_text(student_text(master), encoding="utf-8")
        written.append(target)
    return written


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="gradekit.build", description=__doc__)
    parser.add_argument("exercises", type=Path, help="the folder that holds the exercises")
    folder = parser.parse_args().exercises
    logging.basicConfig(format="%(message)s")
    written = build(folder)
    if not written:
        raise SystemExit(f"There is no */master.ipynb in {folder}.")
    for path in written:
        print(f"made {path}")


if __name__ == "__main__":
    main()
