"""Grading over a real dask cluster: its own processes, its own network, the same marks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gradekit import cluster, grade
from gradekit.checks import NotGraded
from gradekit.mutation import answers_of

EXERCISE = Path(__file__).resolve().parents[1] / "exercises/01_landscape"
STUDENTS = [f"student{n}" for n in range(6)]
SLOW = "import time\ntime.sleep(0.5)\n"

long = pytest.mark.long
box = pytest.mark.box
pytestmark = pytest.mark.xdist_group("cluster")


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NotGraded, match=r"install the extra scale: pip install -e \.\[scale\]"):
        cluster.cluster("tcp://127.0.0.1:8786")


@long
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "not an address"])
def test_no_scheduler_is_a_sentence(address: str) -> None:
    workers = cluster.cluster(address, seconds=1)
    with pytest.raises(NotGraded, match="no scheduler answers at"), workers.start():
        pass


@contextmanager
def local_cluster(workers: int) -> Iterator[Any]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster") / "in"
    folder.mkdir()
    right = answers_of(EXERCISE / "master.ipynb")
    for n, student in enumerate(STUDENTS):
        notebook = json.loads((EXERCISE / "exercise.ipynb").read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in right and name != f"q{n}":
                cell["source"] = SLOW * (name == "q2") + right[name]
        (folder / f"{student}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "broken.ipynb").write_text("{")
    return folder


def arguments(handed_in: Path, out: Path) -> list[str]:
    secret = handed_in.parent / "secret"
    options = ["--exercise", str(EXERCISE), "--secret", str(secret), "--out", str(out)]
    return [*options, str(handed_in)]


def files(out: Path) -> dict[str, bytes]:
    found = [out / "grades.csv", *(out / "feedback").iterdir()]
    return {str(p.relative_to(out)): p.read_bytes() for p in found}


def graded(out: Path) -> Counter[str]:
    lines = (out / "journal.jsonl").read_text().splitlines()
    return Counter(json.loads(json.loads(line)["result"])["student"] for line in lines)


@pytest.fixture(scope="module")
def on_one_machine(handed_in: Path) -> dict[str, bytes]:
    out = handed_in.parent / "pool"
    assert grade.main(["--workers", "2", *arguments(handed_in, out)]) == 0
    return files(out)


@long
@box
@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_marks_for_any_number_of_workers(
    handed_in: Path, on_one_machine: dict[str, bytes], workers: int
) -> None:
    out = handed_in.parent / f"cluster{workers}"
    with local_cluster(workers) as running:
        address = running.scheduler_address
        assert grade.main(["--scheduler", address, *arguments(handed_in, out)]) == 0
    assert files(out) == on_one_machine
    assert graded(out) == Counter(STUDENTS)


@long
@box
def test_workers_that_are_killed_cost_nothing(
    handed_in: Path, on_one_machine: dict[str, bytes]
) -> None:
    """Twice, and each time the one that is at work; its nanny starts another one."""
    out = handed_in.parent / "killed"
    with local_cluster(2) as running:
        command = [sys.executable, "-m", "gradekit.grade"]
        command += ["--scheduler", running.scheduler_address, *arguments(handed_in, out)]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        killed = set[int]()
        for goal in (0, 2):
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                busy = busy_workers(running) - killed
                journal = out / "journal.jsonl"
                lines = journal.read_text().count("\n") if journal.exists() else 0
                if busy and lines >= goal and journal.exists():
                    break
                assert run.poll() is None, run.communicate()
                time.sleep(0.02)
            pid = busy.pop()
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        _, errors = run.communicate(timeout=300)
    assert run.returncode == 0, errors
    assert len(killed) == 2
    assert files(out) == on_one_machine
    assert graded(out) == Counter(STUDENTS)


def busy_workers(running: Any) -> set[int]:
    """Process ids of the cluster's workers that have a box running."""
    found = set[int]()
    for worker in running.workers.values():
        pid = worker.pid
        children = Path(f"/proc/{pid}/task").glob("*/children") if pid else []
        try:
            if any(path.read_text().strip() for path in children):
                found.add(pid)
        except OSError:
            continue
    return found


@long
@box
def test_a_cluster_that_is_lost_keeps_what_is_graded(
    handed_in: Path, on_one_machine: dict[str, bytes]
) -> None:
    """The run stops with a sentence, and goes on with processes of this machine."""
    out = handed_in.parent / "lost"
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard", "--port", "0",
         "--scheduler-file", str(handed_in.parent / "scheduler.json")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = _address(handed_in.parent / "scheduler.json")
    worker = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-dashboard",
         "--nthreads", "2", "--local-directory", str(handed_in.parent / "dask")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
    )  # fmt: skip
    try:
        environment = {**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"}
        run = subprocess.Popen(
            [sys.executable, "-m", "gradekit.grade", "--scheduler", address,
             *arguments(handed_in, out)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        journal = out / "journal.jsonl"
        while run.poll() is None and not (journal.exists() and journal.stat().st_size):
            time.sleep(0.02)
        scheduler.kill()
        _, errors = run.communicate(timeout=200)
    finally:
        for process in (scheduler, worker):
            process.kill()
            process.wait()
    assert run.returncode == 1
    assert "Not graded: no scheduler answers at" in errors
    before = journal.read_text()
    assert 1 <= before.count("\n") < len(STUDENTS)
    assert grade.main(["--workers", "2", *arguments(handed_in, out)]) == 0
    assert journal.read_text().startswith(before)
    assert graded(out) == Counter(STUDENTS)
    assert files(out) == on_one_machine


def _address(file: Path) -> str:
    for _ in range(3000):
        if file.exists():
            return str(json.loads(file.read_text())["address"])
        time.sleep(0.02)
    pytest.fail("the scheduler did not start")


@long
@box
def test_a_worker_without_bubblewrap_is_a_sentence(
    handed_in: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (handed_in.parent / "bin").mkdir()
    for name in ("python3",):
        (handed_in.parent / "bin" / name).symlink_to(shutil.which(name) or sys.executable)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(handed_in.parent / "bin"))
        with local_cluster(1) as running:
            out = handed_in.parent / "none"
            address = running.scheduler_address
            assert grade.main(["--scheduler", address, *arguments(handed_in, out)]) == 1
    assert "grading needs bubblewrap" in capsys.readouterr().err
    assert not (out / "grades.csv").exists()
