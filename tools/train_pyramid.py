"""Train and sample chapter 11's pictures from coarse to fine and from scratch, at equal cost.

    python -m tools.train_pyramid            every seed, both kinds of picture, and store

*Training*: the same network, start, seeds, schedule of the learning rate and number of steps; only
the order of the lessons differs. "resolution" sees pictures without their two finest levels for a
quarter of the steps, without the finest for another quarter, then the pictures; "noise" sees the
high noise levels first; "half" is "scratch" with half of the steps. Judged by the denoising loss on
held-out pictures.

*Sampling*: the same number of network evaluations a picture, by Langevin at the lowest noise level
alone or down a ladder of levels; from noise, or with half of the evaluations spent by a network of
the coarse pictures, whose samples then start the fine one. Judged by the energy distance to
held-out pictures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorekit import data, pyramids
from scorekit.denoising import tweedie_mean
from scorekit.diffusion import geometric_sigmas
from scorekit.distances import energy_distance
from scorekit.networks import ScaledNet, init_scaled
from scorekit.scale_space import coarse_to_fine
from scorekit.training import log_uniform, train
from tools.stored import save_arrays

Array = NDArray[np.floating]
STORED = Path(__file__).parents[1] / "scorekit" / "data" / "pyramid.npz"
SHAPE, PICTURES, SEEDS = (8, 8), ("digits", "patches"), range(4)
ARMS, BUDGETS = ("scratch", "resolution", "noise", "half"), (250, 700, 2000)
WIDTH, BLOCKS, RATE, SIGMAS = 96, 2, 2e-3, (0.05, 20.0)
JUDGED = np.geomspace(0.1, 5.0, 8)
WAYS = ("one level, from noise", "one level, warm", "ladder, from noise", "ladder, warm")
COSTS, N_SAMPLES = (16, 64, 256), 600
TOP, MIDDLE, LOW, STEP = 20.0, 1.0, 0.1, 0.5


def pictures(kind: str) -> tuple[Array, Array]:
    """Training and held-out pictures of 8 × 8 pixels, (n, 64), grey values from -1 to 1.

    Patches come from tiles of 16 × 16 pixels of three photographs, and every fourth tile is held
    out: no held-out pixel was seen in training.
    """
    rng = np.random.default_rng(11)
    if kind == "digits":
        x, rows = data.digits()[0] / 8 - 1, digit_rows()
        return x[rows[:1400]], x[rows[1400:]]
    tiles = data.training_photographs().reshape(3, 8, 16, 8, 16).swapaxes(2, 3).reshape(-1, 16, 16)
    windows = np.lib.stride_tricks.sliding_window_view(2 * tiles - 1, SHAPE, axis=(1, 2))
    cut = windows[:, ::2, ::2].reshape(len(tiles), -1, 64)
    held_out = np.arange(len(tiles)) % 4 == 3
    parts = cut[~held_out].reshape(-1, 64), cut[held_out].reshape(-1, 64)
    return rng.permutation(parts[0]), rng.permutation(parts[1])[:400]


def digit_rows() -> NDArray[np.int64]:
    """The order in which the digits are taken: 1400 for training, then the held-out ones."""
    return np.random.default_rng(11).permutation(1797)


def lessons(arm: str, x: Array, steps: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What :func:`scorekit.training.train` draws its points and noise levels from, step by step."""
    levels = [pyramids.smoothed(x, SHAPE, 2), pyramids.smoothed(x, SHAPE, 1), x]
    ranges = [log_uniform(low, SIGMAS[1]) for low in (1.0, 0.3, SIGMAS[0])]
    calls = {"data": 0, "noise": 0}

    def stage(of: str) -> int:
        calls[of] += 1
        return min(2, 4 * (calls[of] - 1) // steps)

    def points(n: int, *, rng: np.random.Generator) -> Array:
        rows = rng.integers(len(x), size=n)
        return levels[stage("data") if arm == "resolution" else 2][rows]

    def noise(n: int, rng: np.random.Generator) -> Array:
        return np.asarray(ranges[stage("noise") if arm == "noise" else 2](n, rng))

    return points, noise


def fit(arm: str, x: Array, steps: int, seed: int) -> ScaledNet:
    """A network trained on the pictures x by one plan."""
    start = init_scaled(x, rng=np.random.default_rng([seed, 1]), width=WIDTH, blocks=BLOCKS)
    if arm == "coarse":
        points, noise = (lambda n, *, rng: x[rng.integers(len(x), size=n)]), log_uniform(*SIGMAS)
    else:
        points, noise = lessons(arm, x, steps)
    rng = np.random.default_rng([seed, 2])
    net: ScaledNet = train(
        start, points, steps=steps, rng=rng, sigmas=noise, learning_rate=RATE
    ).net
    return net


def held_out_loss(net: ScaledNet, x: Array) -> NDArray[np.float64]:
    """The mean square of what F misses on held-out pictures, at each judged level."""
    rng = np.random.default_rng(12)
    rows = []
    for sigma in JUDGED:
        z = rng.standard_normal(x.shape).astype(np.float32)
        level = np.full(len(x), sigma, np.float32)
        rows.append(float((net.residual(x.astype(np.float32), level, z) ** 2).mean()))
    return np.array(rows)


def draw(way: str, fine: ScaledNet, coarse: ScaledNet, cost: int, seed: int, n: int) -> Array:
    """Pictures by Langevin with ``cost`` evaluations each, all networks together."""
    rng = np.random.default_rng([seed, 3])
    walk: dict[str, Any] = {"variance": 0.0, "step": STEP, "rng": rng}

    def run(net: ScaledNet, x: Array, top: float, budget: int) -> Array:
        if way.startswith("one"):
            # A coarse number is twice a mean of pixels: twice the noise is as little to it.
            level = LOW if net is fine else 2 * LOW
            return coarse_to_fine(net, x, [level], steps=budget, **walk).x
        return coarse_to_fine(net, x, geometric_sigmas(top, LOW, budget), steps=1, **walk).x

    def noise(net: ScaledNet, top: float) -> Array:
        z = rng.standard_normal((n, net.dim), dtype=np.float32)
        return net.mean + np.float32(np.hypot(top, net.sd)) * z

    top = LOW if way.startswith("one") else TOP
    if way.endswith("noise"):
        x = run(fine, noise(fine, top), TOP, cost - 1)
    else:
        x = run(coarse, noise(coarse, top), TOP, cost // 2)
        # The detail starts as noise of the level at which the fine network takes over.
        start = LOW if way.startswith("one") else MIDDLE
        x = pyramids.join(x, None, SHAPE)
        x += np.float32(start) * rng.standard_normal(x.shape, dtype=np.float32)
        x = run(fine, x, MIDDLE, cost - cost // 2 - 1)
    return np.asarray(tweedie_mean(fine, x, LOW))  # the last evaluation


def study(seeds: list[int], budgets: tuple[int, ...], costs: tuple[int, ...]) -> dict[str, Any]:
    """All arrays of the file."""
    loss = np.empty((len(PICTURES), len(seeds), len(budgets), len(ARMS), len(JUDGED)))
    distance = np.empty((len(PICTURES), len(seeds), len(costs), len(WAYS)))
    floor = np.empty((len(PICTURES), len(seeds)))
    out: dict[str, Any] = {}
    for p, kind in enumerate(PICTURES):
        x, held_out = pictures(kind)
        for i, seed in enumerate(seeds):
            began, nets = time.process_time(), {}
            for b, steps in enumerate(budgets):
                for a, arm in enumerate(ARMS):
                    nets[arm] = fit(arm, x, steps // 2 if arm == "half" else steps, seed)
                    loss[p, i, b, a] = held_out_loss(nets[arm], held_out)
            fine = nets["scratch"]
            coarse = fit("coarse", pyramids.reduced(x, SHAPE, 1), budgets[-1], seed)
            for c, cost in enumerate(costs):
                for w, way in enumerate(WAYS):
                    drawn = draw(way, fine, coarse, cost, seed, N_SAMPLES)
                    distance[p, i, c, w] = energy_distance(drawn, held_out).value
            rows = np.random.default_rng(seed).choice(len(x), N_SAMPLES, replace=False)
            floor[p, i] = energy_distance(x[rows], held_out).value
            if kind == "digits" and i == 0:
                for name, net in (("fine", fine), ("coarse", coarse)):
                    out |= {f"{name}/{k}": v.astype(np.float16) for k, v in net.params.items()}
                    out |= {f"{name}/mean": net.mean, f"{name}/sd": np.float32(net.sd)}
            print(kind, seed, f"{time.process_time() - began:.0f} s")
            print(" loss", np.round(loss[p, i].mean(-1), 4).tolist())
            print(" distance", np.round(distance[p, i], 3).tolist(), floor[p, i].round(4))
    tables: dict[str, NDArray[Any]] = {"loss": loss, "distance": distance, "floor": floor}
    tables |= {"held_out": digit_rows()[1400:]}
    return out | {
        k: v.astype(np.int16 if k == "held_out" else np.float32) for k, v in tables.items()
    }


def main(argv: list[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--budgets", type=int, nargs="+", default=BUDGETS)
    parser.add_argument("--costs", type=int, nargs="+", default=COSTS)
    parser.add_argument("--out", type=Path, default=STORED)
    args = parser.parse_args(argv)
    arrays = study(list(SEEDS)[: args.seeds], tuple(args.budgets), tuple(args.costs))
    about = {
        "command": "python -m tools.train_pyramid",
        "pictures": PICTURES,
        "arms": ARMS,
        "budgets": args.budgets,
        "ways": WAYS,
        "costs": args.costs,
        "levels": [TOP, MIDDLE, LOW],
        "seeds": list(SEEDS)[: args.seeds],
        "network": f"ScaledNet, width {WIDTH}, {BLOCKS} blocks, batch 256, rate {RATE}",
        "points": "digits / 8 - 1; patches 2 v - 1 of three photographs, scikit-image",
    }
    save_arrays(
        args.out,
        about=json.dumps(about),
        judged=JUDGED,
        **arrays,
    )
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
