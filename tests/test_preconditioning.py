"""Laws of preconditioned ULA on a normal target: identities, simulation, and wrong noise."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from scorekit import preconditioning as pc
from scorekit.densities import Gaussian
from scorekit.diagnostics import mean_se
from scorekit.langevin import ula

COV = np.array([[2.0, 0.5], [0.5, 0.7]])
M = np.array([[1.2, 0.3], [0.3, 0.5]])


def spd(seed, d):
    a = np.random.default_rng(seed).normal(size=(d, d))
    return a @ a.T + 0.3 * np.eye(d)


@given(seed=st.integers(0, 10**6), d=st.integers(1, 6), part=st.floats(0.01, 0.95))
@settings(max_examples=40, deadline=None)
def test_matched_noise_has_the_closed_form(seed, d, part):
    cov, m = spd(seed, d), spd(seed + 1, d)
    step = part * pc.stability_limit(cov, m)
    precision = np.linalg.inv(cov)
    want = np.linalg.inv(precision - step / 2 * precision @ m @ precision)
    got = pc.stationary_covariance(cov, m, step)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-9 * np.abs(want).max())


@given(seed=st.integers(0, 10**6), d=st.integers(1, 6), part=st.floats(0.01, 0.95))
@settings(max_examples=40, deadline=None)
def test_exact_noise_leaves_the_target(seed, d, part):
    cov, m = spd(seed, d), spd(seed + 1, d)
    step = part * pc.stability_limit(cov, m)
    noise = pc.exact_noise(cov, m, step)
    assert np.linalg.eigvalsh(noise).min() > 0
    got = pc.stationary_covariance(cov, m, step, noise)
    np.testing.assert_allclose(got, cov, rtol=1e-7, atol=1e-9 * np.abs(cov).max())


def test_preconditioning_by_the_covariance_and_the_noise_of_the_whole_step():
    eta = 0.4
    matched = pc.stationary_covariance(COV, COV, eta)
    np.testing.assert_allclose(matched, COV / (1 - eta / 2))
    whole = pc.stationary_covariance(COV, COV, eta, 2 * eta * COV @ COV)
    np.testing.assert_allclose(whole, COV @ COV / (1 - eta / 2))
    white = pc.stationary_covariance(COV, COV, eta, 2 * eta * np.eye(2))
    np.testing.assert_allclose(white, np.eye(2) / (1 - eta / 2))


def test_a_diagonal_is_a_matrix():
    np.testing.assert_array_equal(
        pc.stationary_covariance(COV, [1.5, 0.4], 0.3),
        pc.stationary_covariance(COV, np.diag([1.5, 0.4]), 0.3),
    )


def test_the_stability_limit_is_where_the_chain_stops_shrinking():
    limit = pc.stability_limit(COV, M)
    decay = np.eye(2) - limit * M @ np.linalg.inv(COV)
    assert max(abs(np.linalg.eigvals(decay))) == pytest.approx(1, abs=1e-12)
    assert limit != pytest.approx(2 / np.linalg.eigvalsh(M)[-1])


@pytest.mark.parametrize("kind", ["exact", "whole step", "white"])
def test_simulated_with_any_noise(kind):
    eta, rng = 0.5, np.random.default_rng(3)
    exact = pc.exact_noise(COV, M, eta)
    noise = {"exact": exact, "whole step": 2 * eta * M @ M, "white": 2 * eta * np.eye(2)}[kind]
    want = pc.stationary_covariance(COV, M, eta, noise)
    start = rng.standard_normal((60_000, 2)) @ np.linalg.cholesky(want).T
    operator = pc.with_noise(M, noise, eta)
    x = ula(Gaussian([0.0, 0.0], COV).score, start, eta, 15, rng=rng, precond=operator).x
    matched = pc.stationary_covariance(COV, M, eta)
    for i, j in ((0, 0), (0, 1), (1, 1)):
        got = mean_se(x[:, i] * x[:, j])
        assert abs(got.value - want[i, j]) < 5 * got.se
        assert abs(got.value - matched[i, j]) > 5 * got.se


def test_autocorrelation_times_are_those_of_the_modes():
    eta = 0.4
    times = pc.autocorrelation_times(COV, M, eta)
    phi = np.sort(np.linalg.eigvals(np.eye(2) - eta * M @ np.linalg.inv(COV)))[::-1]
    sums = [1 + 2 * sum(f**k for k in range(1, 4000)) for f in phi]
    np.testing.assert_allclose(times, sums, rtol=1e-9)
    np.testing.assert_allclose(pc.autocorrelation_times(COV, COV, eta), (2 - eta) / eta)


@pytest.mark.parametrize(("e", "want"), [(0.05, 1026), (0.2, 1111), (1.0, 1999)])
def test_gain_of_a_valley_of_a_thousand(e, want):
    assert round(pc.gain(1000, e)) == want
    cov = np.diag([1000.0, 1.0])
    plain = pc.autocorrelation_times(cov, [1.0, 1.0], e)[0]
    assert pc.gain(1000, e) == pytest.approx(plain / pc.autocorrelation_times(cov, cov, e)[0])
    assert pc.gain(1, e) == pytest.approx(1)


LOPSIDED = np.array([[1.0, 0.5], [0.2, 1.0]])
BAD = [
    (lambda: pc.stationary_covariance(COV, LOPSIDED, 0.1), "precond must be symmetric"),
    (lambda: pc.stationary_covariance(LOPSIDED, M, 0.1), "cov must be symmetric"),
    (lambda: pc.stationary_covariance(COV, -M, 0.1), "precond must be positive definite"),
    (lambda: pc.stationary_covariance(COV, [1.0, 0.0], 0.1), "precond must be positive definite"),
    (lambda: pc.stationary_covariance(COV, np.eye(3), 0.1), r"precond must have shape \(2, 2\)"),
    (lambda: pc.stationary_covariance(COV, M * np.nan, 0.1), "precond must be finite"),
    (lambda: pc.stationary_covariance(COV, COV, 2.0), "step must be below"),
    (lambda: pc.stationary_covariance(COV, M, -0.1), "step must be positive"),
    (lambda: pc.stationary_covariance(COV, M, 0.1, LOPSIDED), "noise must be symmetric"),
    (lambda: pc.exact_noise(COV, COV, 2.5), "step must be below"),
    (lambda: pc.autocorrelation_times(COV, LOPSIDED, 0.1), "precond must be symmetric"),
    (lambda: pc.with_noise(LOPSIDED, COV, 0.1), "precond must be symmetric"),
    (lambda: pc.with_noise(M, np.eye(3), 0.1), r"noise must have shape \(2, 2\)"),
    (lambda: pc.gain(0.5, 0.1), "condition must be at least 1"),
    (lambda: pc.gain(10, 2.0), "fraction must be below 2"),
    (
        lambda: ula(lambda x: -x, np.ones((2, 2)), 0.1, 1, rng=RNG, precond=LOPSIDED),
        "precond must be symmetric",
    ),
]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
