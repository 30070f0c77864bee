"""What the printed book consists of: pages in reading order, and the sheets before them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

STYLE = """
body { font: 10.5pt/1.38 sans-serif; color: #000; margin: 0; }
.title { break-after: page; padding-top: 70mm; text-align: center; }
.title h1 { font-size: 30pt; font-weight: 500; line-height: 1.2; margin: 0 0 4mm; }
.title .subtitle { font-size: 15pt; margin: 0 0 14mm; }
.title .note { font-size: 9.5pt; margin: 60mm auto 0; text-align: left; width: 125mm; }
h2 { font-size: 17pt; font-weight: 500; margin: 0 0 4mm; }
.part { break-after: avoid; font-weight: bold; margin: 3mm 0 0.5mm; }
.entry { break-inside: avoid; display: flex; gap: 2mm; margin: 0; }
.entry.under { margin-left: 8mm; }
.entry a { color: inherit; text-decoration: none; }
.entry i { border-bottom: 1px dotted #777; flex: 1; margin-bottom: 1.2mm; }
"""


@dataclass(frozen=True)
class Entry:
    """A page of the book, the part it belongs to, and how deep it lies: 0, or 1 below a chapter."""

    name: str
    part: str
    depth: int


@dataclass(frozen=True)
class Book:
    """What CITATION.cff says of the book."""

    title: str
    subtitle: str
    authors: str
    version: str
    date: str
    abstract: str
    keywords: str


def entries(toc: Path) -> list[Entry]:
    """The pages that a ``_toc.yml`` in the form ``jb-book`` lists, in reading order."""
    contents = yaml.safe_load(toc.read_text("utf8"))
    found = [Entry(contents["root"], "", 0)]

    def add(listed: list[dict[str, Any]], part: str, depth: int) -> None:
        for item in listed:
            found.append(Entry(item["file"], part, depth))
            add(item.get("sections", []), part, 1)

    add(contents.get("chapters", []), "", 0)
    for part in contents.get("parts", []):
        add(part["chapters"], part.get("caption", ""), 0)
    return found


def cited(path: Path) -> Book:
    """The book's title, authors and so on, from its CITATION.cff."""
    said = yaml.safe_load(path.read_text("utf8"))
    title, _, subtitle = str(said["title"]).partition(": ")
    authors = [
        a.get("name") or f"{a.get('given-names', '')} {a.get('family-names', '')}".strip()
        for a in said["authors"]
    ]
    return Book(
        title,
        subtitle[:1].upper() + subtitle[1:],
        ", ".join(authors),
        str(said["version"]),
        str(said["date-released"]),
        " ".join(str(said.get("abstract", "")).split()),
        ", ".join(said.get("keywords", [])),
    )


def front(book: Book, lines: list[tuple[Entry, str, int]], home: str) -> str:
    """The title page and the table of contents as HTML.

    Parameters
    ----------
    book : Book
    lines : list of (Entry, str, int)
        Each page with its title and the number of its first sheet.
    home : str
        Address of the built book; the lines link to its pages.
    """
    rows, part = [], ""
    for entry, title, number in lines:
        if entry.part != part:
            part = entry.part
            rows.append(f'<p class="part">{escape(part)}</p>')
        under = " under" if entry.depth else ""
        link = f'<a href="{home}{entry.name}.html">{escape(title)}</a>'
        rows.append(f'<p class="entry{under}">{link}<i></i><span>{number}</span></p>')
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>{escape(book.title)}</title><style>{STYLE}</style></head><body>
<div class="title"><h1>{escape(book.title)}</h1><p class="subtitle">{escape(book.subtitle)}</p>
<p>{escape(book.authors)}</p><p>Version {escape(book.version)}, {escape(book.date)}</p>
<p class="note">This is the book on paper. On its pages in a browser the cells can be run and
edited, and figures move. Code that the pages keep folded, which draws figures, is left out here;
hints and solutions are printed where they belong.<br><br>Text and figures: CC BY 4.0. Code:
BSD 3-Clause.</p></div>
<h2>Contents</h2>{"".join(rows)}</body></html>"""
