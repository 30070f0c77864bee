"""The live pages in Chromium: what a reader is told while Python loads, and when it cannot."""

from __future__ import annotations

import re

import pytest
from live_browser import CDN, Cdn, clean, live, output, run, status, write
from live_site import SUB_PATH, TROUBLE, Server, Site
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.xdist_group("live")]


class Held:
    """A file that comes only when it is let go."""

    def __init__(self, page: Page, pattern: str) -> None:
        self.routes: list[Route] = []
        page.route(pattern, lambda route: self.routes.append(route))

    def let_go(self) -> None:
        for route in self.routes:
            route.continue_()


def test_loading_names_what_comes_and_how_much(browser: Browser, server: Server) -> None:
    with clean(browser) as page:
        held = Held(page, "**/numpy-*.whl")
        page.goto(f"{server.root}/{SUB_PATH}/{TROUBLE}.html")
        button = page.get_by_role("button", name="Run this page")
        button.click()
        words = page.locator(".live-loading")
        expect(words).to_have_text(
            re.compile(r"Loading numpy: 13\.[56] of 16\.[45] MB, 5 of 6 files"),
        )
        meter = page.get_by_role("progressbar", name="Loading")
        share = float(meter.get_attribute("value") or 0) / float(meter.get_attribute("max") or 1)
        assert share == pytest.approx(13.5 / 16.45, abs=0.02)
        expect(page.locator(".live-progress [role=status]")).to_contain_text("75 % of 16.4 MB")
        held.let_go()
        expect(status(page)).to_contain_text("Python is ready")
        expect(words).to_be_hidden()


def test_loading_can_be_cancelled(browser: Browser, server: Server) -> None:
    with clean(browser, ignore="^$") as page:
        Held(page, "**/numpy-*.whl")
        page.goto(f"{server.root}/{SUB_PATH}/{TROUBLE}.html")
        page.get_by_role("button", name="Run this page").click()
        expect(page.locator(".live-loading")).to_contain_text("Loading numpy")
        cancel = page.get_by_role("button", name="Cancel")
        expect(cancel).to_be_focused()
        page.keyboard.press("Enter")
        expect(status(page)).to_have_text("Cancelled. The page is as it was.")
        expect(page.locator(".live-loading")).to_have_count(0)
        expect(page.get_by_text("stored sum")).to_be_visible()
        page.unroute("**/numpy-*.whl")
        live(page, server)
        expect(run(page, 4)).to_have_text("sum 6")


@pytest.mark.parametrize("lacks", ["Worker", "WebAssembly"])
def test_a_browser_that_cannot_is_told(browser: Browser, server: Server, lacks: str) -> None:
    with clean(browser) as page:
        page.add_init_script(f"delete globalThis.{lacks}")
        page.goto(f"{server.root}/{SUB_PATH}/{TROUBLE}.html")
        page.get_by_role("button", name="Run this page").click()
        expect(status(page)).to_contain_text("Open the page in a current version of")
        expect(page.get_by_text("stored sum")).to_be_visible()


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("page.js", "then reload the page"),
        ("live.json", "press the button again"),
        ("worker.js", "worker.js, could not be loaded"),
    ],
)
def test_a_file_of_our_own_that_does_not_come_is_told(
    browser: Browser, server: Server, file: str, told: str
) -> None:
    with clean(browser, ignore="Failed to load resource|^404") as page:
        page.route(f"**/live/{file}", lambda route: route.fulfill(status=404))
        page.goto(f"{server.root}/{SUB_PATH}/{TROUBLE}.html")
        page.get_by_role("button", name="Run this page").click()
        expect(status(page)).to_contain_text(told)
        expect(page.get_by_text("stored sum")).to_be_visible()
        expect(page.get_by_role("button", name="Run this page")).to_be_focused()


def test_a_package_that_does_not_come_is_told_in_the_cell(
    browser: Browser, site: Site, server: Server
) -> None:
    with clean(browser, ignore="^Failed to load resource") as page:
        cdn = Cdn(page, site)
        live(page, server)
        cdn.blocked = "scipy"
        write(page, 4, "import scipy\nprint('scipy is here')")
        expect(run(page, 4, "error")).to_contain_text("cdn.jsdelivr.net did not send scipy")
        expect(output(page, 4)).to_contain_text("Run the cell again")
        cdn.blocked = ""
        expect(run(page, 4)).to_have_text("scipy is here")


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
