"""Take in what a learning system exports: a zip (or folder) of notebooks with its own file names.

Nothing is unpacked by the names in the archive. Every version that was ever handed in is kept
under ``handed_in``, and the last one of each student becomes the submission that counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from .course_folder import Course, CourseError
from .names import book_of, common_folders, deciding, piece, student_of
from .submissions import MAX_BYTES

MAX_FILES = 20_000
MAX_TOTAL = 2 << 30
STAMP = "%Y%m%dT%H%M%SZ"
TIME = "%Y-%m-%d-%H-%M-%S"
NO_TIME = datetime(1980, 1, 1, tzinfo=UTC)
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, OSError, EOFError, ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """One file of the archive; ``read`` returns its first bytes, one more than are allowed."""

    path: str
    read: Callable[[], bytes]
    time: datetime | None


@dataclass
class Report:
    """What was taken, and what a person has to look at."""

    taken: set[str] = field(default_factory=set)
    several: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)


def collect(course: Course, exercise: str, source: Path, add: bool = False) -> Report:
    """Take in the notebooks of a zip or folder for a released exercise.

    Students are those of ``students.csv``. A name that is not there is reported and not taken,
    unless the list is empty or ``add`` is set: then the student's id is made of the name.
    """
    course.released(exercise)
    roster, report = course.students(), Report()
    book, total = book_of(roster), 0
    with contextlib.ExitStack() as stack:
        files = [f for f in _files(source, course, stack) if _of_interest(f.path)]
        common = common_folders([PurePosixPath(f.path).parts for f in files])
        for one in files:
            if not one.path.lower().endswith(".ipynb"):
                report.look.append(f"{one.path}: not taken, it is not called .ipynb")
                continue
            pieces = [piece(p) for p in deciding(PurePosixPath(one.path).parts, common)]
            at = student_of(pieces, book, add or not roster)
            if at is None:
                report.look.append(f"{one.path}: not taken, nobody in students.csv has this name")
                continue
            student, said = at
            try:
                content = one.read()
            except UNREADABLE:
                report.look.append(f"{one.path}: not taken, it cannot be read")
                continue
            total += len(content)
            if total > MAX_TOTAL:
                raise CourseError(f"{source} unpacks to more than {MAX_TOTAL >> 30} GB")
            when = one.time
            if said.time:
                try:
                    when = datetime.strptime(said.time, TIME).replace(tzinfo=course.zone)
                except ValueError:  # a name that only looks like Blackboard's
                    report.look.append(f"{one.path}: the time in its name is none")
            if said.late:
                report.look.append(f"{one.path}: Canvas calls it late; compare with its time")
            _keep(course, exercise, student, one.path, content, when, said.attempt)
            report.taken.add(student)
    for student in sorted(report.taken):
        _choose(course, exercise, student, report)
    report.without = [s.id for s in roster if not course.submission(exercise, s.id).is_file()]
    return report


def _files(source: Path, course: Course, stack: contextlib.ExitStack) -> list[Found]:
    if source.is_dir():
        paths = [p for p in sorted(source.rglob("*")) if p.is_symlink() or not p.is_dir()]
        return [Found(_plain(p.relative_to(source).as_posix()), partial(_plain_file, p), _mtime(p))
                for p in paths]  # fmt: skip
    try:
        archive = stack.enter_context(zipfile.ZipFile(source))
    except FileNotFoundError:
        raise CourseError(f"there is no file or folder {source}") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise CourseError(f"{source} is not a zip archive or a folder ({error})") from None
    members = [m for m in archive.infolist() if not m.is_dir()]
    if len(members) > MAX_FILES:
        raise CourseError(f"{source} has {len(members)} files; at most {MAX_FILES} are read")
    return [Found(_plain(m.filename), partial(_member, archive, m), _time(m, course))
            for m in members]  # fmt: skip


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as file:
        return file.read(MAX_BYTES + 1)  # whatever size the archive claims


def _plain_file(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise OSError("not a plain file")
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _mtime(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)


def _time(member: zipfile.ZipInfo, course: Course) -> datetime | None:
    try:
        when = datetime(*member.date_time, tzinfo=course.zone)
    except ValueError:
        return None
    return when if when.year > NO_TIME.year else None


def _plain(name: str) -> str:
    """A member's name as printable text with forward slashes; two names do not become one."""
    text = name.replace("\\", "/")
    return "".join(c if c.isprintable() else f"%{ord(c):02X}" for c in text)[:500]


def _of_interest(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    hidden = any(p.startswith(".") or p == "__MACOSX" for p in parts)
    return bool(parts) and not hidden and parts[-1] != "checks.py"


def _keep(
    course: Course, exercise: str, student: str, path: str, content: bytes,
    when: datetime | None, attempt: int,
) -> None:  # fmt: skip
    """Keep a version under a name that sorts by time, then by attempt."""
    stamp = (when or NO_TIME).astimezone(UTC).strftime(STAMP)
    tail = hashlib.sha256(path.encode("utf-8", "replace") + content).hexdigest()[:12]
    folder = course.root / "handed_in" / exercise / student
    folder.mkdir(parents=True, exist_ok=True)
    _put(folder / f"{stamp}_{attempt:03d}_{tail}.ipynb", content)


def _choose(course: Course, exercise: str, student: str, report: Report) -> None:
    """Let the last version count."""
    kept = sorted((course.root / "handed_in" / exercise / student).glob("*.ipynb"))
    last, content, target = kept[-1], kept[-1].read_bytes(), course.submission(exercise, student)
    others = [p for p in kept if p.read_bytes() != content]
    if others:
        report.several.append(student)
    if any(p.name.rsplit("_", 1)[0] == last.name.rsplit("_", 1)[0] for p in others):
        where = last.relative_to(course.root)
        report.look.append(f"{student}: two notebooks of the same time; {where} counts for now")
    target.parent.mkdir(parents=True, exist_ok=True)
    when = datetime.strptime(last.name.split("_")[0], STAMP).replace(tzinfo=UTC)
    timestamp = target.with_name("timestamp.txt")
    if when <= NO_TIME:
        timestamp.unlink(missing_ok=True)
        report.look.append(f"{student}: handed in at an unknown time, so not counted as late")
    else:
        _put(timestamp, when.strftime("%Y-%m-%d %H:%M:%S UTC\n").encode())
        with course.gradebook() as gradebook:
            due = gradebook.find_assignment(exercise).duedate
        if due is not None and when > due.replace(tzinfo=UTC):
            report.late.append(f"{student} ({when.astimezone(course.zone):%Y-%m-%d %H:%M})")
    _put(target, content)


def _put(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)
