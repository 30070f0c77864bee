r"""Langevin samplers: unadjusted (ULA) and Metropolis-adjusted (MALA), with a preconditioner.

One step of both is :math:`x \leftarrow x + \eta\,M s(x) + \sqrt{2\eta}\,M^{1/2} z` with
:math:`z\sim N(0,I)`; without a preconditioner M = I.

Three rules hold for every sampler of the book. The start's dtype, float64 or float32, is kept, and
a score must keep it too. Each step draws normals of the shape of the batch, in C order, as
``rng.standard_normal(x.shape)`` would; MALA then draws one uniform a chain. The start is never
changed in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import (
    Array,
    Diverged,
    Field,
    LogProb,
    Noise,
    Trace,
    arguments,
    blocks,
    finite_start,
    moved,
    one_each,
    score_at,
    watch,
    work_copy,
)

Both = Callable[[Array], tuple[Array, Array]]

__all__ = ["Diverged", "Preconditioner", "Trace", "mala", "preconditioner", "ula"]


@dataclass(frozen=True)
class Preconditioner:
    """A symmetric positive definite M = L Lᵀ, by the action of L and Lᵀ on a batch."""

    root: Field
    root_transposed: Field


def preconditioner(matrix: ArrayLike) -> Preconditioner:
    """M from its diagonal ``(d,)`` or from the matrix ``(d, d)``, with L its Cholesky factor."""
    ndim = 1 if np.ndim(matrix) == 1 else 2
    m = _inputs.parameter(matrix, "precond", ndim)
    if ndim == 1:
        if (m <= 0).any():
            raise ValueError(f"precond must be positive, got a smallest entry of {m.min()!r}")
        scale = np.sqrt(m)
        return Preconditioner(*(2 * [lambda v: v * scale.astype(v.dtype)]))
    lower = _inputs.cholesky(m, "precond")
    return Preconditioner(
        lambda v: v @ lower.T.astype(v.dtype, copy=False),
        lambda v: v @ lower.astype(v.dtype, copy=False),
    )


def ula(
    score: Field,
    x: ArrayLike,
    step: float,
    steps: int,
    *,
    rng: np.random.Generator,
    keep_every: int = 0,
    precond: Preconditioner | ArrayLike | None = None,
) -> Trace:
    r"""Run unadjusted Langevin chains side by side.

    Its stationary law differs from the target by O(η): for :math:`N(0, v)` the variance is
    :math:`v/(1-\eta/2v)`, and the chain is unstable for η ≥ 2v (Roberts & Tweedie 1996,
    *Bernoulli* 2, 341–363).

    Parameters
    ----------
    score : callable, (n, *shape) to (n, *shape)
    x : array, shape (n, *shape)
        The start, one row a chain.
    step : float
        η > 0, in units of x squared (of M⁻¹ x squared with a preconditioner).
    steps : int
    rng : numpy.random.Generator
    keep_every : int
        Keep the state after every so many steps; 0 keeps none, and then memory does not grow.
    precond : Preconditioner, array of shape (d,) or (d, d), optional

    Returns
    -------
    Trace

    Raises
    ------
    ValueError, TypeError
        For a start, step, count or generator that cannot be used, or a score that changes shape
        or dtype.
    Diverged
        If a chain becomes infinite or NaN; the message says at which step.
    """
    start, step, steps, keep_every = arguments(x, step, steps, rng, keep_every)
    m = _preconditioner(precond)
    x = work_copy(start)
    parts = blocks(x) if m is None else [slice(0, len(x))]
    noise, move = Noise(x[parts[0]], rng), np.empty_like(x[parts[0]])
    eta, root = x.dtype.type(step), x.dtype.type(np.sqrt(2 * step))
    kept = np.empty((steps // keep_every if keep_every else 0, *x.shape), x.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(1, steps + 1):
            s = score_at(score, x)
            for chains in parts:
                here = x[chains]
                z = noise.draw(len(here))
                if m is None:
                    here += np.multiply(s[chains], eta, out=move[: len(here)])
                    z *= root
                    here += z
                else:  # L (η Lᵀ s + √(2η) z)
                    here += m.root(eta * m.root_transposed(s) + root * z)
            watch(x, k, step)
            if keep_every and k % keep_every == 0:
                kept[k // keep_every - 1] = x
    return Trace(np.ascontiguousarray(x), kept, np.ones(len(x)), steps)


def mala(
    log_prob: LogProb,
    score: Field,
    x: ArrayLike,
    step: float,
    steps: int,
    *,
    rng: np.random.Generator,
    keep_every: int = 0,
    precond: Preconditioner | ArrayLike | None = None,
    both: Both | None = None,
) -> Trace:
    r"""Run Metropolis-adjusted Langevin chains side by side: the target is left invariant.

    A ULA step proposes y, accepted with probability
    :math:`\min\{1,\ p(y)\,q(x\mid y)\,/\,p(x)\,q(y\mid x)\}` (Roberts & Tweedie 1996). The noise
    that would lead back is :math:`z' = -(z + w)`, :math:`w = \sqrt{\eta/2}\,L^\top(s(x)+s(y))`,
    so the ratio of proposals is :math:`\exp(-w\cdot(2z+w)/2)`.

    Parameters
    ----------
    log_prob : callable, (n, *shape) to (n,)
        Unnormalised will do.
    score, x, step, steps, rng, keep_every, precond
        As for :func:`ula`.
    both : callable, optional
        Returns ``(log_prob(x), score(x))`` where that is cheaper than two calls.

    Returns
    -------
    Trace

    Raises
    ------
    ValueError, TypeError
        As :func:`ula`, and if log_prob or score is not finite at the start. MALA cannot diverge:
        a step too large shows as an acceptance of 0.
    """
    start, step, steps, keep_every = arguments(x, step, steps, rng, keep_every)
    m = _preconditioner(precond)
    evaluate = both or (lambda y: (log_prob(y), score(y)))
    x = work_copy(start)
    propose = MalaStep(x, rng, m)
    kept = np.empty((steps // keep_every if keep_every else 0, *x.shape), x.dtype)
    accepted = np.zeros(len(x), np.int64)
    # Copies: a caller may compute in one array again and again.
    lp, s = (np.array(a, order="K") for a in _both_at(evaluate, x))
    finite_start(lp, s)
    for k in range(1, steps + 1):
        y, lp_y, s_y, accept = propose(x, lp, s, evaluate, step)
        x, s, lp = moved(x, y, accept), moved(s, s_y, accept), moved(lp, lp_y, accept)
        accepted += accept
        if keep_every and k % keep_every == 0:
            kept[k // keep_every - 1] = x
    return Trace(np.ascontiguousarray(x), kept, accepted / max(steps, 1), steps + 1)


class MalaStep:
    """One step of MALA for a batch like ``x``, with arrays to compute in."""

    def __init__(self, x: Array, rng: np.random.Generator, m: Preconditioner | None = None) -> None:
        self.noise, self.rng, self.m = Noise(x, rng), rng, m
        self.y, self.w = np.empty_like(x), np.empty_like(x)

    def __call__(
        self, x: Array, lp: Array, s: Array, evaluate: Both, step: float
    ) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
        """Where the chains would go, log p and score there, and which of them accept.

        The first is overwritten by the next call.
        """
        y, w, z, m, kind = self.y, self.w, self.noise.draw(), self.m, x.dtype.type
        eta, root = kind(step), kind(np.sqrt(2 * step))
        if m is None:
            np.multiply(s, eta, out=y)
            y += np.multiply(z, root, out=w)
        else:
            y[...] = m.root(eta * m.root_transposed(s) + root * z)
        y += x
        lp_y, s_y = _both_at(evaluate, y)
        np.add(s, s_y, out=w)
        if m is not None:
            w[...] = m.root_transposed(w)
        w *= kind(np.sqrt(step / 2))
        z *= 2
        z += w
        log_ratio = lp_y - lp - _dots(w, z) / 2
        accept = self.rng.random(len(x)) < np.exp(np.minimum(log_ratio, 0))
        return y, lp_y, s_y, accept


def _preconditioner(precond: Preconditioner | ArrayLike | None) -> Preconditioner | None:
    if precond is None or isinstance(precond, Preconditioner):
        return precond
    return preconditioner(precond)


def _dots(a: Array, b: Array) -> Array:
    """The inner product of each row with the other's. Adds in pairs where rows may be long."""
    if a.ndim == 2:
        return np.asarray(np.einsum("ij,ij->i", a, b))
    return np.asarray((a * b).sum(tuple(range(1, a.ndim))))


def _both_at(evaluate: Both, x: Array) -> tuple[Array, Array]:
    lp, s = evaluate(x)
    return one_each(lp, x), score_at(lambda _: s, x)
