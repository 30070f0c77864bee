"""Many jobs on any ``concurrent.futures`` executor, whatever happens to its workers.

A worker that dies takes no result with it: its jobs are given out again. A job in whose hands
workers keep dying is tried alone, so that it cannot take others down, and is at last reported as
``Trouble`` rather than marked: it is the grader that failed, not the student.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait as wait_for

from .checks import NotGraded
from .feedback import Result, Trouble
from .jobs import Job, box_of, grade_one, share

TRIES = 3
Shared = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Workers:
    """Where jobs run: ``start`` gives an executor, and another one if that breaks.

    At most ``window`` jobs are out at a time, which are those that a broken executor can lose.
    ``here``: they are processes of this one's machine and make.
    """

    start: Callable[[], AbstractContextManager[Executor]]
    window: int
    here: bool = False


def run_all(
    jobs: Sequence[Job], workers: Workers, work: Callable[[Job], Result] = grade_one
) -> Iterator[tuple[Job, Result | Trouble]]:
    """Run every job and yield each as soon as it is done, in no particular order."""
    failures: Counter[int] = Counter()
    reasons: dict[int, str] = {}
    left = list(range(len(jobs)))
    while left:
        # Once only jobs are left that have failed, one at a time: so the culprit is known.
        fresh = [n for n in left if not failures[n]]
        batch, window = (fresh, workers.window) if fresh else (left[:1], 1)
        for n, outcome in _round(jobs, batch, window, workers, work):
            if isinstance(outcome, Result):
                left.remove(n)
                yield jobs[n], outcome
                continue
            failures[n] += 1
            reasons[n] = _reason(outcome)
            if failures[n] >= TRIES:
                left.remove(n)
                yield jobs[n], Trouble(jobs[n].student, reasons[n])


def _round(
    jobs: Sequence[Job],
    batch: Sequence[int],
    window: int,
    workers: Workers,
    work: Callable[[Job], Result],
) -> Iterator[tuple[int, Result | Exception]]:
    """Run a batch until it is done or the executor breaks."""
    waiting, out = list(reversed(batch)), dict[Future[Result], int]()
    broken: Exception | None = None
    with workers.start() as executor:
        while out or (waiting and broken is None):
            while waiting and len(out) < window and broken is None:
                try:
                    out[executor.submit(work, jobs[waiting[-1]])] = waiting[-1]
                except BrokenExecutor as error:
                    broken = error
                else:
                    waiting.pop()
            if not out and broken is not None:
                raise NotGraded(f"workers do not start ({broken})")
            for future in wait(out, return_when=FIRST_COMPLETED).done:
                n = out.pop(future)
                try:
                    outcome: Result | Exception = future.result()
                except (BrokenExecutor, CancelledError) as error:
                    outcome = broken = error
                except Exception as error:
                    outcome = error
                yield n, outcome


def _reason(error: Exception) -> str:
    if isinstance(error, NotGraded):
        return str(error)
    said = f": {error}" if str(error) else ""
    return f"the worker that graded it failed ({type(error).__name__}{said})"[:300]


def processes(count: int, exercise: str, checks: str) -> Workers:
    """Return worker processes on this machine, which use a box that this process makes."""
    box = box_of(exercise, checks)
    box.command()  # complains at once where bubblewrap is missing
    return Workers(lambda: _pool(count, (exercise, checks, box.masked)), 2 * count, here=True)


def given(executor: Executor, window: int = 64) -> Workers:
    """Return an executor that somebody else has made, and closes."""
    return Workers(lambda: nullcontext(executor), window)


@contextmanager
def _pool(count: int, shared: Shared) -> Iterator[Executor]:
    context = multiprocessing.get_context("spawn")
    # Held by this process only: when it ends, even by SIGKILL, the workers read the end of file.
    ends, alive = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        count, mp_context=context, initializer=_begin, initargs=(ends, shared)
    )
    try:
        yield pool
    except BaseException:
        alive.close()  # an interrupt: nobody waits for what is in the boxes now
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        alive.close()
        ends.close()


def _begin(alive: Connection, shared: Shared) -> None:
    """Prepare a worker process: its box, and how it ends with the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started it answers
    share(*shared)

    def end() -> None:
        wait_for([alive])
        os._exit(1)  # bubblewrap ends the box with it

    threading.Thread(target=end, daemon=True).start()
