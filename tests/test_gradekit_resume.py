"""Grading that is killed: the real command, real signals, nothing lost and nothing done twice."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gradekit.mutation import answers_of

EXERCISE = Path(__file__).resolve().parents[1] / "exercises/01_landscape"
STUDENTS = [f"student{n:02d}" for n in range(8)]
# Long enough that a signal arrives in the middle of a submission.
SLOW = "import time\ntime.sleep(0.4)\n"


@dataclass(frozen=True)
class Class:
    """A folder of submissions, and the command that grades it."""

    folder: Path
    token: str

    def command(self, out: str, *more: str) -> list[str]:
        arguments = ["--exercise", str(self.folder / "01_landscape"), "--workers", "2"]
        arguments += ["--secret", str(self.folder / "secret"), "--out", str(self.folder / out)]
        command = [sys.executable, "-m", "gradekit.grade", *arguments, *more]
        return [*command, str(self.folder / "in")]

    def start(self, out: str, *more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(out, *more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=self.environment(),
            # Where the tests were started in the background, SIGINT is ignored, and so by children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def environment(self) -> dict[str, str]:
        return {**os.environ, "TMPDIR": str(self.scratch())}

    def scratch(self) -> Path:
        """Where this class's runs keep their temporary folders."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        return self.folder / "tmp"

    def finish(self, out: str, *more: str) -> str:
        done = subprocess.run(
            self.command(out, *more),
            capture_output=True,
            text=True,
            check=False,
            env=self.environment(),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lines(self, out: str) -> list[str]:
        path = self.folder / out / "journal.jsonl"
        if not path.exists():
            return []
        return [x for x in path.read_text().splitlines(keepends=True) if x.endswith("\n")]

    def graded(self, out: str) -> Counter[str]:
        return Counter(json.loads(json.loads(x)["result"])["student"] for x in self.lines(out))

    def files(self, out: str) -> dict[str, bytes]:
        where = self.folder / out
        found = [where / "grades.csv", *(where / "feedback").iterdir()]
        return {str(p.relative_to(where)): p.read_bytes() for p in found}

    def boxes(self) -> list[int]:
        """The workers of this class that run in boxes now."""
        return processes(lambda line: self.token in line and "/box/worker.py" in line)


def processes(chosen: Callable[[str], bool]) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if chosen(line):
            found.append(int(path.parent.name))
    return found


def workers_of(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    spawned = set(processes(lambda line: "spawn_main" in line))
    return [int(child) for child in children if int(child) in spawned]


def until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    for _ in range(6000):
        if condition():
            return
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.02)
    pytest.fail("waited for two minutes")


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Class:
    folder = tmp_path_factory.mktemp("resume")
    token = f"resume{os.getpid()}"
    shutil.copytree(EXERCISE, folder / "01_landscape")
    with open(folder / "01_landscape/checks.py", "a") as checks:
        checks.write(f'\nPREAMBLE = "import numpy as np  # {token}"\n')
    (folder / "in").mkdir()
    right = answers_of(EXERCISE / "master.ipynb")
    for n, student in enumerate(STUDENTS):
        notebook = json.loads((EXERCISE / "exercise.ipynb").read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in right and name != f"q{n % 6}":  # each has something wrong, or nothing
                cell["source"] = SLOW * (name == "q1") + right[name]
        (folder / f"in/{student}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return Class(folder, token)


@pytest.fixture(scope="module")
def whole(group: Class) -> dict[str, bytes]:
    """What a run writes that nobody disturbs."""
    assert "Graded 8 submissions" in group.finish("whole")
    assert group.graded("whole") == Counter(STUDENTS)
    return group.files("whole")


pytestmark = [pytest.mark.box, pytest.mark.long, pytest.mark.xdist_group("resume")]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_killed_goes_on(
    group: Class, whole: dict[str, bytes], number: signal.Signals
) -> None:
    out = f"killed{number}"
    run = group.start(out)
    until(lambda: len(group.lines(out)) >= 2 and len(group.boxes()) > 0, run)
    run.send_signal(number)
    _, said = run.communicate()
    assert run.returncode == (1 if number == signal.SIGINT else -number)
    if number == signal.SIGINT:
        assert said.startswith("Interrupted. What is graded is kept")
    until(lambda: not group.boxes())  # nobody goes on in the background
    assert not (group.folder / out / "grades.csv").exists()
    before = group.lines(out)
    assert 2 <= len(before) < len(STUDENTS)
    left = len(list(group.scratch().iterdir()))
    assert (left == 0) == (number == signal.SIGINT)
    assert "Graded 8 submissions" in group.finish(out)
    assert group.lines(out)[: len(before)] == before
    assert group.graded(out) == Counter(STUDENTS)  # each once: nothing lost, nothing repeated
    assert group.files(out) == whole
    assert list(group.scratch().iterdir()) == []  # nor of the killed one's temporary files


def test_killed_again_and_again_it_still_comes_to_the_end(
    group: Class, whole: dict[str, bytes]
) -> None:
    for goal in (1, 3, 5):
        run = group.start("again")
        until(lambda: len(group.lines("again")) >= goal, run)  # noqa: B023
        run.kill()
        run.communicate()
        until(lambda: not group.boxes())
    group.finish("again")
    assert group.graded("again") == Counter(STUDENTS)
    assert group.files("again") == whole


def test_a_worker_that_is_killed_costs_nothing(group: Class, whole: dict[str, bytes]) -> None:
    run = group.start("worker")
    for goal in (1, 4):
        until(lambda: len(group.lines("worker")) >= goal and group.boxes() != [], run)  # noqa: B023
        os.kill(workers_of(run.pid)[0], signal.SIGKILL)
    said, errors = run.communicate()
    assert run.returncode == 0, errors
    assert "Graded 8 submissions" in said
    assert group.graded("worker") == Counter(STUDENTS)
    assert group.files("worker") == whole


def test_a_box_that_is_killed_costs_nothing(group: Class, whole: dict[str, bytes]) -> None:
    """From outside, as a kernel short of memory does it; the answer is asked for once more."""
    run = group.start("box")
    # Not the first one, which only tries whether boxes work here.
    until(lambda: len(group.lines("box")) >= 1 and len(group.boxes()) > 0, run)
    for pid in group.boxes():
        with contextlib.suppress(ProcessLookupError):  # went with another one of its box
            os.kill(pid, signal.SIGKILL)
    _, errors = run.communicate()
    assert run.returncode == 0, errors
    assert group.graded("box") == Counter(STUDENTS)
    assert group.files("box") == whole


def test_a_second_run_grades_only_what_is_new(group: Class, whole: dict[str, bytes]) -> None:
    shutil.copytree(group.folder / "whole", group.folder / "second")
    before = group.lines("second")
    group.finish("second")
    assert group.lines("second") == before
    handed_in = group.folder / "in" / f"{STUDENTS[3]}.ipynb"
    old = handed_in.read_bytes()
    try:
        notebook = json.loads(old)
        notebook["metadata"]["edited"] = "outputs and metadata are no answers"
        handed_in.write_text(json.dumps(notebook))
        group.finish("second")
        assert group.lines("second") == before
        handed_in.write_bytes(old.replace(b"time.sleep(0.4)", b"time.sleep(0.1)"))
        group.finish("second")
        assert group.graded("second") == Counter([*STUDENTS, STUDENTS[3]])
    finally:
        handed_in.write_bytes(old)
    group.finish("second", "--fresh")
    assert group.graded("second") == Counter(STUDENTS)
    assert group.files("second") == whole


def test_two_runs_do_not_write_one_journal(group: Class, whole: dict[str, bytes]) -> None:
    run = group.start("two")
    until(lambda: len(group.lines("two")) >= 1, run)
    other = subprocess.run(group.command("two"), capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert "another run is writing" in other.stderr
    run.communicate()
    assert group.files("two") == whole
