"""Pages opened as notebooks in JupyterLite, in Chromium; nothing may leave this machine."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import live_site
import numpy as np
import other_browsers
import pytest
from conftest import ROOT
from live_browser import CDN, MINUTE, Cdn, watched
from live_site import SUB_PATH, Server, Site
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from scorekit.priors import load_prior
from tools import lite_site, pyodide_site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.node,
    pytest.mark.long,
    pytest.mark.xdist_group("book"),
]

# jupyterlab-myst knows one page only: what a term or a citation leads to is elsewhere. And it
# remarks on letters that its fonts lack, which are shown.
KNOWN = re.compile("Cross reference target was not found|unknownSymbol")
CHAPTER = "chapters/01_landscape"
EXERCISE = "exercises/01_landscape/exercise"


@pytest.fixture(scope="module")
def site(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The book under a sub-path with Python and notebooks in it."""
    pyodide = live_site.pyodide_folder()
    folder = tmp_path_factory.mktemp("www") / SUB_PATH
    shutil.copytree(book, folder)
    cdn_config = (folder / "_static" / "live" / "live.json").read_text()
    pyodide_site.install(folder, pyodide)
    lite_site.install(folder, lite_site.kernel_wheels())
    return Site(folder, cdn_config, pyodide)


@contextmanager
def clean(browser: Browser, elsewhere: str = "") -> Iterator[BrowserContext]:
    """A browser of its own; afterwards nothing may have left, or be on the console."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(MINUTE)
    if elsewhere:  # Playwright cannot answer what goes through a service worker: have none
        context.add_init_script("delete Navigator.prototype.serviceWorker")
    outside, errors = watched(context, "error")
    yield context
    context.close()
    assert [url for url in outside if not (elsewhere and url.startswith(elsewhere))] == []
    assert [text for text in errors if not KNOWN.match(text)] == []


def open_notebook(context: BrowserContext, server: Server, name: str) -> Page:
    """Follow a page's link, and take away the stored outputs."""
    page = context.new_page()
    page.goto(f"{server.root}/{SUB_PATH}/{name}.html")
    with context.expect_page() as opened:
        page.get_by_role("link", name="Open as notebook").click()
    lab = opened.value
    lab.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    lab.get_by_role("menuitem", name="Edit", exact=True).click()
    lab.get_by_role("menuitem", name="Clear Outputs of All Cells", exact=True).click()
    expect(lab.locator(".jp-OutputArea-output")).to_have_count(0)
    return lab


def write_first(lab: Page, code: str) -> Locator:
    """Write the first code cell anew and run it; return the cell."""
    cell = lab.locator(".jp-CodeCell").first
    cell.locator(".cm-content").click()
    lab.keyboard.press("Control+A")
    lab.keyboard.insert_text(code)
    lab.keyboard.press("Control+Enter")
    return cell


def ran(cell: Locator) -> Locator:
    """Wait until a cell has ended; return what it printed and drew."""
    expect(cell.locator(".jp-InputPrompt").first).to_have_text(
        re.compile(r"\[\d+\]"), timeout=4 * MINUTE
    )
    return cell.locator(".jp-OutputArea-output")


def cell_with(lab: Page, text: str) -> Locator:
    return lab.locator(".jp-CodeCell").filter(has_text=text).first


def test_every_page_with_code_links_to_a_notebook_that_is_there(site: Site) -> None:
    found = lite_site.pages(site.folder)
    assert {CHAPTER, EXERCISE} <= found.keys()
    for name in found:
        html = (site.folder / f"{name}.html").read_text("utf-8")
        (address,) = re.findall(r'class="lite-link" href="([^"]+)"', html)
        page, _, notebook = address.partition("?path=")
        assert ((site.folder / name).parent / page).resolve().is_file()
        assert (site.folder / "lite" / "files" / notebook).is_file()


def test_nothing_is_loaded_before_the_reader_asks(
    browser: Browser, site: Site, server: Server
) -> None:
    server.asked.clear()
    with clean(browser) as context:
        page = context.new_page()
        page.goto(f"{server.root}/{SUB_PATH}/{EXERCISE}.html", wait_until="networkidle")
        expect(page.locator(".live-bar").get_by_role("link")).to_have_text("Open as notebook")
    assert not any("/lite/" in path for path in server.asked)


def test_a_chapter(browser: Browser, site: Site, server: Server) -> None:
    server.asked.clear()
    with clean(browser) as context:
        lab = open_notebook(context, server, CHAPTER)
        cell = lab.locator(".jp-CodeCell").first
        cell.locator(".cm-content").click()
        for _ in range(6):  # texts between the code cells are passed over
            lab.keyboard.press("Shift+Enter")
        numbers = ran(cell_with(lab, "from scipy.integrate import quad"))
        # 2π times the integral of r exp(-(r - R)²/2w²), on a grid of its own here.
        r = np.linspace(0, 10, 1_000_001)
        z = np.trapezoid(2 * np.pi * r * np.exp(-((r - 1.3) ** 2) / (2 * 0.6**2)), r)
        digits = f"{z:.9f}"[:-1]
        expect(numbers).to_contain_text(f"Z, closed form          {digits}")
        expect(numbers).to_contain_text(f"Z, quadrature           {digits}")
        text = lab.locator(".jp-Notebook").first.inner_text()
        assert "Predict" in text
        assert re.findall(r":::|```\{|\{(?:eq|term|cite:[tp])\}", text) == []  # no mark is left raw
        figure = ran(cell_with(lab, "energy_cut")).locator("img")
        assert figure.evaluate("image => image.naturalWidth") > 300
    asked = {path.rpartition("/")[2].split("?")[0] for path in server.asked}
    # Each file of Python is the pages' own, and comes once.
    assert {"pyodide.asm.wasm", "pyodide-lock.json"} <= asked
    wasm = [path for path in server.asked if path.endswith("pyodide.asm.wasm")]
    assert wasm == [f"/{SUB_PATH}/_static/live/pyodide/pyodide.asm.wasm"]
    assert not any(name.startswith("scikit_learn") for name in asked)


