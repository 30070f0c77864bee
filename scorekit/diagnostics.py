"""Estimates that carry their standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs


@dataclass(frozen=True)
class Estimate:
    """A measured number and its standard error.

    Parameters
    ----------
    value : float
    se : float
        Standard error of ``value``: positive, in the units of ``value``.

    Raises
    ------
    ValueError
        If ``value`` is not finite or ``se`` is not positive: an estimate without an error bar
        would agree with nothing, or with everything.
    """

    value: float
    se: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"value must be finite, got {self.value!r}")
        _inputs.positive(self.se, "se")

    def __str__(self) -> str:
        digits = max(0, 1 - math.floor(math.log10(self.se))) if self.se < 1e6 else 0
        if digits > 6 or abs(self.value) >= 1e6:
            return f"{self.value:.3e} ± {self.se:.1e}"
        return f"{self.value:.{digits}f} ± {self.se:.{digits}f}"


def mean_se(x: ArrayLike) -> Estimate:
    r"""The mean of independent draws, with standard error :math:`\sqrt{\widehat{\mathrm{var}}/n}`.

    Parameters
    ----------
    x : array, shape (n,)
        Independent draws of one number, n ≥ 2. For the correlated output of a chain this error
        bar is too small.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If there are fewer than two draws, if they are all equal, or if one is not finite.
    """
    draws = _inputs.parameter(x, "x", 1)
    if draws.size < 2:
        raise ValueError(f"x must hold at least 2 draws, got {draws.size}")
    return Estimate(float(draws.mean()), float(draws.std(ddof=1) / math.sqrt(draws.size)))


def ess(kept: ArrayLike) -> float:
    r"""Effective sample size of the mean of one number along several chains.

    The autocorrelation :math:`\hat\rho_t` combines all chains, each split in two so that a drift
    counts against them, and is summed by Geyer's initial monotone sequence (Vehtari et al. 2021,
    *Bayesian Analysis* 16, 667–718, eqs. 10–13; ArviZ's ``method="mean"``):
    :math:`N_\mathrm{eff} = N/\hat\tau` with :math:`\hat\tau = -1 + 2\sum_t \hat P_t`.

    Chains that swing from side to side can have more than N. Chains stuck in separate modes look
    bad here; a single chain stuck in one mode does not, and nothing computed from it can tell.

    Parameters
    ----------
    kept : array, shape (k, n)
        One number for each of k kept states, k ≥ 8, and n chains.

    Returns
    -------
    float
        At most N log₁₀ N, N = k n.

    Raises
    ------
    ValueError
        If there are fewer than 8 states, or a number is not finite, or all are equal.
    """
    x = _inputs.parameter(kept, "kept", 2)
    if len(x) < 8:
        raise ValueError(f"kept must hold at least 8 states of each chain, got {len(x)}")
    if np.ptp(x) == 0:
        raise ValueError("kept must vary, got one value throughout")
    half = len(x) // 2
    chains = np.concatenate([x[:half], x[-half:]], axis=1)  # (k/2, 2n)
    covariance = _autocovariance(chains).mean(1)
    within = covariance[0] * half / (half - 1)
    pooled = covariance[0] + chains.mean(0).var(ddof=1)
    rho = 1 - (within - covariance) / pooled
    rho[0] = 1.0
    last = 2 * ((half - 1) // 2)
    pairs = rho[:last].reshape(-1, 2).sum(1)
    negative = np.flatnonzero(pairs < 0)
    end = int(negative[0]) if negative.size else len(pairs)
    tau = -1 + 2 * np.minimum.accumulate(pairs[:end]).sum() + max(rho[2 * end], 0.0)
    return chains.size / max(float(tau), 1 / math.log10(chains.size))


def _autocovariance(chains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Autocovariances (1/k Σ) of each column at all lags, by FFT."""
    k = len(chains)
    spectrum = np.fft.rfft(chains - chains.mean(0), n=2 * k, axis=0)
    return np.fft.irfft(np.abs(spectrum) ** 2, axis=0)[:k] / k


def chain_mean(kept: ArrayLike) -> Estimate:
    r"""The mean of one number over all kept states of all chains, with error sd/√ESS.

    Parameters
    ----------
    kept : array, shape (k, n)
        As for :func:`ess`.

    Returns
    -------
    Estimate
    """
    x = _inputs.parameter(kept, "kept", 2)
    return Estimate(float(x.mean()), float(x.std(ddof=1) / math.sqrt(ess(x))))
