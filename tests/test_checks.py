"""A table of checks passes what agrees, fails what does not, and refuses to pass vacuously."""

import builtins
import doctest

import numpy as np
import pytest

from scorekit import checks
from scorekit.checks import MIME, CheckFailed, Checks
from scorekit.diagnostics import Estimate


def table(**row):
    c = Checks("00")
    c.add("a row", **row)
    return c


def test_docstring_examples():
    assert doctest.testmod(checks).failed == 0


@pytest.mark.parametrize(
    "row",
    [
        {"theory": 1.0, "measured": Estimate(1.03, 0.01)},
        {"theory": 1.0, "measured": Estimate(1.03, 0.01), "rival": 1.5},
        {"theory": 0.0, "measured": 1e-9, "tol": 1e-8},
    ],
)
def test_agreement_passes(row, capsys):
    table(**row).show()
    assert "agrees" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"theory": 1.0, "measured": Estimate(1.05, 0.01)}, "off by 0.05"),
        ({"theory": 0.0, "measured": 1e-7, "tol": 1e-8}, "off by 1e-07"),
        ({"theory": 0.0, "measured": float("nan"), "tol": 1e-8}, "off by nan"),
        ({"theory": 0.0, "measured": float("inf"), "tol": 1e-8}, "off by inf"),
        # An error bar so wide that it would also accept the mistake.
        ({"theory": 1.0, "measured": Estimate(1.0, 0.2), "rival": 1.5}, "cannot tell"),
        ({"theory": 1.0, "measured": 1.0, "tol": 1.0, "rival": 1.5}, "cannot tell"),
    ],
)
def test_disagreement_and_vacuous_checks_fail_after_printing(row, reason, capsys):
    with pytest.raises(CheckFailed, match=reason):
        table(**row).show()
    assert "FAILS" in capsys.readouterr().out


def test_all_rows_are_printed_before_the_failure(capsys):
    c = Checks("00")
    c.add("first", 0, 1.0, tol=0.1)
    c.add("second", 0, 0.0, tol=0.1)
    with pytest.raises(CheckFailed, match=r"1 of 2 checks failed: first"):
        c.show()
    assert "second" in capsys.readouterr().out


def test_an_empty_table_fails():
    with pytest.raises(CheckFailed, match="no checks"):
        Checks("00").show()


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ({"theory": 1.0, "measured": 1.0}, TypeError, "tol must be given"),
        ({"theory": 1.0, "measured": Estimate(1, 1), "tol": 1.0}, TypeError, "tol must be left"),
        ({"theory": 1.0, "measured": 1.0, "tol": 0.0}, ValueError, "tol must be positive"),
        ({"theory": np.nan, "measured": 1.0, "tol": 1.0}, ValueError, "theory must be finite"),
        ({"theory": 1, "measured": 1.0, "tol": 1.0, "rival": np.inf}, ValueError, "rival must"),
    ],
)
def test_ill_posed_rows_are_refused(row, error, message):
    with pytest.raises(error, match=message):
        table(**row)


def test_names_are_unique():
    c = table(theory=0, measured=0.0, tol=1.0)
    with pytest.raises(ValueError, match="name must be new"):
        c.add("a row", 0, 0.0, tol=1.0)


def test_show_uses_the_page_display_when_there_is_one(monkeypatch):
    shown = []
    monkeypatch.setattr(builtins, "display", shown.append, raising=False)
    c = table(theory=0, measured=0.0, tol=1.0)
    c.show()
    assert shown == [c]


def test_bundle_carries_text_html_and_data():
    c = Checks("07")
    c.add("x < y & z", 2, Estimate(2.01, 0.01), rival=3)
    bundle = c._repr_mimebundle_()
    assert "x &lt; y &amp; z" in bundle["text/html"]
    assert "2.010 ± 0.010" in bundle["text/plain"]
    row = bundle[MIME]["rows"][0]
    assert bundle[MIME]["chapter"] == "07"
    assert (row["theory"], row["measured"], row["rival"], row["passed"]) == (2.0, 2.01, 3, True)
