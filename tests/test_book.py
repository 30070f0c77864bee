"""The book builds strictly in a littered tree, and its HTML keeps the rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, build_book, litter, nothing_wrong

from tools import gates_html
from tools.gates_html import Site

pytestmark = pytest.mark.xdist_group("book")
Gate = Callable[[Site], list[str]]
GATES: list[Gate] = [
    gates_html.broken_links,
    gates_html.duplicate_ids,
    gates_html.external_assets,
    gates_html.missing_alt,
    gates_html.heavy_pages,
]


def test_every_page_of_the_contents_is_built(book: Path) -> None:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())

    def files(entry: object) -> list[str]:
        if isinstance(entry, dict):
            own = [entry["file"]] if "file" in entry else []
            return own + [f for value in entry.values() for f in files(value)]
        return [f for item in entry for f in files(item)] if isinstance(entry, list) else []

    named = [contents["root"], *files(contents)]
    assert len(named) > 5
    assert [name for name in named if not (book / f"{name}.html").is_file()] == []


def test_nothing_lying_about_is_published(book: Path) -> None:
    names = {path.name for path in book.rglob("*") if path.is_file()}
    assert not names & {"notes.html", "scratch.html", "scratch.ipynb", "stray.html", "old.html"}


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_html(book: Path, gate: Gate) -> None:
    nothing_wrong(gate(gates_html.open_site(book)))


# --------------------------------------------------------------------- the strict build fails


@pytest.fixture(scope="module")
def tiny_tree(copy_tree: Callable[[str], Path]) -> Path:
    """A tree whose book is a single page."""
    return copy_tree("tiny")


def build_page(tree: Path, text: str) -> tuple[int, str]:
    (tree / "_toc.yml").write_text("format: jb-book\nroot: page\n")
    (tree / "page.md").write_text(text)
    result = build_book(tree)
    return result.returncode, result.stdout + result.stderr


def test_a_sound_page_builds(tiny_tree: Path) -> None:
    code, said = build_page(tiny_tree, "# Page\n\nSound.\n")
    assert code == 0, said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("See {ref}`nowhere`.", "undefined label: 'nowhere'"),
        ("```{include} missing.txt\n```", "missing.txt"),
        ("See [there](missing.md).", "missing.md"),
        ("See {eq}`nowhere`.", "equation not found: nowhere"),
        ("See {cite}`nobody2020`.", 'could not find bibtex key "nobody2020"'),
    ],
    ids=["label", "include", "page", "equation", "citation"],
)
def test_a_broken_page_does_not_build(tiny_tree: Path, text: str, words: str) -> None:
    code, said = build_page(tiny_tree, f"# Page\n\n{text}\n")
    assert code != 0
    assert words in said


def test_litter_would_break_an_unguarded_build(copy_tree: Callable[[str], Path]) -> None:
    """Without the lines of the configuration that keep it out, the same litter is found."""
    tree = copy_tree("unguarded")
    litter(tree)
    config = tree / "_config.yml"
    settings = yaml.safe_load(config.read_text())
    settings.pop("exclude_patterns")
    settings["only_build_toc_files"] = False
    config.write_text(yaml.safe_dump(settings))
    code, said = build_page(tree, "# Page\n\nSound.\n")
    assert code != 0
    assert ".pytest_cache/README.md" in said


# ------------------------------------------------------------ planted defects, one at a time

GOOD = """<!DOCTYPE html><html lang="en"><head><link rel="canonical" href="https://example.org/">
<link rel="stylesheet" href="_static/book.css"></head><body>
<h1 id="top">Page</h1> <a href="other.html#there">other</a> <a href="#top">up</a>
<a href="https://example.org/">away</a> <img src="_images/walk.png" alt="A walk on a line">
</body></html>"""


def write_site(
    folder: Path, page: str = GOOD, other: str = '<p id="there">', css: str = ""
) -> Site:
    for name in ("_static", "_images"):
        (folder / name).mkdir()
    (folder / "_static" / "book.css").write_text(f"/* https://example.org */ p {{}} {css}")
    (folder / "_images" / "walk.png").write_bytes(b"png")
    (folder / "page.html").write_text(page)
    (folder / "other.html").write_text(other)
    return gates_html.open_site(folder)


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_good_site_passes(gate: Gate, tmp_path: Path) -> None:
    assert gate(write_site(tmp_path)) == []


DEFECTS: list[tuple[Gate, str, str, str]] = [
    (gates_html.broken_links, "other.html#there", "absent.html", "absent.html leads to no file"),
    (gates_html.broken_links, "other.html#there", "../../etc/hosts", "leads to no file of the"),
    (gates_html.broken_links, "#there", "#nowhere", "other.html#nowhere leads to no anchor"),
    (gates_html.broken_links, "#top", "#bottom", "#bottom leads to no anchor"),
    (gates_html.broken_links, "_images/walk.png", "_images/run.png", "run.png leads to no file"),
    (gates_html.duplicate_ids, "<a ", '<a id="top" ', "'top' stands"),
    (gates_html.external_assets, "_static/book.css", "https://example.org/a.css", "<link> loads"),
    (gates_html.external_assets, "_images/walk.png", "//example.org/a.png", "<img> loads"),
    (gates_html.external_assets, "</body>", '<script src="https://example.org/a.js">', "<script>"),
    (gates_html.missing_alt, ' alt="A walk on a line"', "", "walk.png has alt text ''"),
    (gates_html.missing_alt, "A walk on a line", " ", "has alt text ''"),
    (gates_html.missing_alt, "A walk on a line", "_images/walk.png", "alt text '_images/walk.png'"),
    (gates_html.heavy_pages, "</body>", "x" * 1_600_000, "weighs 1.60 MB"),
]


@pytest.mark.parametrize(
    ("gate", "old", "new", "words"),
    DEFECTS,
    ids=[f"{gate.__name__}-{number}" for number, (gate, *_) in enumerate(DEFECTS)],
)
def test_html_defect_is_seen(gate: Gate, old: str, new: str, words: str, tmp_path: Path) -> None:
    assert old in GOOD
    found = gate(write_site(tmp_path, GOOD.replace(old, new)))
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    "css",
    ["@import 'https://example.org/a.css';", "p {background: url(https://example.org/a.png)}"],
)
def test_external_style_is_seen(css: str, tmp_path: Path) -> None:
    assert "_static/book.css: loads" in gates_html.external_assets(write_site(tmp_path, css=css))[0]


def test_heavy_images_are_seen(tmp_path: Path) -> None:
    site = write_site(tmp_path)
    (tmp_path / "_images" / "walk.png").write_bytes(b"x" * 1_600_000)
    assert "page.html: weighs 1.60 MB" in gates_html.heavy_pages(site)[0]


def test_every_html_gate_has_a_planted_defect() -> None:
    assert {gate for gate, *_ in DEFECTS} == set(GATES)
