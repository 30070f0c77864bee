r"""Classical answers to the inverse problems of chapter 04, each for a whole batch of images.

Total variation is our own solver: it takes any operator. Bicubic, biharmonic and filtered
back-projection are scikit-image's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator
from skimage.restoration import inpaint_biharmonic
from skimage.transform import iradon, resize

Array = NDArray[np.float64]
Shape = tuple[int, int]


def wiener(operator: LinearOperator, y: Array, tau: float, mean: Array, cov: Array) -> Array:
    """The posterior mean under a Gaussian prior: the best of all linear answers."""
    seen = operator.matmat(cov)  # A C
    middle = operator.matmat(seen.T) + tau**2 * np.eye(operator.shape[0])
    return np.asarray(mean + np.linalg.solve(middle, (y - operator.matvec(mean)).T).T @ seen)


def tikhonov(operator: LinearOperator, y: Array, shape: Shape, weight: float) -> Array:
    r"""argmin ½|A x - y|² + ½ weight |∇x|²: smoothness is all it knows of images."""
    d = operator.shape[1]
    down, across = gradient(np.eye(d).reshape(d, *shape))
    rough = (
        down.reshape(d, d) @ down.reshape(d, d).T + across.reshape(d, d) @ across.reshape(d, d).T
    )
    normal = operator.rmatmat(operator.matmat(np.eye(d))) + weight * rough
    return np.asarray(np.linalg.solve(normal, operator.rmatmat(y.T)).T)


def gradient(x: Array) -> tuple[Array, Array]:
    """Forward differences down and across, 0 at the far border; x is (n, rows, columns)."""
    down, across = np.zeros_like(x), np.zeros_like(x)
    down[:, :-1], across[:, :, :-1] = np.diff(x, axis=1), np.diff(x, axis=2)
    return down, across


def gradient_adjoint(down: Array, across: Array) -> Array:
    """The adjoint of :func:`gradient`."""
    x = np.zeros_like(down)
    x[:, :-1] -= down[:, :-1]
    x[:, 1:] += down[:, :-1]
    x[:, :, :-1] -= across[:, :, :-1]
    x[:, :, 1:] += across[:, :, :-1]
    return x


def total_variation(
    operator: LinearOperator,
    y: Array,
    shape: Shape,
    weight: float,
    bounds: tuple[float, float],
    iterations: int = 800,
) -> Array:
    r"""argmin ½|A x - y|² + weight Σ|∇x| over images within bounds (Rudin, Osher & Fatemi 1992).

    By the primal-dual algorithm of Chambolle & Pock (2011, *J. Math. Imaging Vis.* 40, Alg. 1),
    with A scaled to norm 1 inside. A small weight keeps the dual variables small beside the image;
    steps as uneven as they are save thousands of iterations.
    """
    norm = largest_singular_value(operator)
    y, weight = y / norm, weight / norm**2
    x = np.full((len(y), operator.shape[1]), sum(bounds) / 2)
    ahead, data = x.copy(), np.zeros_like(y)
    down, across = (np.zeros((len(y), *shape)) for _ in range(2))
    step = float(np.clip(0.005 / weight, 1 / 3, 10))
    dual = 0.98 / 9 / step  # the product of both steps and |(A, ∇)|², at most 9, is below 1
    for _ in range(iterations):
        data = (data + dual * (operator.matmat(ahead.T).T / norm - y)) / (1 + dual)
        moved = gradient(ahead.reshape(-1, *shape))
        down, across = down + dual * moved[0], across + dual * moved[1]
        size = np.maximum(1, np.sqrt(down**2 + across**2) / weight)
        down, across = down / size, across / size
        slope = operator.rmatmat(data.T).T / norm + gradient_adjoint(down, across).reshape(x.shape)
        new = (x - step * slope).clip(*bounds)
        ahead, x = 2 * new - x, new
    return x


def largest_singular_value(operator: LinearOperator) -> float:
    """By power iteration on Aᵀ A."""
    x = np.random.default_rng(0).random(operator.shape[1])
    for _ in range(200):
        x = operator.rmatvec(operator.matvec(x / np.linalg.norm(x)))
    return float(np.sqrt(np.linalg.norm(x)))


def bicubic(y: Array, low: Shape, high: Shape) -> Array:
    """Cubic splines through the block averages."""
    images = [resize(i.reshape(low), high, order=3, mode="edge", anti_aliasing=False) for i in y]
    return np.asarray(images).reshape(len(y), -1)


def biharmonic(y: Array, keep: NDArray[np.bool_]) -> Array:
    """Fill the gap with the smoothest surface that meets its border."""
    out = []
    for measured in y:
        image = np.zeros(keep.shape)
        image[keep] = measured
        out.append(inpaint_biharmonic(image, ~keep).ravel())
    return np.asarray(out)


def back_projection(y: Array, size: int, angles: Any, name: str) -> Array:
    """Filtered back-projection; ``name`` is the filter's."""
    images = [iradon(i.reshape(len(angles), size).T, angles, filter_name=name) for i in y]
    return np.asarray(images).reshape(len(y), -1)


def zero_filled(y: Array, keep: NDArray[np.bool_]) -> Array:
    """The inverse transform with 0 for every coefficient that is neither measured nor implied."""
    rows, columns = keep.shape
    hat = np.zeros((len(y), rows, columns), complex)
    half = y.shape[1] // 2
    hat[:, keep] = y[:, :half] + 1j * y[:, half:]
    mirror = np.roll(hat[:, ::-1, ::-1], 1, (1, 2)).conj()  # of a real image: k and -k
    hat = np.where(keep, hat, mirror)
    return np.fft.ifft2(hat, norm="ortho").real.reshape(len(y), -1)
