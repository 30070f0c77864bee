r"""What a measurement :math:`y=Ax+\tau n` does to a normal density or a mixture: closed forms.

The exact answers of chapter 4. Everything an approximate sampler claims can be held against them.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator

from . import _inputs
from .chains import Array
from .denoising import NoisyScore, noisy_score
from .densities import Gaussian, GaussianMixture
from .operators import apply, checked

Matrix = NDArray[np.float64]
Normal = TypeVar("Normal", Gaussian, GaussianMixture)
LEAST_WEIGHT = 1e-30  # a component with less of the posterior is left out


def measurement(A: LinearOperator, y: ArrayLike, tau: float) -> tuple[Array, float]:
    """Check A, y and τ together; return y, of shape (m,) or (n, m), and τ.

    Raises
    ------
    ValueError, TypeError
        If A's adjoint fails the dot-product test, y does not have A's m entries or is not finite,
        or τ is not positive.
    """
    m = checked(A).shape[0]
    tau, values = _inputs.positive(tau, "tau"), np.asarray(y)
    if values.dtype not in _inputs.FLOATS:
        raise TypeError(f"y must be a float64 or float32 array, got {_inputs.describe(values)}")
    if values.ndim not in (1, 2) or values.shape[-1] != m or values.size == 0:
        raise ValueError(
            f"y must have shape ({m},) or (n, {m}) to go with A of shape {A.shape}, "
            f"got {_inputs.describe(values)}"
        )
    _inputs.finite(values, "y")
    return values, tau


def condition(density: Normal, A: LinearOperator, y: ArrayLike, tau: float) -> Normal:
    r"""The exact posterior of a normal density or a mixture given y = A x + τ n.

    .. math:: \Sigma_{k|y} &= (\Sigma_k^{-1}+A^\top A/\tau^2)^{-1} \\
        m_{k|y} &= m_k+G_k(y-Am_k) \\
        \omega_{k|y}&\propto\omega_k\,N(y;\,Am_k,\,A\Sigma_kA^\top+\tau^2I)

    with the gain :math:`G_k=\Sigma_kA^\top(A\Sigma_kA^\top+\tau^2I)^{-1}` (Bishop 2006, eqs.
    2.113–2.117).

    Parameters
    ----------
    density : Gaussian or GaussianMixture, of dimension d
    A : LinearOperator, (m, d)
    y : array, shape (m,)
    tau : float
        Standard deviation of the noise.

    Returns
    -------
    Gaussian or GaussianMixture
        Of the kind that came; components with a weight below 1e-30 are left out.

    Raises
    ------
    ValueError, TypeError
        As :func:`measurement`, or if the density is neither, or of another dimension than A.
    """
    y, tau = measurement(A, y, tau)
    if y.ndim != 1:
        raise ValueError(f"y must be one measurement of shape {A.shape[:1]}, got {y.shape}")
    weights, means, covs = _components(density, A.shape[1])
    y = np.asarray(y, float)
    moments = [_conditioned(means[k], covs[k], A, y, tau) for k in range(len(means))]
    logs = np.log(weights) + [log for *_, log in moments]
    after = np.exp(logs - logs.max())
    after /= after.sum()
    keep = np.flatnonzero(after > LEAST_WEIGHT)
    if isinstance(density, Gaussian):
        return Gaussian(*moments[0][:2])
    return GaussianMixture(
        after[keep] / after[keep].sum(),
        np.stack([moments[k][0] for k in keep]),
        np.stack([moments[k][1] for k in keep]),
    )


def wiener(
    A: LinearOperator, y: ArrayLike, tau: float, mean: ArrayLike, covariance: ArrayLike
) -> Array:
    r"""The best linear estimate, :math:`m+CA^\top(ACA^\top+\tau^2I)^{-1}(y-Am)`, of each point.

    It is the posterior mean if the prior is N(m, C), and asks nothing of a prior but its mean and
    covariance: the classical baseline of the book (Wiener 1949; Tikhonov's where C is σ²I).

    Parameters
    ----------
    A, tau : as for :func:`condition`
    y : array, shape (n, m)
    mean : array, shape (d,)
    covariance : array, shape (d, d)

    Returns
    -------
    array, shape (n, d)
    """
    y, tau = measurement(A, y, tau)
    mean, cov = _inputs.parameter(mean, "mean", 1), _inputs.parameter(covariance, "covariance", 2)
    if mean.shape != (d := A.shape[1],) or cov.shape != (d, d):
        raise ValueError(
            f"mean and covariance must have shapes {(d,)} and {(d, d)} to go with A, "
            f"got {mean.shape} and {cov.shape}"
        )
    cross = apply(A, cov)  # C Aᵀ, because C is symmetric
    inner = apply(A, np.ascontiguousarray(cross.T)) + tau**2 * np.eye(len(cross.T))
    gap = np.atleast_2d(y) - apply(A, mean[None])
    return np.asarray(mean + (cross @ cho_solve(cho_factor(inner), gap.T)).T, y.dtype)


def exact_likelihood(
    density: Gaussian | GaussianMixture, A: LinearOperator, y: ArrayLike, tau: float
) -> NoisyScore:
    r"""The score of the *noisy* likelihood, :math:`\nabla_x\log p(y\mid x_\sigma=x)`, exactly.

    By Bayes' rule at noise level σ it is the score of the blurred posterior less that of the
    blurred prior, and both are mixtures.

    Returns
    -------
    callable, (x, sigma) to the shape of x
    """
    after: Any = condition(density, A, y, tau)  # type: ignore[type-var]
    posterior, prior = noisy_score(after), noisy_score(density)
    return lambda x, sigma: np.asarray(posterior(x, sigma) - prior(x, sigma))


def _components(density: Any, d: int) -> tuple[Matrix, Matrix, Matrix]:
    """Weights (K,), means (K, d) and full covariances (K, d, d)."""
    if not isinstance(density, Gaussian | GaussianMixture):
        raise TypeError(
            f"density must be a Gaussian or a GaussianMixture, got {type(density).__name__}"
        )
    if density.dim != d:
        raise ValueError(f"density must have dimension {d} to go with A, got {density.dim}")
    if isinstance(density, Gaussian):
        return np.ones(1), density.mean[None], density.cov[None]
    covs = density.covs
    full = covs if covs.ndim == 3 else covs[:, None, None] * np.eye(d)
    return density.weights, density.means, full


def _conditioned(
    mean: Matrix, cov: Matrix, A: LinearOperator, y: Matrix, tau: float
) -> tuple[Matrix, Matrix, float]:
    """Mean and covariance of N(mean, cov) given y, and log N(y; A mean, A cov Aᵀ + τ²I)."""
    cross = apply(A, cov)  # C Aᵀ
    inner = apply(A, np.ascontiguousarray(cross.T)) + tau**2 * np.eye(len(y))
    factor = cho_factor((inner + inner.T) / 2, lower=True)
    gain = cho_solve(factor, cross.T).T
    gap = y - A.matvec(mean)
    # Joseph's form (I - GA) C (I - GA)ᵀ + τ² G Gᵀ: positive definite in spite of rounding.
    rest = np.eye(len(mean)) - apply(A, np.eye(len(mean))) @ gain.T  # (I - GA)ᵀ
    after = rest.T @ cov @ rest + tau**2 * gain @ gain.T
    log_det = 2 * np.log(np.diag(factor[0])).sum()
    log = -(gap @ cho_solve(factor, gap) + log_det) / 2
    return mean + gain @ gap, (after + after.T) / 2, float(log)
