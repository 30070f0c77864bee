r"""Moves between states of finitely many sites and values, for Metropolis–Hastings.

A *proposal* knows two things: how to ``draw`` a move for each chain, with
:math:`\log q(x\mid y)-\log q(y\mid x)`, and all ``moves`` from one state, with their
probabilities. So the same object serves the sampler and the transition matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs

States = NDArray[Any]
Numbers = NDArray[np.float64]


class Proposal(Protocol):
    """What ``metropolis`` and ``transition_matrix`` need to know of q."""

    def draw(self, x: States, rng: np.random.Generator) -> tuple[States, ArrayLike]:
        """One proposal for each chain, ``(n, *shape)``, and log q(x|y) - log q(y|x)."""

    def moves(self, x: States) -> tuple[States, Numbers]:
        """All states that one state ``(*shape,)`` can propose, ``(m, *shape)``, and q of each."""


@dataclass(frozen=True)
class Flip:
    """Turn the sign of one site, chosen evenly among ``sites`` (flat indices; all unless given)."""

    sites: Sequence[int] | None = None

    def draw(self, x: States, rng: np.random.Generator) -> tuple[States, float]:
        """As :meth:`Proposal.draw`; q is symmetric."""
        y = x.reshape(len(x), -1).copy()
        y[np.arange(len(x)), _choose(self.sites, y.shape[1], len(x), rng)] *= -1
        return y.reshape(x.shape), 0.0

    def moves(self, x: States) -> tuple[States, Numbers]:
        """As :meth:`Proposal.moves`."""
        sites = range(x.size) if self.sites is None else self.sites
        ys = np.repeat(x.reshape(1, -1), len(sites), 0)
        ys[np.arange(len(sites)), list(sites)] *= -1
        return ys.reshape(-1, *x.shape), np.full(len(sites), 1 / len(sites))


@dataclass(frozen=True)
class Swap:
    """Exchange the values of two sites: what a state is made of never changes."""

    def draw(self, x: States, rng: np.random.Generator) -> tuple[States, float]:
        """As :meth:`Proposal.draw`; q is symmetric."""
        y, rows = x.reshape(len(x), -1).copy(), np.arange(len(x))
        i = rng.integers(y.shape[1], size=len(x))
        j = (i + rng.integers(1, y.shape[1], size=len(x))) % y.shape[1]
        y[rows, i], y[rows, j] = y[rows, j], y[rows, i]
        return y.reshape(x.shape), 0.0

    def moves(self, x: States) -> tuple[States, Numbers]:
        """As :meth:`Proposal.moves`."""
        i, j = np.triu_indices(x.size, 1)
        ys, rows = np.repeat(x.reshape(1, -1), len(i), 0), np.arange(len(i))
        ys[rows, i], ys[rows, j] = ys[rows, j], ys[rows, i]
        return ys.reshape(-1, *x.shape), np.full(len(i), 1 / len(i))


@dataclass(frozen=True, eq=False)
class NewLetter:
    """Put a new letter, drawn from ``weights``, at one site of ``sites`` (all unless given).

    Letters are 0 … A-1. Unless the weights are equal, q is not symmetric: with a letter b for an a
    it is q(x|y)/q(y|x) = w_a/w_b.
    """

    weights: ArrayLike
    sites: Sequence[int] | None = None

    def __post_init__(self) -> None:
        w = _inputs.parameter(self.weights, "weights", 1)
        if (w <= 0).any():
            raise ValueError(f"weights must be positive, got a smallest one of {w.min()!r}")
        object.__setattr__(self, "weights", w / w.sum())

    def draw(self, x: States, rng: np.random.Generator) -> tuple[States, Numbers]:
        """As :meth:`Proposal.draw`; q is not symmetric."""
        w, rows = np.asarray(self.weights), np.arange(len(x))
        y = x.reshape(len(x), -1).copy()
        i = _choose(self.sites, y.shape[1], len(x), rng)
        old, new = y[rows, i], rng.choice(len(w), size=len(x), p=w)
        y[rows, i] = new
        return y.reshape(x.shape), np.log(w[old] / w[new])

    def moves(self, x: States) -> tuple[States, Numbers]:
        """As :meth:`Proposal.moves`."""
        w = np.asarray(self.weights)
        sites = np.arange(x.size) if self.sites is None else np.asarray(self.sites)
        i, new = np.repeat(sites, len(w)), np.tile(np.arange(len(w)), len(sites))
        ys = np.repeat(x.reshape(1, -1), len(i), 0)
        ys[np.arange(len(i)), i] = new
        return ys.reshape(-1, *x.shape), np.tile(w, len(sites)) / len(sites)


def _choose(
    sites: Sequence[int] | None, size: int, n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    if sites is None:
        return rng.integers(size, size=n)
    return np.asarray(sites, np.int64)[rng.integers(len(sites), size=n)]
