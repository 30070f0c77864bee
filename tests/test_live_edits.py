"""A reader's edits in Chromium: kept from visit to visit, never lost unsaid, never in the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from live_browser import clean, editor, live, output, parrot, run, state, status, write
from live_site import SUB_PATH, TROUBLE, Server
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.xdist_group("live")]

STORED = "print('sum', a + b + c)"  # what the book has in cell 4
MINE = "print('mine')"
KEY = f"live-edits:/{SUB_PATH}/{TROUBLE}"


def kept(page: Page) -> list[dict[str, Any]]:
    text = page.evaluate("key => localStorage.getItem(key)", KEY)
    records: list[dict[str, Any]] = json.loads(text or "[]")
    return records


def change_the_book(page: Page, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    """From now on the book has other cells."""

    def answer(route: Route) -> None:
        body = route.fetch().json()
        change(body["cells"])
        route.fulfill(json=body)

    page.route(f"**/live/pages/{TROUBLE}.json", answer)


def edited(page: Page, server: Server) -> Page:
    """A page on which the reader has once edited cell 4."""
    parrot(page)
    live(page, server)
    write(page, 4, MINE)
    return page


def test_edits_are_there_again_after_a_reload(browser: Browser, server: Server) -> None:
    with clean(browser) as page:
        edited(page, server)
        write(page, 5, "print('other')")
        expect(state(page, 4)).to_have_text("edited")
        page.reload()
        expect(page.locator(".live-hint")).to_contain_text("edits from an earlier visit are kept")
        expect(page.get_by_text("stored sum")).to_be_visible()  # the page is as it came till then
        live(page, server)
        expect(status(page)).to_contain_text("Your edits of 2 cells are back")
        expect(editor(page, 4)).to_have_text(MINE)
        expect(editor(page, 6)).to_have_text("x = (1 +")
        expect(run(page, 4)).to_have_text(MINE)

        page.get_by_role("button", name="Original code of cell 4").click()
        assert [record["number"] for record in kept(page)] == [5]
        page.get_by_role("button", name="Original code of cell 5").click()
        page.reload()
        expect(page.locator(".live-hint")).not_to_contain_text("edits")
        live(page, server)
        expect(editor(page, 4)).to_have_text(STORED)


def test_all_edits_are_discarded_when_the_reader_confirms(browser: Browser, server: Server) -> None:
    asked: list[str] = []
    with clean(browser) as page:
        live_page = edited(page, server)
        discard = live_page.get_by_role("button", name="Discard edits")
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        discard.click()
        expect(editor(page, 4)).to_have_text(MINE)
        page.once("dialog", lambda dialog: dialog.accept())
        discard.click()
        expect(editor(page, 4)).to_have_text(STORED)
        expect(discard).to_be_hidden()
        expect(status(page)).to_contain_text("1 edit discarded")
        assert kept(page) == []
        editor(page, 4).click()
        page.keyboard.press("Control+Z")
        expect(editor(page, 4)).to_have_text(MINE)
        assert len(kept(page)) == 1
    assert asked == ["Discard 1 edit of this page and go back to the book's code?"]


def test_an_edit_of_a_cell_that_the_book_changed_is_offered(
    browser: Browser, server: Server
) -> None:
    with clean(browser) as page:
        edited(page, server)
        change_the_book(page, lambda cells: cells[3].update(source="print('the book, revised')"))
        for choice, code in (("Discard", "print('the book, revised')"), ("Use", MINE)):
            before = kept(page)
            live(page, server)
            expect(status(page)).to_contain_text("The book has changed under 1 edit of yours")
            expect(page.get_by_role("link", name="Go to cell 4")).to_be_visible()
            expect(editor(page, 4)).to_have_text("print('the book, revised')")
            offer = page.locator(".live-offer")
            expect(offer).to_contain_text("has changed in the book since you edited it")
            expect(offer.locator("pre")).to_have_text(MINE)
            assert kept(page) == before  # kept until the reader decides
            found = Axe().run(page, options={"preload": False, "runOnly": ["wcag2a", "wcag2aa"]})
            assert found.violations_count == 0, found.generate_report()
            page.get_by_role("button", name=f"{choice} your version of cell 4").click()
            expect(offer).to_have_count(0)
            expect(editor(page, 4)).to_be_focused()
            expect(editor(page, 4)).to_have_text(code)
            if choice == "Discard":
                assert kept(page) == []
                page.evaluate("([key, text]) => localStorage.setItem(key, text)",
                              [KEY, json.dumps(before)])  # fmt: skip
        live(page, server)
        expect(status(page)).to_contain_text("Your edits of 1 cell are back")
        expect(page.locator(".live-offer")).to_have_count(0)


def test_an_edit_follows_its_cell(browser: Browser, server: Server) -> None:
    with clean(browser) as page:
        edited(page, server)
        first = {"source": "new = 1", "shown": False, "alt": ""}
        change_the_book(page, lambda cells: cells.insert(0, first))
        live(page, server)
        expect(editor(page, 5)).to_have_text(MINE)
        expect(page.locator(".live-offer")).to_have_count(0)
        assert [record["number"] for record in kept(page)] == [5]


def test_two_tabs_do_not_undo_each_other(browser: Browser, server: Server) -> None:
    with clean(browser) as page:
        edited(page, server)
        other = page.context.new_page()
        parrot(other)
        live(other, server)
        write(other, 5, "other = 1")
        write(page, 6, "third = 1")
        assert {record["number"] for record in kept(page)} == {4, 5, 6}


BLOCKED = """for (const name of ["getItem", "setItem", "removeItem"]) {
  const plain = Storage.prototype[name];
  Storage.prototype[name] = function (key, ...rest) {
    if (key.startsWith("live-edits")) throw new DOMException("denied", "SecurityError");
    return plain.call(this, key, ...rest);
  };
}"""
FILL = """() => {
  for (let size = 2 ** 22; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (let i = 0; ; i++) localStorage.setItem(`${size} ${i}`, "x".repeat(size));
    } catch {}
  }
}"""


def test_a_page_runs_where_storage_is_blocked(browser: Browser, server: Server) -> None:
    with clean(browser) as page:
        page.add_init_script(BLOCKED)
        edited(page, server)
        expect(page.locator(".live-note")).to_contain_text("storage is blocked or full")
        expect(run(page, 4)).to_have_text(MINE)
        page.get_by_role("button", name="Original code of cell 4").click()
        expect(page.locator(".live-note")).to_be_empty()  # nothing is left to be lost


def test_a_page_runs_where_storage_is_full(browser: Browser, server: Server) -> None:
    with clean(browser) as page:
        edited(page, server)
        page.evaluate(FILL)
        write(page, 4, f"{MINE}\n{'# longer' * 50}")
        expect(page.locator(".live-note")).to_contain_text("storage is blocked or full")
        expect(run(page, 4)).to_contain_text("longer")
        page.evaluate("key => { for (const k of Object.keys(localStorage))"
                      " if (k !== key) localStorage.removeItem(k); }", KEY)  # fmt: skip
        write(page, 4, "there = 'is room again'")
        expect(page.locator(".live-note")).to_be_empty()
        assert [record["code"] for record in kept(page)] == ["there = 'is room again'"]


@pytest.mark.parametrize("text", ["{", "null", '[{"number": "4"}, 7, null]'])
def test_what_is_not_ours_in_the_storage_does_no_harm(
    browser: Browser, server: Server, text: str
) -> None:
    with clean(browser) as page:
        page.goto(f"{server.root}/{SUB_PATH}/book/notation.html")
        page.evaluate("([key, text]) => localStorage.setItem(key, text)", [KEY, text])
        edited(page, server)
        assert [record["code"] for record in kept(page)] == [MINE]


def test_a_cell_above_that_was_edited_runs_first(browser: Browser, server: Server) -> None:
    with clean(browser) as page:
        parrot(page)
        live(page, server)
        run(page, 5)
        write(page, 4, MINE)
        expect(state(page, 4)).to_have_text("changed since it ran")
        run(page, 5)
        expect(output(page, 4)).to_have_text(MINE)
        expect(state(page, 4)).to_contain_text("done in")
