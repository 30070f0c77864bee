r"""Where a field leads: flow lines, and the points where a score is zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .vector_fields import Array, Field, evaluate, jacobian


def flow(field: Field, x: ArrayLike, times: ArrayLike, *, rtol: float = 1e-8) -> Array:
    r"""Carry points along a field: solve :math:`\dot x = v(x)` (Dormand & Prince 1980, order 5).

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    x : array, shape (n, d)
        Where the points are at time 0.
    times : array, shape (T,)
        Increasing and non-negative. For a score, time has the units of length squared.
    rtol : float
        Relative error a step.

    Returns
    -------
    array, shape (T, n, d)

    Raises
    ------
    ValueError
        If ``times`` does not increase from 0 or later, or ``x`` or the field is not finite.
    RuntimeError
        If the solver gives up, as on a field that reaches infinity in finite time.
    """
    from scipy.integrate import solve_ivp

    x = _inputs.points(x)
    times = _inputs.parameter(times, "times", 1)
    if times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError(f"times must increase from 0 or later, got {times}")
    solution = solve_ivp(
        lambda _, y: evaluate(field, y.reshape(x.shape)).ravel(),
        (0.0, float(times[-1])) if times[-1] > 0 else (0.0, 1.0),
        np.asarray(x, float).ravel(),
        t_eval=times,
        rtol=_inputs.positive(rtol, "rtol"),
        atol=rtol,
    )
    if not solution.success:
        raise RuntimeError(f"the flow stopped at time {solution.t[-1:]}: {solution.message}")
    return np.asarray(solution.y.T.reshape(len(times), *x.shape), x.dtype)


def distinct(x: ArrayLike, apart: float) -> NDArray[np.float64]:
    """The points ``(k, d)`` that remain when each one closer than ``apart`` to an earlier goes."""
    x = np.asarray(_inputs.points(x), float)
    apart = _inputs.positive(apart, "apart")
    kept: list[int] = []
    for i in range(len(x)):
        if not kept or np.linalg.norm(x[kept] - x[i], axis=1).min() > apart:
            kept.append(i)
    return x[kept]


@dataclass(frozen=True, eq=False)
class StationaryPoint:
    """A point where the score is 0: its place, its kind and the Hessian's eigenvalues."""

    x: NDArray[np.float64]
    kind: str
    eigenvalues: NDArray[np.float64]


def stationary_points(
    score: Field, starts: ArrayLike, *, tol: float = 1e-9, apart: float = 1e-4
) -> list[StationaryPoint]:
    """All the distinct zeros of a score that Newton-like searches from ``starts`` reach.

    Each search is MINPACK's hybrid Powell method. The eigenvalues of the Hessian of log p tell a
    ``"peak"`` (all negative), a ``"pit"`` (all positive), a ``"saddle"`` (both signs), and a
    ``"flat"`` zero (one is 0 within 1e-6 of the largest: the Hessian does not decide). Zeros that
    no start leads to are missed; on a plane peaks − saddles + pits = 1 tells.

    Parameters
    ----------
    score : callable, (n, d) to (n, d)
    starts : array, shape (n, d)
    tol : float
        The largest length of the score that counts as 0.
    apart : float
        Zeros closer than this are the same.

    Returns
    -------
    list of StationaryPoint
        Peaks, then saddles, pits and flat points, each sorted by coordinates.

    Raises
    ------
    ValueError
        If ``starts`` is not a finite batch, or ``tol`` or ``apart`` is not positive.
    """
    from scipy.optimize import root

    starts = np.asarray(_inputs.points(starts, name="starts"), float)
    tol, apart = _inputs.positive(tol, "tol"), _inputs.positive(apart, "apart")
    found: list[NDArray[np.float64]] = []
    for start in starts:
        x = root(lambda y: score(y[None])[0], start, method="hybr", options={"xtol": 1e-13}).x
        residual = np.linalg.norm(score(x[None])) if np.isfinite(x).all() else np.inf
        if residual <= tol:
            found.append(x)
    kinds = ("peak", "saddle", "pit", "flat")
    result = []
    for x in distinct(np.stack(found), apart) if found else ():
        hessian = jacobian(score, x[None])[0]
        values = np.linalg.eigvalsh((hessian + hessian.T) / 2)
        if np.abs(values).min() < 1e-6 * np.abs(values).max():
            kind = "flat"
        else:
            kind = kinds[0 if values[-1] < 0 else 2 if values[0] > 0 else 1]
        result.append(StationaryPoint(x, kind, values))
    return sorted(result, key=lambda p: (kinds.index(p.kind), *np.round(p.x, 6)))
