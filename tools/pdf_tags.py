"""Tags of the joined PDF: a tree that says what is a heading, a list, a table, a figure, a formula.

Chromium writes such a tree for each printed page. pypdf joins pages without their trees, so here
they are read, freed of the wrappers that say nothing, and written as one for the whole book
(ISO 32000-1, 14.7 and 14.8). A screen reader then knows the headings, and reads a figure by its
alternative text and a formula by its TeX.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    TextStringObject,
)

from tools.pdf_print import TEX

# Emphasis is not known to PDF 1.7; in programs it is but a style.
WRAPPERS = {"/NonStruct", "/Document", "/Em", "/Strong"}
# Text may not stand in these without an element of its own.
GROUPS = {"/Document", "/Art", "/Sect", "/Div", "/L", "/LI", "/Table", "/TR"}
CELLS = {"/TD", "/TH"}  # these stand for something when they are empty too
KEPT = ("/Alt", "/ActualText", "/Lang")
# A mark that begins, where the mark before it ends or elsewhere.
BEGINS = re.compile(rb"(EMC\s+)?/\w+ <</MCID (\d+) ?>>BDC\s+")


@dataclass(frozen=True)
class Marked:
    """A piece of a sheet's content: the sheet's index in the book, and the number of the mark."""

    sheet: int
    number: int


@dataclass(frozen=True)
class Linked:
    """A link annotation: its sheet's index in the book, and its number in the printed page."""

    sheet: int
    number: int


@dataclass(eq=False)
class Element:
    """An element of the tree: its type, alternative text and the like, attributes, and children."""

    kind: str
    told: dict[str, TextStringObject] = field(default_factory=dict)
    attributes: list[DictionaryObject] = field(default_factory=list)
    kids: list[Element | Marked | Linked] = field(default_factory=list)


def _elements(top: Element) -> Iterator[Element]:
    """An element and all those in it."""
    yield top
    for kid in top.kids:
        if isinstance(kid, Element):
            yield from _elements(kid)


def _entries(**values: Any) -> DictionaryObject:
    """A dictionary with these entries, their names without the slash."""
    return DictionaryObject({NameObject(f"/{name}"): value for name, value in values.items()})


def _each(kids: Any) -> Iterator[Any]:
    """The children of an element, which the PDF has as a list or alone."""
    kids = kids.get_object()
    yield from (kid.get_object() for kid in (kids if isinstance(kids, list) else [kids]))


def read_tags(reader: PdfReader, start: int) -> Element:
    """The tree of a printed page whose first sheet has the index ``start`` in the book."""
    at = {sheet.indirect_reference: n for n, sheet in enumerate(reader.pages, start)}

    def read(found: DictionaryObject, inside: str) -> Element:
        kind = str(found.get("/S", "/Document"))
        told = {key: TextStringObject(found[key]) for key in KEPT if key in found}
        if told.get("/Alt", "").startswith(TEX):
            kind, told["/Alt"] = "/Formula", TextStringObject(told["/Alt"].removeprefix(TEX))
        # Headers name the cells of a heading by numbers that other pages use too; Scope stays.
        of = [DictionaryObject(a) for a in _each(found.get("/A", ArrayObject()))]
        within = inside if kind in WRAPPERS else kind  # the element that will be the parent
        element = Element(kind, told, [a for a in of if "/Headers" not in a])
        for kid in _each(found.get("/K", ArrayObject())):
            if isinstance(kid, int):
                element.kids.append(Marked(at[found.raw_get("/Pg")], int(kid)))
            elif kid.get("/Type") == "/MCR":
                element.kids.append(Marked(at[kid.raw_get("/Pg")], int(kid["/MCID"])))
            elif kid.get("/Type") == "/OBJR":
                element.kids.append(Linked(at[kid.raw_get("/Pg")], kid.raw_get("/Obj").idnum))
            else:
                below = read(kid, within)
                bare = within in GROUPS and any(isinstance(k, Marked) for k in below.kids)
                if below.kind in WRAPPERS and not bare:
                    element.kids += below.kids
                elif below.kids or below.kind in CELLS:
                    element.kids.append(below)
        # A figure with a caption is a box round the picture, which has the words.
        boxes = any(isinstance(kid, Element) for kid in element.kids)
        if kind == "/Figure" and boxes and "/Alt" not in told:
            element.kind = "/Div"
        return element

    top: Any = reader.root_object["/StructTreeRoot"]
    return read(top, "/Document")


