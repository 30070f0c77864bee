"""The clock of the limits: a busy machine costs nobody a mark, and a sleeper gains nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gradekit import Limits, boxed, fair_clock
from gradekit.box import box_for
from gradekit.boxed import Boxed
from gradekit.checks import Exercise, Failed, NotGraded
from gradekit.fair_clock import PATIENCE, FairClock

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


def on_processor(pid: int) -> float:
    """Seconds that a process has run, by a count that the clock does not use."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def followed(code: str) -> Iterator[tuple[FairClock, int]]:
    """A clock that follows the process at the end of a chain, and that process."""
    code = "print('begun', flush=True)\n" + code
    process = subprocess.Popen([sys.executable, "-c", CHAIN, code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    last = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())
    clock = FairClock()
    clock.follow(process.pid)
    try:
        yield clock, last
    finally:
        before = clock.now()
        os.kill(last, signal.SIGKILL)
        process.communicate()
        after = clock.now()
        clock.forget()
        # Nothing is counted twice, or forgotten, when the worker has ended.
        assert before <= after <= clock.now() < after + 1


def test_it_stands_still_while_a_worker_waits_for_a_processor(busy: None) -> None:
    """Whoever else shares the processor: the clock counts what the worker ran, and no more."""
    with followed(SPIN) as (clock, pid):
        plain, first, fair, second = (
            time.monotonic(), on_processor(pid), clock.now(), on_processor(pid)
        )  # fmt: skip
        while True:
            time.sleep(0.5)
            least, counted = on_processor(pid) - second, clock.now() - fair
            most, passed = on_processor(pid) - first, time.monotonic() - plain
            if least > 1 and passed - most > 2:  # it ran, and it waited: so both are seen
                break
            assert passed < 200
        assert least - 0.5 < counted < most + 0.5


def test_a_worker_that_sleeps_does_not_stop_it(busy: None) -> None:
    with followed("import time; time.sleep(1000)") as (clock, _):
        plain, fair = time.monotonic(), clock.now()
        time.sleep(3)
        assert clock.now() - fair > time.monotonic() - plain - 1


def test_without_a_worker_or_a_count_it_is_a_plain_clock() -> None:
    clock = FairClock()
    clock.follow(2**22 + 1)  # there is no such process
    plain, fair = time.monotonic(), clock.now()
    time.sleep(0.2)
    assert clock.now() - fair == pytest.approx(time.monotonic() - plain, abs=0.05)
    clock.forget()
    clock.forget()


class Machine:
    """Both clocks of a machine, faked: ``busy`` is the share of time in which a worker waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, busy: float = 0.0) -> None:
        self.plain, self.waited, self.busy = 1000.0, 0.0, busy
        monkeypatch.setattr(fair_clock.time, "monotonic", lambda: self.plain)
        monkeypatch.setattr(FairClock, "_wait", lambda clock: self.waited)

    def passes(self, seconds: float) -> None:
        self.plain += seconds
        self.waited += self.busy * seconds

    def select(self, reads: list[int], writes: list[int], _: object, seconds: float) -> object:
        """Time passes, and nothing else happens."""
        self.passes(seconds)
        return [], [], []


def test_a_deadline_is_over_by_the_fair_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, busy=0.5)
    deadline = FairClock().deadline(4)
    assert deadline.left() == 1  # whoever waits looks again after a second
    machine.passes(7)
    assert deadline.left() == 0.5
    machine.passes(0.998)
    assert deadline.left() == 0.01
    machine.passes(0.002)
    assert deadline.left() == 0


@pytest.mark.parametrize("seconds", [1, 10, 100])
def test_a_deadline_is_never_after_another_by_either_clock(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    machine, clock = Machine(monkeypatch, busy=0.8), FairClock()
    whole = clock.deadline(20)
    for _ in range(9):
        machine.passes(10)
        part = clock.deadline(seconds, whole)
        assert part.fair == min(clock.now() + seconds, whole.fair)
        assert part.plain == min(machine.plain + PATIENCE * seconds, whole.plain)


def test_where_patience_ends_there_is_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, busy=0.95)
    deadline = FairClock().deadline(4)
    machine.passes(4 * PATIENCE - 0.5)
    assert deadline.left() == 0.5
    machine.passes(0.5)
    with pytest.raises(NotGraded, match="too busy: a worker got less than 1/10 of a processor"):
        deadline.left()
    machine.passes(4 * PATIENCE)  # what is over by both clocks is the student's
    assert deadline.left() == 0


@pytest.mark.box
@pytest.mark.parametrize(
    ("busy", "begun", "ends"),
    [(0.95, 195, 200), (0.95, 50, 90), (0.5, 36, 40), (0.5, 20, 28)],
    ids=["whole, plain", "call, plain", "whole, fair", "call, fair"],
)
def test_a_call_runs_to_the_nearest_of_its_limits_and_not_beyond(
    monkeypatch: pytest.MonkeyPatch, busy: float, begun: float, ends: float
) -> None:
    """Once a call that began just before the submission's plain limit had ten times what was left.

    A submission has 20 seconds, a call 4; by the plain clock, 200 and 40.
    """
    limits = Limits(call_seconds=4, total_seconds=20)
    with box_for(Exercise("test", (), limits=limits)) as box, Boxed(box, {"q1": CELL}) as backend:
        assert backend.call("computes", 0) == 7
        machine = Machine(monkeypatch, busy)
        backend._clock = FairClock()
        backend._end = backend._clock.deadline(limits.total_seconds)
        start = machine.plain
        machine.passes(begun)
        monkeypatch.setattr(boxed.select, "select", machine.select)
        with pytest.raises(NotGraded if busy > 0.9 else Failed, match=r"busy|took|was not done"):
            backend.call("computes", 1000)
        assert ends <= machine.plain - start < ends + 0.1


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


@pytest.mark.box
def test_on_a_busy_machine_a_right_answer_is_right(
    busy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fair_clock, "PATIENCE", 1000)  # however many share the processor
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
            assert time.monotonic() - begun < 10 * limits.call_seconds


@pytest.mark.box
def test_a_machine_too_busy_costs_no_mark(busy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_clock, "PATIENCE", 1)
    limits = Limits(cell_seconds=20, call_seconds=2, total_seconds=100)
    with (
        box_for(Exercise("test", (), limits=limits)) as box,
        Boxed(box, {"q1": CELL}) as backend,
        pytest.raises(NotGraded, match="too busy"),
    ):
        backend.call("computes", 1000)
