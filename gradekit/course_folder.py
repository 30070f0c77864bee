"""A course in a folder: nbgrader's folders and gradebook, our settings, the list of students."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from .build import STUB, TEXT_STUB
from .submissions import Form, form_of

NOTEBOOK = "exercise"
STUDENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
COLUMNS = ("id", "first_name", "last_name", "email", "lms_id")

SETTINGS = """\
# Settings of this course; gradekit reads them anew for each command.
name = {name}
# Folders with exercises, each in a folder of its own with master.ipynb and checks.py.
exercises = {exercises}
# The clock that the learning system's times are in.
timezone = "UTC"
# Percent of an exercise's points that each day begun after the deadline costs.
late_percent_per_day = 0
# Where readers find the book; links from a handout to a chapter then lead there.
book = ""
# The file with the secret from which each student's inputs are drawn; "" is the usual one.
secret = ""
"""

NBGRADER = '''\
"""nbgrader's settings for this course. Submissions run in gradekit's box, whoever starts it."""

import os

from gradekit.nbgrader_shell import configure

c = get_config()  # noqa: F821
configure(c, os.path.dirname(os.path.abspath(__file__)))
'''


class CourseError(ValueError):
    """Something about the course is not as it must be; the message is for the teacher."""


@dataclass(frozen=True)
class Student:
    """One row of ``students.csv``; ``lms_id`` is the number the learning system knows them by."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""


@dataclass(frozen=True)
class Course:
    """A course folder and its settings."""

    root: Path
    name: str
    exercises: tuple[Path, ...]
    zone: ZoneInfo
    late_percent_per_day: float
    book: str
    secret: Path | None

    @contextlib.contextmanager
    def gradebook(self) -> Iterator[Any]:
        """Open nbgrader's gradebook; make it if there is none.

        To make one, nbgrader calls ``alembic`` by name, which is on the path only where the
        environment is activated. If that fails, it leaves a gradebook without a version behind.
        """
        path = self.root / "gradebook.db"
        with _beside_python() if not path.exists() else contextlib.nullcontext():
            gradebook = Gradebook(f"sqlite:///{path}", self.name)
        with gradebook:
            yield gradebook

    def api(self) -> Any:
        """Return nbgrader's own interface to this course, with our settings."""
        from .nbgrader_shell import configure

        config = Config()
        configure(config, str(self.root))
        return NbGraderAPI(CourseDirectory(config=config), config=config)

    def released(self, exercise: str) -> Path:
        """Return the folder of a released exercise: what students got, and what is graded by."""
        folder = self.root / "release" / exercise
        if not (folder / f"{NOTEBOOK}.ipynb").is_file():
            known = ", ".join(self.all_released()) or "none yet"
            raise CourseError(f"{exercise} is not released in this course; released: {known}")
        return folder

    def all_released(self) -> list[str]:
        """Return the names of the released exercises, in order."""
        return sorted(p.parent.name for p in self.root.glob(f"release/*/{NOTEBOOK}.ipynb"))

    def submission(self, exercise: str, student: str) -> Path:
        """Return where the notebook that counts lies."""
        return self.root / "submitted" / student / exercise / f"{NOTEBOOK}.ipynb"

    def students(self) -> list[Student]:
        """Read ``students.csv``."""
        from .tables import read_table

        rows = read_table(self.root / "students.csv")
        if rows and "id" not in rows[0]:
            raise CourseError(f"students.csv must have the columns {', '.join(COLUMNS)}")
        found = [Student(*((row.get(c) or "").strip() for c in COLUMNS)) for row in rows]
        for one in found:
            if not STUDENT_ID.fullmatch(one.id):
                raise CourseError(
                    f"students.csv: {one.id!r} is no id; letters, digits and ._@- are"
                )
        ids = [one.id.casefold() for one in found]  # two folders on a disk that ignores case
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise CourseError(f"students.csv has {', '.join(twice)} more than once")
        return found


@contextlib.contextmanager
def _beside_python() -> Iterator[None]:
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def new(root: Path, exercises: tuple[Path, ...]) -> Course:
    """Make a course folder. A folder that already is one is left as it is, with an error."""
    if (root / "course.toml").exists():
        raise CourseError(f"{root} is a course already")
    for folder in exercises:
        if not any(folder.glob("*/master.ipynb")):
            raise CourseError(f"there is no exercise (*/master.ipynb) in {folder}")
    root.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9-]+", "-", root.resolve().name).strip("-") or "course"
    listed = "[" + ", ".join(_quoted(str(p.resolve())) for p in exercises) + "]"
    (root / "nbgrader_config.py").write_text(NBGRADER, encoding="utf-8")
    students = root / "students.csv"
    if not students.exists():
        students.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    settings = SETTINGS.format(name=_quoted(name), exercises=listed)
    (root / "course.toml").write_text(settings, encoding="utf-8")
    course = open_course(root)
    with course.gradebook():
        pass
    return course


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def open_course(root: Path) -> Course:
    """Read a course folder's settings."""
    path = root / "course.toml"
    if not path.is_file():
        raise CourseError(f"{root} is not a course; make one with: gradekit.course new {root}")
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        percent = float(said["late_percent_per_day"])
        course = Course(
            root.resolve(),
            str(said["name"]),
            tuple(root.resolve() / folder for folder in said["exercises"]),
            ZoneInfo(said["timezone"]),
            percent,
            str(said["book"]).rstrip("/"),
            root.resolve() / said["secret"] if said["secret"] else None,
        )
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path} cannot be read: {error}") from None
    except KeyError as error:
        raise CourseError(f"{path} does not set {error}") from None
    except (TypeError, ValueError, ZoneInfoNotFoundError) as error:
        raise CourseError(f"{path}: {error}") from None
    if not 0 <= percent <= 100:
        raise CourseError(f"{path}: late_percent_per_day must be from 0 to 100, got {percent:g}")
    return course


def question_of(grade_id: str) -> str:
    """Return the question whose points stand on a check cell, which is named ``q1_check``."""
    return grade_id.removesuffix("_check")


def form(course: Course, exercise: str) -> Form:
    """Return which cells of a released exercise are to be filled in."""
    return form_of(course.released(exercise) / f"{NOTEBOOK}.ipynb")


# nbgrader clears solutions as gradekit.build does.
STUBS = {"code_stub": {"python": STUB}, "text_stub": TEXT_STUB}
