"""Likelihoods and posterior sampling against closed forms, and against tempting wrong ones."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad
from densities_under_test import HILLS
from scipy.integrate import quad

from scorekit.conditioning import condition, exact_likelihood, wiener
from scorekit.denoising import add, noisy_score, tweedie_mean
from scorekit.densities import Gaussian, GaussianMixture
from scorekit.diagnostics import mean_se
from scorekit.diffusion import (
    geometric_sigmas,
    karras_sigmas,
    predictor_corrector,
    probability_flow,
)
from scorekit.distances import sliced_wasserstein
from scorekit.inverse import dps_score, likelihood_score, pigdm_score, posterior_samples
from scorekit.langevin import ula
from scorekit.networks import init_scaled
from scorekit.operators import apply, blur, radon
from scorekit.pullbacks import ExactPrior

SIGMAS = 5
RNG = np.random.default_rng(0)
ROOT = RNG.standard_normal((4, 4))
COV, MEAN = ROOT @ ROOT.T + 0.1 * np.eye(4), RNG.standard_normal(4)
NORMAL, PRIOR = Gaussian(MEAN, COV), ExactPrior(Gaussian(MEAN, COV))
A, TAU, Y = radon(RNG.standard_normal((3, 4))), 0.4, RNG.standard_normal(3)
X = RNG.standard_normal((6, 4))
LINE, SEE = ExactPrior(Gaussian([0.0], [[1.0]])), radon([[1.0]])  # y = x + τ n on a line


def test_plain_likelihood_is_the_gradient_of_the_log_likelihood_at_a_clean_point():
    matrix = A.matmat(np.eye(4))
    want = elementwise_grad(lambda x: -anp.sum((Y - anp.dot(x, matrix.T)) ** 2, 1) / (2 * TAU**2))(
        X
    )
    score = likelihood_score(A, Y, TAU)
    np.testing.assert_allclose(score(X), want)
    np.testing.assert_allclose(score(X, 3.0), want)  # the misconception, on purpose
    posterior = condition(NORMAL, A, Y, TAU)
    np.testing.assert_allclose(add(NORMAL.score, score)(X), posterior.score(X), rtol=1e-9)


@pytest.mark.parametrize("sigma", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("per_point", [False, True])
def test_pigdm_with_the_right_covariance_is_exact_for_a_normal_prior(sigma, per_point):
    exact = exact_likelihood(NORMAL, A, Y, TAU)(X, sigma)
    y = np.tile(Y, (len(X), 1)) if per_point else Y
    got = pigdm_score(PRIOR, A, y, TAU, COV)
    np.testing.assert_allclose(got(X, sigma), exact, rtol=1e-6, atol=1e-8)
    want = condition(NORMAL, A, Y, TAU).blurred(sigma).score(X)
    np.testing.assert_allclose(add(PRIOR, got)(X, sigma), want, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(got.posterior(X, sigma), want, rtol=1e-6, atol=1e-8)
    wrong = pigdm_score(PRIOR, A, Y, TAU, 1.0)(X, sigma)
    assert np.abs(wrong - exact).max() > 1e-3


def test_a_number_as_covariance_is_that_times_the_identity():
    one, many = (pigdm_score(PRIOR, A, Y, TAU, c)(X, 0.7) for c in (0.6, 0.6 * np.eye(4)))
    np.testing.assert_allclose(one, many)
    endless, wide = (pigdm_score(PRIOR, A, Y, TAU, v)(X, 0.7) for v in (np.inf, 1e9))
    np.testing.assert_allclose(endless, wide, rtol=1e-6)


def test_dps_is_the_gradient_of_the_likelihood_at_the_denoised_point():
    matrix, sigma = A.matmat(np.eye(4)), 0.8
    clean = COV @ np.linalg.inv(COV + sigma**2 * np.eye(4))

    def log_likelihood(x, power):
        gap = Y - anp.dot(MEAN + anp.dot(x - MEAN, clean.T), matrix.T)
        return -anp.sum(gap**2, 1) / (2 * TAU**2) if power == 2 else -(anp.sum(gap**2, 1) ** 0.5)

    got = dps_score(PRIOR, A, Y, TAU, scale=1.7)(X, sigma)
    np.testing.assert_allclose(got, 1.7 * elementwise_grad(log_likelihood)(X, 2), rtol=1e-9)
    got = dps_score(PRIOR, A, Y, TAU, scale=1.7, normalised=True)(X, sigma)
    want = 1.7 * elementwise_grad(log_likelihood)(X, 1) / sigma**2
    np.testing.assert_allclose(got, want, rtol=1e-9)


def test_a_network_is_differentiated_by_autograd():
    data = RNG.standard_normal((50, 4))
    net = init_scaled(data, rng=RNG, width=16, blocks=1, dtype=np.float64)
    for key in net.params:
        net.params[key] += 0.1 * RNG.standard_normal(net.params[key].shape)
    likelihood, h = dps_score(net, A, Y, TAU), 1e-6

    def log_likelihood(x):
        gap = Y - apply(A, tweedie_mean(net, x, 0.5))
        return -(gap**2).sum(1) / (2 * TAU**2)

    want = np.stack(
        [(log_likelihood(X + e) - log_likelihood(X - e)) / (2 * h) for e in h * np.eye(4)], 1
    )
    np.testing.assert_allclose(likelihood(X, 0.5), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(likelihood.posterior(X, 0.5), add(net, likelihood)(X, 0.5))


# What each approximation does to a variance, on a line with prior N(0, v) and y = x + τ n.
FINE = geometric_sigmas(60.0, 0.003, 600)


def end_variance(score, sampler, n=8000):
    rng = np.random.default_rng(5)
    x = FINE[0] * rng.standard_normal((n, 1))
    if sampler == "flow":
        x = x[:2]
        start, end = x[:, 0], probability_flow(score, x, FINE).x[:, 0]
        return np.polyfit(start, end, 1)[0] ** 2 * FINE[0] ** 2  # the map is affine
    run = predictor_corrector(score, x, FINE, rng=rng, corrector_steps=0)
    return mean_se((run.x[:, 0] - run.x.mean()) ** 2)


TAU_LINE = 0.3
EXACT = TAU_LINE**2 / (1 + TAU_LINE**2)


def test_dps_under_the_reverse_sde_leaves_half_the_variance():
    got = end_variance(dps_score(LINE, SEE, np.zeros(1), TAU_LINE).posterior, "sde")
    want = TAU_LINE**2 / 2 * (1 - np.exp(-2 / TAU_LINE**2))
    assert abs(got.value - want) < SIGMAS * got.se
    assert abs(got.value - EXACT) > 10 * got.se


def test_under_the_flow_dps_collapses_and_a_wide_guess_spreads():
    got = end_variance(dps_score(LINE, SEE, np.zeros(1), TAU_LINE).posterior, "flow")
    assert got == pytest.approx(np.exp(-1 / TAU_LINE**2), rel=0.02)
    for v, r2 in ((1.0, lambda t: t / (1 + t)), (np.inf, lambda t: t)):
        score = pigdm_score(LINE, SEE, np.zeros(1), TAU_LINE, v).posterior
        power = quad(lambda t, r2=r2: 1 / ((1 + t) ** 2 * (r2(t) + TAU_LINE**2)), 0, np.inf)[0]
        assert end_variance(score, "flow") == pytest.approx(np.exp(-power), rel=0.02)
    assert np.exp(-power) == pytest.approx(0.164, abs=5e-4)
    assert end_variance(pigdm_score(LINE, SEE, np.zeros(1), TAU_LINE).posterior, "flow") == (
        pytest.approx(EXACT, rel=0.02)
    )


def test_exact_likelihood_samples_the_posterior_under_every_sampler():
    y, see, rng = np.array([0.7]), radon([[1.0, 0.5]]), np.random.default_rng(6)
    score = add(noisy_score(HILLS), exact_likelihood(HILLS, see, y, 0.4))
    exact = condition(HILLS, see, y, 0.4)
    levels, start = karras_sigmas(15.0, 0.02, 60), 15 * rng.standard_normal((2000, 2))
    runs = {
        "reverse": predictor_corrector(score, start, levels, rng=rng, corrector_steps=0).x,
        "both": predictor_corrector(score, start, levels, rng=rng, step=0.5).x,
        "flow": probability_flow(score, start, levels).x,
    }
    truth, floor = exact.sample(2000, rng=rng), []
    for seed in range(5):
        other = exact.sample(2000, rng=np.random.default_rng(seed))
        floor.append(sliced_wasserstein(other, truth, rng=rng).value)
    for x in runs.values():
        assert sliced_wasserstein(x, truth, rng=rng).value < 2 * max(floor)
    dps = dps_score(ExactPrior(HILLS), see, y, 0.4).posterior
    x = probability_flow(dps, start, karras_sigmas(15.0, 0.02, 200)).x
    assert sliced_wasserstein(x, truth, rng=rng).value > 2 * max(floor)


def test_langevin_with_the_plain_likelihood_is_right_at_a_clean_point():
    score = add(NORMAL.score, likelihood_score(A, Y, TAU))
    exact = condition(NORMAL, A, Y, TAU)
    x = exact.sample(20_000, rng=RNG)
    end = ula(score, x, 1e-3, 300, rng=RNG).x
    for k in range(4):
        got = mean_se((end[:, k] - exact.mean[k]) ** 2)
        assert abs(got.value - exact.cov[k, k]) < SIGMAS * got.se + 0.02 * exact.cov[k, k]


def test_posterior_samples_have_the_closed_form_mean_and_covariance_each():
    y = np.stack([Y, -Y]) * 2
    x = posterior_samples(
        PRIOR, A, y, TAU, karras_sigmas(30.0, 0.01, 150),
        mean=MEAN, covariance=COV, copies=4000, rng=np.random.default_rng(7), step=0.1,
    )  # fmt: skip
    assert x.shape == (4000, 2, 4)
    np.testing.assert_allclose(
        x.mean(0), wiener(A, y, TAU, MEAN, COV), atol=SIGMAS * np.sqrt(COV.max() / 4000)
    )
    exact = condition(NORMAL, A, y[0], TAU)
    for k in (0, 1):
        np.testing.assert_allclose(np.cov(x[:, k].T), exact.cov, rtol=0.12, atol=0.02)


def test_posterior_samples_of_a_mixture_are_near_the_exact_ones_and_keep_float32():
    mixture = GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.5]], [0.1, 0.2])
    see, y = radon([[0.2, 1.0]]), np.array([0.3], np.float32)
    mean = mixture.weights @ mixture.means
    x = mixture.sample(20_000, rng=RNG)
    got = posterior_samples(
        ExactPrior(mixture), see, y, 0.3, karras_sigmas(10.0, 0.02, 40),
        mean=mean, covariance=np.cov(x.T), copies=3000, rng=RNG,
    )  # fmt: skip
    assert got.dtype == np.float32
    exact = condition(mixture, see, y, 0.3).sample(3000, rng=RNG)
    gap = sliced_wasserstein(got[:, 0].astype(float), exact, rng=RNG)
    blind = sliced_wasserstein(x[:3000], exact, rng=RNG)
    assert gap.value < 0.15
    assert blind.value > 2 * gap.value


def test_two_dimensional_pictures_go_through():
    see = blur((4, 4), 0.8)
    prior = ExactPrior(Gaussian(np.zeros(16), np.eye(16)))
    y = apply(see, RNG.standard_normal((3, 16)))
    x = posterior_samples(
        prior, see, y, 0.1, [5.0, 1.0, 0.1],
        mean=np.zeros(16), covariance=1.0, copies=2, rng=RNG, corrector_steps=0,
    )  # fmt: skip
    assert x.shape == (2, 3, 16)


def samples(**change):
    arguments = {"mean": MEAN, "covariance": COV, "copies": 2, "rng": RNG} | change
    return posterior_samples(PRIOR, A, Y, TAU, [2.0, 1.0], **arguments)


LOOSE = radon(RNG.standard_normal((3, 4)))
LOOSE._rmatvec = lambda y: np.zeros(4)
LONG = np.zeros((5, 3))
BAD = [
    (lambda: likelihood_score(A, Y, 0), ValueError, "tau must be positive"),
    (lambda: dps_score(PRIOR, A, Y, -0.1), ValueError, "tau must be positive"),
    (lambda: pigdm_score(PRIOR, A, Y, "0.1"), TypeError, "tau must be one positive number"),
    (lambda: pigdm_score(PRIOR, A, Y[:2], TAU), ValueError, "y must have shape"),
    (lambda: likelihood_score(LOOSE, Y, TAU), ValueError, "must have an adjoint with"),
    (lambda: pigdm_score(PRIOR, LOOSE, Y, TAU), ValueError, "must have an adjoint with"),
    (lambda: dps_score(PRIOR, np.eye(4), Y, TAU), TypeError, "A must be a scipy"),
    (lambda: dps_score(PRIOR, A, Y, TAU, scale=0), ValueError, "scale must be positive"),
    (lambda: dps_score(PRIOR, A, Y, TAU)(X, 0.0), ValueError, "sigma must be positive"),
    (lambda: likelihood_score(A, LONG, TAU)(X), ValueError, r"x must have shape \(5, 4\)"),
    (lambda: likelihood_score(A, Y, TAU)(X[:, :3]), ValueError, r"x must have shape \(n, 4\)"),
    (lambda: pigdm_score(PRIOR, A, Y, TAU, 0.0), ValueError, "covariance must be positive"),
    (lambda: pigdm_score(PRIOR, A, Y, TAU, np.eye(3)), ValueError, "covariance must have shape"),
    (lambda: pigdm_score(PRIOR, A, Y, TAU, -np.eye(4)), ValueError, "negative eigenvalues"),
    (lambda: samples(mean=MEAN[:3]), ValueError, "mean must have shape"),
    (lambda: samples(copies=0), ValueError, "copies must be at least 1"),
    (lambda: samples(rng=1), TypeError, "rng must be"),
    (
        lambda: dps_score(noisy_score(NORMAL), A, Y, TAU)(X, 1.0),
        TypeError,
        "prior must be differentiable",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
