"""What the scripts that train an image prior share: their options, the table, the stored file."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from scorekit.networks import ScoreNet
from scorekit.priors import read_prior
from tools.stored import save_arrays


def command(
    doc: str | None, parts: Iterable[str], seed: int, steps: int, stored: Path
) -> argparse.ArgumentParser:
    """The parser of a script that trains on the first part and may report on the others."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--evaluate", action="store_true", help="measure what is stored")
    parser.add_argument("--part", choices=list(parts)[1:], default="test")
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--out", type=Path, default=stored)
    return parser


def evaluated(options: Any, report: Callable[[Any, str], Iterator[str]]) -> bool:
    """Print the table if that was asked for; return whether it was."""
    if options.evaluate:
        for line in report(read_prior(options.out).net, options.part):
            print(line, flush=True)
    return bool(options.evaluate)


def store(path: Path, net: ScoreNet, about: dict[str, Any], **more: Any) -> None:
    """Write the network's weights in half precision, and what else a reader of the file needs."""
    weights = {f"p_{key}": np.asarray(p, np.float16) for key, p in net.params.items()}
    about = {**about, "weights": "running mean, half precision"}
    head: dict[str, Any] = {"mean": net.mean, "sd": net.sd, "extra": net.extra}
    save_arrays(path, about=json.dumps(about), **head, **more, **weights)
