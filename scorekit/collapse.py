r"""How spread samples are, and an alarm that rings when they no longer are.

The log-determinant of a sample covariance sums the log variances along its principal axes, so it
falls when any of them collapses. For a normal law it is twice the entropy, up to a constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .diagnostics import Estimate

Matrix = NDArray[np.float64]


def log_det_bias(n: int, d: int) -> float:
    r"""The bias of log det of the sample covariance of n normal points in d dimensions.

    .. math:: \sum_{i=1}^{d}\psi\Big(\frac{n-i}2\Big) + d\log\frac2{n-1}

    (n - 1) S has Wishart's law with n - 1 degrees of freedom (Anderson 2003, §7.5). It is negative,
    about -d(d+1)/2n.
    """
    from scipy.special import digamma

    n, d = _inputs.count(n, "n", 2), _inputs.count(d, "d")
    if n <= d:
        raise ValueError(f"n must be above d={d}: else the determinant is 0, got {n}")
    return float(digamma((n - np.arange(1, d + 1)) / 2).sum() + d * np.log(2 / (n - 1)))


def log_det(x: ArrayLike, axes: ArrayLike | None = None, *, corrected: bool = True) -> Estimate:
    r"""log det of the covariance of points, less the bias of normal points, and its error.

    For a *normal* law :math:`\tfrac12\log\det(2\pi e\,\Sigma)` is the entropy; for others it is an
    upper bound, and the bias that is taken off is only nearly theirs. The standard error is the
    jackknife's and assumes no law: leaving out point i multiplies the determinant of the scatter
    by :math:`1-\frac n{n-1}d_i^\top W^{-1}d_i`.

    Parameters
    ----------
    x : array, shape (n, d)
        Independent points.
    axes : array, shape (k, d), optional
        Directions to look along, such as principal components. Data with coordinates that never
        vary have a determinant of 0 without them.
    corrected : bool
        Take :func:`log_det_bias` off.

    Raises
    ------
    ValueError
        If there are not more points than dimensions + 1, or the points do not span them.
    """
    points = np.asarray(_inputs.points(x), float)
    if axes is not None:
        points = points @ _axes(axes, points.shape[1]).T
    n, d = points.shape
    if n < d + 2:
        raise ValueError(f"x must hold at least {d + 2} points in {d} dimensions, got {n}")
    away = points - points.mean(0)
    scale = away.std(0)
    if (scale <= 1e-12 * np.abs(points).max()).any():
        raise ValueError(
            f"x must vary in every direction, got {int((scale == 0).sum())} coordinates that do "
            "not: look along principal components (axes)"
        )
    values, basis = np.linalg.eigh(away.T @ away)
    if values[0] <= 1e-12 * values[-1]:
        raise ValueError(
            f"x must span {d} dimensions, got a covariance with a smallest eigenvalue of "
            f"{values[0] / (n - 1):.2g}: look along fewer principal components (axes)"
        )
    leverage = ((away @ basis) ** 2 / values).sum(1)
    value = np.log(values / (n - 1)).sum() - (log_det_bias(n, d) if corrected else 0.0)
    left = np.log1p(-np.minimum(n / (n - 1) * leverage, 1 - 1e-12))
    return Estimate(float(value), float(np.sqrt((n - 1) * left.var())))


@dataclass(frozen=True, eq=False)
class Alarm:
    """Rings if the log-det of a batch is below ``threshold``: see collapse_alarm."""

    threshold: float
    size: int
    rate: float
    axes: Matrix

    def statistic(self, x: ArrayLike) -> float:
        """log det of the covariance of one batch along the alarm's axes."""
        points = _inputs.points(x)
        if len(points) != self.size:
            raise ValueError(f"x must be a batch of {self.size} points, got {len(points)}")
        return _plain_log_det(np.asarray(points, float) @ self.axes.T)

    def rings(self, x: ArrayLike) -> bool:
        """Whether a batch of ``size`` points is less spread than all but ``rate`` of good ones."""
        return self.statistic(x) < self.threshold

    def share(self, x: ArrayLike) -> float:
        """The share of the batches, cut from x in order, for which it rings."""
        points = _inputs.points(x)
        batches = len(points) // self.size
        if batches == 0:
            raise ValueError(f"x must hold at least {self.size} points, got {len(points)}")
        cut = points[: batches * self.size].reshape(batches, self.size, -1)
        return float(np.mean([self.rings(batch) for batch in cut]))


def collapse_alarm(
    reference: ArrayLike,
    axes: ArrayLike,
    *,
    size: int,
    rate: float = 0.05,
    draws: int = 1000,
    rng: np.random.Generator,
) -> Alarm:
    r"""An alarm for samples that have lost their spread, set on samples that have not.

    Random batches of the reference, drawn without replacement, give the median of log det and its
    ``rate`` quantile. A share f = size/N of the reference is in each batch, so they differ by less
    than fresh ones would, and the reference is itself a draw: the quantile's distance from the
    median is stretched by :math:`\sqrt{(1+f)/(1-f)}`. A fresh batch of the same law then rings at
    about the rate, averaged over references.

    Parameters
    ----------
    reference : array, shape (N, d)
        Unguided points; at least three batches.
    axes : array, shape (k, d)
        Directions to look along.
    size : int
        Points in a batch, at least k + 2.
    rate : float
        The false-alarm rate, between 0 and 1.
    draws : int
        Random batches; at least 10/rate.
    rng : numpy.random.Generator
    """
    points = np.asarray(_inputs.points(reference, name="reference"), float)
    directions, rng = _axes(axes, points.shape[1]), _inputs.generator(rng)
    size = _inputs.count(size, "size", len(directions) + 2)
    rate = _inputs.positive(rate, "rate")
    if not rate < 1:
        raise ValueError(f"rate must be below 1, got {rate!r}")
    draws = _inputs.count(draws, "draws", int(np.ceil(10 / rate)))
    if len(points) < 3 * size:
        raise ValueError(
            f"reference must hold at least 3 batches of {size} points, got {len(points)}"
        )
    seen = points @ directions.T
    batches = (seen[rng.permutation(len(seen))[:size]] for _ in range(draws))
    values = [_plain_log_det(batch) for batch in batches]
    middle, low = np.quantile(values, [0.5, rate])
    share = size / len(points)
    threshold = middle - (middle - low) * np.sqrt((1 + share) / (1 - share))
    return Alarm(float(threshold), size, rate, directions)


def _plain_log_det(x: Matrix) -> float:
    sign, value = np.linalg.slogdet(np.atleast_2d(np.cov(x.T)))
    return float(value) if sign > 0 else -np.inf  # points all alike: the alarm must ring


def _axes(axes: ArrayLike, dim: int) -> Matrix:
    a = _inputs.parameter(axes, "axes", 2)
    if a.shape[1] != dim:
        raise ValueError(f"axes must have shape (k, {dim}) to go with the points, got {a.shape}")
    return a
