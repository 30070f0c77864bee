"""Samplers over noise levels against Gaussian recursions, exact densities, and swapped steps."""

import itertools

import numpy as np
import pytest
from densities_under_test import HILLS

from scorekit.chains import Diverged
from scorekit.denoising import noisy_score
from scorekit.densities import Gaussian, GaussianMixture
from scorekit.diagnostics import mean_se
from scorekit.diffusion import (
    annealed_langevin,
    flow_log_prob,
    geometric_sigmas,
    karras_sigmas,
    predictor_corrector,
    probability_flow,
)

SIGMAS = 5
V = 1.5
NORMAL = Gaussian([0.0], [[V]])
SCORE = noisy_score(NORMAL)
LEVELS = geometric_sigmas(3.0, 0.3, 8)


def start(n, rng, high=3.0):
    return np.sqrt(V + high**2) * rng.standard_normal((n, 1))


def variance(trace):
    return mean_se((trace.x**2).ravel())


def test_ladders():
    for make in (geometric_sigmas, karras_sigmas):
        levels = make(10.0, 0.1, 7)
        assert levels[0] == 10.0
        assert levels[-1] == 0.1
        assert (np.diff(levels) < 0).all()
    ratio = geometric_sigmas(10.0, 0.1, 7)
    np.testing.assert_allclose(ratio[1:] / ratio[:-1], 100 ** (-1 / 6))
    np.testing.assert_allclose(karras_sigmas(16.0, 1.0, 3, rho=2)[1], 2.5**2)


def after_prediction(v, high, low):
    drop = high**2 - low**2
    return v * (1 - drop / (V + high**2)) ** 2 + low**2 * drop / high**2


def after_correction(v, sigma, step):
    eta = step * sigma**2
    return v * (1 - eta / (V + sigma**2)) ** 2 + 2 * eta


def test_predictor_and_corrector_follow_the_gaussian_recursion_in_this_order():
    rng, step, coarse = np.random.default_rng(0), 0.5, [3.0, 2.0, 1.0]
    right = swapped = V + 9.0
    for high, low in itertools.pairwise(coarse):
        right = after_correction(after_prediction(right, high, low), low, step)
        swapped = after_prediction(after_correction(swapped, high, step), high, low)
    x = start(200_000, rng)
    got = variance(predictor_corrector(SCORE, x, coarse, rng=rng, step=step))
    assert abs(got.value - right) < SIGMAS * got.se
    assert abs(got.value - swapped) > SIGMAS * got.se  # the swapped order is another algorithm


@pytest.mark.parametrize("corrector_steps", [0, 2])
def test_predictor_alone_and_with_two_corrections(corrector_steps):
    rng, v = np.random.default_rng(1), V + 9.0
    for high, low in itertools.pairwise(LEVELS):
        v = after_prediction(v, high, low)
        for _ in range(corrector_steps):
            v = after_correction(v, low, 0.3)
    trace = predictor_corrector(
        SCORE, start(200_000, rng), LEVELS, rng=rng, corrector_steps=corrector_steps, step=0.3
    )
    got = variance(trace)
    assert abs(got.value - v) < SIGMAS * got.se
    assert trace.evaluations == 7 * (1 + corrector_steps)


def test_a_corrector_without_noise_is_over_concentrated():
    rng = np.random.default_rng(2)
    v = V + 9.0
    for high, low in itertools.pairwise(LEVELS):
        v = after_prediction(v, high, low)
        v *= (1 - 0.5 * low**2 / (V + low**2)) ** 2
    got = variance(predictor_corrector(SCORE, start(100_000, rng), LEVELS, rng=rng, step=0.5))
    assert got.value - v > SIGMAS * got.se


def test_annealed_langevin_follows_the_gaussian_recursion():
    rng, v = np.random.default_rng(3), V + 9.0
    for sigma in LEVELS:
        for _ in range(3):
            v = after_correction(v, sigma, 0.4)
    trace = annealed_langevin(SCORE, start(200_000, rng), LEVELS, step=0.4, steps=3, rng=rng)
    got = variance(trace)
    assert abs(got.value - v) < SIGMAS * got.se
    assert trace.evaluations == 24


def test_annealed_langevin_equals_the_textbook_loop_on_the_same_seed():
    score, x0 = noisy_score(HILLS), np.random.default_rng(0).normal(size=(5, 2))
    x, rng = x0.copy(), np.random.default_rng(4)
    for sigma in LEVELS:
        for _ in range(2):
            eta = 0.1 * sigma**2
            x = x + eta * score(x, sigma) + np.sqrt(2 * eta) * rng.standard_normal(x.shape)
    got = annealed_langevin(score, x0, LEVELS, step=0.1, steps=2, rng=np.random.default_rng(4))
    np.testing.assert_allclose(got.x, x, rtol=1e-10)


def test_probability_flow_converges_at_second_order_to_the_exact_map():
    # For N(0, V) the flow scales x by √((V + low²)/(V + high²)).
    x = np.array([[1.0], [-2.0]])
    want = x * np.sqrt((V + 0.3**2) / (V + 9.0))
    errors = [
        np.abs(probability_flow(SCORE, x, geometric_sigmas(3.0, 0.3, n)).x - want).max()
        for n in (21, 41, 81)
    ]
    assert errors[2] < 1e-3
    for coarse, fine in itertools.pairwise(errors):
        assert 3.4 < coarse / fine < 4.6


