"""Log-ratios against closed forms, rules against their theory, error estimates against truth."""

import numpy as np
import pytest
from densities_under_test import CASES, HILLS, RING
from hypothesis import given, settings, strategies as st

from scorekit import log_density as ld
from scorekit.densities import Gaussian, GaussianMixture, Ring
from scorekit.vector_fields import line_integral

LINE = np.array([[-1.5, 0.0]]), np.array([[2.5, 0.0]])


def two_hills(s):
    return GaussianMixture(
        np.array([0.4, 0.6]), np.array([[-1.5, 0.0], [1.5, 0.0]]), np.full(2, s * s)
    )


def climb(density, x, x0):
    return density.log_prob(x) - density.log_prob(np.broadcast_to(x0, x.shape).copy())


def error(density, nodes, start=LINE[0], end=LINE[1], **how):
    got = ld.log_ratio(density.score, end, start, nodes=nodes, **how)
    return float((got - climb(density, end, start))[0])


corner = st.tuples(st.floats(-3, 3), st.floats(-3, 3))


@given(x=st.lists(corner, min_size=1, max_size=5), x0=corner)
@settings(max_examples=40, deadline=None)
def test_many_ways_at_once_are_line_integrals_one_by_one(x, x0):
    x, x0 = np.array(x), np.array(x0)
    one_by_one = [line_integral(HILLS.score, np.stack([x0, end]), nodes=9) for end in x]
    got = ld.log_ratio(HILLS.score, x, x0, nodes=9)
    np.testing.assert_allclose(got, one_by_one, atol=1e-10)
    cut = [line_integral(HILLS.score, np.stack([x0, (x0 + end) / 2, end]), nodes=9) for end in x]
    got = ld.log_ratio(HILLS.score, x, x0, nodes=9, splits=[0.5])
    np.testing.assert_allclose(got, cut, atol=1e-10)


@given(x=st.lists(corner, min_size=1, max_size=5), x0=corner)
@settings(max_examples=40, deadline=None)
def test_adaptive_is_within_its_estimate_of_the_climb(x, x0):
    x, x0 = np.array(x), np.array(x0)
    found = ld.adaptive_log_ratio(HILLS.score, x, x0, tol=1e-6)
    assert found.error.max() <= 1e-6
    assert (np.abs(found.value - climb(HILLS, x, x0)) <= found.error + 1e-9).all()


@pytest.mark.parametrize("name", ["gaussian", "hills", "round", "ring", "cloud"])
def test_it_is_log_p_up_to_a_constant(name):
    density = CASES[name][0]
    rng = np.random.default_rng(0)
    x, x0 = rng.normal(size=(2, 20, density.dim))
    got = ld.adaptive_log_ratio(density.score, x, x0).value
    np.testing.assert_allclose(got, climb(density, x, x0), atol=1e-7)


def test_one_node_is_exact_for_a_gaussian_and_for_a_ring_along_a_ray():
    rng = np.random.default_rng(1)
    gauss = CASES["gaussian"][0]
    x, x0 = rng.normal(size=(2, 30, 3))
    np.testing.assert_allclose(
        ld.log_ratio(gauss.score, x, x0, nodes=1), climb(gauss, x, x0), atol=1e-12
    )
    ray = np.outer([0.2, 1.0, 5.0], [0.6, -0.8])
    np.testing.assert_allclose(
        ld.log_ratio(RING.score, ray, ray[0] / 3, nodes=1),
        climb(RING, ray, ray[0] / 3),
        atol=1e-11,
    )


def test_through_the_centre_of_a_ring_order_does_not_help_and_a_split_does():
    ring, start, end = Ring(2.0, 0.3), np.array([[-2.5, 0.0]]), np.array([[2.0, 0.0]])
    errors = np.array([abs(error(ring, n, start, end)) for n in range(16, 257)])
    orders = np.arange(16, 257)
    jump, length = 2 * ring.radius / ring.width**2, 4.5
    assert errors[-32:].max() > 0.1
    # At most the jump times the widest gap between nodes, π/2n of the way.
    assert (errors * orders).max() < jump * length * np.pi / 2
    assert (errors * orders).max() > jump * length / 5
    where = ld.nearest_fraction(end, start, [0.0, 0.0])
    assert where[0, 0] == pytest.approx(2.5 / 4.5)
    assert abs(error(ring, 1, start, end, splits=where)) < 1e-12
    found = ld.adaptive_log_ratio(ring.score, end, start, tol=1e-10)
    assert abs(found.value - climb(ring, end, start)) < found.error < 1e-10
    assert found.evaluations > 600
    cut = ld.adaptive_log_ratio(ring.score, end, start, tol=1e-10, splits=where)
    assert cut.evaluations == 34


