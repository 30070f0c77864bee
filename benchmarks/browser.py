"""A page that runs beside its own notebook in JupyterLite: waiting times and bytes, in one run.

    make live && .venv/bin/python -m benchmarks.browser [_build/html]

Both get the same Python from the same server on this machine, each time in a new browser without a
cache, in turn. So the network costs nothing here and the ratio is one of work alone. The clock
starts when the reader asks (the page's button; the link to the notebook) and stops when the first
cell of chapter 1, which imports NumPy, Matplotlib, SciPy, autograd and scorekit, has ended.
"""

from __future__ import annotations

import functools
import http.server
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAGE = "chapters/01_landscape"
ROUNDS = 3
EDITS = 5
TIMEOUT = 240_000
MB = 1e6


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files, and remembers how large each was."""

    sent: dict[str, int]

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.is_file():
            self.sent[str(path)] = path.stat().st_size
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve(folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Serve a folder; give its address and the files it sent."""
    sent: dict[str, int] = {}
    handler = type("Counting", (Handler,), {"sent": sent})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", sent
    finally:
        server.shutdown()
        server.server_close()


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def edit(page: Page, box: str, output: str, number: int) -> None:
    """Write another light cell over the first one, run it, wait for what it prints."""
    page.locator(box).first.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(f"print({number} * 11)")
    page.keyboard.press("Control+Enter")
    expect(page.locator(output).first).to_have_text(str(number * 11), timeout=TIMEOUT)


def edits(page: Page, box: str, output: str) -> float:
    """The median time of an edit and its run."""
    each = [
        seconds(lambda k=k: edit(page, box, output, k))  # type: ignore[misc]
        for k in range(2, EDITS + 2)
    ]
    return statistics.median(each)


def in_page(page: Page) -> tuple[float, float]:
    """Seconds to the first result, and of an edit, in the page itself."""

    def first() -> None:
        page.get_by_role("button", name="Run this page").click()
        page.get_by_role("button", name="Run cell 1", exact=True).click(timeout=TIMEOUT)
        expect(page.locator(".live-state").first).to_contain_text("done", timeout=TIMEOUT)

    waited = seconds(first)
    return waited, edits(page, ".live-editor .cm-content", ".live-output")


def in_lite(page: Page) -> tuple[float, float]:
    """The same in JupyterLite."""
    opened: list[Page] = []

    def first() -> None:
        with page.context.expect_page() as info:
            page.get_by_role("link", name="Open as notebook").click()
        lab = info.value
        opened.append(lab)
        cell = lab.locator(".jp-CodeCell").first
        cell.locator(".cm-content").click(timeout=TIMEOUT)
        lab.keyboard.press("Control+Enter")
        expect(cell.locator(".jp-InputPrompt").first).to_have_text("[1]:", timeout=TIMEOUT)

    waited = seconds(first)
    return waited, edits(
        opened[0], ".jp-CodeCell .cm-content", ".jp-CodeCell .jp-OutputArea-output"
    )


def kind(path: Path) -> str:
    """Which package a file belongs to."""
    if path.suffix == ".whl":
        return path.name.split("-")[0]
    if path.name.startswith(("pyodide.", "pyodide-lock", "python_stdlib")):
        return "Python itself"
    return "JupyterLite" if "lite" in path.parts else "the page and its live code"


def measure(browser: Browser, root: str, run: Callable[[Page], tuple[float, float]]) -> list[float]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"{root}/{PAGE}.html", wait_until="networkidle")
        return list(run(page))


def report(title: str, times: list[list[float]], sent: dict[str, int]) -> None:
    first, edited = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"\n{title}: first cell {first:.1f} s, edit and run {edited:.2f} s (medians)")
    sizes: dict[str, int] = {}
    for path, size in sent.items():
        sizes[kind(Path(path))] = sizes.get(kind(Path(path)), 0) + size
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"  {size / MB:6.2f} MB  {name}")
    print(f"  {sum(sizes.values()) / MB:6.2f} MB  in all, without compression by the server")


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "_build/html").resolve()
    if not ((folder / "lite").is_dir() and (folder / "_static" / "live" / "pyodide").is_dir()):
        print(f"{folder} has no Python or no notebooks in it: run `make live` first")
        return 1
    kinds = {"in the page": in_page, "in JupyterLite": in_lite}
    times: dict[str, list[list[float]]] = {title: [] for title in kinds}
    files: dict[str, dict[str, int]] = {}
    with sync_playwright() as playwright, serve(folder) as (root, sent):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for _ in range(ROUNDS):
            for title, run in kinds.items():
                sent.clear()
                times[title].append(measure(browser, root, run))
                files[title] = dict(sent)
                print(title, *(f"{value:.2f} s" for value in times[title][-1]), flush=True)
        browser.close()
    for title in kinds:
        report(title, times[title], files[title])
    page, lite = (statistics.median(row[0] for row in rows) for rows in times.values())
    print(f"\nfirst cell, page over JupyterLite: {page / lite:.2f} (to reach: at most 0.5)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
