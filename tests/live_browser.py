"""What the tests of the live pages do in Chromium: open a page under guard, run and edit cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from live_site import SUB_PATH, TROUBLE, Server, Site
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    # A site on another host without https, where browsers offer pages less. Nothing else is found:
    # what a service worker fetches is not always seen, so it must reach nothing.
    "--host-resolver-rules=MAP plain.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
HOSTS = re.compile(r"(http://(127\.0\.0\.1|plain\.test):\d+/|data:|blob:)")
CDN = "https://cdn.jsdelivr.net/"
MINUTE = 60_000
expect.set_options(timeout=MINUTE)


def watched(context: BrowserContext, *levels: str) -> tuple[list[str], list[str]]:
    """What leaves this machine, and what goes wrong or is on the console at one of these levels."""
    # Browsers ask for this by themselves when a page names no icon.
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    outside: list[str] = []
    errors: list[str] = []
    context.on("request", lambda r: HOSTS.match(r.url) or outside.append(r.url))
    context.on("console", lambda m: m.type in levels and errors.append(m.text))
    context.on("response", lambda r: r.status >= 400 and errors.append(f"{r.status} {r.url}"))
    context.on("weberror", lambda e: errors.append(str(e.error)))
    return outside, errors


@contextmanager
def clean(browser: Browser, ignore: str = "") -> Iterator[Page]:
    """A page of its own; afterwards nothing may have left this machine, or be on the console."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    outside, errors = watched(context, "error", "warning")
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


class Cdn:
    """The public address, played by the files in the cache."""

    def __init__(self, page: Page | BrowserContext, site: Site) -> None:
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


# In place of worker.js: a Python that is there at once and only repeats the code it is given.
PARROT = """onmessage = ({ data }) => {
  if (data.type === "start") return postMessage({ type: "ready" });
  postMessage({ type: "output", kind: "stream", name: "stdout", text: data.code });
  postMessage({ type: "done", ok: true });
};"""


def parrot(page: Page) -> None:
    """For tests of the page alone, which need not wait for Python."""
    page.route(
        "**/live/worker.js", lambda r: r.fulfill(body=PARROT, content_type="text/javascript")
    )
