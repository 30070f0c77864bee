"""Make the students' version of an exercise with nbgrader, and the handout that they get."""

from __future__ import annotations

import re
import shutil
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat

from .checks import load
from .course_folder import NOTEBOOK, Course, CourseError, question_of


def find_exercise(course: Course, name: str) -> Path:
    """Find an exercise by name in the course's folders of exercises."""
    for folder in course.exercises:
        if (folder / name / "master.ipynb").is_file():
            return folder / name
    known = sorted({p.parent.name for f in course.exercises for p in f.glob("*/master.ipynb")})
    raise CourseError(f"there is no exercise {name}; there are {', '.join(known) or 'none'}")


def release(course: Course, name: str, due: datetime | None) -> Path:
    """Make the student version with nbgrader, enter it in the gradebook, and zip the handout."""
    exercise = find_exercise(course, name)
    source = course.root / "source" / name
    source.mkdir(parents=True, exist_ok=True)
    master = nbformat.read(exercise / "master.ipynb", as_version=4)
    if course.book:
        for cell in master.cells:
            cell.source = re.sub(
                r"\]\(\.\./\.\./((?:chapters|book)/\w+)\.(?:ipynb|md)", rf"]({course.book}/\1.html",
                cell.source,
            )  # fmt: skip
    text = nbformat.writes(master) + "\n"
    (source / f"{NOTEBOOK}.ipynb").write_text(text, encoding="utf-8")
    shutil.copyfile(exercise / "checks.py", source / "checks.py")
    _points_agree(source)
    done = course.api().generate_assignment(name)
    if not done["success"]:
        raise CourseError(f"nbgrader could not release {name}: {reason(done)}")
    if due is not None:
        if due.tzinfo is None:
            due = due.replace(tzinfo=course.zone)
        with course.gradebook() as gradebook:
            gradebook.update_or_create_assignment(name, duedate=due.isoformat())
    handout = course.root / "handout" / f"{name}.zip"
    handout.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(handout, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (f"{NOTEBOOK}.ipynb", "checks.py"):
            archive.write(course.released(name) / file, f"{name}/{file}")
    return handout


def _points_agree(folder: Path) -> None:
    """The gradebook takes the points from the notebook, the grader from the checks: one sum."""
    notebook = nbformat.read(folder / f"{NOTEBOOK}.ipynb", as_version=4)
    marks = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
    told = {
        question_of(m["grade_id"]): float(m["points"])
        for m in marks
        if m.get("grade") and not m.get("solution")
    }
    exercise = load(folder / "checks.py")
    checked = {
        q: sum(c.points for c in exercise.checks if c.question == q) for q in exercise.questions
    }
    if told != checked:
        raise CourseError(f"the master gives {told} points by question, checks.py gives {checked}")


def reason(done: dict[str, Any]) -> str:
    """Say why a step of nbgrader failed: the first error in its log that is an exception."""
    lines = [line.strip() for line in f"{done.get('log')}\n{done.get('error')}".splitlines()]
    errors = [x for x in lines if re.match(r"[\w.]*(Error|Exception|Entry)\b", x)]
    return (errors or [x for x in lines if x] or ["no reason given"])[0]
