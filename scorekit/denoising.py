r"""Noise, and the score that comes out of predicting it.

A *noise-conditional score* is a callable ``(x, sigma)`` that returns
:math:`s(x,\sigma)=\nabla\log p_\sigma(x)`, where :math:`p_\sigma` is the law of
:math:`x+\sigma\varepsilon`, :math:`\varepsilon\sim N(0,I)`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import Array, Field

NoisyScore = Callable[[Array, float], Array]


class _HasScore(Protocol):
    def score(self, x: ArrayLike) -> Array: ...


class _CanBlur(Protocol):
    def blurred(self, sigma: float) -> _HasScore: ...


def noisy_score(density: _CanBlur) -> NoisyScore:
    """The exact noise-conditional score of a density with a closed form for its blur.

    Parameters
    ----------
    density : Gaussian, GaussianMixture or Empirical

    Returns
    -------
    callable, (x, sigma) to the shape of x
        ``sigma`` is one positive number.

    Raises
    ------
    TypeError
        If the density has no ``blurred``; for such a density no exact answer is known.
    """
    if not callable(getattr(density, "blurred", None)):
        raise TypeError(f"density must have a method blurred, got {type(density).__name__}")
    blurred = lru_cache(maxsize=128)(density.blurred)
    return lambda x, sigma: blurred(_inputs.positive(sigma, "sigma")).score(x)


def at(score: NoisyScore, sigma: float) -> Field:
    """The plain score of one noise level: x to s(x, σ)."""
    sigma = _inputs.positive(sigma, "sigma")
    return lambda x: score(x, sigma)


def add(*scores: Callable[..., Array]) -> Callable[..., Array]:
    """The sum of scores: the score of a product of densities.

    The sum takes what its terms take: x, or x and sigma where all are noise-conditional.
    """
    if not scores:
        raise ValueError("scores must hold at least one score, got none")
    return lambda x, *sigma: np.asarray(
        sum(s(x, *sigma) for s in scores[1:]) + scores[0](x, *sigma)
    )


def scale(score: Field, factor: float) -> Field:
    """The score of p raised to a power: factor · s."""
    if not np.isfinite(factor):
        raise ValueError(f"factor must be finite, got {factor!r}")
    return lambda x: np.asarray(factor * score(x), x.dtype)


def tweedie_mean(score: NoisyScore, y: ArrayLike, sigma: float) -> Array:
    r"""The mean of the clean point given the noisy one, :math:`E[x\mid y]=y+\sigma^2 s(y,\sigma)`.

    Named after M. Tweedie by Robbins (1956); see Efron (2011, *JASA* 106, 1602–1614, eq. 1.4).

    Parameters
    ----------
    score : callable, (x, sigma) to the shape of x
    y : array, shape (n, *shape)
    sigma : float

    Returns
    -------
    array, shape of y
    """
    y, sigma = _inputs.batch(y, "y"), _inputs.positive(sigma, "sigma")
    return np.asarray(y + y.dtype.type(sigma**2) * score(y, sigma))


def dsm_loss(
    score: NoisyScore, x: ArrayLike, sigma: float, *, rng: np.random.Generator
) -> NDArray[np.floating]:
    r"""The denoising score-matching loss of each draw.

    .. math:: |\varepsilon+\sigma\,s(x+\sigma\varepsilon,\,\sigma)|^2

    Its mean is σ² times that of Vincent (2011, *Neural Computation* 23, §4, without the ½). It
    differs from :func:`esm_loss` by a constant in the score, in expectation; the least
    any score can reach is :math:`d-\sigma^2E|s_\sigma|^2=E\,\mathrm{tr\,Cov}(x\mid y)/\sigma^2`.

    Parameters
    ----------
    score : callable, (x, sigma) to the shape of x
    x : array, shape (n, d)
        Clean data.
    sigma : float
    rng : numpy.random.Generator
        Draws one ε of the shape of x.

    Returns
    -------
    array, shape (n,)
        Hand it to :func:`scorekit.diagnostics.mean_se`.
    """
    x, sigma = _inputs.points(x), _inputs.positive(sigma, "sigma")
    noise = _inputs.generator(rng).standard_normal(x.shape, dtype=x.dtype.type)
    level = x.dtype.type(sigma)
    return np.asarray(((noise + level * score(x + level * noise, sigma)) ** 2).sum(1))


def esm_loss(
    score: NoisyScore, exact: NoisyScore, y: ArrayLike, sigma: float
) -> NDArray[np.floating]:
    r"""The explicit loss of each point, :math:`\sigma^2|s(y,\sigma)-\nabla\log p_\sigma(y)|^2`.

    Parameters
    ----------
    score, exact : callables, (x, sigma) to the shape of x
    y : array, shape (n, d)
        Noisy points, drawn from p_σ.
    sigma : float

    Returns
    -------
    array, shape (n,)
    """
    y, sigma = _inputs.points(y, name="y"), _inputs.positive(sigma, "sigma")
    gap = score(y, sigma) - exact(y, sigma)
    return np.asarray(y.dtype.type(sigma**2) * (gap**2).sum(1))
