"""Intervals from posterior samples, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import Array


def interval(samples: Array, level: float = 0.9) -> tuple[Array, Array]:
    r"""The central interval between two order statistics of the samples of each number.

    With c samples and :math:`k=(c+1)(1-level)/2` it runs from the k-th smallest to the k-th
    largest. If truth and samples are exchangeable, it holds the truth with probability exactly
    ``level``: the truth is equally likely to have any of c + 1 ranks.

    Parameters
    ----------
    samples : array, shape (copies, ...)
    level : float

    Returns
    -------
    low, high : arrays, shape (...)

    Raises
    ------
    ValueError
        If k is no whole number, 19 or 39 samples would do for 0.9.
    """
    samples = _inputs.batch(samples, "samples")
    k = (len(samples) + 1) * (1 - level) / 2
    if not 0 < level < 1 or k < 0.5 or abs(k - round(k)) > 1e-9:
        raise ValueError(
            "samples must number c with (c + 1)(1 - level)/2 whole, such as 19 or 39 for 0.9, "
            f"got {len(samples)} for level {level!r}"
        )
    ordered = np.sort(samples, axis=0)
    return ordered[round(k) - 1], ordered[-round(k)]


def coverage(
    samples: Array,
    truth: Array,
    *,
    grain: float,
    active: ArrayLike,
    rng: np.random.Generator,
    level: float = 0.9,
) -> NDArray[np.float64]:
    r"""The share of an image's pixels whose interval holds the truth, image by image.

    A sampler that ends at noise level σ aims at the law of :math:`x+\sigma\varepsilon`, and real
    pixels come in steps or stand still at black. So truth and samples both get normal noise of
    standard deviation ``grain`` first: like is compared with like, and no tolerance is needed.

    Parameters
    ----------
    samples : array, shape (copies, n, d)
    truth : array, shape (n, d)
    grain : float
        The sampler's lowest noise level.
    active : boolean array, shape (d,)
        The pixels that count: those that vary, and were not measured.
    rng : numpy.random.Generator
    level : float

    Returns
    -------
    array, shape (n,)
    """
    samples, truth = _inputs.batch(samples, "samples"), _inputs.points(truth, name="truth")
    if samples.shape[1:] != truth.shape:
        raise ValueError(
            f"samples must have shape (copies, {truth.shape[0]}, {truth.shape[1]}) to go with "
            f"truth, got {samples.shape}"
        )
    keep = np.asarray(active)
    if keep.dtype != bool or keep.shape != truth.shape[1:] or not keep.any():
        raise ValueError(
            f"active must be {truth.shape[1:]} booleans, some true, got {_inputs.describe(keep)}"
        )
    grain = _inputs.positive(grain, "grain")
    truth = truth + grain * _inputs.generator(rng).standard_normal(truth.shape)
    low, high = interval(samples + grain * rng.standard_normal(samples.shape), level)
    return np.asarray(((low <= truth) & (truth <= high))[:, keep].mean(1))
