"""Line integrals against potentials and areas, derivatives against closed forms."""

import numpy as np
import pytest
from densities_under_test import CASES, HILLS, RING
from hypothesis import given, settings, strategies as st

from scorekit import vector_fields as vf


def rotation(x):
    return np.stack([-x[:, 1], x[:, 0]], axis=1)


def vortex(x):
    return rotation(x) / (x**2).sum(1, keepdims=True)


corner = st.tuples(st.floats(-3, 3), st.floats(-3, 3))


@given(path=st.lists(corner, min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_work_of_a_score_is_the_climb(path):
    path = np.array(path)
    climb = HILLS.log_prob(path[-1:])[0] - HILLS.log_prob(path[:1])[0]
    assert vf.line_integral(HILLS.score, path, nodes=200) == pytest.approx(climb, abs=1e-8)


@given(loop=st.lists(corner, min_size=3, max_size=6))
@settings(max_examples=40, deadline=None)
def test_circulation_of_the_rotation_is_twice_the_signed_area(loop):
    x, y = np.array(loop).T
    twice_area = (x * np.roll(y, -1) - y * np.roll(x, -1)).sum()
    assert vf.circulation(rotation, np.array(loop)) == pytest.approx(twice_area, abs=1e-9)


@pytest.mark.parametrize("name", ["hills", "round", "ring", "cloud"])
def test_circulation_of_every_score_is_zero(name):
    density = CASES[name][0]
    loop = vf.circle([0.3, -0.2], 2.0, 48)
    assert vf.circulation(density.score, loop, nodes=64) == pytest.approx(0, abs=1e-9)


def test_circulation_catches_a_planted_whirl():
    loop = vf.circle([0.0, 0.0], 1.0)
    tainted = vf.circulation(lambda x: HILLS.score(x) + 1e-3 * rotation(x), loop, nodes=64)
    assert abs(tainted) > 5e-3


def test_ring_through_the_cusp():
    loop = np.array([[0.0, 0], [2, 0.5], [0.5, 2]])
    assert vf.circulation(RING.score, loop, nodes=64) == pytest.approx(0, abs=1e-12)


def test_vortex_collects_two_pi_round_the_hole_and_nothing_beside_it():
    assert vf.circulation(vortex, vf.circle([0, 0], 1.5)) == pytest.approx(2 * np.pi, abs=1e-10)
    assert vf.circulation(vortex, vf.circle([3, 0], 1.5)) == pytest.approx(0, abs=1e-10)
    assert vf.circulation(vortex, vf.circle([0, 0], 1.5)[::-1]) == pytest.approx(-2 * np.pi)


def test_gauss_legendre_is_exact_for_its_degree_and_no_further():
    path = np.array([[0.0, 0.0], [1.0, 0.0]])

    def power(k):
        return lambda x: np.stack([x[:, 0] ** k, 0 * x[:, 0]], axis=1)

    assert vf.line_integral(power(7), path, nodes=4) == pytest.approx(1 / 8, abs=1e-14)
    assert abs(vf.line_integral(power(8), path, nodes=4) - 1 / 9) > 1e-6


def test_jacobian_of_a_gaussian_score_is_minus_the_precision():
    density = CASES["gaussian"][0]
    x = np.random.default_rng(0).normal(size=(4, 3))
    want = np.broadcast_to(-np.linalg.inv(density.cov), (4, 3, 3))
    np.testing.assert_allclose(vf.jacobian(density.score, x), want, rtol=1e-7, atol=1e-8)


def test_jacobian_rows_are_components_and_columns_are_directions():
    j = vf.jacobian(lambda x: np.stack([x[:, 1] ** 2, x[:, 0]], axis=1), np.array([[1.0, 3.0]]))
    np.testing.assert_allclose(j[0], [[0, 6], [1, 0]], atol=1e-8)


BAD = [
    (lambda: vf.line_integral(rotation, np.zeros((1, 2))), "path must have at least 2 corners"),
    (lambda: vf.line_integral(rotation, np.zeros((2, 2), int)), "path must be a float64"),
    (lambda: vf.line_integral(rotation, np.zeros((2, 2)), nodes=0), "nodes must be at least 1"),
    (lambda: vf.circulation(rotation, np.zeros((2, 2))), "loop must have at least 3 corners"),
    (lambda: vf.circulation(lambda x: x[:, :1], np.zeros((3, 2))), "field must return an array"),
    (lambda: vf.circulation(vortex, np.zeros((3, 2))), r"field\(x\) must be finite"),
    (lambda: vf.circle([0.0], 1.0), "centre must have shape"),
    (lambda: vf.circle([0.0, 0.0], -1.0), "radius must be positive"),
    (lambda: vf.circle([0.0, 0.0], 1.0, 2), "sides must be at least 3"),
    (lambda: vf.jacobian(rotation, np.zeros((1, 2)), step=0), "step must be positive"),
]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
