"""Pairwise energies: sampled and learned where everything can be listed."""

import numpy as np
import pytest
from scipy.special import expit

from scorekit.discrete import all_states, boltzmann
from scorekit.pairwise import Pairwise, fit_pairwise, iterated_modes, pairwise_sweeps

RNG = np.random.default_rng(0)
J = RNG.normal(0, 0.4, (6, 6))
TRUE = Pairwise(RNG.normal(0, 0.3, 6), np.triu(J, 1) + np.triu(J, 1).T)
STATES = all_states((-1, 1), (6,))


def draw(n):
    p = boltzmann(TRUE.energy(STATES))
    return STATES[RNG.choice(64, n, p=p)], p


def test_sweeps_keep_the_law():
    _, p = draw(1)
    s = pairwise_sweeps(TRUE, np.ones((8000, 6)), 60, rng=np.random.default_rng(1)).x
    for i in range(6):
        for j in range(i):
            exact = p @ (STATES[:, i] * STATES[:, j])
            assert abs((s[:, i] * s[:, j]).mean() - exact) < 4.5 / np.sqrt(8000)


def test_pseudo_likelihood_finds_the_truth():
    s, _ = draw(40_000)
    found = fit_pairwise(s, ridge=1e-6)
    np.testing.assert_allclose(found.fields, TRUE.fields, atol=0.06)
    np.testing.assert_allclose(found.couplings, TRUE.couplings, atol=0.06)
    odds = 2 * s * (found.fields + s @ found.couplings)
    gradient = (s * expit(-odds)).mean(0)
    np.testing.assert_allclose(gradient, 0, atol=2e-4)


def test_a_posterior_is_bayes():
    s, p = draw(5)
    y = s * np.array([1, -1, 1, 1, 1, -1])
    posterior = TRUE.given(y, 0.2)
    for row in range(5):
        likelihood = np.prod(np.where(y[row] == STATES, 0.8, 0.2), 1)
        exact = p * likelihood / (p @ likelihood)
        one = Pairwise(posterior.fields[row], TRUE.couplings)
        np.testing.assert_allclose(boltzmann(one.energy(STATES)), exact, rtol=1e-10)


def test_modes_are_local_minima():
    x = iterated_modes(TRUE, draw(20)[0])
    for i in range(6):
        y = x.copy()
        y[:, i] *= -1
        assert (TRUE.energy(y) >= TRUE.energy(x) - 1e-12).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TRUE.energy(np.zeros((2, 6))), r"\+1 or -1"),
        (lambda: TRUE.energy(np.ones((2, 5))), "shape"),
        (lambda: TRUE.given(np.ones((2, 6)), 1.2), "flipped"),
        (lambda: fit_pairwise(np.ones((2, 6)), ridge=0), "ridge"),
        (lambda: pairwise_sweeps(TRUE, np.ones((2, 6)), 1, rng=None), "rng"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
