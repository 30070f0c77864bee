"""Mixtures of normal densities; import them from :mod:`scorekit.densities`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs

Array = NDArray[np.floating]
LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    r"""A weighted sum of normal densities, :math:`p = \sum_k \omega_k N(m_k, \Sigma_k)`.

    Its score is the responsibility-weighted mean of the components' scores,

    .. math:: s(x) = \sum_k \gamma_k(x)\, \Sigma_k^{-1}(m_k - x), \qquad
              \gamma_k(x) = \frac{\omega_k N(x; m_k, \Sigma_k)}
                               {\sum_j \omega_j N(x; m_j, \Sigma_j)}

    with :math:`\gamma_k` computed by log-sum-exp, so that far tails neither overflow nor give 0/0
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

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covs: NDArray[np.float64]
    _whiten: NDArray[np.float64] | None = field(init=False, repr=False)
    _log_scale: NDArray[np.float64] = field(init=False, repr=False)

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
        return int(self.means.shape[1])

    def _components(self, x: Array) -> tuple[Array, Array | None]:
        """log ω_k N(x; m_k, Σ_k), shape (K, n); and the white residuals z_k, shape (K, d, n)."""
        xt, dtype = np.ascontiguousarray(x.T), x.dtype
        log_scale = self._log_scale.astype(dtype)[:, None]
        if self._whiten is None:
            # |x - m|² = |x|² - 2 m·x + |m|², about the mixture's mean to lose fewer digits.
            centre = self.weights @ self.means
            means = (self.means - centre).astype(dtype)
            xt = xt - centre.astype(dtype)[:, None]
            half = ((means @ xt) - (xt * xt).sum(0) / 2) - (means * means).sum(1)[:, None] / 2
            return log_scale + half / self.covs.astype(dtype)[:, None], None
        whiten = self._whiten.astype(dtype)
        k, d, _ = whiten.shape
        z = (whiten.reshape(k * d, d) @ xt).reshape(k, d, -1)
        z -= np.einsum("kij,kj->ki", whiten, self.means.astype(dtype))[:, :, None]
        return log_scale - (z * z).sum(1) / 2, z

    def log_prob(self, x: ArrayLike) -> Array:
        """log p at each point: ``(n, d)`` in, ``(n,)`` out."""
        logs, _ = self._components(_inputs.points(x, self.dim))
        top = logs.max(0)
        return np.asarray(top + np.log(np.exp(logs - top).sum(0)))

    def responsibilities(self, x: ArrayLike) -> Array:
        """P(component k | x): ``(n, d)`` in, ``(n, K)`` out, rows summing to 1."""
        logs, _ = self._components(_inputs.points(x, self.dim))
        gamma = np.exp(logs - logs.max(0))
        return np.ascontiguousarray((gamma / gamma.sum(0)).T)

    def score(self, x: ArrayLike) -> Array:
        """∇ log p at each point: ``(n, d)`` in and out."""
        x = _inputs.points(x, self.dim)
        logs, z = self._components(x)
        gamma = np.exp(logs - logs.max(0))
        gamma /= gamma.sum(0)
        if z is None or self._whiten is None:  # Σ_k γ_k (m_k - x) / v_k
            gamma /= self.covs.astype(x.dtype)[:, None]
            pull = self.means.astype(x.dtype).T @ gamma - gamma.sum(0) * x.T
        else:  # -Σ_k γ_k W_kᵀ z_k
            k, d, n = z.shape
            whiten = self._whiten.astype(x.dtype).reshape(k * d, d)
            z *= gamma[:, None, :]
            pull = -whiten.T @ z.reshape(k * d, n)
        return np.ascontiguousarray(pull.T)

    def sample(self, n: int, *, rng: np.random.Generator) -> Array:
        """Draw ``(n, d)`` independent points: first all component labels, then all normals."""
        n, rng = _inputs.count(n, "n"), _inputs.generator(rng)
        label = rng.choice(len(self.weights), size=n, p=self.weights)
        z = rng.standard_normal((n, self.dim))
        covs = self.covs
        if covs.ndim == 1:
            spread = np.sqrt(covs)[label, None] * z
        else:
            spread = np.einsum("nij,nj->ni", np.linalg.cholesky(covs)[label], z)
        return np.asarray(self.means[label] + spread)

    def blurred(self, sigma: float) -> GaussianMixture:
        """The density of x + σ z: the same mixture with σ² I added to every covariance."""
        var, covs = _inputs.positive(sigma, "sigma") ** 2, self.covs
        more = covs + (var if covs.ndim == 1 else var * np.eye(self.dim))
        return GaussianMixture(self.weights, self.means, more)
