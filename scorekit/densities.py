r"""Densities the book uses: each knows its ``log_prob``, its ``score`` and how to ``sample``.

With energy :math:`E`, density :math:`p = e^{-E}/Z` and score
:math:`s = \nabla \log p = -\nabla E`. All ``log_prob`` values are normalised; no ``score`` needs
the normaliser. Points are ``(n, d)`` outside; inside, the small axis goes first, because NumPy
then runs along memory and not across it.

Points may be float64 or float32 and results keep that dtype. A batch that is empty, of integers,
of the wrong shape or not finite raises ``TypeError`` or ``ValueError``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .mixtures import LOG_2PI, Array, GaussianMixture

__all__ = ["Empirical", "Gaussian", "GaussianMixture", "Ring", "three_hills"]


@dataclass(frozen=True, eq=False)
class Gaussian:
    r"""The normal density :math:`N(m, \Sigma)`.

    .. math:: \log p(x) &= -\tfrac12 (x-m)^\top \Sigma^{-1} (x-m) - \tfrac12 \log\det(2\pi\Sigma)
              \\ s(x) &= -\Sigma^{-1}(x-m)

    Parameters
    ----------
    mean : array, shape (d,)
    cov : array, shape (d, d)
        Symmetric and positive definite.

    Raises
    ------
    ValueError
        If shapes disagree, an entry is not finite, or ``cov`` is not symmetric positive definite.
    """

    mean: NDArray[np.float64]
    cov: NDArray[np.float64]
    _whiten: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        mean = _inputs.parameter(self.mean, "mean", 1)
        cov = _inputs.parameter(self.cov, "cov", 2)
        if cov.shape != (mean.size, mean.size):
            raise ValueError(
                f"cov must have shape {(mean.size, mean.size)} to go with mean, got {cov.shape}"
            )
        whiten = _inputs.inverse_cholesky(cov, "cov")
        vars(self).update(mean=mean, cov=cov, _whiten=whiten)

    @property
    def dim(self) -> int:
        """The dimension d of one point."""
        return self.mean.size

    def _white(self, x: ArrayLike) -> tuple[Array, Array]:
        x = _inputs.points(x, self.dim)
        whiten = self._whiten.astype(x.dtype)
        return whiten @ (x - self.mean.astype(x.dtype)).T, whiten

    def _log_prob(self, z: Array, whiten: Array) -> Array:
        log_norm = np.log(np.diag(whiten)).sum() - z.dtype.type(0.5 * self.dim * LOG_2PI)
        return np.asarray(log_norm - (z * z).sum(0) / 2)

    def _score(self, z: Array, whiten: Array) -> Array:
        return np.ascontiguousarray((-whiten.T @ z).T)

    def log_prob(self, x: ArrayLike) -> Array:
        """log p at each point: ``(n, d)`` in, ``(n,)`` out."""
        return self._log_prob(*self._white(x))

    def score(self, x: ArrayLike) -> Array:
        """∇ log p at each point: ``(n, d)`` in and out."""
        return self._score(*self._white(x))

    def log_prob_and_score(self, x: ArrayLike) -> tuple[Array, Array]:
        """Both at once, for the price of the score: what MALA needs."""
        z, whiten = self._white(x)
        return self._log_prob(z, whiten), self._score(z, whiten)

    def sample(self, n: int, *, rng: np.random.Generator) -> Array:
        """Draw ``(n, d)`` independent points: m + L z with L Lᵀ = Σ."""
        n = _inputs.count(n, "n")
        z = _inputs.generator(rng).standard_normal((n, self.dim))
        return np.asarray(self.mean + z @ np.linalg.cholesky(self.cov).T)

    def blurred(self, sigma: float) -> Gaussian:
        """The density of x + σ z: N(m, Σ + σ² I)."""
        sigma = _inputs.positive(sigma, "sigma")
        return Gaussian(self.mean, self.cov + sigma**2 * np.eye(self.dim))


@dataclass(frozen=True, eq=False)
class Ring:
    r"""A ring in the plane: energy :math:`E(x) = (|x| - R)^2 / 2w^2`, d = 2.

    .. math:: Z = 2\pi\left[ w^2 e^{-R^2/2w^2}
              + R\,w\sqrt{\tfrac{\pi}{2}}\left(1 + \operatorname{erf}\frac{R}{w\sqrt2}\right)\right]
              , \qquad s(x) = \frac{R - |x|}{w^2}\,\frac{x}{|x|}

    At the centre the energy has a cusp and the gradient does not exist. ``score`` returns 0
    there: the mean of the arrows around the centre, and the only choice that prefers no direction.

    Parameters
    ----------
    radius : float
        R > 0, where the density peaks along every ray.
    width : float
        w > 0, the standard deviation of the cut through the ring.

    Raises
    ------
    ValueError
        If ``radius`` or ``width`` is not a positive finite number.
    """

    radius: float
    width: float
    dim = 2

    def __post_init__(self) -> None:
        radius = _inputs.positive(self.radius, "radius")
        vars(self).update(radius=radius, width=_inputs.positive(self.width, "width"))

    @property
    def log_z(self) -> float:
        """log Z of the formula above."""
        r, w = self.radius, self.width
        bulk = r * w * math.sqrt(math.pi / 2) * (1 + math.erf(r / (w * math.sqrt(2))))
        return math.log(2 * math.pi * (w**2 * math.exp(-(r**2) / (2 * w**2)) + bulk))

    def log_prob(self, x: ArrayLike) -> Array:
        """log p at each point: ``(n, 2)`` in, ``(n,)`` out."""
        x = _inputs.points(x, self.dim)
        return np.asarray(
            -((np.hypot(x[:, 0], x[:, 1]) - self.radius) ** 2) / (2 * self.width**2) - self.log_z
        )

    def score(self, x: ArrayLike) -> Array:
        """∇ log p at each point, and 0 at the centre: ``(n, 2)`` in and out."""
        x = _inputs.points(x, self.dim)
        r = np.hypot(x[:, 0], x[:, 1])[:, None]
        safe = np.where(r > 0, r, 1)
        return np.asarray(np.where(r > 0, (self.radius - r) / self.width**2 * (x / safe), 0))

    def sample(self, n: int, *, rng: np.random.Generator) -> Array:
        """Draw ``(n, 2)`` independent points, exactly.

        The radius has density ∝ r exp(-(r-R)²/2w²), peaked at r* = (R + √(R² + 4w²))/2. Because
        log r is concave, it lies below N(r*, w²) up to a constant: propose from that normal and
        accept with probability t e^{1-t}, t = r/r*. The angle is uniform.
        """
        n, rng = _inputs.count(n, "n"), _inputs.generator(rng)
        peak = (self.radius + math.hypot(self.radius, 2 * self.width)) / 2
        kept: list[Array] = []
        missing = n
        while missing:
            t = (peak + self.width * rng.standard_normal(missing)) / peak
            accept = rng.random(missing) < np.where(t > 0, t * np.exp(1 - t), 0)
            kept.append(peak * t[accept])
            missing -= int(accept.sum())
        angle = rng.uniform(0, 2 * math.pi, n)
        radii = np.concatenate(kept)
        return np.stack([radii * np.cos(angle), radii * np.sin(angle)], axis=1)


@dataclass(frozen=True, eq=False)
class Empirical:
    r"""A data set as a density: mass 1/n on each point, :math:`p = \frac1n\sum_i \delta_{x_i}`.

    It has no ``log_prob`` and no ``score``: its landscape is flat nothing with n infinite spikes.
    Blurred, it has both, since :math:`p_\sigma = \frac1n \sum_i N(x_i, \sigma^2 I)`.

    Parameters
    ----------
    data : array, shape (n, d)

    Raises
    ------
    ValueError
        If ``data`` is empty, not finite or not two-dimensional.
    """

    data: NDArray[np.float64]

    def __post_init__(self) -> None:
        vars(self).update(data=_inputs.parameter(self.data, "data", 2))

    @property
    def dim(self) -> int:
        """The dimension d of one point."""
        return int(self.data.shape[1])

    def sample(self, n: int, *, rng: np.random.Generator) -> Array:
        """Draw ``(n, d)`` points of the data set, with replacement."""
        n, data = _inputs.count(n, "n"), self.data
        return np.take(data, _inputs.generator(rng).integers(len(data), size=n), axis=0)

    def blurred(self, sigma: float) -> GaussianMixture:
        """The kernel density p_σ: an equal mixture of N(x_i, σ² I) (Parzen 1962)."""
        var, n = _inputs.positive(sigma, "sigma") ** 2, len(self.data)
        return GaussianMixture(np.full(n, 1 / n), self.data, np.full(n, var))


def three_hills() -> GaussianMixture:
    """The book's running example: a broad hill, a narrow ridge and a small round hill, d = 2."""
    return GaussianMixture(
        weights=np.array([0.5, 0.3, 0.2]),
        means=np.array([[-1.5, -0.6], [1.4, -0.8], [0.4, 1.7]]),
        covs=np.array([[[0.8, 0.3], [0.3, 0.5]], [[0.25, -0.2], [-0.2, 0.6]], np.eye(2) / 5]),
    )
