"""The live pages in Chromium: everything is served from this machine, nothing may leave it."""

from __future__ import annotations

import io
import re
from typing import Any

import live_site
import matplotlib
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT
from live_browser import MINUTE, clean, editor, live, output, run, state, status, write
from live_site import OUTPUTS, SUB_PATH, TROUBLE, Server, Site
from matplotlib.figure import Figure
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.xdist_group("live")]
ENDLESS = 8  # the number of the cell of TROUBLE that never ends


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
        expect(page.get_by_role("button", name="Hide output of cell 3")).to_be_visible()
        expect(
            page.get_by_role("button", name="Hide output of cell 1")
        ).to_be_hidden()  # it has none
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


def test_a_cell_goes_back_to_its_stored_output(
    browser: Browser, site: Site, server: Server
) -> None:
    with clean(browser) as page:
        live(page, server)
        run(page, 4)
        run(page, 5, "error")
        back = page.get_by_role("button", name="Stored output of cell 4")
        expect(back).to_have_attribute("aria-pressed", "false")
        expect(page.get_by_text("stored sum")).to_be_hidden()
        back.click()
        expect(page.get_by_text("stored sum")).to_be_visible()
        expect(output(page, 4)).to_have_count(0)
        expect(back).to_have_attribute("aria-pressed", "true")
        back.click()
        expect(output(page, 4)).to_have_text("sum 6")
        back.click()
        expect(run(page, 4)).to_have_text("sum 6")  # a new output is shown
        expect(page.get_by_text("stored sum")).to_be_hidden()
        page.get_by_role("button", name="Hide output of cell 5").click()  # it came without one
        expect(output(page, 5)).to_have_count(0)
        page.get_by_role("button", name="Stored output of cell 2").click()  # without its code
        expect(page.get_by_text("stored b")).to_be_visible()


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
        expect(status(page)).to_contain_text(
            "Error in cell 5: NameError: name 'undefined_name' is not defined Go to cell 5"
        )
        marked = page.locator(".live-error-line")
        expect(marked).to_have_text(["    return undefined_name / 2", "half(2)"])
        editor(page, 5).click()
        page.keyboard.press("Control+Home")
        page.keyboard.insert_text("# a line more\n")
        expect(marked).to_have_text(["    return undefined_name / 2", "half(2)"])  # they move along
        page.get_by_role("link", name="Go to cell 5").click()
        assert page.locator("#live-cell-5").bounding_box()["y"] < 900
        page.get_by_role("button", name="Original code of cell 5").click()
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
        stop = page.get_by_role("button", name=f"Stop cell {ENDLESS}")  # beside what runs
        stop.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Run cell {ENDLESS}")).to_be_focused()
        expect(status(page)).to_contain_text("ready again")
        expect(state(page, ENDLESS)).to_have_text("stopped")
        expect(stop).to_be_hidden()
        expect(output(page, ENDLESS)).to_have_text("begun")
        expect(editor(page, 6)).to_have_text("edited = 6")
        # The new Python knows nothing: the cells above run again.
        run(page, 6)
        expect(state(page, 4)).to_contain_text("done in")
        # The button in the bar does the same.
        page.get_by_role("button", name=f"Run cell {ENDLESS}").click()
        expect(output(page, ENDLESS)).to_contain_text("begun")
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(state(page, ENDLESS)).to_have_text("stopped")
        expect(status(page)).to_contain_text("ready again")


def test_an_edit_survives_a_reload_and_runs(browser: Browser, site: Site, server: Server) -> None:
    with clean(browser) as page:
        live(page, server)
        write(page, 4, "print('changed', a)")
        page.reload()
        live(page, server)
        expect(run(page, 4)).to_have_text("changed 1")


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
