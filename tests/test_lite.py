"""What the notebooks in JupyterLite are made of, without a browser."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import live_site
import pytest
from conftest import ROOT

from tools import lite_site, pyodide_site
from tools.pyodide_site import Refused

PAGE = "<article class='x'><section><h1>Title<a>#</a></h1><p>Text.</p></section></article>"


@pytest.fixture(scope="module")
def needs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lite_needs", lite_site.TOOLS / "needs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def site_with(folder: Path, name: str, files: dict[str, str]) -> Path:
    """A built book of one page, as far as the tool reads it."""
    live = folder / "_static" / "live"
    notebook: dict[str, Any] = {"cells": [], "metadata": {"kernelspec": {"name": "python3"}}}
    for path, text in {
        live / "live.json": "{}",
        live / "pages" / f"{name}.json": json.dumps({"cells": [], "files": list(files)}),
        folder / "_sources" / f"{name}.ipynb": json.dumps(notebook),
        folder / f"{name}.html": PAGE,
        **{live / "files" / Path(name).parent / file: text for file, text in files.items()},
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_kernel_packages_are_pinned_with_hashes_once() -> None:
    lines = [line for line in lite_site.KERNEL.read_text().splitlines() if line[0] != "#"]
    found = [re.fullmatch(r"([a-z-]+)==([\d.]+) --hash=sha256:[0-9a-f]{64}", s) for s in lines]
    names = [match[1] for match in found if match]
    assert len(names) == len(lines) == len(set(names))
    # What the kernel imports, and what that imports, apart from the packages of Pyodide itself.
    assert {"ipython", "comm", "micropip", "jedi", "traitlets", "stack-data"} <= set(names)


def test_contents_are_the_pages_notebooks_and_files(tmp_path: Path) -> None:
    name = "exercises/01/exercise"
    site = site_with(tmp_path / "site", name, {"checks.py": "x = 1\n"})
    assert lite_site.write_contents(site, tmp_path / "out") == [name]
    folder = tmp_path / "out" / "exercises" / "01"
    assert sorted(path.name for path in folder.iterdir()) == ["checks.py", "exercise.ipynb"]
    # JupyterLite knows its kernel by this name; another one would make it ask the reader.
    notebook = json.loads((folder / "exercise.ipynb").read_text())
    assert notebook["metadata"]["kernelspec"]["name"] == "python"


def test_a_folder_that_is_no_book_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="run `make book` first"):
        lite_site.pages(tmp_path)


@pytest.mark.parametrize("name", ["page", "chapters/page", "exercises/01/page"])
def test_the_link_is_relative_and_stands_once_under_the_title(name: str) -> None:
    linked = lite_site.with_link(PAGE, name)
    before, _, after = linked.partition("</h1>")
    up = "../" * name.count("/")
    assert f'href="{up}lite/lab/index.html?path={name}.ipynb"' in after
    assert before in PAGE
    assert lite_site.with_link(linked, name) == linked


def test_a_page_without_a_title_is_refused() -> None:
    with pytest.raises(Refused, match=r"odd\.html has no title"):
        lite_site.with_link("<article></article>", "odd")


def test_no_link_where_the_build_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(contents: Path, target: Path) -> None:
        raise Refused("planted")

    monkeypatch.setattr(lite_site, "build", fail)
    site = site_with(tmp_path, "page", {})
    with pytest.raises(Refused, match="planted"):
        lite_site.install(site, tmp_path)
    assert (site / "page.html").read_text() == PAGE
    assert not (site / "lite").exists()


def test_kernel_wheels_are_described(tmp_path: Path) -> None:
    lite, source = tmp_path / "lite", tmp_path / "source"
    pypi = lite / "extensions" / "kernel" / "pypi"
    pypi.mkdir(parents=True)
    source.mkdir()
    (source / "pure_eval-1.0-py3-none-any.whl").write_bytes(b"wheel")
    own = ["piplite", "pyodide-kernel", "ipykernel"]
    for name in own:
        (pypi / f"{name.replace('-', '_')}-0.8.6-py3-none-any.whl").write_bytes(b"kernel")
    lite_site.write_wheels(lite, source)
    wheels = json.loads((lite / "lite.json").read_text())["wheels"]
    assert [entry["name"] for entry in wheels] == ["pure-eval", *own]
    for entry in wheels:
        data = (lite / entry["file_name"]).read_bytes()
        assert data == (b"wheel" if entry["name"] == "pure-eval" else b"kernel")
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        assert len(data) == entry["bytes"]
        # What the official lock knows better is left to it.
        assert ("depends" in entry) == (entry["name"] in own)


def wrong_versions(lines: list[str], packages: dict[str, Any]) -> list[str]:
    """Which pins are not of the version in Pyodide's lock."""
    pins = [line.split()[0].split("==") for line in lines if line[0] != "#"]
    return [
        name
        for name, version in pins
        if name not in lite_site.OWN and packages[name]["version"] != version
    ]


@pytest.mark.node
def test_kernel_packages_have_the_versions_of_pyodides_lock() -> None:
    lock = live_site.pyodide_folder() / pyodide_site.LOCK
    packages = json.loads(lock.read_text())["packages"]
    lines = lite_site.KERNEL.read_text().splitlines()
    assert wrong_versions(lines, packages) == []
    assert wrong_versions([*lines, "parso==0.1 --hash"], packages) == ["parso"]
    # All that they depend on is there: among them, or a package of Pyodide that it fetches itself.
    names = {line.split("==")[0] for line in lines if line[0] != "#"}
    assert set(pyodide_site.closure(packages, ("ipython", "jedi", "micropip"))) - names == {"six"}


def test_needs_are_read_through_the_books_modules(needs: ModuleType) -> None:
    table = {
        "pack.sub": {"now": ["no_such_a"], "later": ["no_such_b"]},
        "pack": {"now": [], "later": []},
    }
    found = needs.needs("%matplotlib inline\nimport json\nfrom pack import sub, other\n", table)
    assert found["names"] == ["no_such_a", "no_such_b", "pack"]
    assert needs.needs("x = (1 +", table)["names"] == []


def test_needs_of_a_script_that_a_cell_names(
    needs: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checks.py").write_text("import no_such_c  # opens waves()\n")
    monkeypatch.chdir(tmp_path)
    found = needs.needs('check = checker("checks.py", "absent.py")', {})
    assert found["names"] == ["no_such_c"]
    assert "waves()" in found["text"]


def test_the_makefile_builds_notebooks_only_where_links_are_wanted() -> None:
    rules = (ROOT / "Makefile").read_text()
    book, site, live = (
        re.search(rf"^{name}:.*\n((?:\t.*\n)+)", rules, re.MULTILINE)
        for name in ("book", "site", "live")
    )
    assert book is not None
    assert site is not None
    assert live is not None
    assert "lite_site" not in book[1]
    assert "lite_site" in site[1]
    assert live[1].index("pyodide_site") < live[1].index("lite_site")
