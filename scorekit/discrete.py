r"""Metropolis–Hastings where there is no gradient: states of finitely many sites and values.

:func:`metropolis` samples; :func:`transition_matrix` writes the same chain down whole, where the
states can be counted. Both take a proposal of ``scorekit.proposals``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from . import _inputs
from .chains import Trace, moved
from .proposals import Numbers, Proposal, States

Energy = Callable[[States], NDArray[Any]]
Rule = Callable[[Numbers], NDArray[Any]]


def metropolis_rule(log_ratio: Numbers) -> Numbers:
    """Accept with probability min{1, r}: of all right rules the one that moves most often."""
    return np.exp(np.minimum(log_ratio, 0))


def barker_rule(log_ratio: Numbers) -> Numbers:
    """Accept with probability r/(1 + r) (Barker 1965, *Aust. J. Phys.* 18, 119–134)."""
    return np.asarray(expit(log_ratio))


def metropolis(
    energy: Energy,
    propose: Proposal,
    x: ArrayLike,
    steps: int,
    *,
    rng: np.random.Generator,
    keep_every: int = 0,
    difference: Callable[[States, States], NDArray[Any]] | None = None,
    accept: Rule = metropolis_rule,
    hastings: bool = True,
) -> Trace:
    r"""Run Metropolis–Hastings chains side by side (Hastings 1970, *Biometrika* 57, 97–109).

    Each step proposes y from q(y|x) and accepts it with probability :math:`\min\{1, r\}`,
    :math:`r = e^{-E(y)+E(x)}\,q(x\mid y)/q(y\mid x)`, else stays. It draws what the proposal draws,
    then one uniform a chain.

    Parameters
    ----------
    energy : callable, (n, *shape) to (n,)
    propose : Proposal
    x : array, shape (n, *shape)
        The start, one state a chain. Its dtype is kept.
    steps : int
    rng : numpy.random.Generator
    keep_every : int
        Keep the state after every so many steps; 0 keeps none.
    difference : callable, optional
        ``difference(x, y)`` is E(y) - E(x) where that is cheaper than two energies.
    accept : callable
        The probability of acceptance as a function of log r.
    hastings : bool
        False leaves q out of r: wrong, unless q is symmetric.

    Returns
    -------
    Trace

    Raises
    ------
    ValueError, TypeError
        For a start, count or generator that cannot be used, an energy of the wrong shape, or one
        that is NaN. An energy of +inf is a state that is never entered.
    """
    state = np.array(x)
    if state.ndim < 2 or state.size == 0:
        raise ValueError(
            f"x must be a non-empty batch of shape (n, *shape), got {_inputs.describe(state)}"
        )
    steps = _inputs.count(steps, "steps", 0)
    keep_every = _inputs.count(keep_every, "keep_every", 0)
    _inputs.generator(rng)
    n = len(state)
    kept = np.empty((steps // keep_every if keep_every else 0, *state.shape), state.dtype)
    accepted = np.zeros(n, np.int64)
    now = _energy_at(energy, state)
    for k in range(1, steps + 1):
        y, log_q = propose.draw(state, rng)
        after = now if difference else _energy_at(energy, y)
        rise = difference(state, y) if difference else after - now
        log_ratio = -np.asarray(rise, float) + (np.asarray(log_q, float) if hastings else 0)
        if np.isnan(log_ratio).any():
            raise ValueError(f"energy must not be NaN, got NaN for a proposal at step {k}")
        yes = rng.random(n) < accept(log_ratio)
        state, now = moved(state, y, yes), moved(now, after, yes)
        accepted += yes
        if keep_every and k % keep_every == 0:
            kept[k // keep_every - 1] = state
    return Trace(state, kept, accepted / max(steps, 1), steps + 1)


def _energy_at(energy: Energy, x: States) -> Numbers:
    e = np.asarray(energy(x), float)
    if e.shape != (len(x),):
        raise ValueError(
            f"energy must return one number a state, shape {(len(x),)}, got {_inputs.describe(e)}"
        )
    return e


def all_states(values: Sequence[int], shape: tuple[int, ...]) -> States:
    """All arrays of a shape whose entries are among the values, ``(len(values)**size, *shape)``."""
    sites = int(np.prod(shape))
    if len(values) ** sites > 2**20:
        raise ValueError(f"shape must leave at most 2**20 states, got {len(values)}**{sites}")
    return np.array(list(product(values, repeat=sites)), np.int64).reshape(-1, *shape)


def boltzmann(energies: ArrayLike) -> Numbers:
    """The probabilities exp(-E)/Z of states that are all listed."""
    e = np.asarray(energies, float)
    w = np.exp(e.min() - e)
    return np.asarray(w / w.sum())


def transition_matrix(
    energy: Energy,
    propose: Proposal,
    states: ArrayLike,
    *,
    accept: Rule = metropolis_rule,
    hastings: bool = True,
) -> Numbers:
    """The matrix P of a Metropolis–Hastings chain: row x, column y, rows sum to 1.

    Parameters
    ----------
    energy, propose, accept, hastings
        As for :func:`metropolis`. Only ``propose.moves`` is used: q(x|y) is looked up in it.
    states : array, shape (m, *shape)
        All states, each once; the proposal must not leave them.

    Returns
    -------
    array, shape (m, m)
    """
    s = np.asarray(states)
    at = _index(s)
    q = np.zeros((len(s), len(s)))
    for i, x in enumerate(s):
        ys, chances = propose.moves(x)
        np.add.at(q[i], [_look_up(at, y) for y in ys], chances)
    e = _energy_at(energy, s)
    with np.errstate(divide="ignore"):
        back = np.log(q.T, where=q > 0, out=np.zeros_like(q)) - np.log(np.where(q > 0, q, 1))
    p = q * accept(e[:, None] - e + (back if hastings else 0))
    np.fill_diagonal(p, 0)
    np.fill_diagonal(p, 1 - p.sum(1))
    return p


def parallel_matrix(energy: Energy, states: ArrayLike, sites: Sequence[tuple[int, ...]]) -> Numbers:
    """The matrix of a step in which all the ``sites`` of ±1 states decide at once to flip or not.

    Each decides by Metropolis' rule *as if the others stayed*. Where they are neighbours of one
    another that is another chain, and π is not its law.
    """
    s = np.asarray(states)
    at, e = _index(s), _energy_at(energy, s)
    chances = []
    for site in sites:
        y = s.copy()
        at_site: Any = (slice(None), *site)
        y[at_site] *= -1
        chances.append(metropolis_rule(e - _energy_at(energy, y)))
    p = np.zeros((len(s), len(s)))
    for flips in product((False, True), repeat=len(sites)):
        y, chance = s.copy(), np.ones(len(s))
        for site, a, flip in zip(sites, chances, flips, strict=True):
            at_site = (slice(None), *site)
            y[at_site] *= -1 if flip else 1
            chance = chance * (a if flip else 1 - a)
        p[np.arange(len(s)), [_look_up(at, z) for z in y]] += chance
    return p


def _index(states: States) -> dict[bytes, int]:
    at = {s.tobytes(): i for i, s in enumerate(states)}
    if states.ndim < 2 or len(at) != len(states):
        raise ValueError(f"states must be different ones, got {_inputs.describe(states)}")
    return at


def _look_up(at: dict[bytes, int], y: States) -> int:
    if (i := at.get(y.tobytes())) is None:
        raise ValueError(f"states must hold every state that can be proposed, {y.tolist()} is not")
    return i
