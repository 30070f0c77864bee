"""The targets that are sampled, written once for each engine, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from scorekit.densities import GaussianMixture

Array = np.ndarray


def ring_mixture(radius: float, sds: Array) -> GaussianMixture:
    """Eight round components on a circle, with weights as 1 : 2 : … : 8."""
    angle, weights = 2 * np.pi * np.arange(8) / 8, np.arange(1.0, 9)
    means = radius * np.stack([np.cos(angle), np.sin(angle)], 1)
    return GaussianMixture(weights / weights.sum(), means, sds**2)


# Row (a): modes far apart, of different widths. Row (b): modes that chains move between.
FAR = ring_mixture(4.0, 0.4 + 0.05 * np.arange(8))
NEAR = ring_mixture(1.5, np.full(8, 0.5))


def textbook_score(p: GaussianMixture, dtype: Any) -> Callable[[Array], Array]:
    """The score as one writes it down, with an array of shape (n, K, 2)."""
    means, v = p.means.astype(dtype), p.covs.astype(dtype)
    log_scale = np.log(p.weights / p.covs).astype(dtype)

    def score(x: Array) -> Array:
        gap = means - x[:, None, :]
        logs = log_scale - (gap**2).sum(2) / (2 * v)
        gamma = np.exp(logs - logs.max(1, keepdims=True))
        gamma /= gamma.sum(1, keepdims=True)
        return np.asarray((gamma[..., None] * gap / v[:, None]).sum(1))

    return score


def jax_log_prob(p: GaussianMixture) -> Callable[[Any], Any]:
    """Log p of one point, for ``jax.grad``."""
    import jax
    import jax.numpy as jnp

    means, v = jnp.asarray(p.means, jnp.float32), jnp.asarray(p.covs, jnp.float32)
    log_scale = jnp.asarray(np.log(p.weights / p.covs), jnp.float32)
    return lambda x: jax.scipy.special.logsumexp(log_scale - ((x - means) ** 2).sum(1) / (2 * v))


def by_products(p: GaussianMixture) -> tuple[Array, Array, Array, Array]:
    """Float32 constants of the score as two matrix products: logits x·a + |x|² b + c, then back."""
    v = p.covs[:, None]
    a, b = (p.means / v).T, -0.5 / p.covs
    c = np.log(p.weights / p.covs) + b * (p.means**2).sum(1)
    back = np.hstack([p.means / v, 1 / v])
    return tuple(t.astype(np.float32) for t in (a, b, c, back))  # type: ignore[return-value]


def first_cdf(p: GaussianMixture, stretch: Array | float = 1.0) -> Callable[[Array], Array]:
    """The CDF of the first coordinate, with component variances times ``stretch``."""
    sds = np.sqrt(p.covs * stretch)
    return lambda t: norm.cdf((t[:, None] - p.means[:, 0]) / sds) @ p.weights


def ks_distance(x: Array, cdf: Callable[[Array], Array]) -> float:
    """The largest gap between an empirical CDF and a CDF; beyond 20 000 draws on a grid of them."""
    x = np.sort(x.astype(float).ravel())
    at = np.unique(np.linspace(0, len(x) - 1, min(len(x), 20_000)).astype(int))
    return float(np.abs(cdf(x[at]) - (at + 0.5) / len(x)).max())


@dataclass(frozen=True)
class Logistic:
    """Bayesian logistic regression, θ ~ N(0, I): the posterior is log-concave."""

    rows: Array
    labels: Array

    def both(self, dtype: Any, chains: int) -> Callable[[Array], tuple[Array, Array]]:
        r"""Log posterior and score of a batch at once, in arrays that are kept.

        With u = A θ: :math:`y\cdot u-\sum\log(1+e^u)-|\theta|^2/2` and
        :math:`A^\top(y-1/(1+e^{-u}))-\theta`.
        """
        a, y = self.rows.astype(dtype), self.labels.astype(dtype)
        pull, across = y @ a, np.ascontiguousarray(a.T)
        u, e = np.empty((2, chains, len(a)), dtype)

        def both(theta: Array) -> tuple[Array, Array]:
            np.matmul(theta, across, out=u)
            # log(1 + e^u) = max(u, 0) + log(1 + e^-|u|), and its slope 1 / (1 + e^-u)
            np.abs(u, out=e)
            np.negative(e, out=e)
            np.exp(e, out=e)
            softplus = np.maximum(u, 0).sum(1)
            rest = 1 + e
            slope = np.where(u >= 0, dtype(1), e)
            slope /= rest
            softplus += np.log(rest, out=rest).sum(1)
            score = pull - slope @ a
            score -= theta
            log_p = theta @ pull - softplus
            log_p -= np.einsum("nd,nd->n", theta, theta) / 2
            return log_p, score

        return both

    def jax_log_prob(self) -> Callable[[Any], Any]:
        import jax.numpy as jnp

        a, y = jnp.asarray(self.rows, jnp.float32), jnp.asarray(self.labels, jnp.float32)

        def log_prob(theta: Any) -> Any:
            u = a @ theta
            return u @ y - jnp.logaddexp(0.0, u).sum() - theta @ theta / 2

        return log_prob

    def posterior(self, draws: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        """Means, their standard errors and sds, by importance sampling from a t at the mode.

        No chain and no score of ours is in it but Newton's steps to the mode.
        """
        a, y, d = self.rows, self.labels, self.rows.shape[1]

        def curvature(theta: Array) -> Array:
            p = expit(a @ theta)
            return np.asarray((a * (p * (1 - p))[:, None]).T @ a + np.eye(d))

        mode = np.zeros(d)
        for _ in range(50):
            mode += np.linalg.solve(curvature(mode), a.T @ (y - expit(a @ mode)) - mode)
        root = np.linalg.cholesky(np.linalg.inv(curvature(mode)))
        freedom = 20
        z = rng.standard_normal((draws, d))
        z *= np.sqrt(freedom / rng.chisquare(freedom, draws))[:, None]
        theta = mode + z @ root.T
        u = theta @ a.T
        log_p = u @ y - np.logaddexp(0, u).sum(1) - (theta**2).sum(1) / 2
        log_w = log_p + (freedom + d) / 2 * np.log1p((z**2).sum(1) / freedom)
        w = np.exp(log_w - log_w.max())
        w /= w.sum()
        mean = w @ theta
        gap = theta - mean
        return mean, np.sqrt((w**2) @ gap**2), np.sqrt(w @ gap**2)


def breast_cancer() -> Logistic:
    """The 569 × 30 breast cancer data of scikit-learn, standardised, and a column of ones."""
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    x = (x - x.mean(0)) / x.std(0)
    return Logistic(np.hstack([x, np.ones((len(x), 1))]), y.astype(float))


def small_logistic() -> Logistic:
    """For the tests, which have no time: 60 × 3, drawn."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((60, 3))
    return Logistic(rows, (rng.random(60) < expit(rows @ [1.0, -1.0, 0.5])).astype(float))
