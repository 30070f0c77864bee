"""The bit-packed Ising torus, against plain loops, the full matrix, and exact formulas."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from scorekit.diagnostics import mean_se
from scorekit.discrete import all_states, boltzmann
from scorekit.ising import ising, ising_energy
from scorekit.ising_exact import CRITICAL_COUPLING, kaufman_energy


def plain_sweep(s, k, rng):
    """The documented draws, with nothing clever: one site after another."""
    s = s.copy()
    n, rows, columns = s.shape
    padded, half = 8 * -(-n // 8), columns // 2
    for colour in (0, 1):
        words = rng.integers(0, 2**64 - 1, -(-half * rows * padded // 4), np.uint64, endpoint=True)
        u = words.view(np.uint16)[: half * rows * padded].reshape(half, rows, padded)
        d, old = rng.random(), s.copy()
        for m, i in np.ndindex(half, rows):
            j = (2 * m + i + colour) % columns
            around = old[:, i - 1, j] + old[:, (i + 1) % rows, j]
            around = around + old[:, i, j - 1] + old[:, i, (j + 1) % columns]
            rise = 2 * old[:, i, j].astype(float) * around
            accept = np.exp(-k * np.maximum(rise, 0))
            limit = np.where(rise <= 0, 65536, np.floor(65536 * accept + d))
            s[:, i, j] = np.where(u[m, i, :n] < limit, -old[:, i, j], old[:, i, j])
    return s


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 20),
    side=st.sampled_from([2, 4, 6, 8]),
    k=st.sampled_from([0.0, 1e-9, 0.1, 0.44, 3.0, 300.0]),
    seed=st.integers(0, 2**20),
)
def test_it_is_the_plain_sweep(n, side, k, seed):
    s = np.random.default_rng(seed).choice([-1, 1], (n, side, side)).astype(np.int8)
    a, b = np.random.default_rng(seed), np.random.default_rng(seed)
    want = plain_sweep(plain_sweep(s, k, a), k, a)
    np.testing.assert_array_equal(ising(s, k, 2, rng=b).x, want)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.SFC64, np.random.MT19937])
def test_small_torus_against_enumeration(bits):
    states = all_states((-1, 1), (4, 4))
    p = boltzmann(0.4 * ising_energy(states))
    s = ising(np.ones((4000, 4, 4)), 0.4, 60, rng=np.random.Generator(bits(3))).x
    for of in (ising_energy, lambda s: np.abs(s.sum((1, 2))).astype(float)):
        measured = mean_se(of(s))
        assert abs(measured.value - p @ of(states)) < 4 * measured.se


def test_large_torus_against_kaufman_and_a_wrong_coupling():
    rng = np.random.default_rng(2)
    s = ising(np.ones((48, 32, 32)), 0.5, 200, rng=rng).x
    u = mean_se(ising_energy(s) / 1024)
    assert abs(u.value - kaufman_energy(0.5, 32)) < 4 * u.se
    assert abs(u.value - kaufman_energy(0.45, 32)) > 4 * u.se


def test_energy_of_known_states():
    up = np.ones((1, 4, 6))
    board = np.add.outer(np.arange(4), np.arange(6)) % 2 * 2 - 1
    assert ising_energy(up) == -48
    assert ising_energy(board[None]) == 48


def test_what_is_kept():
    s = np.ones((3, 4, 4))
    run = ising(s, 0.3, 10, rng=np.random.default_rng(0), keep_every=5)
    energies = ising(s, 0.3, 10, rng=np.random.default_rng(0), keep_every=5, keep=ising_energy)
    np.testing.assert_array_equal(run.kept[-1], run.x)
    np.testing.assert_array_equal(energies.kept, [ising_energy(k) for k in run.kept])
    assert ising(s, 0.3, 0, rng=np.random.default_rng(0)).kept.shape == (0, 3, 4, 4)
    assert (s == 1).all()


def test_acceptance_is_that_of_the_last_sweep():
    hot = ising(np.ones((2, 4, 4)), 0.0, 1, rng=np.random.default_rng(0))
    cold = ising(np.ones((2, 4, 4)), 50.0, 1, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(hot.acceptance, 1)
    np.testing.assert_array_equal(cold.acceptance, 0)


@pytest.mark.parametrize(
    ("spins", "k", "message"),
    [
        (np.ones((1, 3, 3)), 0.4, "even sides.*3 × 3"),
        (np.ones((1, 4, 6)), 0.4, "two equal sides"),
        (np.zeros((1, 4, 4)), 0.4, r"\+1 or -1"),
        (np.ones((4, 4)), 0.4, "shape"),
        (np.ones((1, 4, 4)), -0.1, "coupling"),
        (np.ones((1, 4, 4)), np.nan, "coupling"),
    ],
)
def test_bad_input(spins, k, message):
    with pytest.raises((ValueError, TypeError), match=message):
        ising(spins, k, 1, rng=np.random.default_rng())


def test_critical_coupling():
    assert np.sinh(2 * CRITICAL_COUPLING) == pytest.approx(1, abs=1e-15)
