"""Annealing of the Ising model against enumeration and against Kaufman."""

import numpy as np
import pytest

from scorekit import annealed_ising
from scorekit.annealed_ising import ising_ais, thermodynamics
from scorekit.diagnostics import mean_se
from scorekit.discrete import all_states, boltzmann
from scorekit.ising import ising, ising_energy
from scorekit.ising_exact import kaufman_energy, kaufman_heat_capacity, kaufman_log_z
from scorekit.weights import weights_ess

STATES = all_states((-1, 1), (4, 4))
ENERGIES = ising_energy(STATES)


def coins(n, side, rng):
    return rng.choice([-1, 1], (n, side, side))


def off(estimate, value):
    return abs(estimate.value - value) / estimate.se


@pytest.mark.parametrize("sweeps", [1, 3])
def test_forward_and_reverse_on_a_lattice_that_can_be_listed(sweeps):
    rng, couplings, n = np.random.default_rng(sweeps), np.linspace(0, 0.5, 16), 6000
    ratio = kaufman_log_z(0.5, 4) - 16 * np.log(2)
    there = ising_ais(coins(n, 4, rng), couplings, rng=rng, sweeps=sweeps)
    exact = STATES[rng.choice(len(STATES), n, p=boltzmann(0.5 * ENERGIES))]
    back = ising_ais(exact, couplings[::-1], rng=rng, sweeps=sweeps)
    forward, reverse = there.log_weights[-1], back.log_weights[-1]
    assert off(mean_se(np.exp(forward - ratio)), 1) < 4
    assert off(mean_se(np.exp(reverse + ratio)), 1) < 4
    low, high = mean_se(forward), mean_se(-reverse)
    assert low.value + 4 * low.se < ratio < high.value - 4 * high.se


def test_every_coupling_on_the_way_and_what_follows_from_z():
    rng, couplings = np.random.default_rng(2), np.linspace(0, 0.5, 51)
    run = ising_ais(coins(4000, 4, rng), couplings, rng=rng)
    for k in (10, 30, 50):
        found = thermodynamics(
            run.log_weights[k], run.energies[k], couplings[k], 16 * np.log(2), 16
        )
        log_z, u = kaufman_log_z(couplings[k], 4), kaufman_energy(couplings[k], 4)
        assert off(found["log_z"], log_z) < 4
        assert off(found["energy"], u) < 4
        assert off(found["heat_capacity"], kaufman_heat_capacity(couplings[k], 4)) < 4
        assert off(found["entropy"], log_z / 16 + couplings[k] * u) < 4


def test_sixteen_by_sixteen():
    rng, couplings = np.random.default_rng(3), np.linspace(0, 0.4, 401)
    run = ising_ais(coins(512, 16, rng), couplings, rng=rng)
    found = thermodynamics(run.log_weights[-1], run.energies[-1], 0.4, 256 * np.log(2), 256)
    assert weights_ess(run.log_weights[-1]) > 0.2 * 512
    assert off(found["log_z"], kaufman_log_z(0.4, 16)) < 4
    assert off(found["energy"], kaufman_energy(0.4, 16)) < 4


def test_errors_are_the_spread_over_repetitions():
    rng, couplings = np.random.default_rng(4), np.linspace(0, 0.4, 11)
    run = ising_ais(coins(60_000, 4, rng), couplings, rng=rng)
    parts = np.split(np.arange(60_000), 150)
    found = [
        thermodynamics(run.log_weights[-1, i], run.energies[-1, i], 0.4, 11.0, 16) for i in parts
    ]
    for name in found[0]:
        spread = np.std([f[name].value for f in found])
        assert np.mean([f[name].se for f in found]) == pytest.approx(spread, rel=0.25), name


def test_moves_that_keep_another_law_are_seen(monkeypatch):
    def half(x, k, sweeps, *, rng):
        return ising(x, k / 2, sweeps, rng=rng)

    monkeypatch.setattr(annealed_ising, "ising", half)
    rng = np.random.default_rng(5)
    run = ising_ais(coins(6000, 4, rng), np.linspace(0, 0.5, 41), rng=rng)
    ratio = kaufman_log_z(0.5, 4) - 16 * np.log(2)
    assert off(mean_se(np.exp(run.log_weights[-1] - ratio)), 1) > 10


@pytest.mark.parametrize(
    ("couplings", "words"),
    [
        ([0.3], "at least 2"),
        ([0, -0.1], "none negative"),
        ([0, 0.3, 0.2, 0.4], "increase, got 0.3 then 0.2"),
        ([0.4, 0.1, 0.2, 0], "decrease, got 0.1 then 0.2"),
        ([0, 0], "decrease, got 0 then 0"),
    ],
)
def test_bad_couplings(couplings, words):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=words):
        ising_ais(np.ones((2, 4, 4)), couplings, rng=rng)


def test_bad_input():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="x must be"):
        ising_ais(np.zeros((2, 4, 4)), [0, 1], rng=rng)
    with pytest.raises(ValueError, match="even"):
        ising_ais(np.ones((2, 3, 3)), [0, 1], rng=rng)
    with pytest.raises(ValueError, match="coupling must be positive"):
        thermodynamics([0.0, 1.0], [0.0, 1.0], 0, 1.0)
