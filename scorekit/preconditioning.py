r"""What a matrix M does to Langevin's step: exact laws on a normal target.

With a constant M the step is :math:`x \leftarrow x + \eta\,M s(x) + \xi`, and the kicks ξ have a
covariance C. On :math:`N(m, \Sigma)` it is linear, :math:`x-m \leftarrow A(x-m) + \xi` with
:math:`A = I - \eta M\Sigma^{-1}`, and all that one asks about it has a closed form.
:func:`scorekit.langevin.ula` and :func:`~scorekit.langevin.mala` take such an M as ``precond``.
An M that depends on the place is in :mod:`scorekit.varying_metric`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .langevin import Preconditioner

Matrix = NDArray[np.float64]


def stationary_covariance(
    cov: ArrayLike, precond: ArrayLike, step: float, noise: ArrayLike | None = None
) -> Matrix:
    r"""The covariance at which preconditioned ULA rests on :math:`N(m, \Sigma)`.

    It is the solution of the discrete Lyapunov equation :math:`S = A S A^\top + C`. For the matched
    noise :math:`C = 2\eta M` that is :math:`(\Sigma^{-1}-\frac\eta2\Sigma^{-1}M\Sigma^{-1})^{-1}`.

    Parameters
    ----------
    cov : array, shape (d, d)
        Σ, symmetric positive definite.
    precond : array, shape (d,) or (d, d)
        M, by its diagonal or in full, symmetric positive definite.
    step : float
        η, below :func:`stability_limit`.
    noise : array, shape (d, d), optional
        C, symmetric and positive definite; 2ηM if None.

    Returns
    -------
    array, shape (d, d)

    Raises
    ------
    ValueError, TypeError
        If a matrix is not symmetric positive definite or of another size, or the step is too large:
        then nothing is stationary.
    """
    from scipy.linalg import solve_discrete_lyapunov

    sigma, m = _pair(cov, precond)
    step = _stable(sigma, m, step)
    c = 2 * step * m if noise is None else _spd(noise, "noise", len(m))
    decay = np.eye(len(m)) - step * np.linalg.solve(sigma, m).T
    solved = solve_discrete_lyapunov(decay, c)
    return np.asarray((solved + solved.T) / 2)


def exact_noise(cov: ArrayLike, precond: ArrayLike, step: float) -> Matrix:
    r"""The covariance of kicks that makes :math:`N(m,\Sigma)` itself stationary at a finite step.

    .. math:: C = \Sigma - A\Sigma A^\top = 2\eta M-\eta^2M\Sigma^{-1}M

    It is positive definite exactly below :func:`stability_limit`, and needs Σ: to first order in η
    it is 2ηM, whatever Σ is.

    Parameters and errors are those of :func:`stationary_covariance`.
    """
    sigma, m = _pair(cov, precond)
    step = _stable(sigma, m, step)
    return np.asarray(2 * step * m - step**2 * m @ np.linalg.solve(sigma, m))


def stability_limit(cov: ArrayLike, precond: ArrayLike) -> float:
    r"""The step :math:`2/\lambda_\max(M\Sigma^{-1})` from which on the chain is unstable."""
    return float(2 / _slopes(*_pair(cov, precond))[-1])


def autocorrelation_times(cov: ArrayLike, precond: ArrayLike, step: float) -> Matrix:
    r"""Steps that one independent draw costs, for the mean along each mode of the chain.

    .. math:: \tau_i = \frac{1+\varphi_i}{1-\varphi_i} = \frac{2-\eta\mu_i}{\eta\mu_i},
              \qquad \varphi_i = 1-\eta\mu_i

    with :math:`\mu_i` the eigenvalues of :math:`M\Sigma^{-1}`. The slowest comes first, (d,). (The
    integrated autocorrelation time counted from both sides, as in Sokal 1997.) It is below 1 where
    a mode swings from side to side.

    Parameters and errors are those of :func:`stationary_covariance`.
    """
    sigma, m = _pair(cov, precond)
    a = _stable(sigma, m, step) * _slopes(sigma, m)
    return np.asarray((2 - a) / a)


def gain(condition: float, fraction: float) -> float:
    r"""Effective samples per step along the longest direction, M = Σ over M = I, at one rule.

    .. math:: \frac{2\kappa/e-1}{2/e-1}

    The rule: each takes the step at which its *fastest* mode has slope e, so
    :math:`\eta = e\,\lambda_\min(\Sigma)` without and :math:`\eta=e` with M, and the variance of
    that mode is too large by 1/(1-e/2) in both.

    Parameters
    ----------
    condition : float
        κ ≥ 1, the condition number of Σ.
    fraction : float
        e, between 0 and 2.
    """
    kappa, e = _inputs.positive(condition, "condition"), _inputs.positive(fraction, "fraction")
    if kappa < 1:
        raise ValueError(f"condition must be at least 1, got {kappa!r}")
    if e >= 2:
        raise ValueError(f"fraction must be below 2, the limit of stability, got {e!r}")
    return (2 * kappa / e - 1) / (2 / e - 1)


def with_noise(precond: ArrayLike, noise: ArrayLike, step: float) -> Preconditioner:
    """For :func:`~scorekit.langevin.ula` only: drift M, but kicks of any covariance C.

    To run exact noise, or a wrong one, at one step size. With L = B and Lᵀ replaced by B⁻¹M, where
    2η B Bᵀ = C, the step L(ηLᵀs + √(2η)z) is ηMs plus kicks of covariance C. MALA computes its
    acceptance from M = L Lᵀ and would be wrong.
    """
    m = _spd(precond, "precond")
    c = _spd(noise, "noise", len(m))
    root = np.linalg.cholesky(c / (2 * _inputs.positive(step, "step")))
    pull = np.linalg.solve(root, m)
    return Preconditioner(
        lambda v: v @ root.T.astype(v.dtype, copy=False),
        lambda v: v @ pull.T.astype(v.dtype, copy=False),
    )


def _spd(value: ArrayLike, name: str, dim: int | None = None) -> Matrix:
    m = _inputs.parameter(np.diag(value) if np.ndim(value) == 1 else value, name, 2)
    _inputs.cholesky(m, name)
    if dim is not None and len(m) != dim:
        raise ValueError(f"{name} must have shape {(dim, dim)}, got {m.shape}")
    return m


def _pair(cov: ArrayLike, precond: ArrayLike) -> tuple[Matrix, Matrix]:
    sigma = _spd(cov, "cov")
    return sigma, _spd(precond, "precond", len(sigma))


def _slopes(sigma: Matrix, m: Matrix) -> Matrix:
    # MΣ⁻¹ has the eigenvalues of the pencil M u = μ Σ u, which are real and positive.
    from scipy.linalg import eigh

    return np.asarray(eigh(m, sigma, eigvals_only=True))


def _stable(sigma: Matrix, m: Matrix, step: float) -> float:
    step, limit = _inputs.positive(step, "step"), 2 / _slopes(sigma, m)[-1]
    if step >= limit:
        raise ValueError(f"step must be below 2/λmax(MΣ⁻¹) = {limit:.6g}, got {step!r}")
    return step
