"""The book on paper: a tiny site printed whole, planted defects, and in the long tests the book."""

from __future__ import annotations

import ctypes
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, nothing_wrong
from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject

from tools import gates_browser, gates_html, gates_pdf, make_pdf
from tools.browser import launch, served
from tools.gates_pdf import Sheets
from tools.make_pdf import Made, link_from_pages, make
from tools.pdf_contents import Book, Entry, cited, entries, front
from tools.pdf_print import Refused, quoted

GATES: list[Callable[[Sheets], list[str]]] = [
    gates_pdf.missing_glyphs,
    gates_pdf.fonts_outside,
    gates_pdf.raw_formulas,
    gates_pdf.machine_links,
    gates_pdf.beyond_margin,
    gates_pdf.tags,
]
ABOUT = Book("Two pages", "A test", "A. Author", "1.2", "2026-01-02", "Short.", "one, two")
TOC = """
format: jb-book
root: book/start
parts:
  - caption: Part A
    chapters:
      - file: chapters/long
        sections:
          - file: exercises/small
"""
LISTED = [
    Entry("book/start", "", 0),
    Entry("chapters/long", "Part A", 0),
    Entry("exercises/small", "Part A", 1),
]
PAGE = """<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<link rel="stylesheet" href="../_static/book.css">
<script>window.MathJax = {tex: {packages: {"[-]": ["noundefined", "noerrors"]}},
  options: {ignoreHtmlClass: "document", processHtmlClass: "math"}};</script>
<script defer src="../_static/mathjax/tex-chtml.js"></script>
<style>article { margin: 0; padding: 0 } body { margin: 0; font: 14px sans-serif }</style></head>
<body><div class="bd-sidebar" id="pst-primary-sidebar">SIDEBAR</div><div class="bd-main">
<div class="bd-content"><article class="bd-article">%s</article></div></div></body></html>"""
START = """<section id="start"><h1>Start<a class="headerlink" href="#start">#</a></h1>
<p>Read <a href="../chapters/long.html#last">the end</a>, <a href="#second">below</a>,
<a href="https://example.org/">elsewhere</a> and <a href="../_sources/start.ipynb">the source</a>.
</p><section id="second"><h2>Second &amp; <span class="math">\\(2\\eta\\)</span></h2>
<p>朗之万动力学, the Langevin dynamics.</p></section></section>"""
WIDE = " + ".join(f"a_{{{n}}} x^{{{n}}}" for n in range(16))
CELLS = "".join(f"<td>column{n}</td>" for n in range(12))
HEADS = "<th>x</th>" * 12
DOT = "src='data:image/gif;base64,R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=' width=9"
LONG = f"""<section id="long"><h1>A long page</h1>
<p>The formula <span class="math">\\(x^2\\)</span>.</p>
<pre><span>first</span> <span>second</span></pre>
<figure><img alt="A dot" {DOT}><figcaption>A caption.</figcaption></figure>
<div class="math">\\[ {WIDE} = FIN \\]</div>
<div class="live-bar">RUN THIS PAGE</div>
<details class="animation"><summary>Play</summary>MOVING</details>
<details><summary>Solution</summary><p>The answer is forty-two.</p></details>
<div class="cell tag_hide-input"><details class="hide above-input"><pre>HIDDEN</pre></details></div>
<pre>line = "{"word " * 40}END_OF_LINE"</pre>
<div class="pst-scrollable-table-container"><table><tr>{HEADS}</tr><tr>{CELLS}</tr></table></div>
{"<p>Filling.</p>" * 80}<section id="last"><h2>The last section</h2><p>Done.</p></section>
</section>"""
SMALL = (
    '<section id="small"><h1>Exercise</h1><p>Back to <a href="../book/start.html">start</a>.</p>'
)
SITE = {"book/start": START, "chapters/long": LONG, "exercises/small": SMALL}


def write_page(folder: Path, name: str, article: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.html").write_text(PAGE % article, "utf8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "book" / "_static", folder / "_static")
    for name, article in SITE.items():
        write_page(folder, name, article)
    return folder


@pytest.fixture(scope="module")
def made(browser: Browser, site: Path) -> Made:
    return make(browser, site, LISTED, ABOUT)


