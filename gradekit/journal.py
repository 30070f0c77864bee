"""The journal of a grading run: what is graded is written down at once, and never graded again.

One result a line, appended and flushed to the disk before the next is looked at. A run that is
killed at any moment loses what was in the boxes at that moment and nothing else: the next one
reads the journal, drops a line that was not finished, and goes on. A line counts only for the job
it was made from (its key hashes the answers, the checks, the student's inputs and the version of
the code), so that whatever changes is graded again.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from .checks import Outcome
from .feedback import Result

NAME = "journal.jsonl"


class InUse(OSError):
    """Another run is writing this journal."""


class Journal:
    """The journal in a folder. Use it as a context manager; one run at a time may."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / NAME
        self.done: dict[str, Result] = {}
        self._file = open(self.path, "a+b", buffering=0)  # noqa: SIM115
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise InUse(f"another run is writing {self.path}") from None
        self._read()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _read(self) -> None:
        self._file.seek(0)
        text = self._file.readall()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):  # killed while it wrote
            self._file.truncate(whole)
        for line in text[:whole].splitlines():
            if (entry := _entry(line)) is not None:
                self.done[entry[0]] = entry[1]

    def add(self, key: str, result: Result) -> None:
        """Write a result down, for good."""
        body = json.dumps(dataclasses.asdict(result))
        line = json.dumps({"key": key, "result": body, "sum": _sum(key, body)}).encode() + b"\n"
        before = self._file.seek(0, os.SEEK_END)
        if self._file.write(line) != len(line):
            self._file.truncate(before)
            raise OSError(f"{self.path} could not be written; is the disk full?")
        os.fsync(self._file.fileno())
        self.done[key] = result

    def forget(self) -> None:
        """Start anew."""
        self._file.truncate(0)
        self.done.clear()


def _sum(key: str, body: str) -> str:
    return hashlib.sha256(f"{key} {body}".encode()).hexdigest()[:16]


def _entry(line: bytes) -> tuple[str, Result] | None:
    """Read a line, or nothing if it is damaged: then that submission is graded again."""
    try:
        found = json.loads(line)
        key, body = found["key"], found["result"]
        if found["sum"] != _sum(key, body):
            return None
        return key, _result(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _result(found: dict[str, Any]) -> Result:
    return Result(
        found["student"],
        tuple(Outcome(**outcome) for outcome in found["outcomes"]),
        tuple(found["remarks"]),
        tuple((name, text) for name, text in found["written"]),
        found["unreadable"],
    )
