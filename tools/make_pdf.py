"""Print the built book as one PDF and link it from every page.

    python -m tools.make_pdf _build/html

Chromium prints each page in the order of ``_toc.yml``; pypdf joins them. The PDF lies in the folder
of the book, so that whoever serves the pages serves it too. The link in the sidebar is written here
and not by Sphinx: a book built without a PDF has no link to one, and a new build takes it away.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools.browser import CHROMIUM, launch, served
from tools.pdf_contents import Book, Entry, cited, entries, front
from tools.pdf_merge import FRONT, Joined, add, finish, link_up, outline
from tools.pdf_print import Printed, Refused, on_paper, paper, printed

ROOT = Path(__file__).resolve().parents[1]
NAME = "scorekit-book.pdf"
# The end of the sidebar, as the theme writes it.
SIDEBAR = '<div class="sidebar-primary-items__end sidebar-primary__section">'
LINK = re.compile(r'<p class="book-pdf">.*?</p>', flags=re.S)


@dataclass(frozen=True)
class Made:
    """A printed book: its bytes, its sheets, those of each page, and links without a place."""

    pdf: bytes
    sheets: int
    sheets_of: dict[str, int]
    lost: list[str]


def print_front(browser: Browser, html: str) -> Printed:
    """The title page and contents, numbered in roman."""
    page = browser.new_page()
    try:
        page.set_content(html)
        page.add_style_tag(
            content="@page { size: A4; margin: 22mm 20mm }"
            + paper("Contents", 1, "lower-roman")
            + "@page :first { @bottom-center { content: none } }"
        )
        return Printed(FRONT, on_paper(page), [])
    finally:
        page.close()


def make(browser: Browser, html: Path, listed: list[Entry], about: Book) -> Made:
    """Print the book in a folder.

    Parameters
    ----------
    browser : Browser
    html : Path
        The built book.
    listed : list of Entry
        Its pages in reading order.
    about : Book

    Returns
    -------
    Made

    Raises
    ------
    Refused
        If a page is missing or cannot be printed as it should be; the text names every such page.
    """
    absent = [entry.name for entry in listed if not (html / f"{entry.name}.html").is_file()]
    if absent:
        raise Refused("\n".join(f"{html} has no page {name}.html" for name in absent))
    pages: dict[str, Printed] = {}
    refused: list[str] = []
    with served(html) as home:
        number, lines = 1, []
        for entry in listed:
            try:
                page = printed(browser, home, entry.name, number)
            except Refused as why:
                refused.append(str(why))
                continue
            pages[entry.name] = page
            lines.append((entry, page.title, number))
            number += page.sheets
        if refused:
            raise Refused("\n".join(refused))
        before = print_front(browser, front(about, lines, home))
    book = Joined(home)
    roman = add(book, before)
    sheets = {name: add(book, page) for name, page in pages.items()}
    link_up(book)
    book.writer.add_outline_item(title="Contents", page_number=min(1, roman - 1))
    outline(book, listed, pages)
    return Made(finish(book, about, roman), roman + sum(sheets.values()), sheets, book.lost)


def link_from_pages(html: Path, sheets: int, size: int) -> int:
    """Put a link to the PDF at the end of the sidebar of every page; returns how many have it."""
    count = 0
    for path in sorted(html.rglob("*.html")):
        text = LINK.sub("", path.read_text("utf8"))
        if "_static" in path.parts or text.count(SIDEBAR) != 1:
            continue
        away = os.path.relpath(html / NAME, path.parent).replace(os.sep, "/")
        words = f"The whole book as PDF ({sheets} pages, {size / 1e6:.0f} MB)"
        link = f'<p class="book-pdf"><a href="{away}">{words}</a></p>'
        path.write_text(text.replace(SIDEBAR, SIDEBAR + link), "utf8")
        count += 1
    return count


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("html", type=Path, help="the folder of the built book")
    html = parser.parse_args(arguments).html.resolve()
    if not os.access(CHROMIUM, os.X_OK):
        print(f"Printing needs Chromium at {CHROMIUM} (Debian: apt install chromium).")
        return 2
    started = time.perf_counter()
    try:
        with sync_playwright() as playwright:
            listed, about = entries(ROOT / "_toc.yml"), cited(ROOT / "CITATION.cff")
            made = make(launch(playwright), html, listed, about)
    except Refused as why:
        print(f"The book was not printed:\n{why}", file=sys.stderr)
        return 1
    (html / NAME).write_bytes(made.pdf)
    linked = link_from_pages(html, made.sheets, len(made.pdf))
    for text in made.lost:
        print(text)
    print(
        f"{html / NAME}: {made.sheets} pages, {len(made.pdf) / 1e6:.1f} MB,"
        f" {time.perf_counter() - started:.0f} s; linked from {linked} pages."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
