r"""What is wrong with a score: its length, its direction, or both.

Two scales are in use. With s the score judged and s* the exact one, at the same points:

- the **norm fit**, :math:`c^*=\arg\min_c\sum(|s|-c\,|s^*|)^2=\sum|s||s^*|/\sum|s^*|^2`, sees
  lengths only;
- the **vector fit**, :math:`c_v=\arg\min_c\sum|s-c\,s^*|^2=\sum s\cdot s^*/\sum|s^*|^2`, is the
  norm fit times the mean cosine, each point weighted by :math:`|s||s^*|`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .denoising import NoisyScore
from .diagnostics import Estimate

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class SplitError:
    r"""The error of a score, split. Made by :func:`split_error`.

    Attributes
    ----------
    scale, rmse : float
        The norm fit :math:`c^*` (the size of c where :math:`s=c\,s^*`), and the calibrated RMSE,
        the root of the mean of :math:`(|s|-c^*|s^*|)^2`.
    vector_scale, vector_rmse : float
        The vector fit :math:`c_v` and what it leaves, the root mean square of :math:`s-c_v s^*`.
    cosine, angle : float
        Means over the points where both have a direction, else NaN; the angle in radians.
    relative, multiplier, repaired : float
        √(Σ|s - s*|²/Σ|s*|²), the relative error; the factor a that makes a·s best, Σs·s*/Σ|s|² (NaN
        if s is 0); the relative error of a·s. Where it is hardly smaller, no factor is a cure.
    parts : tuple of three floats
        relative² = (c* - 1)² + uneven lengths + direction, exactly; in that order.
    directed : int
        How many points ``cosine`` and ``angle`` are means of.
    """

    scale: float
    rmse: float
    vector_scale: float
    vector_rmse: float
    cosine: float
    angle: float
    relative: float
    multiplier: float
    repaired: float
    parts: tuple[float, float, float]
    directed: int

    @property
    def largest(self) -> str:
        """The largest of the three parts: "scale", "uneven" or "direction"; "none" if all are 0."""
        names = ("scale", "uneven", "direction")
        return names[int(np.argmax(self.parts))] if max(self.parts) > 0 else "none"


def split_error(s: ArrayLike, exact: ArrayLike) -> SplitError:
    r"""Split the error of a score into magnitude and direction.

    At each point :math:`|s-s^*|^2=(|s|-|s^*|)^2+2|s||s^*|(1-\cos\varphi)`, and summed over points

    .. math:: \frac{\sum|s-s^*|^2}{\sum|s^*|^2} = (c^*-1)^2
        + \frac{\sum(|s|-c^*|s^*|)^2}{\sum|s^*|^2} + 2\,(c^*-c_v).

    Parameters
    ----------
    s, exact : arrays, shape (n, *shape)
        The score judged and the exact one at the same points. Computed in float64.

    Returns
    -------
    SplitError

    Raises
    ------
    ValueError
        If the shapes differ, a number is not finite, or ``exact`` is zero throughout.
    TypeError
        If an array is not of floating point.
    """
    a, b, of_s, of_exact = _pair(s, exact)
    unit = of_s / of_exact  # a and b are of size 1: no square over- or underflows
    long_a, long_b = unit * np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    a = unit * a
    total, power = float(np.dot(long_b, long_b)), float(np.dot(long_a, long_a))
    scale, work = float(np.dot(long_a, long_b)) / total, float(np.vdot(a, b))
    vector = work / total
    multiplier = work / power if power > 0 else np.nan
    best = multiplier * a if power > 0 else a
    known = np.isfinite(angle := _angles(a, b))
    apart = 2 * np.sin(np.where(known, angle, 0) / 2) ** 2  # 1 - cos
    uneven = float(((long_a - scale * long_b) ** 2).sum())
    sideways = float((long_a * long_b * apart).sum())
    size = of_exact / np.sqrt(len(a))
    return SplitError(
        scale=scale,
        rmse=float(size * np.sqrt(uneven)),
        vector_scale=vector,
        vector_rmse=float(size * np.linalg.norm(a - vector * b)),
        cosine=float(1 - apart[known].mean()) if known.any() else np.nan,
        angle=float(angle[known].mean()) if known.any() else np.nan,
        relative=float(np.linalg.norm(a - b) / np.sqrt(total)),
        multiplier=multiplier,
        repaired=float(np.linalg.norm(best - b) / np.sqrt(total)),
        parts=((scale - 1) ** 2, uneven / total, 2 * sideways / total),
        directed=int(known.sum()),
    )


def split_by(s: ArrayLike, exact: ArrayLike, region: ArrayLike) -> dict[Hashable, SplitError]:
    """Split the error in each region apart: ``region``, (n,), holds the label of each point.

    Raises ValueError if ``region`` has another length, or ``exact`` is zero throughout a region.
    """
    _pair(s, exact)
    s, exact, label = np.asarray(s), np.asarray(exact), np.asarray(region)
    if label.shape != (len(s),):
        raise ValueError(f"region must have shape {(len(s),)}, got {_inputs.describe(label)}")
    return {
        name: split_error(s[label == name], exact[label == name])
        for name in np.unique(label).tolist()
    }


def angles(s: ArrayLike, exact: ArrayLike) -> Numbers:
    """The angle between the two arrows at each point, (n,), in radians; NaN where one is zero."""
    return _angles(*_pair(s, exact)[:2])


def scale_estimates(s: ArrayLike, exact: ArrayLike) -> tuple[Estimate, Estimate]:
    """The norm fit and the vector fit with standard errors, if the points are independent draws.

    Both are ratios of means: the errors are those of the linearised ratio (delta method).
    """
    a, b, of_s, of_exact = _pair(s, exact)
    squares = (b**2).sum(1)
    unit = of_s / of_exact
    lengths = unit * np.linalg.norm(a, axis=1) * np.sqrt(squares)
    return _ratio(lengths, squares), _ratio(unit * (a * b).sum(1), squares)


def in_frame(s: ArrayLike, exact: ArrayLike) -> Numbers:
    """Each arrow seen from the exact one, (n, 2): along it and across it, in units of its length.

    A perfect score is (1, 0) everywhere, a scaled one (c, 0); a turned one lies on the unit circle.
    In the plane the second number has a sign (anticlockwise is positive). Elsewhere it is a length.
    NaN where the exact score is zero.
    """
    a, b, of_s, of_exact = _pair(s, exact)
    square = (b**2).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        along = (a * b).sum(1) / square
        if a.shape[1] == 2:
            across = (b[:, 0] * a[:, 1] - b[:, 1] * a[:, 0]) / square
        else:
            across = np.linalg.norm(a - along[:, None] * b, axis=1) / np.sqrt(square)
    return np.where(square[:, None] > 0, np.stack([along, across], 1) * of_s / of_exact, np.nan)


def noisy_cosine(ratio: ArrayLike, d: int) -> Numbers:
    r"""The mean cosine of a vector and its noisy copy in d dimensions; ``ratio`` is length/noise.

    .. math:: \mathbb E\cos = \frac{r}{\sqrt2}\,\frac{\Gamma(\frac{d+1}2)}{\Gamma(\frac d2+1)}\,
        {}_1F_1\!\left(\tfrac12;\tfrac d2+1;-\tfrac{r^2}2\right)

    In the plane this is :math:`\sqrt{\pi/8}\,r\,e^{-r^2/4}[I_0+I_1](r^2/4)`. The short cut
    :math:`1/\sqrt{1+d/r^2}` is for large d only. It is the mean resultant length of the projected
    normal distribution (Mardia & Jupp 2000, *Directional Statistics*).

    ``ratio`` is r ≥ 0, of any shape; d is at least 2.
    """
    from scipy.special import gammaln, hyp1f1

    r, d = np.asarray(ratio, float), _inputs.count(d, "d", 2)
    _inputs.finite(np.atleast_1d(r), "ratio")
    if (r < 0).any():
        raise ValueError(f"ratio must not be negative, got a smallest value of {r.min()!r}")
    factor = np.exp(gammaln((d + 1) / 2) - gammaln(d / 2 + 1)) / np.sqrt(2)
    return np.asarray(factor * r * hyp1f1(0.5, d / 2 + 1, -(r**2) / 2))


def data_multiplier(
    score: NoisyScore, x: ArrayLike, sigma: float, *, rng: np.random.Generator
) -> Estimate:
    r"""The best factor for a score of which the exact one is *not* known, from held-out data.

    .. math:: a = \frac{\mathbb E[s\cdot s^*]}{\mathbb E|s|^2}
                = \frac{-\mathbb E[\varepsilon\cdot s(x+\sigma\varepsilon)]}{\sigma\,\mathbb E|s|^2}

    because :math:`\mathbb E[-\varepsilon/\sigma\mid y]=s^*(y)`. It is 1 for the exact score, and
    for every score that no factor improves. Multiplying s by a lowers the denoising loss by
    :math:`\sigma^2(1-a)^2\,\mathbb E|s|^2`, whatever the unknown floor. It says nothing of
    direction.

    Parameters
    ----------
    score : callable, (x, sigma) to the shape of x
    x : array, shape (n, d)
        Clean points that training has not seen.
    sigma : float
    rng : numpy.random.Generator
        Draws one ε of the shape of x.

    Raises ValueError if the score is zero throughout, changes shape or is not finite.
    """
    x, sigma = _inputs.points(x), _inputs.positive(sigma, "sigma")
    noise = _inputs.generator(rng).standard_normal(x.shape, dtype=x.dtype.type)
    s = np.asarray(score(x + x.dtype.type(sigma) * noise, sigma), float)
    if s.shape != x.shape:
        raise ValueError(f"score must return an array of shape {x.shape}, got {s.shape}")
    _inputs.finite(s, "score(x)")
    if not s.any():
        raise ValueError("score must not be zero throughout: every factor of it is the same")
    return _ratio(-(noise * s).sum(1) / sigma, (s**2).sum(1))


def _angles(a: Numbers, b: Numbers) -> Numbers:
    # Exact near 0 and π too, where an arc cosine loses half of the digits (Kahan).
    with np.errstate(invalid="ignore", divide="ignore"):  # 0/0 is NaN: no direction
        a, b = (v / np.abs(v).max(1, keepdims=True) for v in (a, b))
        a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    return np.asarray(2 * np.arctan2(*(np.linalg.norm(v, axis=1) for v in (a - b, a + b))))


def _ratio(top: Numbers, bottom: Numbers) -> Estimate:
    value = top.mean() / bottom.mean()
    spread = (top - value * bottom).std(ddof=1) / (bottom.mean() * np.sqrt(len(top)))
    return Estimate(float(value), float(spread))


def _pair(s: ArrayLike, exact: ArrayLike) -> tuple[Numbers, Numbers, float, float]:
    """Both as (n, d) of float64, each over its largest entry, and those entries."""
    s, exact = _inputs.batch(s, "s"), _inputs.batch(exact, "exact")
    if s.shape != exact.shape:
        raise ValueError(f"s must have the shape of exact, {exact.shape}, got {s.shape}")
    a, b = (np.asarray(v, float).reshape(len(v), -1) for v in (s, exact))
    if not b.any():
        raise ValueError("exact must not be zero throughout: nothing to compare a length with")
    of_s, of_exact = float(np.abs(a).max()) or 1.0, float(np.abs(b).max())
    return a / of_s, b / of_exact, of_s, of_exact
