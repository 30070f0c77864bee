"""The repository's own order: pins, versions, commands, modules, and tools that may be missing."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, nothing_wrong
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import scorekit
from tools import environment, gates_house

Gate = Callable[[Path], list[str]]
GATES: list[Gate] = [
    gates_house.environment_file,
    gates_house.lock_form,
    gates_house.lock_covers,
    gates_house.versions,
    gates_house.targets,
    gates_house.contents,
    gates_house.long_modules,
    gates_house.traces,
]


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_house(gate: Gate) -> None:
    nothing_wrong(gate(ROOT))


# ------------------------------------------------------------ planted defects, one at a time


@pytest.fixture
def sketch(tmp_path: Path) -> Path:
    """The files that the gates read, to be spoilt."""
    for name in (
        *("pyproject.toml", "requirements.lock", "environment.yml", "Makefile", "README.md"),
        *("CITATION.cff", "CHANGELOG.md", "_toc.yml", "scorekit/__init__.py"),
        *("chapters/01_landscape.ipynb", "exercises/01_landscape/exercise.ipynb"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_sketch_passes(gate: Gate, sketch: Path) -> None:
    assert gate(sketch) == []


NUMPY = environment.pins()["numpy"]
RELEASED = f"## {scorekit.__version__} ("  # what is not released yet stands above it
# The gate, the file, a text in it, what takes its place, and words of what must be said.
DEFECTS: list[tuple[Gate, str, str, str, str]] = [
    (gates_house.environment_file, "environment.yml", NUMPY, "2.0.0", "differs from the lock"),
    (gates_house.environment_file, "requirements.lock", f"numpy=={NUMPY}", "numpy==2.0.0", "diff"),
    (gates_house.lock_form, "requirements.lock", f"numpy=={NUMPY}", "numpy", "'numpy' is no pin"),
    (gates_house.lock_form, "requirements.lock", "numpy==", "numpy @ https://x.org/", "is no pin"),
    (gates_house.lock_form, "requirements.lock", "alabaster==", "zlabaster==", "is not sorted"),
    (gates_house.lock_form, "requirements.lock", "anyio==", "alabaster==1.0\nanyio==", "twice"),
    (gates_house.lock_covers, "requirements.lock", f"numpy=={NUMPY}\n", "", "not pin numpy"),
    (gates_house.lock_covers, "requirements.lock", f"numpy=={NUMPY}", "numpy==1.9", "numpy>=2.0"),
    (gates_house.versions, "pyproject.toml", 'version = "', 'version = "9', "versions differ"),
    (gates_house.versions, "CITATION.cff", "\nversion: ", "\nversion: 9", "versions differ"),
    (gates_house.versions, "CHANGELOG.md", RELEASED, "## 9 (", "versions differ"),
    (gates_house.versions, "scorekit/__init__.py", '__version__ = "', '__version__ = "9', "differ"),
    (gates_house.versions, "CITATION.cff", 'date-released: "2', 'date-released: "1', "is of"),
    (gates_house.targets, "README.md", "make execute", "make it", "not mention `make execute`"),
    (gates_house.targets, "README.md", "`make book`", "`make books`, `make book`", "`make books`"),
    (gates_house.targets, "Makefile", "\nlint:", "\nlinter:", "make linter"),
    (gates_house.contents, "_toc.yml", "chapters/01_landscape", "chapters/02", "01_landscape"),
    (gates_house.long_modules, "scorekit/__init__.py", '"""Sc', "\n" * 250 + '"""Sc', "lines"),
    (gates_house.traces, "README.md", "# Sc", "Look in /work/" + "here\n# Sc", "README.md: names"),
    (gates_house.traces, "README.md", "# Sc", "Look in /home/" + "me\n# Sc", "README.md: names"),
    (gates_house.traces, "Makefile", "\nbook:", "\n# https://pypi-" + "mirror.x.org\nbook:", "Mak"),
]


@pytest.mark.parametrize(
    ("gate", "file", "old", "new", "words"),
    DEFECTS,
    ids=[f"{gate.__name__}-{number}" for number, (gate, *_) in enumerate(DEFECTS)],
)
def test_defect_in_the_house_is_seen(
    gate: Gate, file: str, old: str, new: str, words: str, sketch: Path
) -> None:
    text = (sketch / file).read_text()
    assert old in text
    (sketch / file).write_text(text.replace(old, new, 1))
    assert words in " ".join(gate(sketch))


def test_a_chapter_out_of_the_contents_is_seen(sketch: Path) -> None:
    shutil.copy(sketch / "chapters" / "01_landscape.ipynb", sketch / "chapters" / "02_new.ipynb")
    assert gates_house.contents(sketch) == ["_toc.yml does not list chapters/02_new."]


def test_every_house_gate_has_a_planted_defect() -> None:
    assert {gate for gate, *_ in DEFECTS} == set(GATES)


# ------------------------------------------------------------------------ what is installed


def test_everything_below_is_pinned_too() -> None:
    """The lock holds whatever the tests' environment needs, at the version that is installed."""
    locked = environment.pins()
    waiting, done = [("scorekit", frozenset({"test"}))], set()
    wrong = []
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in done:
            continue
        done.add((name, extras))
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # a marker left it out here
        if name != "scorekit" and locked.get(name) != found.version:
            wrong.append(f"{name} {found.version} is installed, the lock says {locked.get(name)}.")
        for text in found.requires or []:
            needed = Requirement(text)
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in extras or {""}
            ):
                waiting.append((canonicalize_name(needed.name), frozenset(needed.extras)))
    assert len(done) > 50
    nothing_wrong(wrong)


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("scorekit", ["scipy", "matplotlib", "autograd"]),
        ("scorekit.densities", ["scipy", "matplotlib", "autograd"]),
        ("scorekit.diagnostics", ["scipy", "matplotlib", "autograd"]),
        ("scorekit.checks", ["scipy", "matplotlib", "autograd"]),
    ],
)
def test_import_is_light(module: str, absent: list[str]) -> None:
    script = f"import sys, {module}; print(sorted(set(sys.modules) & set({absent!r})))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