def join_marks(reader: PdfReader, start: int, top: Element) -> None:
    """Make one mark of those that follow each other both in an element and on a sheet.

    Chromium marks each word of a program by itself. Reader and tree are changed.
    """
    every = list(_elements(top))
    next_to = {
        one: other
        for element in every
        for one, other in pairwise(element.kids)
        if isinstance(one, Marked) and isinstance(other, Marked)
    }
    joined = set()
    for n, sheet in enumerate(reader.pages, start):
        last = Marked(n, -1)

        def begin(match: re.Match[bytes], n: int = n) -> bytes:
            nonlocal last
            before, last = last, Marked(n, int(match[2]))
            if match[1] and next_to.get(before) == last:
                joined.add(last)
                return b""
            return match[0]

        content: Any = sheet["/Contents"].get_object()
        content.set_data(BEGINS.sub(begin, content.get_data()))
    for element in every:
        element.kids = [kid for kid in element.kids if kid not in joined]


def write_tags(writer: PdfWriter, pages: list[Element], links: dict[tuple[int, int], Any]) -> None:
    """Give the book one tree.

    Parameters
    ----------
    writer : PdfWriter
    pages : list of Element
        What :func:`read_tags` found, in order.
    links : dict
        The annotation that was written for each :class:`Linked`, by its sheet and number, with its
        ``/StructParent``. One that is absent was dropped: its text remains, and is no link.
    """
    sheets = [sheet.indirect_reference for sheet in writer.pages]
    marks: dict[int, dict[int, IndirectObject]] = defaultdict(dict)  # owners, by sheet and number
    owners: dict[int, IndirectObject] = {}  # of links, by /StructParent

    def write(element: Element, parent: IndirectObject) -> IndirectObject:
        kids, kind = ArrayObject(), element.kind
        written = _entries(P=parent, K=kids)
        me = writer._add_object(written)
        written.update({NameObject(key): value for key, value in element.told.items()})
        if element.attributes:
            written[NameObject("/A")] = ArrayObject(element.attributes)
        for kid in element.kids:
            if isinstance(kid, Element):
                kids.append(write(kid, me))
            elif isinstance(kid, Marked):
                marks[kid.sheet][kid.number] = me
                number, sheet = NumberObject(kid.number), sheets[kid.sheet]
                if written.setdefault(NameObject("/Pg"), sheet) == sheet:
                    kids.append(number)
                else:
                    kids.append(_entries(Type=NameObject("/MCR"), Pg=sheet, MCID=number))
            elif link := links.get((kid.sheet, kid.number)):
                owners[int(link["/StructParent"])] = me
                there = {"Pg": sheets[kid.sheet], "Obj": link.indirect_reference}
                kids.append(_entries(Type=NameObject("/OBJR"), **there))
            elif kind == "/Link":
                kind = "/Span"
        written[NameObject("/S")] = NameObject(kind)
        return me

    tree = _entries(Type=NameObject("/StructTreeRoot"))
    root = writer._add_object(tree)
    book = Element("/Document", kids=[kid for page in pages for kid in page.kids])
    numbers = ArrayObject()
    tree.update(
        _entries(
            K=write(book, root),
            ParentTree=writer._add_object(_entries(Nums=numbers)),
        )
    )
    for n, page in enumerate(writer.pages):
        page[NameObject("/StructParents")] = NumberObject(n)
        owner = [marks[n].get(i, NullObject()) for i in range(max(marks[n], default=-1) + 1)]
        numbers += [NumberObject(n), writer._add_object(ArrayObject(owner))]
    for n in sorted(owners):
        numbers += [NumberObject(n), owners[n]]
    writer.root_object.update(
        _entries(StructTreeRoot=root, MarkInfo=_entries(Marked=BooleanObject(True)))
    )
