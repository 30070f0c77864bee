"""Print pages of the built book, one PDF each, and say where each anchor and heading stands.

Chromium prints with the print rules of ``book/_static/book.css``. Before that, what is too wide for
paper is made smaller, folds are opened, and a page with a formula that MathJax rejected, a picture
that did not load or text beyond the margin is refused.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tools.browser import BAD_MATH, TYPESET, UNFOLD

# The width of the text on A4 with the margins of book.css, in CSS pixels.
TEXT_WIDTH, TEXT_HEIGHT = 642, 956
LOADED = """async () => {
  await document.fonts.ready;
  const pictures = [...document.images].filter(i => i.getClientRects().length);
  for (const picture of pictures) picture.loading = "eager";
  await Promise.allSettled(pictures.map(picture => picture.decode()));
  return pictures.filter(i => !i.naturalWidth).map(i => `no picture at ${i.src.slice(0, 100)}`);
}"""
# Formulas and tables wider than their place get a smaller type, but none too small to read.
FIT = """() => {
  const shrink = (what, width, room) => {
    if (width() <= room()) return;
    const size = parseFloat(getComputedStyle(what).fontSize);
    for (let tried = 1, share = 1; width() > room() + 0.5 && tried < 8; tried++) {
      share *= Math.min(0.98, room() / width());
      what.style.fontSize = `${Math.max(share, 0.5) * size}px`;
    }
  };
  for (const set of document.querySelectorAll("article mjx-container")) {
    const block = set.closest("div.math, p, li, dd, td, th, div");
    const drawn = set.querySelector("mjx-math");
    const number = block.querySelector(".eqno");
    if (set.closest("table") || !drawn) continue;
    shrink(set, () => drawn.getBoundingClientRect().width, () =>
      block.clientWidth - (number ? number.getBoundingClientRect().width + 8 : 0));
  }
  for (const table of document.querySelectorAll("article table")) {
    const box = table.parentElement;
    shrink(table, () => table.getBoundingClientRect().width, () => box.clientWidth);
  }
}"""
# What still stands beyond the text's width would be cut off, at the margin or the paper's edge.
BEYOND = """width => {
  const left = document.querySelector("article").getBoundingClientRect().left;
  const wide = e => {
    const place = e.getBoundingClientRect();
    const out = place.right > left + width + 2 || place.left < left - 2;
    return e.getClientRects().length && out;
  };
  // A formula is told once, not letter by letter.
  const last = e => e.tagName === "MJX-MATH" || ![...e.children].some(wide);
  return [...document.querySelectorAll("article *")]
    .filter(e => !e.parentElement.closest("mjx-math, mjx-assistive-mml, svg") && wide(e) && last(e))
    .map(e => `<${e.tagName.toLowerCase()} class='${e.getAttribute("class") ?? ""}'> ` +
      `stands beyond the margin: ${e.textContent.trim().slice(0, 60)}`);
}"""
# What the tags of the PDF (tools.pdf_tags) need. Chromium tags what an element itself paints, and
# MathJax paints through CSS: a formula becomes a picture with a background that nobody sees, and
# its TeX, marked as such, becomes the text that is read instead.
TEX = "TeX: "
SPOKEN = """mark => {
  for (const formula of window.MathJax?.startup?.document?.math ?? []) {
    const drawn = formula.typesetRoot;
    drawn.style.background = "rgba(255, 255, 255, 0.004)";
    drawn.setAttribute("role", "img");
    drawn.setAttribute("aria-label", mark + formula.math.trim());
  }
  for (const code of document.querySelectorAll("article pre")) code.setAttribute("role", "code");
}"""
# Chromium notes the places of those anchors only that a link of the same page leads to.
ANCHORS = """() => {
  const links = document.createElement("nav");
  links.style.display = "none";
  for (const { id } of document.querySelectorAll("article [id]")) {
    if (!id || id.startsWith("mjx") || id.startsWith("MJX")) continue;
    links.append(Object.assign(document.createElement("a"), { href: `#${encodeURI(id)}` }));
  }
  document.body.append(links);
}"""
# A heading as plain text: a formula in it is read from its MathML.
HEADINGS = """() => [...document.querySelectorAll("article :is(h1, h2)")].map(heading => {
  const copy = heading.cloneNode(true);
  for (const e of copy.querySelectorAll(".headerlink")) e.remove();
  for (const e of copy.querySelectorAll(".math")) {
    const spoken = e.querySelector("mjx-assistive-mml");
    if (spoken) e.replaceWith(spoken.textContent);
  }
  const text = copy.textContent.replace(/\\s+/g, " ").trim();
  const level = Number(heading.tagName[1]);
  return { level, text, anchor: heading.closest("section[id]")?.id ?? "" };
})"""


class Refused(Exception):
    """The book cannot be printed as it is; the text says why, a sentence a line."""


@dataclass(frozen=True)
class Heading:
    """A heading of a page: its level (1 or 2), plain text, and the anchor it stands at."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Printed:
    """One page of the book on paper."""

    name: str
    pdf: bytes
    headings: list[Heading]

    @cached_property
    def sheets(self) -> int:
        """How many sheets of paper it takes."""
        return len(PdfReader(io.BytesIO(self.pdf)).pages)

    @property
    def title(self) -> str:
        """Its first heading."""
        return next((h.text for h in self.headings if h.level == 1), self.name)


