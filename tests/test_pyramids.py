"""The pyramid of pictures: an orthogonal turn and its parts."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from scorekit import pyramids


@given(
    n=st.integers(1, 4), rows=st.integers(1, 4), columns=st.integers(1, 4), seed=st.integers(0, 999)
)
@settings(max_examples=40, deadline=None)
def test_parts_join_to_the_whole_and_keep_lengths_and_angles(n, rows, columns, seed):
    shape = (2 * rows, 2 * columns)
    x, y = np.random.default_rng(seed).normal(size=(2, n, 4 * rows * columns))
    coarse, detail = pyramids.split(x, shape)
    assert coarse.shape == (n, rows * columns)
    assert detail.shape == (n, 3 * rows * columns)
    np.testing.assert_allclose(pyramids.join(coarse, detail, shape), x, atol=1e-12)
    other = pyramids.split(y, shape)
    np.testing.assert_allclose(
        (coarse * other[0]).sum(1) + (detail * other[1]).sum(1), (x * y).sum(1), atol=1e-10
    )


def test_coarse_is_twice_the_mean_of_a_block():
    x = np.arange(16.0)[None]
    coarse, detail = pyramids.split(x, (4, 4))
    want = x.reshape(2, 2, 2, 2).mean((1, 3)).ravel() * 2
    np.testing.assert_allclose(coarse[0], want)
    # Along a row it grows by 1, down a column by 4, and there is no twist.
    np.testing.assert_allclose(detail.reshape(4, 3), np.tile([-1.0, -4.0, 0.0], (4, 1)))


def test_smoothing_keeps_block_means_and_loses_the_rest():
    x = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    for levels, side in ((1, 2), (2, 4), (3, 8)):
        smooth = pyramids.smoothed(x, (8, 8), levels)
        assert smooth.dtype == np.float32
        blocks = x.reshape(3, 8 // side, side, 8 // side, side).mean((2, 4))
        want = np.kron(blocks, np.ones((side, side))).reshape(3, 64)
        np.testing.assert_allclose(smooth, want, atol=1e-6)
        np.testing.assert_allclose(
            pyramids.reduced(x, (8, 8), levels), side * blocks.reshape(3, -1), atol=1e-5
        )
        np.testing.assert_allclose(pyramids.smoothed(smooth, (8, 8), levels), smooth, atol=1e-6)


def test_white_noise_stays_white():
    z = np.random.default_rng(1).standard_normal((40_000, 4))
    both = np.hstack(pyramids.split(z, (2, 2)))
    np.testing.assert_allclose(np.cov(both.T), np.eye(4), atol=0.03)


def test_bad_shapes_are_named():
    x = np.ones((2, 16))
    with pytest.raises(ValueError, match="even sides"):
        pyramids.split(x, (2, 8 - 1))
    with pytest.raises(ValueError, match="x must have shape"):
        pyramids.split(x, (4, 6))
    with pytest.raises(ValueError, match="detail must have"):
        pyramids.join(np.ones((2, 4)), np.ones((1, 12)), (4, 4))
    with pytest.raises(ValueError, match="coarse must have shape"):
        pyramids.join(np.ones((2, 5)), None, (4, 4))
    with pytest.raises(ValueError, match="levels"):
        pyramids.smoothed(x, (4, 4), 0)
    with pytest.raises(ValueError, match="even sides"):
        pyramids.reduced(np.ones((1, 36)), (6, 6), 2)
