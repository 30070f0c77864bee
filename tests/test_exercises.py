"""Every exercise: built from its master, marks the reference full, the blank 0, mutants exactly."""

import json
import re
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from nbformat import from_dict
from nbgrader.nbgraderformat import MetadataValidator

from gradekit.box import box_for
from gradekit.build import student_text
from gradekit.checks import Exercise, load
from gradekit.local import checker
from gradekit.mutation import Mutant, answers_of, lost, outcomes
from gradekit.submissions import form_of

ROOT = Path(__file__).resolve().parents[1] / "exercises"
FOLDERS = sorted(path.parent for path in ROOT.glob("*/master.ipynb"))
STUDENTS = ("ada", "blaise", "carl")


@cache
def exercise(folder: Path) -> Exercise:
    return load(folder / "checks.py")


@cache
def reference(folder: Path) -> dict[str, str]:
    return answers_of(folder / "master.ipynb")


@cache
def mutants(folder: Path, kind: str) -> tuple[Mutant, ...]:
    found: tuple[Mutant, ...] = runpy.run_path(str(folder / "mutants.py"))[kind]
    return found


CASES = [
    pytest.param(folder, mutant, id=f"{folder.name}-{mutant.name}")
    for folder in FOLDERS
    for kind in ("MUTANTS", "REWRITES")
    for mutant in mutants(folder, kind)
]
each_exercise = pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


@each_exercise
def test_the_student_notebook_is_what_the_master_makes(folder: Path) -> None:
    committed = (folder / "exercise.ipynb").read_text(encoding="utf-8")
    assert committed == student_text(folder / "master.ipynb"), "run make exercises"
    MetadataValidator().validate_nb(from_dict(json.loads(committed)))


@each_exercise
def test_the_student_notebook_holds_no_solution(folder: Path) -> None:
    text = "\n".join("".join(c["source"]) for c in cells(folder / "exercise.ipynb"))
    assert "BEGIN SOLUTION" not in text
    assert not any(c.get("outputs") for c in cells(folder / "exercise.ipynb"))
    given = {line.strip() for line in text.splitlines()}
    for c in cells(folder / "master.ipynb"):
        region = re.findall(
            r"### BEGIN SOLUTION\n(.*?)\n *### END SOLUTION", "".join(c["source"]), re.DOTALL
        )
        for line in "\n".join(region).splitlines():
            # A line that only the answer could have: long enough not to be anybody's.
            if len(line.strip()) > 30:
                stays_in_the_broken_run = line.strip() in given and "hypot" in line
                assert line.strip() not in given or stays_in_the_broken_run


@each_exercise
def test_points_in_the_notebook_are_those_of_the_checks(folder: Path) -> None:
    listed = {
        m["grade_id"]: m["points"]
        for m in (c["metadata"].get("nbgrader", {}) for c in cells(folder / "exercise.ipynb"))
        if m.get("grade") and not m.get("solution")
    }
    points: dict[str, float] = {}
    for check in exercise(folder).checks:
        name = f"{check.question}_check"
        points[name] = points.get(name, 0) + check.points
    assert listed == points
    form = form_of(folder / "exercise.ipynb")
    assert set(form.answers) == set(exercise(folder).questions)
    assert all(value > 0 for value in form.written.values())


@each_exercise
def test_every_check_says_what_a_right_answer_does(folder: Path) -> None:
    for check in exercise(folder).checks:
        assert check.title != check.id
        assert check.title.endswith(".")
        assert not set("$\\") & set(check.title)  # the feedback page has no script to set TeX


@each_exercise
def test_the_reference_gets_full_marks_for_ten_students(folder: Path) -> None:
    for student in range(10):
        found = outcomes(exercise(folder), reference(folder), f"student {student}")
        assert [o.message for o in found if not o.passed] == []


@each_exercise
def test_the_blank_gets_nothing(folder: Path) -> None:
    blank = answers_of(folder / "exercise.ipynb")
    assert blank.keys() == reference(folder).keys()
    found = outcomes(exercise(folder), blank, "student")
    assert sum(o.earned for o in found) == 0
    assert {o.message.split(" is ")[-1] for o in found} == {"not written yet"}


@each_exercise
def test_a_reader_who_writes_the_reference_passes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The master's cells, run as a notebook would run them."""
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    for cell in cells(folder / "master.ipynb"):
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    said = [line for line in capsys.readouterr().out.splitlines() if "checks pass" in line]
    assert len(said) == len(exercise(folder).questions)
    assert all(re.fullmatch(r"q\d: all \d checks pass\.", line) for line in said)
    checker("checks.py", {})(exercise(folder).questions[0])
    assert "is not defined; run the cell" in capsys.readouterr().out


@each_exercise
def test_the_student_notebook_runs_from_top_to_bottom_unsolved(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    for cell in cells(folder / "exercise.ipynb"):
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    said = [line for line in capsys.readouterr().out.splitlines() if "checks pass" in line]
    assert len(said) == len(exercise(folder).questions)
    assert all(re.fullmatch(r"q\d: 0 of \d checks pass; .* is not written yet\.", s) for s in said)


@each_exercise
def test_each_question_has_three_mutants_and_a_rewrite(folder: Path) -> None:
    for question in exercise(folder).questions:
        wrong = [m for m in mutants(folder, "MUTANTS") if m.cell == question]
        assert len(wrong) >= 3
        assert all(m.loses for m in wrong)
        assert [m for m in mutants(folder, "REWRITES") if m.cell == question and not m.loses]
    caught = {name for m in mutants(folder, "MUTANTS") for name in m.loses}
    assert caught == {check.id for check in exercise(folder).checks}  # no check is idle


@pytest.mark.parametrize(("folder", "mutant"), CASES)
def test_a_mutant_loses_exactly_its_points(folder: Path, mutant: Mutant) -> None:
    changed = mutant.applied(reference(folder))
    for student in STUDENTS:
        assert lost(outcomes(exercise(folder), changed, student)) == mutant.loses


@pytest.mark.box
@pytest.mark.long
@each_exercise
def test_the_box_says_the_same(folder: Path) -> None:
    """Reference, blank, mutants and rewrites again, each through the box, for three students."""
    with box_for(exercise(folder)) as box:
        for student in STUDENTS:
            boxed = outcomes(exercise(folder), reference(folder), student, box)
            assert lost(boxed) == ()
            blank = outcomes(exercise(folder), answers_of(folder / "exercise.ipynb"), student, box)
            assert sum(o.earned for o in blank) == 0
            for mutant in (*mutants(folder, "MUTANTS"), *mutants(folder, "REWRITES")):
                changed = mutant.applied(reference(folder))
                found = lost(outcomes(exercise(folder), changed, student, box))
                assert found == mutant.loses, (mutant.name, student)


def test_a_mutant_whose_text_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="not once"):
        Mutant("typo", "q1", "no such text", "x").applied({"q1": "x = 1"})
