"""Rules for the printed book: glyphs, fonts, formulas, links, margins, tags.

Each takes an open PDF and returns plain sentences, none when nothing is wrong.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pypdfium2  # type: ignore[import-untyped]
from pypdf import PageObject, PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NullObject, StreamObject

MARGIN = 20 / 25.4 * 72  # points: the side margin of book.css
# A font is chosen, or text is shown: what Chromium writes.
SHOWN = re.compile(rb"/(\S+) [-\d.]+ Tf|<([0-9A-Fa-f]+)>(?= *T[jJ]|[^>]*\] *TJ)")
MARK = re.compile(rb"/MCID (\d+)")
FONT_FILES = {"/FontFile", "/FontFile2", "/FontFile3"}
# A "letter" wider than this many points is a brace or a rule that MathJax stretches and clips.
STRETCHED = 100
# What MathJax says of a bad formula, and formulas that it never reached.
RAW = re.compile(
    r"Math Processing Error|Undefined control sequence|Missing argument|Math input error"
    r"|\\[()\[\]]|\\(?:frac|begin|end|left|right|mathbb|mathcal|mathrm|operatorname)\b"
)


@dataclass(frozen=True)
class Sheets:
    """A PDF, read twice: pypdf knows its structure, pdfium where each letter stands."""

    path: Path

    @cached_property
    def reader(self) -> PdfReader:
        """Its structure."""
        return PdfReader(self.path)

    @cached_property
    def texts(self) -> list[str]:
        """The text of each sheet."""
        with pypdfium2.PdfDocument(self.path) as document:
            return [sheet.get_textpage().get_text_range() for sheet in document]


def _drawn(part: DictionaryObject) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The drawing commands of a sheet and of the forms on it, with their fonts."""
    resources = part.get("/Resources", DictionaryObject()).get_object()
    fonts = {
        name.removeprefix("/"): font.get_object()
        for name, font in resources.get("/Font", DictionaryObject()).get_object().items()
    }
    content = part.get_contents() if isinstance(part, PageObject) else part
    yield (content.get_data() if isinstance(content, StreamObject) else b""), fonts
    for drawing in resources.get("/XObject", DictionaryObject()).get_object().values():
        if drawing.get_object().get("/Subtype") == "/Form":
            yield from _drawn(drawing.get_object())


def _absent(font: Any) -> set[str]:
    """The codes, in hexadecimal, that show a font's sign for a letter it does not have."""
    if font["/Subtype"] == "/Type0":
        return {"0000"}
    differences = font.get("/Encoding", DictionaryObject()).get_object().get("/Differences", [])
    absent, code = set(), 0
    for item in differences:
        if isinstance(item, int):
            code = int(item)
        else:
            if item in ("/g0", "/.notdef"):
                absent.add(f"{code:02X}")
            code += 1
    return absent


def missing_glyphs(book: Sheets) -> list[str]:
    """Every letter was found in some font, so that none is an empty box."""
    found, seen = [], 0
    for number, sheet in enumerate(book.reader.pages, 1):
        boxes = 0
        for commands, fonts in _drawn(sheet):
            font, absent = None, set[str]()
            for name, codes in SHOWN.findall(commands):
                if name:
                    font = fonts[name.decode()]
                    absent = _absent(font)
                elif font is not None:
                    width = 4 if font["/Subtype"] == "/Type0" else 2
                    text = codes.decode().upper()
                    letters = [text[i : i + width] for i in range(0, len(text), width)]
                    seen += len(letters)
                    boxes += sum(letter in absent for letter in letters)
        if boxes:
            found.append(f"sheet {number}: {boxes} letter(s) that no font has.")
    if seen < sum(len("".join(text.split())) for text in book.texts) / 2:
        found.append(f"only {seen} glyphs were understood: the gate does not know this PDF.")
    return found


def fonts_outside(book: Sheets) -> list[str]:
    """Every font lies in the PDF itself."""
    found = set()
    for sheet in book.reader.pages:
        for _, fonts in _drawn(sheet):
            for font in fonts.values():
                inner = font.get("/DescendantFonts", [font])[0].get_object()
                described = inner.get("/FontDescriptor", DictionaryObject()).get_object()
                # A font of type 3 is nothing but drawings in the PDF.
                if font["/Subtype"] != "/Type3" and not FONT_FILES & described.keys():
                    found.add(f"the font {font.get('/BaseFont')} is not embedded.")
    return sorted(found)


