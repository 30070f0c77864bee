r"""A prior for a photograph: a mixture of normal densities over its small patches.

No density of the whole picture is written down. Each patch that fits is denoised by the mixture's
posterior mean, and a pixel is the average over all patches that see it (Zoran & Weiss 2011, *ICCV*,
without their iterations). So this is a denoiser with the manners of a score, not the score of a
density one could name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from . import _inputs
from .chains import Array, Field
from .densities import GaussianMixture
from .pullbacks import ExactPrior


@dataclass(frozen=True, eq=False)
class PatchPrior:
    """The noise-conditional score of pictures of one shape, by averaging over patches.

    Parameters
    ----------
    mixture : GaussianMixture
        Of patches, flattened: dimension ``side * side``.
    shape : (rows, columns)
        Of the picture.

    Raises
    ------
    ValueError, TypeError
        If the mixture's dimension is no square, or a patch does not fit into the picture.
    """

    mixture: GaussianMixture
    shape: tuple[int, int]
    _patch: ExactPrior = field(init=False, repr=False)
    _seen: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        side = int(np.sqrt(self.mixture.dim))
        rows, columns = (_inputs.count(n, "shape") for n in self.shape)
        if side**2 != self.mixture.dim or side > min(rows, columns):
            raise ValueError(
                f"mixture must be over square patches that fit into {(rows, columns)}, "
                f"got dimension {self.mixture.dim}"
            )
        vars(self).update(_patch=ExactPrior(self.mixture), _seen=np.ones(1))
        vars(self).update(_seen=self._spread(self._cut(np.ones((1, rows * columns)))))

    def __call__(self, x: Array, sigma: float) -> Array:
        """(D - x)/σ²: (n, d) in and out."""
        return self._spread(self._patch(self._cut(x), sigma))

    def pullback(self, x: Array, sigma: float) -> tuple[Array, Field]:
        """The score at x, and the map u -> (∇s)ᵀ u."""
        s, back = self._patch.pullback(self._cut(x), sigma)
        seen = self._seen.astype(x.dtype)
        return self._spread(s), lambda u: self._gather(back(self._cut(u / seen)))

    def _cut(self, x: Array) -> Array:
        """Every patch of every picture: (n, d) to (patches, side²)."""
        side = int(np.sqrt(self.mixture.dim))
        windows = sliding_window_view(x.reshape(-1, *self.shape), (side, side), axis=(1, 2))
        return windows.reshape(-1, side**2)

    def _gather(self, patches: Array) -> Array:
        """The adjoint of cutting: patches added up where they lie."""
        side = int(np.sqrt(self.mixture.dim))
        down, across = (n - side + 1 for n in self.shape)
        blocks = patches.reshape(-1, down, across, side, side)
        out = np.zeros((len(blocks), *self.shape), patches.dtype)
        for i in range(side):
            for j in range(side):
                out[:, i : i + down, j : j + across] += blocks[..., i, j]
        return out.reshape(len(blocks), -1)

    def _spread(self, patches: Array) -> Array:
        """The average over the patches that see a pixel."""
        return self._gather(patches) / self._seen.astype(patches.dtype)
