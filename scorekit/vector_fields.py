r"""Vector fields and what one can ask of them: line integrals, circulation, derivatives.

A *field* is any callable from points ``(n, d)`` to vectors of the same shape; a score is one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .derivatives import (
    Array,
    Field,
    curl,
    derivative,
    divergence,
    evaluate,
    hutchinson,
    jacobian,
)

__all__ = [
    "Array",
    "Field",
    "circle",
    "circulation",
    "curl",
    "curl_flux",
    "derivative",
    "divergence",
    "evaluate",
    "hutchinson",
    "jacobian",
    "line_integral",
]


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


def curl_flux(
    field: Field, triangle: ArrayLike, *, nodes: int = 16, step: float | None = 1e-5
) -> float:
    r"""The curl through a flat triangle in any dimension: by Stokes, the circulation round it.

    .. math:: \oint v\cdot dr &= \iint \sum_{ij} C_{ij}\,p_i q_j\,ds\,dt \\
              &= \iint \big(q\cdot Jp - p\cdot Jq\big)\,ds\,dt,\qquad x = a + sp + tq

    with p = b − a, q = c − a, by Gauss–Legendre nodes on the square folded onto the triangle. The
    field must be smooth on the whole triangle.

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    triangle : array, shape (3, d)
        Corners a, b, c in the order walked.
    nodes : int
        In each of two directions.
    step : float or None
        As for :func:`derivative`.

    Raises
    ------
    ValueError, TypeError
        As :func:`derivative`, and if there are not three corners.
    """
    corners = _inputs.points(triangle, name="triangle")
    if len(corners) != 3:
        raise ValueError(f"triangle must have 3 corners, got {len(corners)}")
    t, weight = np.polynomial.legendre.leggauss(_inputs.count(nodes, "nodes"))
    t, weight = (t + 1) / 2, weight / 2
    s, far = np.repeat(t, nodes), np.tile(t, nodes)
    p, q = corners[1:] - corners[0]
    x = corners[0] + s[:, None] * p + ((1 - s) * far)[:, None] * q
    turn = derivative(field, x, p, step=step) @ q - derivative(field, x, q, step=step) @ p
    return float(np.outer(weight, weight).ravel() @ (turn * (1 - s)))
