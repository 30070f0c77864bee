"""What is special to mixtures: responsibilities, far tails, two ways to store covariances."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from scorekit.densities import GaussianMixture, three_hills


def random_mixture(seed, k, d):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(k, d, d))
    covs = root @ root.transpose(0, 2, 1) + 0.2 * np.eye(d)
    return GaussianMixture(rng.dirichlet(np.ones(k)), rng.normal(size=(k, d)) * 2, covs)


@given(seed=st.integers(0, 10**6), k=st.integers(1, 6), d=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_score_is_the_weighted_mean_of_the_pulls(seed, k, d):
    mixture = random_mixture(seed, k, d)
    x = np.random.default_rng(seed + 1).normal(size=(7, d)) * 3
    pull = np.einsum("kij,nkj->nki", np.linalg.inv(mixture.covs), mixture.means - x[:, None])
    r = mixture.responsibilities(x)
    np.testing.assert_allclose(r.sum(1), 1, rtol=1e-12)
    np.testing.assert_allclose(
        mixture.score(x), (r[:, :, None] * pull).sum(1), rtol=1e-7, atol=1e-8
    )


@given(seed=st.integers(0, 10**6), k=st.integers(1, 6), d=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_round_components_agree_with_full_matrices(seed, k, d):
    rng = np.random.default_rng(seed)
    weights, means = rng.dirichlet(np.ones(k)), rng.normal(size=(k, d))
    variances = rng.uniform(0.2, 2, k)
    as_round = GaussianMixture(weights, means, variances)
    as_full = GaussianMixture(weights, means, variances[:, None, None] * np.eye(d))
    x = rng.normal(size=(9, d)) * 2
    for method in ("score", "log_prob", "responsibilities"):
        np.testing.assert_allclose(
            getattr(as_round, method)(x), getattr(as_full, method)(x), rtol=1e-8, atol=1e-9
        )


def test_far_tails_stay_finite_where_the_naive_formula_is_nan():
    mixture = three_hills()
    x = np.array([[40.0, 0.0], [-1e4, 1e4]])
    with np.errstate(invalid="ignore"):
        terms = np.exp(-((x[:, None] - mixture.means) ** 2).sum(2) / 2)
        assert np.isnan(terms / terms.sum(1, keepdims=True)).all()
    assert np.isfinite(mixture.score(x)).all()
    np.testing.assert_allclose(mixture.responsibilities(x).sum(1), 1)


def test_a_far_offset_costs_no_digits():
    offset = np.array([1e5, -1e5])
    near, x = three_hills(), np.array([[0.3, 0.2], [-1.0, 1.0]])
    for covs in (near.covs, np.array([0.3, 0.4, 0.5])):
        here = GaussianMixture(near.weights, near.means, covs)
        there = GaussianMixture(near.weights, near.means + offset, covs)
        # Rounding x + offset costs 1e-11, times a slope of 10; squaring 1e5 would cost 1e-6.
        np.testing.assert_allclose(there.score(x + offset), here.score(x), atol=1e-9)


def test_sample_frequencies_follow_the_weights():
    mixture = GaussianMixture([0.2, 0.8], [[-10.0], [10.0]], [1.0, 1.0])
    x = mixture.sample(50_000, rng=np.random.default_rng(5))
    share, se = (x < 0).mean(), np.sqrt(0.2 * 0.8 / 50_000)
    assert abs(share - 0.2) < 5 * se
    assert abs(share - 0.5) > 5 * se


def test_component_spread_of_samples():
    mixture = random_mixture(3, 1, 3)
    x = mixture.sample(100_000, rng=np.random.default_rng(6))
    got = np.cov(x.T)
    se = np.sqrt((mixture.covs[0] ** 2 + np.outer(*[np.diag(mixture.covs[0])] * 2)) / 100_000)
    assert (np.abs(got - mixture.covs[0]) < 5 * se).all()


@pytest.mark.parametrize("sigma", [[0.1], "a", None, True])
def test_blur_wants_one_number(sigma):
    with pytest.raises(TypeError, match="sigma must be one positive number"):
        three_hills().blurred(sigma)
