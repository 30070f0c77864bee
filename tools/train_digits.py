"""Train the network behind the chapters on digits, and measure it.

    python -m tools.train_digits               train it, three to five minutes, and store it
    python -m tools.train_digits --evaluate    measure what is stored on the test part
    python -m tools.train_digits --seed 1 --out other.npz
    python -m tools.train_digits --copies 0 --out plain.npz    no augmentation: it memorises

Pixels are v/8 - 1. A fixed shuffle splits the 1797 digits into 1300 to train on, 200 to choose by
and 297 to report on. Most of a batch are affine copies of training digits; how each was moved is
told to the network, which when it samples is told of no move (Karras et al. 2022, §5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform
from scipy.spatial.distance import cdist

from scorekit import data
from scorekit.denoising import noisy_score, tweedie_mean
from scorekit.densities import Empirical
from scorekit.diagnostics import Estimate
from scorekit.diffusion import karras_sigmas, probability_flow
from scorekit.distances import energy_distance
from scorekit.networks import ScaledNet, ScoreNet, init_scaled
from scorekit.training import Draw, Fit, train
from tools import prior_file

Array = NDArray[np.floating]
STORED = Path(__file__).parents[1] / "scorekit" / "data" / "digits_prior.npz"
SPLIT_SEED, PARTS = 0, {"train": 1300, "validation": 200, "test": 297}
# Both chosen on the validation part: seeds 0, 1, 2 at 9000 steps (half a percent apart),
# then 16000 steps against 9000 (one percent better).
SEED = 0
WIDTH, BLOCKS, STEPS, BATCH, RATE = 256, 3, 16000, 256, 2e-3
# Largest move to either side: pixels across, pixels down, radians, log scale, shear.
MOVES = np.array([0.6, 0.6, 0.2, 0.12, 0.15])
COPIES, MOVED = 30, 0.7  # copies of each training digit; share of a batch that is moved
BLUR = 1 / 32  # half a quarter of a grey level to either side
LEVELS = (0.1, 0.2, 0.3, 0.5, 0.8, 1.3, 2.0, 4.0)
LIMITS = {0.2: 0.65, 0.3: 0.65, 0.5: 0.65, 0.8: 0.70}
LADDER = (20.0, 0.04, 12)  # 22 evaluations by Heun's rule, and one to denoise

Denoiser = Callable[[Array, float], Array]


def rows() -> dict[str, NDArray[np.int64]]:
    """Which digits are in which part."""
    order = np.random.default_rng(SPLIT_SEED).permutation(sum(PARTS.values()))
    ends = np.cumsum(list(PARTS.values()))[:-1]
    return dict(zip(PARTS, np.split(order, ends), strict=True))


def parts() -> dict[str, Array]:
    """The digits of each part as points (n, 64) in [-1, 1]."""
    points = (data.digits()[0] / 8 - 1).astype(np.float32)
    return {name: points[index] for name, index in rows().items()}


def moved(points: Array, copies: int, *, rng: np.random.Generator) -> tuple[Array, Array]:
    """Affine copies of each image, and the five parameters of each move, of variance 1."""
    out = np.empty((copies * len(points), 64), np.float32)
    moves = rng.uniform(-MOVES, MOVES, (len(out), 5))
    middle = np.full(2, 3.5)
    for k, (across, down, turn, grow, shear) in enumerate(moves):
        cos, sin = np.cos(turn), np.sin(turn)
        matrix = np.exp(grow) * np.array([[cos, -sin], [sin, cos]]) @ [[1, 0], [shear, 1]]
        offset = middle - matrix @ middle + (down, across)
        image = points[k % len(points)].reshape(8, 8)
        # "grid-constant", for "constant" blanks a border that moves outwards by any amount.
        new = affine_transform(image, matrix, offset, order=3, mode="grid-constant", cval=-1)
        out[k] = new.clip(-1, 1).ravel()
    return out, (moves * (np.sqrt(3) / MOVES)).astype(np.float32)


def batches(points: Array, copies: int, *, rng: np.random.Generator) -> Draw:
    """Draws digits to train on: moved or not, with a little noise in place of rounding."""
    copied, moves = moved(points, copies, rng=rng)

    def draw(n: int, *, rng: np.random.Generator) -> tuple[Array, Array]:
        x = points[rng.integers(len(points), size=n)]
        extra = np.zeros((n, 5), np.float32)
        if copies:
            pick, chosen = rng.integers(len(copied), size=n), rng.random(n) < MOVED
            x[chosen], extra[chosen] = copied[pick[chosen]], moves[pick[chosen]]
        return x + rng.uniform(-BLUR, BLUR, x.shape).astype(np.float32), extra

    return draw


def noise_mixture(n: int, rng: np.random.Generator) -> Array:
    """Most levels where it matters, some everywhere from 0.03 to 20."""
    middle = np.exp(rng.normal(-1.0, 1.2, n))
    wide = np.exp(rng.uniform(np.log(0.03), np.log(20), n))
    return np.where(rng.random(n) < 0.6, middle, wide).clip(0.02, 30)


def fit_digits(seed: int, steps: int = STEPS, copies: int = COPIES, width: int = WIDTH) -> Fit:
    """Train on the training part alone."""
    rng, points = np.random.default_rng(seed), parts()["train"]
    net = init_scaled(points, rng=rng, width=width, blocks=BLOCKS, extra=5)
    draw = batches(points, copies, rng=rng)
    return train(
        net, draw, steps=steps, rng=rng, sigmas=noise_mixture, batch=BATCH, learning_rate=RATE
    )


# ------------------------------------------------------------------ measuring


def wiener(points: Array) -> Denoiser:
    """The best linear denoiser: the mean of the clean image under a Gaussian prior."""
    mean = points.mean(0)
    values, axes = np.linalg.eigh(np.cov(points.T))
    gain = values.clip(0)
    return lambda y, sigma: mean + ((y - mean) @ axes * (gain / (gain + sigma**2))) @ axes.T


def denoising(
    denoiser: Denoiser, clean: Array, sigma: float, *, seed: int = 0, draws: int = 8
) -> Array:
    """Squared error a pixel of each image, (n,), averaged over draws of the noise."""
    rng, errors = np.random.default_rng(seed), []
    for _ in range(draws):
        noisy = clean + np.float32(sigma) * rng.standard_normal(clean.shape, np.float32)
        errors.append(((denoiser(noisy, sigma) - clean) ** 2).mean(1))
    return np.asarray(np.mean(errors, 0), float)


def ratio(a: Array, b: Array) -> Estimate:
    """Mean of a over mean of b, pairs, with the error of the linearised ratio."""
    value = a.mean() / b.mean()
    return Estimate(value, float((a - value * b).std(ddof=1) / b.mean() / np.sqrt(len(a))))


def sample(net: ScoreNet, n: int, *, rng: np.random.Generator) -> tuple[Array, int]:
    """n digits from noise by the probability flow, and the evaluations each took."""
    levels = karras_sigmas(*LADDER)
    start = net.mean + np.float32(levels[0]) * rng.standard_normal((n, net.dim), np.float32)
    trace = probability_flow(net, start, levels)
    return net.denoise(trace.x, levels[-1]), trace.evaluations + 1


def report(net: ScaledNet, part: str, *, seeds: int = 3, n: int = 2000) -> Iterator[str]:
    """The table, a line at a time."""
    digits = parts()
    known, held = digits["train"], digits[part]
    linear, perfect = wiener(known), noisy_score(Empirical(known.astype(float)))

    def softmax(y: Array, sigma: float) -> Array:
        return tweedie_mean(perfect, y.astype(float), sigma)

    yield f"{part}: {len(held)} digits; a net of {net.size} weights"
    yield "sigma  MSE/Wiener's       softmax/Wiener's   MSE on train/held-out"
    for sigma in LEVELS:
        own, base, memory = (denoising(d, held, sigma) for d in (net.denoise, linear, softmax))
        seen = denoising(net.denoise, known, sigma, draws=2).mean() / own.mean()
        yield f"{sigma:5.2f}  {ratio(own, base)!s:18} {ratio(memory, base)!s:18} {seen:.3f}"
    near = np.median(cdist(held, known).min(1))
    yield f"energy distance: train to {part} {energy_distance(known, held)}"
    yield f"median distance to the nearest training digit: {part} {near:.3f}"
    for seed in range(seeds):
        x, evaluations = sample(net, n, rng=np.random.default_rng(seed))
        nearest = cdist(x, known).min(1)
        yield (
            f"{n} samples, seed {seed}, {evaluations} evaluations: energy distance "
            f"{energy_distance(x, held)}, to the nearest {np.median(nearest):.3f} "
            f"(lowest 5% {np.quantile(nearest, 0.05):.3f})"
        )


# ------------------------------------------------------------------ storing


def save(path: Path, net: ScaledNet, seed: int, steps: int, copies: int) -> None:
    """Half precision on disk, which costs nothing that the table can show."""
    index = {f"rows_{name}": r.astype(np.int16) for name, r in rows().items()}
    shuffle = f"numpy.random.default_rng({SPLIT_SEED}).permutation({sum(PARTS.values())})"
    about = {
        "command": f"python -m tools.train_digits --seed {seed} --steps {steps} --copies {copies}",
        "split": f"{shuffle}, cut into {PARTS}",
        "pixels": "v/8 - 1",
    }
    prior_file.store(path, net, about, **index)


def main(arguments: list[str] | None = None) -> None:
    """Train and store, or measure."""
    parser = prior_file.command(__doc__, PARTS, SEED, STEPS, STORED)
    parser.add_argument("--copies", type=int, default=COPIES, help="0: no augmentation")
    options = parser.parse_args(arguments)
    if prior_file.evaluated(options, report):
        return
    fit = fit_digits(options.seed, options.steps, options.copies)
    save(options.out, fit.net, options.seed, options.steps, options.copies)


if __name__ == "__main__":
    main()