@pytest.fixture(scope="module")
def sheets(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Sheets:
    path = tmp_path_factory.mktemp("made") / "book.pdf"
    path.write_bytes(made.pdf)
    return Sheets(path)


def outline_of(reader: PdfReader) -> list[tuple[int, str, int]]:
    """Every item of the outline: its depth, its title and the index of its sheet."""

    def walk(items: list[Any], depth: int) -> Iterator[tuple[int, str, int]]:
        for item in items:
            if isinstance(item, list):
                yield from walk(item, depth + 1)
            else:
                number = reader.get_destination_page_number(item)
                assert number is not None
                yield depth, str(item.title), number

    return list(walk(reader.outline, 0))


def links_of(reader: PdfReader, sheet: int) -> list[Any]:
    """What the links of a sheet lead to: the index of a sheet, or an address."""
    found: list[Any] = []
    for reference in reader.pages[sheet].get("/Annots", []):
        link = reference.get_object()
        if "/Dest" in link:
            found.append(reader.get_page_number(link["/Dest"][0].get_object()))
        else:
            found.append(link["/A"]["/URI"])
    return found


# ------------------------------------------------------------------------------- a tiny site


@pytest.mark.browser
def test_every_page_is_there_in_order(made: Made, sheets: Sheets) -> None:
    long = made.sheets_of["chapters/long"]
    assert made.sheets_of == {"book/start": 1, "chapters/long": long, "exercises/small": 1}
    assert long >= 2
    assert made.sheets == len(sheets.reader.pages) == 2 + 1 + long + 1
    assert "Two pages" in sheets.texts[0]
    assert "Langevin" in sheets.texts[2]
    assert sheets.reader.page_labels[:4] == ["i", "ii", "1", "2"]
    assert str(made.sheets - 2) in sheets.texts[-1].split()


@pytest.mark.browser
def test_outline_has_parts_pages_and_sections(made: Made, sheets: Sheets) -> None:
    last = made.sheets - 1
    assert outline_of(sheets.reader) == [
        (0, "Contents", 1),
        (0, "Start", 2),
        (1, "Second & 2η", 2),
        (0, "Part A", 3),
        (1, "A long page", 3),
        (2, "The last section", last - 1),
        (2, "Exercise", last),
    ]


@pytest.mark.browser
def test_links_lead_to_sheets_of_the_book(made: Made, sheets: Sheets) -> None:
    last = made.sheets - 1
    assert links_of(sheets.reader, 1) == [2, 3, last]  # the contents
    assert sorted(links_of(sheets.reader, 2), key=str) == [2, last - 1, "https://example.org/"]
    assert links_of(sheets.reader, last) == [2]
    assert made.lost == []


@pytest.mark.browser
def test_says_what_it_is(sheets: Sheets) -> None:
    about = sheets.reader.metadata
    assert about is not None
    assert (about.title, about.author) == ("Two pages: A test", "A. Author")
    assert about["/CreationDate"] == "D:20260102000000Z"
    root: Any = sheets.reader.root_object
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/MarkInfo"]["/Marked"]


def tree_of(reader: PdfReader) -> list[tuple[str, str]]:
    """The type of every element of the tree of tags, in the order of reading, with its words."""
    tree: Any = reader.root_object["/StructTreeRoot"]
    return [(str(e["/S"])[1:], str(e.get("/Alt", ""))) for _, e in gates_pdf._elements(tree)]


@pytest.mark.browser
def test_tags_say_what_is_what(sheets: Sheets) -> None:
    kinds = [kind for kind, _ in tree_of(sheets.reader)]
    assert kinds.count("H1") == 1 + len(LISTED)
    assert kinds.count("H2") == 1 + 2  # the contents, and two sections
    assert kinds.count("TD") == 12
    assert {"Document", "P", "Code", "Table", "TR", "Link", "Figure"} <= set(kinds)
    # The link to a file that is not printed is plain text.
    assert kinds.count("Link") == sum(
        len(links_of(sheets.reader, n)) for n in range(len(sheets.reader.pages))
    )
    words = {kind: [w for k, w in tree_of(sheets.reader) if k == kind] for kind in kinds}
    assert words["Formula"] == ["2\\eta", "x^2", f"{WIDE} = FIN"]
    assert words["Figure"] == ["A dot"]
    assert {"Div", "Caption"} <= set(kinds)


@pytest.mark.browser
def test_words_side_by_side_are_one_mark_and_a_formula_keeps_its_place(sheets: Sheets) -> None:
    tree: Any = sheets.reader.root_object["/StructTreeRoot"]
    found = [(e["/S"], [kid.get_object() for kid in e["/K"]]) for _, e in gates_pdf._elements(tree)]
    programs = [kids for kind, kids in found if kind == "/Code"]
    assert [len(kids) for kids in programs] == [1, 1]
    before, _, after = next(
        kids
        for kind, kids in found
        if kind == "/P" and len(kids) == 3
        if not isinstance(kids[1], int) and kids[1].get("/Alt") == "x^2"
    )
    assert isinstance(before, int)
    assert isinstance(after, int)


def by_pdfium(path: Path) -> list[tuple[str, str]]:
    """The same elements as another program reads them, sheet by sheet."""

    def text(ask: Callable[..., int], element: Any) -> str:
        buffer = ctypes.create_string_buffer(ask(element, None, 0) or 2)
        ask(element, buffer, len(buffer))
        return buffer.raw[:-2].decode("utf-16-le")

    def walk(count: Callable[..., int], child: Callable[..., Any], of: Any) -> Iterator[Any]:
        for element in filter(None, (child(of, n) for n in range(count(of)))):
            yield (
                text(pdfium.FPDF_StructElement_GetType, element),
                text(pdfium.FPDF_StructElement_GetAltText, element),
            )
            yield from walk(
                pdfium.FPDF_StructElement_CountChildren,
                pdfium.FPDF_StructElement_GetChildAtIndex,
                element,
            )

    found = []
    with pypdfium2.PdfDocument(path) as document:
        assert pdfium.FPDFCatalog_IsTagged(document.raw)
        for sheet in document:
            tree = pdfium.FPDF_StructTree_GetForPage(sheet.raw)
            found += walk(
                pdfium.FPDF_StructTree_CountChildren, pdfium.FPDF_StructTree_GetChildAtIndex, tree
            )
            pdfium.FPDF_StructTree_Close(tree)
    return found


@pytest.mark.browser
def test_another_program_reads_the_same_tags(sheets: Sheets) -> None:
    # Of what is told sheet by sheet, these lie on one sheet each.
    one = {"H1", "H2", "Formula", "Figure", "TD", "Link", "Code"}
    ours, theirs = tree_of(sheets.reader), by_pdfium(sheets.path)
    assert [e for e in theirs if e[0] in one] == [e for e in ours if e[0] in one]


@pytest.mark.browser
@pytest.mark.parametrize("spoil", ["mark", "sheet", "link", "words", "tree"])
def test_spoilt_tags_are_seen(spoil: str, sheets: Sheets, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=sheets.path)
    root: Any = writer.root_object
    tree, sheet = root["/StructTreeRoot"], writer.pages[2]
    if spoil == "mark":
        paragraph = next(e for _, e in gates_pdf._elements(tree) if e["/S"] == "/P")
        del paragraph["/K"][0]
    elif spoil == "sheet":
        sheet[NameObject("/StructParents")] = writer.pages[3]["/StructParents"]
    elif spoil == "link":
        one, other = (a.get_object() for a in sheet["/Annots"][:2])
        one[NameObject("/StructParent")] = other["/StructParent"]
    elif spoil == "words":
        del next(e for _, e in gates_pdf._elements(tree) if e["/S"] == "/Formula")["/Alt"]
    else:
        del root[NameObject("/StructTreeRoot")]
    writer.write(tmp_path / "spoilt.pdf")
    assert len(gates_pdf.tags(Sheets(tmp_path / "spoilt.pdf"))) == 1


@pytest.mark.browser
def test_paper_shows_what_can_be_read(sheets: Sheets) -> None:
    text = " ".join("".join(sheets.texts).split())
    for shown in ("forty-two", "END_OF_LINE", "column11", "朗之万动力学"):
        assert shown in text
    for hidden in ("SIDEBAR", "RUN THIS PAGE", "MOVING", "HIDDEN", "Start#"):
        assert hidden not in text


@pytest.mark.browser
@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_tiny_book_keeps_the_rules(gate: Callable[[Sheets], list[str]], sheets: Sheets) -> None:
    nothing_wrong(gate(sheets))


# ------------------------------------------------------------ planted defects, one at a time


@pytest.mark.browser
@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (r'<div class="math">\[ \frac{1} \]</div>', "Missing argument for"),
        (r'<div class="math">\[ \undefinedmacro \]</div>', "undefinedmacro"),
        ('<span class="math">no delimiters</span>', "not typeset: no delimiters"),
        ('<img src="absent.png" alt="Absent">', "no picture at"),
        ("<p style='width: 900px'>Broad.</p>", "stands beyond the margin: Broad."),
        ("<p style='margin-left: -9mm'>Left.</p>", "stands beyond the margin: Left."),
        ("<p style='margin-left: -400mm; width: 9mm'>Off.</p>", "stands beyond the margin: Off."),
        (f'<div class="math">\\[ {WIDE} + {WIDE} + {WIDE} \\]</div>', "<mjx-math"),
        ("<script>throw new Error('planted')</script>", "uncaught: planted"),
    ],
)
def test_a_bad_page_is_not_printed(browser: Browser, site: Path, markup: str, words: str) -> None:
    write_page(site, "book/spoilt", "<h1>Spoilt</h1>" + markup)
    with pytest.raises(Refused) as refused:
        make(browser, site, [Entry("book/spoilt", "", 0)], ABOUT)
    assert "book/spoilt: " in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.browser
