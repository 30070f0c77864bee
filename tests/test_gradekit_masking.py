"""Masked names are gone from the copy that goes into the box."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from gradekit.masking import mask, masked_copy

SOURCE = '''
"""A module."""
SECRET_FACTOR = 2

def keep(x):
    return x + 1

def answer(x):
    "The solution."
    return 3 * x

class Thing:
    def formula(self):
        return "the formula"

    def other(self):
        return "other"
'''


def test_mask_takes_out_functions_classes_and_methods() -> None:
    text = mask(SOURCE, ["answer", "Thing.formula"], "pkg.mod")
    assert "3 * x" not in text
    assert "the formula" not in text
    assert "The solution" not in text
    space: dict[str, object] = {}
    exec(text, space)
    assert space["keep"](1) == 2  # type: ignore[operator]
    assert space["Thing"]().other() == "other"  # type: ignore[operator]
    for call in (space["answer"], space["Thing"]().formula):  # type: ignore[operator]
        with pytest.raises(RuntimeError, match=r"pkg\.mod\..* is masked"):
            call(1)  # type: ignore[operator]
    assert "class Thing" not in mask(SOURCE, ["Thing"], "pkg.mod")


@pytest.mark.parametrize("name", ["nothing", "Thing.nothing", "keep.inner", "SECRET_FACTOR"])
def test_a_name_that_does_not_exist_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="MASKED names"):
        mask(SOURCE, [name], "pkg.mod")


def test_scorekit_is_masked_where_it_is_defined(tmp_path: Path) -> None:
    copy = masked_copy("scorekit", ["densities.GaussianMixture", "densities.Ring.score"], tmp_path)
    home = importlib.import_module("scorekit.densities").GaussianMixture.__module__
    text = (copy / f"{home.split('.')[-1]}.py").read_text(encoding="utf-8")
    assert "def responsibilities" not in text
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import scorekit.densities as d;"
        "assert d.__file__.startswith(sys.argv[1]); d.Ring(1.0, 0.3).log_z;"
        "d.GaussianMixture([1.0], [[0.0]], [1.0])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "GaussianMixture is masked" in run.stderr


@pytest.mark.parametrize("name", ["densities.Nothing", "nowhere.x", "densities.Ring.nothing"])
def test_masking_what_scorekit_lacks_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="MASKED names"):
        masked_copy("scorekit", [name], tmp_path)
