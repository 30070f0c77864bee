"""Hills under blur: exact thresholds, counted modes, and the walk from coarse to fine."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from scorekit import scale_space as ss
from scorekit.denoising import noisy_score
from scorekit.densities import Empirical, Gaussian, GaussianMixture
from scorekit.diagnostics import mean_se
from scorekit.diffusion import annealed_langevin
from scorekit.vector_fields import jacobian


def pair(m, cov, weight=0.5):
    m = np.atleast_1d(np.asarray(m, float))
    return GaussianMixture(np.array([weight, 1 - weight]), np.stack([m, -m]), np.stack([cov, cov]))


def spd(rng, d):
    a = rng.normal(size=(d, d))
    return a @ a.T / d + 0.2 * np.eye(d)


@given(seed=st.integers(0, 10**6), d=st.integers(1, 4), weight=st.floats(0.02, 0.98))
@settings(max_examples=40, deadline=None)
def test_curvature_stays_within_its_bounds_and_reaches_them(seed, d, weight):
    rng = np.random.default_rng(seed)
    m, cov, sigma = rng.normal(size=d), spd(rng, d), rng.uniform(0, 2)
    blurred = pair(m, cov + sigma**2 * np.eye(d), weight)
    bounds = ss.pair_curvature(m, cov, sigma)
    pull = np.linalg.solve(cov + sigma**2 * np.eye(d), m)
    # The pass is where m·Px + c = 0; far out one hill is left.
    at_pass = -np.log(weight / (1 - weight)) / 2 * m / (m @ pull)
    x = np.concatenate([rng.normal(0, 3, (60, d)), at_pass[None], 40 * (m / (m @ pull))[None]])
    values = np.linalg.eigvalsh(-jacobian(blurred.score, x))
    slack = 1e-6 * bounds.largest
    assert values.min() >= bounds.least - slack
    assert values.max() <= bounds.largest + slack
    assert values[-2].min() == pytest.approx(bounds.least, abs=slack)
    assert values[-1].max() == pytest.approx(bounds.largest, abs=slack)


@pytest.mark.parametrize(("m", "v", "sigma"), [(1.5, 0.25, 2.0), (1.0, 1.0, 0.0), (2.0, 1.0, 1.0)])
def test_round_hills_have_the_closed_form(m, v, sigma):
    t = v + sigma**2
    for offset in ([m], [m * 0.6, m * 0.8, 0.0]):
        got = ss.pair_curvature(offset, v * np.eye(len(offset)), sigma)
        assert got.least == pytest.approx((t - m**2) / t**2, abs=1e-14)
        assert got.largest == pytest.approx(1 / t)


@given(seed=st.integers(0, 10**6), d=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_the_merging_blur_is_where_the_least_curvature_is_zero(seed, d):
    rng = np.random.default_rng(seed)
    m, cov = rng.normal(0, 2, d), spd(rng, d)
    sigma = ss.merging_blur(m, cov)
    if sigma == 0:
        assert ss.pair_curvature(m, cov).least >= -1e-12
        return
    assert m @ np.linalg.solve(cov + sigma**2 * np.eye(d), m) == pytest.approx(1, abs=1e-9)
    assert ss.pair_curvature(m, cov, 0.99 * sigma).least < 0
    assert ss.pair_curvature(m, cov, 1.01 * sigma).least > 0


def test_the_merging_blur_of_round_hills_and_of_hills_that_have_merged():
    assert ss.merging_blur([3.0, 4.0], 2 * np.eye(2)) == pytest.approx(np.sqrt(23))
    assert ss.merging_blur([0.3], [[1.0]]) == 0
    assert ss.merging_blur([0.0], [[1.0]]) == 0


def test_one_mode_does_not_mean_log_concave():
    """Unequal hills have one mode at a blur at which they are not log-concave yet."""
    hills = pair([1.4], np.eye(1), 0.8)
    assert ss.merging_blur([1.4], [[1.0]]) > 0.9
    assert len(ss.line_modes(hills.score, -6, 6)) == 1
    assert len(ss.line_modes(pair([1.4], np.eye(1)).score, -6, 6)) == 2


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_blur_never_adds_a_mode_on_the_line(seed):
    rng = np.random.default_rng(seed)
    data = Empirical(rng.normal(0, 2, (rng.integers(2, 12), 1)))
    counts = [
        len(ss.line_modes(data.blurred(s).score, -20, 20, nodes=6001))
        for s in np.geomspace(0.1, 8, 12)
    ]
    assert (np.diff(counts) <= 0).all()
    assert counts[-1] == 1


def test_modes_lie_where_the_slope_vanishes_and_a_mode_on_the_grid_counts_once():
    modes = ss.line_modes(pair([2.0], 0.5 * np.eye(1)).score, -4, 4, nodes=401)
    np.testing.assert_allclose(modes, [-modes[1], modes[1]], atol=1e-10)
    np.testing.assert_allclose(pair([2.0], 0.5 * np.eye(1)).score(modes[:, None]), 0, atol=1e-9)
    assert ss.line_modes(Gaussian([0.0], [[1.0]]).score, -3, 3, nodes=7) == pytest.approx([0])
    for m in (0.9, 1.0, 1.1, 2.0):  # a zero on the grid whose sign is rounding
        found = ss.line_modes(pair([m], np.eye(1)).score, -9, 9)
        assert np.abs(found + found[::-1]).max() < 1e-8
    assert len(ss.line_modes(Gaussian([9.0], [[1.0]]).score, -3, 3)) == 0


def test_the_walk_is_langevin_level_by_level():
    hills, rng = pair([2.0], 0.3 * np.eye(1)), np.random.default_rng(3)
    score, x = noisy_score(hills), np.array([[-2.0], [1.0]])
    got = ss.coarse_to_fine(
        score, x, [2.0, 0.5], variance=0.3, step=0.2, steps=3, rng=np.random.default_rng(3)
    )
    want = x.copy()
    for sigma in (2.0, 0.5):
        eta = 0.2 * (0.3 + sigma**2)
        for _ in range(3):
            drift = eta * score(want, sigma)
            want = want + drift + np.sqrt(2 * eta) * rng.standard_normal(x.shape)
    np.testing.assert_allclose(got.x, want)
    assert got.evaluations == 6
    np.testing.assert_array_equal(x, [[-2.0], [1.0]])


def test_without_a_variance_it_is_annealed_langevin():
    hills, x = noisy_score(pair([2.0], 0.3 * np.eye(1))), np.ones((5, 1), np.float32)
    walk = {"step": 0.3, "steps": 4}
    sigmas = [3.0, 1.0, 0.2]
    mine = ss.coarse_to_fine(hills, x, sigmas, variance=0, rng=np.random.default_rng(1), **walk)
    theirs = annealed_langevin(hills, x, sigmas, rng=np.random.default_rng(1), **walk)
    assert mine.x.dtype == np.float32
    np.testing.assert_allclose(mine.x, theirs.x, rtol=1e-5)


def test_the_weights_come_out_where_a_direct_walk_leaves_them_wrong():
    hills, rng = pair([4.0], np.eye(1), 0.8), np.random.default_rng(5)
    start = np.full((3000, 1), -4.0)
    sigmas = np.sqrt(np.geomspace(32, 1.01, 25) - 1)
    walk = {"variance": 1.0, "step": 0.2, "steps": 8, "rng": rng}
    right = ss.coarse_to_fine(noisy_score(hills), start, sigmas, **walk).x[:, 0] > 0
    right = mean_se(right.astype(float))
    assert abs(right.value - 0.784) < 4 * right.se  # pushed over a grid, without chance
    walk["steps"] = 200
    direct = ss.coarse_to_fine(noisy_score(hills), start, [0.1], **walk)
    assert (direct.x > 0).mean() < 0.1


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"sigmas": [1.0, 2.0]}, "strictly falling"),
        ({"sigmas": [1.0, 0.0]}, "positive"),
        ({"variance": -1.0}, "variance"),
        ({"step": 0.0}, "step"),
        ({"steps": 0}, "steps"),
        ({"x": np.ones(3)}, "x must be"),
    ],
)
def test_bad_input_is_named(change, match):
    call = {"x": np.ones((2, 1)), "sigmas": [1.0, 0.5], "variance": 0.3, "step": 0.2, "steps": 2}
    call |= change
    x, sigmas = call.pop("x"), call.pop("sigmas")
    score = noisy_score(Gaussian([0.0], [[1.0]]))
    with pytest.raises(ValueError, match=match):
        ss.coarse_to_fine(score, x, sigmas, rng=np.random.default_rng(0), **call)


def test_bad_hills_are_refused():
    with pytest.raises(ValueError, match="cov must have shape"):
        ss.pair_curvature([1.0, 2.0], [[1.0]])
    with pytest.raises(ValueError, match="positive definite"):
        ss.merging_blur([1.0], [[-1.0]])
    with pytest.raises(ValueError, match="sigma"):
        ss.pair_curvature([1.0], [[1.0]], -0.1)
    with pytest.raises(ValueError, match="high must be above"):
        ss.line_modes(lambda x: -x, 1, 0)
    with pytest.raises(ValueError, match="score must be finite"):
        ss.line_modes(lambda x: np.full_like(x, np.nan), 0, 1)
