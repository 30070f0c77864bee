"""Train small noise networks with many weights of an L2 penalty, and measure them: chapter 10.

    python -m tools.make_l2_sweep               100 networks, four CPU-minutes: store a table
    python -m tools.make_l2_sweep --report      print the stored table
    python -m tools.make_l2_sweep --seeds 1 --steps 50 --out other.npz

The three hills at one noise level; few data or many; the same seed means the same data, start and
batches for every λ, so that differences between λ are paired.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorekit.chains import Diverged, Field
from scorekit.denoising import at, dsm_loss
from scorekit.densities import three_hills
from scorekit.diagnostics import ess
from scorekit.distances import energy_distance
from scorekit.langevin import ula
from scorekit.lipschitz import slopes
from scorekit.networks import NoiseNet, init_noise
from scorekit.stability import largest_stable_step, pulls
from scorekit.sweeps import Sweep, read_l2_sweep
from scorekit.training import train
from scorekit.vector_fields import circle
from tools.stored import save_arrays

Array = NDArray[np.floating]
STORED = Path(__file__).parents[1] / "scorekit" / "data" / "l2_sweep.npz"
L2 = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.5e-2, 3e-2)
SIZES = (60, 4000)
SEEDS, STEPS = 5, 1500
SIGMA, WIDTH, BATCH, RATE = 0.3, 64, 128, 4e-3
CHAINS, BUDGET, DRAWS = 600, 400, 1500
LONG, KEPT = 2000, 64  # steps and chains that go on afterwards, to count effective draws
FIXED, FRACTION = 0.02, 0.1  # a step, and a share of 2 / the steepest pull
CORNER, FAR = (-1.5, -0.6), 10.0  # where all chains start; radius of the starts from far out

HILLS = three_hills()
EXACT = HILLS.blurred(SIGMA)
MEANING = {
    "norm": "root mean square of |s| over exact draws of p_sigma",
    "lipschitz": "largest spectral norm of the Jacobian over the same draws",
    "pull": "largest of minus an eigenvalue's real part over the same draws",
    "limit": "largest stable step from 64 starts at radius 10, without kicks; 0: none",
    "score_error": "E|s - exact|^2 / E|exact|^2 over exact draws",
    "train_loss": "denoising loss a coordinate on the training points, fresh noise",
    "held_out_loss": "the same on new points",
    "weights": "|theta|^2",
    "fixed_ess": "effective draws of a coordinate, the worse one, over evaluations, of 64 chains "
    "that go on for 2000 steps of eta = 0.02",
    "fixed_error": "energy distance to exact draws after 400 steps of eta = 0.02",
    "fraction_ess": "as fixed_ess, with eta = 0.1 * 2 / pull",
    "fraction_error": "as fixed_error, with eta = 0.1 * 2 / pull",
}


def points(size: int, seed: int) -> Array:
    """The data of one seed: the same for every λ."""
    return HILLS.sample(size, rng=np.random.default_rng([seed, size]))


def fitted(size: int, l2: float, seed: int, steps: int = STEPS) -> NoiseNet:
    """A plain noise network trained with the penalty l2 |θ|² at the one noise level."""
    start = init_noise(points(size, seed), rng=np.random.default_rng([seed, 1]), width=WIDTH)
    net: NoiseNet = train(
        start,
        points(size, seed),
        steps=steps,
        rng=np.random.default_rng([seed, 2]),
        sigmas=lambda n, rng: np.full(n, SIGMA),
        batch=BATCH,
        learning_rate=RATE,
        l2=l2,
    ).net
    return net


def walked(score: Field, step: float, rng: np.random.Generator) -> tuple[float, float]:
    """(effective draws an evaluation, energy distance after the budget) of chains from one hill."""
    start = np.tile(np.array([CORNER]), (CHAINS, 1))
    try:
        x = ula(score, start, step, BUDGET, rng=rng).x
        kept = ula(score, x[:KEPT], step, LONG, rng=rng, keep_every=1).kept
    except Diverged:
        return np.nan, np.nan
    worth = min(ess(kept[..., i]) for i in range(2)) / (KEPT * LONG)
    return worth, energy_distance(x, EXACT.sample(DRAWS, rng=rng)).value


def measured(net: NoiseNet, train_points: Array, seed: int = 0) -> dict[str, float]:
    """One row of the table; random numbers differ between seeds, not between λ."""
    rng = np.random.default_rng([seed, 3])
    score, x = at(net, SIGMA), EXACT.sample(DRAWS, rng=rng)
    s, exact = score(x), EXACT.score(x)
    known = np.repeat(train_points, max(1, 8_000 // len(train_points)), axis=0)
    new = HILLS.sample(8_000, rng=rng)
    pull = float(pulls(score, x, step=1e-3).max())
    out = {
        "norm": float(np.sqrt((s**2).sum(1).mean())),
        "lipschitz": float(slopes(score, x, step=1e-3).max()),
        "pull": pull,
        "limit": largest_stable_step(score, circle([0, 0], FAR)),
        "score_error": float(((s - exact) ** 2).sum() / (exact**2).sum()),
        "train_loss": float(dsm_loss(net, known, SIGMA, rng=rng).mean() / 2),
        "held_out_loss": float(dsm_loss(net, new, SIGMA, rng=rng).mean() / 2),
        "weights": float(sum((p.astype(float) ** 2).sum() for p in net.params.values())),
    }
    out["fixed_ess"], out["fixed_error"] = walked(score, FIXED, rng)
    # Where the field has vanished there is no law to draw from, nor a limit to take a share of.
    alive = pull > 1e-2
    out["fixed_ess"] = out["fixed_ess"] if alive else np.nan
    step = FRACTION * 2 / pull if alive else np.nan
    out["fraction_ess"], out["fraction_error"] = (
        walked(score, step, rng) if alive else (np.nan, np.nan)
    )
    return out


def make(path: Path, seeds: int, steps: int) -> None:
    """Train, measure, store: the table in single, the first seed's weights in half precision."""
    shape = (len(SIZES), len(L2), seeds)
    table = {name: np.empty(shape, np.float32) for name in MEANING}
    kept: list[list[NoiseNet]] = []
    for i, size in enumerate(SIZES):
        kept.append([])
        for j, l2 in enumerate(L2):
            for seed in range(seeds):
                net = fitted(size, l2, seed, steps)
                for name, value in measured(net, points(size, seed), seed).items():
                    table[name][i, j, seed] = value
                if seed == 0:
                    kept[i].append(net)
            row = "  ".join(f"{name} {table[name][i, j].mean():.3g}" for name in MEANING)
            print(f"{size} points, l2 {l2:g}: {row}", flush=True)
    weights = {
        f"p_{key}": np.array([[net.params[key] for net in row] for row in kept], np.float16)
        for key in kept[0][0].params
    }
    about = {
        "command": f"python -m tools.make_l2_sweep --seeds {seeds} --steps {steps}",
        "data": f"three_hills, noise level {SIGMA}, batches of {BATCH}, {steps} steps of Adam",
        "network": f"init_noise, width {WIDTH}, two hidden layers, learning rate {RATE}",
        "chains": f"{CHAINS} chains from {CORNER}, {BUDGET} steps, {DRAWS} exact draws; then "
        f"{KEPT} of them for {LONG} steps",
        "meaning": MEANING,
        "weights": "running mean, half precision, seed 0",
    }
    save_arrays(
        path,
        about=json.dumps(about),
        l2=np.array(L2),
        sizes=np.array(SIZES),
        mean=np.array([row[0].mean for row in kept]),
        sd=np.array([row[0].sd for row in kept]),
        **{f"t_{name}": values for name, values in table.items()},
        **weights,
    )


def report(sweep: Sweep) -> Iterator[str]:
    """Mean over seeds, with its standard error."""
    for i, size in enumerate(sweep.sizes):
        for name in MEANING:
            yield f"{size} points: {name}"
            for l2, row in zip(sweep.l2, sweep.table[name][i], strict=True):
                spread = row.std(ddof=1) / np.sqrt(len(row)) if len(row) > 1 else np.nan
                yield f"  {l2:8.1e}  {row.mean():10.4g} ± {spread:.2g}"


def main(arguments: list[str] | None = None) -> None:
    """Make the table, or print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--report", action="store_true", help="print what is stored")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=STORED)
    options = parser.parse_args(arguments)
    if options.report:
        for line in report(read_l2_sweep(options.out)):
            print(line, flush=True)
        return
    make(options.out, options.seeds, options.steps)


if __name__ == "__main__":
    main()
