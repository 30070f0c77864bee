"""A course with one small private exercise, and its marks without a box, for quick tests."""

import json
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from datetime import datetime
from pathlib import Path
from typing import Any

from gradekit import nbgrader_shell
from gradekit.checks import Outcome
from gradekit.course_folder import Course, new
from gradekit.feedback import Result
from gradekit.release import release
from gradekit.runner import given

CHECKS = """
from gradekit import check, need

@check("q1", points=1)
def doubles(S):
    "Twice two is four."
    need(S.call("twice", 2) == 4, "twice(2) should be 4")

@check("q1", points=2)
def any_number(S):
    "Any number is doubled."
    x = int(S.rng.integers(10, 1000))
    need(S.call("twice", x) == 2 * x, f"twice({x}) should be {2 * x}")
"""
DUE = datetime(2027, 3, 1, 12, 0)


def master() -> dict[str, Any]:
    def cell(kind: str, source: str, name: str = "", **marks: Any) -> dict[str, Any]:
        base = {"grade": False, "solution": False, "locked": False, "task": False}
        nbgrader = {**base, "grade_id": name, "schema_version": 3, **marks}
        rest = {"outputs": [], "execution_count": None} if kind == "code" else {}
        metadata = {"nbgrader": nbgrader} if name else {}
        return {"cell_type": kind, "id": name or f"text-{len(source)}", "metadata": metadata,
                "source": source, **rest}  # fmt: skip

    answer = "def twice(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    written = "### BEGIN SOLUTION\nBecause.\n### END SOLUTION"
    cells = [
        cell("markdown", "# Small\n[chapter](../../chapters/01_landscape.ipynb)"),
        cell("markdown", "Text\n\n:::{dropdown} Hint\nAdd.\n:::\n\nmore"),
        cell("code", answer, "q1", solution=True),
        cell("code", 'check("q1")', "q1_check", grade=True, locked=True, points=3),
        cell("markdown", written, "q2", grade=True, solution=True, points=2),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def private_exercise(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "checks.py").write_text(CHECKS)
    (folder / "master.ipynb").write_text(json.dumps(master()))
    (folder / "mutants.py").write_text("a teacher's own")
    return folder


def small_course(folder: Path) -> Course:
    private_exercise(folder / "mine/small")
    course = new(folder / "course", (folder / "mine",))
    release(course, "small", DUE)
    return course


RIGHT, HALF = "def twice(x):\n    return 2 * x", "def twice(x):\n    return 4"


def handed_in(released: Path, cells: Mapping[str, str]) -> str:
    """A student's notebook: the released one with these cells filled in."""
    notebook = json.loads((released / "exercise.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = cells.get(name, cell["source"])
    return json.dumps(notebook)


def zipped(path: Path, files: Mapping[str, tuple[str | bytes, datetime]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (text, when) in files.items():
            info = zipfile.ZipInfo(name, when.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text)
    return path


class Unboxed(Executor):
    """Gives the points that the trusted answers of these tests deserve, at once."""

    def __init__(self, fails: bool = False) -> None:
        self.graded: list[str] = []
        self.fails = fails

    def submit(self, work: Callable[..., Any], /, *jobs: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if work.__name__ == "ready":
            future.set_result(None)
            return future
        student, code = jobs[0].student, jobs[0].answers.code.get("q1", "")
        if self.fails:
            future.set_exception(RuntimeError("out of order"))
            return future
        self.graded.append(student)
        passed = {RIGHT: (True, True), HALF: (True, False)}.get(code, (False, False))
        outcomes = [
            Outcome(f"q1.{n}", "q1", title, points, "" if good else "it should be four")
            for n, title, points, good in zip("ab", ("One", "Two"), (1, 2), passed, strict=True)
        ]
        future.set_result(Result(student, tuple(outcomes)))
        return future


def grade(course: Course, executor: Executor | None = None, **options: Any) -> list[Any]:
    workers = given(executor or Unboxed())
    return list(nbgrader_shell.mark(course, "small", lambda *_: workers, **options))


def gradebook_rows(root: Path) -> list[tuple[Any, ...]]:
    """Everything in a course's gradebook that a mark depends on; nothing in it may be broken."""
    with sqlite3.connect(root / "gradebook.db") as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert database.execute("pragma foreign_key_check").fetchall() == []
        return database.execute(
            "select a.student_id, c.name, g.auto_score, g.manual_score, g.needs_manual_grade "
            "from grade g join submitted_notebook n on g.notebook_id = n.id "
            "join submitted_assignment a on n.assignment_id = a.id "
            "join base_cell c on g.cell_id = c.id order by 1, 2"
        ).fetchall()
