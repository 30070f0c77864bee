"""Tables of trainings that took minutes, stored with some of the networks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import data
from .integrability import EnergyNet
from .networks import ScaledNet


def stored_net(
    arrays: dict[str, NDArray[Any]], name: str, kind: type[ScaledNet] = ScaledNet
) -> ScaledNet:
    """One of several networks in a file: its arrays are called ``name/…``; float32 here."""
    mine = {key.partition("/")[2]: a for key, a in arrays.items() if key.startswith(name + "/")}
    mean, sd = mine.pop("mean"), float(mine.pop("sd"))
    return kind({key: a.astype(np.float32) for key, a in mine.items()}, mean, sd)


@dataclass(frozen=True, eq=False)
class Study:
    """What ``tools/train_integrability.py`` found.

    ``table[kind]`` has mean squares (seeds, levels, 5), in the order of ``about["columns"]``;
    ``seconds[kind]``, (seeds,), is the CPU time of training; ``nets`` are some networks of seed 0.
    """

    table: dict[str, NDArray[np.float64]]
    seconds: dict[str, NDArray[np.float64]]
    levels: NDArray[np.float64]
    nets: dict[str, ScaledNet]
    about: dict[str, Any]


def load_study(source: str | Path = "integrability.npz") -> Study:
    """Read the stored study, or another one that the script wrote."""
    arrays = data.read(source)
    about, nets = json.loads(str(arrays["about"])), {}
    for name in sorted({key.partition("/")[0] for key in arrays if "/" in key}):
        nets[name] = stored_net(arrays, name, EnergyNet if name == "energy" else ScaledNet)
    table = dict(zip(about["kinds"], arrays["table"], strict=True))
    seconds = dict(zip(about["kinds"], arrays["seconds"], strict=True))
    return Study(table, seconds, arrays["levels"], nets, about)