def test_an_absent_page_is_named(browser: Browser, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"has no page book/start\.html"):
        make(browser, tmp_path, LISTED, ABOUT)


@pytest.mark.browser
def test_a_link_without_a_place_is_told(browser: Browser, site: Path) -> None:
    write_page(site, "book/astray", "<h1>Astray</h1><a href='start.html#nowhere'>there</a>")
    made = make(browser, site, [LISTED[0], Entry("book/astray", "", 0)], ABOUT)
    assert made.lost == ["book/astray: book/start#nowhere has no place on paper."]


class Plant(Protocol):
    def __call__(self, markup: str, left: str = ...) -> Sheets: ...


@pytest.fixture
def plant(browser: Browser, tmp_path: Path) -> Plant:
    """Print a text with no care at all."""

    def print_it(markup: str, left: str = "20mm") -> Sheets:
        page = browser.new_page()
        page.set_content(f"<meta charset='utf-8'><body>{markup}")
        page.pdf(path=tmp_path / "planted.pdf", format="A4", margin={"left": left}, tagged=True)
        page.close()
        return Sheets(tmp_path / "planted.pdf")

    return print_it


SOUND = "<p>A sound text with ∇ log p and 朗之万.</p>"


@pytest.mark.browser
@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_sound_sheet_passes(gate: Callable[[Sheets], list[str]], plant: Plant) -> None:
    assert gate(plant(SOUND)) == []


