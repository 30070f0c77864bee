r"""DNA as a hidden Markov model: sites of one motif in a background of independent letters.

A position is background (state 0) or column 1 … w of the motif. From the background, and from the
motif's end, a site begins with probability ρ; a site that has begun goes on to its end. Each state
has its own letters. The energy of a sequence is :math:`E(x)=-\log\sum_z p(x, z)`, summed over all
places of the sites by the forward algorithm (Durbin et al. 1998, *Biological Sequence Analysis*,
ch. 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .sequences import check_codes

Numbers = NDArray[np.float64]


def motif_probabilities(counts: ArrayLike, background: ArrayLike, strength: float = 1.0) -> Numbers:
    """Columns of a motif from counts ``(w, A)``, with ``strength`` letters of background added."""
    c, b = _inputs.parameter(counts, "counts", 2), _inputs.parameter(background, "background", 1)
    if (c < 0).any() or c.shape[1] != len(b):
        raise ValueError(
            f"counts must be ≥ 0, one column for each letter of background, got {c.shape}"
        )
    a = _inputs.positive(strength, "strength")
    return np.asarray((c + a * b) / (c.sum(1, keepdims=True) + a))


@dataclass(frozen=True, eq=False)
class MotifModel:
    """``motif`` (w, A) and ``background`` (A,) are probabilities of letters; ``rate`` is ρ."""

    motif: ArrayLike
    background: ArrayLike
    rate: float

    def __post_init__(self) -> None:
        motif = _inputs.parameter(self.motif, "motif", 2)
        background = _inputs.parameter(self.background, "background", 1)
        for name, p in (("motif", motif), ("background", background)):
            if (p <= 0).any() or not np.allclose(p.sum(-1), 1) or p.shape[-1] != len(background):
                raise ValueError(f"{name} must be positive and sum to 1 over letters, got {p}")
        if not 0 < _inputs.positive(self.rate, "rate") < 1:
            raise ValueError(f"rate must lie between 0 and 1, got {self.rate!r}")
        object.__setattr__(self, "motif", motif)
        object.__setattr__(self, "background", background)

    @property
    def letters(self) -> Numbers:
        """p(letter | state), shape (w + 1, A)."""
        return np.vstack([np.asarray(self.background)[None], np.asarray(self.motif)])

    def energy(self, x: ArrayLike) -> Numbers:
        """E of each sequence, ``(m, length)`` to ``(m,)``."""
        x = check_codes(x, self.letters.shape[1], "x")
        if x.ndim != 2:
            raise ValueError(f"x must have shape (m, length), got {_inputs.describe(x)}")
        seen = self.letters.T[x]  # (m, length, w + 1)
        return -self._forward(seen)[1]

    def _forward(self, seen: Numbers) -> tuple[list[Numbers], Numbers]:
        """State probabilities given what came so far, (m, w + 1) each, and log p."""
        end, log_p, state = seen.shape[2] - 1, np.zeros(len(seen)), np.zeros(seen.shape[::2])
        state[:, 0], states = 1.0, []
        for t in range(seen.shape[1]):
            done = state[:, 0] + state[:, end]
            state = np.concatenate(
                [done[:, None] * (1 - self.rate), done[:, None] * self.rate, state[:, 1:end]], 1
            )
            state *= seen[:, t]
            total = state.sum(1)
            log_p += np.log(total)
            state /= total[:, None]
            states.append(state)
        return states, log_p + np.log(state[:, 0] + state[:, end])  # no site is cut off

    def marginals(self, x: ArrayLike, gaps: Sequence[int]) -> tuple[Numbers, Numbers, float]:
        r"""What is known of missing letters and of the sites, by forward–backward.

        Parameters
        ----------
        x : array, shape (length,)
            What stands at the gaps is not looked at.
        gaps : sequence of int

        Returns
        -------
        marginals : array, shape (length, A)
        states : array, shape (length, w + 1)
            Column 1: the probability that a site begins there.
        log_z : float
            :math:`\log\sum e^{-E}` over all fillings.
        """
        table = self.letters
        x = check_codes(x, table.shape[1], "x")
        missing = np.zeros(len(x), bool)
        for gap in gaps:
            if _inputs.count(gap, "gaps", 0) >= len(x):
                raise ValueError(f"gaps must lie in x, got {gap} for {len(x)} letters")
            missing[gap] = True
        seen = np.where(missing[:, None], 1.0, table.T[x])
        forward, log_z = self._forward(seen[None])
        end, rate = len(table) - 1, self.rate
        later = np.zeros(end + 1)
        later[[0, end]] = 1
        states = np.empty((len(x), end + 1))
        for t in reversed(range(len(x))):
            states[t] = forward[t][0] * later
            states[t] /= states[t].sum()
            ahead = seen[t] * later
            leave = (1 - rate) * ahead[0] + rate * ahead[1]
            later = np.append(np.insert(ahead[2:], 0, leave), leave)
            later /= later.sum()
        letters = np.where(missing[:, None], states @ table, 0.0)
        letters[~missing, x[~missing]] = 1
        return letters, states, float(log_z[0])
