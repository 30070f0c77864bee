"""A clock that stands still while a worker waits for a processor.

On a busy machine an answer that needs a second of computing may take ten seconds of the clock, and
that is not the student's doing. Linux counts how long a process was ready to run and did not, and
``FairClock`` leaves that time out. A worker that sleeps, or waits for anything else, does not wait
for a processor, so no code in it can stop the clock. Where the system keeps no such count, this is
a plain clock.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import IO

# By the plain clock, everything may take so many times as long.
PATIENCE = 10


class FairClock:
    """Seconds of the clock, less those in which the workers that it followed waited to run."""

    def __init__(self) -> None:
        self._earlier = self._waited = self._at_first = 0.0
        self._file: IO[str] | None = None

    def now(self) -> float:
        """Return the seconds since some moment."""
        self._waited = self._wait() - self._at_first
        return time.monotonic() - self._earlier - self._waited

    def follow(self, pid: int) -> None:
        """Follow a worker: the last of a chain of processes, each of which started the next."""
        self.forget()
        with contextlib.suppress(OSError):
            while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                pid = int(children[0])
            # The open file stays this process's, even when its number is used again.
            self._file = open(f"/proc/{pid}/schedstat", encoding="ascii")  # noqa: SIM115
            self._at_first = self._wait()

    def forget(self) -> None:
        """Follow no longer; what was waited stays left out."""
        if self._file is not None:
            self._file.close()
        self._file = None
        self._earlier += self._waited
        self._waited = self._at_first = 0.0

    def _wait(self) -> float:
        """Return how long the worker has waited since it began; the last known if it has ended."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            if self._file is not None:
                self._file.seek(0)
                return int(self._file.read().split()[1]) / 1e9
        return self._at_first + self._waited