def test_past_the_centre_a_split_saves_work():
    ring, start, end = Ring(2.0, 0.3), np.array([[-2.5, 0.01]]), np.array([[2.0, 0.01]])
    where = ld.nearest_fraction(end, start, [0.0, 0.0])
    assert abs(error(ring, 48, start, end, splits=where)) < 1e-3 < abs(error(ring, 96, start, end))


def test_a_mixture_converges_geometrically_at_the_rate_of_its_nearest_pole():
    for s, orders in ((1.0, (6, 14)), (0.3, (100, 220))):
        density = two_hills(s)
        # tanh has poles where 2 m x / s² + log(ω₁/ω₀) = ±iπ (mod 2πi); x in units of the half way.
        pole = (-np.log(0.6 / 0.4) + 1j * np.pi) * s**2 / 3
        z = (pole - 0.5) / 2
        rho = max(abs(z + np.sqrt(z * z - 1)), abs(z - np.sqrt(z * z - 1)))
        ns = np.arange(*orders)
        errors = np.array([abs(error(density, n)) for n in ns])
        slope = np.polyfit(ns, np.log(errors), 1)[0]
        assert slope == pytest.approx(-2 * np.log(rho), rel=0.12)
    assert abs(error(two_hills(1.0), 32)) < 1e-10
    assert abs(error(two_hills(0.3), 256)) < 1e-9
    assert abs(error(two_hills(0.1), 256)) > 0.5


@pytest.mark.parametrize("s", [1.0, 0.3, 0.1, 0.03])
def test_adaptive_manages_where_order_alone_fails(s):
    density = two_hills(s)
    found = ld.adaptive_log_ratio(density.score, LINE[1], LINE[0], tol=1e-9)
    assert abs(found.value - climb(density, LINE[1], LINE[0])) <= found.error <= 1e-9
    assert found.evaluations < 1500


