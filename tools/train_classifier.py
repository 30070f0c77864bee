"""Train what guides the digits of chapter 13: two classifiers, and a score told of labels.

    python -m tools.train_classifier                    all three, some four minutes, and store
    python -m tools.train_classifier --seed 1 --folder elsewhere

- ``digit_classifiers.npz``: the same network twice, trained on noisy digits at all levels, and on
  clean ones alone;
- ``conditional_digits.npz``: a denoising network that is told a digit's label, or, one time in
  five, nothing (Ho & Salimans 2022).

Images, split, copies and noise levels are those of ``tools.train_digits``: the validation and test
parts are seen by none of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorekit import data
from scorekit.classifiers import (
    CLASSES,
    NoisyClassifier,
    init_classifier,
    label_inputs,
    train_classifier,
)
from scorekit.networks import ScaledNet, init_scaled
from scorekit.training import train
from tools.stored import save_arrays
from tools.train_digits import BLUR, MOVED, Array, moved, noise_mixture, parts, rows

FOLDER = Path(__file__).parents[1] / "scorekit" / "data"
SEED, COPIES = 0, 20
CLASSIFIER_STEPS, CLASSIFIER_WIDTH, CLEAN_LEVEL = 5000, 128, 0.02
SCORE_STEPS, WIDTH, BLOCKS, DROPPED = 9000, 192, 2, 0.2


def labels() -> NDArray[np.int64]:
    """Those of the training part."""
    return np.asarray(data.digits()[1][rows()["train"]])


def labelled_copies(
    copies: int, *, rng: np.random.Generator
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Training digits and affine copies of them, how each was moved, and its label."""
    known = parts()["train"]
    copied, moves = moved(known, copies, rng=rng)
    still = np.zeros((len(known), 5), np.float32)
    every = np.tile(labels(), copies + 1)
    return np.concatenate([known, copied]), np.concatenate([still, moves]), every


def draws(copies: int, *, rng: np.random.Generator) -> Callable[..., tuple[Any, Any, Any]]:
    """Points, labels and moves for a batch; most are moved, all blurred by half a grey level."""
    x, moves, every = labelled_copies(copies, rng=rng)
    known = len(labels())

    def draw(n: int, *, rng: np.random.Generator) -> tuple[Array, NDArray[np.int64], Array]:
        pick = rng.integers(known, size=n)
        if copies:
            pick = np.where(rng.random(n) < MOVED, rng.integers(known, len(x), size=n), pick)
        blur = rng.uniform(-BLUR, BLUR, (n, x.shape[1])).astype(np.float32)
        return x[pick] + blur, every[pick], moves[pick]

    return draw


def fit_classifier(
    seed: int, steps: int = CLASSIFIER_STEPS, copies: int = COPIES, level: float | None = None
) -> NoisyClassifier:
    """On noisy digits, or with a ``level`` on clean ones."""
    rng = np.random.default_rng(seed)
    net = init_classifier(parts()["train"], rng=rng, width=CLASSIFIER_WIDTH, level=level)
    whole = draws(copies, rng=rng)
    return train_classifier(
        net, lambda n, rng: whole(n, rng=rng)[:2], steps=steps, rng=rng, sigmas=noise_mixture
    )[0]


def fit_conditional(seed: int, steps: int = SCORE_STEPS, copies: int = COPIES) -> ScaledNet:
    """A denoising network told the move and the label, or in place of the label nothing."""
    rng = np.random.default_rng(seed)
    net = init_scaled(parts()["train"], rng=rng, width=WIDTH, blocks=BLOCKS, extra=5 + CLASSES)
    whole = draws(copies, rng=rng)

    def draw(n: int, *, rng: np.random.Generator) -> tuple[Array, Array]:
        x, label, moves = whole(n, rng=rng)
        told = label_inputs(label, n)
        told[rng.random(n) < DROPPED] = 0
        return x, np.hstack([moves, told])

    fitted: ScaledNet = train(net, draw, steps=steps, rng=rng, sigmas=noise_mixture).net
    return fitted


def save(folder: Path, arrays: dict[str, Any], name: str, command: str) -> None:
    """Weights in half precision, with where they come from."""
    about = {"command": command, "split": "that of tools.train_digits", "pixels": "v/8 - 1"}
    small = {key: np.asarray(a, np.float16) if "p_" in key else a for key, a in arrays.items()}
    save_arrays(folder / name, about=json.dumps(about), **small)


def main(arguments: list[str] | None = None) -> None:
    """Train and store."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--steps", type=int, default=CLASSIFIER_STEPS, help="of a classifier")
    parser.add_argument("--score-steps", type=int, default=SCORE_STEPS)
    parser.add_argument("--copies", type=int, default=COPIES)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    o = parser.parse_args(arguments)
    command = (
        f"python -m tools.train_classifier --seed {o.seed} --steps {o.steps} "
        f"--score-steps {o.score_steps} --copies {o.copies}"
    )
    noisy = fit_classifier(o.seed, o.steps, o.copies)
    clean = fit_classifier(o.seed, o.steps, o.copies, CLEAN_LEVEL)
    both = {f"noisy_p_{k}": a for k, a in noisy.params.items()}
    both |= {f"clean_p_{k}": a for k, a in clean.params.items()}
    head = {"mean": noisy.mean, "sd": noisy.sd, "clean_level": CLEAN_LEVEL}
    save(o.folder, {**head, **both}, "digit_classifiers.npz", command)
    net = fit_conditional(o.seed, o.score_steps, o.copies)
    weights = {f"p_{k}": a for k, a in net.params.items()}
    head = {"mean": net.mean, "sd": net.sd, "extra": net.extra}
    save(o.folder, {**head, **weights}, "conditional_digits.npz", command)


if __name__ == "__main__":
    main()
