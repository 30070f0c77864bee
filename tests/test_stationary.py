"""Flow lines and zeros of scores against closed forms."""

import numpy as np
import pytest
from densities_under_test import CASES, HILLS, RING
from hypothesis import given, settings, strategies as st

from scorekit import stationary
from scorekit.densities import Gaussian, GaussianMixture
from scorekit.vector_fields import circle


def rotation(x):
    return np.stack([-x[:, 1], x[:, 0]], axis=1)


def test_flow_of_a_gaussian_score_is_exponential_decay():
    density = Gaussian([1.0, -1.0], [[2.0, 0.0], [0.0, 0.5]])
    x = np.array([[3.0, 2.0], [-1.0, 0.0]])
    times = np.array([0.0, 0.3, 1.0])
    decay = np.exp(-times[:, None, None] / np.array([2.0, 0.5]))
    want = density.mean + decay * (x - density.mean)
    np.testing.assert_allclose(stationary.flow(density.score, x, times), want, rtol=1e-6)
    assert stationary.flow(density.score, x.astype(np.float32), times).dtype == np.float32


def test_flow_climbs():
    paths = stationary.flow(HILLS.score, circle([0, 0], 3.0, 12), np.linspace(0, 3, 30))
    heights = np.stack([HILLS.log_prob(x) for x in paths])
    assert (np.diff(heights, axis=0) > -1e-9).all()


def test_flow_reports_a_field_that_runs_away():
    with pytest.raises((RuntimeError, ValueError), match=r"flow stopped|must be finite"):
        stationary.flow(lambda x: x**3, np.array([[1.0]]), np.array([2.0]))


def kinds(points):
    return [p.kind for p in points]


@given(m=st.floats(0.9, 1.6), s=st.floats(0.4, 0.65))
@settings(max_examples=10, deadline=None)
def test_four_hills_on_a_square_have_nine_stationary_points(m, s):
    means = m * np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])
    square = GaussianMixture(np.full(4, 0.25), means, np.full(4, s**2))
    found = stationary.stationary_points(square.score, 1.3 * m * vf_grid(9))
    assert kinds(found) == ["peak"] * 4 + ["saddle"] * 4 + ["pit"]
    np.testing.assert_allclose(found[-1].x, 0, atol=1e-8)


def vf_grid(n):
    line = np.linspace(-1, 1, n)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def test_one_gaussian_has_one_peak_with_the_right_curvature():
    found = stationary.stationary_points(CASES["gaussian"][0].score, np.zeros((3, 3)))
    assert kinds(found) == ["peak"]
    np.testing.assert_allclose(found[0].x, CASES["gaussian"][0].mean, atol=1e-8)
    want = np.linalg.eigvalsh(-np.linalg.inv(CASES["gaussian"][0].cov))
    np.testing.assert_allclose(found[0].eigenvalues, want, rtol=1e-6)


def test_a_flat_direction_is_called_flat():
    found = stationary.stationary_points(RING.score, np.array([[1.0, 0.2]]))
    assert kinds(found) == ["flat"]


def test_no_zero_found_is_an_empty_list():
    assert stationary.stationary_points(lambda x: x * 0 + 1.0, np.zeros((2, 2))) == []


def test_distinct_drops_the_near_and_keeps_the_far():
    x = np.array([[0.0, 0], [1e-5, 0], [1, 0], [1, 1e-5]])
    np.testing.assert_array_equal(stationary.distinct(x, 1e-3), x[[0, 2]])
    np.testing.assert_array_equal(stationary.distinct(x, 1e-9), x)


BAD = [
    (lambda: stationary.flow(rotation, np.zeros((1, 2)), [1.0, 0.5]), "times must increase"),
    (lambda: stationary.flow(rotation, np.zeros((1, 2)), [-1.0, 0.5]), "times must increase"),
    (lambda: stationary.flow(rotation, np.zeros(2), [1.0]), r"x must have shape \(n, d\)"),
    (
        lambda: stationary.stationary_points(rotation, np.zeros((0, 2))),
        "starts must hold at least one",
    ),
    (lambda: stationary.distinct(np.zeros((1, 2)), -1), "apart must be positive"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