def quoted(text: str) -> str:
    """A text as a CSS string."""
    return '"' + "".join(f"\\{ord(c):06x}" if c in '"\\\n<' else c for c in text) + '"'


def paper(title: str, first: int, numbers: str = "decimal") -> str:
    """The head and foot of the sheets: the page's title, and numbers that begin at ``first``."""
    font = "font: 8.5pt sans-serif; color: #444;"
    return (
        f"@page {{ @top-left {{ content: {quoted(title)}; {font} }}"
        f" @bottom-center {{ content: counter(page, {numbers}); {font} }} }}"
        " @page :first { @top-left { content: none } }"
        f" html {{ counter-reset: page {first - 1} }} html, body {{ background: none }}"
    )


def opened(browser: Browser, address: str) -> tuple[Page, list[str]]:
    """Open an address as it will be printed; also returns what went wrong meanwhile."""
    page = browser.new_page(
        viewport={"width": TEXT_WIDTH, "height": TEXT_HEIGHT},
        color_scheme="light",
        reduced_motion="reduce",
    )
    wrong: list[str] = []
    page.on("requestfailed", lambda request: wrong.append(f"could not load {request.url}"))
    page.on("pageerror", lambda error: wrong.append(f"uncaught: {error}"))
    response = page.goto(address)
    if response is not None and not response.ok:
        wrong.append(f"the server says {response.status}")
    page.evaluate(TYPESET)
    page.wait_for_load_state("networkidle")
    page.emulate_media(media="print")
    page.evaluate(UNFOLD)
    wrong += page.evaluate(LOADED)
    return page, wrong + page.evaluate(BAD_MATH)


def on_paper(page: Page) -> bytes:
    """An open page as a PDF, by the size and margins of its print rules, with tags."""
    return page.pdf(prefer_css_page_size=True, print_background=True, tagged=True)


def printed(browser: Browser, home: str, name: str, first: int = 1) -> Printed:
    """Print a page of the book.

    Parameters
    ----------
    browser : Browser
    home : str
        Address of the built book, with its slash.
    name : str
        The page, as ``_toc.yml`` names it: without ``.html``.
    first : int
        Number of its first sheet.

    Raises
    ------
    Refused
        If something is missing, a formula is wrong, or something stands beyond the margin.
    """
    page, wrong = opened(browser, f"{home}{name}.html")
    try:
        if not page.query_selector("article"):
            raise Refused(f"{name}: has no <article> to print.")
        page.evaluate(FIT)
        wrong += page.evaluate(BEYOND, TEXT_WIDTH)
        if wrong:
            raise Refused("\n".join(f"{name}: {text}" for text in wrong))
        headings = [_heading(found) for found in page.evaluate(HEADINGS)]
        page.evaluate(ANCHORS)
        page.evaluate(SPOKEN, TEX)
        page.add_style_tag(content=paper(headings[0].text if headings else name, first))
        return Printed(name, on_paper(page), headings)
    finally:
        page.close()


def _heading(found: dict[str, Any]) -> Heading:
    return Heading(int(found["level"]), str(found["text"]), unquote(str(found["anchor"])))
