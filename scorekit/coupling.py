"""Two walkers with the same kicks: how fast Langevin forgets where it started."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import Field, Noise, score_at, watch


def contraction(kappa: float, largest: float, step: float) -> float:
    r"""The factor by which one step of Langevin brings two coupled walkers together, at worst.

    .. math:: \max(|1-\eta\kappa|,\ |1-\eta L|)
              = 1-\eta\kappa\quad\text{if}\quad\eta\le 2/(\kappa+L),\text{ else }\eta L-1

    for a density with curvature between κ > 0 and L (Nesterov 2018, *Lectures on Convex
    Optimization*, §2.1.5). At 1 or above nothing is guaranteed: that is η ≥ 2/L, or κ = 0.

    Parameters
    ----------
    kappa, largest : float
        0 ≤ κ ≤ L.
    step : float

    Raises
    ------
    ValueError, TypeError
        If the three are not in order and positive.
    """
    largest, step = _inputs.positive(largest, "largest"), _inputs.positive(step, "step")
    if not 0 <= kappa <= largest:
        raise ValueError(f"kappa must be between 0 and largest={largest:g}, got {kappa!r}")
    return max(abs(1 - step * kappa), abs(1 - step * largest))


def coupled_distances(
    score: Field,
    x: ArrayLike,
    y: ArrayLike,
    step: float,
    steps: int,
    *,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Run ULA from two starts with the *same* kicks, and return how far apart the pairs are.

    This is the synchronous coupling. If y starts from the law at which ULA rests, the root mean
    square of the distances bounds the Wasserstein distance of x's law from it, step by step.

    Parameters
    ----------
    score : callable, (n, d) to (n, d)
    x, y : arrays, shape (n, d)
    step : float
    steps : int
    rng : numpy.random.Generator
        Draws (n, d) normals a step.

    Returns
    -------
    array, shape (steps + 1, n)
        The distances at the start and after each step.

    Raises
    ------
    ValueError, TypeError, Diverged
        As :func:`scorekit.langevin.ula`, and if the starts differ in shape or dtype.
    """
    a, b = np.array(_inputs.points(x)), np.array(_inputs.points(y, name="y"))
    if a.shape != b.shape or a.dtype != b.dtype:
        raise ValueError(f"y must be {_inputs.describe(a)}, as x is, got {_inputs.describe(b)}")
    step, steps = _inputs.positive(step, "step"), _inputs.count(steps, "steps")
    noise = Noise(a, rng)
    eta, root = a.dtype.type(step), a.dtype.type(math.sqrt(2 * step))
    apart = np.empty((steps + 1, len(a)))
    apart[0] = np.linalg.norm(a - b, axis=1)
    for k in range(1, steps + 1):
        kick = root * noise.draw()
        for walkers in (a, b):
            walkers += eta * score_at(score, walkers)
            walkers += kick
            watch(walkers, k, step)
        apart[k] = np.linalg.norm(a - b, axis=1)
    return apart