# A letter that no font has shows the empty box of the first font: an ordinary one, or MathJax's,
# whose glyphs Chromium draws as a font of type 3.


@pytest.mark.browser
@pytest.mark.parametrize(
    ("gate", "markup", "words"),
    [
        (gates_pdf.missing_glyphs, "Box \ue123\ue124.", "sheet 1: 2 letter(s)"),
        (gates_pdf.missing_glyphs, "<b style='opacity: .5'>Box \ue123.</b>", "1 letter(s)"),
        (gates_pdf.raw_formulas, r"So \(x\).", r"prints '\\('"),
        (gates_pdf.raw_formulas, r"So \frac{1}{2}.", r"prints '\\frac'"),
        (gates_pdf.raw_formulas, "Math Processing Error", "prints 'Math Processing Error'"),
        (gates_pdf.machine_links, "<a href='file:///tmp/x.html'>x</a>", "leads to file:"),
        (gates_pdf.machine_links, "<a href='http://127.0.0.1:8/x'>x</a>", "leads to http://127"),
        (gates_pdf.tags, f"<img {DOT}>", "Figure has no alternative text"),
    ],
)
def test_defect_on_paper_is_seen(
    gate: Callable[[Sheets], list[str]],
    markup: str,
    words: str,
    plant: Plant,
) -> None:
    found = gate(plant(SOUND + markup))
    assert found
    assert words in found[0]


