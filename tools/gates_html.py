"""Rules for the built HTML: links, anchors, ids, assets, alt texts, weight.

Each takes a site and returns plain sentences, none when nothing is wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HEAVIEST_PAGE = 1_500_000  # bytes: the HTML and its own images, without theme and MathJax
ADDRESS = {"a": "href", "link": "href"}  # every other element names its file in src
# What a browser fetches by itself when it opens a page; <a> and rel=canonical it does not.
FETCHED = {"audio", "embed", "iframe", "img", "input", "link", "script", "source", "track", "video"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))


@dataclass(frozen=True)
class Page:
    """One HTML file of the site."""

    path: Path
    name: str

    @cached_property
    def elements(self) -> list[tuple[str, dict[str, str]]]:
        """Every tag with its attributes, in order."""
        reader = _Reader()
        reader.feed(self.path.read_text("utf8"))
        return reader.elements

    @cached_property
    def ids(self) -> Counter[str]:
        """Every anchor and how often it occurs."""
        return Counter(attrs["id"] for _, attrs in self.elements if attrs.get("id"))

    def links(self) -> list[tuple[str, str]]:
        """Every element that names another file or anchor, with what it names."""
        found = []
        for tag, attrs in self.elements:
            address = attrs.get(ADDRESS.get(tag, "src"))
            if address and not (tag == "link" and attrs.get("rel") == "canonical"):
                found.append((tag, address))
        return found


@dataclass(frozen=True)
class Site:
    """A built book."""

    root: Path

    @cached_property
    def pages(self) -> dict[Path, Page]:
        """Its pages by path; what is under _static belongs to the theme and the live cells."""
        paths = [p for p in sorted(self.root.rglob("*.html")) if "_static" not in p.parts]
        return {p: Page(p, p.relative_to(self.root).as_posix()) for p in map(Path.resolve, paths)}


def open_site(root: Path) -> Site:
    """The site built in a folder."""
    return Site(root.resolve())


def broken_links(site: Site) -> list[str]:
    """Every link inside the book leads to a file that is there, and to an anchor in it."""
    found = []
    for page in site.pages.values():
        for _, address in page.links():
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = page.path
            if parts.path:
                target = (page.path.parent / unquote(parts.path)).resolve()
            if target.is_dir():
                target = target / "index.html"
            if not target.is_file() or not target.is_relative_to(site.root):
                found.append(f"{page.name}: {address} leads to no file of the book.")
                continue
            page_there = site.pages.get(target)
            if parts.fragment and page_there and unquote(parts.fragment) not in page_there.ids:
                found.append(f"{page.name}: {address} leads to no anchor.")
    return found


def duplicate_ids(site: Site) -> list[str]:
    """An id stands once on its page, or links to it and labels by it go astray."""
    return [
        f"{page.name}: the id {name!r} stands {count} times."
        for page in site.pages.values()
        for name, count in page.ids.items()
        if count > 1
    ]


def external_assets(site: Site) -> list[str]:
    """Nothing that a page shows or runs comes from another place."""
    found = [
        f"{page.name}: <{tag}> loads {address} from outside."
        for page in site.pages.values()
        for tag, address in page.links()
        if tag in FETCHED and _elsewhere(address)
    ]
    for sheet in sorted(site.root.rglob("*.css")):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf8"), flags=re.S)
        for address in re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')\s;]+)", text):
            if _elsewhere(address):
                found.append(f"{sheet.relative_to(site.root)}: loads {address} from outside.")
    return found


def _elsewhere(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def missing_alt(site: Site) -> list[str]:
    """Every image says in words what it shows. The name of a file says nothing."""
    found = []
    for page in site.pages.values():
        for tag, attrs in page.elements:
            if tag != "img":
                continue
            alt = attrs.get("alt", "").strip()
            if not alt or re.fullmatch(r"\S+\.\w{2,5}", alt):
                found.append(f"{page.name}: {_short(attrs.get('src', ''))} has alt text {alt!r}.")
    return found


def _short(address: str) -> str:
    return address if len(address) < 80 else address[:77] + "..."


def heavy_pages(site: Site) -> list[str]:
    """A page and its own images load quickly on a slow line."""
    found = []
    for page in site.pages.values():
        shown = {
            (page.path.parent / unquote(urlsplit(address).path)).resolve()
            for tag, address in page.links()
            if tag in {"img", "source", "video"} and not urlsplit(address).scheme
        }
        own = [path for path in shown if path.is_file() and "_static" not in path.parts]
        weight = sum(path.stat().st_size for path in [page.path, *own])
        if weight > HEAVIEST_PAGE:
            found.append(f"{page.name}: weighs {weight / 1e6:.2f} MB with its images.")
    return found
