"""Add JupyterLite to a built book: every page with code also opens as a notebook.

    python -m tools.lite_site _build/html

It makes ``lite/`` in the built book, with the notebooks as the book has them, and only then puts
the link "Open as notebook" on their pages. Python comes from where the pages' Python comes from
(``_static/live/live.json``), so that a self-hosted book opens its notebooks without a network.
JupyterLite and its kernel are installed packages (the extra ``lite``). What the kernel imports
beside Pyodide's core is listed with hashes in ``tools/lite/kernel.txt``, fetched once by pip, and
served with the notebooks.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tools.pyodide_site import CACHE, Refused, alone, run

TOOLS = Path(__file__).resolve().parent / "lite"
KERNEL = TOOLS / "kernel.txt"
SERVED = ("loader.mjs", "needs.py")
KERNEL_EXTENSION = "jupyterlite-pyodide-kernel"
TEXT_EXTENSION = "jupyterlab-myst"  # shows boxes, links and folded solutions
PLUGIN = "@jupyterlite/pyodide-kernel-extension:kernel"
# The kernel looks for these by name, and asks no index for what is loaded already.
PRELOAD = ["micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython"]
# What Pyodide's lock does not know: the kernel's own packages, and what each depends on.
OWN = {
    "comm": ["traitlets"],
    "piplite": ["micropip"],
    "pyodide-kernel": ["comm", "ipython"],
    "ipykernel": ["pyodide-kernel"],
}
# Parts of JupyterLite's distribution that no browser asks for.
LEFT_OUT = ("rspack.config*", "package.json", "doc")
TITLE = re.compile(r"(<article\b.*?<h1>.*?</h1>)", re.DOTALL)
LINK_CLASS = "lite-link"


def kernel_wheels(cache: Path = CACHE) -> Path:
    """A folder with the wheels of ``kernel.txt``, fetched and checked by pip once, then kept."""
    folder = cache / f"lite-kernel-{hashlib.sha256(KERNEL.read_bytes()).hexdigest()[:12]}"
    with alone(cache):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache) as tmp:
                new = Path(tmp) / "new"
                pip = (sys.executable, "-m", "pip", "download", "--quiet")
                run(
                    *pip, "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
                    "--python-version=3.14", "--require-hashes", "-r", str(KERNEL), "-d", str(new),
                )  # fmt: skip
                new.rename(folder)
    return folder


def extension(name: str) -> Path:
    """An installed extension of JupyterLab, by the name of its distribution."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        raise Refused(f"{name} is not installed: pip install -e .[lite]") from None
    package = next(file for file in files if file.name == "package.json")
    return Path(str(package.locate())).resolve().parent


def pages(site: Path) -> dict[str, list[str]]:
    """The pages of a built book that have code, and the plain files that each may open."""
    live = site / "_static" / "live"
    if not (live / "live.json").exists():
        raise Refused(f"{site} is not a built book: run `make book` first")
    return {
        path.relative_to(live / "pages").with_suffix("").as_posix(): json.loads(path.read_text())[
            "files"
        ]
        for path in sorted((live / "pages").rglob("*.json"))
    }


def write_contents(site: Path, target: Path) -> list[str]:
    """Copy the notebooks and the exercises' files; return the pages that have one."""
    found = pages(site)
    for name, files in found.items():
        notebook = json.loads((site / "_sources" / f"{name}.ipynb").read_text(encoding="utf-8"))
        notebook["metadata"]["kernelspec"] = {
            "name": "python", "display_name": "Python (Pyodide)", "language": "python",
        }  # fmt: skip
        path = target / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", "utf-8")
        for file in files:
            source = site / "_static" / "live" / "files" / Path(name).parent / file
            shutil.copyfile(source, path.parent / file)
    return list(found)


def settings() -> dict[str, Any]:
    """JupyterLite's configuration: our Pyodide, and no package index."""
    plugin = {
        "pyodideUrl": "./loader.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": PRELOAD},
    }
    data = {"appName": "JupyterLite", "litePluginSettings": {PLUGIN: plugin}}
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


