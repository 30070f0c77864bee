"""What the checks of several exercises share: inputs that are what they say, and a strict judge."""

from typing import Any

import numpy as np
import pytest

from gradekit import Source, generator, need_own_generator, seeded, spd
from gradekit.checks import Failed
from gradekit.codec import build, decode, encode
from gradekit.local import Local


class Inputs:
    """As much of a back end as the random inputs need."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)

    def call(self, name: str, *args: Any) -> Any:
        raise NotImplementedError


def made(source: Source) -> np.random.Generator:
    """What the learner's function gets."""
    rng = build(decode(encode(source), sources=True))
    assert isinstance(rng, np.random.Generator)
    return rng


def test_a_seeded_generator_is_the_one_the_check_can_make() -> None:
    source = seeded(np.int64(7))  # type: ignore[arg-type]
    assert source.names == {"seed": 7}
    for _ in range(2):  # afresh each time
        np.testing.assert_array_equal(made(source).random(5), np.random.default_rng(7).random(5))


def test_a_generator_comes_from_the_inputs_of_the_check() -> None:
    S, twin = Inputs(), np.random.default_rng(3)
    for _ in range(2):
        seed = int(twin.integers(2**31))
        assert made(generator(S)).random() == np.random.default_rng(seed).random()


def test_a_random_matrix_has_the_eigenvalues_it_was_asked_for() -> None:
    S = Inputs()
    for d, limits in ((1, (0.4, 0.4)), (2, (0.4, 2.5)), (5, (0.02, 30.0))):
        m = spd(S, d, *limits)
        np.testing.assert_array_equal(m, m.T)
        np.testing.assert_allclose(np.linalg.eigvalsh(m), np.geomspace(*limits, d), rtol=1e-9)
    # Far from diagonal: over many draws the axes point anywhere, so the mean is a multiple of 1.
    draws = np.array([spd(S, 2) for _ in range(4000)])
    se = draws.std(0, ddof=1) / np.sqrt(len(draws))
    assert np.all(np.abs(draws.mean(0) - 1.45 * np.eye(2)) < 5 * se)
    assert np.abs(draws[:, 0, 1]).mean() > 0.3


def own(run: Any, **options: Any) -> str:
    """What the judge says of a function ``walk(rng)``; nothing if it is content."""
    S = Local({"walk": run})
    try:
        need_own_generator(lambda rng: S.call("walk", rng), (4,), **options)
    except Failed as failure:
        return str(failure)
    return ""


def test_only_what_draws_from_rng_alone_is_let_through() -> None:
    state = np.random.default_rng(0)
    assert own(lambda rng: rng.random(4)) == ""
    assert own(lambda rng: state.random(4)) == (
        "the same rng gave other points; draw from rng only"
    )
    assert own(lambda rng: rng.random(4) + 1e-9 * state.random(), what="the losses") == (
        "the same rng gave other losses; draw from rng only"
    )
    assert own(lambda rng: np.random.default_rng(0).random(4)) == (
        "another rng gave the same points; is rng used at all?"
    )
    assert own(lambda rng: rng.random(3), what="the losses") == (
        "the losses: expected an array of shape (4,), got an array of shape (3,)"
    )


@pytest.mark.parametrize("d", [2, 3])
def test_a_diagonal_is_no_such_matrix(d: int) -> None:
    """The test of the axes above would see a matrix that is only scaled."""
    rng = np.random.default_rng(1)
    draws = np.array([np.diag(rng.permutation(np.geomspace(0.4, 2.5, d))) for _ in range(400)])
    assert np.abs(draws[:, 0, 1]).mean() < 0.3
