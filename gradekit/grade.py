"""Grade a folder of submissions.

``python -m gradekit.grade --exercise exercises/01_landscape SUBMISSIONS`` reads every
``SUBMISSIONS/student.ipynb`` and ``SUBMISSIONS/student/exercise.ipynb``, and writes ``grades.csv``
and ``feedback/student.html`` into a folder beside it. Submissions run in bubblewrap only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from . import feedback, secret, submissions
from .box import Box, box_for, try_out
from .boxed import Boxed
from .checks import Exercise, Inputs, NotGraded, load, run
from .feedback import Result
from .submissions import Form, Submission, Unreadable


@dataclass(frozen=True)
class Job:
    """One submission to grade. Plain data, so that any executor can send it to any process."""

    exercise: Path
    masked: tuple[tuple[str, str], ...]
    folder: Path
    submission: Submission
    secret: bytes = field(repr=False)


@lru_cache(maxsize=4)
def _exercise(folder: Path) -> tuple[Exercise, Form]:
    return load(folder / "checks.py"), submissions.form_of(folder / "exercise.ipynb")


def grade_one(job: Job) -> Result:
    """Grade one submission. It depends on nothing but the job, in whatever process it runs."""
    exercise, form = _exercise(job.exercise)
    student = job.submission.student
    try:
        answers = submissions.read(job.submission.path, job.folder, form)
    except Unreadable as reason:
        return Result(student, unreadable=str(reason))
    inputs = Inputs(exercise.name, student, job.secret)
    with Boxed(Box(exercise, job.masked), answers.code) as backend:
        outcomes = tuple(run(check, backend, inputs) for check in exercise.checks)
    remarks = [f"The answer cell {name} is not in the notebook" for name in answers.missing]
    remarks += [f"Answer cell {name} {trouble}" for name, trouble in backend.troubles.items()]
    remarks += [f"In answer cell {name} the grader {note}" for name, note in backend.notes.items()]
    return Result(student, outcomes, tuple(remarks), tuple(answers.text.items()))


def grade(exercise: Path, folder: Path, key: bytes, executor: Executor) -> Iterator[Result]:
    """Grade every submission in a folder; results come in the order of the students' names."""
    exercise, folder = exercise.resolve(), folder.resolve()
    found = submissions.find(folder)
    with box_for(_exercise(exercise)[0]) as box:
        try_out(box)
        jobs = [Job(exercise, box.masked, folder, one, key) for one in found]
        yield from executor.map(grade_one, jobs)


def write(exercise: Path, results: Sequence[Result], out: Path) -> None:
    """Write the table and the pages."""
    what, form = _exercise(exercise.resolve())
    pages = out / "feedback"
    pages.mkdir(parents=True, exist_ok=True)
    for result in results:
        path = pages / f"{result.student.replace('/', '__')}.html"
        path.write_text(feedback.page(what, form, result), encoding="utf-8")
    unfinished = out / "grades.csv.part"
    unfinished.write_text(feedback.table(what, form, results), encoding="utf-8")
    os.replace(unfinished, out / "grades.csv")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="gradekit.grade", description=__doc__)
    parser.add_argument("submissions", type=Path, help="the folder of submissions")
    parser.add_argument("--exercise", type=Path, required=True, help="the exercise's folder")
    parser.add_argument("--out", type=Path, help="default: the folder's name with _graded")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--secret", type=Path, help=f"default: {secret.default_file()}")
    options = parser.parse_args(arguments)
    folder = options.submissions.resolve()
    out = options.out or folder.with_name(f"{folder.name}_graded")
    where = (options.secret or secret.default_file()).resolve()
    if where.is_relative_to(folder) or out.resolve().is_relative_to(folder):
        return _refuse("Keep the secret and the results outside the folder of submissions.")
    try:
        key = secret.read(options.secret)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max(options.workers, 1), mp_context=context) as pool:
            results = list(grade(options.exercise, folder, key, pool))
    except (NotGraded, OSError, ValueError) as error:
        return _refuse(f"Not graded: {error}.")
    if not results:
        return _refuse(f"Not graded: there is no notebook in {folder}.")
    write(options.exercise, results, out)
    mean = sum(r.earned() for r in results) / len(results)
    unread = sum(bool(r.unreadable) for r in results)
    most = feedback.possible(_exercise(options.exercise.resolve())[0])
    print(f"Graded {len(results)} submissions: mean {mean:.2f} of {most:g}; {unread} unreadable.")
    print(f"Marks: {out / 'grades.csv'}\nFeedback: {out / 'feedback'}")
    return 0


def _refuse(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
