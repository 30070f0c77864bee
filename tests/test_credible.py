"""Intervals that must hold the truth as often as they say, and some that do not."""

import numpy as np
import pytest

from scorekit.credible import coverage, interval
from scorekit.diagnostics import mean_se

RNG = np.random.default_rng(0)
ALL = np.ones(5, bool)


@pytest.mark.parametrize(("copies", "level"), [(19, 0.9), (39, 0.9), (9, 0.8), (3, 0.5)])
def test_exchangeable_truths_are_held_exactly_that_often(copies, level):
    x = RNG.standard_normal((copies + 1, 4000, 5))
    share = coverage(x[1:], x[0], grain=0.01, active=ALL, rng=RNG, level=level)
    got = mean_se(share)
    assert abs(got.value - level) < 4 * got.se


def test_order_statistics_by_hand():
    x = np.arange(19.0)[::-1, None]
    assert [float(v[0]) for v in interval(x)] == [0, 18]
    x = RNG.permutation(39)[:, None].astype(float)
    assert [float(v[0]) for v in interval(x)] == [1, 37]


def test_too_narrow_and_shifted_samples_are_caught():
    x = RNG.standard_normal((20, 2000, 5))
    for wrong in (0.5 * x[1:], x[1:] + 1):
        assert coverage(wrong, x[0], grain=0.01, active=ALL, rng=RNG).mean() < 0.8
    active = np.arange(5) < 2
    wrong = x[1:].copy()
    wrong[..., 2:] += 9  # pixels that do not count
    got = mean_se(coverage(wrong, x[0], grain=0.01, active=active, rng=RNG))
    assert abs(got.value - 0.9) < 4 * got.se


def test_pixels_in_steps_need_the_grain():
    # A pixel black with probability 0.97: ties would make nearly every interval hold.
    x = (RNG.random((20, 4000, 5)) < 0.03).astype(float)
    got = mean_se(coverage(x[1:], x[0], grain=0.02, active=ALL, rng=RNG))
    assert abs(got.value - 0.9) < 4 * got.se


X = np.zeros((19, 2, 5))
BAD = [
    (lambda: interval(np.zeros((20, 3))), "19 or 39"),
    (lambda: interval(np.zeros((19, 3)), 1.0), "19 or 39"),
    (lambda: coverage(X, X[0, :1], grain=0.1, active=ALL, rng=RNG), "samples must have shape"),
    (lambda: coverage(X, X[0], grain=0.0, active=ALL, rng=RNG), "grain must be positive"),
    (lambda: coverage(X, X[0], grain=0.1, active=~ALL, rng=RNG), "active must be"),
    (lambda: coverage(X, X[0], grain=0.1, active=ALL[:2], rng=RNG), "active must be"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
