"""Which cells of the chapters keep a reader waiting in the page.

    python -m benchmarks.page_cells [chapters/06_discrete.ipynb ...]

Runs each chapter under Pyodide in Node, with the Python side of the live pages and the page's own
smaller parameters, and prints its processor time, and every cell above the limit, which belongs cut
down in the chapter's ``parameters``. Chromium and Node run Pyodide on the same engine.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.pyodide_site import ROOT, fetch

LIMIT = 30.0  # seconds that a reader may be asked to wait for one cell


def built(folder: Path) -> Path:
    """What the build puts into _static/live, without building the book."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    import live_assets

    live = folder / "_static" / "live"
    shutil.copytree(ROOT / "book" / "_static" / "live", live)
    live_assets.write(ROOT, folder)
    return live


def cell_seconds(notebook: Path, live: Path, job: Path) -> list[float]:
    """The processor time of each code cell, in order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    job.write_text(json.dumps({"cells": code, "files": {}}))
    runner = ROOT / "tests" / "live_node.mjs"
    done = subprocess.run(
        ["node", runner, fetch(), live, job], capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout.splitlines()[-1])
    if not result["ok"]:
        raise SystemExit(f"{notebook.name}: cell {len(result['seconds'])} ended with an error")
    return [float(seconds) for seconds in result["seconds"]]


def main() -> None:
    """Command line."""
    chapters = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / "chapters").glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as tmp:
        live = built(Path(tmp))
        print("chapter                   all cells   slowest   above the limit")
        for chapter in chapters:
            seconds = cell_seconds(chapter, live, Path(tmp) / "job.json")
            slowest = max(range(len(seconds)), key=seconds.__getitem__)
            above = [f"cell {i}: {s:.0f} s" for i, s in enumerate(seconds, 1) if s > LIMIT]
            print(
                f"{chapter.stem:<25} {sum(seconds):7.0f} s   {seconds[slowest]:4.0f} s "
                f"(cell {slowest + 1})   {', '.join(above) or 'none'}",
                flush=True,
            )


if __name__ == "__main__":
    main()
