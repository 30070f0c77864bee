"""Telling odd points from usual ones: the area under the ROC curve, and stored digit results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs, data
from .diagnostics import Estimate
from .networks import ScaledNet
from .priors import read_prior


def auroc(usual: ArrayLike, odd: ArrayLike) -> Estimate:
    r"""The chance that an odd point scores higher than a usual one; ties count half.

    The area under the curve of hits against false alarms, as a U statistic, with the standard
    error of DeLong, DeLong & Clarke-Pearson (1988, *Biometrics* 44, 837–845). It covers the draw
    of the points, not of a model trained beforehand.

    Parameters
    ----------
    usual, odd : arrays, shape (n,) and (m,), n and m ≥ 2
        Oddness: higher is odder.

    Returns
    -------
    Estimate
        With a standard error of at least 1/(2 n m): a perfect score has none of its own.

    Raises
    ------
    ValueError
        If there are fewer than two points of a kind, or one is not finite.
    """
    a, b = _inputs.parameter(usual, "usual", 1), _inputs.parameter(odd, "odd", 1)
    for name, group in (("usual", a), ("odd", b)):
        if group.size < 2:
            raise ValueError(f"{name} must hold at least 2 points, got {group.size}")
    low, low_ties = _below(np.sort(a), b)
    high, high_ties = _below(np.sort(b), a)
    of_odd = (low + low_ties / 2) / a.size  # share of the usual that each odd point beats
    of_usual = 1 - (high + high_ties / 2) / b.size
    variance = of_odd.var(ddof=1) / b.size + of_usual.var(ddof=1) / a.size
    return Estimate(float(of_odd.mean()), max(float(np.sqrt(variance)), 0.5 / (a.size * b.size)))


def _below(
    ordered: NDArray[np.float64], x: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """How many of the ordered numbers lie below each x, and how many equal it."""
    first = np.searchsorted(ordered, x, "left")
    return first, np.searchsorted(ordered, x, "right") - first


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What ten networks, each trained without one class of digits, say of every digit.

    ``log_ratio`` and ``denoising``, (10, 1797, levels): entry [c, i, k] is what the network without
    class c says of image i at ``sigmas[k]``: log p_σ(image) − log p_σ(mean of its training images),
    and the denoising loss. ``rows``: the parts of the data set; the networks trained on
    ``"train"``. ``net``: one of the ten, without class ``label``. ``about``: command and origin.
    """

    sigmas: NDArray[np.float64]
    log_ratio: NDArray[np.float64]
    denoising: NDArray[np.float64]
    rows: dict[str, NDArray[np.int64]]
    net: ScaledNet
    label: int
    about: dict[str, Any]


def load_left_out() -> LeftOut:
    """Read what ``tools/train_digits_without.py`` stored: half precision there, double here."""
    stored, prior = data.read("digits_without.npz"), read_prior("digits_without.npz")
    ratios, errors = (stored[key].astype(float) for key in ("log_ratio", "denoising"))
    label = int(stored["left_out"])
    return LeftOut(stored["sigmas"], ratios, errors, prior.rows, prior.net, label, prior.about)
