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
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs

Array = NDArray[np.floating]
LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, eq=False)
class Gaussian:
    r"""The normal density :math:`N(m, \Sigma)`.

    .. math:: \log p(x) = -\tfrac12 (x-m)^\top \Sigma^{-1} (x-m)
              - \tfrac12 \log\det(2\pi\Sigma), \qquad s(x) = -\Sigma^{-1}(x-m)

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

    mean: ArrayLike
    cov: ArrayLike

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
        return len(np.asarray(self.mean))

    def _white(self, x: ArrayLike) -> tuple[Array, Array]:
        x = _inputs.points(x, self.dim)
        whiten = self._whiten.astype(x.dtype)  # type: ignore[attr-defined]
        return whiten @ (x - np.asarray(self.mean, x.dtype)).T, whiten

    def log_prob(self, x: ArrayLike) -> Array:
        """log p at each point: ``(n, d)`` in, ``(n,)`` out."""
        z, whiten = self._white(x)
        log_norm = np.log(np.diag(whiten)).sum() - z.dtype.type(0.5 * self.dim * LOG_2PI)
        return np.asarray(log_norm - (z * z).sum(0) / 2)

    def score(self, x: ArrayLike) -> Array:
        """∇ log p at each point: ``(n, d)`` in and out."""
        z, whiten = self._white(x)
        return np.ascontiguousarray((-whiten.T @ z).T)

    def sample(self, n: int, *, rng: np.random.Generator) -> Array:
        """Draw ``(n, d)`` independent points: m + L z with L Lᵀ = Σ."""
        n = _inputs.count(n, "n")
        z = _inputs.generator(rng).standard_normal((n, self.dim))
        return np.asarray(np.asarray(self.mean) + z @ np.linalg.cholesky(np.asarray(self.cov)).T)

    def blurred(self, sigma: float) -> Gaussian:
        """The density of x + σ z: N(m, Σ + σ² I)."""
        sigma = _inputs.positive(sigma, "sigma")
        return Gaussian(self.mean, np.asarray(self.cov) + sigma**2 * np.eye(self.dim))


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    r"""A weighted sum of normal densities, :math:`p = \sum_k w_k N(m_k, \Sigma_k)`.

    Its score is the responsibility-weighted mean of the components' scores,

    .. math:: s(x) = \sum_k r_k(x)\, \Sigma_k^{-1}(m_k - x), \qquad
              r_k(x) = \frac{w_k N(x; m_k, \Sigma_k)}{\sum_j w_j N(x; m_j, \Sigma_j)}

    with the :math:`r_k` computed by log-sum-exp, so that far tails neither overflow nor give 0/0
    (Bishop 2006, *Pattern Recognition and Machine Learning*, eq. 9.13).

    Parameters
    ----------
    weights : array, shape (K,)
        Positive, summing to 1 within 1e-9.
    means : array, shape (K, d)
    covs : array, shape (K, d, d) or (K,)
        Covariance matrices; or K variances, for components that are round (Σ_k = v_k I).

    Raises
    ------
    ValueError
        If shapes disagree, weights are not positive or do not sum to 1, or a covariance is not
        symmetric positive definite.
    """

    weights: ArrayLike
    means: ArrayLike
    covs: ArrayLike

    def __post_init__(self) -> None:
        weights = _inputs.parameter(self.weights, "weights", 1)
        means = _inputs.parameter(self.means, "means", 2)
        covs = _inputs.parameter(self.covs, "covs", 1 if np.ndim(self.covs) == 1 else 3)
        k, d = means.shape
        if weights.shape != (k,):
            raise ValueError(
                f"weights must have shape {(k,)} to go with means, got {weights.shape}"
            )
        if (weights <= 0).any():
            raise ValueError(
                f"weights must be positive, got a smallest weight of {weights.min()!r}"
            )
        if abs(weights.sum() - 1) > 1e-9:
            raise ValueError(f"weights must sum to 1, got a sum of {weights.sum():.10g}")
        if covs.shape not in ((k,), (k, d, d)):
            raise ValueError(f"covs must have shape {(k, d, d)} or {(k,)}, got {covs.shape}")
        if covs.ndim == 1:
            if (covs <= 0).any():
                raise ValueError(
                    f"covs must be positive, got a smallest variance of {covs.min()!r}"
                )
            whiten, log_det = None, d * np.log(covs)
        else:
            whiten = np.stack(
                [_inputs.inverse_cholesky(c, f"covs[{i}]") for i, c in enumerate(covs)]
            )
            log_det = -2 * np.log(np.diagonal(whiten, axis1=1, axis2=2)).sum(1)
        log_scale = np.log(weights) - (d * LOG_2PI + log_det) / 2
        vars(self).update(
            weights=weights, means=means, covs=covs, _whiten=whiten, _log_scale=log_scale
        )

    @property
    def dim(self) -> int:
        """The dimension d of one point."""
        return int(np.shape(self.means)[1])

    def _components(self, x: Array) -> tuple[Array, Array | None]:
        """log w_k N(x; m_k, Σ_k), shape (K, n); and the white residuals z_k, shape (K, d, n)."""
        xt, dtype = np.ascontiguousarray(x.T), x.dtype
        log_scale = self._log_scale.astype(dtype)[:, None]  # type: ignore[attr-defined]
        if self._whiten is None:  # type: ignore[attr-defined]
            # |x - m|² = |x|² - 2 m·x + |m|², about the mixture's mean to lose fewer digits.
            centre = np.asarray(self.weights) @ np.asarray(self.means)
            means = (np.asarray(self.means) - centre).astype(dtype)
            xt = xt - centre.astype(dtype)[:, None]
            half = ((means @ xt) - (xt * xt).sum(0) / 2) - (means * means).sum(1)[:, None] / 2
            return log_scale + half / np.asarray(self.covs, dtype)[:, None], None
        whiten = self._whiten.astype(dtype)  # type: ignore[attr-defined]
        k, d, _ = whiten.shape
        z = (whiten.reshape(k * d, d) @ xt).reshape(k, d, -1)
        z -= np.einsum("kij,kj->ki", whiten, np.asarray(self.means, dtype))[:, :, None]
        return log_scale - (z * z).sum(1) / 2, z

    def log_prob(self, x: ArrayLike) -> Array:
        """log p at each point: ``(n, d)`` in, ``(n,)`` out."""
        logs, _ = self._components(_inputs.points(x, self.dim))
        top = logs.max(0)
        return np.asarray(top + np.log(np.exp(logs - top).sum(0)))

    def responsibilities(self, x: ArrayLike) -> Array:
        """P(component k | x): ``(n, d)`` in, ``(n, K)`` out, rows summing to 1."""
        logs, _ = self._components(_inputs.points(x, self.dim))
        r = np.exp(logs - logs.max(0))
        return np.ascontiguousarray((r / r.sum(0)).T)

    def score(self, x: ArrayLike) -> Array:
        """∇ log p at each point: ``(n, d)`` in and out."""
        x = _inputs.points(x, self.dim)
        logs, z = self._components(x)
        r = np.exp(logs - logs.max(0))
        r /= r.sum(0)
        if z is None:  # Σ_k r_k (m_k - x) / v_k
            r /= np.asarray(self.covs, x.dtype)[:, None]
            pull = np.asarray(self.means, x.dtype).T @ r - r.sum(0) * x.T
        else:  # -Σ_k r_k W_kᵀ z_k
            k, d, n = z.shape
            whiten = self._whiten.astype(x.dtype).reshape(k * d, d)  # type: ignore[attr-defined]
            z *= r[:, None, :]
            pull = -whiten.T @ z.reshape(k * d, n)
        return np.ascontiguousarray(pull.T)

    def sample(self, n: int, *, rng: np.random.Generator) -> Array:
        """Draw ``(n, d)`` independent points: first all component labels, then all normals."""
        n, rng = _inputs.count(n, "n"), _inputs.generator(rng)
        label = rng.choice(len(np.asarray(self.weights)), size=n, p=np.asarray(self.weights))
        z = rng.standard_normal((n, self.dim))
        covs = np.asarray(self.covs)
        if covs.ndim == 1:
            spread = np.sqrt(covs)[label, None] * z
        else:
            spread = np.einsum("nij,nj->ni", np.linalg.cholesky(covs)[label], z)
        return np.asarray(np.asarray(self.means)[label] + spread)

    def blurred(self, sigma: float) -> GaussianMixture:
        """The density of x + σ z: the same mixture with σ² I added to every covariance."""
        var, covs = _inputs.positive(sigma, "sigma") ** 2, np.asarray(self.covs)
        more = covs + (var if covs.ndim == 1 else var * np.eye(self.dim))
        return GaussianMixture(self.weights, self.means, more)


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
        return np.concatenate(kept)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


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

    data: ArrayLike

    def __post_init__(self) -> None:
        vars(self).update(data=_inputs.parameter(self.data, "data", 2))

    @property
    def dim(self) -> int:
        """The dimension d of one point."""
        return int(np.shape(self.data)[1])

    def sample(self, n: int, *, rng: np.random.Generator) -> Array:
        """Draw ``(n, d)`` points of the data set, with replacement."""
        n, data = _inputs.count(n, "n"), np.asarray(self.data)
        return data[_inputs.generator(rng).integers(len(data), size=n)]

    def blurred(self, sigma: float) -> GaussianMixture:
        """The kernel density p_σ: an equal mixture of N(x_i, σ² I) (Parzen 1962)."""
        var, n = _inputs.positive(sigma, "sigma") ** 2, len(np.asarray(self.data))
        return GaussianMixture(np.full(n, 1 / n), self.data, np.full(n, var))
