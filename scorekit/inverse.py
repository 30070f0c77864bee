r"""Inverse problems: a prior's score and a measurement's make the score of the posterior.

.. math:: \nabla\log p(x\mid y)=\nabla\log p(x)+\nabla_x\log p(y\mid x)

A *likelihood* here is a noise-conditional score, a callable ``(x, sigma)``; with a prior's score
it makes ``add(prior, likelihood)``, and every sampler of :mod:`scorekit.diffusion` runs that. What
is needed at noise level σ is :math:`\nabla_x\log p(y\mid x_\sigma=x)`, the likelihood of y given
the *noisy* x. Exact for mixtures (:func:`scorekit.conditioning.exact_likelihood`); for a learned
prior the functions below guess it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator

from . import _inputs
from .chains import Array
from .conditioning import measurement
from .denoising import NoisyScore, tweedie_mean
from .diffusion import predictor_corrector
from .operators import apply, apply_adjoint
from .pullbacks import pullback


def likelihood_score(A: LinearOperator, y: ArrayLike, tau: float) -> Callable[..., Array]:
    r"""The likelihood's score at a clean point, :math:`A^\top(y-Ax)/\tau^2`.

    Right at σ = 0 only: called with a ``sigma`` it ignores it, and that is the misconception of
    chapter 4.

    Parameters
    ----------
    A : LinearOperator, (m, d)
        Its adjoint must pass the dot-product test.
    y : array, shape (m,) or (n, m)
        One measurement for all points, or one a point.
    tau : float
        Standard deviation of the measurement's noise.

    Returns
    -------
    callable, (x, sigma=0) to the shape of x

    Raises
    ------
    ValueError, TypeError
        If the adjoint is wrong, a shape does not fit, or τ is not positive.
    """
    y, tau = measurement(A, y, tau)

    def score(x: Array, sigma: float = 0.0) -> Array:
        return apply_adjoint(A, _gap(A, y, x)) / x.dtype.type(tau**2)

    return score


@dataclass(frozen=True, eq=False)
class DenoisedLikelihood:
    r"""A likelihood that looks at the denoised point, :math:`D=x+\sigma^2s(x,\sigma)`.

    Its score is :math:`(\nabla D)^\top u`, with u the pull of the measurement on D.

    Parameters
    ----------
    prior : callable, (x, sigma)
        A score network or :class:`~scorekit.pullbacks.ExactPrior`: whatever
        :func:`~scorekit.pullbacks.pullback` can differentiate.
    pull : callable, (D, sigma) to the shape of D
    """

    prior: NoisyScore
    pull: Callable[[Array, float], Array]

    def __call__(self, x: Array, sigma: float) -> Array:
        """The likelihood's score."""
        return self._both(x, sigma)[1]

    def posterior(self, x: Array, sigma: float) -> Array:
        """``add(prior, likelihood)`` for the price of one pass through the prior and back."""
        prior, likelihood = self._both(x, sigma)
        return prior + likelihood

    def _both(self, x: Array, sigma: float) -> tuple[Array, Array]:
        sigma = _inputs.positive(sigma, "sigma")
        s, back = pullback(self.prior, x, sigma)
        u = self.pull(x + x.dtype.type(sigma**2) * s, sigma)
        return s, u + x.dtype.type(sigma**2) * back(u)


def dps_score(
    prior: NoisyScore,
    A: LinearOperator,
    y: ArrayLike,
    tau: float,
    *,
    scale: float = 1.0,
    normalised: bool = False,
) -> DenoisedLikelihood:
    r"""Diffusion posterior sampling: pretend that the denoised point is the truth.

    .. math:: \text{scale}\cdot(\nabla D)^\top A^\top(y-AD)\,/\,\tau^2

    (Chung et al. 2023, *ICLR*, §3). With ``normalised`` the factor 1/τ² becomes
    :math:`1/(\sigma^2|y-AD|)`, their Algorithm 1 but for the spacing of levels: τ enters no more,
    and how much the measurement counts is set by hand, by ``scale``.

    Parameters
    ----------
    prior : see :class:`DenoisedLikelihood`
    A, y, tau : see :func:`likelihood_score`
    """
    (y, tau), scale = measurement(A, y, tau), _inputs.positive(scale, "scale")

    def pull(denoised: Array, sigma: float) -> Array:
        gap = _gap(A, y, denoised)
        factor: Any = scale / tau**2
        if normalised:
            size = np.linalg.norm(gap, axis=1, keepdims=True)
            factor = scale / (sigma**2 * np.maximum(size, np.finfo(gap.dtype).tiny))
        return np.asarray(factor * apply_adjoint(A, gap), denoised.dtype)

    return DenoisedLikelihood(prior, pull)