@pytest.mark.browser
def test_letters_beyond_the_margin_are_seen(plant: Plant) -> None:
    assert "margin after 'A" in gates_pdf.beyond_margin(plant(SOUND, left="11mm"))[0]


@pytest.mark.browser
def test_font_that_is_not_embedded_is_seen(plant: Plant, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=plant(SOUND).path)
    fonts: Any = writer.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    inner = next(iter(fonts.values())).get_object()["/DescendantFonts"][0].get_object()
    descriptor = inner["/FontDescriptor"].get_object()
    for name in gates_pdf.FONT_FILES & descriptor.keys():
        del descriptor[NameObject(name)]
    writer.write(tmp_path / "bare.pdf")
    assert "is not embedded" in gates_pdf.fonts_outside(Sheets(tmp_path / "bare.pdf"))[0]


# ----------------------------------------------------------------------- without a browser


def test_contents_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "_toc.yml").write_text(TOC)
    assert entries(tmp_path / "_toc.yml") == LISTED


def test_citation_is_read() -> None:
    about = cited(ROOT / "CITATION.cff")
    assert about.title == "Scores and Langevin Dynamics"
    assert about.subtitle.startswith("An executable")
    assert about.authors


def test_contents_are_numbered_and_escaped() -> None:
    html = front(ABOUT, [(LISTED[0], "a < b", 1), (LISTED[1], "Long", 7)], "http://here/")
    assert '<a href="http://here/book/start.html">a &lt; b</a><i></i><span>1</span>' in html
    assert '<p class="part">Part A</p>' in html


@pytest.mark.parametrize("text", ['say "so"', "back\\slash", "</style>", "two\nlines"])
def test_heads_are_quoted_for_css(text: str) -> None:
    css = quoted(text)
    assert not set(css[1:-1]) & set('"\n<')
    unquoted = re.sub(r"\\([0-9a-f]{6})", lambda m: chr(int(m[1], 16)), css[1:-1])
    assert unquoted == text


def test_pages_are_linked_once_and_only_when_there_is_a_pdf(tmp_path: Path) -> None:
    (tmp_path / "chapters").mkdir()
    page = tmp_path / "chapters" / "one.html"
    page.write_text(f"<body>{make_pdf.SIDEBAR}</div>")
    (tmp_path / "plain.html").write_text("<body>")
    (tmp_path / make_pdf.NAME).write_bytes(b"%PDF")
    assert link_from_pages(tmp_path, 9, 1_000_000) == 1
    assert link_from_pages(tmp_path, 12, 2_000_000) == 1
    assert page.read_text().count("scorekit-book.pdf") == 1
    assert (
        '<a href="../scorekit-book.pdf">The whole book as PDF (12 pages, 2 MB)' in page.read_text()
    )
    assert gates_html.broken_links(gates_html.open_site(tmp_path)) == []
    (tmp_path / make_pdf.NAME).unlink()
    assert "leads to no file" in gates_html.broken_links(gates_html.open_site(tmp_path))[0]


# ------------------------------------------------------------------------------ the whole book


@pytest.fixture(scope="module")
def whole(
    browser: Browser, book: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Made]:
    """The book printed as `make pdf` does, in a copy whose pages may be written to."""
    folder = tmp_path_factory.mktemp("whole") / "html"
    shutil.copytree(book, folder)
    made = make(browser, folder, entries(ROOT / "_toc.yml"), cited(ROOT / "CITATION.cff"))
    (folder / make_pdf.NAME).write_bytes(made.pdf)
    return folder, made


def prose(page: Path) -> list[str]:
    """The paragraphs of a page that have no formula and are printed, without their white space."""
    article = BeautifulSoup(page.read_text("utf8"), "html.parser").article
    assert article is not None
    for absent in article.select("details.animation, .tag_hide-input .hide, .headerlink, script"):
        absent.decompose()
    found = [p for p in article.select("p, pre, h1, h2, td") if not p.select(".math, p")]
    return [text for p in found if (text := letters(p.get_text()))]


