"""What a student hands in, and what is taken from it: the sources of the answer cells, no more.

Everything else in a submission (tests, points, outputs, metadata of any kind) is ignored, because
the student could have changed it. What counts as an answer cell, and how many points it has, is
read from the exercise's own notebook.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_BYTES = 8 << 20
MAX_CELLS = 2000
MAX_SOURCE = 100_000


class Unreadable(Exception):
    """A submission that cannot be graded; the message says why."""


@dataclass(frozen=True)
class Form:
    """The cells to fill in: for the computer, and (with their points) for a person to mark."""

    answers: tuple[str, ...]
    written: dict[str, float]


@dataclass(frozen=True)
class Answers:
    """A student's answers by cell: code for the box, text for whoever marks by hand."""

    code: dict[str, str]
    text: dict[str, str]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submission:
    """One file in the folder of submissions."""

    student: str
    path: Path


def form_of(notebook: Path) -> Form:
    """Read which cells are to be filled in from the exercise's own notebook."""
    answers: list[str] = []
    written: dict[str, float] = {}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("solution") and meta.get("grade"):
            written[meta["grade_id"]] = float(meta["points"])
        elif meta.get("solution"):
            answers.append(meta["grade_id"])
    return Form(tuple(answers), written)


def find(folder: Path) -> list[Submission]:
    """List ``folder/student.ipynb`` and ``folder/student/*.ipynb`` (one a student), in order."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder of submissions")
    found: dict[str, Path] = {}
    clashes: dict[str, Path] = {}
    for path in sorted([*folder.glob("*"), *folder.glob("*/*")]):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") for part in parts) or path.suffix.lower() != ".ipynb":
            continue
        name = parts[0] if len(parts) == 2 else path.stem
        # A second file of the same student is graded too, under its own name: a person decides.
        chosen, key = (clashes, "/".join(parts)) if name in found else (found, name)
        chosen[key] = path
    return [Submission(_printable(n), p) for n, p in sorted({**found, **clashes}.items())]


def left_out(folder: Path, found: Iterable[Submission]) -> list[str]:
    """List what lies in the folder and is no submission: another kind of file, or an empty folder.

    A folder's ``__MACOSX`` and whatever begins with a dot are of no interest.
    """
    taken = {one.path.relative_to(folder).parts[0] for one in found}
    names = (path.name for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX")))
    return sorted(_printable(name) for name in names if name not in taken)


def read(path: Path, folder: Path, form: Form) -> Answers:
    """Take the answers out of a submission, or raise ``Unreadable``.

    An ``OSError`` (no permission, a broken disk) is not the student's fault, and passes.
    """
    try:
        notebook = json.loads(_bytes(path, folder))
    except UnicodeDecodeError:
        raise Unreadable("the file is not a notebook (its text is not UTF-8)") from None
    except (ValueError, RecursionError):
        raise Unreadable("the file is not a notebook (it is not valid JSON)") from None
    cells = notebook.get("cells") if type(notebook) is dict else None
    if type(cells) is not list or len(cells) > MAX_CELLS:
        raise Unreadable(f"the file is not a notebook of format 4 with at most {MAX_CELLS} cells")
    code: dict[str, str] = {}
    text: dict[str, str] = {}
    for kind, grade_id, source in _cells(cells):
        if kind == "code" and grade_id in form.answers:
            code.setdefault(grade_id, source)  # of two cells with one name the first counts
        elif kind == "markdown" and grade_id in form.written:
            text.setdefault(grade_id, source)
    if not code and not text:
        raise Unreadable("it has none of the answer cells: they were deleted or lost their names, "
                         "or it is another notebook")  # fmt: skip
    ordered = {name: code[name] for name in form.answers if name in code}
    missing = tuple(n for n in (*form.answers, *form.written) if n not in code and n not in text)
    return Answers(ordered, text, missing)


def _bytes(path: Path, folder: Path) -> bytes:
    """Read a plain file; never follow a link out of the folder, wait at a pipe, or read forever."""
    if path.is_symlink() or path.resolve() != folder.resolve() / path.relative_to(folder):
        raise Unreadable("the file is a link to somewhere else")
    if not path.is_file():
        raise Unreadable("it is not a file")
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with os.fdopen(fd, "rb") as file:
        if os.fstat(fd).st_size > MAX_BYTES:
            raise Unreadable(f"the file is larger than {MAX_BYTES >> 20} MB; clear its outputs")
        return file.read(MAX_BYTES + 1)


def _cells(cells: list[Any]) -> Iterable[tuple[str, str, str]]:
    for cell in cells:
        if type(cell) is not dict:
            continue
        meta = cell.get("metadata")
        marks = meta.get("nbgrader") if type(meta) is dict else None
        name = marks.get("grade_id") if type(marks) is dict else None
        source = cell.get("source")
        if type(source) is list and all(type(line) is str for line in source):
            source = "".join(source)
        if type(name) is str and type(source) is str and len(source) <= MAX_SOURCE:
            yield str(cell.get("cell_type")), name, source


def _printable(name: str) -> str:
    """A file's name as text that any file or page can hold."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