def lock_entry(wheel: Path, lite: Path) -> dict[str, Any]:
    """Describe a wheel as Pyodide's lock does, but for what the lock itself may know of it.

    The loader takes from the official lock what is missing here: what the package depends on.
    """
    data = wheel.read_bytes()
    name, version = wheel.name.split("-")[:2]
    name = name.lower().replace("_", "-")
    entry = {
        "name": name,
        "version": version,
        "file_name": wheel.relative_to(lite).as_posix(),
        "install_dir": "site",
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "package_type": "package",
        "unvendored_tests": False,
    }
    return entry | ({"depends": OWN[name], "imports": []} if name in OWN else {})


def write_wheels(lite: Path, source: Path) -> None:
    """Put the kernel's wheels into ``lite/``, and describe them in ``lite.json``."""
    shutil.copytree(source, lite / "wheels")
    wheels = sorted((lite / "wheels").glob("*.whl"))
    for name in ("piplite", "pyodide-kernel", "ipykernel"):
        wheels.append(next(lite.glob(f"extensions/**/pypi/{name.replace('-', '_')}-*.whl")))
    described = {"preload": PRELOAD, "wheels": [lock_entry(wheel, lite) for wheel in wheels]}
    (lite / "lite.json").write_text(json.dumps(described, indent=1) + "\n")


def build(contents: Path, target: Path) -> None:
    """Run ``jupyter lite build`` with one application and two extensions."""
    extensions = [str(extension(name)) for name in (KERNEL_EXTENSION, TEXT_EXTENSION)]
    with tempfile.TemporaryDirectory() as tmp:
        (Path(tmp) / "jupyter-lite.json").write_text(json.dumps(settings()))
        (Path(tmp) / "config.json").write_text(
            json.dumps({"LiteBuildConfig": {"federated_extensions": extensions}})
        )
        command = [
            sys.executable, "-m", "jupyterlite_core", "build", "--config", "config.json",
            "--contents", str(contents), "--output-dir", str(target), "--apps", "lab",
            "--ignore-sys-prefix", "--no-sourcemaps", "--no-unused-shared-packages",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=tmp, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(f"`jupyter lite build` failed:\n{done.stdout[-2000:]}{done.stderr}")
    index = target / "lab" / "index.html"
    notice = (TOOLS / "notice.js").read_text("utf-8")
    page = index.read_text("utf-8")
    index.write_text(page.replace("<head>", f"<head><script>{notice}</script>", 1), "utf-8")
    for pattern in LEFT_OUT:
        for path in list(target.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def link(name: str) -> str:
    """The HTML of a page's link to its notebook."""
    up = "../" * name.count("/")
    script = (TOOLS / "link.js").read_text("utf-8")
    address = f"{up}lite/lab/index.html?path={quote(f'{name}.ipynb')}"
    return (
        f'<p><a class="{LINK_CLASS}" href="{html.escape(address)}" target="_blank" '
        'title="JupyterLite in a new tab: a notebook that runs in this browser">'
        f"Open as notebook</a></p><script>{script}</script>"
    )


def with_link(page: str, name: str) -> str:
    """The HTML of a page with the link under its title."""
    if f'class="{LINK_CLASS}"' in page:
        return page
    linked, count = TITLE.subn(lambda match: match[1] + link(name), page, count=1)
    if not count:
        raise Refused(f"{name}.html has no title under which the link could stand")
    return linked


def install(site: Path, wheels: Path) -> Path:
    """Make ``lite/`` in a built book, then link to it."""
    with tempfile.TemporaryDirectory(dir=site) as tmp:
        names = write_contents(site, Path(tmp) / "contents")
        new = Path(tmp) / "lite"
        build(Path(tmp) / "contents", new)
        for file in SERVED:
            shutil.copyfile(TOOLS / file, new / file)
        write_wheels(new, wheels)
        shutil.rmtree(site / "lite", ignore_errors=True)
        new.rename(site / "lite")
    for name in names:
        page = site / f"{name}.html"
        page.write_text(with_link(page.read_text("utf-8"), name), "utf-8")
    return site / "lite"


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("site", type=Path, help="folder of the built book")
    site = parser.parse_args().site
    try:
        lite = install(site.resolve(), kernel_wheels())
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in lite.rglob("*") if path.is_file())
    print(f"Each page with code has a link to its notebook now ({size / 1e6:.0f} MB in {lite}).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
