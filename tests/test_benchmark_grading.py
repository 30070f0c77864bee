"""The benchmark of the graders: it counts what ends as an orphan, and notices a wrong mark."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import grading
from benchmarks.grading import Reading

ROOT = Path(__file__).resolve().parents[1]
EXERCISE = ROOT / "exercises/01_landscape"
BURN = "import time\nwhile time.process_time() < 0.5: pass"
START = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {BURN!r}])"
COUNT = f"""
import subprocess, sys
from benchmarks import grading
grading.adopt_orphans()
with grading.cpu_clock() as cpu:
    print(grading.measure(lambda: subprocess.run([sys.executable, "-c", {START!r}]), cpu).cpu)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="Making a control group needs root.")
def test_the_cpu_time_of_an_orphan_is_counted() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) > 0.4


def test_the_class_has_known_marks(tmp_path: Path) -> None:
    marks = grading.class_of(EXERCISE, tmp_path, 10)
    assert sorted(marks) == sorted(p.stem for p in tmp_path.glob("*.ipynb"))
    assert [s for s, mark in marks.items() if mark == 0] == ["s004", "s009"]


def test_a_wrong_mark_is_no_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: object) -> None:
        out = Path(command[command.index("--out") + 1])
        out.mkdir()
        with open(out / "grades.csv", "w") as file:
            csv.writer(file).writerows([["student", "score", "max_score"], ["s004", 1, 18]])

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(AssertionError, match="is not 0"):
        grading.ours(EXERCISE, tmp_path, tmp_path, {"s004": 0.0})


def test_the_table_has_ratios_of_one_round() -> None:
    found = {
        "gradekit": [Reading(2.0, 4.0), Reading(4.0, 4.0), Reading(2.0, 4.0)],
        "nbgrader": [Reading(20.0, 40.0), Reading(20.0, 44.0), Reading(30.0, 48.0)],
    }
    text = grading.table(10, "light", found)
    assert "| gradekit | 0.200 | 0.400 | 1.000 | 1.000 |" in text
    assert "| nbgrader | 2.000 | 4.400 | 10.000 | 11.000 |" in text
    assert "Best round 0.200 s of wall time: met." in text
    slow = {"gradekit": [Reading(9.0, 4.0)]}
    assert "**not met**" in grading.table(10, "light", slow)
