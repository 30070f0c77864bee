"""Weights given by their logarithms."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from scorekit.diagnostics import mean_se
from scorekit.weights import log_mean_weight, relative_weights, weighted_mean, weights_ess

LOGS = np.random.default_rng(0).normal(0, 0.7, 400)


def test_against_the_plain_formulas():
    w = np.exp(LOGS)
    found, plain = log_mean_weight(LOGS), mean_se(w)
    assert found.value == pytest.approx(np.log(plain.value))
    assert found.se == pytest.approx(plain.se / plain.value)
    assert weights_ess(LOGS) == pytest.approx(w.sum() ** 2 / (w**2).sum())
    f = np.sin(LOGS)
    assert weighted_mean(f, LOGS).value == pytest.approx((w * f).sum() / w.sum())


@given(st.floats(-1e5, 1e5))
def test_a_common_factor_only_shifts_the_logarithm(shift):
    assert weights_ess(LOGS + shift) == pytest.approx(weights_ess(LOGS), rel=1e-7)
    assert log_mean_weight(LOGS + shift).value - shift == pytest.approx(
        log_mean_weight(LOGS).value, abs=1e-9
    )


def test_errors_are_the_spread_over_repetitions():
    rng = np.random.default_rng(1)
    runs = [rng.normal(0, 0.8, (500, 2)) @ [[1, 0.5], [0, 1]] for _ in range(1000)]
    for estimate in (
        lambda r: log_mean_weight(r[:, 0]),
        lambda r: weighted_mean(r[:, 1], r[:, 0]),
    ):
        found = [estimate(r) for r in runs]
        spread = np.std([e.value for e in found])
        assert np.mean([e.se for e in found]) == pytest.approx(spread, rel=0.12)


def test_weights_of_zero():
    logs = np.array([-np.inf, 0.0, np.log(3)])
    np.testing.assert_allclose(relative_weights(logs), [0, 0.75, 2.25])
    assert weights_ess(logs) == pytest.approx(16 / 10)


def test_ess_goes_from_1_to_n():
    assert weights_ess(np.zeros(50)) == pytest.approx(50)
    assert weights_ess(np.r_[0.0, np.full(49, -800)]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("logs", "words"),
    [
        ([1.0], "n at least 2"),
        ([[1.0, 2.0]], "shape"),
        ([0.0, np.nan], "below infinity"),
        ([0.0, np.inf], "below infinity"),
        ([-np.inf, -np.inf], "not all of them -inf"),
        (["a", "b"], "real numbers"),
        ([2.0, 2.0], "must vary"),
    ],
)
def test_bad_weights(logs, words):
    with pytest.raises((ValueError, TypeError), match=words):
        log_mean_weight(logs)


def test_bad_values():
    with pytest.raises(ValueError, match="values must have shape"):
        weighted_mean([1.0, 2.0, 3.0], [0.0, 1.0])
