"""Networks that took minutes to train, stored with what they were trained on and how."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import data
from .networks import ScaledNet
from .patch_networks import PatchNet

NAMES = ("digits", "phantoms")


@dataclass(frozen=True, eq=False)
class Prior:
    """A stored network and where it comes from.

    ``rows``: which rows of the data set were in each part, ``"train"``, ``"validation"`` (choices
    were made on it) and ``"test"`` (figures are reported on it); empty where the data were drawn.
    ``about``: the command that trained it, and what a point is. ``axes``, (k, d), and ``rest``,
    (d,): the training part's covariance is close to axesᵀ axes + diag(rest).
    """

    net: ScaledNet
    rows: dict[str, NDArray[np.int64]]
    about: dict[str, Any]
    axes: NDArray[np.float64] | None = None
    rest: NDArray[np.float64] | None = None

    def covariance(self) -> NDArray[np.float64]:
        """The covariance of the training part, (d, d); its mean is ``net.mean``.

        Of the phantoms' 1024 eigenvectors 256 are stored, and the variance they leave to each
        pixel: 99% of the variance in all, and each pixel's own exactly.

        Raises
        ------
        ValueError
            If the file holds none.
        """
        if self.axes is None or self.rest is None:
            raise ValueError("this prior is stored without a covariance: take that of its data")
        return self.axes.T @ self.axes + np.diag(self.rest)


def load_prior(name: str) -> Prior:
    """The network that ``tools/train_<name>.py`` trained.

    - ``"digits"``: its points are ``data.digits()[0] / 8 - 1``, (n, 64), pixels from -1 to 1.
    - ``"phantoms"``: its points are those of :func:`scorekit.phantoms.phantoms`, (n, 1024), pixels
      from 0 to 1. Its parts are seeds, not rows of a table; ``about`` has them.

    Raises
    ------
    ValueError
        If there is no such network.
    """
    if name not in NAMES:
        choices = " or ".join(map(repr, NAMES))
        raise ValueError(f"name must be that of a stored network, {choices}, got {name!r}")
    return read_prior(f"{name}_prior.npz")


def read_prior(source: str | Path) -> Prior:
    """Read such a file: half precision there, float32 here."""
    arrays = data.read(source)
    weights = {key[2:]: a.astype(np.float32) for key, a in arrays.items() if key[:2] == "p_"}
    rows = {key[5:]: a.astype(np.int64) for key, a in arrays.items() if key[:5] == "rows_"}
    head = weights, arrays["mean"], float(arrays["sd"]), int(arrays["extra"])
    net = PatchNet(*head, int(arrays["patch"])) if "patch" in arrays else ScaledNet(*head)
    moments = (
        np.asarray(arrays[key], float) if key in arrays else None for key in ("axes", "rest")
    )
    return Prior(net, rows, json.loads(str(arrays["about"])), *moments)
