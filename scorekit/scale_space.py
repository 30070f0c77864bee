r"""What blurring a density does to its hills, and Langevin from the coarse level to the fine.

Blur is noise added to the points, :math:`p_\sigma=p*N(0,\sigma^2I)`; the family over all σ is a
*scale space* (Witkin 1983, *IJCAI*; Koenderink 1984, *Biol. Cybern.* 50, 363–370). A pair of hills
is :math:`\omega N(m,\Sigma)+(1-\omega)N(-m,\Sigma)`, with any weight. With
:math:`P=(\Sigma+\sigma^2I)^{-1}` the curvature of the blurred pair is

.. math:: -\nabla^2\log p_\sigma(x) = P - \operatorname{sech}^2(m^\top Px+\ell)\;Pmm^\top P ,

where ℓ, half the log-odds of the weights, only shifts the place of the pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import Array, Field, Trace, score_at
from .denoising import NoisyScore
from .diffusion import anneal


@dataclass(frozen=True)
class Curvature:
    r"""The eigenvalues of :math:`-\nabla^2\log p` lie between ``least`` and ``largest``.

    ``least`` is κ: above 0 the density is strongly log-concave, at 0 log-concave, below 0 neither.
    """

    least: float
    largest: float


def pair_curvature(offset: ArrayLike, cov: ArrayLike, sigma: float = 0.0) -> Curvature:
    r"""The exact bounds κ and L of the curvature of a pair of hills, blurred by σ.

    :math:`\kappa=\lambda_{min}(P-Pmm^\top P)`, reached at the pass, and
    :math:`L=\lambda_{max}(P)`, reached far out; with :math:`\Sigma=vI`, :math:`t=v+\sigma^2`:
    :math:`\kappa=(t-|m|^2)/t^2` (for :math:`m\ne0`) and :math:`L=1/t`. The weight does not matter.

    Parameters
    ----------
    offset : array, shape (d,)
        m; the hills stand at ±m, or at any centre ±m.
    cov : array, shape (d, d)
    sigma : float
        At least 0.

    Raises
    ------
    ValueError, TypeError
        If shapes disagree, ``cov`` is not symmetric positive definite, or ``sigma`` is negative.
    """
    m, wide = _pair(offset, cov)
    if not 0 <= sigma < math.inf:
        raise ValueError(f"sigma must be finite and at least 0, got {sigma!r}")
    precision = np.linalg.inv(wide + sigma**2 * np.eye(len(m)))
    pull = precision @ m
    least = np.linalg.eigvalsh(precision - np.outer(pull, pull))[0]
    return Curvature(float(least), float(np.linalg.eigvalsh(precision)[-1]))


def merging_blur(offset: ArrayLike, cov: ArrayLike) -> float:
    r"""The smallest σ at which a pair of hills is log-concave.

    It solves :math:`m^\top(\Sigma+\sigma^2I)^{-1}m=1`, and is 0 if no blur is needed. For
    :math:`\Sigma=vI` it is :math:`\sqrt{|m|^2-v}`. There is then
    one mode, for any weight; with unequal weights there is one mode already at a smaller σ.

    Parameters
    ----------
    offset : array, shape (d,)
    cov : array, shape (d, d)
    """
    from scipy.optimize import brentq

    m, wide = _pair(offset, cov)
    variances, axes = np.linalg.eigh(wide)
    share = (axes.T @ m) ** 2

    def excess(blur: float) -> float:
        return float((share / (variances + blur)).sum() - 1)

    if excess(0.0) <= 0:
        return 0.0
    return math.sqrt(brentq(excess, 0.0, float(share.sum()), xtol=1e-15, rtol=1e-14))


def line_modes(score: Field, low: float, high: float, *, nodes: int = 2001) -> NDArray[np.float64]:
    r"""The modes of a density on the line between ``low`` and ``high``, in order.

    Where the score goes from + to - between neighbours of an even grid, by Brent's method. Two
    modes and the pit between them that fit between neighbours are seen as one mode. Blurring by a
    normal kernel never adds a mode on the line (Silverman 1981, *JRSS B* 43, 97–99).

    Parameters
    ----------
    score : callable, (n, 1) to (n, 1)
    low, high : float
    nodes : int

    Returns
    -------
    array, shape (modes,)

    Raises
    ------
    ValueError
        If ``low`` is not below ``high``, or the score is not finite.
    """
    if not low < high:
        raise ValueError(f"high must be above low={low!r}, got {high!r}")
    x = np.linspace(low, high, _inputs.count(nodes, "nodes", 3))
    s = score_at(score, x[:, None])[:, 0]
    _inputs.finite(s, "score")
    # A zero on the grid counts with the side it falls to, so that it is found once.
    up = s > 0
    found = [_zero(score, x[i], x[i + 1]) for i in np.flatnonzero(up[:-1] & ~up[1:])]
    return np.asarray(found, float)


def _zero(score: Field, a: float, b: float) -> float:
    from scipy.optimize import brentq

    def f(y: float) -> float:
        return float(score(np.array([[y]]))[0, 0])

    ends = f(a), f(b)
    if ends[0] * ends[1] < 0:
        return float(brentq(f, a, b, xtol=1e-12))
    return a if abs(ends[0]) < abs(ends[1]) else b  # an end is a zero, to rounding


def coarse_to_fine(
    score: NoisyScore,
    x: ArrayLike,
    sigmas: ArrayLike,
    *,
    variance: float,
    step: float,
    steps: int,
    rng: np.random.Generator,
) -> Trace:
    r"""ULA at each blur in turn, each level started where the coarser one ended.

    The step is :math:`\eta=` ``step`` :math:`\cdot(v+\sigma^2)`: a mixture of hills no narrower
    than v has no steeper downward slope than :math:`1/(v+\sigma^2)` at blur σ, so that ``step``
    below 2 is stable at every level, and the coarse levels take long strides. With v = 0 this is
    :func:`scorekit.diffusion.annealed_langevin`.

    Parameters
    ----------
    score : callable, (x, sigma) to the shape of x
    x : array, shape (n, *shape)
    sigmas : array, shape (levels,)
        Positive and strictly falling. The target is p at the last blur.
    variance : float
        v, at least 0: the smallest variance of a hill, in any direction.
    step : float
        η in units of v + σ².
    steps : int
        At each level.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError, TypeError, Diverged
        As :func:`~scorekit.diffusion.annealed_langevin`, and if ``variance`` is negative.
    """
    if not 0 <= variance < math.inf:
        raise ValueError(f"variance must be finite and at least 0, got {variance!r}")
    step = _inputs.positive(step, "step")
    return anneal(score, x, sigmas, lambda sigma: step * (variance + sigma**2), steps, rng)


def _pair(offset: ArrayLike, cov: ArrayLike) -> tuple[Array, Array]:
    m, wide = _inputs.parameter(offset, "offset", 1), _inputs.parameter(cov, "cov", 2)
    if wide.shape != (len(m), len(m)):
        raise ValueError(f"cov must have shape {(len(m), len(m))}, got {wide.shape}")
    _inputs.cholesky(wide, "cov")
    return m, wide
