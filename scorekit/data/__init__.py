"""The small real data sets of the book, kept inside the package so that every page has them."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _inputs


def digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The 1797 handwritten digits that scikit-learn ships: 8 × 8 pixels, values 0 to 16.

    Test part of *Optical Recognition of Handwritten Digits*, E. Alpaydin & C. Kaynak (1998), UCI
    Machine Learning Repository, doi:10.24432/C50P49, CC BY 4.0. ``tools/make_digits.py`` made the
    stored copy.

    Returns
    -------
    images : array, shape (1797, 64)
    labels : array, shape (1797,)
    """
    stored = read("digits.npz")
    return stored["images"].astype(float), stored["labels"].astype(np.int64)


def photograph() -> NDArray[np.float64]:
    """A cat, 96 × 96, grey values from 0 to 1: *Chelsea* by Stefan van der Walt, CC0.

    From scikit-image's examples, made smaller by ``tools/make_inverse_data.py``.
    """
    return read("photographs.npz")["test"] / 255


def training_photographs() -> NDArray[np.float64]:
    """Three other photographs, (3, 128, 128), for a prior on photographs to learn from.

    *Astronaut* (NASA, public domain), *Camera* by Lav Varshney and *Coffee* by Rachel Michetti
    (CC0), from scikit-image's examples, made smaller by ``tools/make_inverse_data.py``.
    """
    return read("photographs.npz")["training"] / 255


def breast_cancer() -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """569 tumours: 30 measurements of cell nuclei each, and whether it was benign.

    *Breast Cancer Wisconsin (Diagnostic)*, Wolberg, Mangasarian, Street & Street (1993), UCI
    Machine Learning Repository, doi:10.24432/C5DW2B, CC BY 4.0, as scikit-learn ships it.

    Returns
    -------
    x : array, shape (569, 30)
        In their own units.
    labels : array, shape (569,)
        1 benign, 0 malignant.
    names : list of 30 strings
    """
    stored = read("breast_cancer.npz")
    return stored["x"], stored["labels"].astype(float), stored["names"].tolist()


def breast_cancer_reference() -> dict[str, NDArray[np.float64]]:
    """What a long run says of the posterior of logistic regression on :func:`breast_cancer`.

    Label 1 has probability 1/(1 + exp(-a·w)), where a is a 1 and then the 30 features, brought to
    mean 0 and variance 1 (dividing by n); the prior is w ~ N(0, I). Hamiltonian Monte Carlo by
    ``tools/make_breast_cancer.py``, 8 chains of 20 000 draws, checked against BlackJAX's NUTS.

    Returns
    -------
    dict
        ``mean``, ``sd`` of each of the 31 coefficients, intercept first; ``mean_se``, ``sd_se``,
        their Monte-Carlo errors; ``ess`` and ``rhat``, by ArviZ.
    """
    stored = read("breast_cancer.npz")
    return {key: stored[key] for key in ("mean", "sd", "mean_se", "sd_se", "ess", "rhat")}


def matter_power() -> dict[str, NDArray[np.float64]]:
    """The spectrum of matter today, by CAMB (Lewis, Challinor & Lasenby 2000), k in h/Mpc.

    A flat universe of cold dark matter and a cosmological constant with the parameters that Planck
    found (2018 results VI, doi:10.1051/0004-6361/201833910); ``tools/make_power_spectrum.py`` made
    it, and ``about`` in the file has every parameter.

    Returns
    -------
    dict
        ``k``; ``linear`` and ``nonlinear`` power in (Mpc/h)³ at each k, the second by HMcode;
        ``sigma8``, a 0-d array: the linear σ_8 by CAMB's own integral.
    """
    stored = read("matter_power.npz")
    return {key: stored[key] for key in ("k", "linear", "nonlinear", "sigma8")}


def read(source: str | Path) -> dict[str, NDArray[Any]]:
    """All arrays of a stored file, such as ``"digits.npz"``, or of another at this path."""
    stored = files(__package__) / source if isinstance(source, str) else source
    with as_file(stored) as path, np.load(path) as file:
        return {key: file[key] for key in file.files}


def principal_components(
    x: ArrayLike, k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The best k-dimensional linear view of a data set, by singular value decomposition.

    Parameters
    ----------
    x : array, shape (n, d)
    k : int
        At most min(n, d).

    Returns
    -------
    coordinates : array, shape (n, k)
        Uncorrelated, in the order of falling variance; ``x ≈ mean + coordinates @ axes``.
    axes : array, shape (k, d)
        Orthonormal. Each is signed so that its largest entry is positive.
    mean : array, shape (d,)

    Raises
    ------
    ValueError
        If ``x`` is not a finite batch, or ``k`` is out of range.
    """
    x = np.asarray(_inputs.points(x), float)
    if _inputs.count(k, "k") > min(x.shape):
        raise ValueError(f"k must be at most {min(x.shape)}, got {k}")
    mean = x.mean(0)
    axes = np.linalg.svd(x - mean, full_matrices=False)[2][:k]
    axes = axes * np.sign(axes[np.arange(k), np.abs(axes).argmax(1)])[:, None]
    return (x - mean) @ axes.T, axes, mean
