"""Train chapter 8's networks with and without integrability penalties, and store what came out.

    python -m tools.train_integrability           every kind, five seeds, and store: five minutes
    python -m tools.train_integrability --scan    compare weights of the penalties; store nothing

Each seed draws a data set of 2000 points of the three hills. All kinds of network learn from the
same data, start and batches, for the same number of steps; "plain, longer" takes about as much time
as a penalised one. They are judged by exact scores and divergences on 4000 other points.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorekit import integrability
from scorekit.denoising import at, noisy_score
from scorekit.densities import GaussianMixture, three_hills
from scorekit.networks import ScoreNet, init_scaled
from scorekit.training import Penalty, log_uniform, train
from scorekit.vector_fields import jacobian
from tools.stored import save_arrays

Array = NDArray[np.floating]
STORED = Path(__file__).parents[1] / "scorekit" / "data" / "integrability.npz"
SEEDS, SCAN_SEED = range(5), 100
N_DATA, N_JUDGE, STEPS, WIDTH, BLOCKS, RATE = 2000, 4000, 1000, 64, 2, 4e-3
SIGMAS = (0.03, 8.0)
LEVELS = np.geomspace(0.05, 5, 9)
LONGER = 4  # a penalised step takes about four times as long as a plain one
# Short runs with 0.1, 1, 10 and 100 came first: more means less curl, and beyond 10 a worse score.
# --scan repeats such a comparison.
WEIGHTS = {"curl": 3.0, "divergence": 3.0, "Tweedie": 1.0}
KINDS = ("plain", "plain, longer", "curl", "divergence", "Tweedie", "energy")
KEPT = ("plain", "curl", "energy")  # whose weights are stored, of the first seed
COLUMNS = ("error", "score", "curl", "symmetric", "divergence")


def laplacian(mixture: GaussianMixture, y: Array, sigma: Array) -> NDArray[np.float64]:
    r"""Δ log p_σ of a blurred mixture, one σ a point: Σ γ_k (|a_k|² − tr P_k) − |s|².

    P_k is the precision of component k, a_k = P_k (m_k − y) its pull.
    """
    noise = np.asarray(sigma, float)[:, None, None, None] ** 2 * np.eye(mixture.dim)
    precision = np.linalg.inv(mixture.covs + noise)
    gap = mixture.means - np.asarray(y, float)[:, None]
    pull = np.einsum("nkij,nkj->nki", precision, gap)
    logs = np.log(mixture.weights) + np.linalg.slogdet(precision)[1] / 2 - (gap * pull).sum(2) / 2
    gamma = np.exp(logs - logs.max(1, keepdims=True))
    gamma /= gamma.sum(1, keepdims=True)
    score = (gamma[:, :, None] * pull).sum(1)
    bend = (pull**2).sum(2) - np.trace(precision, axis1=2, axis2=3)
    return np.asarray((gamma * bend).sum(1) - (score**2).sum(1))


def fit(kind: str, seed: int, steps: int = STEPS, weight: float | None = None) -> ScoreNet:
    """A network of one kind, trained; ``weight`` replaces the one of the table."""
    hills, rng = three_hills(), np.random.default_rng(seed)
    points = hills.sample(N_DATA, rng=rng)
    size: dict[str, Any] = {"width": WIDTH, "blocks": BLOCKS}
    start: ScoreNet = init_scaled(points, rng=rng, **size)
    if kind == "energy":
        start = integrability.init_energy(points, rng=np.random.default_rng([seed, 1]), **size)
    penalty = _penalty(kind, points, np.random.default_rng([seed, 2]), weight)
    steps = LONGER * steps if kind == "plain, longer" else steps
    recipe: dict[str, Any] = {"sigmas": SIGMAS, "learning_rate": RATE, "penalty": penalty}
    net: ScoreNet = train(start, points, steps=steps, rng=rng, **recipe).net
    return net


def _penalty(
    kind: str, points: Array, rng: np.random.Generator, weight: float | None
) -> Penalty | None:
    if kind not in WEIGHTS:
        return None
    weight = WEIGHTS[kind] if weight is None else weight
    if kind == "curl":
        return integrability.curl_penalty(weight)
    if kind == "divergence":
        hills = three_hills()
        return integrability.divergence_penalty(weight, lambda y, s: laplacian(hills, y, s))

    def draw(n: int, *, rng: np.random.Generator) -> Array:
        return points[rng.integers(len(points), size=n)]

    return integrability.tweedie_penalty(weight, draw, log_uniform(*SIGMAS), rng=rng)


def judge(net: ScoreNet, seed: int) -> NDArray[np.float64]:
    """Mean squares at each noise level, (levels, 5), in the order of ``COLUMNS``.

    Of σ times the score's error and the score; of σ² times the curl, the Jacobian's symmetric part
    (as |J + Jᵀ|²/2, so that it compares with curl² = |J − Jᵀ|²/2) and the divergence's error.
    """
    hills, rng = three_hills(), np.random.default_rng([seed, 3])
    x, net = hills.sample(N_JUDGE, rng=rng), net.astype(float)
    noise, exact, rows = rng.standard_normal(x.shape), noisy_score(hills), []
    for sigma in LEVELS:
        y = x + sigma * noise
        truth, j = exact(y, sigma), sigma**2 * jacobian(at(net, sigma), y)
        flip = j.swapaxes(1, 2)
        bend = sigma**2 * laplacian(hills, y, np.full(len(y), sigma))
        rows.append(
            [
                sigma**2 * ((net(y, sigma) - truth) ** 2).sum(1).mean(),
                sigma**2 * (truth**2).sum(1).mean(),
                ((j - flip) ** 2).sum((1, 2)).mean() / 2,
                ((j + flip) ** 2).sum((1, 2)).mean() / 2,
                ((np.trace(j, axis1=1, axis2=2) - bend) ** 2).mean(),
            ]
        )
    return np.array(rows)


def line(name: str, rows: NDArray[np.float64], seconds: float) -> str:
    """Root mean squares over noise levels."""
    error, _, curl, _, bend = np.sqrt(rows.mean(0))
    return f"{name:24s} error {error:.4f}  curl {curl:.4f}  divergence {bend:.4f}  {seconds:.0f} s"


def scan(steps: int = STEPS) -> None:
    """Print each penalty at several weights, on data that the table does not use."""
    tries: list[tuple[str, float | None]] = [("plain", None), ("energy", None)]
    tries += [(kind, w) for w in (3, 1, 10, 0.3) for kind in WEIGHTS]
    for kind, weight in tries:
        clock = time.process_time()
        rows = judge(fit(kind, SCAN_SEED, steps, weight), SCAN_SEED)
        print(line(f"{kind} {weight or ''}", rows, time.process_time() - clock), flush=True)


def run(path: Path, seeds: range = SEEDS, steps: int = STEPS) -> None:
    """Train and judge everything, and store the table and three networks."""
    table = np.empty((len(KINDS), len(seeds), len(LEVELS), len(COLUMNS)))
    seconds, nets = np.empty(table.shape[:2]), {}
    for i, kind in enumerate(KINDS):
        for j, seed in enumerate(seeds):
            clock = time.process_time()
            net = fit(kind, seed, steps)
            seconds[i, j] = time.process_time() - clock
            table[i, j] = judge(net, seed)
            print(line(f"{kind}, seed {seed}", table[i, j], seconds[i, j]), flush=True)
            if seed == seeds[0] and kind in KEPT:
                nets[kind] = net
    about = {
        "command": "python -m tools.train_integrability",
        "data": f"{N_DATA} points of three_hills a seed, seeds {list(seeds)}; judged on {N_JUDGE}",
        "training": f"{steps} steps, {LONGER * steps} for 'plain, longer'; sigmas {SIGMAS}",
        "weights of the penalties": WEIGHTS,
        "kinds": KINDS,
        "columns": COLUMNS,
        "networks": f"seed {seeds[0]}, running mean, half precision",
    }
    weights = {
        f"{kind}/{key}": p.astype(np.float16)
        for kind, net in nets.items()
        for key, p in net.params.items()
    }
    scales = {f"{kind}/mean": net.mean for kind, net in nets.items()}
    scales |= {f"{kind}/sd": np.array(net.sd) for kind, net in nets.items()}
    save_arrays(
        path,
        about=json.dumps(about),
        table=table,
        seconds=seconds,
        levels=LEVELS,
        **scales,
        **weights,
    )


def main(arguments: list[str] | None = None) -> None:
    """Train and store, or scan."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scan", action="store_true", help="only print how weights compare")
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=STORED)
    options = parser.parse_args(arguments)
    if options.scan:
        scan(options.steps)
    else:
        run(options.out, range(options.seeds), options.steps)


if __name__ == "__main__":
    main()
