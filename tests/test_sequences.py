"""Letters: n-gram models, and marginals against a sum over all fillings."""

from itertools import product

import numpy as np
import pytest

from scorekit.data.letters import opticks, plain, srf_motif
from scorekit.motifs import MotifModel, motif_probabilities
from scorekit.sequences import DNA, LETTERS, decode, encode, fit_ngram, gap_marginals

RNG = np.random.default_rng(0)
TEXT = RNG.integers(0, 3, 200)


def all_fillings(x, gaps, size):
    filled = np.repeat(x[None], size ** len(gaps), 0)
    filled[:, gaps] = list(product(range(size), repeat=len(gaps)))
    return filled


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("gaps", [[4], [4, 5, 6], [3, 8, 11], [10, 11]])
def test_gap_marginals_against_enumeration(order, gaps):
    model = fit_ngram(TEXT, order, 3)
    x = TEXT[:12]
    filled = all_fillings(x, gaps, 3)
    w = np.exp(-model.energy(filled))
    marginals, log_z = gap_marginals(model, x, gaps)
    assert log_z == pytest.approx(np.log(w.sum()))
    for t in range(12):
        want = [w[filled[:, t] == c].sum() / w.sum() for c in range(3)]
        np.testing.assert_allclose(marginals[t], want, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_difference_of_energies(order):
    model = fit_ngram(TEXT, order, 3)
    for t in range(9):
        x = RNG.integers(0, 3, (5, 9))
        y = x.copy()
        y[:, t] = RNG.integers(0, 3, 5)
        np.testing.assert_allclose(
            model.difference(x, y), model.energy(y) - model.energy(x), atol=1e-12
        )


def test_ngram_by_hand():
    model = fit_ngram(encode("aab", "ab"), 2, 2, strength=1.0)
    one = (np.array([2, 1]) + 0.5) / 4
    np.testing.assert_allclose(np.exp(model.log_probs[0]), (np.array([1, 1]) + one) / 3)
    np.testing.assert_allclose(np.exp(model.log_probs[1]), one)


def motif_model():
    motif = motif_probabilities([[8, 1, 0, 0], [0, 0, 9, 1], [3, 0, 0, 7]], [0.25] * 4)
    return MotifModel(motif, [0.3, 0.2, 0.2, 0.3], 0.2)


def path_sum(model, x):
    """p(x) over all ways to place whole sites, by recursion on the rest."""
    if len(x) == 0:
        return 1.0
    table, w = model.letters, len(model.letters) - 1
    total = (1 - model.rate) * table[0, x[0]] * path_sum(model, x[1:])
    if len(x) >= w:
        site = np.prod([table[k + 1, x[k]] for k in range(w)])
        total += model.rate * site * path_sum(model, x[w:])
    return total


def test_motif_energy_is_the_sum_over_sites():
    model, x = motif_model(), RNG.integers(0, 4, (6, 8))
    np.testing.assert_allclose(np.exp(-model.energy(x)), [path_sum(model, row) for row in x])


def test_motif_marginals_against_enumeration():
    model, x, gaps = motif_model(), RNG.integers(0, 4, 8), [1, 2, 5, 7]
    filled = all_fillings(x, gaps, 4)
    w = np.exp(-model.energy(filled))
    letters, states, log_z = model.marginals(x, gaps)
    assert log_z == pytest.approx(np.log(w.sum()))
    for t in range(8):
        want = [w[filled[:, t] == c].sum() / w.sum() for c in range(4)]
        np.testing.assert_allclose(letters[t], want, atol=1e-12)
    np.testing.assert_allclose(states.sum(1), 1)
    np.testing.assert_allclose(states[:-1, 1], states[1:, 2], atol=1e-12)  # a site goes on


def test_the_stored_text_and_motif():
    book = opticks()
    assert "Do not Bodies act upon Light at a distance" in book.replace("\n", " ")
    text = plain(book)
    assert set(text) == set(LETTERS)
    assert decode(encode(text[:500])) == text[:500]
    counts = srf_motif()
    assert counts.shape == (12, 4)
    assert (counts.sum(1) == 46).all()
    core = "".join(DNA[i] for i in counts.argmax(1)[2:12])
    assert core.startswith("CC")
    assert core.endswith("GG")
    assert set(core[2:8]) <= {"A", "T"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: encode("ACGU", DNA), "'U' at index 3"),
        (lambda: encode("Naïve"), "'N' at index 0"),
        (lambda: decode([0, 27]), "letters 0 to 26, got 27"),
        (lambda: decode([0.5]), "whole numbers"),
        (lambda: fit_ngram([0, 3], 2, 3), "letters 0 to 2, got 3"),
        (lambda: fit_ngram([0, 1], 9, 27), "at most"),
        (lambda: gap_marginals(fit_ngram(TEXT, 3, 3), TEXT[:9], [1]), "gaps must be at least 2"),
        (lambda: gap_marginals(fit_ngram(TEXT, 3, 3), TEXT[:9], [9]), "gaps must lie in x"),
        (lambda: fit_ngram(TEXT, 3, 3).energy(TEXT[:9]), "x must have shape"),
        (lambda: motif_model().energy([[0, 1, 4]]), "letters 0 to 3, got 4"),
        (lambda: motif_model().marginals([0, 1, 2], [5]), "gaps must lie in x"),
        (lambda: MotifModel([[0.5, 0.6]], [0.5, 0.5], 0.1), "motif must be"),
        (lambda: MotifModel([[0.5, 0.5]], [0.5, 0.5], 1.5), "rate"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
