"""Run the chapters whose code changed and store their outputs.

    python -m tools.execute               the chapters that are out of date
    python -m tools.execute 01_landscape  that one, if it is out of date
    python -m tools.execute --force       all of them
    python -m tools.execute --check       run nothing; name those that are out of date

Two runs of the same code store the same bytes, so that a difference in version control is a
difference in a result: no timings, no versions, and a figure whose pixels did not change keeps the
bytes it had.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image, ImageSequence

from tools import notebooks
from tools.notebooks import Notebook

# One BLAS thread: at these sizes more are slower, and sums come out in one order.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
# What Jupyter writes beside a cell that says when it ran or how it was last looked at.
TRANSIENT = ("execution", "ExecuteTime", "collapsed", "scrolled")
TIMEOUT = 600  # seconds for one cell
PALETTE = 128  # colours of a stored figure


def pixels(encoded: str) -> list[tuple[Any, ...]]:
    """What an image shows: size, time and colours of each of its frames."""
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        return [
            (frame.size, frame.info.get("duration"), frame.convert("RGBA").tobytes())
            for frame in ImageSequence.Iterator(image)
        ]


def images(cell: Any) -> list[tuple[Any, str]]:
    """The raster images among a cell's outputs: the bundle that holds one, and its type."""
    return [
        (output.data, kind)
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
        if kind.startswith("image/") and kind != "image/svg+xml"
    ]


def slim_images(node: Any) -> None:
    """Store figures with a palette: a third of the bytes, no difference to the eye."""
    for cell in node.cells:
        for data, kind in images(cell):
            if kind != "image/png":
                continue
            with Image.open(io.BytesIO(base64.b64decode(data[kind]))) as image:
                opaque = image.convert("RGB")  # the book's figures are drawn on white
            palette = opaque.quantize(PALETTE, dither=Image.Dither.NONE)
            small = io.BytesIO()
            palette.save(small, format="png", optimize=True)
            data[kind] = base64.b64encode(small.getvalue()).decode() + "\n"


def keep_same_images(old: Any, new: Any) -> int:
    """Put an old image back where the new one shows the same; return how many."""
    kept = 0
    before = {cell.get("id"): images(cell) for cell in old.cells if cell.cell_type == "code"}
    for cell in new.cells:
        if cell.cell_type != "code":
            continue
        for (was, was_kind), (now, kind) in zip(
            before.get(cell.get("id"), []), images(cell), strict=False
        ):
            if was_kind == kind and pixels(was[kind]) == pixels(now[kind]):
                now[kind] = was[kind]
                kept += 1
    return kept


def normalise(node: Any, inputs: str) -> None:
    """Leave only metadata that the content decides, and store the hash of what it came from."""
    node.metadata["kernelspec"] = dict(KERNELSPEC)
    node.metadata["language_info"] = {"name": "python"}
    node.metadata.pop("widgets", None)
    node.metadata[notebooks.KEY] = {"inputs": inputs}
    for cell in node.cells:
        for name in TRANSIENT:
            cell.metadata.pop(name, None)


def run(book: Notebook, root: Path = notebooks.ROOT) -> Any:
    """The notebook with fresh outputs, as they would be stored; the file is left alone.

    Raises CellExecutionError when a cell fails.
    """
    inputs = notebooks.fingerprint(book, root)
    old = book.node
    new = nbformat.from_dict(old)
    client = NotebookClient(
        new,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # how often a kernel flushes its output is chance
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(book.path.parent)}},
    )
    with tempfile.TemporaryDirectory() as profile:
        # An empty profile: what the reader's own start-up files do must not reach the book.
        client.execute(env={**os.environ, **ENVIRONMENT, "IPYTHONDIR": profile})
    normalise(new, inputs)
    slim_images(new)
    keep_same_images(old, new)
    nbformat.validate(new)
    return new


def store(node: Any, path: Path) -> bool:
    """Write the notebook, whole or not at all; say whether its bytes changed."""
    text = nbformat.writes(node) + "\n"
    if path.read_text("utf8") == text:
        return False
    part = path.with_suffix(".part")
    part.write_text(text, "utf8")
    part.replace(path)
    return True


def execute(path: Path, root: Path = notebooks.ROOT) -> bool:
    """Run one notebook, report on it, store it; False when a cell failed and nothing was."""
    book = notebooks.read(path)
    start = time.perf_counter()
    try:
        node = run(book, root)
    except CellExecutionError as error:
        print(f"{book.name}: a cell failed, nothing is stored.\n{error}", file=sys.stderr)
        return False
    took = time.perf_counter() - start
    changed = store(node, path)
    size = path.stat().st_size / 1000
    print(f"{book.name}: {took:.1f} s, {size:.0f} kB, {'stored' if changed else 'unchanged'}")
    return True


def choose(names: list[str], known: Mapping[str, Path]) -> list[Path]:
    """The notebooks meant by the command line: names of chapters, or paths; all if none."""
    chosen = [known.get(name.removesuffix(".ipynb"), Path(name)) for name in names]
    for name, path in zip(names, chosen, strict=True):
        if not path.is_file():
            raise SystemExit(f"There is no notebook {name}. Chapters: {', '.join(known)}")
    return chosen or list(known.values())


def main(arguments: list[str] | None = None, root: Path = notebooks.ROOT) -> int:
    """Run the command; the number returned is the exit status."""
    parser = argparse.ArgumentParser(prog="make execute", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="chapters (01_landscape) or paths of notebooks")
    parser.add_argument("--force", action="store_true", help="run those that are up to date too")
    parser.add_argument("--check", action="store_true", help="run nothing; fail if one is stale")
    options = parser.parse_args(arguments)
    paths = choose(options.names, {path.stem: path for path in notebooks.chapters(root)})
    reasons = {path: notebooks.stale(notebooks.read(path), root) for path in paths}
    if options.check:
        for path in paths:
            print(*reasons[path], sep="\n", end="\n" * bool(reasons[path]))
        return int(any(reasons.values()))
    ok = True
    for path in paths:
        if reasons[path] or options.force:
            ok = execute(path, root) and ok
        else:
            print(f"{path.parent.name}/{path.name}: up to date")
    return int(not ok)


if __name__ == "__main__":
    sys.exit(main())