@pytest.mark.parametrize("sampler", ["annealed", "pc"])
def test_mixture_weights_come_out_only_with_enough_noise_at_the_top(sampler):
    rng = np.random.default_rng(5)
    pair = GaussianMixture([0.2, 0.8], [[-4.0], [4.0]], [1.0, 1.0])
    score = noisy_score(pair)
    share = {}
    for high in (20.0, 1.0):
        levels = geometric_sigmas(high, 0.1, 60)
        x = high * rng.standard_normal((4000, 1))
        if sampler == "pc":
            end = predictor_corrector(score, x, levels, rng=rng, step=0.1).x
        else:
            end = annealed_langevin(score, x, levels, step=0.2, steps=5, rng=rng).x
        share[high] = (end > 0).mean()
    se = 0.4 / np.sqrt(4000)
    assert abs(share[20.0] - 0.8) < SIGMAS * se + 0.02  # a bias of some per cent is left
    assert abs(share[1.0] - 0.8) > 0.1


def test_flow_log_prob_is_the_exact_log_density_of_the_blurred_mixture():
    x = HILLS.sample(12, rng=np.random.default_rng(6))
    low, high = 0.05, 20.0
    got = flow_log_prob(noisy_score(HILLS), x, low, high, HILLS.blurred(high).log_prob)
    np.testing.assert_allclose(got, HILLS.blurred(low).log_prob(x), atol=2e-5)
    assert np.abs(got - HILLS.log_prob(x)).max() > 1e-4  # not that of the clean one
    wide = Gaussian([0.0, 0.0], high**2 * np.eye(2))
    crude = flow_log_prob(noisy_score(HILLS), x, low, high, wide.log_prob)
    assert np.abs(crude - got).max() > 1e-3  # and the terminal density matters


@pytest.mark.parametrize("sampler", ["annealed", "pc"])
def test_noise_does_not_depend_on_how_the_start_lies_in_memory(sampler):
    score, x = noisy_score(HILLS), np.random.default_rng(8).normal(size=(5, 2))

    def run(start):
        rng = np.random.default_rng(9)
        if sampler == "pc":
            return predictor_corrector(score, start, LEVELS, rng=rng).x
        return annealed_langevin(score, start, LEVELS, step=0.1, steps=2, rng=rng).x

    np.testing.assert_array_equal(run(np.asfortranarray(x)), run(x))


def test_dtype_shape_and_start():
    rng = np.random.default_rng(7)
    for shape in ((3, 2), (2, 20)):
        density = Gaussian(np.zeros(shape[1]), np.eye(shape[1]))
        x = np.ones(shape, np.float32)
        for trace in (
            annealed_langevin(noisy_score(density), x, LEVELS, step=0.1, steps=1, rng=rng),
            predictor_corrector(noisy_score(density), x, LEVELS, rng=rng),
            probability_flow(noisy_score(density), x, LEVELS),
        ):
            assert trace.x.dtype == np.float32
            assert trace.x.shape == shape
            assert trace.kept.shape == (0, *shape)
        assert (x == 1).all()


X, RNG = np.zeros((2, 1)), np.random.default_rng(0)
BAD = [
    (lambda: geometric_sigmas(1.0, 2.0, 5), "low must be below"),
    (lambda: geometric_sigmas(1.0, 0.0, 5), "low must be positive"),
    (lambda: karras_sigmas(1.0, 0.1, 1), "n must be at least 2"),
    (lambda: karras_sigmas(1.0, 0.1, 5, rho=0), "rho must be positive"),
    (lambda: probability_flow(SCORE, X, [1.0, 1.0]), "strictly falling"),
    (lambda: probability_flow(SCORE, X, [0.1, 1.0]), "strictly falling"),
    (lambda: probability_flow(SCORE, X, [1.0, -1.0]), "sigmas must be positive"),
    (lambda: probability_flow(SCORE, X.astype(int), LEVELS), "float64 or float32"),
    (lambda: probability_flow(lambda x, s: x[:1], X, LEVELS), "score must return"),
    (lambda: predictor_corrector(SCORE, X, LEVELS, rng=0), "rng must be"),
    (lambda: predictor_corrector(SCORE, X, LEVELS, rng=RNG, corrector_steps=-1), "corrector_st"),
    (lambda: annealed_langevin(SCORE, X, LEVELS, step=-1, steps=1, rng=RNG), "step must be"),
    (lambda: annealed_langevin(SCORE, X, LEVELS, step=1, steps=0, rng=RNG), "steps must be"),
    (lambda: flow_log_prob(SCORE, X, 2.0, 1.0, NORMAL.log_prob), "low must be below"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_a_step_beyond_stability_is_reported():
    with pytest.raises(Diverged, match=r"step number 95 with.*stability limit"):
        annealed_langevin(SCORE, np.ones((2, 1)), [3.0, 0.01], step=50.0, steps=600, rng=RNG)
