"""The oldest versions are read from pyproject.toml, and a package without a bound is noticed."""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import environment, versions


@pytest.fixture
def sketch(tmp_path: Path) -> Path:
    """The two files that the tool reads, to be changed."""
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf8")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("numpy>=2.0", "numpy==2.0.*"),
        ("Scikit_Learn>=1.4.2,<3", "scikit-learn==1.4.2.*"),
        ("scipy", None),
        ("arviz<1", None),
        ("nbgrader==0.9.6", None),
    ],
)
def test_lowest(text: str, line: str | None) -> None:
    requirement = Requirement(text)
    assert versions.lowest(requirement) == line
    if line is not None:
        # The first release of the series is the bound itself.
        first = Requirement(line).specifier
        assert first.contains(line.partition("==")[2].removesuffix(".*"))


def test_every_promise_of_the_package_is_kept_to() -> None:
    old = versions.oldest()
    assert {canonicalize_name(r.name) for r in environment.named(extras=())} <= set(old)
    # The chapters import it, and no other distribution brings it.
    assert "scikit-learn" in old


def test_a_bound_is_written_once(sketch: Path) -> None:
    before = versions.oldest(sketch)["numpy"]
    bound = before.partition("==")[2].removesuffix(".*")
    edit(sketch / "pyproject.toml", f"numpy>={bound}", "numpy>=2.3")
    assert versions.oldest(sketch)["numpy"] == "numpy==2.3.*"
    assert "numpy==2.3.*\n" in versions.constraints(sketch)
    assert before not in versions.constraints(sketch)


def test_no_bound_is_an_error(sketch: Path) -> None:
    edit(sketch / "pyproject.toml", '"scipy>=', '"scipy<=')
    with pytest.raises(ValueError, match="no lower bound for scipy"):
        versions.oldest(sketch)


def test_the_rest_is_the_lock() -> None:
    lines = versions.constraints().splitlines()
    named = {line.partition("==")[0] for line in lines}
    assert len(named) == len(lines)
    locked = environment.pins()
    assert named == set(locked) - set(versions.LOOSE)
    assert f"pytest=={locked['pytest']}" in lines


def test_what_is_loose_has_to_be() -> None:
    """A name stays on the list only while the locked version refuses one of the oldest."""
    old = versions.oldest()
    locked = environment.pins()
    for name in versions.LOOSE:
        found = importlib.metadata.distribution(name)
        if found.version != locked[name]:
            continue  # an environment of other versions: nothing to learn about the lock
        needs = [Requirement(text) for text in found.requires or []]
        series = {r.name: old[r.name].partition("==")[2] for r in needs if r.name in old}
        refused = [
            r
            for r in needs
            if r.name in series and not r.specifier.contains(series[r.name].replace("*", "999"))
        ]
        assert refused, f"{name} {found.version} no longer refuses {series}."


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    versions.main([])
    assert capsys.readouterr().out == versions.constraints()
    versions.main(["installed"])
    said = capsys.readouterr().out
    assert said.startswith("Python 3.")
    assert f", numpy {importlib.metadata.version('numpy')}," in said
