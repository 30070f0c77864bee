"""The examples of the appendix print what the appendix says they print."""

import subprocess
import sys

import pytest
from conftest import ROOT


def printed(name: str, *options: str) -> str:
    command = [sys.executable, ROOT / "examples" / name, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_the_cluster_example(options: tuple[str, ...]) -> None:
    stored = (ROOT / "examples/cluster.txt").read_text("utf8")
    out = printed("cluster.py", *options)
    assert out.endswith(stored)
    value, se, exact = (float(out.split()[k].strip(",")) for k in (-5, -3, -1))
    assert abs(value - exact) < 4 * se


def test_the_torch_example() -> None:
    pytest.importorskip("torch")
    words = printed("torch_score.py").split()
    value, se, theory = (float(words[k].strip(",")) for k in (1, 3, 5))
    assert abs(value - theory) < 4 * se
    assert abs(value - 2) > 4 * se  # the variance without the step's correction
