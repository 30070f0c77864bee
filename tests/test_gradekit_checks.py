"""The check API and practice: what a learner is told, and when."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradekit import Source, checker, close, load, need, numbers, within
from gradekit.checks import Check, Failed, Inputs, NotGraded, check, run
from gradekit.local import Local

CHECKS = '''
from gradekit import Source, check, close

@check("q1", points=2)
def doubles(S):
    """It doubles."""
    x = S.rng.normal(size=3)
    close(S.call("double", x), 2 * x, "twice x")

@check("q1")
def of_a_function(S):
    """It doubles what a function returns."""
    close(S.call("double_of", Source("lambda: a", a=3.0)), 6, "twice three")
'''


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "07_test" / "checks.py"
    file.parent.mkdir()
    file.write_text(CHECKS, encoding="utf-8")
    return file


def sentence(got: Any, want: Any, **options: Any) -> str:
    with pytest.raises(Failed) as failure:
        close(got, want, "here", **options)
    return str(failure.value)


def test_close_says_what_is_wrong() -> None:
    close(np.array([1.0, 2.0 + 1e-9]), [1, 2], "here")
    close(3, 3.0, "here")
    assert sentence(None, 1) == "here: the function returned nothing; is a return missing?"
    assert sentence("a", 1) == "here: expected numbers, got text"
    assert sentence((1, 2), 1) == "here: expected numbers, got 2 results"
    assert (
        sentence(np.zeros(3), np.zeros((3, 2)))
        == "here: expected an array of shape (3, 2), got an array of shape (3,)"
    )
    assert sentence(np.zeros(1), 0.0) == "here: expected one number, got an array of shape (1,)"
    assert sentence(np.zeros(2, complex), np.zeros(2)).endswith("got dtype complex128")
    assert sentence(np.array([1, np.nan]), [1, 2]) == "here: 1 of 2 values are NaN or infinite"
    assert sentence(np.array([1.0, 2.5]), [1, 2]) == (
        "here: the largest error is 0.5, for values up to 2"
    )


def test_close_cannot_be_fooled_by_small_integers() -> None:
    assert "largest error" in sentence(np.array([-128], np.int8), [128.0])
    assert "largest error" in sentence(np.array([0], np.uint64), [-1.0])
    assert "largest error" in sentence(np.array([6e4], np.float16), [6.1e4])


def test_within_has_an_error_bar() -> None:
    within(1.04, 1.0, 0.01, "mean")
    with pytest.raises(Failed, match=r"mean: expected 1 ± 0.01, got 1.06"):
        within(1.06, 1.0, 0.01, "mean")
    with pytest.raises(Failed, match="NaN"):
        within(np.nan, 1.0, 0.01, "mean")


def test_need_and_numbers() -> None:
    need(True, "no")
    with pytest.raises(Failed, match="no"):
        need(np.bool_(False), "no")
    assert numbers(np.int8(100), (), "x").dtype == np.float64


def test_load_reads_checks_and_options(path: Path) -> None:
    exercise = load(path)
    assert exercise.name == "07_test"
    assert [(c.id, c.title, c.points) for c in exercise.checks] == [
        ("q1.doubles", "It doubles.", 2),
        ("q1.of_a_function", "It doubles what a function returns.", 0),
    ]
    assert exercise.packages == ("numpy",)
    path.write_text(CHECKS + 'PACKAGES = ("numpy", "scipy")\n', encoding="utf-8")
    assert load(path).packages == ("numpy", "scipy")
    path.write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no checks"):
        load(path)


def test_practice_prints_one_line(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    say = checker(path, names)
    for change, line in (
        ({}, "q1: 0 of 2 checks pass; your double is not defined; run the cell that defines it."),
        ({"double": 3}, "q1: 0 of 2 checks pass; your double is not a function."),
        ({"double": lambda x: 2 * x}, "q1: 1 of 2 checks pass; your double_of is not defined; "
         "run the cell that defines it."),
        ({"double_of": lambda f: 2 * f()}, "q1: all 2 checks pass."),
        ({"double": lambda x: 1 / 0}, "q1: 1 of 2 checks pass; "
         "your double raised ZeroDivisionError: division by zero."),
        ({"double": lambda x: {}}, "q1: 1 of 2 checks pass; "
         "your double returned a dict, which holds no numbers."),
    ):  # fmt: skip
        names.update(change)
        say("q1")
        assert capsys.readouterr().out == line + "\n"
    say("q9")
    assert capsys.readouterr().out == "There is no question q9; there are q1.\n"


def test_practice_gives_copies() -> None:
    kept = np.ones(3)

    def spoil(x: Any) -> Any:
        x *= 0
        return x

    assert Local({"spoil": spoil}).call("spoil", kept).tolist() == [0, 0, 0]
    assert kept.tolist() == [1, 1, 1]


def test_inputs_depend_on_everything_and_repeat() -> None:
    base = Inputs("e", "s", b"secret")
    draw = base.rng("c").random()
    assert base.rng("c").random() == draw
    others = [
        base.rng("d"),
        Inputs("f", "s", b"secret").rng("c"),
        Inputs("e", "t", b"secret").rng("c"),
        Inputs("e", "s", b"public").rng("c"),
        Inputs("e").rng("c"),
    ]
    assert len({draw, *(rng.random() for rng in others)}) == 6
    assert "secret" not in repr(Inputs("e", "s", b"secret"))
    Inputs("e", "\udcff", b"secret").rng("c")  # a file name that is not UTF-8


def test_a_check_that_trips_over_a_result_gives_no_points() -> None:
    @check("q1", points=1)
    def unpacks(S: Any) -> None:
        a, b = S.call("f")
        need(a == b, "not equal")

    outcome = run(unpacks, Local({"f": lambda: 1.0}), Inputs("e"))
    assert outcome.earned == 0
    assert outcome.message.startswith("the result could not be judged (TypeError")
    assert run(unpacks, Local({"f": lambda: (1.0, 1.0)}), Inputs("e")).earned == 1


def test_trouble_of_the_grader_is_not_a_mark() -> None:
    class Broken:
        rng = np.random.default_rng()

        def call(self, name: str, *args: Any) -> Any:
            raise NotGraded("no box")

    one = Check("q1", 1, lambda S: close(S.call("f"), 1, "f"))
    with pytest.raises(NotGraded):
        run(one, Broken(), Inputs("e"))


def test_a_function_may_be_passed() -> None:
    backend = Local({"apply": lambda f, x: f(x)})
    assert backend.call("apply", Source("lambda x: k * x", k=2.0), 3.0) == 6


def test_practice_needs_the_standard_library_and_numpy_only() -> None:
    code = (
        "import sys, gradekit; top = {m.partition('.')[0] for m in sys.modules};"
        "extra = top - set(sys.stdlib_module_names) - {'numpy', 'gradekit', '__main__'};"
        "heavy = {'subprocess', 'multiprocessing', 'select', 'resource'} & top;"
        "print(sorted(m for m in extra if not m.startswith(('_', 'sitecustom'))), sorted(heavy))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[] []\n"
