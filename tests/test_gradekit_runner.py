"""Workers that fail, die, or take others down with them."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest

from gradekit.checks import NotGraded
from gradekit.feedback import Result, Trouble
from gradekit.jobs import Job
from gradekit.runner import Workers, given, run_all
from gradekit.submissions import Answers

Work = Callable[[Job], Result]


def jobs(*students: str) -> list[Job]:
    return [Job("e", s, Answers({}, {}), "", (), "") for s in students]


def fine(job: Job) -> Result:
    return Result(job.student)


def killer(job: Job) -> Result:
    """Kills its process for the student "killer", once for "once" (who leaves a mark)."""
    kind, _, mark = job.student.partition(":")
    if kind == "killer":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "once" and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return Result(job.student)


@contextmanager
def pool() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


def by_student(found: Iterator[tuple[Job, Result | Trouble]]) -> dict[str, Result | Trouble]:
    pairs = [(job.student, result) for job, result in found]
    assert len(pairs) == len(dict(pairs))  # each exactly once
    return dict(pairs)


def test_a_window_is_kept_and_every_job_comes_once() -> None:
    out, most = set[Future[Result]](), 0

    class Counting(ThreadPoolExecutor):
        def submit(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            nonlocal most
            future = super().submit(*args, **kwargs)
            out.add(future)
            most = max(most, sum(not f.done() for f in out))
            return future

    def slow(job: Job) -> Result:
        time.sleep(0.002)
        return fine(job)

    names = [str(n) for n in range(40)]
    with Counting(2) as executor:
        found = by_student(run_all(jobs(*names), given(executor, window=5), slow))
    assert found == {n: Result(n) for n in names}
    assert 1 < most <= 5
    assert by_student(run_all([], given(executor), fine)) == {}


def test_a_job_that_fails_is_tried_again_and_then_reported() -> None:
    tried = list[str]()

    def work(job: Job) -> Result:
        tried.append(job.student)
        if job.student == "box":
            raise NotGraded("the box is out of order")
        if job.student == "bug":
            raise KeyError("x")
        if job.student == "once" and tried.count("once") == 1:
            raise NotGraded("for a moment")
        return fine(job)

    with ThreadPoolExecutor(2) as executor:
        found = by_student(run_all(jobs("a", "box", "once", "bug", "z"), given(executor), work))
    assert found == {
        "a": Result("a"),
        "z": Result("z"),
        "once": Result("once"),
        "box": Trouble("box", "the box is out of order"),
        "bug": Trouble("bug", "the worker that graded it failed (KeyError: 'x')"),
    }
    assert [tried.count(s) for s in ("a", "once", "box", "bug")] == [1, 2, 3, 3]


def test_a_worker_that_dies_costs_nothing(tmp_path: Path) -> None:
    names = [*"abcdef", f"once:{tmp_path / 'mark'}", *"ghijkl"]
    found = by_student(run_all(jobs(*names), Workers(pool, 4), killer))
    assert found == {n: Result(n) for n in names}


def test_a_job_that_kills_every_worker_takes_nobody_along() -> None:
    names = [*"abc", "killer", *"defghi"]
    found = by_student(run_all(jobs(*names), Workers(pool, 4), killer))
    trouble = found.pop("killer")
    assert isinstance(trouble, Trouble)
    assert "BrokenProcessPool" in trouble.reason
    assert found == {n: Result(n) for n in names if n != "killer"}


def test_workers_that_never_start_are_an_error() -> None:
    class Dead(ThreadPoolExecutor):
        def submit(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            raise BrokenProcessPool("no worker")

    with Dead() as executor, pytest.raises(NotGraded, match="do not start"):
        list(run_all(jobs("a"), given(executor), fine))
