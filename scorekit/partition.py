r"""Ratios of partition functions by annealed importance sampling (Neal 2001).

Two unnormalised densities :math:`f_0, f_1` with :math:`Z_i=\int f_i` are joined by
:math:`f_\beta=f_0^{1-\beta}f_1^\beta`, whose score is :math:`s_\beta=(1-\beta)s_0+\beta s_1`.
Walkers start as exact draws of :math:`p_0`. At each temperature a walker's weight takes the ratio
of the next density to this one, then the walker moves:

.. math:: \log w=\sum_{k=1}^K(\beta_k-\beta_{k-1})\,(\log f_1-\log f_0)(x_{k-1}),
          \qquad x_k\sim T_k(\cdot\mid x_{k-1}) .

If each :math:`T_k` leaves :math:`p_{\beta_k}` *invariant*, then :math:`\mathbb E\,w=Z_1/Z_0`,
whether or not the walkers have equilibrated. The same with :math:`p_0` and :math:`p_1` exchanged
is the reverse run. ``scorekit.weights`` says what to make of the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import Array, Field, LogProb, blocks, finite_start, moved, one_each, work_copy
from .langevin import MalaStep, ula

Floats = NDArray[np.float64]


class Target(Protocol):
    """What has a log density, known up to a constant, and a score."""

    @property
    def log_prob(self) -> LogProb:
        """log f: ``(n, *shape)`` in, ``(n,)`` out."""

    @property
    def score(self) -> Field:
        """∇ log f: the same shape in and out."""


@dataclass(frozen=True)
class Unnormalised:
    """A density by its two functions, such as a posterior: log prior + log likelihood."""

    log_prob: LogProb
    score: Field


@dataclass(frozen=True, eq=False)
class Annealed:
    """What a run returns.

    ``log_weights``, ``(n,)``. ``x``, ``(n, *shape)``: with these weights, draws of p₁.
    ``acceptance``, ``(K - 1,)``: the accepted share at each inner temperature, 1 for ULA.
    ``spread``, ``(K,)``: standard deviation over the walkers of log f₁ - log f₀ at
    β₀ … β_{K-1}: where it is large, temperatures should lie close.
    """

    log_weights: Floats
    x: Array
    acceptance: Floats
    spread: Floats


def ais(
    p0: Target,
    p1: Target,
    x: ArrayLike,
    betas: ArrayLike,
    step: ArrayLike,
    *,
    rng: np.random.Generator,
    moves: int = 1,
    adjusted: bool = True,
) -> Annealed:
    r"""Annealed importance sampling from p₀ to p₁ with Langevin moves.

    About 65 000 numbers make the whole way together, as many walkers as that is, then the next
    ones: they stay in the cache. That is also the order of the random numbers.

    Parameters
    ----------
    p0, p1 : objects with ``log_prob`` and ``score``
        Densities up to a constant. If they also have ``log_prob_and_score``, it is used.
    x : array, shape (n, *shape)
        *Exact* draws of p₀, float64 or float32.
    betas : array, shape (K + 1,)
        Increasing, from 0 to 1.
    step : float or array, shape (K + 1,)
        η > 0, for all temperatures or one for each; the two at the ends are not used.
    rng : numpy.random.Generator
    moves : int
        Steps at each inner temperature.
    adjusted : bool
        MALA, which leaves p_β invariant; or else ULA, which does not: the mean weight is then
        biased, and more temperatures do not cure it.

    Returns
    -------
    Annealed

    Raises
    ------
    ValueError, TypeError
        For temperatures that do not go from 0 to 1, and whatever the samplers refuse.
    """
    _inputs.generator(rng)
    b, moves = temperatures(betas), _inputs.count(moves, "moves")
    etas = step_sizes(step, b)
    x = np.array(_inputs.batch(x), order="C")
    log_w, parts, inner = np.zeros(len(x)), blocks(x), range(1, len(b) - 1)
    means, variances = np.empty((2, len(parts), len(b) - 1))
    acceptance = np.zeros(len(inner))
    for i, part in enumerate(parts):
        here, share = _Ends(p0, p1, x[part], rng), len(x[part]) / len(x)
        for k in range(1, len(b)):
            log_w[part] += (b[k] - b[k - 1]) * here.gap
            means[i, k - 1], variances[i, k - 1] = here.gap.mean(), here.gap.var()
            if k in inner:
                move = here.mala_step if adjusted else here.ula_step
                accepted = [move(float(b[k]), float(etas[k])) for _ in range(moves)]
                acceptance[k - 1] += share * np.mean(accepted)
        x[part] = here.x
    if not np.isfinite(log_w).all():
        raise ValueError("log_prob must be finite where the walkers go, got NaN or infinity")
    shares = [len(x[part]) / len(x) for part in parts]
    spread = np.sqrt(np.average(variances + (means - np.average(means, 0, shares)) ** 2, 0, shares))
    return Annealed(log_w, x, acceptance, spread)


class _Ends:
    """The walkers, with both ends' log densities and scores there, so that none is asked twice."""

    def __init__(self, p0: Target, p1: Target, x: Array, rng: np.random.Generator) -> None:
        self.ends = [getattr(p, "log_prob_and_score", None) or _two_calls(p) for p in (p0, p1)]
        self.x, self.rng = work_copy(x), rng
        self.propose = MalaStep(self.x, rng)
        # Copies: a density may compute in one array again and again, and these are written into.
        self.at_x = tuple(np.array(a, order="K") for a in self._evaluate(self.x))
        finite_start(self.gap, self.at_x[3])

    def _evaluate(self, x: Array) -> tuple[Array, ...]:
        (l0, s0), (l1, s1) = (end(x) for end in self.ends)
        l0, l1 = one_each(l0, x), one_each(l1, x)
        return l0, s0, l1 - l0, s1 - s0

    @property
    def gap(self) -> Array:
        return self.at_x[2]

    def mala_step(self, beta: float, step: float) -> float:
        at_y = self.at_x

        def both(y: Array) -> tuple[Array, Array]:
            nonlocal at_y
            at_y = self._evaluate(y)
            return _between(at_y, beta)

        y, _, _, accept = self.propose(self.x, *_between(self.at_x, beta), both, step)
        self.x = moved(self.x, y, accept)
        self.at_x = tuple(moved(old, new, accept) for old, new in zip(self.at_x, at_y, strict=True))
        return float(accept.mean())

    def ula_step(self, beta: float, step: float) -> float:
        _, s = _between(self.at_x, beta)
        self.x = ula(lambda _: s, self.x, step, 1, rng=self.rng).x
        self.at_x = self._evaluate(self.x)
        return 1.0


