"""What the live pages need beside the committed files of ``book/_static/live``.

:func:`write` is called when the HTML is built. It puts there the wheels of the book's own packages
and of autograd (which Pyodide does not carry), the source of each page's cells, the plain files of
the exercises, and ``live.json``, which says where Python itself comes from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from live_imports import data_pattern, module_needs

# One setting moves Python to another address: this variable, or `live_base` in _config.yml.
BASE_VARIABLE = "LIVE_BASE"
# Any fixed time makes the wheels' bytes reproducible; zip files cannot hold an earlier one.
EPOCH = (1980, 1, 1, 0, 0, 0)
EPOCH_SECONDS = "315532800"
FILE_TYPES = {".py", ".csv", ".json", ".npz", ".txt"}
NOT_FOR_READERS = {"mutants.py"}
MAX_FILE = 1_000_000
# A data file of the package above this many bytes is not in its wheel: pages fetch it when used.
LARGE = 46_000


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx: the script and style of every page, and what the build adds."""
    app.add_config_value("live_base", os.environ.get(BASE_VARIABLE, ""), "html")
    app.add_js_file("live/live.js", loading_method="defer")
    app.add_css_file("live/live.css")
    app.connect("builder-inited", without_thebe)
    app.connect("build-finished", on_build_finished)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def without_thebe(app: Any) -> None:
    """Take out sphinx-thebe, which Jupyter Book always loads.

    It adds a link to a server we do not use, and a script that declares its constants twice, which
    every page would report as an error.
    """
    for event in ("env-before-read-docs", "doctree-resolved"):
        for listener in list(app.events.listeners.get(event, [])):
            if listener.handler.__module__ == "sphinx_thebe":
                app.disconnect(listener.id)


def on_build_finished(app: Any, exception: Exception | None) -> None:
    """Add to the finished HTML what only this build knows."""
    if exception is None and app.builder.format == "html":
        write(app.srcdir, app.outdir, app.config.live_base)


def write(srcdir: Path | str, outdir: Path | str, base: str = "") -> None:
    """Write everything into ``outdir/_static/live``; needs no network.

    ``base`` is the address of a folder with all files of the Pyodide release; without it, the
    public one.
    """
    source, live = Path(srcdir), Path(outdir) / "_static" / "live"
    pins = json.loads((live / "pyodide.json").read_text())
    base = base and base.rstrip("/") + "/"
    wheels = live / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    name, packages = read_project(source)
    config = {
        "core": base or pins["core"],
        "packages": base or pins["packages"],
        "wheels": [
            lock_entry(book_wheel(source, name, packages, wheels), packages),
            lock_entry(installed_wheel("autograd", wheels), ["autograd"]),
        ],
        "modules": module_needs([source / package for package in packages]),
        "data": [
            data_entry(path, source, live)
            for package in packages
            for path in sorted((source / package).rglob("*.npz"))
            if path.stat().st_size > LARGE
        ],
    }
    for html in sorted(Path(outdir).rglob("*.html")):
        page = html.relative_to(outdir).with_suffix("")
        notebook = source / page.with_suffix(".ipynb")
        if notebook.exists():
            write_page(notebook, page, live)
    (live / "live.json").write_text(json.dumps(config, indent=1) + "\n")


def data_entry(path: Path, source: Path, live: Path) -> dict[str, Any]:
    """Copy a large data file beside the wheels, and say which code will open it."""
    target = live / "data" / path.name
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(path, target)
    return {
        "path": path.relative_to(source).as_posix(),  # inside site-packages
        "url": f"data/{path.name}",  # relative to live.json
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "pattern": data_pattern(path),
    }


def write_page(notebook: Path, page: Path, live: Path) -> None:
    """Write the cells of one page, and the plain files a reader's code may open."""
    cells = page_cells(json.loads(notebook.read_text(encoding="utf-8")))
    if not cells:
        return
    files = []
    if page.parts[0] == "exercises":
        for path in sorted(notebook.parent.iterdir()):
            if path.suffix in FILE_TYPES and path.name not in NOT_FOR_READERS:
                if path.stat().st_size > MAX_FILE:
                    raise ValueError(f"{path} is too large to be sent to a page")
                files.append(path.name)
                target = live / "files" / page.parent / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    target = live / "pages" / f"{page}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"cells": cells, "files": files}, ensure_ascii=False) + "\n")


def page_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """The code cells in order, those that the page does not show included.

    ``shown`` tells whether the page has an element for the cell at all: a cell whose input and
    output are both removed must still run, but only this file carries it.
    """
    cells = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        tags = {tag.replace("_", "-") for tag in cell["metadata"].get("tags", [])}
        removed = "remove-cell" in tags or {"remove-input", "remove-output"} <= tags
        image = cell["metadata"].get("mystnb", {}).get("image", {})
        cells.append({"source": source, "shown": not removed, "alt": image.get("alt", "")})
    return cells


def read_project(source: Path) -> tuple[str, list[str]]:
    """The book's own distribution: its name, and its top-level packages."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {name.partition(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    return project["project"]["name"], sorted(packages)


def book_wheel(source: Path, name: str, packages: list[str], target: Path) -> Path:
    """Build the book's own wheel from a copy, so that the tree stays clean."""
    with tempfile.TemporaryDirectory() as tmp:
        copy = Path(tmp) / "source"
        copy.mkdir()
        for folder in packages:
            shutil.copytree(source / folder, copy / folder, ignore=not_in_the_wheel)
        for file in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copyfile(source / file, copy / file)
        for path in copy.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        subprocess.run(
            [sys.executable, "-c", "import sys; from setuptools.build_meta import build_wheel; "
             "build_wheel(sys.argv[1])", str(target)],
            cwd=copy, check=True, capture_output=True,
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH_SECONDS},
        )  # fmt: skip
    return next(target.glob(f"{name.replace('-', '_')}-*.whl"))


def not_in_the_wheel(folder: str, names: list[str]) -> set[str]:
    """What the copy leaves out: caches, and data that pages fetch when they use it."""
    sizes = {name: (Path(folder) / name).stat().st_size for name in names if name[-4:] == ".npz"}
    return {name for name in names if name == "__pycache__" or sizes.get(name, 0) > LARGE}


def installed_wheel(name: str, target: Path) -> Path:
    """Pack an installed pure-Python distribution into a wheel again.

    So the page runs the very version the book was written with, nobody else's code is kept in this
    repository, and no network is needed.
    """
    dist = distribution(name)
    wheel = target / f"{name}-{dist.version}-py3-none-any.whl"
    skip = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
    files = {
        str(path): path.read_binary()
        for path in dist.files or []
        if path.suffix != ".pyc" and path.name not in skip and ".." not in path.parts
    }
    if f"{name}/__init__.py" not in files:
        raise ValueError(f"{name} is not installed as plain files, so it cannot be packed")
    # Pyodide checks the wheel's own hash against the lock, so this list can stay empty.
    files[f"{name}-{dist.version}.dist-info/RECORD"] = b""
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(file, EPOCH), data, zipfile.ZIP_DEFLATED)
    return wheel


def lock_entry(wheel: Path, imports: list[str]) -> dict[str, Any]:
    """Describe a wheel as Pyodide's lock does.

    It depends on NumPy alone: what else a module imports is loaded when a cell needs it.
    """
    name, version = wheel.name.split("-")[:2]
    return {
        "name": name,
        "version": version,
        "file_name": f"wheels/{wheel.name}",  # relative to live.json
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "bytes": wheel.stat().st_size,
        "package_type": "package",
        "imports": imports,
        "depends": ["numpy"],
        "unvendored_tests": False,
    }
