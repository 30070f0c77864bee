"""nbgrader as the shell of a course: our boxed marks in its gradebook, safe pages from its pages.

nbgrader's own autograder runs a submission in a kernel beside its checks. Here it never does: the
commands of ``gradekit.course`` and the Autograde button of formgrader both end in ``mark``. It
grades in the box and writes, in this order, the notebook that formgrader shows, the gradebook
(in one commit a student) and a record of what was graded. A run that is killed in between is
repeated for that student, to the same end.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor

from . import secret
from .checks import NotGraded, load
from .course_folder import NOTEBOOK, STUBS, Course, CourseError, form, open_course, question_of
from .feedback import Result
from .grade import try_out_workers
from .jobs import Job, job as make_job
from .marks import settle
from .runner import Workers, given, run_all
from .shown import safe_markdown, show
from .submissions import Answers, Unreadable, read


def configure(config: Any, root: str) -> None:
    """Set nbgrader up for a course; its ``nbgrader_config.py`` calls this."""
    config.CourseDirectory.root = root
    config.CourseDirectory.course_id = open_course(Path(root)).name
    config.ClearSolutions.code_stub = STUBS["code_stub"]
    config.ClearSolutions.text_stub = STUBS["text_stub"]
    config.Autograde.sanitize_preprocessors = [BoxedMarks]
    config.Autograde.autograde_preprocessors = []
    # nbgrader's templates show a student's text as raw HTML, and formgrader is a page from which
    # programs can be started: so text passes through a filter first.
    config.HTMLExporter.filters = {"markdown2html": safe_markdown}


class BoxedMarks(NbGraderPreprocessor):  # type: ignore[misc]
    """What nbgrader's Autograde does in a course of ours, for the one student it is at."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Grade in the box and return the notebook to show; the submitted one is not used."""
        at = resources["nbgrader"]
        course = open_course(Path(at["db_url"].removeprefix("sqlite:///")).parent)
        exercise, student = at["assignment"], at["student"]
        with ThreadPoolExecutor(1) as pool:
            for one in mark(course, exercise, lambda *_: given(pool), {student}, again=True):
                if one.trouble:
                    raise NotGraded(one.trouble)
        settle(course, exercise)
        return nbformat.read(_shown(course, exercise, student), as_version=4), resources


@dataclass(frozen=True)
class Marked:
    """One submission after grading. With ``trouble`` it has no mark, for the grader failed."""

    student: str
    earned: float = 0.0
    unreadable: str = ""
    fresh: bool = True
    trouble: str = ""


def mark(
    course: Course,
    exercise: str,
    workers: Callable[[str, str], Workers],
    students: set[str] | None = None,
    again: bool = False,
) -> Iterator[Marked]:
    """Grade what has been collected and is new, and enter it; one writer, any number of workers.

    ``workers`` makes them, given the exercise's name and the text of its checks. Whatever was
    graded with the same answers, checks, secret and code is not graded again.
    """
    folder = course.released(exercise)
    checks = (folder / "checks.py").read_text("utf-8")
    what, asked, key = (
        load(folder / "checks.py"),
        form(course, exercise),
        secret.read(course.secret),
    )
    with _alone(course):
        todo: dict[str, Job] = {}
        for path in sorted((course.root / "submitted").glob(f"*/{exercise}/{NOTEBOOK}.ipynb")):
            student = path.parents[1].name
            if students is not None and student not in students:
                continue
            answers, why = Answers({}, {}), ""
            try:
                answers = read(path, path.parent, asked)
            except Unreadable as reason:
                why = str(reason)
            except OSError as error:
                yield Marked(student, trouble=f"{path} cannot be read ({error.strerror})")
                continue
            job = make_job(what, checks, student, answers, key)
            record = _record(course, exercise, student)
            stamp = _timestamp(path)
            if not again and record.get("key") == _key(job, why, stamp):
                yield Marked(student, record["earned"], why, fresh=False)
            elif why:
                yield _enter(course, exercise, job, Result(student, unreadable=why), stamp)
            else:
                todo[student] = job
        if not todo:
            return
        crew = workers(exercise, checks)
        try_out_workers(crew, next(iter(todo.values())))
        for job, result in run_all(list(todo.values()), crew):
            if isinstance(result, Result):
                stamp = _timestamp(course.submission(exercise, job.student))
                yield _enter(course, exercise, job, result, stamp)
            else:
                yield Marked(job.student, trouble=result.reason)