def _between(ends: tuple[Array, ...], beta: float) -> tuple[Array, Array]:
    """log f_β and its score, from log f₀, s₀ and what f₁ has more."""
    l0, s0, gap, pull = ends
    return l0 + beta * gap, s0 + beta * pull


def _two_calls(p: Target) -> Callable[[Array], tuple[Array, Array]]:
    return lambda x: (p.log_prob(x), p.score(x))


def temperatures(betas: ArrayLike) -> Floats:
    """Return the temperatures, or raise unless they increase from 0 to 1."""
    b = _inputs.parameter(betas, "betas", 1)
    if len(b) < 2 or b[0] != 0 or b[-1] != 1:
        raise ValueError(
            f"betas must go from 0 to 1, got {len(b)} of them from {b[0]:g} to {b[-1]:g}"
        )
    one_way(b, "betas", 1)
    return b


def respaced(betas: ArrayLike, spread: ArrayLike, count: int) -> Floats:
    r"""``count`` + 1 temperatures between which :math:`\int\mathrm{sd}_\beta\,d\beta` is equal.

    With perfect moves :math:`\mathrm{Var}\log w\approx\sum(\Delta\beta)^2\,\mathrm{Var}_\beta`; for
    a given K that is least when all terms are equal. ``spread`` comes from a short run,
    :class:`Annealed`.
    """
    b, count = temperatures(betas), _inputs.count(count, "count")
    sd = _inputs.parameter(spread, "spread", 1)
    if sd.shape != (len(b) - 1,) or not (sd > 0).all():
        raise ValueError(
            f"spread must hold {len(b) - 1} positive numbers, one an interval of betas, "
            f"got {_inputs.describe(sd)}"
        )
    length = np.concatenate([[0.0], np.cumsum(sd * np.diff(b))])
    new = np.interp(np.linspace(0, length[-1], count + 1), length, b)
    new[0], new[-1] = 0, 1
    return np.asarray(new)


def one_way(values: Floats, name: str, way: float) -> None:
    """Raise unless the values increase, or for a negative ``way`` decrease."""
    wrong = np.flatnonzero(way * np.diff(values) <= 0)
    if wrong.size:
        i = int(wrong[0])
        raise ValueError(
            f"{name} must {'increase' if way > 0 else 'decrease'}, "
            f"got {values[i]:g} then {values[i + 1]:g} at index {i}"
        )


def step_sizes(step: ArrayLike, betas: Floats) -> Floats:
    """One step a temperature, from one for all or from as many."""
    if np.ndim(step) == 0:
        return np.full(len(betas), _inputs.positive(step, "step"))
    etas = _inputs.parameter(step, "step", 1)
    if etas.shape != betas.shape or (etas <= 0).any():
        raise ValueError(
            f"step must be one positive number or {len(betas)} of them, one a temperature, "
            f"got {_inputs.describe(etas)} with a smallest of {etas.min():g}"
        )
    return etas