def letters(text: str) -> str:
    """A text without white space and without what pdfium makes of a hyphen at the end of a line."""
    return re.sub(r"[\s\u00ad\ufffe\x02-]+", "", text)


def headings(page: Path) -> list[str]:
    """The headings of a page and of its sections, those without a formula."""
    article = BeautifulSoup(page.read_text("utf8"), "html.parser").article
    assert article is not None
    for link in article.select(".headerlink"):
        link.decompose()
    return [letters(h.get_text()) for h in article.select("h1, h2") if not h.select(".math")]


def body(sheet: str, title: str) -> str:
    """The text of a sheet without its head, the page's title, and its foot, a number."""
    return re.sub(rf"^(?:{re.escape(title)})?\d+", "", letters(sheet))


def told(text: str, sheets: list[str]) -> bool:
    """A sheet has the text, or one ends it that another began. (Formulas come last on a sheet.)"""
    return any(text in sheet for sheet in sheets) or any(
        text[:cut] in one and text[cut:] in other
        for one, other in pairwise(sheets)
        for cut in range(1, len(text))
    )


@pytest.mark.browser
@pytest.mark.long
@pytest.mark.xdist_group("book")
def test_the_whole_book_on_paper(whole: tuple[Path, Made], book: Path, browser: Browser) -> None:
    folder, made = whole
    sheets = Sheets(folder / make_pdf.NAME)
    listed = entries(ROOT / "_toc.yml")
    reader = sheets.reader

    # Sheets: every chapter and exercise has what such a page needs, and nothing comes twice.
    before = made.sheets - sum(made.sheets_of.values())
    assert made.sheets == len(reader.pages) == len(sheets.texts)
    assert 2 <= before <= 4
    assert list(made.sheets_of) == [entry.name for entry in listed]
    for entry in listed:
        least, most = {"chapters": (10, 50), "exercises": (2, 15)}.get(
            entry.name.split("/")[0], (1, 120)
        )
        assert least <= made.sheets_of[entry.name] <= most, entry
    assert len(made.pdf) < 30_000_000

    # What the pages say, each on its own sheets.
    start, lacking = before, []
    for entry in listed:
        page = book / f"{entry.name}.html"
        own = sheets.texts[start : start + made.sheets_of[entry.name]]
        title = headings(page)[0]
        bodies = [body(text, title) for text in own]
        lacking += [f"{entry.name}: {text}" for text in prose(page) if not told(text, bodies)]
        start += made.sheets_of[entry.name]
    nothing_wrong(lacking)

    # The tags know every page's headings.
    kinds = [kind for kind, _ in tree_of(reader)]
    assert kinds.count("H1") == 1 + len(listed)
    pages = [
        BeautifulSoup((book / f"{e.name}.html").read_text("utf8"), "html.parser") for e in listed
    ]
    assert kinds.count("H2") == 1 + sum(len(page.select("article h2")) for page in pages)

    # The outline has every part, page and section, under the names that the pages give them.
    titles = [letters(title) for _, title, _ in outline_of(reader)]
    for entry in listed:
        assert letters(entry.part) in ["", *titles]
        named = headings(book / f"{entry.name}.html")
        assert [name for name in named if name not in titles] == []
        assert named

    assert made.lost == []
    assert "朗之万" in "".join(sheets.texts)
    for gate in GATES:
        nothing_wrong(gate(sheets))

    # The link to it, on every page; a reader of the pages meets no barrier there.
    assert link_from_pages(folder, made.sheets, len(made.pdf)) >= len(listed)
    nothing_wrong(gates_html.broken_links(gates_html.open_site(folder)))
    with served(folder) as home:
        loaded = gates_browser.load(browser, home, "book/introduction.html")
        assert loaded.page.locator(".book-pdf a").count() == 1
        nothing_wrong(gates_browser.accessibility(loaded))
        nothing_wrong(gates_browser.fits(loaded))
        loaded.page.close()
