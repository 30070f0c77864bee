"""What the samplers share: who moved, in which layout, and noise in the order of C."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from scorekit.chains import Noise, blocks, moved, work_copy

SHAPES = st.tuples(st.integers(1, 9)) | st.tuples(st.integers(1, 9), st.integers(1, 40))
SHAPES |= st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(1, 5))


@given(SHAPES, st.sampled_from("CF"), st.sampled_from("CF"), st.integers(0, 2**32), st.data())
def test_only_those_who_accept_move(shape, order, order_new, seed, data):
    dtype = data.draw(st.sampled_from([np.float64, np.float32, np.int64, np.int8]))
    rng = np.random.default_rng(seed)
    old, new = (rng.integers(-99, 99, shape).astype(dtype) for _ in range(2))
    accept = rng.random(shape[0]) < 0.5
    want = np.where(accept.reshape(-1, *(1,) * (len(shape) - 1)), new, old)
    given_new = np.asarray(new.copy(), order=order_new)
    got = moved(np.asarray(old, order=order), given_new, accept)
    np.testing.assert_array_equal(got, want)
    assert got.dtype == dtype
    np.testing.assert_array_equal(given_new, new)


def test_a_wider_dtype_does_not_get_in():
    old, new = np.ones((3, 4), np.int8), -np.ones((3, 4), np.int64)
    got = moved(old, new, np.array([True, False, True]))
    assert got.dtype == np.int8
    np.testing.assert_array_equal(got[:, 0], [-1, 1, -1])


@pytest.mark.parametrize("shape", [(7, 2), (7, 40), (3, 8, 8)])
def test_noise_is_drawn_in_c_order_whatever_the_layout(shape):
    x = work_copy(np.zeros(shape, np.float32))
    noise = Noise(x, np.random.default_rng(1))
    want = np.random.default_rng(1)
    np.testing.assert_array_equal(noise.draw(), want.standard_normal(shape, np.float32))
    part = (2, *shape[1:])
    np.testing.assert_array_equal(noise.draw(2), want.standard_normal(part, np.float32))
    assert noise.draw().strides == x.strides
    with pytest.raises(TypeError, match="rng must be"):
        Noise(x, 1)


@given(st.integers(1, 300_000), st.integers(1, 3))
def test_blocks_cover_every_chain_once(n, d):
    parts = blocks(np.empty((n, d), np.int8))
    assert parts[0].start == 0
    assert all(a.stop == b.start for a, b in pairwise(parts))
    assert parts[-1].stop == n
