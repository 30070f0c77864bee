"""What the tests share: tools that may be missing, the one built book, a copy of the tree."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from live_site import Server, Site
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
# The tools are modules of the repository, not of the installed package.
sys.path.insert(0, str(ROOT))

CHROMIUM = "/usr/bin/chromium"


def nothing_wrong(found: list[str]) -> None:
    """Fail with all that a gate found, a sentence a line."""
    assert not found, "\n".join(["", *found])


# What a copy of the tree leaves behind: what no command of the book reads.
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "_build", "build", "dist", "node_modules", "*.egg-info",
    "__pycache__", ".*_cache", ".hypothesis", ".live-cache", ".ipynb_checkpoints",
)  # fmt: skip


def _bubblewrap_works() -> bool:
    """Installed is not enough: some machines forbid new namespaces."""
    command = ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"]
    return shutil.which("bwrap") is not None and (
        subprocess.run(command, check=False, capture_output=True).returncode == 0
    )


# Marker: whether the tool is here, and what to say if not.
NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "browser": (lambda: os.access(CHROMIUM, os.X_OK), f"there is no Chromium at {CHROMIUM}"),
    "box": (_bubblewrap_works, "bubblewrap is missing, or may not make a sandbox here"),
    "node": (lambda: shutil.which("node") is not None, "node is not installed"),
    "firefox": (lambda: shutil.which("firefox-esr") is not None, "firefox-esr is not installed"),
    "webkit": (
        lambda: all(map(shutil.which, ("WebKitWebDriver", "Xvfb"))),
        "WebKitWebDriver or Xvfb is not installed",
    ),
}


@functools.cache
def _present(marker: str) -> bool:
    return NEEDS[marker][0]()


@pytest.fixture(autouse=True)
def _required_tools(request: pytest.FixtureRequest) -> None:
    """Skip what cannot be tested here; fail instead if REQUIRE names it, as CI does."""
    for marker, (_, sentence) in NEEDS.items():
        if request.node.get_closest_marker(marker) is None or _present(marker):
            continue
        if marker in os.environ.get("REQUIRE", "").split():
            pytest.fail(f"REQUIRE names {marker}, but {sentence}.")
        pytest.skip(f"Not tested here: {sentence}.")


@pytest.fixture(scope="session")
def copy_tree(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that copies the repository's files into a new folder."""

    def copy(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name) / "tree"
        shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
        return folder

    return copy


def build_book(tree: Path) -> subprocess.CompletedProcess[str]:
    """Build the book in this tree, as strictly as `make book` does."""
    return subprocess.run(
        [
            Path(sys.executable).parent / "jupyter-book",
            *("build", tree, "-W", "-n", "--keep-going", "--all"),
        ],
        cwd=tree,
        # The packages that the reference documents are those of the tree, not of this repository.
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def site(copy_tree: Callable[[str], Path]) -> Site:
    """The book with two pages of trouble, and Python inside, under a sub-path of a site.

    Tests that use it belong to the xdist group "live", so that one worker builds it.
    """
    import live_site

    return live_site.build(copy_tree)


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    """A web server on this machine for that site, or for the one that a module has instead."""
    import live_site

    with live_site.serve(site.folder.parents[live_site.SUB_PATH.count("/")]) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the live pages."""
    from live_browser import ARGS
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield chromium
        chromium.close()


# What lies about in a tree that has been worked in: environments, caches, old builds, notes.
STRAY_PAGE = "# Stray\n\nSee {ref}`nowhere`.\n\n```{include} missing.txt\n```\n"
STRAY_NOTEBOOK = """{"cells": [{"cell_type": "code", "execution_count": null, "id": "a",
"metadata": {}, "outputs": [], "source": "1 / 0"}], "metadata": {"kernelspec": {"name":
"none", "display_name": "none"}}, "nbformat": 4, "nbformat_minor": 5}"""
STRAYS = {
    ".venv/lib/python3/site-packages/peer/README.md": STRAY_PAGE,
    ".venv/lib/python3/site-packages/peer/tests/stray.ipynb": STRAY_NOTEBOOK,
    ".pytest_cache/README.md": STRAY_PAGE,
    ".live-cache/package/README.md": STRAY_PAGE,
    "_build/html/old.md": STRAY_PAGE,
    "build/lib/scorekit/page.md": STRAY_PAGE,
    "tools/live/node_modules/peer/README.md": STRAY_PAGE,
    "chapters/.ipynb_checkpoints/01_landscape-checkpoint.ipynb": STRAY_NOTEBOOK,
    "scratch.ipynb": STRAY_NOTEBOOK,
    "notes.md": STRAY_PAGE,
}


def litter(tree: Path) -> None:
    """Leave in a tree what work leaves there."""
    for name, text in STRAYS.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture(scope="session")
def book(copy_tree: Callable[[str], Path]) -> Path:
    """The HTML of the book, built once, in a tree with everything lying about.

    Tests that use it belong to the xdist group "book", so that one worker builds it.
    """
    tree = copy_tree("book")
    litter(tree)
    result = build_book(tree)
    assert result.returncode == 0, result.stdout + result.stderr
    return tree / "_build" / "html"
