"""Mixtures of normal densities; import them from :mod:`scorekit.densities`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs

Array = NDArray[np.floating]
LOG_2PI = math.log(2 * math.pi)
# The most numbers an array of a block of points holds, so that all of them stay in the cache.
BLOCK = 2**17


@dataclass(frozen=True, slots=True)
class _Work:
    """Arrays to compute in, kept from call to call: new memory costs more than the arithmetic."""

    features: Array  # what forth multiplies
    wide: Array  # forth @ features: a round mixture's logs, else all z_k = W_k (x - m_k)
    logs: Array  # (K, n)
    top: Array
    sums: Array  # what back gives


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
    _whiten: NDArray[np.float64] = field(init=False, repr=False)
    _log_scale: NDArray[np.float64] = field(init=False, repr=False)
    _peak: float = field(init=False, repr=False)
    _tables: dict[Any, tuple[Array, Array, Array]] = field(init=False, repr=False)
    _spare: dict[Any, _Work] = field(init=False, repr=False)

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
            log_det = d * np.log(covs)
            whiten = np.zeros((0, 0))
        else:
            factors = [_inputs.inverse_cholesky(c, f"covs[{i}]") for i, c in enumerate(covs)]
            whiten = np.concatenate(factors)  # W_1 over W_2 over …, shape (K d, d)
            diagonals = np.diagonal(np.stack(factors), axis1=1, axis2=2)
            log_det = -2 * np.log(diagonals).sum(1)
        log_scale = np.log(weights) - (d * LOG_2PI + log_det) / 2
        vars(self).update(weights=weights, means=means, covs=covs, _tables={}, _spare={})
        # Less the largest, so that no log computed below is above 0 and no exp overflows.
        peak = float(log_scale.max())
        vars(self).update(_whiten=whiten, _log_scale=log_scale - peak, _peak=peak)

    @property
    def dim(self) -> int:
        """The dimension d of one point."""
        return int(self.means.shape[1])

    def _table(self, dtype: Any) -> tuple[Array, Array, Array]:
        """Constants of the two matrix products below, and the origin they are taken about."""
        if dtype not in self._tables:
            origin = self.weights @ self.means  # near the data: fewer digits are lost
            m, log_scale = self.means - origin, self._log_scale[:, None]
            if self.covs.ndim == 1:
                v = self.covs[:, None]
                # (m/v)·x - |x|²/2v + const, and the sums over k of γ m/v, γ/v and γ
                forth = np.hstack([m / v, -0.5 / v, log_scale - (m * m).sum(1)[:, None] / (2 * v)])
                back = np.vstack([(m / v).T, 1 / v.T, np.ones_like(v.T)])
            else:
                k, d = m.shape
                shift = np.einsum("kij,kj->ki", self._whiten.reshape(k, d, d), m)
                forth = np.hstack([self._whiten, -shift.reshape(-1, 1)])  # z = W (x - m)
                back = -self._whiten.T
            self._tables[dtype] = (
                origin[:, None].astype(dtype),
                forth.astype(dtype),
                back.astype(dtype),
            )
        return self._tables[dtype]

    def _blocks(self, x: Array) -> Iterator[tuple[slice, _Work]]:
        """Go through the points block by block, with arrays to compute in."""
        _, forth, back = self._table(x.dtype)
        most = max(1, BLOCK // len(forth))
        size = math.ceil(len(x) / math.ceil(len(x) / most))
        # Taken out while in use: another thread finds none, and makes its own.
        work = self._spare.pop((x.dtype, size), None)
        if work is None:
            features = np.ones((forth.shape[1], size), x.dtype)
            wide = np.empty((len(forth), size), x.dtype)
            logs = wide if self.covs.ndim == 1 else np.empty((len(self.weights), size), x.dtype)
            top, sums = np.empty(size, x.dtype), np.empty((len(back), size), x.dtype)
            work = _Work(features, wide, logs, top, sums)
        for first in range(0, len(x), size):
            first = min(first, len(x) - size)  # all of one size: the last two may overlap a little
            yield slice(first, first + size), work
        self._spare.clear()
        self._spare[x.dtype, size] = work

    def _logs(self, x: Array, work: _Work) -> tuple[Array, Array]:
        """log ω_k N(x; m_k, Σ_k) - peak, (K, n); then x itself, or z_k = W_k (x - m_k)."""
        origin, forth, _ = self._table(x.dtype)
        features, logs, d = work.features, work.logs, self.dim
        np.subtract(x.T, origin, out=features[:d])  # the last row holds ones
        if self.covs.ndim == 1:
            np.einsum("dn,dn->n", features[:d], features[:d], out=features[d])
            return np.matmul(forth, features, out=logs), features[:d]
        z = np.matmul(forth, features, out=work.wide).reshape(-1, d, len(x))
        np.einsum("kdn,kdn->kn", z, z, out=logs)
        logs *= -0.5
        logs += self._log_scale.astype(x.dtype)[:, None]
        return logs, z

    def _sums(self, x: Array, work: _Work, far: bool = False) -> tuple[Any, Array, Array]:
        """A log c, Σ_k e_k and Σ_k e_k Σ_k⁻¹ (m_k - x), where c e_k = ω_k N(x; m_k, Σ_k).

        c is a constant; where all e_k would be tiny, ``far``, it is the largest term instead.
        """
        logs, aside = self._logs(x, work)
        _, _, back = self._table(x.dtype)
        top: Any = 0.0
        if far:
            top = logs.max(0, out=work.top)
            logs -= top
        e = np.exp(logs, out=logs)
        if self.covs.ndim == 1:
            sums = np.matmul(back, e, out=work.sums)
            total, pull = sums[-1], sums[:-2]
            aside *= sums[-2]
            pull -= aside
        else:
            total = e.sum(0)
            aside *= e[:, None, :]
            pull = np.matmul(back, aside.reshape(-1, len(x)), out=work.sums)
        limits = np.finfo(x.dtype)
        if not far and total.min() < limits.tiny / limits.eps:  # digits of some e_k are lost
            return self._sums(x, work, far=True)
        return top + self._peak, total, pull

    def log_prob(self, x: ArrayLike) -> Array:
        """log p at each point: ``(n, d)`` in, ``(n,)`` out."""
        x = _inputs.points(x, self.dim)
        log_p = np.empty(len(x), x.dtype)
        for rows, work in self._blocks(x):
            logs, _ = self._logs(x[rows], work)
            top = logs.max(0, out=work.top)
            logs -= top
            log_p[rows] = top + np.log(np.exp(logs, out=logs).sum(0)) + self._peak
        return log_p

    def responsibilities(self, x: ArrayLike) -> Array:
        """P(component k | x): ``(n, d)`` in, ``(n, K)`` out, rows summing to 1."""
        x = _inputs.points(x, self.dim)
        gamma = np.empty((len(x), len(self.weights)), x.dtype)
        for rows, work in self._blocks(x):
            logs, _ = self._logs(x[rows], work)
            e = np.exp(logs - logs.max(0))
            gamma[rows] = (e / e.sum(0)).T
        return gamma

    def score(self, x: ArrayLike) -> Array:
        """∇ log p at each point: ``(n, d)`` in and out."""
        x = _inputs.points(x, self.dim)
        score = np.empty((self.dim, len(x)), x.dtype)
        for rows, work in self._blocks(x):
            _, total, pull = self._sums(x[rows], work)
            np.divide(pull, total, out=score[:, rows])
        return score.T

    def log_prob_and_score(self, x: ArrayLike) -> tuple[Array, Array]:
        """Both at once, for little more than the price of the score: what MALA needs."""
        x = _inputs.points(x, self.dim)
        log_p, score = np.empty(len(x), x.dtype), np.empty((self.dim, len(x)), x.dtype)
        for rows, work in self._blocks(x):
            top, total, pull = self._sums(x[rows], work)
            np.divide(pull, total, out=score[:, rows])
            np.add(np.log(total, out=total), top, out=log_p[rows])
        return log_p, score.T

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
