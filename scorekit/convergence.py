"""Do chains that started apart agree? Potential scale reduction, R-hat."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from . import _inputs


def rhat(kept: ArrayLike) -> float:
    r"""Split R-hat of one number along several chains.

    .. math:: \hat R=\sqrt{\frac{\frac{k-1}kW+B}{W}}

    Each chain of 2k states is cut into two halves; W is the mean of their variances, B the variance
    of their means (Gelman et al. 2013, *Bayesian Data Analysis*, §11.4; ArviZ's
    ``method="split"``). Chains that have forgotten where they started give 1 up to noise; 1.01 is a
    usual limit. Chains that all sit in one hill also give 1: nothing computed from them can tell.

    Parameters
    ----------
    kept : array, shape (k, n)
        One number for each of k kept states, k ≥ 4, and n chains.

    Raises
    ------
    ValueError
        If there are fewer than 4 states, a number is not finite, or all are equal.
    """
    x = _inputs.parameter(kept, "kept", 2)
    if len(x) < 4:
        raise ValueError(f"kept must hold at least 4 states of each chain, got {len(x)}")
    half = len(x) // 2
    halves = [x[:half], x[-half:]]
    within = sum(float(h.var(0, ddof=1).mean()) for h in halves) / 2
    if within == 0:
        raise ValueError("kept must vary within a chain, got constant chains")
    means = [mean for h in halves for mean in h.mean(0)]
    centre = sum(means) / len(means)
    between = sum((m - centre) ** 2 for m in means) / (len(means) - 1)
    return math.sqrt((half - 1) / half + float(between) / within)
