"""Guided scores and the laws they do and do not sample."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.integrate import solve_ivp

from scorekit.denoising import noisy_score
from scorekit.densities import Gaussian, three_hills
from scorekit.diffusion import geometric_sigmas, predictor_corrector, probability_flow
from scorekit.guidance import (
    classifier_free,
    component_guide,
    entropy_drop,
    guided,
    guided_variances,
    tilted_gaussian,
)
from scorekit.langevin import mala

HILLS = three_hills()
PRIOR = Gaussian([1.0, -0.5, 0.0], [[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.5]])
A = np.array([[1.0, 0.5, -1.0], [0.0, 2.0, 1.0]])
R = np.array([[0.5, 0.1], [0.1, 0.8]])
Y = np.array([0.7, -1.2])


def test_guided_is_a_sum_with_and_without_a_noise_level():
    x = np.random.default_rng(0).standard_normal((5, 2))
    plain = guided(lambda x: -x, lambda x: x**2, 3)
    np.testing.assert_array_equal(plain(x), -x + 3 * x**2)
    noisy = guided(lambda x, s: -x / s, lambda x, s: x * s, -0.5)
    np.testing.assert_array_equal(noisy(x, 2.0), -x / 2 - 0.5 * x * 2)
    assert plain(x.astype(np.float32)).dtype == np.float32


def test_at_weight_zero_no_classifier_is_called():
    def never(x):
        raise AssertionError

    x = np.ones((2, 2))
    np.testing.assert_array_equal(guided(lambda x: -x, never, 0)(x), -x)
    np.testing.assert_array_equal(classifier_free(never, np.negative, 0)(x), -x)
    np.testing.assert_array_equal(classifier_free(np.negative, never, 1)(x), -x)


def test_a_classifier_of_another_shape_is_refused():
    wrong = guided(lambda x: -x, lambda x: x[:, :1], 1)
    with pytest.raises(ValueError, match=r"classifier_score must have the shape .*\(3, 2\)"):
        wrong(np.ones((3, 2)))


@pytest.mark.parametrize("lam", [np.nan, np.inf])
def test_a_weight_that_is_not_finite(lam):
    with pytest.raises(ValueError, match="lam must be finite"):
        guided(HILLS.score, HILLS.score, lam)


@pytest.mark.parametrize("lam", ["2", None, True, [1.0]])
def test_a_weight_that_is_no_number(lam):
    with pytest.raises(TypeError, match="lam must be one number"):
        classifier_free(HILLS.score, HILLS.score, lam)


@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_the_guide_of_a_component_is_the_slope_of_its_responsibility(sigma):
    mixture = HILLS.blurred(sigma) if sigma else HILLS
    x = np.random.default_rng(1).uniform(-2, 2, (20, 2))
    log = lambda q: np.log(mixture.responsibilities(q))  # noqa: E731
    h = 1e-5 * np.eye(2)
    want = np.stack([(log(x + e) - log(x - e)) / 2e-5 for e in h], 1)
    for k in range(len(HILLS.weights)):
        np.testing.assert_allclose(component_guide(HILLS, k)(x, sigma), want[..., k], atol=1e-5)
    with pytest.raises(ValueError, match="label must be below"):
        component_guide(HILLS, len(HILLS.weights))


def test_classifier_free_guidance_is_guidance_by_the_implied_classifier():
    x = np.random.default_rng(2).uniform(-2, 2, (10, 2))
    own = component_guide(HILLS, 0)
    part = lambda x, s: own(x, s) + HILLS.blurred(s).score(x)  # noqa: E731
    free = classifier_free(part, noisy_score(HILLS), 2.5)
    want = guided(noisy_score(HILLS), own, 2.5)
    np.testing.assert_allclose(free(x, 0.4), want(x, 0.4), rtol=1e-10)


@given(lam=st.floats(0, 20))
def test_the_tilted_gaussian_has_the_guided_score(lam):
    x = np.random.default_rng(3).standard_normal((6, 3))
    pull = lambda x: np.linalg.solve(R, (Y - x @ A.T).T).T @ A  # noqa: E731
    law = tilted_gaussian(PRIOR, A, Y, R, lam)
    np.testing.assert_allclose(law.score(x), guided(PRIOR.score, pull, lam)(x), atol=1e-8)
    drop = (np.linalg.slogdet(PRIOR.cov)[1] - np.linalg.slogdet(law.cov)[1]) / 2
    assert entropy_drop(PRIOR.cov, A, R, lam) == pytest.approx(drop, abs=1e-9)


def test_one_number_of_evidence():
    a, tau, lam = np.array([[1.0, 2.0, 0.5]]), 0.6, 3.0
    want = 0.5 * np.log(1 + lam * (a @ PRIOR.cov @ a.T).item() / tau**2)
    assert entropy_drop(PRIOR.cov, a, [[tau**2]], lam) == pytest.approx(want, rel=1e-12)


def test_langevin_samples_the_tilted_gaussian():
    law, rng = tilted_gaussian(PRIOR, A, Y, R, 4.0), np.random.default_rng(4)
    pull = lambda x: np.linalg.solve(R, (Y - x @ A.T).T).T @ A  # noqa: E731

    def log(x):
        off = Y - x @ A.T
        return PRIOR.log_prob(x) - 2 * np.einsum("ni,ni->n", off, np.linalg.solve(R, off.T).T)

    start = PRIOR.sample(4000, rng=rng)
    x = mala(log, guided(PRIOR.score, pull, 4.0), start, 0.05, 300, rng=rng).x
    se = np.sqrt(np.diag(law.cov) / len(x))
    assert (np.abs(x.mean(0) - law.mean) < 5 * se).all()
    spread = np.outer(np.diag(law.cov), np.diag(law.cov)) + law.cov**2
    assert (np.abs(np.cov(x.T) - law.cov) < 5 * np.sqrt(spread / len(x))).all()


def test_the_three_variances_of_the_audit():
    got = guided_variances(1, 1, 4)
    np.testing.assert_allclose(got, (0.0625, 0.1417411, 0.2), atol=1e-6)


@given(v=st.floats(0.1, 5), tau=st.floats(0.1, 5))
def test_the_three_agree_at_no_and_full_weight(v, tau):
    for lam, want in ((0, v), (1, 1 / (1 / v + 1 / tau**2))):
        np.testing.assert_allclose(guided_variances(v, tau, lam), [want] * 3, rtol=1e-6)


def variance_score(v, tau, lam):
    posterior = 1 / (1 / v + 1 / tau**2)
    return lambda x, s: -(1 - lam) * x / (v + s**2) - lam * x / (posterior + s**2)


@pytest.mark.parametrize("lam", [0.5, 2.0, 4.0])
def test_the_variances_are_where_the_samplers_end(lam):
    v, tau = 1.5, 0.7
    flow, sde, tilted = guided_variances(v, tau, lam)
    score, top = variance_score(v, tau, lam), 1e4

    def slope(t, state):  # in t = log u, u = σ² falling: variances of the flow and of the SDE
        u = np.exp(-t)
        rate = score(np.ones(1), np.sqrt(u))[0] * u
        return [rate * state[0], 2 * rate * state[1] + u]

    ends = (-np.log(top), -np.log(1e-9))
    out = solve_ivp(slope, ends, [top, top], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(out.y[:, -1], (flow, sde), rtol=1e-3)
    if lam > 1:
        assert flow < sde < tilted


def test_scorekits_samplers_end_there_too():
    v, tau, lam, rng = 1.0, 1.0, 4.0, np.random.default_rng(5)
    start = 30 * rng.standard_normal((10_000, 1))
    score = variance_score(v, tau, lam)
    flow = probability_flow(score, start, geometric_sigmas(30, 0.01, 200)).x
    sde = predictor_corrector(
        score, start, geometric_sigmas(30, 0.01, 400), rng=rng, corrector_steps=0
    ).x
    want = guided_variances(v, tau, lam)
    for x, end in ((flow, want.flow), (sde, want.sde)):
        assert abs(x.var() - end) < 5 * end * np.sqrt(2 / len(x)) + 0.01 * end
        assert abs(x.var() - want.tilted) > 10 * want.tilted * np.sqrt(2 / len(x))


def test_bad_evidence_is_refused():
    with pytest.raises(ValueError, match=r"operator must have shape \(k, 3\)"):
        tilted_gaussian(PRIOR, A[:, :2], Y, R, 1)
    with pytest.raises(ValueError, match=r"y must have shape \(2,\)"):
        tilted_gaussian(PRIOR, A, Y[:1], R, 1)
    with pytest.raises(ValueError, match="noise_cov must be positive definite"):
        entropy_drop(PRIOR.cov, A, -R, 1)
    with pytest.raises(ValueError, match="noise_cov must have shape"):
        entropy_drop(PRIOR.cov, A, np.eye(3), 1)
    with pytest.raises(ValueError, match="cov must be symmetric"):
        entropy_drop(PRIOR.cov + np.eye(3, k=1), A, R, 1)
    for call in (
        lambda: tilted_gaussian(PRIOR, A, Y, R, -1.0),
        lambda: guided_variances(1, 1, -0.1),
    ):
        with pytest.raises(ValueError, match="lam must be at least 0"):
            call()
