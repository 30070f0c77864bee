"""What the checks of several exercises share: seeded generators and random matrices as inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .checks import BackEnd, need, numbers
from .codec import Source


def seeded(seed: int) -> Source:
    """Return an ``rng`` to call the learner's function with: ``default_rng(seed)``, made afresh.

    The check can make the same generator, to know what was drawn; ``names["seed"]`` is the seed.
    """
    return Source("np.random.default_rng(seed)", seed=int(seed))


def generator(S: BackEnd) -> Source:
    """Return an ``rng`` to call the learner's function with, seeded from the check's inputs."""
    return seeded(int(S.rng.integers(2**31)))


def need_own_generator(
    run: Callable[[Source], Any], shape: tuple[int, ...], what: str = "the points"
) -> None:
    """Fail unless ``run(rng)`` draws from its rng, and from nothing else.

    ``run`` calls the learner's function with the ``rng`` it is given, and returns what came back:
    numbers of this shape, called ``what`` in the sentence for the learner. They must be the same
    for the same seed, and other ones for another seed.
    """
    first, again, other = (numbers(run(seeded(k)), shape, what) for k in (1, 1, 2))
    need(np.array_equal(first, again), f"the same rng gave other {_bare(what)}; draw from rng only")
    need(
        (first != other).any(),
        f"another rng gave the same {_bare(what)}; is rng used at all?",
    )


def spd(S: BackEnd, d: int, low: float = 0.4, high: float = 2.5) -> np.ndarray[Any, Any]:
    """Draw a symmetric positive definite matrix, (d, d), that is far from diagonal.

    Its eigenvalues go from ``low`` to ``high`` in equal ratios; its axes are random.
    """
    turn = np.linalg.qr(S.rng.standard_normal((d, d)))[0]
    m = turn * np.geomspace(low, high, d) @ turn.T
    return np.asarray((m + m.T) / 2)


def _bare(what: str) -> str:
    return what.removeprefix("the ")