def pigdm_score(
    prior: NoisyScore, A: LinearOperator, y: ArrayLike, tau: float, covariance: ArrayLike = 1.0
) -> DenoisedLikelihood:
    r"""Pseudo-inverse guidance: the denoised point is the truth up to a normal error.

    .. math:: (\nabla D)^\top A^\top(A\,C_\sigma A^\top+\tau^2I)^{-1}(y-AD),\qquad
              C_\sigma=(C^{-1}+I/\sigma^2)^{-1}

    (Song et al. 2023, *ICLR*, with C = I). Exact if the prior is normal with covariance C.

    Parameters
    ----------
    prior : see :class:`DenoisedLikelihood`
    A, y, tau : see :func:`likelihood_score`
    covariance : array (d, d), or a number
        The covariance C of the prior; a number v means v I, so that
        :math:`C_\sigma=r^2I`, :math:`r^2=v\sigma^2/(v+\sigma^2)`. Infinity gives r² = σ².
    """
    y, tau = measurement(A, y, tau)
    weigh = _weigh(A, tau, covariance)
    return DenoisedLikelihood(
        prior, lambda denoised, sigma: apply_adjoint(A, weigh(_gap(A, y, denoised), sigma))
    )


def posterior_samples(
    prior: NoisyScore,
    A: LinearOperator,
    y: ArrayLike,
    tau: float,
    sigmas: ArrayLike,
    *,
    mean: ArrayLike,
    covariance: ArrayLike,
    copies: int,
    rng: np.random.Generator,
    step: float = 0.3,
    corrector_steps: int = 1,
) -> Array:
    r"""Draw from p(x | y): the same few lines for every picture and every measurement.

    From ``mean`` and noise of the highest level,
    :func:`~scorekit.diffusion.predictor_corrector` runs down with the score of the posterior,
    :func:`pigdm_score`'s; at the lowest level the point is denoised once more.

    Parameters
    ----------
    prior : see :class:`DenoisedLikelihood`
    A, y, tau : see :func:`likelihood_score`
        Points have the dtype of y.
    sigmas : array, shape (L,)
        Falling noise levels, 40 of :func:`~scorekit.diffusion.karras_sigmas` say.
    mean : array, shape (d,)
    covariance : array (d, d), or a number
        The prior's, as for :func:`pigdm_score`.
    copies : int
        Samples of each measurement's posterior.
    rng : numpy.random.Generator
    step, corrector_steps : as for :func:`~scorekit.diffusion.predictor_corrector`

    Returns
    -------
    array, shape (copies, n, d)
    """
    y, tau = measurement(A, y, tau)
    copies, centre = _inputs.count(copies, "copies"), _inputs.parameter(mean, "mean", 1)
    if centre.shape != (A.shape[1],):
        raise ValueError(f"mean must have shape {(A.shape[1],)}, got {centre.shape}")
    each = np.atleast_2d(y)
    every = np.tile(each, (copies, 1))
    levels = _inputs.parameter(sigmas, "sigmas", 1)
    noise = _inputs.generator(rng).standard_normal((len(every), len(centre)), dtype=y.dtype.type)
    start = centre.astype(y.dtype) + y.dtype.type(levels[0]) * noise
    score = pigdm_score(prior, A, every, tau, covariance).posterior
    run = predictor_corrector(
        score, start, levels, rng=rng, step=step, corrector_steps=corrector_steps
    )
    x = tweedie_mean(score, run.x, float(levels[-1]))
    return x.reshape(copies, len(each), len(centre))


def _weigh(A: LinearOperator, tau: float, covariance: ArrayLike) -> Callable[[Array, float], Array]:
    """(residual, σ) -> (A C_σ Aᵀ + τ² I)⁻¹ residual, from one eigendecomposition."""
    m, d = A.shape
    if np.ndim(covariance) == 0:
        v = float(covariance)  # type: ignore[arg-type]
        if not v > 0:
            raise ValueError(f"covariance must be positive, got {v!r}")
        w, u = np.linalg.eigh(A.matmat(A.rmatmat(np.eye(m))))

        def isotropic(gap: Array, sigma: float) -> Array:
            r2 = sigma**2 / (1 + sigma**2 / v)
            turned = gap @ u.astype(gap.dtype, copy=False)
            turned /= (r2 * w.clip(0) + tau**2).astype(gap.dtype)
            return np.asarray(turned @ u.T.astype(gap.dtype, copy=False))

        return isotropic
    c = _inputs.parameter(covariance, "covariance", 2)
    if c.shape != (d, d):
        raise ValueError(f"covariance must have shape {(d, d)} to go with A, got {c.shape}")
    variance, axes = np.linalg.eigh(c)
    if variance[0] < -1e-6 * variance[-1]:
        raise ValueError(f"covariance must not have negative eigenvalues, got {variance[0]:.3g}")
    variance, seen = variance.clip(0), A.matmat(axes)

    @lru_cache(maxsize=256)
    def inverse(sigma: float) -> Array:
        inner = (seen * (variance * sigma**2 / (variance + sigma**2))) @ seen.T
        return np.asarray(np.linalg.inv(inner + tau**2 * np.eye(m)))

    return lambda gap, sigma: gap @ inverse(sigma).astype(gap.dtype, copy=False)


def _gap(A: LinearOperator, y: Array, x: Array) -> Array:
    """The residual y - A x; one y for all points, or one a point."""
    if x.shape[1:] != A.shape[1:] or (y.ndim == 2 and len(y) != len(x)):
        want = f"({len(y) if y.ndim == 2 else 'n'}, {A.shape[1]})"
        raise ValueError(f"x must have shape {want} to go with A and y, got {x.shape}")
    return y.astype(x.dtype, copy=False) - apply(A, x)