def raw_formulas(book: Sheets) -> list[str]:
    """No formula is printed as its source, and none as an error."""
    return [
        f"sheet {number}: prints {hit[0]!r}."
        for number, text in enumerate(book.texts, 1)
        for hit in RAW.finditer(text)
    ]


def machine_links(book: Sheets) -> list[str]:
    """A link leads to a sheet of the book or to a public address, not to the printing machine."""
    found = []
    for number, sheet in enumerate(book.reader.pages, 1):
        for reference in sheet.get("/Annots", []):
            link = reference.get_object()
            if "/Dest" in link:
                continue
            address = str(link.get("/A", {}).get("/URI", "nowhere"))
            parts = urlsplit(address)
            if parts.scheme != "mailto" and (
                parts.scheme not in ("http", "https")
                or parts.hostname in (None, "localhost", "127.0.0.1")
            ):
                found.append(f"sheet {number}: a link leads to {address}.")
    return found


def beyond_margin(book: Sheets) -> list[str]:
    """No letter stands beyond the side margins, where paper or a box would cut it.

    Chromium 156 leaves out what a page sets beyond the margins it prints with, so on paper there is
    nothing to see of it: ``pdf_print`` refuses such a page before it prints.
    """
    found = []
    with pypdfium2.PdfDocument(book.path) as document:
        for number, sheet in enumerate(document, 1):
            text = sheet.get_textpage()
            least, most = MARGIN - 3, sheet.get_width() - MARGIN + 3
            for letter in range(text.count_chars()):
                left, _, right, _ = text.get_charbox(letter)
                drawn = 0 < right - left < STRETCHED
                if drawn and (left < least or right > most):
                    around = text.get_text_range(max(0, letter - 30), 31)
                    found.append(f"sheet {number}: beyond the margin after {around!r}.")
                    break
    return found


def _elements(tree: DictionaryObject) -> Iterator[tuple[IndirectObject, DictionaryObject]]:
    """The elements of the tree of tags, each with its reference."""
    kids = tree.get("/K", [])
    for kid in kids if isinstance(kids, list) else [tree.raw_get("/K")]:
        element = kid.get_object()
        if isinstance(element, DictionaryObject) and "/S" in element:
            yield kid, element
            yield from _elements(element)


def tags(book: Sheets) -> list[str]:
    """The tree of tags and the sheets agree; every figure and formula has its words.

    What is marked on a sheet belongs to one element, which the tree has and which the sheet's list
    of owners names; a link likewise.
    """
    tree: Any = book.reader.root_object.get("/StructTreeRoot")
    if tree is None:
        return ["the PDF has no tags."]
    numbers = tree["/ParentTree"]["/Nums"]
    owners = dict(zip(map(int, numbers[::2]), numbers[1::2], strict=True))
    found, held = [], defaultdict[Any, dict[int, Any]](dict)
    for me, element in _elements(tree):
        kind = str(element["/S"]).removeprefix("/")
        if kind in ("Figure", "Formula") and not element.get("/Alt"):
            found.append(f"a {kind} has no alternative text.")
        kids = element.get("/K", [])
        for kid in (kid.get_object() for kid in (kids if isinstance(kids, list) else [kids])):
            if isinstance(kid, int):
                held[element.raw_get("/Pg")][kid] = me
            elif "/MCID" in kid:
                held[kid.raw_get("/Pg")][kid["/MCID"]] = me
            elif "/Obj" in kid and owners.get(kid["/Obj"].get("/StructParent")) != me:
                found.append(f"a {kind} holds a link that another element owns.")
    for number, sheet in enumerate(book.reader.pages, 1):
        content = sheet.get_contents()
        marks = {int(n) for n in MARK.findall(b"" if content is None else content.get_data())}
        row = owners.get(int(sheet.get("/StructParents", -1)), ArrayObject()).get_object()
        listed = {n: me for n, me in enumerate(row) if not isinstance(me, NullObject)}
        if marks != listed.keys() or listed != held[sheet.indirect_reference]:
            found.append(f"sheet {number}: its marks and the tree of tags do not agree.")
    return found
