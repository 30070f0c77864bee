"""Position-dependent preconditioning against laws in closed form, and without its correction."""

import numpy as np
import pytest
from scipy import integrate
from scipy.stats import kstest, norm

from scorekit.chains import Diverged
from scorekit.densities import Gaussian, three_hills
from scorekit.diagnostics import mean_se
from scorekit.langevin import mala, ula
from scorekit.varying_metric import varying_mala, varying_ula

UNIT = Gaussian([0.0], [[1.0]])


def bowl(x):
    return 1 + x**2 / 2


def slope(x):
    return x.copy()


def matrices(x):  # M = I + u uᵀ with u = (x₂, 1): ∇·M = (0, 0) + ... by hand below
    u = np.stack([x[:, 1], np.ones(len(x), x.dtype)], 1)
    return np.eye(2, dtype=x.dtype) + u[:, :, None] * u[:, None]


def matrices_divergence(x):  # M₁₁ = 1 + x₂², M₁₂ = x₂, M₂₂ = 2
    return np.stack([np.ones(len(x), x.dtype), np.zeros(len(x), x.dtype)], 1)


def tilted():  # E x² under p/M
    def moment(k):
        return integrate.quad(lambda x: x**k * np.exp(-(x**2) / 2) / (1 + x**2 / 2), -12, 12)[0]

    return moment(2) / moment(0)


def chain_square(step, divergence):  # E x² of the chain itself, from its transition kernel
    y, dy = np.linspace(-7, 7, 281, retstep=True)
    mean = y + step * (divergence(y) - bowl(y) * y)
    kernel = norm.pdf(y, mean[:, None], np.sqrt(2 * step * bowl(y))[:, None]) * dy
    kernel /= kernel.sum(1, keepdims=True)
    law = np.linalg.matrix_power(kernel, 2**12)[140]
    return law @ y**2


def test_the_divergence_keeps_the_target_and_without_it_the_law_is_p_over_m():
    assert tilted() == pytest.approx(0.639, abs=5e-4)
    step, rng = 0.04, np.random.default_rng(1)
    start = rng.standard_normal((20_000, 1))
    for divergence, limit in ((slope, 1.0), (None, tilted())):
        x = varying_ula(UNIT.score, bowl, divergence, start, step, 100, rng=rng).x
        got, zero = mean_se(x[:, 0] ** 2), np.zeros_like
        want, half = (chain_square(eta, divergence or zero) for eta in (step, step / 2))
        assert abs(got.value - want) < 5 * got.se
        assert 2 * half - want == pytest.approx(limit, abs=2e-3)  # as the step goes to 0
        assert abs(got.value - (tilted() if divergence else 1)) > 5 * got.se


@pytest.mark.parametrize("divergence", [slope, None])
def test_mala_is_exact_with_and_without_the_divergence(divergence):
    rng = np.random.default_rng(2)
    start = rng.standard_normal((20_000, 1))
    run = varying_mala(UNIT.log_prob, UNIT.score, bowl, divergence, start, 0.5, 25, rng=rng)
    assert 0.3 < run.acceptance.mean() < 0.95
    assert kstest(run.x[:, 0], norm.cdf).pvalue > 1e-4


def test_without_the_ratio_of_determinants_it_would_not_be():
    rng = np.random.default_rng(3)
    x, eta = rng.standard_normal((20_000, 1)), 0.5
    for _ in range(25):
        y = (
            x
            + eta * (slope(x) - bowl(x) * x)
            + np.sqrt(2 * eta * bowl(x)) * rng.normal(size=x.shape)
        )
        ahead = (y - x - eta * (slope(x) - bowl(x) * x)) ** 2 / (4 * eta * bowl(x))
        back = (x - y - eta * (slope(y) - bowl(y) * y)) ** 2 / (4 * eta * bowl(y))
        log_ratio = (UNIT.log_prob(y) - UNIT.log_prob(x))[:, None] + ahead - back
        x = np.where(np.log(rng.random(x.shape)) < log_ratio, y, x)
    assert kstest(x[:, 0], norm.cdf).pvalue < 1e-8


