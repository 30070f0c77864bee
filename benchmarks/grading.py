"""Grading a class: gradekit beside stock nbgrader, on the same submissions, in the same run.

    python -m benchmarks.grading

Both get the same class for a light exercise and two processes. gradekit runs `gradekit.grade
--workers 2`; nbgrader runs its own autograder on two halves of the class in two processes, each
with a course of its own, since one gradebook has one writer. The rounds alternate. Both clocks
are of whole commands, start-up included. CPU time is that of a control group, so that it counts
every process, those in boxes too; making the group needs root.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import ctypes
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradekit.mutation import answers_of

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 0.25  # seconds a submission
PR_SET_CHILD_SUBREAPER = 36
# nbgrader calls alembic by its name.
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
STOCK = """
import sys
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
config = Config()
config.CourseDirectory.root = sys.argv[1]
config.CourseDirectory.course_id = "bench"
api = NbGraderAPI(CourseDirectory(config=config), config=config)
if sys.argv[2] == "release":
    done = [api.generate_assignment(sys.argv[3])]
else:
    done = [api.autograde(sys.argv[3], student) for student in sys.argv[4:]]
bad = [d for d in done if not d["success"]]
sys.exit(bad[0]["log"][-2000:] if bad else 0)
"""


@dataclass(frozen=True)
class Reading:
    """What grading the class once cost."""

    wall: float
    cpu: float


def adopt_orphans() -> None:
    """Become the parent of whatever a command leaves behind, to wait for its end."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextlib.contextmanager
def cpu_clock() -> Iterator[Callable[[], float]]:
    """Put this process into a control group of its own; give that group's CPU time in seconds.

    The kernel does not add what ends inside a process namespace to anybody's children.
    """
    groups = Path("/sys/fs/cgroup")
    old = (groups / "cpuacct").is_dir()
    parent = groups / "cpuacct" if old else groups
    group = parent / f"bench{os.getpid()}"

    def clock() -> float:
        if old:
            return int((group / "cpuacct.usage").read_text()) / 1e9
        return int((group / "cpu.stat").read_text().split()[1]) / 1e6

    group.mkdir()  # an ordinary user may not, and is told so
    try:
        (group / "cgroup.procs").write_text(str(os.getpid()))
        yield clock
    finally:
        (parent / "cgroup.procs").write_text(str(os.getpid()))
        group.rmdir()


def measure(run: Callable[[], None], cpu: Callable[[], float]) -> Reading:
    """Run, wait for every process it left, and return both clocks."""
    before, start = cpu(), time.perf_counter()
    run()
    wall = time.perf_counter() - start
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return Reading(wall, cpu() - before)


def class_of(exercise: Path, folder: Path, count: int) -> dict[str, float]:
    """Write submissions: every fifth is blank, the others the reference. Return their marks."""
    right = answers_of(exercise / "master.ipynb")
    form = json.loads((exercise / "exercise.ipynb").read_text(encoding="utf-8"))
    marks = {}
    for n in range(count):
        blank = n % 5 == 4
        cells = json.loads(json.dumps(form))
        for cell in cells["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in right and not blank:
                cell["source"] = right[name]
        (folder / f"s{n:03d}.ipynb").write_text(json.dumps(cells), encoding="utf-8")
        marks[f"s{n:03d}"] = 0.0 if blank else -1.0  # -1: whatever the most is
    return marks


def ours(exercise: Path, folder: Path, work: Path, marks: dict[str, float]) -> None:
    out = work / "ours"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "gradekit.grade", "--exercise", str(exercise)]
    command += ["--workers", "2", "--out", str(out), "--secret", str(work / "secret"), str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(out / "grades.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            want = float(row["max_score"]) if marks[row["student"]] else 0.0
            if float(row["score"]) != want:
                raise AssertionError(f"{row['student']}: {row['score']} is not {want}")


def courses(exercise: Path, folder: Path, work: Path) -> list[list[str]]:
    """Make two nbgrader courses with half the class each; return the command of each."""
    students = sorted(path.stem for path in folder.glob("*.ipynb"))
    commands = []
    for half in (0, 1):
        course, chosen = work / f"course{half}", students[half::2]
        shutil.copytree(exercise, course / "source" / exercise.name)
        (course / "source" / exercise.name / "master.ipynb").unlink()
        (course / "source" / exercise.name / "exercise.ipynb").unlink()
        shutil.copy(exercise / "master.ipynb", course / "source" / exercise.name / "exercise.ipynb")
        base = [sys.executable, "-c", STOCK, str(course)]
        subprocess.run([*base, "release", exercise.name], check=True)
        for student in chosen:
            target = course / "submitted" / student / exercise.name
            target.mkdir(parents=True)
            shutil.copy(folder / f"{student}.ipynb", target / "exercise.ipynb")
            shutil.copy(exercise / "checks.py", target)
        commands.append([*base, "autograde", exercise.name, *chosen])
    return commands


def stock(commands: Sequence[list[str]], work: Path) -> None:
    for half in (0, 1):
        shutil.rmtree(work / f"course{half}/autograded", ignore_errors=True)
    running = [subprocess.Popen(c, stderr=subprocess.DEVNULL) for c in commands]
    if max(process.wait() for process in running) != 0:
        raise AssertionError("nbgrader failed")


def table(count: int, exercise: str, found: dict[str, list[Reading]]) -> str:
    """The row, in Markdown."""
    version = importlib.metadata.version
    lines = [
        "# Grading",
        "",
        "Written by `python -m benchmarks.grading`, which says how it is measured. "
        f"{count} submissions to {exercise}, two processes each, "
        f"{len(found['gradekit'])} alternating rounds; medians. "
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"nbgrader {version('nbgrader')}, numpy {version('numpy')}.",
        "",
        "| grader | wall s a submission | CPU s a submission | wall ratio | CPU ratio |",
        "|---|---|---|---|---|",
    ]
    for name, readings in found.items():
        pairs = list(zip(readings, found["gradekit"], strict=True))
        columns = [
            np.median([r.wall for r in readings]) / count,
            np.median([r.cpu for r in readings]) / count,
            np.median([a.wall / b.wall for a, b in pairs]),
            np.median([a.cpu / b.cpu for a, b in pairs]),
        ]
        lines.append(f"| {name} | " + " | ".join(f"{c:.3f}" for c in columns) + " |")
    cpu = np.median([r.cpu for r in found["gradekit"]]) / count / 2
    best = min(r.wall for r in found["gradekit"]) / count
    lines += [
        "",
        f"Target: under {LIMIT} s a submission. Best round {best:.3f} s of wall time: "
        f"{'met' if best < LIMIT else '**not met**'}. With two cores to itself the CPU time alone "
        f"would be {cpu:.3f} s. Load of the machine meanwhile: {os.getloadavg()[1]:.1f}.",
        "",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--exercise", type=Path, default=ROOT / "exercises/01_landscape")
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "grading.md")
    options = parser.parse_args(arguments)
    os.environ["PATH"] = PATH
    adopt_orphans()
    exercise = options.exercise.resolve()
    found: dict[str, list[Reading]] = {"gradekit": [], "nbgrader": []}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "in").mkdir()
        marks = class_of(exercise, work / "in", options.students)
        commands = courses(exercise, work / "in", work)
        with cpu_clock() as cpu:
            for _ in range(options.rounds):
                one = measure(lambda: ours(exercise, work / "in", work, marks), cpu)
                found["gradekit"].append(one)
                found["nbgrader"].append(measure(lambda: stock(commands, work), cpu))
    text = table(options.students, exercise.name, found)
    print(text)
    options.output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
