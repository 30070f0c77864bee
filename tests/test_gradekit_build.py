"""The builder: students get the questions and no answers."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.nbgraderformat import ValidationError

from gradekit.build import build, student_version


def marks(grade_id: str, **other: Any) -> dict[str, Any]:
    base = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": {**base, "schema_version": 3, "grade_id": grade_id, **other}}


SOLVED = "def f(x):\n    ### BEGIN SOLUTION\n    return 'the answer'\n    ### END SOLUTION"


def master(*cells: Any) -> Any:
    notebook = new_notebook(cells=list(cells))
    notebook.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "P"}
    return notebook


def test_solutions_outputs_and_hidden_tests_go() -> None:
    output = nbformat.v4.new_output("stream", text="the answer")
    made = student_version(
        master(
            new_code_cell(SOLVED, metadata=marks("q1", solution=True), outputs=[output]),
            new_code_cell(
                'check("q1")\n### BEGIN HIDDEN TESTS\nassert f(1)\n### END HIDDEN TESTS',
                metadata=marks("q1_check", grade=True, points=1, locked=True),
            ),
            new_markdown_cell(
                "### BEGIN SOLUTION\nBecause the answer is so.\n### END SOLUTION",
                metadata=marks("q2", grade=True, solution=True, points=2),
            ),
        )
    )
    assert "the answer" not in nbformat.writes(made)
    assert made.cells[0].source == "def f(x):\n    raise NotImplementedError  # your answer here"
    assert made.cells[1].source == 'check("q1")'
    assert made.cells[1].metadata.editable is False
    assert made.cells[2].source == "*Your answer here.*"


def test_a_solution_outside_an_answer_cell_is_refused() -> None:
    with pytest.raises(RuntimeError, match="non-solution cell"):
        student_version(master(new_code_cell(SOLVED)))


def test_two_cells_with_one_id_are_refused() -> None:
    cells = [new_code_cell(SOLVED, metadata=marks("q1", solution=True)) for _ in range(2)]
    with pytest.raises(ValidationError):
        student_version(master(*cells))


def test_build_writes_beside_the_master_and_repeats(tmp_path: Path) -> None:
    path = tmp_path / "01_x" / "master.ipynb"
    path.parent.mkdir()
    nbformat.write(master(new_code_cell(SOLVED, metadata=marks("q1", solution=True))), path)
    (written,) = build(tmp_path)
    first = written.read_bytes()
    assert json.loads(first)["cells"]
    assert build(tmp_path) == [written]
    assert written.read_bytes() == first
