"""Run a graded course from the command line, one command a step.

::

    python -m gradekit.course new COURSE --exercises exercises
    python -m gradekit.course release COURSE 01_landscape --due 2027-03-01T23:59
    python -m gradekit.course collect COURSE 01_landscape downloaded.zip
    python -m gradekit.course grade COURSE
    python -m gradekit.course marks COURSE 01_landscape --to answers.csv
    python -m gradekit.course marks COURSE 01_landscape --from answers.csv
    python -m gradekit.course feedback COURSE
    python -m gradekit.course export COURSE --to marks.csv

nbgrader keeps the gradebook and shows formgrader; gradekit collects, grades in its box, and
fills the gradebook. Every command may be repeated: nothing is lost, and nothing counts twice.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from . import course_folder, marks
from .checks import NotGraded
from .cluster import cluster
from .collect import collect
from .course_folder import Course, CourseError, open_course
from .export import export as write_marks, fill, problems
from .nbgrader_shell import mark
from .release import reason, release as make_release
from .runner import Workers, processes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "new":
            return new(options)
        course = open_course(options.course)
        return int(options.run(course, options))
    except (CourseError, NotGraded, OSError, ValueError) as error:
        print(f"Not done: {error}.", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("gradekit.course", description=__doc__, formatter_class=plain)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: object, about: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=about, description=about)
        one.add_argument("course", type=Path, help="the course's folder")
        one.set_defaults(run=run)
        return one

    one = command("new", None, "make a course folder")
    one.add_argument("--exercises", type=Path, nargs="+", default=[Path("exercises")])
    one = command("release", release, "make the students' version of an exercise")
    one.add_argument("exercise")
    one.add_argument("--due", type=datetime.fromisoformat, help="such as 2027-03-01T23:59")
    one = command("collect", take, "take in a zip or folder of submissions")
    one.add_argument("exercise")
    one.add_argument("source", type=Path)
    one.add_argument("--add", action="store_true", help="take in students who are not in the list")
    one = command("grade", grade, "grade what is new, in the box")
    one.add_argument("exercise", nargs="?")
    one.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    one.add_argument("--scheduler", help="of a dask cluster whose workers grade instead")
    one = command("marks", hand, "mark by hand in a table: write it, or enter it")
    one.add_argument("exercise")
    way = one.add_mutually_exclusive_group(required=True)
    way.add_argument("--to", type=Path, help="the table to write")
    way.add_argument("--from", dest="source", type=Path, help="the table to enter")
    one = command("feedback", feedback, "make a page for each student")
    one.add_argument("exercise", nargs="?")
    one = command("export", export, "write the marks as a table")
    one.add_argument("--to", type=Path, required=True, help="the table to write")
    one.add_argument("--like", type=Path, help="the learning system's own table, to be filled in")
    one.add_argument("--missing", default="", help="what stands where nothing was handed in")
    command("formgrader", formgrader, "open nbgrader's formgrader in the browser")
    return parser


def new(options: argparse.Namespace) -> int:
    """Make a course folder."""
    course = course_folder.new(options.course, tuple(options.exercises))
    print(f"Made {course.root}. Now put your students into students.csv; course.toml has settings.")
    return 0


def release(course: Course, options: argparse.Namespace) -> int:
    """Make the students' version."""
    handout = make_release(course, options.exercise, options.due)
    print(f"Released {options.exercise}. Give your students {handout}")
    return 0


def take(course: Course, options: argparse.Namespace) -> int:
    """Take in submissions and say what a person should know about them."""
    report = collect(course, options.exercise, options.source, options.add)
    print(f"Took in notebooks of {len(report.taken)} students.")
    for what, names in (
        ("Late", report.late),
        ("Several versions, the last one counts", report.several),
        ("Nothing yet from", report.without),
    ):
        if names:
            print(f"{what}: {', '.join(names)}")
    for line in report.look:
        print(f"Look at this: {line}")
    return 0


def _chosen(course: Course, options: argparse.Namespace) -> list[str]:
    if options.exercise is None:
        return course.all_released()
    course.released(options.exercise)
    return [options.exercise]


def grade(course: Course, options: argparse.Namespace) -> int:
    """Grade in the box."""
    trouble = False

    def workers(name: str, checks: str) -> Workers:
        if options.scheduler:
            return cluster(options.scheduler)
        return processes(max(options.workers, 1), name, checks)

    for exercise in _chosen(course, options):
        done = sorted(mark(course, exercise, workers), key=lambda m: m.student)
        marks.settle(course, exercise)
        marked = [m for m in done if not m.trouble]
        fresh, mean = sum(m.fresh for m in marked), sum(m.earned for m in marked)
        mean /= max(len(marked), 1)
        print(f"{exercise}: {len(marked)} submissions have marks, {fresh} of them new; "
              f"the mean of the computer's part is {mean:.2f}.")  # fmt: skip
        for one in done:
            if one.unreadable or one.trouble:
                print(f"Look at this: {one.student}: {one.unreadable or 'no mark, ' + one.trouble}")
            trouble |= bool(one.trouble)
    return int(trouble)


def hand(course: Course, options: argparse.Namespace) -> int:
    """Write or enter the table of marks by hand."""
    if options.to:
        waiting = marks.write_hand(course, options.exercise, options.to)
        print(f"Wrote {options.to}; {waiting} answers wait for a mark in the column points.")
    else:
        entered = marks.read_hand(course, options.exercise, options.source)
        marks.settle(course, options.exercise)
        print(f"Entered {entered} marks.")
    return 0


def feedback(course: Course, options: argparse.Namespace) -> int:
    """Make the pages with nbgrader."""
    for exercise in _chosen(course, options):
        marks.settle(course, exercise)
        if not any(course.root.glob(f"autograded/*/{exercise}")):
            continue
        done = course.api().generate_feedback(exercise)
        if not done["success"]:
            raise CourseError(f"nbgrader made no feedback: {reason(done)}")
        print(f"Feedback: {course.root / 'feedback'}/STUDENT/{exercise}/exercise.html")
    return 0


def export(course: Course, options: argparse.Namespace) -> int:
    """Write the marks, and say what is not ready in them."""
    for line in problems(course):
        print(f"Look at this: {line}")
    if options.like:
        for student in fill(course, options.like, options.to, options.missing):
            print(f"Look at this: {student} has marks, and no row in {options.like}")
    else:
        write_marks(course, options.to, options.missing)
    print(f"Wrote {options.to}")
    return 0


def formgrader(course: Course, _: argparse.Namespace) -> int:
    """Start Jupyter in the course's folder, with formgrader open."""
    command = [sys.executable, "-m", "jupyter", "lab", "--ServerApp.default_url=/formgrader"]
    return subprocess.run(command, cwd=course.root, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
