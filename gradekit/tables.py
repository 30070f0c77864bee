"""CSV files as spreadsheets write and read them, without formulas in them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from .course_folder import CourseError


def guard(text: str) -> str:
    """Text that a spreadsheet does not take for a formula; numbers stay numbers."""
    try:
        if math.isfinite(float(text)):
            return text
    except ValueError:
        pass
    risky = text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(("\t", "\r", "\n"))
    return f"'{text}" if risky else text


def write_table(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file that spreadsheets read as UTF-8, whole or not at all."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([guard(cell) for cell in row] for row in rows)
    part = path.with_name(path.name + ".part")
    part.write_text(out.getvalue(), encoding="utf-8-sig", errors="replace", newline="")
    part.replace(path)


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as a spreadsheet saves it, with commas or semicolons."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not UTF-8; save it as CSV UTF-8") from None
    delimiter = (
        ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    )
    csv.field_size_limit(1 << 24)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    return [{k: v for k, v in row.items() if k is not None} for row in rows]
