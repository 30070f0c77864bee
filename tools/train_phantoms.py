"""Train the network behind the tomography of chapter 04, and measure it.

    python -m tools.train_phantoms               train it, about 20 CPU-minutes, and store it
    python -m tools.train_phantoms --evaluate    measure what is stored on the test part
    python -m tools.train_phantoms --evaluate --part validation

The phantoms are those of tools/make_phantoms.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorekit.diffusion import karras_sigmas, probability_flow
from scorekit.distances import energy_distance
from scorekit.networks import ScoreNet
from scorekit.patch_networks import PatchNet, init_patch
from scorekit.phantoms import phantoms
from scorekit.training import Draw, Fit, train
from tools import prior_file
from tools.make_phantoms import SEEDS, SIZES, part
from tools.train_digits import denoising, ratio, wiener

Array = NDArray[np.floating]
STORED = Path(__file__).parents[1] / "scorekit" / "data" / "phantoms_prior.npz"
SEED, STEPS, BATCH, RATE = 0, 20_000, 64, 1e-3
LOUD = 1000  # batches between two lines of progress
SIDE, AXES = 32, 256  # eigenvectors of the covariance kept
LEVELS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.8, 1.6)
LIMITS = {0.2: 0.55, 0.3: 0.55, 0.4: 0.55}
LADDER = (10.0, 0.015, 18)  # 34 evaluations by Heun's rule, and one to denoise
REAL_SEED, OVERSHOOT = 4004, 0.3
KNOWN = 20_000  # of the training part: enough for a covariance, and to look for neighbours in


def noise_mixture(n: int, rng: np.random.Generator) -> Array:
    """Most levels where edges are decided, some everywhere from 0.01 to 15."""
    middle = np.exp(rng.normal(-1.5, 1.3, n))
    wide = np.exp(rng.uniform(np.log(0.01), np.log(15), n))
    return np.where(rng.random(n) < 0.75, middle, wide).clip(0.008, 20)


def batches(points: Array) -> Draw:
    """Draws phantoms to train on, and says now and then how far it is."""
    start, count = time.process_time(), 0

    def draw(n: int, *, rng: np.random.Generator) -> Array:
        nonlocal count
        count += 1
        if count % LOUD == 0:
            print(f"{count} batches, {time.process_time() - start:.0f} CPU seconds", flush=True)
        return points[rng.integers(len(points), size=n)]

    return draw


def fit_phantoms(known: Array, seed: int, steps: int = STEPS, rate: float = RATE) -> Fit:
    """Train on these alone."""
    rng = np.random.default_rng(seed)
    net = init_patch(known, rng=rng)
    return train(
        net,
        batches(known),
        steps=steps,
        rng=rng,
        sigmas=noise_mixture,
        batch=BATCH,
        learning_rate=rate,
    )


# ------------------------------------------------------------------ measuring


def sample(net: ScoreNet, n: int, *, rng: np.random.Generator) -> tuple[Array, int]:
    """n phantoms from noise by the probability flow, and the evaluations each took."""
    levels, out = karras_sigmas(*LADDER), []
    for size in [BATCH] * (n // BATCH) + [n % BATCH] * bool(n % BATCH):
        noise = rng.standard_normal((size, net.dim), np.float32)
        trace = probability_flow(net, net.mean + np.float32(levels[0]) * noise, levels)
        out.append(net.denoise(trace.x, levels[-1]))
    return np.concatenate(out), trace.evaluations + 1


def oddities(x: Array, known: Array) -> dict[str, Array]:
    """Three numbers of each image that are large, or small, when it is no phantom."""
    squares = (x**2).sum(1)[:, None] + (known**2).sum(1) - 2 * x @ known.T
    images = x.reshape(-1, SIDE, SIDE)
    steps = (np.abs(np.diff(images, axis=axis)).sum((1, 2)) for axis in (1, 2))
    return {
        "distance": np.sqrt(squares.min(1).clip(0) / x.shape[1]),  # to the nearest known phantom
        "variation": sum(steps),
        "overshoot": np.maximum(-x.min(1), x.max(1) - 1).clip(0),
    }


def outliers(x: Array, known: Array, real: Array) -> NDArray[np.bool_]:
    """Which images are no heads, going by what one real phantom in a thousand does.

    An outlier is farther from the nearest known phantom than 999 of 1000 real ones, or has a total
    variation a tenth beyond the range of theirs, or a pixel OVERSHOOT below black or above white.
    """
    own, usual = oddities(x, known), oddities(real, known)
    rough = usual["variation"]
    odd: NDArray[np.bool_] = own["distance"] > np.quantile(usual["distance"], 0.999)
    odd |= (own["variation"] < 0.9 * rough.min()) | (own["variation"] > 1.1 * rough.max())
    odd |= own["overshoot"] > OVERSHOOT
    return odd


def report(net: ScoreNet, name: str, *, n: int = 1000, seeds: int = 2) -> Iterator[str]:
    """The table, a line at a time."""
    known, held = part("train"), part(name)
    linear = wiener(known[:KNOWN].astype(float))
    yield f"{name}: {len(held)} phantoms; a net of {net.size} weights"
    yield "sigma  MSE/Wiener's       MSE on train/held-out"
    for sigma in LEVELS:
        own = in_pieces(net, held, sigma)
        base = denoising(linear, held, sigma, draws=1)
        seen = in_pieces(net, known[: len(held)], sigma)
        yield f"{sigma:5.2f}  {ratio(own, base)!s:18} {seen.mean() / own.mean():.3f}"
    real, bank = phantoms(4000, rng=np.random.default_rng(REAL_SEED)), known[:KNOWN]
    yield (
        f"{len(held)} real phantoms: outliers {outliers(held, bank, real).mean():.2%}, "
        f"energy distance {energy_distance(real[:n], held)}"
    )
    for seed in range(seeds):
        x, evaluations = sample(net, n, rng=np.random.default_rng(seed))
        odd = outliers(x, bank, real)
        rough = [oddities(i, bank[:1])["variation"].mean() for i in (x, real)]
        yield (
            f"{n} samples, seed {seed}, {evaluations} evaluations: outliers {odd.mean():.2%}, "
            f"energy distance {energy_distance(x, held)}, "
            f"total variation {rough[0] / rough[1]:.3f} of real ones'"
        )


def in_pieces(net: ScoreNet, clean: Array, sigma: float) -> Array:
    """Squared error a pixel of each image, with one draw of the noise each."""
    return denoising(
        lambda y, s: np.concatenate(
            [net.denoise(y[k : k + BATCH], s) for k in range(0, len(y), BATCH)]
        ),
        clean,
        sigma,
        draws=1,
    )


# ------------------------------------------------------------------ storing


def moments(known: Array) -> dict[str, Array]:
    """The covariance in 256 leading axes, scaled to their spread, and what is left a pixel."""
    cov = np.cov(known.T, dtype=float)
    values, vectors = np.linalg.eigh(cov)
    axes = (vectors[:, -AXES:] * np.sqrt(values[-AXES:])).T[::-1].astype(np.float16)
    rest = (np.diag(cov) - (axes.astype(float) ** 2).sum(0)).clip(0)
    return {"axes": axes, "rest": rest.astype(np.float32)}


def save(
    path: Path, net: PatchNet, spread: dict[str, Array], seed: int, steps: int, rate: float
) -> None:
    """Half precision on disk."""
    about = {
        "command": f"python -m tools.train_phantoms --seed {seed} --steps {steps} --rate {rate:g}",
        "data": f"scorekit.phantoms.phantoms, default_rng of {SEEDS}, {SIZES} of each",
        "pixels": "0 to 1, 32 x 32",
    }
    prior_file.store(path, net, about, patch=net.patch, **spread)


def main(arguments: list[str] | None = None) -> None:
    """Train and store, or measure."""
    parser = prior_file.command(__doc__, SEEDS, SEED, STEPS, STORED)
    parser.add_argument("--rate", type=float, default=RATE)
    options = parser.parse_args(arguments)
    if prior_file.evaluated(options, report):
        return
    known = part("train")
    fit = fit_phantoms(known, options.seed, options.steps, options.rate)
    how = options.seed, options.steps, options.rate
    save(options.out, fit.net, moments(known), *how)


if __name__ == "__main__":
    main()
