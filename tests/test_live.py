"""The live pages in Chromium: everything is served from this machine, nothing may leave it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import live_site
import matplotlib
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import CHROMIUM, ROOT
from live_site import OUTPUTS, SUB_PATH, TROUBLE, Server, Site
from matplotlib.figure import Figure
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.xdist_group("live")]

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    # A site on another host without https, where browsers offer pages less.
    "--host-resolver-rules=MAP plain.test 127.0.0.1",
]  # fmt: skip
HOSTS = re.compile(r"(http://(127\.0\.0\.1|plain\.test):\d+/|data:|blob:)")
CDN = "https://cdn.jsdelivr.net/"
MINUTE = 60_000
expect.set_options(timeout=MINUTE)
ENDLESS = 8  # the number of the cell of TROUBLE that never ends


@pytest.fixture(scope="module")
def site(copy_tree: Callable[[str], Path]) -> Site:
    return live_site.build(copy_tree)


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    top = site.folder
    for _ in SUB_PATH.split("/"):
        top = top.parent
    with live_site.serve(top) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@contextmanager
def clean(browser: Browser, ignore: str = "") -> Iterator[Page]:
    """A page of its own; afterwards nothing may have left this machine, or be on the console."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    # Browsers ask for this by themselves when a page names no icon.
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    outside: list[str] = []
    errors: list[str] = []
    context.on("request", lambda r: HOSTS.match(r.url) or outside.append(r.url))
    context.on("console", lambda m: m.type in ("error", "warning") and errors.append(m.text))
    context.on("response", lambda r: r.status >= 400 and errors.append(f"{r.status} {r.url}"))
    context.on("weberror", lambda e: errors.append(str(e.error)))
    page = context.new_page()
    page.set_default_timeout(MINUTE)
    yield page
    context.close()
    if ignore:
        outside = [url for url in outside if not url.startswith(CDN)]
        errors = [text for text in errors if not re.search(ignore, text)]
    assert outside == []
    assert errors == []


def live(page: Page, server: Server, name: str = TROUBLE, root: str = "") -> Page:
    """Open a page and make it live."""
    page.goto(f"{root or server.root}/{SUB_PATH}/{name}.html")
    page.get_by_role("button", name="Run this page").click()
    expect(status(page)).to_contain_text("Python is ready")
    return page


def status(page: Page) -> Locator:
    return page.locator(".live-status")


def output(page: Page, number: int) -> Locator:
    return page.get_by_role("group", name=f"Output of cell {number}", exact=True)


def editor(page: Page, number: int) -> Locator:
    return page.get_by_role("textbox", name=f"Code of cell {number}", exact=True)


def state(page: Page, number: int) -> Locator:
    tools = page.locator(".live-tools", has_text=re.compile(rf"^Cell {number}Run"))
    return tools.locator(".live-state")


def run(page: Page, number: int, expected: str = "done in") -> Locator:
    page.get_by_role("button", name=f"Run cell {number}", exact=True).click()
    expect(state(page, number)).to_contain_text(expected)
    return output(page, number)


def write(page: Page, number: int, code: str) -> None:
    editor(page, number).click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)


def test_nothing_is_loaded_before_the_reader_asks(
    browser: Browser, site: Site, server: Server
) -> None:
    server.asked.clear()
    with clean(browser) as page:
        page.goto(f"{server.root}/{SUB_PATH}/{TROUBLE}.html", wait_until="networkidle")
        expect(page.get_by_role("button", name="Run this page")).to_be_visible()
    asked = {path.split("?")[0] for path in server.asked if "/live/" in path}
    assert asked == {f"/{SUB_PATH}/_static/live/live.{kind}" for kind in ("js", "css")}


def test_a_page_without_code_has_no_bar(browser: Browser, site: Site, server: Server) -> None:
    with clean(browser) as page:
        page.goto(f"{server.root}/{SUB_PATH}/book/notation.html", wait_until="load")
        assert page.locator("h1").count() >= 1
        assert page.locator(".live-bar").count() == 0


def test_hidden_and_removed_cells_run_first(browser: Browser, site: Site, server: Server) -> None:
    with clean(browser) as page:
        live(page, server)
        expect(run(page, 4)).to_have_text("sum 6")
        expect(output(page, 2)).to_have_text("removed input, b is 2")
        expect(page.get_by_text("stored b")).to_be_hidden()
        expect(status(page)).to_contain_text("Cell 4: sum 6")