def test_stored_data_comes_when_it_is_opened(browser: Browser, site: Site, server: Server) -> None:
    code = (
        "from scorekit import data\n"
        "from scorekit.priors import load_prior\n"
        "print(len(data.digits()[0]), load_prior('digits').rows['test'].sum())\n"
    )
    total = load_prior("digits").rows["test"].sum()
    config = json.loads(site.cdn_config)
    (prior,) = (entry for entry in config["data"] if entry["path"].endswith("digits_prior.npz"))
    server.asked.clear()
    with clean(browser) as context:
        lab = open_notebook(context, server, "chapters/04_inverse_problems")
        assert not any(path.endswith(prior["url"]) for path in server.asked)
        expect(ran(write_first(lab, code))).to_have_text(f"1797 {total}")
    assert any(path.endswith(prior["url"]) for path in server.asked)


def test_an_exercise_is_checked(browser: Browser, site: Site, server: Server) -> None:
    master = live_site.code_cells(ROOT / "exercises" / "01_landscape" / "master.ipynb")
    answer = next(code for code in master if code.startswith("def mixture_score"))
    with clean(browser) as context:
        lab = open_notebook(context, server, EXERCISE)
        start = lab.locator(".jp-CodeCell").first
        start.locator(".cm-content").click()
        lab.keyboard.press("Control+Enter")
        ran(start)
        answers = cell_with(lab, "def mixture_score")
        check = cell_with(lab, 'check("q1")')
        for wrong, verdict in ((True, r"\d of \d checks pass"), (False, r"all \d+ checks pass")):
            answers.locator(".cm-content").click()
            lab.keyboard.press("Control+A")
            lab.keyboard.insert_text(answer.replace("return", "return 2 *") if wrong else answer)
            lab.keyboard.press("Control+Enter")
            ran(answers)
            check.locator(".cm-content").click()
            lab.keyboard.press("Control+Enter")
            expect(check.locator(".jp-OutputArea-output")).to_have_text(re.compile(verdict))
    assert not any(path.endswith(("mutants.py", "master.ipynb")) for path in server.asked)


@pytest.mark.firefox
def test_a_cell_runs_in_firefox(site: Site, server: Server) -> None:
    with other_browsers.firefox() as firefox:
        firefox.goto(f"{server.root}/{SUB_PATH}/{CHAPTER}.html")
        firefox.goto(firefox.js("return document.querySelector('.lite-link').href"))

        def writing() -> bool:  # the cells are drawn anew while the notebook opens
            firefox.press(selector=".jp-CodeCell .cm-content")
            return bool(firefox.js("return document.activeElement.matches('.cm-content')"))

        other_browsers.wait_for(writing, lambda: "the first cell takes no text")
        editor = firefox.js("return document.activeElement")
        code = f"import numpy as np{other_browsers.ENTER}print(np.arange(5).sum())"
        run = other_browsers.CONTROL + other_browsers.ENTER
        firefox.type(editor, f"{other_browsers.CONTROL}a", code, run)
        output = "document.querySelector('.jp-CodeCell .jp-OutputArea-output')?.textContent"
        firefox.until(f"{output}?.trim() === '10'", seconds=4 * other_browsers.MINUTE)


def test_the_public_address(browser: Browser, site: Site, server: Server) -> None:
    with clean(browser, elsewhere=CDN) as context:
        cdn = Cdn(context, site)
        lab = open_notebook(context, server, CHAPTER)
        cell = write_first(lab, "import numpy as np\nprint(np.arange(4).sum())")
        expect(ran(cell)).to_have_text("6")
    assert {"pyodide.mjs", "pyodide.asm.wasm", "pyodide-lock.json"} <= cdn.served
    assert any(name.startswith("numpy-") for name in cdn.served)
    # What the kernel needs beside that comes with the book.
    assert not any(name.startswith(("ipython", "micropip")) for name in cdn.served)


@pytest.mark.parametrize("changed", ["asm.mjs", "numpy-"])
def test_a_changed_byte_is_refused_and_the_reader_told(
    browser: Browser, site: Site, server: Server, changed: str
) -> None:
    with browser.new_context() as context:
        context.add_init_script("delete Navigator.prototype.serviceWorker")
        cdn = Cdn(context, site)
        cdn.changed = changed
        lab = open_notebook(context, server, CHAPTER)
        cell = write_first(lab, "import numpy\nprint(numpy.arange(4).sum())")
        words = "is not the one this book was made with"
        told = (
            lab.get_by_role("alert")
            if changed == "asm.mjs"
            else ran(cell).filter(has_text=words).first
        )
        expect(told).to_contain_text(words, timeout=2 * MINUTE)
        assert any(changed in name for name in cdn.served)


def test_a_page_opened_as_a_file_says_what_to_do(browser: Browser, site: Site) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((site.folder / f"{CHAPTER}.html").as_uri())
        page.get_by_role("link", name="Open as notebook").click()
        expect(page.get_by_role("status")).to_contain_text("Serve the folder")
        assert len(context.pages) == 1