@contextlib.contextmanager
def _alone(course: Course) -> Iterator[None]:
    """Two runs must not write one course."""
    with open(course.root / "course.toml", "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CourseError(f"another run is grading {course.root}") from None
        yield


def _key(job: Job, unreadable: str, timestamp: str) -> str:
    """What an entry depends on."""
    return hashlib.sha256("\0".join((job.key, unreadable, timestamp)).encode()).hexdigest()


def _timestamp(path: Path) -> str:
    file = path.with_name("timestamp.txt")
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def _record_file(course: Course, exercise: str, student: str) -> Path:
    return course.root / "graded" / exercise / f"{student}.json"


def _record(course: Course, exercise: str, student: str) -> dict[str, Any]:
    path = _record_file(course, exercise, student)
    if not path.is_file() or not _shown(course, exercise, student).is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _shown(course: Course, exercise: str, student: str) -> Path:
    return course.root / "autograded" / student / exercise / f"{NOTEBOOK}.ipynb"


def _write(path: Path, text: str) -> None:
    """Write all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", errors="replace")  # half a surrogate pair, for one
    os.replace(part, path)


def _enter(course: Course, exercise: str, job: Job, result: Result, timestamp: str) -> Marked:
    """Write the notebook to show, the gradebook, and last the record."""
    folder, asked = course.released(exercise), form(course, exercise)
    student, given = job.student, job.answers.text
    blank = nbformat.read(folder / f"{NOTEBOOK}.ipynb", as_version=4)
    stubs = {c.metadata.get("nbgrader", {}).get("grade_id"): c.source for c in blank.cells}
    shown = show(blank, job.answers, result, load(folder / "checks.py"))
    _write(_shown(course, exercise, student), nbformat.writes(shown) + "\n")
    if timestamp:
        _write(_shown(course, exercise, student).with_name("timestamp.txt"), timestamp + "\n")
    text = {q: hashlib.sha256(given.get(q, "").encode("utf-8", "replace")).hexdigest()
            for q in asked.written}  # fmt: skip
    before = _old_text(course, exercise, student)
    answered = {
        q for q in asked.written
        if given.get(q, "").strip() not in ("", (stubs.get(q) or "").strip())
    }  # fmt: skip
    known = {one.id: one for one in course.students()}.get(student)
    names = ("first_name", "last_name", "email")
    about = {n: getattr(known, n) or None for n in names} if known else {}
    with course.gradebook() as gradebook:
        gradebook.update_or_create_student(student, **about)
        with gradebook.db.no_autoflush:  # SQLAlchemy 2.1 warns of nbgrader's way of doing this
            submission = gradebook.update_or_create_submission(
                exercise, student, timestamp=timestamp or None
            )
        for one in submission.notebooks[0].grades:
            if one.name in asked.written:
                _hand(one, one.name in answered, before.get(one.name) != text[one.name])
            else:
                _machine(one, result.earned(question_of(one.name)))
        for one in submission.notebooks[0].comments:
            missing = one.name in asked.written and one.name not in answered
            one.auto_comment = "No response." if missing else None
        gradebook.db.commit()
    record = {"key": _key(job, result.unreadable, timestamp), "earned": result.earned()}
    _write(_record_file(course, exercise, student), json.dumps({**record, "text": text}, indent=1))
    return Marked(student, result.earned(), result.unreadable)


def _old_text(course: Course, exercise: str, student: str) -> dict[str, str]:
    path = _record_file(course, exercise, student)
    return dict(json.loads(path.read_text(encoding="utf-8"))["text"]) if path.is_file() else {}


def _machine(one: Any, earned: float) -> None:
    """Enter the computer's points. A person's correction stays; if they change, it is reviewed."""
    if one.manual_score is None:
        one.needs_manual_grade = False
    elif one.auto_score != earned:
        one.needs_manual_grade = True
    one.auto_score = earned


def _hand(one: Any, answered: bool, changed: bool) -> None:
    """A person's mark stays; where the text is another one since, it is to be looked at again."""
    one.auto_score = None if answered else 0.0
    if one.manual_score is None:
        one.needs_manual_grade = answered
    elif changed:
        one.needs_manual_grade = True
