r"""How large a step does a field bear? Iterating without kicks, from far out.

One step :math:`x \leftarrow x + \eta\,s(x)` near a rest point multiplies a small displacement along
an eigenvector of the Jacobian by :math:`1+\eta\mu`. A real μ = -L is stable below η = 2/L: only
slopes that pull *back* count, however steeply the field rises elsewhere.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import Field, score_at
from .vector_fields import jacobian


def pulls(field: Field, x: ArrayLike, *, step: float = 1e-5) -> NDArray[np.float64]:
    """How steeply a field pulls back at each point: minus the least real part of an eigenvalue.

    The eigenvalues are those of the Jacobian, by central differences. A negative answer: the field
    pushes away there in every direction.

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    x : array, shape (n, d)
    step : float
        Of the differences. Choose it larger, 1e-3, for a network that computes in float32.

    Returns
    -------
    array, shape (n,)
    """
    return np.asarray(-np.linalg.eigvals(jacobian(field, x, step=step)).real.min(axis=1))


def largest_stable_step(
    score: Field,
    start: ArrayLike,
    *,
    steps: int = 1000,
    escape: float = 100.0,
    bracket: tuple[float, float] = (1e-3, 1e3),
    rounds: int = 18,
) -> float:
    """The largest step at which no walker escapes, kicks left out, found by bisection.

    A walker has escaped when it is ``escape`` times as far from the origin as the farthest start.
    Start far outside the data: of a landscape with several hills the inside alone looks stable at
    steps at which a walker from outside, or one with a rare kick, is thrown out.

    Parameters
    ----------
    score : callable, (n, d) to (n, d)
    start : array, shape (n, d)
    steps : int
        Of each trial. A growth by less than escape^(1/steps) a step is not seen.
    escape : float
        Above 1.
    bracket : (low, high)
        Steps between which the answer is looked for.
    rounds : int
        Bisections; the answer lies below the limit by a factor of (high/low)^(2^-rounds) at most.

    Returns
    -------
    float
        0 if walkers escape even at ``low``, for example where the score points outwards; inf if
        they do not at ``high``.

    Raises
    ------
    ValueError, TypeError
        For an argument that cannot be used; it is named.
    """
    x = np.asarray(_inputs.points(start, name="start"), float)
    steps, rounds = _inputs.count(steps, "steps"), _inputs.count(rounds, "rounds")
    low, high = (_inputs.positive(b, "bracket") for b in bracket)
    if not low < high:
        raise ValueError(f"bracket must be (low, high) with low below high, got {bracket}")
    if not escape > 1:
        raise ValueError(f"escape must be above 1, got {escape!r}")
    limit = escape * float(np.abs(x).max())

    def stays(step: float) -> bool:
        y = x.copy()
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(steps):
                y += step * score_at(score, y)
                if not np.abs(y).max() <= limit:  # also catches NaN
                    return False
        return True

    if not stays(low):
        return 0.0
    if stays(high):
        return math.inf
    for _ in range(rounds):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if stays(middle) else (low, middle)
    return low
