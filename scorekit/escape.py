r"""How long a walker needs to get somewhere: by simulation, and on a line exactly."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import Array, Field, score_at, watch


def first_passage(
    score: Field,
    x: ArrayLike,
    step: float,
    arrived: Callable[[Array], NDArray[np.bool_]],
    *,
    max_steps: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    r"""Run ULA chains until each has arrived; return the times, number of steps · η.

    Each step draws normals for the chains that are still walking, and for those only. Seen only
    at multiples of η and with ULA's own error, the mean time differs from that of the diffusion
    :math:`dX=s\,dt+\sqrt2\,dW`, by O(η) where a chain cannot miss the goal for long.

    Parameters
    ----------
    score : callable, (n, *shape) to (n, *shape)
    x : array, shape (n, *shape)
    step : float
    arrived : callable, (n, *shape) to a boolean array (n,)
    max_steps : int
    rng : numpy.random.Generator

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    RuntimeError
        If a chain has not arrived after ``max_steps``: the mean over the others would be too low.
    ValueError, TypeError, Diverged
        As :func:`scorekit.langevin.ula`; and if ``arrived`` returns anything else.
    """
    walking, rng = np.array(_inputs.batch(x)), _inputs.generator(rng)
    step, max_steps = _inputs.positive(step, "step"), _inputs.count(max_steps, "max_steps")
    eta, root = walking.dtype.type(step), walking.dtype.type(math.sqrt(2 * step))
    times, number = np.zeros(len(walking)), np.arange(len(walking))
    for k in range(max_steps + 1):
        there = arrived(walking)
        if (
            not isinstance(there, np.ndarray)
            or there.shape != (len(walking),)
            or there.dtype != bool
        ):
            raise ValueError(
                f"arrived must return a boolean array of shape {(len(walking),)}, "
                f"got {_inputs.describe(there)}"
            )
        if there.any():
            times[number[there]] = k * step
            walking, number = walking[~there], number[~there]
            if not len(walking):
                return times
        if k < max_steps:
            drift = eta * score_at(score, walking)
            walking += drift
            walking += root * rng.standard_normal(walking.shape, dtype=walking.dtype.type)
            watch(walking, k + 1, step)
    raise RuntimeError(
        f"{len(walking)} of {len(times)} chains have not arrived after max_steps={max_steps}"
    )


def mean_escape_time(energy: Callable[[float], float], start: float, goal: float) -> float:
    r"""The mean time in which a diffusion on the line first gets from ``start`` up to ``goal``.

    .. math:: T = \int_a^b dy\; e^{E(y)} \int_{-\infty}^y dz\; e^{-E(z)}

    for :math:`dX=-E'(X)\,dt+\sqrt2\,dW` (Gardiner 2009, *Stochastic Methods*, §5.5).

    Parameters
    ----------
    energy : callable, float to float
        E must rise fast enough to the left for :math:`\int_{-\infty}e^{-E}` to exist.
    start, goal : float
        a < b.

    Returns
    -------
    float
        Within a relative error of about 1e-9.

    Raises
    ------
    ValueError
        If ``goal`` is not above ``start``, or the integral does not converge.
    """
    from scipy.integrate import dblquad

    if not start < goal:
        raise ValueError(f"goal must be above start={start!r}, got {goal!r}")
    value, error = dblquad(
        lambda z, y: math.exp(energy(y) - energy(z)),
        start,
        goal,
        -np.inf,
        lambda y: y,
        epsabs=0,
        epsrel=1e-9,
    )
    if not (math.isfinite(value) and error < 1e-6 * value):
        raise ValueError(f"energy must give a finite time, got {value:.6g} ± {error:.1g}")
    return float(value)
