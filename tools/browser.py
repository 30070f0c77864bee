"""Chromium, and a folder served to it: what the gates and the PDF share.

Nothing here can reach a network: Chromium is told that no name but this machine's own exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, Playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
# Solutions and hidden cells are part of the page. Colours must not be caught while they fade.
UNFOLD = """() => {
  for (const e of document.querySelectorAll("details")) e.open = true;
  for (const e of document.querySelectorAll(".toggle-hidden")) e.classList.remove("toggle-hidden");
}"""
TYPESET = "async () => { await window.MathJax?.startup?.promise; }"
# Formulas that MathJax rejected, and formulas that it never reached.
BAD_MATH = """() => [
  ...[...document.querySelectorAll("mjx-merror")].map(e =>
    `${e.dataset.mjxError ?? "an error"} in ${e.closest(".math")?.title ?? e.textContent}`),
  ...[...document.querySelectorAll(".math")].filter(e => !e.querySelector("mjx-container"))
    .map(e => `not typeset: ${e.textContent.trim().slice(0, 60)}`),
]"""


def launch(playwright: Playwright) -> Browser:
    """Start Chromium."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; yields its address, which ends in a slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
