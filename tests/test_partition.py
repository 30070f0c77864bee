"""Annealed importance sampling against closed forms, and runs that must be seen to be wrong."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from scorekit.annealed_gaussians import expected_ula_weight
from scorekit.chains import BLOCK
from scorekit.densities import Gaussian, GaussianMixture, Ring, three_hills
from scorekit.diagnostics import mean_se
from scorekit.partition import Unnormalised, ais, respaced, temperatures
from scorekit.weights import log_mean_weight, weighted_mean, weights_ess

BETAS = np.linspace(0, 1, 21)


def round_normal(v, d):
    return GaussianMixture(np.ones(1), np.zeros((1, d)), np.array([v]))


def raised(p, log_z):
    """A density times exp(log_z): unnormalised."""
    return Unnormalised(lambda x: p.log_prob(x) + log_z, p.score)


def off(estimate, value):
    return abs(estimate.value - value) / estimate.se


def mean_weight(run, log_z):
    return mean_se(np.exp(run.log_weights - log_z))


@pytest.mark.parametrize("d", [1, 2, 5])
def test_gaussian_pairs(d):
    rng = np.random.default_rng(d)
    p0, p1 = Gaussian(np.ones(d), 4 * np.eye(d)), Gaussian(np.zeros(d), np.eye(d) / 4)
    precision = 0.25 + BETAS * 3.75
    x = p0.sample(4000, rng=rng)
    run = ais(p0, raised(p1, 1.7), x, BETAS, 0.5 / precision, rng=rng)
    assert off(mean_weight(run, 1.7), 1) < 4
    assert run.acceptance.shape == (19,)
    assert (run.acceptance > 0.5).all()
    for j in range(d):
        assert off(weighted_mean(run.x[:, j] ** 2, run.log_weights), 0.25) < 4


def test_a_few_moves_far_from_equilibrium_are_enough_for_the_mean_weight():
    # Acceptance and mixing are poor at so small a step, yet p_β is invariant: unbiased.
    rng = np.random.default_rng(4)
    p0, p1 = round_normal(4.0, 1), round_normal(0.25, 1)
    run = ais(p0, p1, p0.sample(40_000, rng=rng), np.linspace(0, 1, 6), 1e-3, rng=rng)
    assert off(mean_weight(run, 0), 1) < 4


def test_ring_and_hills_to_and_fro():
    rng = np.random.default_rng(5)
    wide, ring = Gaussian(np.zeros(2), 3 * np.eye(2)), Ring(1.5, 0.4)
    shape = Unnormalised(lambda x: ring.log_prob(x) + ring.log_z, ring.score)
    there = ais(wide, shape, wide.sample(4000, rng=rng), BETAS, 0.15, rng=rng)
    back = ais(shape, wide, ring.sample(4000, rng=rng), 1 - BETAS[::-1], 0.15, rng=rng)
    assert off(log_mean_weight(there.log_weights), ring.log_z) < 4
    assert off(log_mean_weight(back.log_weights), -ring.log_z) < 4
    # In expectation the mean log weights lie on either side.
    low, high = mean_se(there.log_weights), mean_se(-back.log_weights)
    assert low.value + 4 * low.se < ring.log_z < high.value - 4 * high.se


def test_ula_is_biased_by_what_theory_says():
    rng = np.random.default_rng(6)
    p0, p1, betas = round_normal(4.0, 1), round_normal(0.25, 1), np.linspace(0, 1, 101)
    x = p0.sample(20_000, rng=rng)
    run = ais(p0, p1, x, betas, 0.2, rng=rng, adjusted=False)
    expected = np.exp(expected_ula_weight(betas, 0.2, 4.0, 0.25))
    found = mean_weight(run, 0)
    assert off(found, expected) < 4 < off(found, 1)
    exact = ais(p0, p1, x, betas, 0.2, rng=rng)
    assert off(mean_weight(exact, 0), 1) < 4 < off(mean_weight(exact, 0), expected)


def test_a_missed_mode_looks_excellent():
    # p₀ covers one of two far hills: half the mass is missed, and the weights look fine.
    rng = np.random.default_rng(7)
    p0 = Gaussian([-8.0], [[1.2]])
    p1 = GaussianMixture(np.array([0.5, 0.5]), np.array([[-8.0], [8.0]]), np.ones(2))
    run = ais(p0, p1, p0.sample(2000, rng=rng), BETAS, 0.3, rng=rng)
    assert weights_ess(run.log_weights) > 0.9 * 2000
    assert off(log_mean_weight(run.log_weights), np.log(0.5)) < 4
    assert off(log_mean_weight(run.log_weights), 0) > 50


@pytest.mark.parametrize("adjusted", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_moves_dtype_and_the_start(adjusted, dtype):
    p0, p1 = Gaussian(np.zeros(2), 3 * np.eye(2)), three_hills()
    x = p0.sample(50, rng=np.random.default_rng(8)).astype(dtype)
    before = x.copy()

    def run(target, seed=0, **more):
        rng = np.random.default_rng(seed)
        return ais(p0, target, x, BETAS, 0.1, rng=rng, adjusted=adjusted, **more)

    one, two = run(p1, moves=3), run(Unnormalised(p1.log_prob, p1.score), moves=3)
    assert one.x.dtype == dtype
    assert one.log_weights.dtype == np.float64
    np.testing.assert_array_equal(x, before)
    tight = 1e-9 if dtype == np.float64 else 1e-3
    np.testing.assert_allclose(one.log_weights, two.log_weights, rtol=tight, atol=tight)
    assert (run(p1, moves=1).log_weights != one.log_weights).any()
    assert (one.acceptance == 1).all() != adjusted


def test_points_of_any_shape():
    def target(v):
        return Unnormalised(lambda x: -(x**2).sum((1, 2)) / (2 * v), lambda x: -x / v)

    rng = np.random.default_rng(9)
    x = 2 * rng.standard_normal((5000, 2, 3))
    run = ais(target(4.0), target(1.0), x, BETAS, 0.3, rng=rng)
    assert off(log_mean_weight(run.log_weights), -6 * np.log(2)) < 4


def test_one_leap_is_plain_importance_sampling():
    rng = np.random.default_rng(10)
    p0, p1 = round_normal(1.0, 2), round_normal(0.8, 2)
    x = p0.sample(100, rng=rng)
    run = ais(p0, p1, x, [0, 1], 0.1, rng=rng)
    np.testing.assert_allclose(run.log_weights, p1.log_prob(x) - p0.log_prob(x))
    np.testing.assert_array_equal(run.x, x)
    assert run.acceptance.size == 0


@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=12), st.integers(1, 30))
def test_respaced_temperatures_share_the_length_evenly(spread, count):
    betas = np.linspace(0, 1, len(spread) + 1)
    new = temperatures(respaced(betas, spread, count))
    length = np.interp(
        new, betas, np.concatenate([[0], np.cumsum(spread / np.float64(len(spread)))])
    )
    np.testing.assert_allclose(np.diff(length), length[-1] / count, rtol=1e-6, atol=1e-12)


def test_respacing_makes_weights_more_even():
    rng = np.random.default_rng(11)
    p0, p1 = round_normal(4.0, 10), round_normal(0.25, 10)

    def run(betas):
        precision = 0.25 + betas * 3.75
        return ais(p0, p1, p0.sample(2000, rng=rng), betas, 0.5 / precision, rng=rng)

    even = np.linspace(0, 1, 41)
    pilot = run(even)
    better = run(respaced(even, pilot.spread, 40))
    assert better.log_weights.var() < 0.8 * pilot.log_weights.var()


@pytest.mark.parametrize(
    ("betas", "words"),
    [
        ([0.1, 1], "from 0 to 1, got 2 of them from 0.1 to 1"),
        ([0, 0.9], "from 0 to 1, got 2 of them from 0 to 0.9"),
        ([1, 0], "from 0 to 1"),
        ([0], "from 0 to 1"),
        ([0, 0.6, 0.4, 1], "increase, got 0.6 then 0.4 at index 1"),
        ([0, 0.5, 0.5, 1], "increase"),
        ([0, np.nan, 1], "finite"),
        ([[0, 1]], "betas must have 1 axes"),
        ("abc", "betas must be an array of real numbers"),
    ],
)
def test_temperatures_not_from_0_to_1(betas, words):
    p, rng = three_hills(), np.random.default_rng(0)
    with pytest.raises((ValueError, TypeError), match=words):
        ais(p, p, p.sample(3, rng=rng), betas, 0.1, rng=rng)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"step": 0}, "step must be positive"),
        ({"step": [0.1, 0.2]}, "3 of them"),
        ({"step": [0.1, -0.2, 0.1]}, "smallest of -0.2"),
        ({"moves": 0}, "moves must be at least 1"),
        ({"rng": 3}, "rng must be"),
        ({"x": np.zeros(3)}, "x must be"),
        ({"x": np.zeros((3, 2), int)}, "x must be"),
        ({"p1": Unnormalised(lambda x: x, lambda x: x)}, "log_prob must return shape"),
        ({"p1": Unnormalised(lambda x: 0 * x[:, 0], lambda x: x[:, 0])}, "score|broadcast"),
        (
            {"p1": Unnormalised(lambda x: np.full(len(x), np.nan), lambda x: x)},
            "log_prob of the st",
        ),
        (
            {
                "p1": Unnormalised(lambda x: np.where(x[:, 0], np.nan, 0), lambda x: 0 * x),
                "adjusted": False,
            },
            "finite where",
        ),
    ],
)
def test_bad_input(change, words):
    rng = np.random.default_rng(0)
    good = {"p0": three_hills(), "p1": three_hills(), "x": np.zeros((3, 2))}
    good |= {"betas": [0, 0.5, 1], "step": 0.1, "rng": rng} | change
    with pytest.raises((ValueError, TypeError), match=words):
        ais(**good)


def test_bad_spread():
    for spread in ([1.0], [1.0, 0.0], [1.0, -1.0]):
        with pytest.raises(ValueError, match="spread must hold 2 positive numbers"):
            respaced([0, 0.5, 1], spread, 4)


def test_walkers_go_block_by_block_and_are_summed_up_over_all() -> None:
    p0, p1 = Gaussian(np.zeros(2), np.eye(2)), Gaussian(np.ones(2), 0.5 * np.eye(2))
    betas = np.linspace(0, 1, 5)
    x = p0.sample(BLOCK // 2 + 700, rng=np.random.default_rng(1))
    whole = ais(p0, p1, x, betas, 0.3, rng=np.random.default_rng(2))
    rng = np.random.default_rng(2)
    first, last = (ais(p0, p1, part, betas, 0.3, rng=rng) for part in np.split(x, [BLOCK // 2]))
    np.testing.assert_array_equal(whole.x, np.concatenate([first.x, last.x]))
    logs = np.concatenate([first.log_weights, last.log_weights])
    np.testing.assert_array_equal(whole.log_weights, logs)
    gap = p1.log_prob(x) - p0.log_prob(x)
    assert whole.spread[0] == pytest.approx(gap.std(), rel=1e-12)
    share = len(first.x) / len(x)
    want = share * first.acceptance + (1 - share) * last.acceptance
    np.testing.assert_allclose(whole.acceptance, want, rtol=1e-12)
