"""The step a field bears: closed forms, and the mixture whose inside looks stable."""

import numpy as np
import pytest

from scorekit.densities import Gaussian, GaussianMixture
from scorekit.stability import largest_stable_step, pulls

TWO = GaussianMixture([0.5, 0.5], [[-3.0], [3.0]], [1.0, 1.0])
FAR = np.array([[-1000.0], [1000.0]])


@pytest.mark.parametrize("slope", [0.05, 1.0, 30.0])
def test_a_linear_field_bears_two_over_its_slope(slope):
    got = largest_stable_step(lambda x: -slope * x, FAR, rounds=30)
    # In 1000 steps a growth of 0.5% a step reaches a hundredfold: the limit is met to that.
    assert 2 / slope <= got < 2 / slope * 1.003


def test_the_narrowest_direction_decides():
    valley = Gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 0.04]])
    got = largest_stable_step(valley.score, [[50.0, 50.0]], rounds=30)
    np.testing.assert_allclose(got, 0.08, rtol=3e-3)
    # From a start on the long axis nothing is seen of it.
    assert largest_stable_step(valley.score, [[50.0, 0.0]]) > 1.9


def test_the_steepest_slope_of_a_mixture_is_not_what_limits_the_step():
    x = np.linspace(-9, 9, 2001)[:, None]
    np.testing.assert_allclose(-pulls(TWO.score, x).min(), 8, atol=1e-4)  # pushes apart: m² - 1
    np.testing.assert_allclose(pulls(TWO.score, x).max(), 1, atol=1e-4)
    np.testing.assert_allclose(largest_stable_step(TWO.score, 100 * FAR, rounds=30), 2, rtol=3e-3)
    # Beyond 2 walkers still stay within ηm/(η - 2); from farther out they leave.
    assert largest_stable_step(TWO.score, [[59.0]], bracket=(0.1, 2.1)) == np.inf
    assert largest_stable_step(TWO.score, [[67.0]], bracket=(0.1, 2.1)) < 2.1
    assert largest_stable_step(TWO.score, [[-5.0], [5.0]], escape=3.0) > 2.2  # the inside deceives


def test_a_turning_field_is_limited_by_its_turning():
    # μ = -a ± ib: |1 + ημ| < 1 for η < 2a / (a² + b²).
    a, b = 1.0, 3.0
    turn = np.array([[-a, b], [-b, -a]])
    got = largest_stable_step(lambda x: x @ turn.T, [[10.0, 0.0]], rounds=30)
    # |1 + ημ| grows by 2 per unit of η there, and 1.0046 = 100^(1/1000) is not seen.
    np.testing.assert_allclose(got, 2 * a / (a**2 + b**2), atol=0.005)
    np.testing.assert_allclose(pulls(lambda x: x @ turn.T, [[1.0, 2.0]]), a, atol=1e-8)


def test_outwards_is_never_stable_and_nothing_is_always():
    assert largest_stable_step(lambda x: 0.01 * x, FAR, bracket=(0.5, 2)) == 0
    assert largest_stable_step(lambda x: 0 * x, FAR) == np.inf


def test_the_start_is_not_changed():
    start = FAR.copy()
    largest_stable_step(TWO.score, start, steps=5)
    np.testing.assert_array_equal(start, FAR)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": FAR[:, 0]}, r"start must have shape \(n, d\)"),
        ({"start": FAR * np.nan}, "start must be finite"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"rounds": 1.5}, "rounds must be a whole number"),
        ({"bracket": (2.0, 1.0)}, "bracket must be"),
        ({"bracket": (0.0, 1.0)}, "bracket must be positive"),
        ({"escape": 1.0}, "escape must be above 1"),
        ({"score": lambda x: x[:1]}, "score must return an array of shape"),
    ],
)
def test_bad_input_is_refused_by_name(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        largest_stable_step(**{"score": TWO.score, "start": FAR, **options})