def test_the_rules_are_exact_for_their_degrees_and_no_further():
    for n, rule in ((16, ld._RULES[0]), (8, ld._RULES[1, ::2])):
        nodes, weights = ld._clenshaw_curtis(n)
        np.testing.assert_array_equal(rule, weights)
        assert (weights > 0).all()
        for k in range(n + 2):  # n + 1 too, by symmetry
            assert weights @ nodes**k == pytest.approx(1 / (k + 1), abs=1e-15)
        assert abs(weights @ nodes ** (n + 4) - 1 / (n + 5)) > 1e-13
        np.testing.assert_allclose(ld._T[:: 16 // n], nodes, atol=2e-10)
    assert 0 < ld._T[0] < 1e-9
    assert 0 < 1 - ld._T[-1] < 1e-9


def test_a_bend_near_an_end_is_seen():
    """Between the end and the first inner point of a rule without ends, it would not be."""
    for place in (1e-3, 2e-3, 0.5e-3):  # Gauss and Kronrod's first point is at 4e-3
        density = GaussianMixture(np.full(2, 0.5), np.array([[0.0], [2 * place]]), np.full(2, 1e-8))
        x, x0 = np.array([[1.0 + place]]), np.array([0.0])
        found = ld.adaptive_log_ratio(density.score, x, x0, tol=1e-3)
        assert abs(found.value - climb(density, x, x0)) < 1e-3
        gauss = ld.log_ratio(density.score, x, x0, nodes=7)
        assert abs(gauss - climb(density, x, x0)) > 10


def test_it_is_seldom_wrong_by_more_than_it_says():
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(60):
        s, m = np.exp(rng.uniform(np.log(0.02), 0)), rng.uniform(-1, 1, 2)
        density = GaussianMixture(np.array([0.3, 0.7]), np.stack([m, -m]), np.full(2, s * s))
        x, x0 = rng.normal(0, 1, (2, 50, 2))
        found = ld.adaptive_log_ratio(density.score, x, x0, tol=1e-6)
        wrong += (np.abs(found.value - climb(density, x, x0)) > 1e-6).sum()
    assert wrong <= 3  # of 3000; a few hills lie wholly between two points


def test_a_spike_between_the_points_is_missed_with_a_clear_conscience():
    spike = GaussianMixture(np.array([0.5, 0.5]), np.zeros((2, 1)), np.array([1.0, 1e-6]))
    x, x0 = np.array([[0.0]]), np.array([-1.0])
    blind = ld.adaptive_log_ratio(spike.score, x, x0, tol=1e-6)
    truth = climb(spike, x, x0)[0]
    assert blind.error[0] < 1e-6
    assert abs(blind.value[0] - truth) > 6
    warned = ld.adaptive_log_ratio(spike.score, x, x0, splits=1 - np.geomspace(1e-5, 0.1, 5))
    assert warned.value[0] == pytest.approx(truth, abs=1e-7)


def test_a_wrong_sign_a_forgotten_length_and_a_whirl_are_seen():
    x, x0 = np.array([[1.0, 0.5], [0.3, 2.0]]), np.array([-0.5, 0.2])
    truth = climb(HILLS, x, x0)
    for wrong in (
        lambda x: -HILLS.score(x),
        lambda x: HILLS.score(x) / np.linalg.norm(HILLS.score(x), axis=1, keepdims=True),
        lambda x: HILLS.score(x) + 0.1 * np.stack([-x[:, 1], x[:, 0]], 1),
    ):
        got = ld.adaptive_log_ratio(wrong, x, x0, tol=1e-6).value
        assert np.abs(got - truth).max() > 1e-2


def test_ways_do_not_disturb_each_other_and_blocks_do_not_show(monkeypatch):
    rng = np.random.default_rng(2)
    x, x0 = rng.normal(0, 2, (2, 50, 2))
    together = ld.adaptive_log_ratio(HILLS.score, x, x0, tol=1e-6)
    alone = ld.adaptive_log_ratio(HILLS.score, x[7:8], x0[7:8], tol=1e-6)
    assert together.value[7] == pytest.approx(alone.value[0], abs=1e-12)
    assert together.evaluations[7] == alone.evaluations[0]
    whole = ld.log_ratio(HILLS.score, x, x0, nodes=5)
    monkeypatch.setattr(ld, "_BLOCK", 12)
    np.testing.assert_allclose(ld.log_ratio(HILLS.score, x, x0, nodes=5), whole, atol=1e-13)


def test_single_precision_points_and_no_way_at_all():
    x = np.array([[1.0, 0.5]], np.float32)
    got = ld.log_ratio(HILLS.score, x, x[0])
    assert got.dtype == np.float64
    assert got[0] == 0
    assert ld.adaptive_log_ratio(HILLS.score, x, x).value[0] == 0


def test_hundreds_of_dimensions():
    density = Gaussian(np.zeros(100), np.diag(np.linspace(0.1, 2, 100)))
    x = np.random.default_rng(0).normal(size=(5, 100))
    np.testing.assert_allclose(
        ld.log_ratio(density.score, x, np.zeros(100), nodes=1), climb(density, x, np.zeros(100))
    )


def nan_far_out(x):
    return np.where(np.abs(x) > 1, np.nan, x)


P, Q = np.zeros((3, 2)), np.ones((3, 2))
S = HILLS.score
BAD = [
    (lambda: ld.log_ratio(S, P, np.zeros(3)), r"x0 must have shape \(2,\) or \(3, 2\)"),
    (lambda: ld.log_ratio(S, P, np.zeros((1, 2))), "x0 must have shape"),
    (lambda: ld.log_ratio(S, P, np.array([0, np.inf])), "x0 must be finite"),
    (lambda: ld.log_ratio(S, P[0], P), r"x must have shape \(n, d\)"),
    (lambda: ld.log_ratio(S, P.astype(int), P[0]), "x must be a float64 or float32"),
    (lambda: ld.log_ratio(S, np.full((1, 2), np.nan), P[0]), "x must be finite"),
    (lambda: ld.log_ratio(S, P, P[0], nodes=0), "nodes must be at least 1"),
    (lambda: ld.log_ratio(S, P, P[0], nodes=2.5), "nodes must be a whole number"),
    (lambda: ld.log_ratio(S, P, Q, splits=[0.0, 0.5]), "splits must lie strictly between 0 and 1"),
    (lambda: ld.log_ratio(S, P, Q, splits=np.ones((2, 1)) / 2), r"splits must have shape \(k,\)"),
    (lambda: ld.log_ratio(S, P, Q, splits=[np.nan]), "splits must be finite"),
    (lambda: ld.log_ratio(lambda x: x[:, :1], P, Q), "score must return an array of the shape"),
    (lambda: ld.log_ratio(lambda x: x[:-1], P, Q), "score must return an array of the shape"),
    (lambda: ld.log_ratio(nan_far_out, P, 2 * Q), r"score\(x\) must be finite"),
    (lambda: ld.adaptive_log_ratio(nan_far_out, P, 2 * Q), r"score\(x\) must be finite"),
    (lambda: ld.adaptive_log_ratio(S, P, Q, tol=0), "tol must be positive"),
    (lambda: ld.adaptive_log_ratio(S, P, Q, most=3), "most must be at least 17"),
    (lambda: ld.nearest_fraction(P, Q, [0.0]), r"centre must have shape \(2,\)"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_a_way_that_cannot_be_done_says_so():
    ring = Ring(2.0, 0.3)
    ends = np.array([[-2.1, 0.3], [2.0, 0.13]])
    with pytest.raises(RuntimeError, match=r"the way to x\[1\] still has an estimated error of"):
        ld.adaptive_log_ratio(ring.score, ends, [-2.0, -0.1], tol=1e-9, most=200)
