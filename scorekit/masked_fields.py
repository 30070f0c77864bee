r"""A Gaussian field seen through a mask: the Wiener mean, and exact draws of the posterior.

A survey sees the field x of power P where ``keep`` is true, with independent noise:
:math:`y = Ax + \tau n`. The posterior is normal. With C the prior's covariance, x = C^½ u and u
white, its mean solves

.. math:: (I + \tau^{-2}\,C^{1/2}A^\top A\,C^{1/2})\,u = \tau^{-2}\,C^{1/2}A^\top y,
          \qquad m = C^{1/2}u ,

where C^½ is two FFTs and AᵀA a mask: no matrix is ever written down. The eigenvalues lie between 1
and 1 + max P/τ², so conjugate gradients need about the square root of that many steps. A pinned
mean needs no care: C^½ removes it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import Array
from .gaussian_fields import GaussianField

__all__ = ["constrained_draws", "wiener_mean"]


def wiener_mean(
    p: GaussianField,
    keep: ArrayLike,
    y: ArrayLike,
    tau: float,
    *,
    tol: float = 1e-8,
    max_steps: int = 2000,
) -> Array:
    """E[x | y] by conjugate gradients, all fields of a batch at once.

    Parameters
    ----------
    p : GaussianField
    keep : boolean array, of the shape of one field
        True where the survey sees.
    y : array, (n, *shape)
        Measurements; what stands where ``keep`` is false is not read, and may be NaN.
    tau : float
        Standard deviation of the noise of one cell.
    tol : float
        The residual to stop at, relative to the right-hand side.
    max_steps : int

    Returns
    -------
    array, (n, *shape)

    Raises
    ------
    ValueError, TypeError
        For a mask or measurements of another shape, or a mask that sees nothing.
    RuntimeError
        If ``max_steps`` were not enough.
    """
    tau, tol = _inputs.positive(tau, "tau"), _inputs.positive(tol, "tol")
    max_steps = _inputs.count(max_steps, "max_steps")
    seen = _seen(p, keep)
    if np.shape(y)[1:] != p.shape:
        raise ValueError(
            f"y must be a batch of fields of shape {p.shape}, got shape {np.shape(y)}; "
            "one field alone is y[None]"
        )
    y = p._fields(np.where(seen, y, 0), "y")
    dtype, y = y.dtype, y.astype(float)  # the residual falls below what float32 resolves
    axes = tuple(range(1, y.ndim))

    def dot(a: Array, b: Array) -> Array:
        return np.asarray((a * b).sum(axes, keepdims=True))

    right = p.colour(y) / tau**2
    u, residual = np.zeros_like(right), right.copy()
    direction, square = residual.copy(), dot(residual, residual)
    goal = tol**2 * square
    for _ in range(max_steps):
        if (square <= goal).all():
            return p.colour(u).astype(dtype)
        image = direction + p.colour(seen * p.colour(direction)) / tau**2
        # A field that is done has direction 0, and must not divide by it.
        length = square / np.maximum(dot(direction, image), np.finfo(float).tiny)
        u += length * direction
        residual -= length * image
        new = dot(residual, residual)
        direction = residual + new / np.maximum(square, np.finfo(float).tiny) * direction
        square = new
    left = float(np.sqrt((square / np.maximum(goal, np.finfo(float).tiny)).max()) * tol)
    raise RuntimeError(
        f"conjugate gradients left a relative residual of {left:.2g} after max_steps={max_steps}"
    )


def constrained_draws(
    p: GaussianField,
    keep: ArrayLike,
    y: ArrayLike,
    tau: float,
    n: int,
    *,
    rng: np.random.Generator,
    tol: float = 1e-8,
) -> Array:
    r"""Exact draws of x given one y (Hoffman & Ribak 1991): a constrained realisation.

    Draw a field x' and a survey y' of it; then x' + E[x | y - y'] has the posterior's law, because
    the error of the Wiener mean does not depend on what was measured.

    Parameters
    ----------
    p, keep, tau, tol
        As for :func:`wiener_mean`.
    y : array, of the shape of one field
    n : int
        How many draws.
    rng : numpy.random.Generator

    Returns
    -------
    array, (n, *shape)
    """
    tau, seen = _inputs.positive(tau, "tau"), _seen(p, keep)
    if np.shape(y) != p.shape:
        raise ValueError(f"y must be one field of shape {p.shape}, got shape {np.shape(y)}")
    x = p.sample(n, rng=rng)
    survey = x + tau * rng.standard_normal(x.shape)
    return x + wiener_mean(p, seen, np.where(seen, y, 0.0) - survey, tau, tol=tol)


def _seen(p: GaussianField, keep: ArrayLike) -> NDArray[np.bool_]:
    seen = np.asarray(keep)
    if seen.dtype != bool:
        raise TypeError(f"keep must be a boolean array, got {_inputs.describe(seen)}")
    if seen.shape != p.shape:
        raise ValueError(f"keep must have the shape {p.shape} of one field, got {seen.shape}")
    if not seen.any():
        raise ValueError("keep must be true somewhere, got a mask that sees nothing")
    return seen
