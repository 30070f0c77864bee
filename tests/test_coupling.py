"""Coupled walkers: the factor of a step, exact on a normal target and a bound elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from scorekit import coupling, scale_space as ss
from scorekit.densities import Gaussian, GaussianMixture


def test_the_factor_below_and_above_the_best_step():
    assert coupling.contraction(1, 25, 2 / 26) == pytest.approx(1 - 2 / 26)
    assert coupling.contraction(1, 25, 0.02) == pytest.approx(0.98)
    # The tempting 1 - ηκ = .920 is wrong here: the steep direction overshoots.
    assert coupling.contraction(1, 25, 0.0799) == pytest.approx(0.9975)
    assert coupling.contraction(1, 25, 0.081) > 1
    assert coupling.contraction(0, 25, 0.01) == 1


@given(
    kappa=st.floats(0.1, 2), ratio=st.floats(1, 40), part=st.floats(0.05, 1.2), seed=st.integers(0)
)
@settings(max_examples=40, deadline=None)
def test_on_a_normal_target_each_direction_has_its_own_factor(kappa, ratio, part, seed):
    largest = kappa * ratio
    step = part * 2 / largest
    target = Gaussian([0.0, 0.0], np.diag([1 / kappa, 1 / largest]))
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 2, 2))
    y = x + np.array([[1.0, 0.0], [0.0, 1.0]])
    apart = coupling.coupled_distances(target.score, x, y, step, 5, rng=rng)
    factors = np.abs(1 - step * np.array([kappa, largest]))
    np.testing.assert_allclose(apart, factors ** np.arange(6)[:, None], rtol=1e-9, atol=1e-12)
    assert coupling.contraction(kappa, largest, step) == pytest.approx(factors.max())


@pytest.mark.parametrize("part", [0.2, 0.9, 1.1])
def test_merged_hills_contract_at_least_as_fast_as_the_bound(part):
    m, v, sigma = 1.5, 0.25, 2.0
    hills = GaussianMixture([0.7, 0.3], [[m], [-m]], [v, v]).blurred(sigma)
    bounds = ss.pair_curvature([m], [[v]], sigma)
    step = part * 2 / (bounds.least + bounds.largest)
    rng = np.random.default_rng(1)
    x, y = rng.normal(0, 3, (2, 500, 1))
    apart = coupling.coupled_distances(hills.score, x, y, step, 40, rng=rng)
    factor = coupling.contraction(bounds.least, bounds.largest, step)
    assert (apart[1:] <= factor * apart[:-1] + 1e-12).all()
    assert apart[1].max() < apart[0].max()


def test_separate_hills_keep_walkers_apart():
    hills = GaussianMixture([0.5, 0.5], [[3.0], [-3.0]], [0.3, 0.3])
    x, y = np.full((50, 1), -3.0), np.full((50, 1), 3.0)
    apart = coupling.coupled_distances(hills.score, x, y, 0.05, 200, rng=np.random.default_rng(0))
    assert apart[-1].mean() > 5


def test_kicks_are_the_same_for_both_and_starts_are_kept():
    x, y = np.zeros((3, 2)), np.ones((3, 2))
    apart = coupling.coupled_distances(lambda z: 0 * z, x, y, 0.5, 10, rng=np.random.default_rng(0))
    np.testing.assert_allclose(apart, np.sqrt(2))
    assert x.max() == 0 == y.min() - 1
    again = coupling.coupled_distances(lambda z: -z, x, y, 0.5, 10, rng=np.random.default_rng(0))
    assert again.shape == (11, 3)


def test_bad_input_is_named():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="y must be"):
        coupling.coupled_distances(lambda z: -z, np.ones((3, 1)), np.ones((2, 1)), 0.1, 2, rng=rng)
    with pytest.raises(ValueError, match="kappa"):
        coupling.contraction(2, 1, 0.1)
    with pytest.raises(ValueError, match="kappa"):
        coupling.contraction(-0.1, 1, 0.1)
    with pytest.raises(ValueError, match="step"):
        coupling.contraction(0.5, 1, 0)
    with pytest.raises(TypeError, match="rng"):
        coupling.coupled_distances(lambda z: -z, np.ones((3, 1)), np.ones((3, 1)), 0.1, 2, rng=0)
