"""The small real data sets of the book, kept inside the package so that every page has them."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _inputs

if TYPE_CHECKING:
    from scipy import sparse

    from ..tasks import InverseTask


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
    stored = _stored("digits.npz")
    return stored["images"].astype(float), stored["labels"].astype(np.int64)


def radon_matrix(angles: int = 12) -> sparse.csr_matrix:
    """What each pixel of a 32 × 32 image adds to each ray of a tomograph.

    Row ``32 * a + r`` is ray r at angle a of ``angles``, spread evenly over 180 degrees from 0;
    ``matrix @ image.ravel()`` is scikit-image's ``radon(image, circle=True).T.ravel()``: sums of
    pixels along rays, so in units of a pixel's side. The image must be 0 outside the circle that
    fits it. ``tools/make_inverse_data.py`` made it by projecting every pixel.

    Parameters
    ----------
    angles : int
        24, or one of its divisors 12, 8, 6, 4, 3, 2, 1.

    Returns
    -------
    scipy.sparse.csr_matrix, shape (32 * angles, 1024)

    Raises
    ------
    ValueError, TypeError
        If there is no such number of angles.
    """
    from scipy import sparse

    stored = _stored("radon.npz")
    most = len(stored["angles"])
    if _inputs.count(angles, "angles") > most or most % angles:
        raise ValueError(f"angles must divide {most}, got {angles}")
    parts = stored["values"].astype(float), stored["columns"], stored["starts"]
    whole = sparse.csr_matrix(parts, shape=(32 * most, 1024))
    rows = np.arange(32 * most).reshape(most, 32)[:: most // angles].ravel()
    return whole[rows]


def photograph() -> NDArray[np.float64]:
    """A cat, 96 × 96, grey values from 0 to 1: *Chelsea* by Stefan van der Walt, CC0.

    From scikit-image's examples, made smaller by ``tools/make_inverse_data.py``.
    """
    return _stored("photographs.npz")["test"] / 255


def training_photographs() -> NDArray[np.float64]:
    """Three other photographs, (3, 128, 128), for a prior on photographs to learn from.

    *Astronaut* (NASA, public domain), *Camera* by Lav Varshney and *Coffee* by Rachel Michetti
    (CC0), from scikit-image's examples, made smaller by ``tools/make_inverse_data.py``.
    """
    return _stored("photographs.npz")["training"] / 255


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
    stored = _stored("breast_cancer.npz")
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
    stored = _stored("breast_cancer.npz")
    return {key: stored[key] for key in ("mean", "sd", "mean_se", "sd_se", "ess", "rhat")}


def inverse_task(name: str, n: int | None = None, *, part: str = "test") -> InverseTask:
    """One of the inverse problems of chapter 4: its first n images, all unless n is given.

    - digits, 100 of each part: ``"inpaint"``, ``"blur"``, ``"sr2"`` (×2 super-resolution)
    - head phantoms, 64 of each part: ``"tomo12"``, ``"tomo8"``, ``"tomo6"`` (angles), ``"mri"``
    - a photograph: ``"photo"`` (×2 super-resolution)

    The noise is drawn from a seed that is stored with the task, another one for each part; the
    first images keep theirs whatever n is. Steps and scales are chosen on ``part="validation"``,
    figures reported on ``"test"``. The validation part of ``"photo"`` is the middles of the three
    photographs that a prior may learn from.

    Raises
    ------
    ValueError, TypeError
        If there is no such task or part, or n is not between 1 and the number of its images.
    """
    from ..tasks import recall

    # Tomography opens the second: a page fetches what it finds named here.
    stored, _ = _stored("inverse.npz"), "radon.npz"
    return recall(stored, name, n, part)


def _stored(name: str) -> dict[str, NDArray[Any]]:
    with as_file(files(__package__) / name) as path, np.load(path) as file:
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
