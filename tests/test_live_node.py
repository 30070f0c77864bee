"""Every chapter runs to its end under Pyodide, with the same assertions as at the desk."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import live_site
import pytest
from conftest import ROOT

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("live-node")]

RUNNER = Path(__file__).with_name("live_node.mjs")
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build puts into _static/live, without building the book."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    import live_assets

    out = tmp_path_factory.mktemp("node")
    shutil.copytree(ROOT / "book" / "_static" / "live", out / "_static" / "live")
    live_assets.write(ROOT, out)
    return out / "_static" / "live"


@pytest.fixture
def run_cells(live: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def run_cells(cells: list[str], files: dict[str, str] | None = None) -> dict[str, Any]:
        job = tmp_path / "job.json"
        job.write_text(json.dumps({"cells": cells, "files": files or {}}))
        done = subprocess.run(
            ["node", str(RUNNER), str(live_site.pyodide_folder()), str(live), str(job)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        # A crash of Pyodide prints its whole minified source first.
        assert done.returncode == 0, done.stderr[-2000:]
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    return run_cells


@pytest.mark.long
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_runs_to_its_end(run_cells: Callable[..., dict[str, Any]], chapter: Path) -> None:
    result = run_cells(live_site.code_cells(chapter))
    errors = [output["text"] for output in result["outputs"] if output["kind"] == "error"]
    assert errors == []
    assert result["ok"]
    assert any("image/png" in output.get("bundle", {}) for output in result["outputs"])


def test_a_failing_assertion_is_seen(run_cells: Callable[..., dict[str, Any]]) -> None:
    result = run_cells(["x = 1", "assert x == 2, 'planted'", "print('not reached')"])
    assert not result["ok"]
    assert [output["cell"] for output in result["outputs"]] == [2]
    assert "AssertionError: planted" in result["outputs"][0]["text"]


def test_a_failing_check_is_seen(run_cells: Callable[..., dict[str, Any]]) -> None:
    result = run_cells(
        [
            "from scorekit.checks import Checks",
            "c = Checks('99')\nc.add('planted', 1.0, 2.0, tol=0.5)\nc.show()",
        ]
    )
    kinds = [output["kind"] for output in result["outputs"]]
    assert kinds == ["display", "error"]
    assert "text/html" in result["outputs"][0]["bundle"]
    # The table needs NumPy, and nothing larger.
    assert {"numpy", "scorekit"} <= set(result["packages"])
    assert not {"scipy", "matplotlib", "scikit-learn"} & set(result["packages"])


def test_what_a_module_may_want_later_is_there(run_cells: Callable[..., dict[str, Any]]) -> None:
    # Node 20 cannot wait inside Python, so everything a cell could need comes before it runs.
    result = run_cells(["from scorekit import stationary", "import scipy.optimize"])
    assert result["ok"]


def test_a_large_data_file_comes_when_it_is_used(run_cells: Callable[..., dict[str, Any]]) -> None:
    ask = "from scorekit.priors import load_prior\nprint(load_prior({}).net.size > 1000)"
    result = run_cells([ask.format("'digits'"), ask.format("'dig' + 'its'")])
    assert result["ok"]
    assert "".join(output["text"] for output in result["outputs"]) == "True\n" * 2
    result = run_cells([ask.format("'dig' + 'its'")])  # not seen in the code, so not fetched
    assert not result["ok"]


@pytest.mark.parametrize(
    "folder", sorted((ROOT / "exercises").glob("[0-9]*")), ids=lambda folder: folder.name
)
def test_an_exercise_checks_answers(run_cells: Callable[..., dict[str, Any]], folder: Path) -> None:
    files = {"checks.py": str(folder / "checks.py")}

    def sentences(notebook: str) -> list[str]:
        cells = live_site.code_cells(folder / notebook)
        outputs = run_cells(cells, files)["outputs"]
        # A line may come in pieces, as a slow one does.
        return [
            "".join(output["text"] for output in outputs if output["cell"] == number)
            for number, code in enumerate(cells, 1)
            if code.startswith("check(")
        ]

    unsolved, solved = sentences("exercise.ipynb"), sentences("master.ipynb")
    assert len(unsolved) == len(solved) >= 1
    assert all("not written yet" in sentence for sentence in unsolved)
    assert all("checks pass.\n" in sentence for sentence in solved)
