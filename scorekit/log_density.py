r"""log p back from its gradient: log-ratios by line integrals of a score.

.. math:: \log\frac{p(x)}{p(x_0)} = \int_0^1 s\bigl(x_0+t(x-x_0)\bigr)\cdot(x-x_0)\,dt

The normaliser cancels. The answer is a density's only if the field is a gradient, and right only
where the score is right all along the way. Ways with corners, one at a time, are
:func:`scorekit.vector_fields.line_integral`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .vector_fields import Field, evaluate

_BLOCK = 1 << 16  # points of the field evaluated at once


def _clenshaw_curtis(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Its n + 1 nodes on [0, 1], ends included, and weights; n even (Trefethen 2008, §2)."""
    angle = np.pi * np.arange(n + 1) / n
    j = np.arange(1, n // 2 + 1)
    share = np.where(j == n // 2, 1.0, 2.0) / (4 * j**2 - 1)
    weight = (1 - np.cos(2 * angle[:, None] * j) @ share) / n
    weight[[0, -1]] /= 2
    return (1 - np.cos(angle)) / 2, weight


# A leg is looked at in 17 places; every second of them makes the rule it is compared with. Both
# rules look at the ends of the leg: without these, a bend between the end and the first node of
# an otherwise straight stretch is seen by neither, however large it is. A hair inside the ends,
# that is: a split at a jump needs the value on the leg's own side.
_T, _FINE = _clenshaw_curtis(16)
_RULES = np.stack([_FINE, np.zeros(17)])
_RULES[1, ::2] = _clenshaw_curtis(8)[1]
_T = _T.clip(1e-10, 1 - 1e-10)


def log_ratio(
    score: Field,
    x: ArrayLike,
    x0: ArrayLike,
    *,
    nodes: int = 16,
    splits: ArrayLike | None = None,
) -> NDArray[np.float64]:
    r"""log p(x) − log p(x₀) for many x at once, by Gauss–Legendre quadrature on straight ways.

    The rule with N nodes is exact for polynomials of degree 2N - 1 in t. If the score is analytic
    along the way its error falls like :math:`\rho^{-2N}`, where ρ > 1 says how far from the way,
    in the complex plane, the nearest singularity lies (Trefethen 2008, *SIAM Review* 50, thm 4.5).
    At a jump, as through the centre of a ring, it falls like 1/N only: put a split there.

    Parameters
    ----------
    score : callable, (m, d) to (m, d)
    x : array, shape (n, d)
        Ends of the ways.
    x0 : array, shape (d,) or (n, d)
        Their start, or one start each.
    nodes : int
        Quadrature points a leg.
    splits : array, shape (k,) or (n, k), optional
        Fractions of the way, strictly between 0 and 1, at which it is cut into legs; see
        :func:`nearest_fraction`.

    Returns
    -------
    array, shape (n,)
        Computed in double precision whatever the dtype of ``x``.

    Raises
    ------
    ValueError, TypeError
        If an array is not finite or has another shape, or the score returns another shape or a
        value that is not finite.
    """
    x0, way = _ways(x, x0)
    t, weight = np.polynomial.legendre.leggauss(_inputs.count(nodes, "nodes"))
    start, width, owner = _legs(splits, len(way))
    place = start[:, None] + width[:, None] * (t + 1) / 2
    along = _component(score, x0[owner], way[owner], place)
    return np.asarray(np.bincount(owner, width * (along @ (weight / 2)), len(way)), float)


@dataclass(frozen=True, eq=False)
class AdaptiveRatio:
    """``value`` and ``error``, both (n,): log-ratios and the rule's own estimates of their errors.

    ``evaluations``, (n,): how many points of the field each way took.
    """

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    evaluations: NDArray[np.int64]


def adaptive_log_ratio(
    score: Field,
    x: ArrayLike,
    x0: ArrayLike,
    *,
    tol: float = 1e-8,
    splits: ArrayLike | None = None,
    most: int = 20_000,
) -> AdaptiveRatio:
    r"""The same, halving legs until the estimated error of each way is at most ``tol``.

    On each leg the 17-point rule of Clenshaw and Curtis gives the value, and its distance to the
    9-point rule on every second point the error: cautious, since that is the error of the poorer
    rule (Davis & Rabinowitz 1984, §6.2). Legs with more than their share of ``tol`` are halved,
    all at once. **A hill that lies wholly between two of the first points is not seen**, and the
    estimate does not know of it; splits near where you expect one help.

    Parameters
    ----------
    score, x, x0, splits
        As for :func:`log_ratio`.
    tol : float
        Absolute.
    most : int
        Evaluations a way may take.

    Returns
    -------
    AdaptiveRatio

    Raises
    ------
    ValueError, TypeError
        As :func:`log_ratio`.
    RuntimeError
        If a way is not done within ``most`` evaluations; the message names the worst.
    """
    x0, way = _ways(x, x0)
    tol, most = _inputs.positive(tol, "tol"), _inputs.count(most, "most", len(_T))
    n = len(way)
    start, width, owner = _legs(splits, n)
    value, error, used = np.zeros(n), np.zeros(n), np.zeros(n, np.int64)
    kept_legs, kept_error = np.zeros(n, np.int64), np.zeros(n)  # of the legs that are done
    while owner.size:
        place = start[:, None] + width[:, None] * _T
        along = _component(score, x0[owner], way[owner], place)
        by_rule = width[:, None] * (along @ _RULES.T)
        used += len(_T) * np.bincount(owner, minlength=n)
        gap = np.abs(by_rule[:, 0] - by_rule[:, 1])
        open_error = np.bincount(owner, gap, n)
        total = kept_error + open_error
        legs = kept_legs + np.bincount(owner, minlength=n)
        split = (total > tol)[owner] & (gap > tol / (2 * legs[owner]))
        # A leg whose error is in the last digits of its terms cannot be improved.
        split &= gap > 50 * np.finfo(float).eps * width * (np.abs(along) @ _RULES[0])
        worst = int(np.argmax(np.where(np.bincount(owner, split, n) > 0, used, 0)))
        if split.any() and used[worst] + len(_T) > most:
            raise RuntimeError(
                f"the way to x[{worst}] still has an estimated error of {total[worst]:.2g} after "
                f"{used[worst]} evaluations, wanted tol={tol:g}: raise most or tol, or set splits"
            )
        done = ~split
        value += np.bincount(owner[done], by_rule[done, 0], n)
        kept_error += np.bincount(owner[done], gap[done], n)
        kept_legs += np.bincount(owner[done], minlength=n)
        half, owner = width[split] / 2, owner[split].repeat(2)
        start = np.stack([start[split], start[split] + half], axis=1).ravel()
        width = half.repeat(2)
    error[:] = kept_error
    return AdaptiveRatio(value, error, used)


def nearest_fraction(x: ArrayLike, x0: ArrayLike, centre: ArrayLike) -> NDArray[np.float64]:
    r"""Where on the straight ways from x₀ to x a point lies nearest: fractions, shape (n, 1).

    They are made for ``splits``: a way through the centre of a ring is cut there, one that passes
    by is cut where it is closest. Fractions outside (0.001, 0.999) are moved to these ends.
    """
    x0, way = _ways(x, x0)
    middle = _inputs.parameter(centre, "centre", 1)
    if middle.shape != way.shape[1:]:
        raise ValueError(f"centre must have shape {way.shape[1:]}, got {middle.shape}")
    length = (way**2).sum(1)
    t = ((middle - x0) * way).sum(1) / np.where(length > 0, length, 1)
    return np.asarray(t.clip(1e-3, 1 - 1e-3)[:, None])


def _ways(x: ArrayLike, x0: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The starts (n, d) and the ways (n, d) to the ends."""
    ends = np.asarray(_inputs.points(x), float)
    start = np.asarray(x0)
    if start.shape not in (ends.shape, ends.shape[1:]):
        raise ValueError(
            f"x0 must have shape {ends.shape[1:]} or {ends.shape} to go with x, got {start.shape}"
        )
    start = np.broadcast_to(_inputs.parameter(start, "x0", start.ndim), ends.shape)
    return start, ends - start


def _legs(
    splits: ArrayLike | None, n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Start and width of every leg as fractions, and the way each belongs to."""
    cuts = np.zeros((n, 0))
    if splits is not None:
        given = np.asarray(splits)
        cuts = _inputs.parameter(given, "splits", max(1, min(given.ndim, 2)))
        if cuts.ndim == 2 and len(cuts) != n:
            raise ValueError(f"splits must have shape (k,) or ({n}, k), got {cuts.shape}")
        if (cuts <= 0).any() or (cuts >= 1).any():
            raise ValueError(f"splits must lie strictly between 0 and 1, got {cuts.min()} to "
                             f"{cuts.max()}")  # fmt: skip
        cuts = np.broadcast_to(cuts, (n, cuts.shape[-1]))
    ends = np.sort(np.concatenate([np.zeros((n, 1)), cuts, np.ones((n, 1))], axis=1), axis=1)
    owner = np.repeat(np.arange(n), ends.shape[1] - 1)
    return ends[:, :-1].ravel(), np.diff(ends).ravel(), owner


def _component(
    score: Field,
    start: NDArray[np.float64],
    way: NDArray[np.float64],
    place: NDArray[np.float64],
) -> NDArray[np.float64]:
    """s · way at fractions ``place``, (legs, nodes), of each leg's way."""
    along = np.empty(place.shape)
    legs = max(1, _BLOCK // place.shape[1])
    for k in range(0, len(place), legs):
        part = slice(k, k + legs)
        x = start[part, None] + place[part, :, None] * way[part, None]
        s = evaluate(score, x.reshape(-1, way.shape[1]), "score")
        along[part] = np.einsum("lnd,ld->ln", s.reshape(x.shape), way[part])
    return along
