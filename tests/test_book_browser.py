"""Every page of the built book in a real browser, in light and dark, wide and narrow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from conftest import nothing_wrong
from playwright.sync_api import Browser, sync_playwright

from tools import gates_browser
from tools.gates_browser import Loaded
from tools.gates_html import open_site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("book")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = gates_browser.launch(playwright)
        yield started
        started.close()


@dataclass(frozen=True)
class Visits:
    """Everything found on every page, each page opened once from disk and once served."""

    pages: list[str]
    outside: list[str]
    console: list[str]
    math: list[str]
    accessibility: list[str]
    fits: list[str]


def visit(browser: Browser, found: Visits, home: str, name: str) -> None:
    loaded = gates_browser.load(browser, home, name)
    found.pages.append(name)
    found.outside.extend(loaded.outside)
    found.console.extend(loaded.console)
    found.math.extend(loaded.math)
    if home.startswith("http"):
        found.accessibility.extend(gates_browser.accessibility(loaded))
        found.fits.extend(gates_browser.fits(loaded))
    loaded.page.close()


# Every kind of page there is. The others are visited in the long tests.
OF_EACH_KIND = [
    "book/introduction.html", "book/conclusion.html", "book/api.html", "book/bibliography.html",
    "chapters/01_landscape.html", "exercises/01_landscape/exercise.html",
]  # fmt: skip


@pytest.fixture(
    scope="module", params=["of each kind", pytest.param("all", marks=pytest.mark.long)]
)
def visits(book: Path, browser: Browser, request: pytest.FixtureRequest) -> Visits:
    found = Visits([], [], [], [], [], [])
    # index.html only leads on to the first page.
    names = [p.name for p in open_site(book).pages.values() if p.name != "index.html"]
    assert set(OF_EACH_KIND) < set(names)
    names = names if request.param == "all" else OF_EACH_KIND
    with gates_browser.served(book) as home:
        for name in names:
            visit(browser, found, home, name)
            visit(browser, found, book.as_uri() + "/", name)
    return found


def test_every_page_is_visited_twice(visits: Visits) -> None:
    assert visits.pages.count("book/introduction.html") == 2
    assert visits.pages.count("chapters/01_landscape.html") == 2


def test_no_request_leaves_the_book(visits: Visits) -> None:
    nothing_wrong(visits.outside)


def test_console_is_silent(visits: Visits) -> None:
    nothing_wrong(visits.console)


def test_every_formula_is_set(visits: Visits) -> None:
    nothing_wrong(visits.math)


def test_accessible(visits: Visits) -> None:
    nothing_wrong(visits.accessibility)


def test_fits_the_column_and_a_telephone(visits: Visits) -> None:
    nothing_wrong(visits.fits)


def test_the_front_door_leads_in(book: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto((book / "index.html").as_uri())
    page.wait_for_url("**/book/introduction.html")
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chapters_checks_look_like_the_last_pages(
    book: Path, browser: Browser, theme: Literal["light", "dark"]
) -> None:
    """No light card in the dark, which is what the theme makes of a table in an output."""
    page, seen = browser.new_page(color_scheme=theme), []
    for name in ("chapters/01_landscape", "book/conclusion"):
        page.goto((book / f"{name}.html").as_uri())
        rows = page.locator("table.checks").first.locator("tr")
        looks = "e => { const s = getComputedStyle(e); return [s.backgroundColor, s.color] }"
        cells = [rows.nth(k).locator("th, td").first.evaluate(looks)[1] for k in range(3)]
        seen.append([[rows.nth(k).evaluate(looks)[0] for k in range(3)], cells])
        holder = page.locator(".text_html:has(table.checks)")
        assert [h.evaluate(looks)[0] for h in holder.all()] == ["rgba(0, 0, 0, 0)"] * holder.count()
    page.close()
    assert seen[0] == seen[1]
    assert len(set(seen[0][0])) == 2  # stripes


# ------------------------------------------------------------ planted defects, one at a time


@pytest.fixture(scope="module")
def workshop(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the book to spoil; its files are linked, so only new ones may be written."""
    folder = tmp_path_factory.mktemp("workshop") / "html"
    shutil.copytree(book, folder, copy_function=os.link)
    return folder


@pytest.fixture(scope="module")
def sound(workshop: Path) -> str:
    """The smallest page that has a formula."""
    texts = [p.path.read_text("utf8") for p in open_site(workshop).pages.values()]
    return min((text for text in texts if "tex-chtml.js" in text), key=len)


