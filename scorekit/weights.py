r"""What to make of weights :math:`w_i=e^{\ell_i}`, given by their logarithms.

Importance sampling hands them over as logarithms, because they span more than a float can hold.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .diagnostics import Estimate

Floats = NDArray[np.float64]


def relative_weights(log_weights: ArrayLike) -> Floats:
    r"""Weights over their mean, :math:`w_i/\bar w`: no overflow, however large the logarithms.

    Parameters
    ----------
    log_weights : array, shape (n,)
        n ≥ 2. A weight of zero is ``-inf``; not all may be.
    """
    logs = np.asarray(log_weights)
    if logs.dtype.kind not in "iuf":
        raise TypeError(f"log_weights must be real numbers, got {_inputs.describe(log_weights)}")
    if logs.ndim != 1 or logs.size < 2:
        raise ValueError(
            f"log_weights must have shape (n,), n at least 2, got {_inputs.describe(logs)}"
        )
    logs = logs.astype(np.float64)
    top = logs.max()
    if not math.isfinite(top):  # NaN, +inf, or all -inf
        raise ValueError(
            "log_weights must be numbers below infinity, not all of them -inf, got a largest "
            f"of {top!r}"
        )
    w = np.exp(logs - top)
    return np.asarray(w / w.mean())


def weights_ess(log_weights: ArrayLike) -> float:
    r"""Effective sample size :math:`(\sum w)^2/\sum w^2`, from 1 to n (Kong 1992).

    It is blind to what was never drawn: if all n points missed a mode, it may be close to n.
    """
    w = relative_weights(log_weights)
    return float(len(w) / np.mean(w**2))


def log_mean_weight(log_weights: ArrayLike) -> Estimate:
    r"""The logarithm of the mean weight, with the error of the mean over the mean.

    The mean weight has the right expectation. Its logarithm lies low on average, by about
    :math:`(n/\mathrm{ESS}-1)/2n` (Jensen). The error bar can be trusted only if the ESS is not a
    small part of n.

    Raises
    ------
    ValueError
        If all weights are equal: nothing says then how far off the mean is.
    """
    w = relative_weights(log_weights)
    value = float(np.max(log_weights) - math.log(w.max()))
    if np.ptp(w) == 0:
        raise ValueError("log_weights must vary, got one value throughout")
    return Estimate(value, float(w.std(ddof=1) / math.sqrt(len(w))))


def weighted_mean(values: ArrayLike, log_weights: ArrayLike) -> Estimate:
    r"""Self-normalised mean :math:`\sum w_if_i/\sum w_i`, its error by the delta method."""
    w, f = relative_weights(log_weights), _inputs.parameter(values, "values", 1)
    if f.shape != w.shape:
        raise ValueError(
            f"values must have shape {w.shape}, as log_weights, got {_inputs.describe(f)}"
        )
    mean = float(np.mean(w * f))
    return influence_estimate(mean, w * (f - mean))


def influence_estimate(value: float, influence: Floats) -> Estimate:
    """An estimate whose error is the spread of what each draw adds to it."""
    return Estimate(value, float(influence.std(ddof=1) / math.sqrt(len(influence))))
