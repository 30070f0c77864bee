"""Train ten networks, each on nine of the ten digits, and store what they say of every image.

    python -m tools.train_digits_without                  all ten, some five minutes, and store
    python -m tools.train_digits_without --seed 1 --out other.npz

The split of the 1797 digits, the pixels and the copies are those of ``tools.train_digits``. A
network without class c has seen neither an image of class c nor one of the validation and test
parts. For each of them and each image the file holds, at several noise levels,

- ``log_ratio``: log p_σ(image) − log p_σ(mean of the training images), by line integral;
- ``denoising``: the mean of |ε + σ s(x + σε, σ)|² over eight draws of ε, the same for all;

and the weights of one of the ten, so that a reader can make its part again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorekit import data
from scorekit.denoising import at
from scorekit.log_density import log_ratio
from scorekit.networks import ScaledNet, init_scaled
from scorekit.training import train
from tools import prior_file
from tools.train_digits import batches, noise_mixture, parts, rows

Array = NDArray[np.floating]
STORED = Path(__file__).parents[1] / "scorekit" / "data" / "digits_without.npz"
SEED, STEPS, WIDTH, BLOCKS, COPIES = 0, 5000, 128, 2, 20
SIGMAS = (0.1, 0.2, 0.3, 0.5, 0.8, 1.3, 2.0)
NODES, DRAWS = 24, 8
KEPT = 8  # whose network is stored


def known_without(label: int) -> Array:
    """The training images of the other nine classes."""
    others = data.digits()[1][rows()["train"]] != label
    return np.asarray(parts()["train"][others])


def fit_without(label: int, seed: int = SEED, steps: int = STEPS) -> ScaledNet:
    """A network that never saw a digit of this class."""
    rng, known = np.random.default_rng(seed), known_without(label)
    net = init_scaled(known, rng=rng, width=WIDTH, blocks=BLOCKS, extra=5)
    draw = batches(known, COPIES, rng=rng)
    fitted: ScaledNet = train(net, draw, steps=steps, rng=rng, sigmas=noise_mixture, batch=256).net
    return fitted


def denoising_errors(net: ScaledNet, x: Array, sigma: float) -> Array:
    """The denoising loss of each image, (n,), averaged over draws that all networks share."""
    rng, total = np.random.default_rng(0), np.zeros(len(x))
    for _ in range(DRAWS):
        noise = rng.standard_normal(x.shape, np.float32)
        total += ((noise + sigma * net(x + np.float32(sigma) * noise, sigma)) ** 2).sum(1)
    return total / DRAWS


def statistics(net: ScaledNet, x: Array, known: Array) -> tuple[Array, Array]:
    """Log-ratios to the mean of the known images and denoising losses, each (n, levels)."""
    start = known.mean(0)
    ratios = [log_ratio(at(net, s), x, start, nodes=NODES) for s in SIGMAS]
    return np.stack(ratios, 1), np.stack([denoising_errors(net, x, s) for s in SIGMAS], 1)


def half_precision(net: ScaledNet) -> ScaledNet:
    """The network with the weights that the file can hold."""
    weights = {key: p.astype(np.float16).astype(np.float32) for key, p in net.params.items()}
    return ScaledNet(weights, net.mean, net.sd, net.extra)


def main(arguments: list[str] | None = None) -> None:
    """Train, measure and store."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=STORED)
    options = parser.parse_args(arguments)
    points = (data.digits()[0] / 8 - 1).astype(np.float32)
    shape = (10, len(points), len(SIGMAS))
    ratios, errors = np.empty(shape, np.float16), np.empty(shape, np.float16)
    nets = []
    for label in range(10):
        nets.append(half_precision(fit_without(label, options.seed, options.steps)))
        ratios[label], errors[label] = statistics(nets[-1], points, known_without(label))
        print(f"without {label}: done", flush=True)
    about = {
        "command": f"python -m tools.train_digits_without --seed {options.seed} "
        f"--steps {options.steps}",
        "split": "that of tools.train_digits",
        "pixels": "v/8 - 1",
        "arrays": "log_ratio and denoising: (class left out, image, noise level)",
        "network": f"without class {KEPT}; all numbers are of weights in half precision",
    }
    index = {f"rows_{name}": r.astype(np.int16) for name, r in rows().items()}
    prior_file.store(
        options.out,
        nets[KEPT],
        about,
        left_out=np.int16(KEPT),
        sigmas=np.array(SIGMAS),
        log_ratio=ratios,
        denoising=errors,
        **index,
    )


if __name__ == "__main__":
    main()
