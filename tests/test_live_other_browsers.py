"""The live pages in Firefox and in WebKit: what a reader does first, and what engines differ in."""

from __future__ import annotations

from collections.abc import Iterator

import live_site
import other_browsers
import pytest
from live_site import OUTPUTS, SUB_PATH, TROUBLE, Site
from other_browsers import CONTROL, ENTER, SHIFT, Browser

from tools.browser import BAD_MATH, UNFOLD
from tools.gates_browser import CLIPPED, WIDER

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("live")]
PHONE = 390
ENDLESS = 8  # the number of the cell of TROUBLE that never ends
# The first thing on each page: it notes what goes wrong there.
LISTEN = b"""<script>
  var wrong = [];
  const note = (...words) => wrong.push(words.join(" "));
  const file = ({ target }) => `${target.src ?? target.href} did not come`;
  addEventListener("error", (e) => note(e.message ?? file(e)), true);
  addEventListener("unhandledrejection", (e) => note(e.reason));
  for (const level of ["error", "warn"]) console[level] = note;
</script>"""
OUTSIDE = """performance.getEntriesByType("resource").map((entry) => entry.name)
  .filter((name) => !name.startsWith(location.origin) && !/^(data|blob):/.test(name))"""


@pytest.fixture(
    params=[pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("firefox", "webkit")]
)
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """One browser after the other, each time as if newly installed."""
    with getattr(other_browsers, request.param)() as running:
        running.command("SetWindowRect", width=1200, height=900)
        yield running


@pytest.fixture
def root(site: Site) -> Iterator[str]:
    """The address of the site, whose pages note what goes wrong."""
    folder = site.folder.parents[SUB_PATH.count("/")]
    with live_site.serve(folder, LISTEN) as server:
        yield f"{server.root}/{SUB_PATH}"


def nothing_wrong(browser: Browser) -> None:
    assert browser.js("return wrong") == []
    assert browser.js(f"return {OUTSIDE}") == []


def narrow(browser: Browser) -> None:
    """The page does not scroll sideways, and nothing in it is cut off."""
    browser.js(f"({UNFOLD})()")
    assert browser.js(f"return [...({WIDER})(), ...({CLIPPED})()]") == []


def typeset(browser: Browser) -> None:
    browser.until(
        "[...document.querySelectorAll('.math')].every((e) => e.querySelector('mjx-container'))"
    )
    assert browser.js(f"return ({BAD_MATH})()") == []


def live(browser: Browser) -> None:
    browser.press("Run this page")
    told(browser, "Python is ready")


def told(browser: Browser, words: str) -> None:
    status = "document.querySelector('.live-status').textContent"
    browser.until(f"{status}.includes(arguments[0])", words)


def prints(browser: Browser, number: int, words: str) -> None:
    output = "document.querySelector(`[aria-label='Output of cell ${arguments[0]}']`)"
    browser.until(f"{output}.textContent.includes(arguments[1])", number, words)


def write(browser: Browser, number: int, *chords: str) -> None:
    editor = browser.find("[role=textbox]", f"Code of cell {number}")
    browser.type(editor, f"{CONTROL}a", *chords)


def test_a_reader_runs_edits_and_stops(browser: Browser, root: str) -> None:
    browser.goto(f"{root}/{TROUBLE}.html")
    live(browser)
    browser.press("Run cell 4")
    prints(browser, 4, "sum 6")  # with the hidden cells above it
    # Typed as on a keyboard: brackets close, and the line after a colon is indented.
    write(browser, 4, f"if a:{ENTER}print('changed', (a + 1))", SHIFT + ENTER)
    prints(browser, 4, "changed 2")
    browser.press("Run cell 5")
    prints(browser, 5, "NameError: name 'undefined_name' is not defined")
    told(browser, "Error in cell 5")

    for number in (5, 6, 7):
        write(browser, number, "pass")
    browser.press(f"Run cell {ENDLESS}")
    prints(browser, ENDLESS, "begun")
    browser.press(f"Stop cell {ENDLESS}")
    told(browser, "Stopped. Python is ready again")
    browser.press("Run cell 4")
    prints(browser, 4, "changed 2")
    nothing_wrong(browser)

    browser.command("Refresh")
    browser.until("document.querySelector('.live-hint').textContent.includes('edits')")
    nothing_wrong(browser)


def test_figures_and_formulas_on_a_telephone(browser: Browser, root: str) -> None:
    with browser.frame(f"{root}/{OUTPUTS}.html", PHONE):
        live(browser)
        browser.press("Run cell 4")  # and those above it; scorekit wants SciPy here
        prints(browser, 4, "1 point")
        images = "[...document.querySelectorAll('.live-output img')].map((e) => e.naturalWidth)"
        browser.until(f"{images}.length === 2 && {images}[0] > 300 && {images}[1] === 5")
        browser.until("document.querySelector('.live-output em').textContent === 'rich'")
        browser.until("!!document.querySelector('.live-output mjx-container')")
        narrow(browser)
        nothing_wrong(browser)


def test_a_chapter_in_light_and_dark(browser: Browser, root: str) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    browser.goto(f"{root}/chapters/01_landscape.html")
    typeset(browser)
    light = browser.js(ground)
    browser.press(selector=".theme-switch-button")
    browser.until("document.documentElement.dataset.theme === 'dark'")
    assert browser.js(ground) != light
    nothing_wrong(browser)


@pytest.mark.parametrize("name", ["chapters/01_landscape", "book/api", "book/conclusion"])
def test_pages_are_narrow_enough(browser: Browser, root: str, name: str) -> None:
    with browser.frame(f"{root}/{name}.html", PHONE):
        typeset(browser)
        narrow(browser)
        nothing_wrong(browser)


def test_the_guard_sees_what_fails(browser: Browser, root: str) -> None:
    browser.goto(f"{root}/book/notation.html")
    browser.js(  # in the page itself: WebDriver's own scripts may run beside it
        "const script = document.createElement('script');"
        "script.textContent = arguments[0];"
        "document.head.append(script);",
        "Promise.reject('one'); console.error('two'); setTimeout(() => { throw 'three'; })",
    )
    browser.until("wrong.length === 3")
    with pytest.raises(AssertionError):
        nothing_wrong(browser)
