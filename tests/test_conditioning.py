"""Posteriors of normal densities and mixtures against direct formulas and simulation."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad
from densities_under_test import HILLS

from scorekit.conditioning import condition, exact_likelihood, wiener
from scorekit.densities import Gaussian, GaussianMixture, Ring
from scorekit.operators import downsample, radon

RNG = np.random.default_rng(0)
ROOT = RNG.standard_normal((4, 4))
COV, MEAN = ROOT @ ROOT.T + 0.1 * np.eye(4), RNG.standard_normal(4)
NORMAL = Gaussian(MEAN, COV)
MATRIX = RNG.standard_normal((3, 4))
A, TAU, Y = radon(MATRIX), 0.4, RNG.standard_normal(3)
ROUND = GaussianMixture([0.3, 0.7], RNG.standard_normal((2, 4)), [0.5, 1.2])
FULL = GaussianMixture(
    [0.2, 0.5, 0.3], RNG.standard_normal((3, 4)), [COV, 0.3 * COV + np.eye(4), np.eye(4) / 5]
)
HILLS_A, HILLS_Y = radon([[1.0, 0.5]]), np.array([0.7])


def test_normal_posterior_in_its_information_form():
    got = condition(NORMAL, A, Y, TAU)
    precision = np.linalg.inv(COV) + MATRIX.T @ MATRIX / TAU**2
    np.testing.assert_allclose(got.cov, np.linalg.inv(precision))
    want = np.linalg.solve(precision, np.linalg.solve(COV, MEAN) + MATRIX.T @ Y / TAU**2)
    np.testing.assert_allclose(got.mean, want)
    np.testing.assert_allclose(wiener(A, Y[None], TAU, MEAN, COV), want[None])


def log_joint(density, matrix, x, y, tau):
    gap = y - x @ np.asarray(matrix).T
    return density.log_prob(x) - (gap**2).sum(1) / (2 * tau**2)


@pytest.mark.parametrize("prior", [NORMAL, ROUND, FULL])
def test_posterior_is_prior_times_likelihood_up_to_a_constant(prior):
    posterior, x = condition(prior, A, Y, TAU), RNG.standard_normal((50, 4))
    ratio = posterior.log_prob(x) - log_joint(prior, MATRIX, x, Y, TAU)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
    assert type(posterior) is type(prior)


def test_posterior_score_is_prior_plus_likelihood():
    x = RNG.standard_normal((20, 4))
    want = FULL.score(x) + (Y - x @ MATRIX.T) @ MATRIX / TAU**2
    np.testing.assert_allclose(condition(FULL, A, Y, TAU).score(x), want, rtol=1e-9, atol=1e-9)


def test_simulated_pairs_have_the_posterior_of_a_mixture():
    # Draw (x, y) many times, keep the pairs whose y is near: no formula of the module is used.
    x = HILLS.sample(2_000_000, rng=np.random.default_rng(1))
    y = x @ [1.0, 0.5] + TAU * np.random.default_rng(2).standard_normal(len(x))
    near = x[np.abs(y - HILLS_Y) < 0.01]
    exact = condition(HILLS, HILLS_A, HILLS_Y, TAU)
    mean = exact.weights @ exact.means
    se = near.std(0) / np.sqrt(len(near))
    assert (np.abs(near.mean(0) - mean) < 5 * se + 0.005).all()
    assert (np.abs(near.mean(0) - HILLS.weights @ HILLS.means) > 10 * se + 0.005).all()


@pytest.mark.parametrize("sigma", [0.05, 0.7, 4.0])
def test_exact_noisy_likelihood_is_the_gradient_of_the_marginal_over_clean_points(sigma):
    # p(y | x_σ) = Σ γ_k(x) N(y; A m_k(x), A C_k Aᵀ + τ²), with m_k(x), C_k the moments of the
    # clean point in component k given the noisy one: written out, differentiated by autograd.
    precisions = [np.linalg.inv(c) for c in HILLS.covs]
    row = np.array([1.0, 0.5])

    def log_likelihood(x):
        logs, parts = [], []
        for w, m, c, p in zip(HILLS.weights, HILLS.means, HILLS.covs, precisions, strict=True):
            wide = np.linalg.inv(c + sigma**2 * np.eye(2))
            gap = x - m
            log_n = -anp.sum(anp.dot(gap, wide) * gap, 1) / 2 + np.log(np.linalg.det(wide)) / 2
            clean = np.linalg.inv(p + np.eye(2) / sigma**2)
            mean = anp.dot(m @ p + x / sigma**2, clean)
            var = row @ clean @ row + TAU**2
            seen = -((HILLS_Y[0] - anp.dot(mean, row)) ** 2) / (2 * var) - np.log(var) / 2
            logs.append(np.log(w) + log_n)
            parts.append(np.log(w) + log_n + seen)
        total = lambda terms: anp.log(anp.sum(anp.exp(anp.stack(terms)), 0))  # noqa: E731
        return total(parts) - total(logs)

    x = HILLS.sample(30, rng=np.random.default_rng(3))
    got = exact_likelihood(HILLS, HILLS_A, HILLS_Y, TAU)(x, sigma)
    np.testing.assert_allclose(got, elementwise_grad(log_likelihood)(x), rtol=1e-7, atol=1e-9)


def test_the_noise_free_likelihood_is_another_function_at_level_sigma():
    x = HILLS.sample(200, rng=np.random.default_rng(4))
    plain = (HILLS_Y - x @ [[1.0], [0.5]]) * [1.0, 0.5] / TAU**2
    for sigma, close in ((1e-3, True), (1.0, False)):
        exact = exact_likelihood(HILLS, HILLS_A, HILLS_Y, TAU)(x, sigma)
        assert (np.abs(exact - plain).max() < 1e-3) == close


def test_a_component_that_y_rules_out_is_dropped():
    far = GaussianMixture([0.5, 0.5], [[0.0], [1000.0]], [1.0, 1.0])
    got = condition(far, radon([[1.0]]), np.array([0.0]), 0.5)
    assert len(got.weights) == 1
    np.testing.assert_allclose(got.covs, [[[0.2]]])


def test_posterior_of_many_pixels_stays_positive_definite_at_tiny_noise():
    cov = np.exp(-np.abs(np.arange(64)[:, None] - np.arange(64)) / 8)
    low = downsample((8, 8), 2)
    got = condition(Gaussian(np.zeros(64), cov), low, np.ones(16), 1e-4)
    assert np.linalg.eigvalsh(got.cov)[0] > 0
    np.testing.assert_allclose(low.matvec(got.mean), 1, atol=1e-3)


WRONG_ADJOINT = radon(MATRIX)
WRONG_ADJOINT._rmatvec = lambda y: np.zeros(4)  # scipy calls it for rmatvec
BAD = [
    (lambda: condition(FULL, A, Y, 0.0), ValueError, "tau must be positive"),
    (lambda: condition(FULL, A, Y, -1.0), ValueError, "tau must be positive"),
    (lambda: condition(FULL, A, Y[:2], TAU), ValueError, r"y must have shape \(3,\)"),
    (lambda: condition(FULL, A, Y[None], TAU), ValueError, "y must be one measurement"),
    (lambda: condition(FULL, A, np.arange(3), TAU), TypeError, "float64 or float32"),
    (lambda: condition(FULL, A, Y * np.nan, TAU), ValueError, "y must be finite"),
    (lambda: condition(HILLS, A, Y, TAU), ValueError, "density must have dimension 4"),
    (lambda: condition(Ring(1.0, 0.1), A, Y, TAU), TypeError, "density must be a Gaussian"),
    (lambda: condition(FULL, MATRIX, Y, TAU), TypeError, "A must be a scipy"),
    (lambda: condition(FULL, WRONG_ADJOINT, Y, TAU), ValueError, "must have an adjoint with"),
    (lambda: wiener(A, Y[None], TAU, MEAN[:3], COV), ValueError, "mean and covariance must"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
