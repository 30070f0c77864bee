"""Tables of many small trainings, stored with what they were made by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import data
from .networks import NoiseNet


@dataclass(frozen=True, eq=False)
class Sweep:
    """What was measured on networks trained with a penalty λ|θ|², and one seed's networks.

    ``l2``, (k,): the λ. ``sizes``, (m,): how many points were trained on. ``table``: one array
    (m, k, seeds) for each thing measured; NaN where there is nothing to measure. ``about``: how it
    was made and what the names mean. ``nets[i][j]``: the network of the first seed for size i and
    λ number j.
    """

    l2: NDArray[np.float64]
    sizes: NDArray[np.int64]
    table: dict[str, NDArray[np.float64]]
    nets: list[list[NoiseNet]]
    about: dict[str, Any]


def load_l2_sweep() -> Sweep:
    """The sweep over λ that ``tools/make_l2_sweep.py`` made, for chapter 10."""
    return read_l2_sweep("l2_sweep.npz")


def read_l2_sweep(source: str | Path) -> Sweep:
    """Read such a file: weights in half precision there, float32 here."""
    arrays = data.read(source)
    table = {k[2:]: a.astype(float) for k, a in arrays.items() if k.startswith("t_")}
    weights = {k[2:]: a.astype(np.float32) for k, a in arrays.items() if k.startswith("p_")}
    mean, sd = arrays["mean"], arrays["sd"]
    nets = [
        [
            NoiseNet({k: a[i, j] for k, a in weights.items()}, mean[i], float(sd[i]))
            for j in range(len(arrays["l2"]))
        ]
        for i in range(len(arrays["sizes"]))
    ]
    about = json.loads(str(arrays["about"]))
    return Sweep(arrays["l2"].astype(float), arrays["sizes"].astype(np.int64), table, nets, about)
