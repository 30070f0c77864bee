"""Standard errors that cover at the rate they claim."""

import arviz as az
import numpy as np
import pytest

from scorekit.diagnostics import Estimate, chain_mean, ess, mean_se


def test_mean_and_standard_error():
    estimate = mean_se([1.0, 2.0, 3.0, 4.0])
    assert estimate.value == 2.5
    assert estimate.se == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)


def test_error_bars_cover_at_the_normal_rate():
    rng = np.random.default_rng(7)
    runs = [mean_se(rng.exponential(size=400)) for _ in range(2000)]
    inside = np.mean([abs(r.value - 1) < 2 * r.se for r in runs])
    assert abs(inside - 0.9545) < 5 * np.sqrt(0.9545 * 0.0455 / 2000)


@pytest.mark.parametrize(
    ("value", "se", "text"),
    [
        (1.23456, 0.0123, "1.235 ± 0.012"),
        (-2.0, 0.5, "-2.00 ± 0.50"),
        (1234.5, 20.0, "1234 ± 20"),
        (1.5e-9, 2e-10, "1.500e-09 ± 2.0e-10"),
        (3e8, 1e6, "3.000e+08 ± 1.0e+06"),
    ],
)
def test_printed_digits_follow_the_error(value, se, text):
    assert str(Estimate(value, se)) == text


@pytest.mark.parametrize("x", [[1.0], [2.0, 2.0], [1.0, np.nan], [], [[1.0, 2.0]], "ab"])
def test_what_gives_no_error_bar_is_refused(x):
    with pytest.raises((ValueError, TypeError), match=r"x must|se must"):
        mean_se(x)


@pytest.mark.parametrize(("value", "se"), [(1.0, 0.0), (1.0, -1.0), (1.0, np.nan), (np.nan, 1.0)])
def test_an_estimate_needs_a_value_and_an_error(value, se):
    with pytest.raises(ValueError, match=r"(value|se) must be"):
        Estimate(value, se)


def autoregression(phi, k, n, seed):
    rng = np.random.default_rng(seed)
    x = np.empty((k, n))
    x[0] = rng.normal(size=n)
    for t in range(1, k):
        x[t] = phi * x[t - 1] + np.sqrt(1 - phi**2) * rng.normal(size=n)
    return x


@pytest.mark.parametrize("phi", [-0.7, 0.0, 0.5, 0.9])
@pytest.mark.parametrize(("k", "n"), [(501, 1), (1000, 5)])
def test_ess_agrees_with_arviz(phi, k, n):
    x = autoregression(phi, k, n, seed=k)
    assert ess(x) == pytest.approx(float(az.ess(x.T, method="mean")), rel=0.02)


@pytest.mark.parametrize("phi", [-0.5, 0.0, 0.8])
def test_ess_agrees_with_the_closed_form(phi):
    sizes = [ess(autoregression(phi, 4000, 10, seed)) for seed in range(6)]
    want = 40_000 * (1 - phi) / (1 + phi)
    spread = np.std(sizes, ddof=1) / np.sqrt(6)
    assert abs(np.mean(sizes) - want) < 5 * spread + 0.02 * want
    if phi > 0:
        assert np.mean(sizes) < 20_000  # counting every state would say 40 000


def test_chain_mean_covers_where_the_naive_error_does_not():
    runs = [autoregression(0.8, 500, 4, seed) for seed in range(400)]
    good = np.mean([abs(e.value) < 2 * e.se for e in map(chain_mean, runs)])
    naive = np.mean([abs(e.value) < 2 * e.se for e in (mean_se(x.ravel()) for x in runs)])
    assert abs(good - 0.954) < 0.06
    assert naive < 0.6


def test_chains_stuck_apart_have_few_effective_samples():
    x = autoregression(0.0, 500, 4, seed=0) + np.array([0.0, 0.0, 20.0, 20.0])
    assert ess(x) < 20


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (np.zeros((20, 2)), "kept must vary"),
        (np.zeros((5, 2)), "at least 8 states"),
        (np.zeros(20), "kept must have 2 axes"),
        (np.full((20, 2), np.nan), "kept must be finite"),
    ],
)
def test_ess_refuses_what_has_no_answer(kept, message):
    with pytest.raises(ValueError, match=message):
        ess(kept)
