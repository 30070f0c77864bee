"""The exact formulas for Gaussian pairs, against simulation and against their limits."""

import numpy as np
import pytest

from scorekit.annealed_gaussians import expected_ula_weight, perfect_ess
from scorekit.diagnostics import mean_se
from scorekit.weights import weights_ess


def log_density(x, v):
    return -(x**2) / (2 * v) - np.log(2 * np.pi * v) / 2


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("steps", [0.1, [0.1, 0.3, 0.2, 0.1, 0.05]])
def test_expected_weight_by_simulation(power, steps):
    rng, betas = np.random.default_rng(0), np.array([0, 0.1, 0.4, 0.7, 1])
    eta = np.broadcast_to(steps, 5)
    x, log_w = 2**0.5 * rng.standard_normal(400_000), 0.0
    for k in range(1, 5):
        log_w = log_w + (betas[k] - betas[k - 1]) * (log_density(x, 0.5) - log_density(x, 2))
        precision = 0.5 + betas[k] * 1.5
        x = x - eta[k] * precision * x + np.sqrt(2 * eta[k]) * rng.standard_normal(x.shape)
    found = mean_se(np.exp(power * log_w))
    expected = np.exp(expected_ula_weight(betas, steps, 2, 0.5, power))
    assert abs(found.value - expected) < 4 * found.se
    assert power == 1 or found.value > 1 + 4 * found.se


def test_the_bias_does_not_vanish_with_more_temperatures():
    limit = 0.5 * np.log((1 - 0.2 / 0.5) / (1 - 0.2 / 8))
    assert limit == pytest.approx(-0.2428, abs=5e-5)
    gaps = [
        expected_ula_weight(np.linspace(0, 1, k + 1), 0.2, 4, 0.25) - limit for k in (5000, 50_000)
    ]
    assert abs(gaps[1]) < 2e-4
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=0.15)


def test_a_tiny_step_is_unbiased_but_a_second_moment_may_be_infinite():
    betas = np.linspace(0, 1, 11)
    assert expected_ula_weight(betas, 1e-12, 4, 0.25) == pytest.approx(0, abs=1e-9)
    assert expected_ula_weight([0, 1], 0.1, 0.25, 4, power=2) == np.inf


@pytest.mark.parametrize(("k", "share"), [(10, 1.1e-9), (100, 0.0384), (1000, 0.7055)])
def test_perfect_moves_in_fifty_dimensions(k, share):
    assert perfect_ess(np.linspace(0, 1, k + 1), 4, 0.25, 50) == pytest.approx(share, rel=0.05)


def test_perfect_moves_by_simulation():
    rng, betas = np.random.default_rng(1), np.linspace(0, 1, 6)
    log_w = np.zeros(200_000)
    for k in range(5):
        x = rng.standard_normal(log_w.shape) / np.sqrt(0.25 + betas[k] * 3.75)
        log_w -= (betas[k + 1] - betas[k]) * 3.75 * x**2 / 2
    share = weights_ess(log_w) / len(log_w)
    assert share == pytest.approx(perfect_ess(betas, 4, 0.25), rel=0.02)
    assert perfect_ess([0, 1], 0.25, 4) == 0


def test_bad_input():
    with pytest.raises(ValueError, match="from 0 to 1"):
        expected_ula_weight([0, 0.5], 0.1, 1, 2)
    with pytest.raises(ValueError, match="v1"):
        perfect_ess([0, 1], 1, -2)
