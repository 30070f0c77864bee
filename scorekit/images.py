r"""How near an image is to another: PSNR, and the structural similarity of Wang et al. (2004)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import uniform_filter

from . import _inputs

K1, K2 = 0.01, 0.03  # of Wang et al. (2004, *IEEE Trans. Image Process.* 13(4), §III)


def psnr(x: ArrayLike, truth: ArrayLike, *, span: float) -> NDArray[np.float64]:
    r"""Peak signal-to-noise ratio of each image in decibels, :math:`10\log_{10}(span^2/MSE)`.

    Parameters
    ----------
    x, truth : arrays, shape (n, d)
    span : float
        Difference between the brightest and the darkest value a pixel may have.

    Returns
    -------
    array, shape (n,)
        Infinite where the two images are equal.
    """
    a, b = _pair(x, truth)
    with np.errstate(divide="ignore"):
        out: NDArray[np.float64] = 10 * np.log10(
            _inputs.positive(span, "span") ** 2 / ((a - b) ** 2).mean(1)
        )
    return out


def ssim(
    x: ArrayLike, truth: ArrayLike, shape: tuple[int, int], *, span: float, window: int = 7
) -> NDArray[np.float64]:
    r"""Structural similarity of each image: at most 1, and 1 only if the two are equal.

    .. math:: \frac{(2\mu_x\mu_y+c_1)(2\sigma_{xy}+c_2)}
                   {(\mu_x^2+\mu_y^2+c_1)(\sigma_x^2+\sigma_y^2+c_2)},\qquad
        c_i=(K_i\,span)^2

    with means and covariances over windows of ``window`` × ``window`` pixels of equal weight,
    averaged over the windows that lie inside the image: what scikit-image computes by default.

    Parameters
    ----------
    x, truth : arrays, shape (n, rows * columns)
    shape : (rows, columns)
    span : float
        As for :func:`psnr`.
    window : int
        Odd, and no longer than a side.
    """
    a, b = _pair(x, truth)
    rows, columns = (_inputs.count(side, "shape") for side in shape)
    if rows * columns != a.shape[1]:
        raise ValueError(f"shape must hold {a.shape[1]} pixels, got {(rows, columns)}")
    if _inputs.count(window, "window", 2) % 2 == 0 or window > min(rows, columns):
        raise ValueError(f"window must be odd and at most {min(rows, columns)}, got {window}")
    a, b = (i.reshape(-1, rows, columns) for i in (a, b))
    c1, c2 = ((k * _inputs.positive(span, "span")) ** 2 for k in (K1, K2))
    edge = window // 2

    def local(i: NDArray[Any]) -> NDArray[np.float64]:
        mean = uniform_filter(i, (0, window, window))
        return np.asarray(mean[:, edge : rows - edge, edge : columns - edge])

    unbiased = window**2 / (window**2 - 1)
    mean_a, mean_b = local(a), local(b)
    var_a, var_b = (unbiased * (local(i * i) - m * m) for i, m in ((a, mean_a), (b, mean_b)))
    cov = unbiased * (local(a * b) - mean_a * mean_b)
    top = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    out: NDArray[np.float64] = (top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean(
        (1, 2)
    )
    return out


def _pair(x: ArrayLike, truth: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = _inputs.points(x), _inputs.points(truth, name="truth")
    if a.shape != b.shape:
        raise ValueError(f"truth must have the shape of x, {a.shape}, got {b.shape}")
    return a.astype(float), b.astype(float)
