"""The patch prior against one patch by itself, against averages by hand, and its derivative."""

import numpy as np
import pytest

from scorekit.densities import GaussianMixture
from scorekit.patches import PatchPrior
from scorekit.pullbacks import ExactPrior, pullback
from scorekit.vector_fields import jacobian

RNG = np.random.default_rng(0)
MIXTURE = GaussianMixture(
    [0.4, 0.6], RNG.standard_normal((2, 4)), [np.eye(4), 0.3 * np.eye(4) + 0.2]
)


def test_a_picture_of_one_patch_has_the_mixtures_score():
    x = RNG.standard_normal((5, 4))
    got = PatchPrior(MIXTURE, (2, 2))(x, 0.4)
    np.testing.assert_allclose(got, ExactPrior(MIXTURE)(x, 0.4))


def test_pixels_are_averages_over_the_patches_that_see_them():
    x, score = RNG.standard_normal((1, 6)), ExactPrior(MIXTURE)
    got = PatchPrior(MIXTURE, (2, 3))(x, 0.4).reshape(2, 3)
    picture = x.reshape(2, 3)
    left, right = (score(picture[:, k : k + 2].reshape(1, 4), 0.4).reshape(2, 2) for k in (0, 1))
    np.testing.assert_allclose(got[:, 0], left[:, 0])
    np.testing.assert_allclose(got[:, 1], (left[:, 1] + right[:, 0]) / 2)
    np.testing.assert_allclose(got[:, 2], right[:, 1])


def test_pullback_is_the_transposed_jacobian():
    prior, x = PatchPrior(MIXTURE, (3, 4)), RNG.standard_normal((2, 12))
    u = RNG.standard_normal(x.shape)
    s, back = pullback(prior, x, 0.5)
    np.testing.assert_allclose(s, prior(x, 0.5))
    matrices = jacobian(lambda z: prior(z, 0.5), x)
    np.testing.assert_allclose(back(u), np.einsum("nij,ni->nj", matrices, u), atol=1e-7)
    # Not symmetric: this is the score of no density.
    assert np.abs(matrices - matrices.transpose(0, 2, 1)).max() > 1e-3


def test_float32_is_kept():
    x = np.ones((2, 12), np.float32)
    s, back = PatchPrior(MIXTURE, (3, 4)).pullback(x, 0.5)
    assert s.dtype == back(x).dtype == np.float32


def test_bad_input():
    with pytest.raises(ValueError, match="square patches"):
        PatchPrior(MIXTURE, (1, 9))
    three = GaussianMixture([1.0], np.zeros((1, 3)), [1.0])
    with pytest.raises(ValueError, match="square patches"):
        PatchPrior(three, (4, 4))