def test_edit_run_original_code_and_stored_outputs(
    browser: Browser, site: Site, server: Server
) -> None:
    with clean(browser) as page:
        live(page, server)
        stored = page.get_by_role("button", name="Stored outputs")
        run(page, 4)
        write(page, 4, "print('changed', a)")
        page.keyboard.press("Shift+Enter")
        expect(output(page, 4)).to_have_text("changed 1")
        expect(editor(page, 5)).to_be_focused()

        stored.click()
        expect(page.get_by_text("stored sum")).to_be_visible()
        expect(page.locator("pre", has_text="print('sum', a + b + c)")).to_be_visible()
        expect(output(page, 4)).to_have_count(0)
        expect(page.locator(".live-editor:visible")).to_have_count(0)

        stored.click()
        expect(output(page, 4)).to_have_text("changed 1")
        expect(editor(page, 4)).to_have_text("print('changed', a)")
        page.get_by_role("button", name="Original code of cell 4").click()
        expect(editor(page, 4)).to_have_text("print('sum', a + b + c)")
        expect(page.get_by_role("button", name="Original code of cell 4")).to_be_hidden()


def test_outputs(browser: Browser, site: Site, server: Server) -> None:
    server.asked.clear()
    with clean(browser) as page:
        image = run(live(page, server, OUTPUTS), 2).get_by_role("img")
        expect(image).to_have_attribute("alt", "A line that rises")
        size = image.evaluate("image => [image.naturalWidth, image.naturalHeight]")

        shown = run(page, 3)
        expect(shown.locator("em")).to_have_text("rich")
        expect(shown.locator("mjx-container")).to_have_count(1)
        expect(shown.locator("mjx-merror")).to_have_count(0)
        assert shown.get_by_role("img").evaluate("image => image.naturalWidth") == 5
        expect(shown).to_contain_text("array([0, 1, 2])")

        # SciPy comes when a function of scorekit wants it, and not before.
        assert not any("scipy" in path for path in server.asked)
        expect(run(page, 4)).to_have_text("1 point")
        assert any("scipy" in path for path in server.asked)
        assert not any("scikit" in path for path in server.asked)

        flood = run(page, 5).inner_text()
        assert len(flood) < 250_000
        assert "left out" in flood
    # The figure is as large as a notebook stores it.
    figure = Figure(figsize=(4, 3))
    figure.subplots().plot([0, 1], [0, 1])
    out = io.BytesIO()
    figure.savefig(out, dpi=figure.dpi, bbox_inches="tight")
    wanted = matplotlib.image.imread(io.BytesIO(out.getvalue())).shape
    # Another version of Matplotlib may place its labels a little differently.
    assert size == pytest.approx([wanted[1], wanted[0]], abs=5)


def test_errors_name_the_line_and_nothing_of_ours(
    browser: Browser, site: Site, server: Server
) -> None:
    with clean(browser) as page:
        live(page, server)
        error = run(page, 5, "error")
        assert error.inner_text().strip() == (
            "NameError: name 'undefined_name' is not defined\n"
            "  cell 5, line 5:\n    half(2)\n"
            "  cell 5, line 2, in half:\n    return undefined_name / 2"
        )
        expect(status(page)).to_contain_text("Error in cell 5")
        expect(run(page, 6, "error")).to_contain_text("In cell 6, line 1:")
        expect(output(page, 6)).to_contain_text("SyntaxError")
        wrong = run(page, 7, "error")
        expect(wrong).to_contain_text("cell 7, line 1:")
        expect(wrong).not_to_contain_text("live_runtime")


def test_the_queue_stops_at_an_error(browser: Browser, site: Site, server: Server) -> None:
    with clean(browser) as page:
        live(page, server).get_by_role("button", name="Run all").click()
        expect(state(page, 5)).to_have_text("error")
        expect(state(page, 4)).to_contain_text("done in")
        expect(state(page, ENDLESS)).to_have_text("not run")


def test_an_endless_loop_is_stopped_and_edits_are_kept(
    browser: Browser, site: Site, server: Server
) -> None:
    with clean(browser) as page:
        live(page, server)
        run(page, 4)
        for number in (5, 6, 7):
            write(page, number, f"edited = {number}")
        page.get_by_role("button", name=f"Run cell {ENDLESS}").click()
        expect(output(page, ENDLESS)).to_contain_text("begun")
        page.get_by_role("button", name="Stop").click()
        expect(status(page)).to_contain_text("ready again")
        expect(state(page, ENDLESS)).to_have_text("stopped")
        expect(output(page, ENDLESS)).to_have_text("begun")
        expect(editor(page, 6)).to_have_text("edited = 6")
        # The new Python knows nothing: the cells above run again.
        run(page, 6)
        expect(state(page, 4)).to_contain_text("done in")


