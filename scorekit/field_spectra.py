r"""Spectra of fields in a periodic box: wavenumbers, boxes from a table, binned spectra, σ_8.

A box of d dimensions and side L has volume :math:`V=L^d` and N cells. Wavenumbers are multiples of
:math:`2\pi/L`. A spectrum in physical units is :math:`P_\mathrm{phys} = P\,V/N`, where P is the
power of :mod:`scorekit.gaussian_fields`; lengths in Mpc/h give k in h/Mpc and, in 3-D,
:math:`P_\mathrm{phys}` in (Mpc/h)³.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft, stats
from scipy.integrate import simpson
from scipy.interpolate import CubicSpline

from . import _inputs
from ._fourier import filtered, half_plane
from .chains import Array

__all__ = [
    "Spectrum",
    "binned_spectrum",
    "box_power",
    "box_sigma",
    "goodness",
    "smoothed",
    "table_sigma",
    "top_hat",
    "wavenumbers",
]

Shape = tuple[int, ...]


def wavenumbers(shape: Shape, box: float) -> NDArray[np.float64]:
    """The length of k, mode by mode, in the order of ``fftn``; box is the side of a cube."""
    box = _inputs.positive(box, "box")
    cells = [_inputs.count(n, "shape") for n in shape]
    if not cells or len(set(cells)) > 1:
        raise ValueError(f"shape must have equal sides, for a box that is a cube, got {shape}")
    line = 2 * np.pi / box * np.fft.fftfreq(cells[0], 1 / cells[0])
    grids = np.meshgrid(*(len(cells) * [line]), indexing="ij", sparse=True)
    return np.sqrt(sum((g**2 for g in grids), np.zeros(shape)))


def box_power(k: ArrayLike, power: ArrayLike, shape: Shape, box: float) -> NDArray[np.float64]:
    """The power P of each mode of a box, from a table of a physical spectrum.

    Cubic interpolation of log P in log k. P(0) is set to 0: the mean is pinned.

    Parameters
    ----------
    k, power : arrays, (m,)
        Increasing and positive.
    shape : tuple
        Cells of the box: (n, n) or (n, n, n).
    box : float
        Side, in the units of 1/k.

    Raises
    ------
    ValueError
        If the table does not reach from the box's longest wave to its shortest: nothing is
        extrapolated.
    """
    ks, ps = _table(k, power)
    grid = wavenumbers(shape, box)
    waves = grid[grid > 0]
    if waves.min() < ks[0] * (1 - 1e-9) or waves.max() > ks[-1] * (1 + 1e-9):
        raise ValueError(
            f"k must reach from {waves.min():.4g} to {waves.max():.4g}, which the box holds, "
            f"got a table from {ks[0]:.4g} to {ks[-1]:.4g}"
        )
    result = np.zeros(shape)
    result[grid > 0] = np.exp(CubicSpline(np.log(ks), np.log(ps))(np.log(waves)))
    return result * grid.size / box ** len(shape)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """``power``, (n, bins), of each field; ``k`` (mean length) and ``modes`` (how many) of bins.

    Modes are those of the *full* plane. If the spectrum is flat within a bin, power × modes /
    (its expectation) is χ² with ``modes`` degrees of freedom, exactly: of a pair ±k both are
    counted, and it has two numbers, a real and an imaginary part.
    """

    k: NDArray[np.float64]
    power: NDArray[np.float64]
    modes: NDArray[np.int64]

    def band(self, share: float = 0.95) -> NDArray[np.float64]:
        """Lower and upper edge, (2, bins), of one field's power over its expectation."""
        tail = (1 - share) / 2
        return np.array([stats.chi2.ppf(q, self.modes) / self.modes for q in (tail, 1 - tail)])


