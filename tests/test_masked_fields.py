"""The Wiener mean and constrained draws against dense algebra."""

import numpy as np
import pytest
from test_gaussian_fields import dense, power_law

from scorekit.gaussian_fields import GaussianField
from scorekit.masked_fields import constrained_draws, wiener_mean

SHAPE, TAU = (5, 6), 0.4


def posterior(p, keep):
    """(gain, covariance) of the dense normal posterior."""
    c, a = dense(p.power), np.eye(p.power.size)[keep.ravel()]
    gain = c @ a.T @ np.linalg.inv(a @ c @ a.T + TAU**2 * np.eye(len(a)))
    return gain, c - gain @ a @ c


@pytest.fixture(params=[False, True], ids=["free", "pinned"])
def survey(request):
    rng = np.random.default_rng(0)
    p = GaussianField(power_law(SHAPE, request.param))
    keep = rng.random(SHAPE) < 0.6
    return p, keep, p.sample(3, rng=rng) + TAU * rng.standard_normal((3, *SHAPE))


def test_the_mean_is_the_dense_one_and_reads_nothing_behind_the_mask(survey):
    p, keep, y = survey
    want = (posterior(p, keep)[0] @ y[:, keep].T).T.reshape(y.shape)
    got = wiener_mean(p, keep, np.where(keep, y, np.nan), TAU, tol=1e-12)
    np.testing.assert_allclose(got, want, atol=1e-10)
    # A field that needs no step, beside others that do.
    y[1] = 0
    assert (wiener_mean(p, keep, y, TAU)[1] == 0).all()


def test_constrained_draws_are_those_of_the_posterior(survey):
    p, keep, y = survey
    x = constrained_draws(p, keep, y[0], TAU, 20_000, rng=np.random.default_rng(1))
    gain, cov = posterior(p, keep)
    flat, n = x.reshape(len(x), -1), len(x)
    mean, sd = gain @ y[0][keep], np.sqrt(np.diag(cov))
    assert (np.abs(flat.mean(0) - mean) < 4.5 * sd / np.sqrt(n)).all()
    found = np.cov(flat.T)
    assert (np.abs(found - cov) < 5 * np.sqrt((cov**2 + np.outer(sd, sd) ** 2) / n)).all()
    # Without the draw's own noise the spread would be wrong, and this test would see it.
    noiseless = cov - TAU**2 * gain @ gain.T
    assert (np.abs(np.diag(noiseless - cov)) > 5 * np.sqrt(2 / n) * np.diag(cov)).any()


def test_seen_everywhere_the_wiener_mean_is_a_filter():
    p, rng = GaussianField(power_law(SHAPE)), np.random.default_rng(2)
    y = rng.standard_normal((2, *SHAPE))
    want = np.fft.ifft2(p.power / (p.power + TAU**2) * np.fft.fft2(y)).real
    got = wiener_mean(p, np.ones(SHAPE, bool), y, TAU, tol=1e-12)
    np.testing.assert_allclose(got, want, atol=1e-11)


def test_float32_is_kept(survey):
    p, keep, y = survey
    got = wiener_mean(p, keep, y.astype(np.float32), TAU)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, wiener_mean(p, keep, y, TAU), atol=1e-5)


def test_bad_input_is_named(survey):
    p, keep, y = survey
    with pytest.raises(TypeError, match="keep must be a boolean array"):
        wiener_mean(p, keep.astype(int), y, TAU)
    with pytest.raises(ValueError, match="sees nothing"):
        wiener_mean(p, ~np.ones(SHAPE, bool), y, TAU)
    with pytest.raises(ValueError, match=r"keep must have the shape \(5, 6\)"):
        wiener_mean(p, keep.T, y, TAU)
    with pytest.raises(ValueError, match="y must be"):
        wiener_mean(p, keep, y[0], TAU)
    with pytest.raises(ValueError, match="y must be"):
        wiener_mean(p, keep, y[:, :3], TAU)
    with pytest.raises(ValueError, match="one field"):
        constrained_draws(p, keep, y, TAU, 2, rng=np.random.default_rng(0))
    with pytest.raises(RuntimeError, match="max_steps=2"):
        wiener_mean(p, keep, y, TAU, max_steps=2)
