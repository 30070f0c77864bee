"""A small chapter that breaks no rule, for tests that plant one defect at a time."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
from PIL import Image

from tools import notebooks
from tools.gates_anatomy import CHECKS_MIME


def png(colour: str = "teal", compress_level: int = 6) -> str:
    """A small picture, encoded as a notebook stores it."""
    buffer = io.BytesIO()
    Image.new("RGB", (20, 10), colour).save(buffer, "PNG", compress_level=compress_level)
    return base64.b64encode(buffer.getvalue()).decode()


def figure(colour: str = "teal") -> Any:
    data = {"image/png": png(colour), "text/plain": "<Figure size 200x100 with 1 Axes>"}
    return v4.new_output("display_data", data)


PARAMETERS = """\
import sys

import numpy as np

from scorekit.densities import Gaussian

rng = np.random.default_rng(1)
n = 200 if sys.platform == "emscripten" else 2_000"""

WALK = """\
# The walk, written out once.
x = np.zeros(n)
for _ in range(10):
    x = x - 0.1 * x + rng.normal(size=n)"""

BREAKS = """\
steps = np.linspace(0.1, 2.5, 12)
spread = steps / (2 - steps)
worst = steps[spread < 0]
print(len(worst), "steps are too large")"""

CHECKS = """\
from scorekit.checks import Checks

c = Checks("00")
c.add("mean", theory=0.0, measured=float(x.mean()), tol=0.5)
c.show()"""

EXERCISES = """\
## Exercises

```{exercise}
:label: first
```
```{solution} first
```
```{exercise}
:label: second
```
```{solution} second
# not a heading
```"""


def make() -> Any:
    """The notebook as executed; its hash is set by :func:`write`."""
    alt = {"mystnb": {"image": {"alt": "A walk on a line, ten steps, seen from the side."}}}
    checks = v4.new_output("display_data", {"text/plain": "a table", CHECKS_MIME: {"rows": []}})
    told = v4.new_output("stream", name="stdout", text="3 steps are too large\n")
    cells = [
        v4.new_markdown_cell("# A walk\n\nWhere does it go?"),
        v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        v4.new_markdown_cell("## The walk\n\nStep by step."),
        v4.new_code_cell(WALK, metadata={"tags": ["from-scratch"], **alt}, outputs=[figure()]),
        v4.new_markdown_cell("## Where it breaks"),
        v4.new_code_cell(BREAKS, outputs=[told]),
        v4.new_markdown_cell("## Checks"),
        v4.new_code_cell(CHECKS, metadata={"tags": ["check"]}, outputs=[checks]),
        v4.new_markdown_cell(EXERCISES),
        v4.new_markdown_cell("## Summary\n\nIt walks.\n\n## Further reading\n\nNone."),
    ]
    code = [cell for cell in cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        cell.id = f"code{count}"
    return v4.new_notebook(cells=cells)


def write(node: Any, path: Path, root: Path = notebooks.ROOT) -> notebooks.Notebook:
    """Store it as if it had just been executed, and read it back."""
    node.metadata[notebooks.KEY] = {
        "inputs": notebooks.fingerprint(notebooks.Notebook(path, node), root)
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(v4.writes(node), "utf8")
    return notebooks.read(path)