@pytest.fixture
def load(
    workshop: Path, sound: str, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Loaded]]:
    """Open a page with something planted at the end of its text, from disk unless served."""
    with gates_browser.served(workshop) as address:
        opened = []

        def plant(markup: str, served: bool = False) -> Loaded:
            # Two folders down, where the chapters and the other pages are one.
            spoilt = workshop / "book" / "planted.html"
            assert sound.count("</article>") == 1
            spoilt.write_text(sound.replace("</article>", markup + "</article>"), "utf8")
            home = address if served else workshop.as_uri() + "/"
            opened.append(gates_browser.load(browser, home, "book/planted.html"))
            return opened[-1]

        yield plant
        for loaded in opened:
            loaded.page.close()


@pytest.mark.parametrize("served", [False, True])
def test_sound_page_passes(load: Callable[..., Loaded], served: bool) -> None:
    loaded = load("", served)
    assert loaded.outside + loaded.console + loaded.math == []
    assert gates_browser.accessibility(loaded) + gates_browser.fits(loaded) == []


@pytest.mark.parametrize("served", [False, True])
def test_request_to_another_place_is_seen(load: Callable[..., Loaded], served: bool) -> None:
    loaded = load('<img src="https://example.org/a.png" alt="A planted picture">', served)
    assert loaded.outside == ["book/planted.html: asks for https://example.org/a.png"]


def test_request_above_the_folder_is_seen(load: Callable[..., Loaded]) -> None:
    loaded = load('<img src="../../above.png" alt="A planted picture">')
    assert len(loaded.outside) == 1
    assert loaded.outside[0].endswith("/above.png")


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<script>console.error('planted')</script>", "planted.html: planted"),
        ("<script>throw new Error('planted')</script>", "uncaught: planted"),
        ("<script>setTimeout(() => Promise.reject(Error('late')), 100)</script>", "late"),
        ('<script src="absent.js"></script>', "404"),
    ],
)
def test_console_error_is_seen(load: Callable[..., Loaded], markup: str, words: str) -> None:
    assert words in " ".join(load(markup, served=True).console)


def test_missing_file_is_seen_from_disk(load: Callable[..., Loaded]) -> None:
    assert "could not load" in " ".join(load('<script src="absent.js"></script>').console)


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (r'<div class="math notranslate">\[ \undefinedmacro \]</div>', "undefinedmacro"),
        (r'<div class="math notranslate">\[ \frac{1} \]</div>', "Missing argument for"),
        ('<span class="math notranslate">no delimiters</span>', "not typeset: no delimiters"),
    ],
)
def test_bad_formula_is_seen(load: Callable[..., Loaded], markup: str, words: str) -> None:
    found = load(markup).math
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ('<img src="../_static/file.png">', ["light: image-alt", "telephone: image-alt"]),
        ('<p style="color: #bbb; background: #fff">Pale.</p>', ["light: color-contrast"]),
        ('<p style="color: #333">Too dark at night.</p>', ["dark: color-contrast"]),
        (
            "<style>.p {display: none} @media (max-width: 500px) {.p {display: block}}</style>"
            "<button class='p'></button>",
            ["light on a telephone: button-name"],
        ),
        (
            "<details><summary>Solution</summary><p style='color: #ddd; background: #fff'>"
            "Hidden.</p></details>",
            ["light: color-contrast"],
        ),
        (
            '<div class="planted"><div class="highlight" style="background: #fff"><pre>'
            '<span class="k" style="color: #ddd">for</span></pre></div></div>',
            ["light: color-contrast"],
        ),
    ],
)
def test_barrier_is_seen(load: Callable[..., Loaded], markup: str, words: list[str]) -> None:
    found = gates_browser.accessibility(load(markup))
    assert found
    assert [word for word in words if word not in " ".join(found)] == []


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<div class='planted' style='width: 900px'>Wide.</div>", "<div class='planted'>"),
        (
            "<div style='overflow-x: hidden'><table class='planted' style='width: 900px'>"
            "<tr><td>Cut.</td></tr></table></div>",
            "cuts off <table class='planted'>",
        ),
    ],
)
def test_too_wide_is_seen(load: Callable[..., Loaded], markup: str, words: str) -> None:
    found = gates_browser.fits(load(markup))
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize("number", ["", '<span class="eqno">(1)</span>'])
def test_a_formula_wider_than_its_column_is_seen(load: Callable[..., Loaded], number: str) -> None:
    long = " + ".join(f"a_{{{k}}}" for k in range(40))
    formula = rf'<div class="math notranslate" style="overflow-x: auto">{number}\[ {long} \]</div>'
    found = gates_browser.fits(load(formula))
    assert "a formula is wider than its column" in found[0]
    assert gates_browser.fits(load(formula.replace(long, "a_1 + a_2"))) == []


def test_wide_but_scrolling_is_fine(load: Callable[..., Loaded]) -> None:
    table = "<table style='width: 900px'><tr><td>Long.</td></tr></table>"
    loaded = load(f"<div style='overflow-x: auto' tabindex='0'>{table}</div>")
    assert gates_browser.fits(loaded) == []
