r"""Image pyramids: a picture at half its resolution, and the detail that is missing there.

Each 2 × 2 block (a, b; c, d) is turned into four numbers, by Haar's orthogonal matrix:

.. math:: \tfrac12(a+b+c+d),\quad \tfrac12(a-b+c-d),\quad \tfrac12(a+b-c-d),\quad
          \tfrac12(a-b-c+d) .

The first is twice the block's mean. Taken over all blocks it is the coarse picture; the other
three are the detail. Because the turn is orthogonal, lengths, densities and white noise stay as
they are: noise of standard deviation σ on the picture is noise of standard deviation σ on both
parts (Haar 1910; Burt & Adelson 1983 for pyramids of images).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs, data
from .chains import Array
from .networks import ScaledNet
from .studies import stored_net

SIGNS = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2


def split(x: ArrayLike, shape: tuple[int, int]) -> tuple[Array, Array]:
    """The coarse pictures and their detail: (n, d) to (n, d/4) and (n, 3d/4).

    Parameters
    ----------
    x : array, shape (n, rows * columns)
    shape : (rows, columns)
        Both even.

    Raises
    ------
    ValueError, TypeError
        If a side is odd, or the pictures do not have this shape.
    """
    rows, columns = _even(shape)
    x = _inputs.points(x, rows * columns)
    blocks = x.reshape(len(x), rows // 2, 2, columns // 2, 2).transpose(0, 1, 3, 2, 4)
    parts = blocks.reshape(len(x), -1, 4) @ SIGNS.T.astype(x.dtype)
    return np.ascontiguousarray(parts[..., 0]), parts[..., 1:].reshape(len(x), -1)


def join(coarse: ArrayLike, detail: ArrayLike | None, shape: tuple[int, int]) -> Array:
    """The pictures (n, rows * columns) of these parts: the inverse of :func:`split`.

    Without detail (None) each pixel is the mean of its block: the smooth continuation.

    Parameters
    ----------
    coarse : array, shape (n, d/4)
    detail : array, shape (n, 3d/4), or None
    shape : (rows, columns)
        Of the result.
    """
    rows, columns = _even(shape)
    quarter = rows * columns // 4
    coarse = _inputs.points(coarse, quarter, "coarse")
    parts = np.zeros((len(coarse), quarter, 4), coarse.dtype)
    parts[..., 0] = coarse
    if detail is not None:
        detail = _inputs.points(detail, 3 * quarter, "detail")
        if len(detail) != len(coarse) or detail.dtype != coarse.dtype:
            raise ValueError(
                f"detail must have {len(coarse)} rows of dtype {coarse.dtype}, as coarse has, "
                f"got {_inputs.describe(detail)}"
            )
        parts[..., 1:] = detail.reshape(len(coarse), quarter, 3)
    blocks = parts @ SIGNS.astype(coarse.dtype)
    blocks = blocks.reshape(-1, rows // 2, columns // 2, 2, 2).transpose(0, 1, 3, 2, 4)
    return np.ascontiguousarray(blocks.reshape(len(coarse), rows * columns))


def reduced(x: ArrayLike, shape: tuple[int, int], levels: int) -> Array:
    """The pictures ``levels`` times halved: (n, d) to (n, d / 4^levels); block means · 2^levels."""
    rows, columns = shape
    for _ in range(_inputs.count(levels, "levels")):
        x, _ = split(x, (rows, columns))
        rows, columns = rows // 2, columns // 2
    return np.asarray(x)


def smoothed(x: ArrayLike, shape: tuple[int, int], levels: int) -> Array:
    """The pictures with the detail of the ``levels`` finest levels set to 0: (n, d) in and out."""
    rows, columns = _even(shape)
    coarse, _ = split(x, (rows, columns))
    if _inputs.count(levels, "levels") > 1:
        coarse = smoothed(coarse, (rows // 2, columns // 2), levels - 1)
    return join(coarse, None, (rows, columns))


def _even(shape: tuple[int, int]) -> tuple[int, int]:
    rows, columns = (_inputs.count(side, "shape") for side in shape)
    if rows % 2 or columns % 2:
        raise ValueError(f"shape must have even sides, got {(rows, columns)}")
    return rows, columns


@dataclass(frozen=True, eq=False)
class PyramidStudy:
    """What ``tools/train_pyramid.py`` found, on digits and on patches of photographs.

    ``loss``, (pictures, seeds, budgets, arms, levels): held-out denoising loss at each ``judged``
    noise level. ``distance``, (pictures, seeds, costs, ways): squared energy distance of samples to
    held-out pictures; ``floor``, (pictures, seeds): that of training pictures. ``held_out``: rows
    of :func:`scorekit.data.digits` that no network saw. ``fine``, ``coarse``: two networks for
    digits, on 64 pixels and on the 16 numbers of :func:`split`. ``about`` names the axes.
    """

    loss: NDArray[np.float64]
    distance: NDArray[np.float64]
    floor: NDArray[np.float64]
    judged: NDArray[np.float64]
    held_out: NDArray[np.int64]
    fine: ScaledNet
    coarse: ScaledNet
    about: dict[str, Any]


def load_pyramid(source: str | Path = "pyramid.npz") -> PyramidStudy:
    """Read the stored study, or another one that the script wrote."""
    arrays = data.read(source)
    fine, coarse = (stored_net(arrays, name) for name in ("fine", "coarse"))
    loss, distance, floor, judged = (
        arrays[key].astype(float) for key in ("loss", "distance", "floor", "judged")
    )
    about, held_out = json.loads(str(arrays["about"])), arrays["held_out"].astype(np.int64)
    return PyramidStudy(loss, distance, floor, judged, held_out, fine, coarse, about)
