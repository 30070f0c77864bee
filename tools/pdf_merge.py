"""Join the printed pages into one PDF: outline, links, page numbers, tags, metadata."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.constants import PageLabelStyle
from pypdf.generic import (
    BooleanObject,
    DictionaryObject,
    Fit,
    NameObject,
    NumberObject,
    RectangleObject,
    TextStringObject,
)

from tools.pdf_contents import Book, Entry
from tools.pdf_print import Printed
from tools.pdf_tags import Element, join_marks, read_tags, write_tags

FRONT = "front"  # the name of the sheets before the first page


@dataclass(frozen=True)
class Place:
    """A point in the whole book: sheet, and the distance from its left and lower edge."""

    sheet: int
    left: float
    top: float

    def fit(self) -> Fit:
        """A view of the place that keeps the reader's magnification."""
        return Fit.xyz(self.left, self.top)


@dataclass
class Joined:
    """The book so far."""

    home: str
    writer: PdfWriter = field(default_factory=PdfWriter)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)  # by page and anchor
    first: dict[str, int] = field(default_factory=dict)  # the first sheet of each page
    # Page, sheet, number in the printed page, rectangle, address or anchor: what is to be linked
    # when all places are known.
    waiting: list[tuple[str, int, int, Any, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    tags: list[Element] = field(default_factory=list)
    links: dict[tuple[int, int], DictionaryObject] = field(default_factory=dict)  # by sheet, number


def add(book: Joined, page: Printed) -> int:
    """Append a page; returns how many sheets it takes."""
    reader = PdfReader(io.BytesIO(page.pdf))
    start = len(book.writer.pages)
    book.first[page.name] = start
    book.tags.append(read_tags(reader, start))
    join_marks(reader, start, book.tags[-1])
    for number, sheet in enumerate(reader.pages, start):
        book.writer.add_page(sheet, excluded_keys=["/Annots", "/StructParents"])
        book.waiting += [(page.name, number, *link) for link in _links(sheet)]
    height = float(reader.pages[0].mediabox.top)
    book.places[page.name, ""] = Place(start, 0, height)
    for name, found in reader.named_destinations.items():
        sheet_number = reader.get_destination_page_number(found)
        if sheet_number is not None and sheet_number >= 0:
            place = Place(start + sheet_number, float(found.left or 0), float(found.top or height))
            book.places.setdefault((page.name, unquote(name.removeprefix("/"))), place)
    return len(reader.pages)


def _links(sheet: PageObject) -> list[tuple[int, Any, str]]:
    """The number and rectangle of a sheet's links, and ``#anchor`` or the address they lead to."""
    found = []
    for reference in sheet.get("/Annots", []):
        link = reference.get_object()
        if "/Dest" in link:
            found.append(
                (reference.idnum, link["/Rect"], "#" + str(link["/Dest"]).removeprefix("/"))
            )
        elif "/URI" in link.get("/A", {}):
            found.append((reference.idnum, link["/Rect"], str(link["/A"]["/URI"])))
    return found


def link_up(book: Joined) -> None:
    """Write every link: to its place in the book, or to the address outside.

    A link to a file that is not printed, such as a notebook, is dropped: it would lead to the
    machine the book was printed on. One to an anchor that has no place leads to the page's top and
    is noted in ``book.lost``.
    """
    for name, sheet, number, rectangle, address in book.waiting:
        rect = RectangleObject([float(x) for x in rectangle])
        place, link = None, None
        if address.startswith("#"):
            place = _place(book, name, (name, unquote(address[1:])))
        elif address.startswith(book.home):
            parts = urlsplit(address.removeprefix(book.home))
            target = unquote(parts.path).removesuffix(".html")
            if target in book.first:
                place = _place(book, name, (target, unquote(parts.fragment)))
        elif urlsplit(address).scheme in ("http", "https", "mailto"):
            link = Link(rect=rect, url=address)
        if place is not None:
            link = Link(rect=rect, target_page_index=place.sheet, fit=place.fit())
        if link is not None:
            # The first numbers of /StructParent are those of the sheets.
            key = NumberObject(len(book.writer.pages) + len(book.links))
            link[NameObject("/StructParent")] = key
            book.links[sheet, number] = book.writer.add_annotation(sheet, link)


def _place(book: Joined, name: str, target: tuple[str, str]) -> Place:
    """The place of an anchor of a page, to which the page ``name`` links."""
    found = book.places.get(target)
    if found is None:
        book.lost.append(f"{name}: {'#'.join(target)} has no place on paper.")
    return found or book.places[target[0], ""]


def outline(book: Joined, entries: list[Entry], printed: dict[str, Printed]) -> None:
    """Parts, in them chapters, in them sections and the pages that lie below the chapter."""
    part_item, chapter_item, part = None, None, ""
    for entry in entries:
        page, start = printed[entry.name], book.places[entry.name, ""]
        if entry.part != part:
            part = entry.part
            part_item = book.writer.add_outline_item(title=part, page_number=start.sheet, bold=True)
        parent = chapter_item if entry.depth else (part_item if part else None)
        item = book.writer.add_outline_item(
            title=page.title, page_number=start.sheet, parent=parent, fit=start.fit(), is_open=False
        )
        if not entry.depth:
            chapter_item = item
        for heading in page.headings:
            if heading.level == 2:
                place = book.places.get((entry.name, heading.anchor), start)
                book.writer.add_outline_item(
                    title=heading.text,
                    page_number=place.sheet,
                    parent=item,
                    fit=place.fit(),
                    is_open=False,
                )


def finish(book: Joined, about: Book, sheets_before: int) -> bytes:
    """Number the sheets, say what the book is, and write it.

    Parameters
    ----------
    book : Joined
    about : Book
    sheets_before : int
        Sheets with roman numbers before page 1.
    """
    writer = book.writer
    if sheets_before:
        writer.set_page_label(0, sheets_before - 1, style=PageLabelStyle.LOWERCASE_ROMAN)
    last = len(writer.pages) - 1
    writer.set_page_label(sheets_before, last, style=PageLabelStyle.DECIMAL)
    title = f"{about.title}: {about.subtitle}" if about.subtitle else about.title
    day = about.date.replace("-", "")
    writer.metadata = None
    writer.add_metadata(
        {
            "/Title": title,
            "/Author": about.authors,
            "/Subject": about.abstract,
            "/Keywords": about.keywords,
            "/Creator": f"scorekit {about.version}",
            "/CreationDate": f"D:{day}000000Z",
        }
    )
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    writer.create_viewer_preferences()[NameObject("/DisplayDocTitle")] = BooleanObject(True)
    writer.page_mode = "/UseOutlines"
    writer.pdf_header = "%PDF-1.7"
    writer.compress_identical_objects()
    write_tags(writer, book.tags, book.links)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
