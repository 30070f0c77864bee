"""Box–Muller's normals are normal, independent and reproducible; anything else is NumPy's."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.random import MT19937, PCG64, SFC64, Generator
from scipy import special, stats

from scorekit.densities import Gaussian
from scorekit.langevin import ula
from scorekit.normals import BLOCK, BoxMuller

N = 10**6


@pytest.mark.parametrize("bits", [PCG64, SFC64, MT19937])
def test_normal(bits: type) -> None:
    z = BoxMuller(bits(1)).standard_normal(N, np.float32).astype(float)
    assert stats.kstest(z, "norm").pvalue > 1e-4
    for k, want in ((1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (6, 15.0)):
        powers = z**k
        assert abs(powers.mean() - want) < 4.5 * powers.std() / np.sqrt(N)
    for far in (3.0, 4.0):
        p = 2 * special.ndtr(-far)
        assert abs((np.abs(z) > far).sum() - N * p) < 4.5 * np.sqrt(N * p)


def test_the_moments_see_a_cosine_without_its_radius() -> None:
    z = np.sqrt(2) * np.cos(2 * np.pi * np.random.default_rng(1).random(N))
    assert abs((z**4).mean() - 3) > 4.5 * (z**4).std() / np.sqrt(N)


def test_the_two_of_a_pair_are_independent() -> None:
    z = BoxMuller(SFC64(2)).standard_normal(64 * BLOCK, np.float32).astype(float)
    a, b = z.reshape(64, 2, BLOCK // 2).swapaxes(0, 1).reshape(2, -1)
    for f, g in ((a, b), (a**2, b**2), (np.abs(a), b), (a[:-1], a[1:])):
        product = (f - f.mean()) * (g - g.mean())
        assert abs(product.mean()) < 4.5 * product.std() / np.sqrt(len(product))
    assert stats.kstest(np.arctan2(b, a), stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-4


@settings(max_examples=50, deadline=None)
@given(shape=st.lists(st.integers(0, 9), max_size=3).map(tuple), seed=st.integers(0, 2**32))
def test_any_shape_in_any_order(shape: tuple[int, ...], seed: int) -> None:
    def rng() -> BoxMuller:
        return BoxMuller(PCG64(seed))

    z = rng().standard_normal(shape, np.float32)
    assert z.shape == shape
    assert z.dtype == np.float32
    assert np.isfinite(z).all()
    for order in "CF":
        out = np.empty(shape, np.float32, order=order)
        assert rng().standard_normal(out=out, dtype=np.float32) is out
        np.testing.assert_array_equal(out, z)


@pytest.mark.parametrize("size", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_every_number_is_filled(size: int) -> None:
    out = np.full(size, np.nan, np.float32)
    BoxMuller(SFC64(3)).standard_normal(out=out, dtype=np.float32)
    assert np.isfinite(out).all()
    assert len(np.unique(out)) > 0.99 * size


class Fixed:
    """Stands for a generator whose bits are all zero, or all one."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def integers(self, low: int, high: int, size: int, dtype: type, endpoint: bool) -> np.ndarray:
        return np.full(size, self.bits, np.uint64)


def test_the_ends_are_finite() -> None:
    z = np.empty(8, np.float32)
    for bits in (0, 2**64 - 1):
        BoxMuller._fill(Fixed(bits), z)  # type: ignore[arg-type]
        assert np.abs(z).max() < 6.77
    BoxMuller._fill(Fixed(0), z)  # type: ignore[arg-type]
    assert z[0] == pytest.approx(np.sqrt(66 * np.log(2)), rel=1e-6)
    # and "one in 7e10" is what the docstring says of what lies beyond
    assert 1 / (2 * special.ndtr(-np.sqrt(66 * np.log(2)))) == pytest.approx(7.4e10, rel=0.01)


def test_what_is_not_single_is_numpys() -> None:
    def both(draw):  # type: ignore[no-untyped-def]
        return draw(BoxMuller(PCG64(5))), draw(Generator(PCG64(5)))

    for draw in (
        lambda rng: rng.standard_normal(9),
        lambda rng: rng.standard_normal(),
        lambda rng: rng.standard_normal(dtype=np.float32),
        lambda rng: rng.random(9, np.float32),
        lambda rng: rng.normal(1, 2, 9),
    ):
        np.testing.assert_array_equal(*both(draw))
    rng = BoxMuller(PCG64(5))
    with pytest.raises(TypeError):
        rng.standard_normal(out=np.empty(3), dtype=np.float32)
    with pytest.raises(ValueError, match="out must have shape size = 4"):
        rng.standard_normal(4, np.float32, np.empty(3, np.float32))


def test_children_and_copies_are_of_its_kind() -> None:
    rng = BoxMuller(SFC64(6))
    (child,) = rng.spawn(1)
    copy = pickle.loads(pickle.dumps(rng))
    assert type(child) is type(copy) is BoxMuller
    z = rng.standard_normal(5, np.float32)
    np.testing.assert_array_equal(copy.standard_normal(5, np.float32), z)
    assert not np.array_equal(child.standard_normal(5, np.float32), z)


def test_a_sampler_takes_it_and_a_textbook_loop_agrees() -> None:
    p, x = Gaussian(np.zeros(2), np.eye(2)), np.zeros((5000, 2), np.float32)
    got = ula(p.score, x, 0.2, 60, rng=BoxMuller(SFC64(7))).x
    rng = BoxMuller(SFC64(7))
    for _ in range(60):
        x = (
            x
            - np.float32(0.2) * x
            + np.float32(np.sqrt(0.4)) * rng.standard_normal(x.shape, np.float32)
        )
    np.testing.assert_allclose(got, x, atol=2e-5)
    squares = got.astype(float) ** 2
    assert abs(squares.mean() - 1 / 0.9) < 4.5 * squares.std() / np.sqrt(squares.size)
