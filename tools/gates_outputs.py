"""Rules for what a notebook stores.

Each takes a notebook and returns plain sentences, none when nothing is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tools.notebooks import Notebook

LARGEST_NOTEBOOK = 800_000  # bytes
SHORTEST_ALT = 20  # characters


def outputs(book: Notebook) -> Iterator[tuple[int, Any]]:
    """Every output with the place of its cell."""
    for place, cell in book.code():
        for output in cell.get("outputs", []):
            yield place, output


def never_executed(book: Notebook) -> list[str]:
    """A cell without a count passes nbval in silence."""
    return [
        f"{book.name}, cell {place}: was never executed."
        for place, cell in book.code()
        if cell.execution_count is None
    ]


def out_of_order(book: Notebook) -> list[str]:
    """The counts of a notebook that was run once from the top are 1, 2, 3, ..."""
    counts = [cell.execution_count for _, cell in book.code()]
    if counts == list(range(1, len(counts) + 1)):
        return []
    return [f"{book.name}: its cells ran in the order {counts}, not once from the top."]


def errors(book: Notebook) -> list[str]:
    """No stored output is an error."""
    return [
        f"{book.name}, cell {place}: stores an error, {output.ename}: {output.evalue}"
        for place, output in outputs(book)
        if output.output_type == "error"
    ]


def stderr(book: Notebook) -> list[str]:
    """Warnings are mended, not printed in a book."""
    return [
        f"{book.name}, cell {place}: writes to stderr: {output.text.strip()[:80]}"
        for place, output in outputs(book)
        if output.output_type == "stream" and output.name == "stderr"
    ]


def addresses(book: Notebook) -> list[str]:
    """An object's address in memory is different in each run and says nothing to a reader."""
    return [
        f"{book.name}, cell {place}: shows a memory address; end the cell with something to read."
        for place, output in outputs(book)
        if re.search(r" at 0x[0-9a-f]{6,}", output.get("text", _plain(output)))
    ]


def _plain(output: Any) -> str:
    return str(output.get("data", {}).get("text/plain", ""))


def size(book: Notebook) -> list[str]:
    """A notebook stays small enough to read anywhere."""
    found = book.path.stat().st_size
    if found <= LARGEST_NOTEBOOK:
        return []
    return [f"{book.name}: {found / 1000:.0f} kB, more than {LARGEST_NOTEBOOK / 1000:.0f} kB."]


def alt_text(book: Notebook) -> list[str]:
    """Every figure says in words what it shows; myst-nb's default is a file's path."""
    found: list[str] = []
    seen: dict[str, int] = {}
    for place, cell in book.code():
        figures = [
            kind
            for output in cell.get("outputs", [])
            for kind in output.get("data", {})
            if kind.startswith("image/")
        ]
        if not figures:
            continue
        where = f"{book.name}, cell {place}"
        alt = str(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")).strip()
        if len(alt) < SHORTEST_ALT:
            found.append(f"{where}: its figure has no alt text of {SHORTEST_ALT} characters.")
        elif re.fullmatch(r"\S+\.\w{2,5}", alt):
            found.append(f"{where}: the alt text {alt!r} is the name of a file.")
        elif alt in seen:
            found.append(f"{where}: has the same alt text as cell {seen[alt]}.")
        if len(figures) > 1:
            found.append(f"{where}: shows {len(figures)} figures under one alt text; split it.")
        seen.setdefault(alt, place)
    return found
