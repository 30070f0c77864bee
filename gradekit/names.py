"""Whose submission a file is, from the names that learning systems give to files and folders."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from .course_folder import STUDENT_ID, Student

MOODLE = re.compile(r"(?P<name>.+?)_\d+_assignsubmission_(file|onlinetext)(_.*)?$")
CANVAS = re.compile(
    r"(?P<name>[^_\W]+)_(?P<late>LATE_)?(?P<lms>\d+)_\d+_.*?(-(?P<attempt>\d{1,3}))?$"
)
BLACKBOARD = re.compile(r".*?(?P<name>[^_]+)_attempt_(?P<time>\d{4}(-\d\d){5})(_.*)?$")


@dataclass(frozen=True)
class Piece:
    """What one part of a path says: names a student may go by, a time, an attempt."""

    names: tuple[str, ...]
    time: str = ""
    attempt: int = 0
    late: bool = False


def common_folders(paths: list[tuple[str, ...]]) -> int:
    """How many folders all files lie in."""
    shortest = min((len(p) - 1 for p in paths), default=0)
    same = 0
    while same < shortest and len({p[same] for p in paths}) == 1:
        same += 1
    return same


def deciding(parts: tuple[str, ...], common: int) -> list[str]:
    """The parts of a path that say whose it is, the first one known wins.

    That is the student's folder where there is one: a file's name inside it is the student's own
    choice. Where all files lie in one folder, that may be the one student's, or mean nothing.
    """
    if len(parts) - 1 > common:
        return [parts[common]]
    return [parts[-1], *reversed(parts[:common])]


def piece(part: str) -> Piece:
    """Read a folder's or file's name as Moodle, Canvas or Blackboard form it, or as it is."""
    stem = part[:-6] if part.lower().endswith(".ipynb") else part
    stem = unicodedata.normalize("NFC", stem).strip()
    if m := MOODLE.match(stem):
        return Piece((m["name"],))
    if m := CANVAS.match(stem):
        return Piece((m["lms"], m["name"]), attempt=int(m["attempt"] or 0), late=bool(m["late"]))
    if m := BLACKBOARD.match(stem):
        return Piece((m["name"],), time=m["time"])
    return Piece((stem,))


def book_of(roster: Sequence[Student]) -> dict[str, str]:
    """Every name that a student may go by. One that two of them share leads to neither."""
    book: dict[str, set[str]] = {}
    for one in roster:
        first, last = one.first_name, one.last_name
        names = {one.id, one.email, one.lms_id, f"{first} {last}", f"{last} {first}"}
        names |= {f"{last}, {first}", _squeezed(last + first)}
        for name in (_folded(n) for n in names):
            if name.strip(" ,"):
                book.setdefault(name, set()).add(one.id)
    return {name: next(iter(ids)) for name, ids in book.items() if len(ids) == 1}


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _squeezed(name: str) -> str:
    """The way Canvas writes a name: letters and digits only."""
    return "".join(c for c in _folded(name) if c.isalnum())


def student_of(pieces: list[Piece], book: dict[str, str], add: bool) -> tuple[str, Piece] | None:
    """The student that a path names, and the part of it that does."""
    for one in pieces:
        for name in one.names:
            if (student := book.get(_folded(name))) is not None:
                return student, one
    return (_id(pieces[0].names[-1]), pieces[0]) if add else None


def _id(name: str) -> str:
    """An id made of a name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    made = re.sub(r"[^A-Za-z0-9._@-]+", "-", plain).strip("-._@")[:48]
    if made == name and STUDENT_ID.fullmatch(name):
        return name
    # Letters were lost, and two names may have become one.
    tail = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{made or 'student'}-{tail}"