# ------------------------------------------------------------- tools that may be missing here

INNER = """
import pytest

@pytest.mark.browser
def test_browser(): pass

@pytest.mark.box
def test_box(): pass

@pytest.mark.node
def test_node(): pass

def test_plain(): pass
"""


def run_pytest(folder: Path, *options: str, **variables: str) -> str:
    """Run the tests in a folder and return what is said."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options],
        cwd=folder,
        env={**env, **variables},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def run_without_tools(folder: Path, required: str) -> str:
    """Run one test of each marker where no tool can be found."""
    source = (ROOT / "tests" / "conftest.py").read_text()
    assert source.count('CHROMIUM = "/usr/bin/chromium"') == 1
    source = source.replace('CHROMIUM = "/usr/bin/chromium"', 'CHROMIUM = "/nowhere/chromium"')
    (folder / "conftest.py").write_text(source)
    (folder / "test_inner.py").write_text(INNER)
    markers = "\n".join(f"    {name}: a tool" for name in ("browser", "box", "node"))
    (folder / "pytest.ini").write_text(f"[pytest]\naddopts = -ra\nmarkers =\n{markers}\n")
    return run_pytest(folder, PATH="/nowhere", REQUIRE=required)


def test_missing_tools_skip_with_a_sentence(tmp_path: Path) -> None:
    said = run_without_tools(tmp_path, "")
    assert "1 passed, 3 skipped" in said
    assert "Not tested here: there is no Chromium at /nowhere/chromium." in said
    assert "Not tested here: bubblewrap is missing" in said
    assert "Not tested here: node is not installed." in said


def test_missing_tools_fail_when_required(tmp_path: Path) -> None:
    said = run_without_tools(tmp_path, "browser box")
    assert "1 passed, 1 skipped, 2 errors" in said
    assert "REQUIRE names browser, but there is no Chromium at /nowhere/chromium." in said
    assert "REQUIRE names box, but bubblewrap is missing" in said


GROUPED = """
import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("together")

@pytest.mark.parametrize("n", range(4))
def test_worker(n):
    Path(os.environ["PYTEST_XDIST_WORKER"]).touch()
"""


def test_groups_stay_together(tmp_path: Path) -> None:
    """Tests that share a costly fixture run on one worker; pytest 9.2 lets them fall apart."""
    for name in ("test_one.py", "test_two.py"):
        (tmp_path / name).write_text(GROUPED)
    said = run_pytest(tmp_path, "-n", "2", "--dist", "loadgroup")
    assert "8 passed" in said
    assert len(list(tmp_path.glob("gw*"))) == 1
