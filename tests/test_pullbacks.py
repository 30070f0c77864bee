"""Exact derivatives of scores against central differences and autograd."""

import autograd.numpy as anp
import numpy as np
import pytest

from scorekit.denoising import noisy_score
from scorekit.densities import Empirical, Gaussian, GaussianMixture, Ring
from scorekit.pullbacks import ExactPrior, pullback
from scorekit.vector_fields import jacobian

RNG = np.random.default_rng(0)
ROOT = RNG.standard_normal((4, 4))
COV, MEAN = ROOT @ ROOT.T + 0.1 * np.eye(4), RNG.standard_normal(4)
NORMAL = Gaussian(MEAN, COV)
ROUND = GaussianMixture([0.3, 0.7], RNG.standard_normal((2, 4)), [0.5, 1.2])
FULL = GaussianMixture(
    [0.2, 0.5, 0.3], RNG.standard_normal((3, 4)), [COV, 0.3 * COV + np.eye(4), np.eye(4) / 5]
)
DATA = Empirical(RNG.standard_normal((30, 4)))


@pytest.mark.parametrize("density", [NORMAL, ROUND, FULL, DATA])
@pytest.mark.parametrize("sigma", [0.3, 2.0])
def test_exact_prior_is_the_noisy_score_and_its_derivative(density, sigma):
    prior, x = ExactPrior(density), 1.5 * RNG.standard_normal((6, 4))
    np.testing.assert_allclose(prior(x, sigma), noisy_score(density)(x, sigma), atol=1e-12)
    u = RNG.standard_normal(x.shape)
    s, back = pullback(prior, x, sigma)
    np.testing.assert_allclose(s, prior(x, sigma), atol=1e-12)
    matrices = jacobian(lambda z: prior(z, sigma), x)
    np.testing.assert_allclose(back(u), np.einsum("nij,ni->nj", matrices, u), rtol=1e-6, atol=1e-6)


def test_autograd_gives_the_same_derivative_where_it_can_follow():
    def by_hand(x, sigma):
        return -anp.dot(x - MEAN, np.linalg.inv(COV + sigma**2 * np.eye(4)))

    x, u = RNG.standard_normal((2, 5, 4))
    s, back = pullback(by_hand, x, 0.6)
    exact_s, exact_back = pullback(ExactPrior(NORMAL), x, 0.6)
    np.testing.assert_allclose(s, exact_s)
    np.testing.assert_allclose(back(u), exact_back(u))


def test_float32_is_kept():
    x = np.ones((3, 4), np.float32)
    for density in (ROUND, FULL, NORMAL):
        s, back = ExactPrior(density).pullback(x, 0.5)
        assert s.dtype == back(x).dtype == np.float32


ZERO = np.zeros((2, 4))
BAD = [
    (lambda: ExactPrior(Ring(1.0, 0.1)), TypeError, "density must be a Gaussian"),
    (lambda: ExactPrior(FULL)(ZERO, 0.0), ValueError, "sigma must be positive"),
    (lambda: pullback(noisy_score(FULL), ZERO, 1.0), TypeError, "must be differentiable"),
    (lambda: pullback(lambda x, s: 0 * MEAN, ZERO, 1.0), TypeError, "must be differentiable"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
