"""Distances against closed forms and against POT; error bars against repeated draws."""

import numpy as np
import ot
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import energy_distance as scipy_energy

from scorekit.distances import energy_distance, sliced_wasserstein


def test_sliced_wasserstein_agrees_with_pot():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) * 1.5 + 0.3
    u = np.random.default_rng(1).standard_normal((3, 50))
    u /= np.linalg.norm(u, axis=0)
    want = ot.sliced_wasserstein_distance(x, y, projections=u, p=2)
    got = sliced_wasserstein(x, y, rng=np.random.default_rng(1), directions=50)
    assert got.value == pytest.approx(want, rel=1e-10)


def test_sliced_wasserstein_of_a_shift_is_the_shift_over_root_d():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 4))
    # An exact shift has no error, and Estimate refuses 0: rounding alone would decide.
    y = x + np.array([2.0, 0, 0, 0]) + 1e-6 * rng.normal(size=x.shape)
    got = sliced_wasserstein(x, y, rng=np.random.default_rng(1), directions=5000)
    assert got.value == pytest.approx(1.0, abs=0.04)  # E(2u₁)² = 4/d


def test_energy_distance_of_normals_on_a_line():
    # E|X - Y| = s √(2/π) for a centred normal of variance s².
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2000, 1)), 2 * rng.normal(size=(2000, 1))
    want = np.sqrt(2 / np.pi) * (2 * np.sqrt(5) - np.sqrt(2) - np.sqrt(8))
    got = energy_distance(x, y)
    assert abs(got.value - want) < 5 * got.se
    assert abs(got.value) > 5 * got.se
    biased = scipy_energy(x[:, 0], y[:, 0]) ** 2
    assert got.value == pytest.approx(biased, abs=0.01)


@pytest.mark.parametrize("scale", [1.0, 1.4])
def test_error_bars_match_the_spread_of_repeated_draws(scale):
    rng = np.random.default_rng(3)
    runs = [
        energy_distance(rng.normal(size=(150, 2)), scale * rng.normal(size=(150, 2)))
        for _ in range(300)
    ]
    spread = np.std([r.value for r in runs], ddof=1)
    claimed = np.mean([r.se for r in runs])
    low, high = (1.2, 2.2) if scale == 1 else (0.8, 1.3)  # over-stated under equality: see there
    assert low < claimed / spread < high
    if scale == 1:
        assert abs(np.mean([r.value for r in runs])) < 5 * spread / np.sqrt(300)
        # What a check asks of an error bar: no false alarm in 300 draws from one law.
        assert max(abs(r.value) / r.se for r in runs) < 4


def test_jackknife_error_of_sliced_wasserstein():
    rng = np.random.default_rng(4)
    runs = [
        sliced_wasserstein(
            rng.normal(size=(200, 2)),
            rng.normal(size=(200, 2)) + 0.5,
            rng=np.random.default_rng(0),
            directions=16,
        )
        for _ in range(200)
    ]
    ratio = np.mean([r.se for r in runs]) / np.std([r.value for r in runs], ddof=1)
    assert 0.75 < ratio < 1.3


@given(seed=st.integers(0, 10**6), n=st.integers(20, 40), d=st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_a_set_is_at_no_distance_from_itself_reordered(seed, n, d):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    y = x + 1e-3 * rng.uniform(-1, 1, size=x.shape)  # not one shift: its error bar would be 0
    rng.shuffle(y)
    got = sliced_wasserstein(x, y, rng=np.random.default_rng(0)).value
    assert got <= 1e-3 * np.sqrt(d) + 1e-12


BAD = [
    (np.zeros((5, 2)), np.zeros((5, 3)), "same dimension"),
    (np.zeros((2, 2)), np.zeros((5, 2)), "x must hold at least 3"),
    (np.zeros((5, 2), int), np.zeros((5, 2)), "x must be a float64"),
    (np.full((5, 2), np.nan), np.zeros((5, 2)), "x must be finite"),
]


@pytest.mark.parametrize(("x", "y", "message"), BAD)
def test_bad_input(x, y, message):
    for call in (
        energy_distance,
        lambda a, b: sliced_wasserstein(a, b, rng=np.random.default_rng()),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            call(x, y)


@pytest.mark.parametrize("shift", [0.0, 1.0, [1.0, 0.3]])
def test_two_sets_that_are_one_shifted_have_no_error_bar(shift):
    x = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(ValueError, match="x and y must differ by more than one shift, got a dist"):
        sliced_wasserstein(x, x + shift, rng=np.random.default_rng(1))


def test_sliced_wasserstein_wants_equal_sizes_enough_points_and_a_generator():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="same number of points"):
        sliced_wasserstein(np.zeros((30, 2)), np.zeros((31, 2)), rng=rng)
    with pytest.raises(ValueError, match="at least 20 points"):
        sliced_wasserstein(np.zeros((10, 2)), np.zeros((10, 2)), rng=rng)
    with pytest.raises(TypeError, match="rng must be"):
        sliced_wasserstein(np.zeros((30, 2)), np.ones((30, 2)), rng=1)
