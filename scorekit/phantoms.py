r"""Random head phantoms: ellipses in an elliptic skull, after Shepp & Logan (1974).

The family behind the tomography of the book. Every image is different and none is a patient's, so
a prior can be trained on as many as it needs, and a truth is known for every reconstruction.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _inputs

Array = NDArray[np.float32]
LESIONS = 6
NUMBERS = 7 + 10 + 9 * LESIONS  # uniform numbers that make one phantom
FINE = 3  # sub-pixels along a pixel's side
BLOCK = 128  # phantoms drawn at a time, for memory only


def phantoms(n: int, *, rng: np.random.Generator, size: int = 32) -> Array:
    r"""Draw n phantoms of ``size`` × ``size`` pixels, as points (n, size²) in [0, 1].

    A skull of brightness 1 holds a brain of 0.2 to 0.35, in it two dark ventricles, roughly mirror
    images, in nine heads of ten, and up to six lesions, most of them bright. Centre, tilt, axes and
    brightness of every part are uniform. The head stays inside the circle that fits the image, as
    the Radon transform asks; pixels average over 3 × 3 points, so that edges are smooth.

    The first k of n phantoms are those that ``phantoms(k, ...)`` draws from an equal generator.

    Raises
    ------
    ValueError, TypeError
        If ``n`` or ``size`` is not a positive whole number, or ``rng`` not a Generator.
    """
    n, size = _inputs.count(n, "n"), _inputs.count(size, "size")
    numbers = _inputs.generator(rng).random((n, NUMBERS), dtype=np.float32)
    blocks = [_draw(numbers[k : k + BLOCK], size) for k in range(0, n, BLOCK)]
    return np.concatenate(blocks)


def _draw(numbers: Array, size: int) -> Array:
    source: Iterator[Array] = iter(numbers.T[:, :, None, None])

    def uniform(low: float, high: float) -> Array:
        return np.float32(low) + np.float32(high - low) * next(source)

    def chance(p: float) -> NDArray[np.bool_]:
        return next(source) < np.float32(p)

    points = ((np.arange(FINE * size, dtype=np.float32) + 0.5) * 2 / (FINE * size) - 1).astype("f4")
    along, down = points[None, None, :], points[None, :, None]

    # The head's own axes: x across it, y from brow to nape.
    dx, dy, tilt = uniform(-0.06, 0.06), uniform(-0.06, 0.06), uniform(-0.5, 0.5)
    x, y = _turned(along - dx, down - dy, tilt)
    across, long, rim = uniform(0.56, 0.74), uniform(0.72, 0.86), uniform(0.07, 0.13)
    inside = _ellipse(x, y, across - rim, long - rim)
    image = np.where(inside, uniform(0.2, 0.35), _ellipse(x, y, across, long).astype(np.float32))

    present = chance(0.9)
    apart, height, lean = uniform(0.16, 0.30), uniform(-0.15, 0.15), uniform(0.1, 0.5)
    thick, tall, dark = uniform(0.07, 0.16), uniform(0.16, 0.34), uniform(0.12, 0.20)
    other = uniform(-0.04, 0.04), uniform(0.8, 1.2), uniform(0.8, 1.2)
    left = _turned(x - apart, y - height, -lean)
    right = _turned(x + apart, y - height - other[0], lean)
    image -= dark * (present & inside & _ellipse(*left, thick, tall))
    image -= dark * (present & inside & _ellipse(*right, thick * other[1], tall * other[2]))

    for _ in range(LESIONS):
        present, radius, angle = chance(0.7), 0.9 * np.sqrt(uniform(0, 1)), uniform(0, 2 * np.pi)
        u, v = x - radius * np.cos(angle) * across, y - radius * np.sin(angle) * long
        spot = _ellipse(*_turned(u, v, uniform(0, np.pi)), uniform(0.06, 0.2), uniform(0.06, 0.2))
        bright, up, darker = chance(0.75), uniform(0.1, 0.45), uniform(0.08, 0.15)
        image += np.where(bright, up, -darker) * (present & inside & spot)
    fine = image.clip(0, 1).reshape(-1, size, FINE, size, FINE)
    return np.asarray(fine.mean((2, 4)).reshape(-1, size * size), np.float32)


def _turned(x: Any, y: Any, angle: Any) -> tuple[Array, Array]:
    cos, sin = np.cos(angle), np.sin(angle)
    return x * cos + y * sin, y * cos - x * sin


def _ellipse(x: Array, y: Array, a: Array, b: Array) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (x / a) ** 2 + (y / b) ** 2 < 1
    return inside
