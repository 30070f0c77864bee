"""Estimates that carry their standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

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
