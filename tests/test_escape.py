"""Escape times: simulation, quadrature and closed forms against one another."""

import math

import numpy as np
import pytest

from scorekit.diagnostics import mean_se
from scorekit.escape import first_passage, mean_escape_time
from scorekit.langevin import Diverged

SIGMAS = 4


def free(x):
    return np.zeros_like(x)


def well(h):
    return (lambda x: h * (x**2 - 1) ** 2), (lambda x: -4 * h * x * (x**2 - 1))


def past(goal):
    return lambda x: x[:, 0] >= goal


def test_the_double_integral_against_a_closed_form():
    # E = x for x > 0 and a wall at 0: T(0 → b) = e^b - 1 - b.
    b = 2.5
    wall = mean_escape_time(lambda x: x if x >= 0 else -1e4 * x, 0.0, b)
    assert wall == pytest.approx(math.exp(b) - 1 - b, rel=1e-3)


@pytest.mark.parametrize(("h", "ratio"), [(2, 1.25), (3, 1.194), (4, 1.142), (6, 1.083)])
def test_the_double_well_against_eyring_and_kramers(h, ratio):
    energy = well(h)[0]
    law = 2 * math.pi / (math.sqrt(32) * h) * math.exp(h)
    assert mean_escape_time(energy, -1, 1) / law == pytest.approx(ratio, abs=5e-4)
    assert mean_escape_time(energy, -1, 0) < 0.52 * mean_escape_time(energy, -1, 1)


def test_times_add_up_along_the_line():
    energy = well(2)[0]
    parts = mean_escape_time(energy, -1, 0.3) + mean_escape_time(energy, 0.3, 1)
    assert parts == pytest.approx(mean_escape_time(energy, -1, 1), rel=1e-8)


def test_simulated_times_tend_to_the_exact_ones():
    energy, score = well(1.5)
    rng, start = np.random.default_rng(1), np.full((2_000, 1), -1.0)
    got = mean_se(first_passage(score, start, 0.002, past(1), max_steps=10**5, rng=rng))
    assert abs(got.value - mean_escape_time(energy, -1, 1)) < SIGMAS * got.se
    # Kicks of variance η and not 2η, a common slip, would be seen.
    slip = first_passage(
        lambda x: 2 * score(x), start[:500], 0.004, past(1), max_steps=10**6, rng=rng
    )
    assert 2 * slip.mean() > got.value + 10 * got.se


def test_a_chain_is_the_textbook_loop_on_the_same_seed():
    score, x = well(1)[1], np.array([[-1.0]])
    rng, k = np.random.default_rng(2), 0
    while x[0, 0] < 1:
        x = x + 0.01 * score(x) + math.sqrt(0.02) * rng.standard_normal(x.shape)
        k += 1
    rng = np.random.default_rng(2)
    start = np.array([[-1.0]])
    got = first_passage(score, start, 0.01, past(1), max_steps=10**5, rng=rng)
    assert got == pytest.approx([0.01 * k])
    assert start[0, 0] == -1


def test_who_has_arrived_at_the_start_needs_no_time_and_draws_nothing():
    rng = np.random.default_rng(3)
    got = first_passage(free, np.array([[2.0], [3.0]]), 0.1, past(1), max_steps=1, rng=rng)
    assert got.tolist() == [0, 0]
    assert rng.random() == np.random.default_rng(3).random()


def test_float32_is_kept():
    seen = set()

    def score(x):
        seen.add(x.dtype)
        return -x

    rng = np.random.default_rng(4)
    start = np.zeros((5, 1), np.float32)
    first_passage(score, start, 0.1, past(0.5), max_steps=10_000, rng=rng)
    assert seen == {np.dtype(np.float32)}


def test_chains_that_have_not_arrived_are_an_error_and_not_left_out():
    with pytest.raises(RuntimeError, match=r"3 of 3 chains have not arrived after max_steps=5"):
        first_passage(
            free, np.zeros((3, 1)), 1e-4, past(1), max_steps=5, rng=np.random.default_rng(5)
        )


def test_a_step_beyond_stability_diverges_loudly():
    with pytest.raises(Diverged, match="step number"):
        first_passage(
            lambda x: -x,
            np.ones((3, 1)),
            3.0,
            lambda x: np.zeros(len(x), bool),
            max_steps=5000,
            rng=np.random.default_rng(6),
        )


@pytest.mark.parametrize("answer", [True, np.array([1, 0]), np.array([True])])
def test_arrived_must_return_one_truth_a_chain(answer):
    with pytest.raises(ValueError, match=r"arrived must return a boolean array of shape \(2,\)"):
        first_passage(
            free,
            np.zeros((2, 1)),
            0.1,
            lambda x: answer,
            max_steps=5,
            rng=np.random.default_rng(7),
        )


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"step": -0.1}, ValueError, "step must be positive"),
        ({"max_steps": 0}, ValueError, "max_steps must be at least 1"),
        ({"rng": 3}, TypeError, "rng must be a numpy.random.Generator"),
        ({"x": np.zeros(3)}, ValueError, "x must be a non-empty batch"),
    ],
)
def test_bad_input(change, error, words):
    rng = np.random.default_rng(8)
    given = {"x": np.zeros((2, 1)), "step": 0.1, "max_steps": 5, "rng": rng, **change}
    with pytest.raises(error, match=words):
        first_passage(free, arrived=past(1), **given)


def test_the_exact_time_refuses_what_it_cannot_answer():
    with pytest.raises(ValueError, match="goal must be above start=1"):
        mean_escape_time(well(1)[0], 1, -1)
