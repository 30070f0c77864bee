"""Tweedie's formula and the two losses, against closed forms."""

import numpy as np
import pytest
from densities_under_test import GAUSS, HILLS, RING, ROUND

from scorekit.denoising import add, at, dsm_loss, esm_loss, noisy_score, scale, tweedie_mean
from scorekit.densities import Empirical, Gaussian
from scorekit.diagnostics import mean_se

SIGMAS = 5


@pytest.mark.parametrize("sigma", [0.3, 2.0])
def test_tweedie_is_the_posterior_mean_of_a_gaussian(sigma):
    y = np.random.default_rng(0).normal(size=(20, 3)) * 2
    gain = GAUSS.cov @ np.linalg.inv(GAUSS.cov + sigma**2 * np.eye(3))
    want = GAUSS.mean + (y - GAUSS.mean) @ gain.T
    np.testing.assert_allclose(tweedie_mean(noisy_score(GAUSS), y, sigma), want, rtol=1e-9)


def test_tweedie_on_a_data_set_is_the_softmax_average():
    rng = np.random.default_rng(1)
    data, y, sigma = rng.normal(size=(40, 5)), rng.normal(size=(9, 5)), 0.6
    logits = -((y[:, None] - data) ** 2).sum(2) / (2 * sigma**2)
    soft = np.exp(logits - logits.max(1, keepdims=True))
    want = soft @ data / soft.sum(1, keepdims=True)
    got = tweedie_mean(noisy_score(Empirical(data)), y, sigma)
    np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-10)


def test_tweedie_against_brute_force_for_a_mixture():
    rng = np.random.default_rng(2)
    y, sigma = np.array([[0.4, 0.3]]), 0.8
    x = ROUND.sample(400_000, rng=rng)
    weight = np.exp(-((y - x) ** 2).sum(1) / (2 * sigma**2))
    got = tweedie_mean(noisy_score(ROUND), y, sigma)[0]
    for k in range(2):
        # A ratio of means: its error by the delta method.
        mean = (weight * x[:, k]).sum() / weight.sum()
        se = np.sqrt((weight**2 * (x[:, k] - mean) ** 2).sum()) / weight.sum()
        assert abs(got[k] - mean) < SIGMAS * se
        assert abs(y[0, k] - mean) > SIGMAS * se


@pytest.mark.parametrize("sigma", [0.2, 1.0])
def test_dsm_minus_esm_is_the_same_number_for_every_score(sigma):
    rng = np.random.default_rng(3)
    exact = noisy_score(HILLS)
    x = HILLS.sample(200_000, rng=rng)
    y = x + sigma * np.random.default_rng(9).standard_normal(x.shape)
    constants = []
    for c in (1.0, 0.5, -2.0):
        other = lambda u, s, c=c: c * exact(u, s) + np.sin(u)  # noqa: E731
        gap = dsm_loss(other, x, sigma, rng=np.random.default_rng(9)) - esm_loss(
            other, exact, y, sigma
        )
        constants.append(mean_se(gap))
    floor = 2 - sigma**2 * mean_se((exact(y, sigma) ** 2).sum(1)).value
    for got in constants:
        assert abs(got.value - floor) < SIGMAS * got.se + 0.01
    clean = mean_se(
        dsm_loss(exact, x, sigma, rng=np.random.default_rng(9))
        - esm_loss(exact, lambda u, s: HILLS.score(u), y, sigma)
    )
    if sigma == 1.0:  # against the clean score it is not that number
        assert abs(clean.value - floor) > SIGMAS * clean.se


def test_the_exact_score_reaches_the_floor_and_nothing_goes_below():
    # For N(0, v): floor = d v / (v + σ²), the share of the noise that cannot be told from data.
    rng, sigma = np.random.default_rng(4), 0.7
    density = Gaussian([0.0, 0.0], 2.0 * np.eye(2))
    exact = noisy_score(density)
    x = density.sample(100_000, rng=rng)
    best = mean_se(dsm_loss(exact, x, sigma, rng=np.random.default_rng(1)))
    assert abs(best.value - 2 * 2.0 / (2.0 + sigma**2)) < SIGMAS * best.se
    for c in (0.8, 1.2):
        worse = dsm_loss(lambda u, s, c=c: c * exact(u, s), x, sigma, rng=np.random.default_rng(1))
        assert worse.mean() > best.value


def test_scores_compose():
    x = np.random.default_rng(5).normal(size=(6, 2))
    one, two = HILLS.score, ROUND.score
    np.testing.assert_allclose(add(one, two)(x), one(x) + two(x))
    np.testing.assert_allclose(scale(one, -3.0)(x), -3 * one(x))
    np.testing.assert_allclose(at(noisy_score(HILLS), 0.5)(x), HILLS.blurred(0.5).score(x))
    low = x.astype(np.float32)
    assert scale(one, 0.5)(low).dtype == add(one, two)(low).dtype == np.float32
    assert tweedie_mean(noisy_score(HILLS), low, 0.3).dtype == np.float32


BAD = [
    (lambda: noisy_score(RING), "density must have a method blurred"),
    (lambda: noisy_score(HILLS)(np.zeros((1, 2)), -1.0), "sigma must be positive"),
    (lambda: at(noisy_score(HILLS), 0.0), "sigma must be positive"),
    (lambda: add(), "scores must hold"),
    (lambda: scale(HILLS.score, np.nan), "factor must be finite"),
    (lambda: tweedie_mean(noisy_score(HILLS), np.zeros(2), 1.0), "y must be a non-empty batch"),
    (lambda: dsm_loss(noisy_score(HILLS), np.zeros((1, 2)), 1.0, rng=3), "rng must be"),
    (lambda: esm_loss(noisy_score(HILLS), noisy_score(HILLS), np.zeros((1, 2)), 0), "sigma must"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