def binned_spectrum(x: ArrayLike, box: float, edges: ArrayLike) -> Spectrum:
    r"""The spectrum of each field in physical units, :math:`|X_k|^2\,V/N^2`, averaged over bins.

    Parameters
    ----------
    x : array, (n, *shape)
    box : float
    edges : array, (bins + 1,)
        Increasing; a bin takes in its lower edge, and k = 0 belongs to none.

    Raises
    ------
    ValueError
        If edges do not increase, or a bin holds no mode.
    """
    x = _inputs.batch(x)
    shape, cells = x.shape[1:], x[0].size
    edges = _inputs.parameter(edges, "edges", 1)
    if edges.size < 2 or (np.diff(edges) <= 0).any():
        raise ValueError(f"edges must be at least two increasing numbers, got {edges}")
    k = half_plane(wavenumbers(shape, box)).ravel()
    # What rfftn leaves out is the mirror of what it keeps, but for the first and a middle column.
    weight = np.full(shape[-1] // 2 + 1, 2.0)
    weight[0] = 1
    if shape[-1] % 2 == 0:
        weight[-1] = 1
    weights = np.broadcast_to(weight, (*shape[:-1], weight.size)).ravel()
    bins = edges.size - 1
    which = np.where(k > 0, np.searchsorted(edges, k, side="right") - 1, bins)
    which = np.where((which < 0) | (which > bins), bins, which)
    count = np.bincount(which, weights, bins + 1)[:bins]
    if (count == 0).any():
        i = int(np.argmin(count))
        raise ValueError(f"edges must leave modes in each bin, got none in {edges[i : i + 2]}")
    unit = float(box) ** len(shape) / cells**2
    power = np.empty((len(x), bins))
    for row, field in zip(power, x, strict=True):
        square = np.abs(fft.rfftn(field)).ravel().astype(float) ** 2
        row[:] = np.bincount(which, weights * square, bins + 1)[:bins] / count * unit
    mean_k = np.bincount(which, weights * k, bins + 1)[:bins] / count
    return Spectrum(mean_k, power, np.rint(count).astype(np.int64))


def goodness(ratio: ArrayLike, modes: ArrayLike) -> tuple[float, float]:
    r"""χ² over the bins, and its p-value, of powers given over their expectations.

    Each ratio times its modes is χ² with that many degrees of freedom; it is turned into a
    standard normal through its own distribution, so that few modes are no approximation. The sum
    of squares is then χ² with as many degrees of freedom as there are ratios.

    Parameters
    ----------
    ratio, modes : arrays of one shape (or that broadcast)
        For m fields averaged, modes are m times those of one.

    Returns
    -------
    (chi2, p)
    """
    r, n = np.broadcast_arrays(np.asarray(ratio, float), np.asarray(modes, float))
    if (r <= 0).any() or (n <= 0).any() or not np.isfinite(r).all():
        raise ValueError("ratio and modes must be positive and finite")
    # From the nearer tail: far out, 1 - cdf would be rounded to 0.
    low, high = stats.chi2.logcdf(r * n, n), stats.chi2.logsf(r * n, n)
    tail = np.maximum(np.minimum(low, high), -700.0)
    chi2 = float((stats.norm.isf(np.exp(tail)) ** 2).sum())
    return chi2, float(stats.chi2.sf(chi2, r.size))


def top_hat(kr: ArrayLike) -> NDArray[np.float64]:
    """The transform of a ball of volume 1: W = 3 (sin t - t cos t)/t³, t = kR."""
    t = np.asarray(kr, float)
    small = np.abs(t) < 1e-2
    u = np.where(small, 1.0, t)
    series = 1 - t**2 / 10 + t**4 / 280
    return np.asarray(np.where(small, series, 3 * (np.sin(u) - u * np.cos(u)) / u**3))


def box_sigma(power: ArrayLike, box: float, radius: float = 8.0) -> float:
    r"""Standard deviation of the field averaged over balls: :math:`\sum_k P_kW^2(kR)/N`, rooted.

    The sum over the box's own modes; with radius 8 (Mpc/h) and a pinned mean the box's σ_8.
    """
    p = _inputs.parameter(power, "power", 3)
    w = top_hat(wavenumbers(p.shape, box) * _inputs.positive(radius, "radius"))
    return float(np.sqrt((p * w**2).mean()))


def table_sigma(k: ArrayLike, power: ArrayLike, radius: float = 8.0) -> float:
    r"""The same in infinite space, :math:`\int\frac{k^2dk}{2\pi^2}P_\mathrm{phys}W^2(kR)`, rooted.

    Simpson's rule in log k over the table, which must reach far enough on both sides.
    """
    ks, ps = _table(k, power)
    w = top_hat(ks * _inputs.positive(radius, "radius"))
    return float(np.sqrt(simpson(ks**3 * ps * w**2 / (2 * np.pi**2), x=np.log(ks))))


def smoothed(x: ArrayLike, box: float, radius: float = 8.0) -> Array:
    """Each 3-D field averaged over balls of the radius, ``(n, *shape)`` in and out."""
    x = _inputs.batch(x)
    if x.ndim != 4:
        raise ValueError(f"x must be a batch of 3-D fields (n, a, a, a), got shape {x.shape}")
    k = half_plane(wavenumbers(x.shape[1:], box))
    return filtered(x, top_hat(k * _inputs.positive(radius, "radius")))


def _table(k: ArrayLike, power: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ks, ps = _inputs.parameter(k, "k", 1), _inputs.parameter(power, "power", 1)
    if ks.shape != ps.shape or ks.size < 4:
        raise ValueError(f"k and power must be of one length, at least 4, got {ks.size}, {ps.size}")
    if (ps <= 0).any() or ks[0] <= 0 or (np.diff(ks) <= 0).any():
        raise ValueError("k must be positive and increase, and power be positive")
    return ks, ps
