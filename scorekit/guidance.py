r"""Guidance: a score plus λ times the gradient of a classifier's log-probability.

.. math:: s_\mathrm{eff}(x) = \nabla\log p(x) + \lambda\,\nabla\log p(y\mid x)

At one noise level this is the score of the *tilted* law :math:`p(x)\,p(y\mid x)^\lambda`. Used at
every level of a diffusion it is not, unless λ is 0 or 1: :func:`guided_variances` has the gap. λ is
an exponent, not a probability; what too much of it does to the spread of the samples,
:mod:`scorekit.collapse` measures and watches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .denoising import NoisyScore
from .densities import Gaussian, GaussianMixture

Array = NDArray[np.floating]
Matrix = NDArray[np.float64]
Score = Callable[..., Array]


def guided(score: Score, classifier_score: Score, lam: float) -> Score:
    r"""The guided score :math:`s + \lambda\,\nabla\log p(y\mid\cdot)`.

    Parameters
    ----------
    score, classifier_score : callable
        Both of x, or both of (x, sigma): the guided score takes the same. The classifier must then
        be one of the *noisy* point.
    lam : float
        λ, any finite number. At 0 the classifier is not called.

    Raises
    ------
    ValueError, TypeError
        If λ is not a finite number; when called, if the two answers differ in shape.
    """
    weight = _weight(lam)

    def effective(x: Array, *sigma: float) -> Array:
        s = score(x, *sigma)
        if weight == 0:
            return s
        pull = classifier_score(x, *sigma)
        if np.shape(pull) != np.shape(s):
            raise ValueError(
                f"classifier_score must have the shape of score, {np.shape(s)}, "
                f"got {np.shape(pull)}"
            )
        return np.asarray(s + weight * pull, s.dtype)

    return effective


def classifier_free(conditional: Score, unconditional: Score, lam: float) -> Score:
    r"""Guidance without a classifier (Ho & Salimans 2022):
    :math:`s_u + \lambda\,(s_c - s_u)`.

    By Bayes the difference of the two scores *is* the gradient of a classifier's log-probability.
    λ = 0 is the unconditional score and λ = 1 the conditional one; their weight w is λ - 1.
    """
    weight = _weight(lam)
    if weight == 0:
        return unconditional
    if weight == 1:
        return conditional
    return guided(unconditional, lambda x, *s: conditional(x, *s) - unconditional(x, *s), weight)


def component_guide(mixture: GaussianMixture, label: int) -> NoisyScore:
    r"""The exact classifier of a mixture, noise-aware: (x, σ) to :math:`\nabla\log\gamma_k`.

    The responsibility of component k for a noisy point is :math:`p(k\mid x_\sigma)`, and

    .. math:: \nabla\log\gamma_k(x) = s_k(x,\sigma) - s(x,\sigma),

    the score of the component less that of the mixture. With σ left out, or 0, the point is clean.
    """
    label = _inputs.count(label, "label", 0)
    if label >= len(mixture.weights):
        raise ValueError(f"label must be below {len(mixture.weights)}, got {label}")
    one = slice(label, label + 1)
    part = GaussianMixture(np.ones(1), mixture.means[one], mixture.covs[one])

    def guide(x: Array, sigma: float = 0.0) -> Array:
        if sigma == 0:
            return part.score(x) - mixture.score(x)
        return part.blurred(sigma).score(x) - mixture.blurred(sigma).score(x)

    return guide


def tilted_gaussian(
    prior: Gaussian, operator: ArrayLike, y: ArrayLike, noise_cov: ArrayLike, lam: float
) -> Gaussian:
    r"""The law ∝ p(x) p(y|x)^λ for a normal prior and evidence :math:`y = Ax + n`, n ~ N(0, R).

    .. math:: \Sigma_\lambda^{-1} = \Sigma^{-1} + \lambda A^\top R^{-1}A, \qquad
              m_\lambda = m + \lambda\,\Sigma_\lambda A^\top R^{-1}(y - Am)

    Evidence counted λ times: the same as noise of covariance R/λ. Normal again for λ ≥ 0.

    Parameters
    ----------
    prior : Gaussian
    operator : array, shape (k, d)
    y : array, shape (k,)
    noise_cov : array, shape (k, k)
        R, symmetric positive definite.
    lam : float
        λ, at least 0.
    """
    a, r, weight = _evidence(operator, noise_cov, lam, prior.dim)
    y = _inputs.parameter(y, "y", 1)
    if y.shape != (len(a),):
        raise ValueError(f"y must have shape {(len(a),)} to go with operator, got {y.shape}")
    pull = weight * np.linalg.solve(r, a).T
    cov = np.linalg.inv(np.linalg.inv(prior.cov) + pull @ a)
    cov = (cov + cov.T) / 2
    return Gaussian(prior.mean + cov @ pull @ (y - a @ prior.mean), cov)


def entropy_drop(cov: ArrayLike, operator: ArrayLike, noise_cov: ArrayLike, lam: float) -> float:
    r"""How many nats of entropy the evidence takes away from N(m, Σ) when it counts λ times.

    .. math:: H_0 - H_\lambda = \tfrac12\log\det(I + \lambda\,\Sigma A^\top R^{-1}A)

    For one number :math:`y=a\cdot x+\tau n` that is
    :math:`\tfrac12\log(1+\lambda\,a^\top\Sigma a/\tau^2)`. Parameters as for tilted_gaussian.
    """
    sigma = np.array(_inputs.parameter(cov, "cov", 2))
    _inputs.cholesky(sigma, "cov")
    a, r, weight = _evidence(operator, noise_cov, lam, len(sigma))
    inside = np.eye(len(a)) + weight * np.linalg.solve(r, a @ sigma @ a.T)
    return float(np.linalg.slogdet(inside)[1] / 2)


class GuidedVariances(NamedTuple):
    """Where three samplers that share one λ end: see guided_variances."""

    flow: float
    sde: float
    tilted: float


def guided_variances(v: float, tau: float, lam: float) -> GuidedVariances:
    r"""N(0, v) guided by a measurement of x with noise τ: the variances of three answers.

    With :math:`v_p = 1/(1/v+1/\tau^2)` and :math:`u=\sigma^2`, the guided score at level σ is
    :math:`-(1-\lambda)x/(v+u) - \lambda x/(v_p+u)`. From :math:`\sigma=\infty` down to 0

    .. math:: \text{flow: } &v^{1-\lambda}v_p^\lambda \\
       \text{SDE: } &\int_0^\infty\Big[\Big(\frac{v+u}{v}\Big)^{\lambda-1}
       \Big(\frac{v_p}{v_p+u}\Big)^{\lambda}\Big]^2du \\
       \text{tilted: } &\frac1{1/v+\lambda/\tau^2}

    At λ = 0 and λ = 1 all three agree. (For λ < 0 the integral may diverge: refused.)
    """
    from scipy.integrate import quad

    v, tau, weight = _inputs.positive(v, "v"), _inputs.positive(tau, "tau"), _weight(lam)
    if weight < 0:
        raise ValueError(f"lam must be at least 0, got {weight!r}")
    posterior = 1 / (1 / v + 1 / tau**2)

    def rate(share: float) -> float:  # u = v t/(1-t), t from 0 to 1
        u = v * share / (1 - share)
        log = (weight - 1) * np.log1p(u / v) - weight * np.log1p(u / posterior)
        return float(np.exp(2 * log) * v / (1 - share) ** 2)

    sde = quad(rate, 0, 1, epsabs=1e-13, epsrel=1e-11)[0]
    tilted = 1 / (1 / v + weight / tau**2)
    return GuidedVariances(float(v ** (1 - weight) * posterior**weight), float(sde), tilted)


def _evidence(
    operator: ArrayLike, noise_cov: ArrayLike, lam: float, dim: int
) -> tuple[Matrix, Matrix, float]:
    a = _inputs.parameter(operator, "operator", 2)
    if a.shape[1] != dim:
        raise ValueError(f"operator must have shape (k, {dim}), got {a.shape}")
    r, weight = _inputs.parameter(noise_cov, "noise_cov", 2), _weight(lam)
    if r.shape != (len(a), len(a)):
        raise ValueError(f"noise_cov must have shape {(len(a), len(a))}, got {r.shape}")
    _inputs.cholesky(r, "noise_cov")
    if weight < 0:
        raise ValueError(f"lam must be at least 0, got {weight!r}")
    return a, r, weight


def _weight(lam: float) -> float:
    if isinstance(lam, bool) or not isinstance(lam, int | float | np.integer | np.floating):
        raise TypeError(f"lam must be one number, got {_inputs.describe(lam)}")
    if not np.isfinite(lam):
        raise ValueError(f"lam must be finite, got {lam!r}")
    return float(lam)
