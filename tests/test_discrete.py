"""Metropolis on countable states: matrix and sampler are one chain; wrong ones are caught."""

import numpy as np
import pytest

from scorekit.discrete import (
    all_states,
    barker_rule,
    boltzmann,
    metropolis,
    metropolis_rule,
    parallel_matrix,
    transition_matrix,
)
from scorekit.proposals import Flip, NewLetter, Swap

WEIGHTS = (0.6, 0.3, 0.1)
LETTERS = all_states((0, 1, 2), (2,))
SPINS = all_states((-1, 1), (2, 2))


def letter_energy(x):
    return np.where(x[:, 0] == x[:, 1], -1.0, 0.5) + 0.3 * x[:, 0]


def spin_energy(s):
    return -0.5 * (s[:, 0] * s[:, 1]).sum(1) - 0.2 * s.sum((1, 2))


CASES = {
    "flip": (spin_energy, Flip(), SPINS),
    "some sites": (spin_energy, Flip([0, 3]), SPINS),
    "swap": (spin_energy, Swap(), SPINS),
    "letters": (letter_energy, NewLetter(WEIGHTS), LETTERS),
    "one letter": (letter_energy, NewLetter(WEIGHTS, [1]), LETTERS),
}


@pytest.mark.parametrize("rule", [metropolis_rule, barker_rule])
@pytest.mark.parametrize("case", CASES)
def test_detailed_balance(case, rule):
    energy, propose, states = CASES[case]
    p = boltzmann(energy(states))
    matrix = transition_matrix(energy, propose, states, accept=rule)
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-15)
    assert (matrix >= -1e-15).all()
    flow = p[:, None] * matrix
    np.testing.assert_allclose(flow, flow.T, atol=1e-16)


@pytest.mark.parametrize("case", CASES)
def test_the_sampler_is_the_matrix(case):
    energy, propose, states = CASES[case]
    n, first = 40_000, 5
    matrix = transition_matrix(energy, propose, states)
    expected = np.linalg.matrix_power(matrix, 3)[first]
    start = np.repeat(states[first][None], n, 0)
    x = metropolis(energy, propose, start, 3, rng=np.random.default_rng(1)).x
    counts = (x[:, None] == states).reshape(n, len(states), -1).all(2).mean(0)
    se = np.sqrt(np.maximum(expected * (1 - expected), 1e-12) / n)
    assert (np.abs(counts - expected) < 4.5 * se + 1e-12).all()


def test_wrong_chains_are_caught():
    p = boltzmann(letter_energy(LETTERS))
    wrong = transition_matrix(letter_energy, NewLetter(WEIGHTS), LETTERS, hastings=False)
    assert np.abs(p @ wrong - p).sum() > 0.05
    p = boltzmann(spin_energy(SPINS))
    for rule in (lambda r: metropolis_rule(2 * r), lambda r: (r >= 0).astype(float)):
        assert (
            np.abs(p @ transition_matrix(spin_energy, Flip(), SPINS, accept=rule) - p).sum() > 0.01
        )


def test_sites_that_are_no_neighbours_may_decide_together():
    p = boltzmann(spin_energy(SPINS))
    apart = parallel_matrix(spin_energy, SPINS, [(0, 0), (0, 1)])
    touching = parallel_matrix(spin_energy, SPINS, [(0, 0), (1, 0)])
    in_turn = [transition_matrix(spin_energy, Flip([i]), SPINS) for i in (0, 1)]
    np.testing.assert_allclose(apart, in_turn[0] @ in_turn[1], atol=1e-15)
    np.testing.assert_allclose(p @ apart, p, atol=1e-15)
    assert np.abs(p @ touching - p).sum() > 0.01


def test_keeping_and_difference():
    start = np.repeat(LETTERS[:1], 6, 0)

    def run(**more):
        return metropolis(
            letter_energy, NewLetter(WEIGHTS), start, 20, rng=np.random.default_rng(0), **more
        )

    plain, kept = run(), run(keep_every=5)
    cheap = run(difference=lambda x, y: letter_energy(y) - letter_energy(x))
    np.testing.assert_array_equal(plain.x, cheap.x)
    np.testing.assert_array_equal(kept.kept[-1], plain.x)
    assert kept.kept.shape == (4, 6, 2)
    assert plain.x.dtype == start.dtype
    assert ((plain.acceptance > 0) & (plain.acceptance <= 1)).all()
    np.testing.assert_array_equal(start, LETTERS[0] * np.ones((6, 1), int))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: metropolis(spin_energy, Flip(), np.ones(3), 1, rng=np.random.default_rng()),
            "x must be",
        ),
        (lambda: metropolis(spin_energy, Flip(), SPINS, -1, rng=np.random.default_rng()), "steps"),
        (lambda: metropolis(spin_energy, Flip(), SPINS, 1, rng=0), "rng must be"),
        (
            lambda: metropolis(lambda s: s.sum(), Flip(), SPINS, 1, rng=np.random.default_rng()),
            "energy",
        ),
        (
            lambda: metropolis(
                lambda s: np.full(len(s), np.nan), Flip(), SPINS, 1, rng=np.random.default_rng()
            ),
            "NaN",
        ),
        (lambda: transition_matrix(spin_energy, Flip(), SPINS[:3]), "states must hold every"),
        (lambda: transition_matrix(spin_energy, Flip(), SPINS[[0, 0]]), "states must be different"),
        (lambda: all_states((0, 1), (30,)), "at most"),
        (lambda: NewLetter([1.0, 0.0]), "weights must be positive"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