def test_restart_forgets_variables_and_keeps_edits(
    browser: Browser, site: Site, server: Server
) -> None:
    with clean(browser) as page:
        live(page, server)
        write(page, 4, "kept = 'kept' in globals()\nprint(kept)")
        expect(run(page, 4)).to_have_text("False")
        expect(run(page, 4)).to_have_text("True")
        page.get_by_role("button", name="Restart").click()
        expect(status(page)).to_contain_text("ready again")
        expect(editor(page, 4)).to_contain_text("kept = 'kept' in globals()")
        expect(run(page, 4)).to_have_text("False")


def test_an_exercise_is_checked_in_the_page(browser: Browser, site: Site, server: Server) -> None:
    folder = ROOT / "exercises" / "01_landscape"
    sources = live_site.code_cells(folder / "exercise.ipynb")
    number = next(i for i, code in enumerate(sources, 1) if code.startswith('check("'))
    answer = live_site.code_cells(folder / "master.ipynb")[number - 2]
    with clean(browser) as page:
        live(page, server, "exercises/01_landscape/exercise")
        expect(run(page, number)).to_contain_text("0 of")
        write(page, number - 1, answer.replace("return", "return 2 *"))
        run(page, number - 1)
        expect(run(page, number)).to_have_text(re.compile(r"\d of \d checks pass; (?!.*written)"))
        write(page, number - 1, answer)
        run(page, number - 1)
        expect(run(page, number)).to_have_text(re.compile(r"all \d+ checks pass"))
    assert not any(path.endswith("mutants.py") for path in server.asked)


