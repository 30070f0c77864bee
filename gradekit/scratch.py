"""Temporary folders that outlive no run for long: the next run removes what a killed one left.

Whoever makes a folder holds a lock on it, which the kernel takes back when the process ends,
however it ends. So a folder of ours that nobody holds is of a dead process. Process ids would not
tell: they are used again, and are other ones in a container that shares the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "gradekit-run-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW  # a link is not opened


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a folder for this user only, and remove it at the end; first remove forgotten ones."""
    clear()
    path, lock = _held()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _held() -> tuple[Path, int]:
    """Make a folder and lock it; make another one if ``clear`` elsewhere was faster."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(path, _FOLDER)
            with contextlib.suppress(OSError):  # no locks on this file system: then none is cleared
                fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return path, lock
            os.close(lock)


def clear() -> None:
    """Remove this user's folders that no living process holds."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            lock = os.open(path, _FOLDER)
        except OSError:  # a link, a file, another user's, or just removed
            continue
        try:
            if os.fstat(lock).st_uid == os.geteuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)  # follows no link either
        except OSError:  # it is in use
            pass
        finally:
            os.close(lock)
