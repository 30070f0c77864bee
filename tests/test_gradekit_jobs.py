"""What a job carries, what it does not, and what its key and the code's version depend on."""

import ast
import dataclasses
import pickle
import shutil
from pathlib import Path

import pytest

from gradekit import jobs
from gradekit.checks import Inputs, NotGraded, load
from gradekit.submissions import Answers

FOLDER = Path(__file__).resolve().parents[1] / "exercises/01_landscape"
SECRET = b"a secret that stays with the teacher"
ANSWERS = Answers({"q1": "def f(): pass"}, {"q6": "half a pair \ud800"}, ("q2",))


def job(student: str = "ann", secret: bytes = SECRET) -> jobs.Job:
    checks = (FOLDER / "checks.py").read_text(encoding="utf-8")
    return jobs.job(load(FOLDER / "checks.py"), checks, student, ANSWERS, secret)


def test_a_job_brings_seeds_and_no_secret_and_no_path() -> None:
    one = job()
    sent = pickle.dumps(one)
    assert SECRET not in sent
    assert str(FOLDER).encode() not in sent
    assert pickle.loads(sent) == one
    exercise = load(FOLDER / "checks.py")
    inputs = Inputs(exercise.name, "ann", SECRET)
    assert one.seeds == tuple(inputs.seed(c.id) for c in exercise.checks)
    assert set(one.seeds).isdisjoint(job("bob").seeds)
    assert set(one.seeds).isdisjoint(job(secret=b"another secret altogether").seeds)
    # Neither is in what one might print.
    assert str(one.seeds[0]) not in repr(one)


def test_the_key_tells_everything_apart_that_a_result_depends_on() -> None:
    one = job()
    changes = [
        {"exercise": "other"},
        {"student": "bob"},
        {"answers": Answers({"q1": "def f(): return 1"}, ANSWERS.text, ANSWERS.missing)},
        {"answers": Answers(ANSWERS.code, {}, ANSWERS.missing)},
        {"answers": Answers(ANSWERS.code, ANSWERS.text, ())},
        {"checks": one.checks + "\n"},
        {"seeds": (one.seeds[0] + 1, *one.seeds[1:])},
        {"code": "other"},
    ]
    assert {name for change in changes for name in change} == {
        f.name for f in dataclasses.fields(jobs.Job)
    }
    keys = [dataclasses.replace(one, **change).key for change in changes]  # type: ignore[arg-type]
    assert len({one.key, *keys}) == len(changes) + 1
    assert job().key == one.key


def test_another_version_of_the_code_does_not_grade() -> None:
    other = dataclasses.replace(job(), code="other")
    for act in (jobs.grade_one, jobs.ready):
        with pytest.raises(NotGraded, match="another version of gradekit, scorekit, NumPy"):
            act(other)


def test_the_version_covers_every_module_that_marking_imports() -> None:
    here = Path(jobs.__file__).parent
    found, todo = set(), ["jobs", "worker", "__init__"]  # the last is what checks files import from
    while todo:
        name = todo.pop()
        found.add(name)
        tree = ast.parse((here / f"{name}.py").read_text(encoding="utf-8"))
        modules = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level]
        modules += ["codec"] * (name == "worker")
        todo += [str(m) for m in modules if m not in found]
    assert found - {"feedback", "local", "__init__"} == set(jobs.MARKING)


@pytest.mark.parametrize("edited", ["gradekit/codec.py", "scorekit/densities.py"])
def test_an_edit_makes_another_version(
    edited: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = FOLDER.parents[1]
    for package in ("gradekit", "scorekit"):
        shutil.copytree(root / package, tmp_path / package)
    monkeypatch.setattr(jobs, "__file__", str(tmp_path / "gradekit/jobs.py"))
    spec = type("Spec", (), {"origin": str(tmp_path / "scorekit/__init__.py")})
    monkeypatch.setattr(jobs.importlib.util, "find_spec", lambda name: spec)
    version = jobs.code.__wrapped__
    before = version()
    assert version() == before
    with open(tmp_path / edited, "a") as file:
        file.write("\n")
    assert version() != before
