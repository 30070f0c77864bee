"""The clock of the limits: a busy machine costs nobody a mark, and a sleeper gains nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradekit import Limits, boxed
from gradekit.box import box_for
from gradekit.boxed import Boxed
from gradekit.checks import Exercise, Failed
from gradekit.fair_clock import FairClock

SPIN = "while True: pass"
# Runs as the last of a chain, as the worker does behind bubblewrap.
CHAIN = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
HOGS = 5


@pytest.fixture
def busy() -> Iterator[None]:
    """One processor for this process, what it starts, and five that want it all."""
    if not Path("/proc/self/schedstat").exists():
        pytest.skip("Not tested here: this system does not count how long a process waits.")
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    hogs = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(HOGS)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
        os.sched_setaffinity(0, allowed)


def followed(code: str, seconds: float) -> tuple[float, float]:
    """Seconds of the plain and of the fair clock, while a process at the end of a chain runs."""
    code = "print('begun', flush=True)\n" + code
    process = subprocess.Popen([sys.executable, "-c", CHAIN, code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    clock = FairClock()
    clock.follow(process.pid)
    plain, fair = time.monotonic(), clock.now()
    time.sleep(seconds)
    plain, fair = time.monotonic() - plain, clock.now() - fair
    last = int(children.read_text())
    os.kill(last, signal.SIGKILL)
    process.communicate()
    after = clock.now()
    clock.forget()
    # Nothing is counted twice, or forgotten, when the worker has ended.
    assert 0 <= clock.now() - after < 1
    return plain, fair


def test_it_stands_still_while_a_worker_waits_for_a_processor(busy: None) -> None:
    plain, fair = followed(SPIN, 3)
    assert 0 < fair < plain / 2  # an even share would be a sixth of it


def test_a_worker_that_sleeps_does_not_stop_it(busy: None) -> None:
    plain, fair = followed("import time; time.sleep(1000)", 3)
    assert fair > 0.8 * plain


def test_without_a_worker_or_a_count_it_is_a_plain_clock() -> None:
    clock = FairClock()
    clock.follow(2**22 + 1)  # there is no such process
    plain, fair = time.monotonic(), clock.now()
    time.sleep(0.2)
    assert clock.now() - fair == pytest.approx(time.monotonic() - plain, abs=0.05)
    clock.forget()
    clock.forget()


CELL = """
import time
def computes(seconds):
    start = time.process_time()
    while time.process_time() - start < seconds: pass
    return 7
def sleeps(seconds):
    time.sleep(seconds)
    return 8
"""
LIMITS = Limits(cell_seconds=2, call_seconds=2, total_seconds=20)


@pytest.mark.box
def test_on_a_busy_machine_a_right_answer_is_right(busy: None) -> None:
    # A share of three quarters of a processor is enough to make the right answer late by the clock.
    limits = Limits(cell_seconds=4, call_seconds=4, total_seconds=60)
    with box_for(Exercise("test", (), limits=limits)) as box:
        with Boxed(box, {"q1": CELL}) as backend:
            begun = time.monotonic()
            assert backend.call("computes", 3.0) == 7
            assert time.monotonic() - begun > limits.call_seconds
            with pytest.raises(Failed, match="took longer than 4 seconds"):
                backend.call("computes", 1000)
        with Boxed(box, {"q1": CELL}) as backend:
            assert backend.call("computes", 0) == 7  # starting a worker is not what is timed here
            begun = time.monotonic()
            with pytest.raises(Failed, match="took longer than 4 seconds"):
                backend.call("sleeps", 1000)
            # Neither the sleeper nor the grader is delayed by much.
            assert time.monotonic() - begun < 4 * limits.call_seconds


@pytest.mark.box
def test_patience_ends(busy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxed, "PATIENCE", 1)
    with box_for(Exercise("test", (), limits=LIMITS)) as box, Boxed(box, {"q1": CELL}) as backend:
        begun = time.monotonic()
        with pytest.raises(Failed, match="took longer than 2 seconds"):
            backend.call("computes", 1000)
        # The worker's start is in this time too.
        assert time.monotonic() - begun < 30
