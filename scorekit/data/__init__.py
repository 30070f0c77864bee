"""The small real data sets of the book, kept inside the package so that every page has them."""

from __future__ import annotations

from importlib.resources import as_file, files

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
    with as_file(files(__package__) / "digits.npz") as path, np.load(path) as stored:
        return stored["images"].astype(float), stored["labels"].astype(np.int64)


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
