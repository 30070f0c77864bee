"""Grade a folder of submissions.

``python -m gradekit.grade --exercise exercises/01_landscape SUBMISSIONS`` reads every
``SUBMISSIONS/student.ipynb`` and ``SUBMISSIONS/student/exercise.ipynb``, and writes ``grades.csv``
and ``feedback/student.html`` into a folder beside it. Submissions run in bubblewrap only. A run
that was interrupted goes on where it stopped when the same command is given again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from . import feedback, jobs, secret, submissions
from .checks import Exercise, NotGraded, load
from .cluster import cluster
from .feedback import Result, Trouble
from .journal import Journal
from .runner import Workers, given, processes, run_all
from .submissions import Form, Submission, Unreadable


@dataclass(frozen=True)
class Assignment:
    """An exercise as its folder has it: the checks, their text, and the cells to fill in."""

    exercise: Exercise
    checks: str = field(repr=False)
    form: Form


@lru_cache(maxsize=4)
def assignment(folder: Path) -> Assignment:
    """Read an exercise's folder."""
    checks, notebook = folder / "checks.py", folder / "exercise.ipynb"
    return Assignment(load(checks), checks.read_text("utf-8"), submissions.form_of(notebook))


def jobs_of(
    what: Assignment, folder: Path, found: Sequence[Submission], key: bytes
) -> tuple[list[jobs.Job], list[Result | Trouble]]:
    """Read the submissions: a job for each that can be read, and a result for each that cannot."""
    made: list[jobs.Job] = []
    unreadable: list[Result | Trouble] = []
    for one in found:
        try:
            answers = submissions.read(one.path, folder, what.form)
        except Unreadable as reason:
            unreadable.append(Result(one.student, unreadable=str(reason)))
        except OSError as error:
            unreadable.append(Trouble(one.student, f"{one.path} cannot be read ({error.strerror})"))
        else:
            made.append(jobs.job(what.exercise, what.checks, one.student, answers, key))
    return made, unreadable


def try_out_workers(workers: Workers, job: jobs.Job) -> None:
    """Raise ``NotGraded`` with the reason if these workers cannot start a box."""
    if workers.here:
        jobs.ready(job)
        return
    with workers.start() as executor:
        try:
            executor.submit(jobs.ready, job).result()
        except NotGraded:
            raise
        except Exception as error:  # a worker that died, a connection that was lost
            raise NotGraded(f"a worker failed when it was tried ({error!r})"[:300]) from error


def grade(
    exercise: Path,
    folder: Path,
    key: bytes,
    workers: Workers | Executor,
    journal: Journal | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Result | Trouble]:
    """Grade every submission in a folder; results come in the order of the students' names.

    What the journal knows is not graded again, and what is graded is in it before the next job
    is looked at.
    """
    folder = folder.resolve()
    found = submissions.find(folder)
    todo, read = jobs_of(assignment(exercise.resolve()), folder, found, key)
    results: dict[str, Result | Trouble] = {r.student: r for r in read}
    done = journal.done if journal is not None else {}
    results |= {job.student: done[job.key] for job in todo if job.key in done}
    todo = [job for job in todo if job.key not in done]
    if isinstance(workers, Executor):
        workers = given(workers)
    if todo:  # before a class is graded: can it be graded there?
        try_out_workers(workers, todo[0])
    progress(len(results), len(found))
    for job, result in run_all(todo, workers):
        if journal is not None and isinstance(result, Result):
            journal.add(job.key, result)
        results[job.student] = result
        progress(len(results), len(found))
    yield from (results[one.student] for one in found)


def write(exercise: Path, results: Sequence[Result | Trouble], out: Path) -> None:
    """Write the pages, then the table: where there is a table, it is complete."""
    what = assignment(exercise.resolve())
    pages = out / "feedback"
    pages.mkdir(parents=True, exist_ok=True)
    for result in results:
        if isinstance(result, Result):
            text = feedback.page(what.exercise, what.form, result)
            _put(pages / f"{feedback.file_name(result.student)}.html", text)
    _put(out / "grades.csv", feedback.table(what.exercise, what.form, results))


def _put(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(text, encoding="utf-8", errors="replace")  # half a surrogate pair
    os.replace(unfinished, path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = _options(arguments)
    folder = options.submissions.resolve()
    out = options.out or folder.with_name(f"{folder.name}_graded")
    where = (options.secret or secret.default_file()).resolve()
    if where.is_relative_to(folder) or out.resolve().is_relative_to(folder):
        return _refuse("Keep the secret and the results outside the folder of submissions.")
    try:
        what = assignment(options.exercise.resolve())
        found = submissions.find(folder)
        if not found:
            return _refuse(f"Not graded: there is no notebook in {folder}.")
        key = secret.read(options.secret)
        workers = _workers(what, options)
        with Journal(out) as journal:
            if options.fresh:
                journal.forget()
            results = list(grade(options.exercise, folder, key, workers, journal, _progress))
            write(options.exercise, results, out)
    except (NotGraded, OSError, ValueError) as error:
        return _refuse(f"Not graded: {error}.")
    except KeyboardInterrupt:
        return _refuse("Interrupted. What is graded is kept; the same command goes on from here.")
    for name in submissions.left_out(folder, found):
        print(
            f"Look at this: {name} is not graded, no notebook is directly in it.", file=sys.stderr
        )
    return _report(what, results, out)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gradekit.grade", description=__doc__)
    parser.add_argument("submissions", type=Path, help="the folder of submissions")
    parser.add_argument("--exercise", type=Path, required=True, help="the exercise's folder")
    parser.add_argument("--out", type=Path, help="default: the folder's name with _graded")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--scheduler", help="of a dask cluster whose workers grade instead")
    parser.add_argument("--secret", type=Path, help=f"default: {secret.default_file()}")
    parser.add_argument("--fresh", action="store_true", help="grade again what is graded already")
    return parser.parse_args(arguments)


def _workers(what: Assignment, options: argparse.Namespace) -> Workers:
    if options.scheduler:
        return cluster(options.scheduler)
    return processes(max(options.workers, 1), what.exercise.name, what.checks)


def _progress(done: int, total: int) -> None:
    """One line that counts, where a person looks at it."""
    if sys.stderr.isatty():
        print(f"\r{done} of {total}", end="\n" if done == total else "", file=sys.stderr)


def _report(what: Assignment, results: Sequence[Result | Trouble], out: Path) -> int:
    marked = [r for r in results if isinstance(r, Result)]
    troubles = [r for r in results if isinstance(r, Trouble)]
    if marked:
        mean = sum(r.earned() for r in marked) / len(marked)
        unread = sum(bool(r.unreadable) for r in marked)
        most = feedback.possible(what.exercise)
        print(
            f"Graded {len(marked)} submissions: mean {mean:.2f} of {most:g}; {unread} unreadable."
        )
    print(f"Marks: {out / 'grades.csv'}\nFeedback: {out / 'feedback'}")
    for one in troubles:
        print(f"No mark for {one.student}: {one.reason}.", file=sys.stderr)
    return int(bool(troubles))


def _refuse(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
