"""What the tests of the live pages share: two pages of trouble, a built site, a web server."""

from __future__ import annotations

import functools
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import pyodide_site

TROUBLE = "book/pages/trouble"
OUTPUTS = "book/pages/outputs"
SUB_PATH = "some/where"


def cell(source: str, *tags: str, stored: str = "", alt: str = "") -> nbformat.NotebookNode:
    metadata: dict[str, object] = {"tags": list(tags)} if tags else {}
    if alt:
        metadata["mystnb"] = {"image": {"alt": alt}}
    outputs = [new_output("stream", name="stdout", text=stored)] if stored else []
    return new_code_cell(source, metadata=metadata, outputs=outputs, execution_count=1)


def page(title: str, *cells: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return new_notebook(
        cells=[new_markdown_cell(f"# {title}\n\nWith $x$."), *cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


PAGES = {
    TROUBLE: page(
        "Hidden cells, errors, and a loop without end",
        cell("import numpy as np\n\na = 1", "hide-input"),
        cell("b = a + 1\nprint('removed input, b is', b)", "remove-input", stored="stored b\n"),
        cell("c = b + 1", "remove-cell"),
        cell("print('sum', a + b + c)", stored="stored sum\n"),
        cell("def half(x):\n    return undefined_name / 2\n\n\nhalf(2)"),
        cell("x = (1 +"),
        cell("np.array([1]).reshape(2, 2)"),
        cell("import time\n\nprint('begun', flush=True)\nwhile True:\n    time.sleep(0.01)"),
    ),
    OUTPUTS: page(
        "Every kind of output",
        cell("import matplotlib.pyplot as plt\nimport numpy as np"),
        cell(
            "fig, ax = plt.subplots(figsize=(4, 3))\nax.plot([0, 1], [0, 1]);",
            alt="A line that rises",
        ),
        cell(
            "from IPython.display import HTML, Image, Latex\n\n"
            "display(HTML('<em>rich</em>'), Latex('$x^2$'))\n"
            "plt.imsave('dot.png', np.zeros((3, 5)))\n"
            "display(Image('dot.png'))\n"
            "np.arange(3)"
        ),
        cell(
            "from scorekit.stationary import stationary_points\n\n"
            "print(len(stationary_points(lambda x: -x, np.ones((1, 2)))), 'point')"
        ),
        cell("print('a' * 1_000_000)"),
    ),
}


@dataclass(frozen=True)
class Site:
    """A built book with Python inside; ``cdn_config`` is what it had before Python came."""

    folder: Path
    cdn_config: str
    pyodide: Path


def pyodide_folder() -> Path:
    """Pyodide's files; a machine without a network says so and skips, but never in CI."""
    try:
        return pyodide_site.fetch()
    except pyodide_site.Refused as refused:
        if "node" in os.environ.get("REQUIRE", "").split():
            raise
        pytest.skip(f"Not tested here: Pyodide could not be fetched: {refused}")


def build(copy_tree: Callable[[str], Path]) -> Site:
    """Build the book with these pages, in a copy, and put Python into it."""
    pyodide = pyodide_folder()
    tree = copy_tree("live")
    toc = yaml.safe_load((tree / "_toc.yml").read_text())
    for name, notebook in PAGES.items():
        (tree / name).parent.mkdir(exist_ok=True)
        nbformat.write(notebook, tree / f"{name}.ipynb")
        toc["parts"][-1]["chapters"].append({"file": name})
    (tree / "_toc.yml").write_text(yaml.safe_dump(toc))
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    done = subprocess.run(
        [str(jupyter_book), "build", ".", "-n", "--all"],
        cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    folder = tree.parent / "www" / SUB_PATH
    folder.parent.mkdir(parents=True)
    shutil.move(tree / "_build" / "html", folder)
    cdn_config = (folder / "_static" / "live" / "live.json").read_text()
    pyodide_site.install(folder, pyodide)
    return Site(folder, cdn_config, pyodide)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word; remembers what was asked for."""

    asked: list[str]
    head: bytes  # put at the beginning of the head of each page

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        path = Path(self.translate_path(self.path))
        if not self.head or path.suffix != ".html":
            return super().send_head()
        page = path.read_bytes().replace(b"<head>", b"<head>" + self.head, 1)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        return io.BytesIO(page)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Server:
    port: int
    asked: list[str]

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serve(folder: Path, head: bytes = b"") -> Iterator[Server]:
    """Serve a folder on this machine, on any free port."""
    asked: list[str] = []
    handler = type("Remembering", (Handler,), {"asked": asked, "head": head})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(folder))
    )
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Server(server.server_port, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def code_cells(notebook: Path) -> list[str]:
    """The source of each code cell."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
