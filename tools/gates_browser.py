"""Rules for a page as a browser shows it: what it asks for, says, and looks like.

A page is opened once (:func:`load`); the other functions look at the open page. All return plain
sentences, none when nothing is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, TimeoutError

from tools.browser import BAD_MATH, TYPESET, UNFOLD, launch, served

__all__ = ["Loaded", "accessibility", "fits", "launch", "load", "served"]

DESKTOP, PHONE = (1280, 900), (390, 844)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Only colours differ between the themes, and judging them is the slow part.
COLOUR: dict[str, Any] = {"runOnly": ["color-contrast", "link-in-text-block"]}
STRUCTURE: dict[str, Any] = {
    "runOnly": WCAG,
    "rules": {rule: {"enabled": False} for rule in COLOUR["runOnly"]},
}
# Code has thousands of words in a few colours: one of each is judged, the others are alike.
ALIKE = """() => {
  const seen = new Set();
  for (const word of document.querySelectorAll(".highlight pre span")) {
    const look = `${word.className} in ${word.closest(".highlight").parentElement.className}`;
    if (seen.has(look)) word.dataset.alike = "";
    seen.add(look);
  }
}"""
STILL = "* { transition: none !important; animation: none !important; }"
THEME = "theme => document.documentElement.dataset.theme === theme"
# The theme looks 0.3 s after a change of width which boxes now scroll.
SETTLED = "() => new Promise(done => setTimeout(done, 600))"
NAME = "const name = e => `<${e.tagName.toLowerCase()} class='${e.getAttribute('class') ?? ''}'>`;"
# The page as a whole must not scroll sideways.
WIDER = f"""() => {{ {NAME}
  const root = document.scrollingElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const beyond = e => e.getBoundingClientRect().right > root.clientWidth + 1;
  const boxed = e => e !== document.body &&
    (getComputedStyle(e).overflowX !== "visible" || boxed(e.parentElement));
  const wide = [...document.querySelectorAll("body *")]
    .filter(e => beyond(e) && !boxed(e.parentElement));
  const first = wide.find(e => ![...e.children].some(c => wide.includes(c))) ?? document.body;
  return [`${{root.scrollWidth}} px wide, because of ${{name(first)}}`];
}}"""
# A displayed formula ends before its number begins, and needs no scrolling.
SPREAD = """() => [...document.querySelectorAll("article div.math")].filter(box => {
  const drawn = box.querySelector("mjx-math")?.getBoundingClientRect();
  const room = box.getBoundingClientRect(), number = box.querySelector(".eqno");
  const end = number ? number.getBoundingClientRect().left : room.right;
  return drawn?.width && (drawn.right > end + 1 || drawn.left < room.left - 1);
}).map(box => "a formula is wider than its column: " +
  box.querySelector("mjx-assistive-mml").textContent.slice(0, 60))"""
# What is too wide for its box can be scrolled to there; it is not cut off.
CLIPPED = f"""() => {{ {NAME}
  const right = e => e.getBoundingClientRect().right;
  const cut = e => {{
    for (let box = e.parentElement; box && box !== document.body; box = box.parentElement) {{
      const flow = getComputedStyle(box).overflowX;
      if (flow !== "visible" && right(e) > right(box) + 1) return !/auto|scroll/.test(flow);
    }}
    return false;
  }};
  const wide = "article :is(mjx-math, table, pre, code, img, video)";
  return [...document.querySelectorAll(wide)].filter(cut).map(e => `cuts off ${{name(e)}}`);
}}"""


@dataclass(frozen=True)
class Loaded:
    """An open page, and what happened while it was opened."""

    page: Page
    name: str
    outside: list[str]  # requests that left the folder of the book
    console: list[str]  # errors in the console, uncaught exceptions, requests that failed
    math: list[str]


def load(browser: Browser, home: str, name: str) -> Loaded:
    """Open a page of the book whose folder has the address ``home``; the caller closes it."""
    width, height = DESKTOP
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="light",
        reduced_motion="reduce",
    )
    asked: list[str] = []
    console: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: console.append(f"could not load {request.url}"))
    page.on("pageerror", lambda error: console.append(f"uncaught: {error}"))
    page.on("console", lambda m: console.append(m.text) if m.type == "error" else None)
    page.goto(home + name)
    page.evaluate(TYPESET)
    page.wait_for_load_state("networkidle")
    inside = (home, "data:", "blob:")
    return Loaded(
        page,
        name,
        [f"{name}: asks for {url}" for url in asked if not url.startswith(inside)],
        [f"{name}: {text}" for text in console],
        [f"{name}: {text}" for text in page.evaluate(BAD_MATH)],
    )


def accessibility(loaded: Loaded) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA: light, dark, and on a telephone."""
    page = loaded.page
    page.add_style_tag(content=STILL)
    page.evaluate(UNFOLD)
    page.evaluate(ALIKE)
    found = _axe(loaded, "light", STRUCTURE) + _axe(loaded, "light", COLOUR)
    page.emulate_media(color_scheme="dark")
    found += _axe(loaded, "dark", COLOUR)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.evaluate(SETTLED)
    found += _axe(loaded, "light", STRUCTURE, " on a telephone")
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    return found


def _axe(loaded: Loaded, theme: str, rules: dict[str, Any], where: str = "") -> list[str]:
    try:
        loaded.page.wait_for_function(THEME, arg=theme, timeout=5_000)
    except TimeoutError:
        return [f"{loaded.name}: does not show its {theme} theme to a reader who prefers it."]
    # Without preloading, which fails under file:// and has nothing to add here.
    options = {**rules, "resultTypes": ["violations"], "preload": False}
    # A formula has the colour of its text; its thousands of parts would take most of the time.
    context = {"exclude": [["mjx-math"], ["[data-alike]"]]} if rules is COLOUR else None
    response = Axe().run(loaded.page, context=context, options=options).response
    return [
        f"{loaded.name}, {theme}{where}: {broken['id']} at {node['target']}: "
        + " ".join(node["failureSummary"].split())[:300]
        for broken in response["violations"]
        for node in broken["nodes"]
    ]


def fits(loaded: Loaded) -> list[str]:
    """At the desk every formula fits its column; on a telephone no page scrolls sideways, and
    nothing is cut off."""
    page = loaded.page
    page.evaluate(UNFOLD)
    spread = [f"{loaded.name}: {text}" for text in page.evaluate(SPREAD)]
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    found = [*page.evaluate(WIDER), *page.evaluate(CLIPPED)]
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    return spread + [f"{loaded.name}, {PHONE[0]} px: {text}" for text in found]
