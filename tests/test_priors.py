"""The stored digits prior is as good as it is said to be, on digits it has never seen."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from scorekit import data
from scorekit.distances import energy_distance
from scorekit.networks import init_scaled
from scorekit.priors import load_prior
from tools import train_digits as tool

PRIOR = load_prior("digits")
DIGITS = (data.digits()[0] / 8 - 1).astype(np.float32)
KNOWN, HELD = DIGITS[PRIOR.rows["train"]], DIGITS[PRIOR.rows["test"]]
RAW = init_scaled(KNOWN, rng=np.random.default_rng(0), width=256, blocks=3, extra=5)


def test_it_comes_in_single_precision_with_its_origin():
    assert PRIOR.net.dtype == np.float32
    assert {p.dtype for p in PRIOR.net.params.values()} == {np.dtype(np.float32)}
    assert PRIOR.about["command"].startswith("python -m tools.train_digits --seed")
    assert tool.STORED.stat().st_size < 1.1e6
    for name, rows in tool.rows().items():
        np.testing.assert_array_equal(PRIOR.rows[name], rows)
    np.testing.assert_allclose(PRIOR.net.mean, KNOWN.mean(0), atol=1e-6)


@pytest.mark.parametrize(("sigma", "limit"), tool.LIMITS.items())
def test_it_denoises_held_out_digits_far_better_than_any_linear_denoiser(sigma, limit):
    base = tool.denoising(tool.wiener(KNOWN), HELD, sigma)
    got = tool.ratio(tool.denoising(PRIOR.net.denoise, HELD, sigma), base)
    assert got.value < limit
    assert tool.ratio(tool.denoising(RAW.denoise, HELD, sigma), base).value > 1


def test_its_samples_are_near_held_out_digits_and_are_no_copies():
    near = np.median(cdist(HELD, KNOWN).min(1))
    distances, nearest = [], []
    for seed in range(3):
        x, evaluations = tool.sample(PRIOR.net, 2000, rng=np.random.default_rng(seed))
        assert evaluations <= 24
        distances.append(energy_distance(x, HELD).value)
        nearest.append(np.median(cdist(x, KNOWN).min(1)))
    assert np.mean(distances) <= 0.012
    assert np.mean(nearest) >= near
    copies = KNOWN + 0.05 * np.random.default_rng(0).standard_normal(KNOWN.shape)
    assert np.median(cdist(copies, KNOWN).min(1)) < near
    raw, _ = tool.sample(RAW, 600, rng=np.random.default_rng(0))
    assert energy_distance(raw, HELD).value > 0.02


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="stored network, 'digits' or 'phantoms', got 'faces'"):
        load_prior("faces")
