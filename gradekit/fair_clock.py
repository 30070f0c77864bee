"""A clock that stands still while a worker waits for a processor, and the limits by it.

On a busy machine an answer that needs a second of computing may take ten seconds of the clock, and
that is not the student's doing. Linux counts how long a process was ready to run and did not, and
``FairClock`` leaves that time out. A worker that sleeps, or waits for anything else, does not wait
for a processor, so no code in it can stop the clock. Where the system keeps no such count, this is
a plain clock.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .checks import NotGraded

# By the plain clock, everything may take so many times as long.
PATIENCE = 10


class FairClock:
    """Seconds of the clock, less those in which the workers that it followed waited to run."""

    def __init__(self) -> None:
        self._earlier = self._waited = 0.0
        self._file: IO[str] | None = None

    def now(self) -> float:
        """Return the seconds since some moment."""
        moment = time.monotonic()
        self._waited = self._wait()
        return moment - self._earlier - self._waited

    def deadline(self, seconds: float, latest: Deadline | None = None) -> Deadline:
        """Return the moment so many seconds from now, but none after the latest."""
        fair, plain = self.now() + seconds, time.monotonic() + PATIENCE * seconds
        if latest is not None:
            fair, plain = min(fair, latest.fair), min(plain, latest.plain)
        return Deadline(self, fair, plain)

    def follow(self, pid: int) -> None:
        """Follow a worker: the last of a chain of processes, each of which started the next."""
        self.forget()
        with contextlib.suppress(OSError):
            while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                pid = int(children[0])
            # The open file stays this process's, even when its number is used again.
            self._file = open(f"/proc/{pid}/schedstat", encoding="ascii")  # noqa: SIM115

    def forget(self) -> None:
        """Follow no longer; what was waited stays left out."""
        if self._file is not None:
            self._file.close()
        self._file = None
        self._earlier += self._waited
        self._waited = 0.0

    def _wait(self) -> float:
        """Return how long the worker has waited since it began; the last known if it has ended."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            if self._file is not None:
                self._file.seek(0)
                return int(self._file.read().split()[1]) / 1e9
        return self._waited


@dataclass(frozen=True)
class Deadline:
    """A moment by the fair clock, and one by the plain clock at which patience ends."""

    clock: FairClock
    fair: float
    plain: float

    def left(self) -> float:
        """Return how long to wait before asking again, at most a second; 0 when it is over.

        If it is over by the plain clock alone, the machine hardly let the worker run. That is not
        the student's doing, so it costs no mark but raises ``NotGraded``.
        """
        fair, plain = self.fair - self.clock.now(), self.plain - time.monotonic()
        if fair <= 0:
            return 0.0
        if plain <= 0:
            raise NotGraded(
                f"this machine is too busy: a worker got less than 1/{PATIENCE} of a processor; "
                "grade again later, or with fewer workers"
            )
        # While the worker waits, the rest would shrink for ever; once it has ended, nobody knows.
        return min(max(min(fair, plain), 0.01), 1.0)