def test_keyboard_only(browser: Browser, site: Site, server: Server) -> None:
    def tab_to(page: Page, target: Locator) -> None:
        for _ in range(60):
            if target.evaluate("node => node === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError("Tab never comes there")

    with clean(browser) as page:
        page.goto(f"{server.root}/{SUB_PATH}/{TROUBLE}.html")
        tab_to(page, page.get_by_role("button", name="Run this page"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Run all")).to_be_focused(timeout=MINUTE)
        tab_to(page, page.get_by_role("button", name="Run cell 4", exact=True))
        page.keyboard.press("Enter")
        expect(output(page, 4)).to_have_text("sum 6")
        tab_to(page, editor(page, 4))
        page.keyboard.press("Control+A")
        page.keyboard.insert_text("print('typed')")
        page.keyboard.press("Control+Enter")
        expect(output(page, 4)).to_have_text("typed")
        expect(editor(page, 4)).to_be_focused()
        page.keyboard.press("Tab")  # leaves the editor
        expect(page.get_by_role("button", name="Run cell 5", exact=True)).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_accessible_and_narrow(browser: Browser, site: Site, server: Server, theme: str) -> None:
    options: dict[str, Any] = {
        "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
        "preload": False,  # it would look for the style sheets' imports in the wrong folder
    }
    with clean(browser) as page:
        page.emulate_media(reduced_motion="reduce")
        page.add_init_script(f"localStorage.setItem('mode', '{theme}')")
        live(page, server)
        run(page, 5, "error")
        write(page, 5, "pass  # edited\nx = 'text' + str(1.5)")
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        page.set_viewport_size({"width": 390, "height": 800})
        found = Axe().run(page, options=options)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_axe_sees_a_defect(browser: Browser, site: Site, server: Server) -> None:
    with clean(browser) as page:
        page.goto(f"{server.root}/{SUB_PATH}/{TROUBLE}.html")
        page.add_style_tag(content=".live-hint { color: #ccc !important; background: #ddd }")
        found = Axe().run(page, options={"preload": False})
        assert "color-contrast" in {violation["id"] for violation in found.response["violations"]}


def test_a_plain_http_host_works_too(browser: Browser, site: Site, server: Server) -> None:
    with clean(browser) as page:
        live(page, server, root=f"http://plain.test:{server.port}")
        assert page.evaluate("globalThis.crypto.subtle === undefined")
        expect(run(page, 4)).to_have_text("sum 6")


class Cdn:
    """The public address, played by the files in the cache."""

    def __init__(self, page: Page, site: Site) -> None:
        self.changed = ""  # a file that arrives with one byte changed
        self.blocked = ""  # a file that does not arrive
        self.served: set[str] = set()
        page.route("**/_static/live/live.json", lambda r: r.fulfill(body=site.cdn_config))
        page.route(f"{CDN}**", lambda route: self.answer(route, site.pyodide))

    def answer(self, route: Route, folder: Path) -> None:
        name = route.request.url.rpartition("/")[2]
        if self.blocked and self.blocked in name:
            route.abort()
            return
        body = (folder / name).read_bytes()
        if self.changed and self.changed in name:
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        self.served.add(name)
        route.fulfill(body=body, headers={"Access-Control-Allow-Origin": "*"})


def test_the_public_address(browser: Browser, site: Site, server: Server) -> None:
    assert CDN in site.cdn_config
    with clean(browser, ignore="^$") as page:
        cdn = Cdn(page, site)
        live(page, server)
        expect(run(page, 4)).to_have_text("sum 6")
        assert {"pyodide.mjs", "pyodide.asm.wasm", "pyodide-lock.json"} <= cdn.served
        assert any(name.startswith("numpy-") for name in cdn.served)


@pytest.mark.parametrize("file", ["pyodide.mjs", "asm.mjs", "asm.wasm", "stdlib", "lock", "numpy-"])
def test_one_changed_byte_is_refused(
    browser: Browser, site: Site, server: Server, file: str
) -> None:
    with clean(browser, ignore="^$") as page:
        cdn = Cdn(page, site)
        cdn.changed = file
        page.goto(f"{server.root}/{SUB_PATH}/{TROUBLE}.html")
        page.get_by_role("button", name="Run this page").click()
        expect(status(page)).to_contain_text("is not the one this book was made with")
        expect(page.get_by_text("stored sum")).to_be_visible()


@pytest.mark.parametrize("file", ["asm.wasm", "numpy-"])
def test_a_blocked_download_is_told_and_can_be_tried_again(
    browser: Browser, site: Site, server: Server, file: str
) -> None:
    with clean(browser, ignore="^Failed to load resource") as page:
        cdn = Cdn(page, site)
        cdn.blocked = file
        page.goto(f"{server.root}/{SUB_PATH}/{TROUBLE}.html")
        button = page.get_by_role("button", name="Run this page")
        button.click()
        expect(status(page)).to_contain_text("cdn.jsdelivr.net did not send")
        expect(status(page)).to_contain_text("Check the connection")
        expect(page.get_by_text("stored sum")).to_be_visible()
        expect(button).to_be_focused()
        cdn.blocked = ""
        button.click()
        expect(status(page)).to_contain_text("Python is ready")
        expect(run(page, 4)).to_have_text("sum 6")


def test_a_page_opened_as_a_file_says_what_to_do(browser: Browser, site: Site) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((site.folder / f"{TROUBLE}.html").as_uri())
        page.get_by_role("button", name="Run this page").click()
        expect(status(page)).to_contain_text("Serve the book's folder")
        expect(page.get_by_text("python3 -m http.server")).to_be_visible()


@pytest.mark.parametrize(
    "defect", ["fetch('https://example.org/')", "console.error('planted')", "Promise.reject('no')"]
)
def test_the_guard_sees_what_leaves_and_what_fails(
    browser: Browser, site: Site, server: Server, defect: str
) -> None:
    def visit() -> None:
        with clean(browser) as page:
            page.route("https://example.org/", lambda route: route.fulfill(body=""))
            page.goto(f"{server.root}/{SUB_PATH}/book/notation.html")
            page.evaluate(f"() => {{ {defect}; }}")
            page.wait_for_timeout(200)

    with pytest.raises(AssertionError):
        visit()


@pytest.mark.long
def test_a_chapter_runs_to_its_end(browser: Browser, site: Site, server: Server) -> None:
    name = "chapters/01_landscape"
    number = len(live_site.code_cells(ROOT / f"{name}.ipynb"))
    with clean(browser) as page:
        live(page, server, name).get_by_role("button", name="Run all").click()
        expect(status(page)).to_contain_text(f"Cell {number}", timeout=10 * MINUTE)
        expect(page.locator(".live-error")).to_have_count(0)
        assert page.locator(".live-output img").count() >= 1
        assert page.locator(".live-output table.checks tbody tr").count() >= 1