def test_mala_with_matrices_is_exact():
    rng = np.random.default_rng(4)
    hills = three_hills()
    start = hills.sample(8000, rng=rng)
    run = varying_mala(
        hills.log_prob, hills.score, matrices, matrices_divergence, start, 0.08, 30, rng=rng
    )
    assert 0.4 < run.acceptance.mean() < 0.98
    for f in (hills.log_prob, lambda x: x[:, 0], lambda x: x[:, 0] * x[:, 1]):
        gap = mean_se(f(run.x) - f(start))
        assert abs(gap.value) < 5 * gap.se
    cut = mean_se(run.x[:, 0] - start[:, 0])
    assert cut.se < 0.1


def test_the_divergence_of_the_example_is_that_of_its_matrices():
    x, h = np.random.default_rng(5).normal(size=(7, 2)), 1e-6
    by_hand = sum(
        (matrices(x + h * e)[:, :, j] - matrices(x - h * e)[:, :, j]) / (2 * h)
        for j, e in enumerate(np.eye(2))
    )
    np.testing.assert_allclose(by_hand, matrices_divergence(x), atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_metric_is_the_constant_preconditioner(dtype):
    hills, start = three_hills(), np.random.default_rng(0).normal(size=(9, 2)).astype(dtype)
    before = start.copy()
    m = np.array([[1.2, 0.3], [0.3, 0.5]])
    tol = 1e-9 if dtype == np.float64 else 1e-4
    for precond in (m, np.array([1.5, 0.4])):

        def metric(x, m=precond):
            return np.broadcast_to(m.astype(x.dtype), (len(x), *m.shape))

        one, two = (np.random.default_rng(6) for _ in range(2))
        a = varying_ula(hills.score, metric, None, start, 0.1, 6, rng=one, keep_every=2)
        b = ula(hills.score, start, 0.1, 6, rng=two, keep_every=2, precond=precond)
        np.testing.assert_allclose(a.kept, b.kept, rtol=tol, atol=tol)
        assert a.x.dtype == a.kept.dtype == dtype
        one, two = (np.random.default_rng(6) for _ in range(2))
        a = varying_mala(
            hills.log_prob, hills.score, metric, None, start, 0.5, 6, rng=one, keep_every=3
        )
        b = mala(hills.log_prob, hills.score, start, 0.5, 6, rng=two, keep_every=3, precond=precond)
        np.testing.assert_allclose(a.kept, b.kept, rtol=tol, atol=tol)
        np.testing.assert_allclose(a.acceptance, b.acceptance)
        assert a.x.dtype == dtype
    np.testing.assert_array_equal(start, before)


def run(metric, divergence=None, x=None):
    x = np.ones((3, 2)) if x is None else x
    return varying_ula(lambda x: -x, metric, divergence, x, 0.1, 2, rng=np.random.default_rng(0))


def run_mala(log_prob, score):
    rng = np.random.default_rng(0)
    return varying_mala(log_prob, score, bowl, slope, np.ones((2, 1)), 0.1, 2, rng=rng)


LOPSIDED = np.array([[1.0, 0.5], [0.2, 1.0]])
BAD = [
    (lambda: run(lambda x: -np.ones_like(x)), "metric must be positive"),
    (lambda: run(lambda x: np.broadcast_to(LOPSIDED, (3, 2, 2))), "metric must be symmetric"),
    (lambda: run(lambda x: np.broadcast_to(-np.eye(2), (3, 2, 2))), "metric must be positive def"),
    (lambda: run(lambda x: np.eye(2)), r"metric must return an array of shape \(3, 2\) or"),
    (lambda: run(lambda x: x * np.nan), r"metric\(x\) must be finite"),
    (lambda: run(lambda x: 1 + x**2, lambda x: x[:, 0]), "divergence must return"),
    (lambda: run(lambda x: 1 + x**2, x=np.ones(2)), "x must have shape"),
    (lambda: run(lambda x: 1 + x**2, x=np.ones((2, 2), int)), "float64 or float32"),
    (lambda: run_mala(lambda x: 0.0, lambda x: -x), "log_prob must return"),
    (lambda: run_mala(lambda x: x[:, 0], lambda x: x * np.nan), "score of the start must be fin"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_too_large_a_step_is_reported():
    with pytest.raises((Diverged, ValueError), match=r"stability limit|must be finite"):
        varying_ula(
            UNIT.score, bowl, slope, np.ones((5, 1)), 3.0, 500, rng=np.random.default_rng(0)
        )
