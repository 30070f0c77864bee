"""Networks that took minutes to train, stored with what they were trained on and how."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .networks import ScaledNet


@dataclass(frozen=True, eq=False)
class Prior:
    """A stored network and where it comes from.

    ``rows``: which rows of the data set were in each part, ``"train"``, ``"validation"`` (choices
    were made on it) and ``"test"`` (figures are reported on it). ``about``: the command that
    trained it, and what a point is.
    """

    net: ScaledNet
    rows: dict[str, NDArray[np.int64]]
    about: dict[str, Any]


def load_prior(name: str = "digits") -> Prior:
    """The network that ``tools/train_<name>.py`` trained: ``"digits"`` for now.

    Its points are ``data.digits()[0] / 8 - 1``: (n, 64), pixels from -1 to 1.

    Raises
    ------
    ValueError
        If there is no such network.
    """
    source = files("scorekit.data") / f"{name}_prior.npz"
    if not source.is_file():
        raise ValueError(f"name must be that of a stored network: 'digits', got {name!r}")
    with as_file(source) as path:
        return read_prior(path)


def read_prior(path: Path) -> Prior:
    """Read such a file: half precision there, float32 here."""
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in stored.files}
    weights = {key[2:]: a.astype(np.float32) for key, a in arrays.items() if key[:2] == "p_"}
    rows = {key[5:]: a.astype(np.int64) for key, a in arrays.items() if key[:5] == "rows_"}
    net = ScaledNet(weights, arrays["mean"], float(arrays["sd"]), int(arrays["extra"]))
    return Prior(net, rows, json.loads(str(arrays["about"])))
