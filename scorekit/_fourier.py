"""Real factors on the modes of real fields: what the field modules share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from . import _inputs
from .chains import Array, blocks


def half_plane(full: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of an even array that belongs to what ``rfftn`` keeps."""
    return np.ascontiguousarray(full[..., : full.shape[-1] // 2 + 1])


def filtered(x: Array, factor: NDArray[np.float64]) -> Array:
    """Multiply each mode of a batch of fields by a real factor, given on the half plane."""
    out, twice = np.empty_like(x, order="C"), pairs(factor, x.dtype)
    for i in blocks(x):  # large fields one at a time: they stay in the cache
        sum_of_filtered([(x[i], twice)], x.shape[1:], False, out=out[i])
    return out


def sum_of_filtered(
    terms: list[tuple[Array, Any]], shape: tuple[int, ...], pinned: bool, out: Array | None = None
) -> Array:
    """IDFT of the sum of factor × DFT(term); terms with one factor for all k are overwritten.

    Pinned fields get mean 0.
    """
    axes = tuple(range(1, len(shape) + 1))
    spectrum: Any = None
    rest: Any = None
    for a, factor in terms:
        if np.ndim(factor):
            part = fft.rfftn(a, axes=axes)
            view = part.view(a.dtype)
            view *= factor  # real times real: twice as fast as complex times real
            spectrum = part if spectrum is None else np.add(spectrum, part, out=spectrum)
        else:
            a *= factor
            rest = a if rest is None else np.add(rest, a, out=rest)
    if spectrum is None:
        new = rest - rest.mean(axes, keepdims=True) if pinned else rest
    else:
        if pinned:  # the mean goes by way of the spectrum: no pass over the cells
            spectrum.reshape(len(spectrum), -1)[:, 0] = 0 if rest is None else -rest.sum(axes)
        new = fft.irfftn(spectrum, shape, axes, overwrite_x=True)
        if rest is not None:
            return np.asarray(np.add(rest, new, out=out))
    if out is None:
        return np.asarray(new)
    out[...] = new
    return out


def pairs(factor: NDArray[np.float64], dtype: Any) -> Array:
    """A real factor twice, for the real and the imaginary part beside it in memory."""
    return np.repeat(factor, 2, axis=-1).astype(dtype)


def even(value: ArrayLike, name: str) -> NDArray[np.float64]:
    """A finite array with a[-k] = a[k], or an error that says where it is not so."""
    a = _inputs.parameter(value, name, max(1, np.ndim(value)))
    axes = tuple(range(a.ndim))
    gap = np.abs(a - np.roll(np.flip(a), 1, axes))
    if (gap > 1e-10 * np.abs(a).max()).any():
        where = tuple(int(i) for i in np.unravel_index(gap.argmax(), a.shape))
        raise ValueError(
            f"{name} must be even in k (a full array in the order of fftn), got entries that "
            f"differ by {gap.max():.3g} at {where} and its mirror"
        )
    return a
