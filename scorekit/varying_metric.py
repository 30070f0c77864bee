r"""Langevin with a preconditioner M(x) that depends on the place.

Throughout, ``metric`` maps points (n, d) to the diagonals (n, d) of M(x), or to the matrices
(n, d, d); ``divergence`` to :math:`(\nabla\!\cdot M)_i=\sum_j\partial_jM_{ij}`, (n, d). Another
name for M⁻¹ is the metric of a curved space, in which this is the Langevin diffusion.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import (
    Array,
    Field,
    LogProb,
    Trace,
    arguments,
    finite_start,
    moved,
    one_each,
    score_at,
    watch,
)


def varying_ula(
    score: Field,
    metric: Field,
    divergence: Field | None,
    x: ArrayLike,
    step: float,
    steps: int,
    *,
    rng: np.random.Generator,
    keep_every: int = 0,
) -> Trace:
    r"""Unadjusted Langevin with a position-dependent M.

    .. math:: x &\leftarrow x + \eta\,\big(M(x)s(x) + (\nabla\!\cdot M)(x)\big)
              + \sqrt{2\eta}\,M(x)^{1/2}z \\ (\nabla\!\cdot M)_i &= \sum_j\partial_jM_{ij}

    (Roberts & Stramer 2002; Ma, Chen & Fox 2015.) For small steps it rests at p. Without the
    divergence it does not: in one dimension it rests at p/M.

    Parameters
    ----------
    score : callable, (n, d) to (n, d)
    metric : callable, (n, d) to (n, d) or (n, d, d)
    divergence : callable, (n, d) to (n, d), or None
        None leaves it out: right for a constant M only, and for showing what goes wrong.
    x, step, steps, rng, keep_every
        As for :func:`scorekit.langevin.ula`.

    Raises
    ------
    ValueError, TypeError
        As :func:`~scorekit.langevin.ula`, and if M(x) is not symmetric positive definite.
    Diverged
        If a chain becomes infinite or NaN.
    """
    start, step, steps, keep_every = arguments(_inputs.points(x), step, steps, rng, keep_every)
    x = start.copy()
    kept = np.empty((steps // keep_every if keep_every else 0, *x.shape), x.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(1, steps + 1):
            mean, root = _proposal(score_at(score, x), metric, divergence, x, step)
            z = rng.standard_normal(x.shape, x.dtype)
            x = mean + x.dtype.type(np.sqrt(2 * step)) * _apply(root, z)
            watch(x, k, step)
            if keep_every and k % keep_every == 0:
                kept[k // keep_every - 1] = x
    return Trace(x, kept, np.ones(len(x)), steps)


def varying_mala(
    log_prob: LogProb,
    score: Field,
    metric: Field,
    divergence: Field | None,
    x: ArrayLike,
    step: float,
    steps: int,
    *,
    rng: np.random.Generator,
    keep_every: int = 0,
) -> Trace:
    r"""The step of :func:`varying_ula` as a proposal, accepted as in Metropolis–Hastings.

    The way back starts with another M, so the ratio of proposals
    :math:`q(x\mid y)/q(y\mid x)` holds :math:`\sqrt{\det M(x)/\det M(y)}` too. p is invariant
    with or without the divergence: it only says how good the proposals are.

    Parameters and errors are those of :func:`varying_ula` and :func:`scorekit.langevin.mala`.
    """
    start, step, steps, keep_every = arguments(_inputs.points(x), step, steps, rng, keep_every)
    x = start.copy()
    kept = np.empty((steps // keep_every if keep_every else 0, *x.shape), x.dtype)
    accepted, spread = np.zeros(len(x)), x.dtype.type(np.sqrt(2 * step))
    lp, s = one_each(log_prob(x), x), score_at(score, x)
    finite_start(lp, s)
    mean, root = _proposal(s, metric, divergence, x, step)
    for k in range(1, steps + 1):
        z = rng.standard_normal(x.shape, x.dtype)
        y = mean + spread * _apply(root, z)
        lp_y = one_each(log_prob(y), y)
        mean_y, root_y = _proposal(score_at(score, y), metric, divergence, y, step)
        back = _solve(root_y, x - mean_y) / spread
        ratio = lp_y - lp + (z**2 - back**2).sum(1) / 2 + _log_det(root) - _log_det(root_y)
        accept = rng.random(len(x)) < np.exp(np.minimum(ratio, 0))
        x, mean = moved(x, y, accept), moved(mean, mean_y, accept)
        lp, root = moved(lp, lp_y, accept), moved(root, root_y, accept)
        accepted += accept
        if keep_every and k % keep_every == 0:
            kept[k // keep_every - 1] = x
    return Trace(x, kept, accepted / steps, steps + 1)


def _proposal(
    s: Array, metric: Field, divergence: Field | None, x: Array, step: float
) -> tuple[Array, Array]:
    """Where the step from x leads on average, and a root of M(x): a diagonal or Cholesky's L."""
    m = np.asarray(metric(x))
    n, d = x.shape
    if m.dtype != x.dtype or m.shape not in ((n, d), (n, d, d)):
        raise ValueError(
            f"metric must return an array of shape {(n, d)} or {(n, d, d)} and dtype {x.dtype}, "
            f"got {_inputs.describe(m)}"
        )
    _inputs.finite(m, "metric(x)")
    if m.ndim == 2:
        if (m <= 0).any():
            raise ValueError(f"metric must be positive, got an entry of {m.min():.3g}")
        root = np.asarray(np.sqrt(m))
    else:
        gap, eps = np.abs(m - m.transpose(0, 2, 1)).max(), np.finfo(m.dtype).eps
        if gap > 1e4 * eps * np.abs(m).max():
            raise ValueError(f"metric must be symmetric, got one off its transpose by {gap:.3g}")
        root = _inputs.spd_root(m, "metric")
    drift = _apply(m, s)
    if divergence is not None:
        drift = drift + score_at(divergence, x, "divergence")
    return x + x.dtype.type(step) * drift, root


def _apply(m: Array, v: Array) -> Array:
    return m * v if m.ndim == 2 else np.asarray((m @ v[:, :, None])[:, :, 0])


def _solve(root: Array, v: Array) -> Array:
    return v / root if root.ndim == 2 else np.asarray(np.linalg.solve(root, v[:, :, None])[:, :, 0])


def _log_det(root: Array) -> NDArray[np.floating]:
    diagonal = root if root.ndim == 2 else np.diagonal(root, axis1=1, axis2=2)
    return np.asarray(np.log(diagonal).sum(1))
