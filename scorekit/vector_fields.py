r"""Vector fields and what one can ask of them: line integrals, circulation, derivatives.

A *field* is any callable from points ``(n, d)`` to vectors of the same shape; a score is one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs

Array = NDArray[np.floating]
Field = Callable[[Array], Array]


def evaluate(field: Field, x: Array, name: str = "field") -> Array:
    """Return ``field(x)`` after checking that the field kept the shape and is finite."""
    value = np.asarray(field(x))
    if value.shape != x.shape:
        raise ValueError(
            f"{name} must return an array of the shape it got, {x.shape}, got {value.shape}"
        )
    _inputs.finite(value, f"{name}(x)")
    return value


def line_integral(field: Field, path: ArrayLike, *, nodes: int = 16) -> float:
    r"""The work :math:`\int_C v(r)\cdot dr` of a field along straight legs.

    Each leg from a to b is :math:`(b-a)\cdot\int_0^1 v(a + t(b-a))\,dt`, by Gauss–Legendre
    quadrature (Davis & Rabinowitz 1984, *Methods of Numerical Integration*, §2.7). For the score
    of a density it equals log p(end) − log p(start), whatever the way.

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    path : array, shape (m, d)
        The corners of the way, m ≥ 2, in the order walked.
    nodes : int
        Quadrature points a leg. Doubling them and comparing is a fair estimate of the error.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If ``path`` has fewer than two corners or is not finite, or the field returns another
        shape or a value that is not finite.
    """
    corners = _inputs.points(path, name="path")
    if len(corners) < 2:
        raise ValueError(f"path must have at least 2 corners, got {len(corners)}")
    t, weight = np.polynomial.legendre.leggauss(_inputs.count(nodes, "nodes"))
    t, weight = (t + 1) / 2, weight / 2
    legs = np.diff(corners, axis=0)
    x = corners[:-1, None, :] + t[:, None] * legs[:, None, :]
    v = evaluate(field, x.reshape(-1, corners.shape[1])).reshape(x.shape)
    return float(np.einsum("lnd,ld,n->", v, legs, weight))


def circulation(field: Field, loop: ArrayLike, *, nodes: int = 16) -> float:
    r"""The work :math:`\oint v\cdot dr` once round a closed polygon.

    It is 0 for every gradient field. In the plane it is the area integral of the curl, if the
    field is smooth on the whole inside (Green's theorem).

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    loop : array, shape (m, d)
        The corners, m ≥ 3; the last is joined to the first.
    nodes : int
        Quadrature points a side.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As :func:`line_integral`, and if there are fewer than three corners.
    """
    corners = _inputs.points(loop, name="loop")
    if len(corners) < 3:
        raise ValueError(f"loop must have at least 3 corners, got {len(corners)}")
    return line_integral(field, np.concatenate([corners, corners[:1]]), nodes=nodes)


def circle(centre: ArrayLike, radius: float, sides: int = 64) -> NDArray[np.float64]:
    """The corners ``(sides, 2)`` of a regular polygon on a circle, anticlockwise."""
    centre = _inputs.parameter(centre, "centre", 1)
    if centre.shape != (2,):
        raise ValueError(f"centre must have shape (2,), got {centre.shape}")
    angle = 2 * np.pi * np.arange(_inputs.count(sides, "sides", 3)) / sides
    return centre + _inputs.positive(radius, "radius") * np.stack(
        [np.cos(angle), np.sin(angle)], axis=1
    )


def jacobian(field: Field, x: ArrayLike, *, step: float = 1e-5) -> NDArray[np.float64]:
    r"""The matrices :math:`J_{ij} = \partial v_i / \partial x_j`, by central differences.

    For a score this is the Hessian of log p. The error is about step² from truncation and
    1e-16/step from rounding, each in units of the field and its third derivative.

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    x : array, shape (n, d)
    step : float

    Returns
    -------
    array, shape (n, d, d)

    Raises
    ------
    ValueError
        If ``x`` is not a finite batch or ``step`` is not positive.
    """
    x = np.asarray(_inputs.points(x), float)
    step = _inputs.positive(step, "step")
    n, d = x.shape
    shifts = step * np.eye(d)
    around = np.concatenate([x[None] + shifts[:, None], x[None] - shifts[:, None]])
    v = evaluate(field, around.reshape(-1, d)).reshape(2, d, n, d)
    return np.ascontiguousarray(np.moveaxis((v[0] - v[1]) / (2 * step), 0, 2))
