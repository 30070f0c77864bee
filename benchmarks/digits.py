"""Row (m): predictor–corrector sampling of digits, beside the same network in JAX and PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import SFC64, Generator

from scorekit._fused import EPS
from scorekit.diffusion import karras_sigmas, predictor_corrector
from scorekit.networks import FREQUENCIES, ScaledNet
from scorekit.normals import BoxMuller
from scorekit.priors import load_prior

from .harness import Candidate, Row, Target, require, with_peers
from .rows import normals

Array = np.ndarray
STEP = 0.3


def predictor_corrector_digits(images: int = 500, levels: int = 12) -> Row:
    """(m) The stored prior of 8 × 8 digits: two evaluations a level, and the normals of both."""
    net = load_prior("digits").net
    sigmas = karras_sigmas(10.0, 0.05, levels)
    start = 10 * np.random.default_rng(0).standard_normal((images, net.dim)).astype(np.float32)
    evaluations = 2 * (levels - 1)

    def ours(kind: type[Generator]) -> Callable[[int], Array]:
        def run(seed: int) -> Array:
            rng = kind(SFC64(seed))
            return np.asarray(predictor_corrector(net, start, sigmas, rng=rng, step=STEP).x)

        return run

    by_ours = np.array([ours(Generator)(seed) for seed in (101, 102)])

    def check(x: Array) -> str:
        return check_same_law(x, by_ours.reshape(-1, net.dim))

    draw, products = normals(start.shape, evaluations, np.float32), products_of(net, images)

    def floor(seed: int) -> None:
        draw(seed)
        for _ in range(evaluations):
            products()

    def jax_by_hand() -> Candidate:
        return Candidate("JAX by hand", in_jax(net, start, sigmas), check, compiles=True)

    def torch_by_hand() -> Candidate:
        return Candidate("PyTorch by hand", in_torch(net, start, sigmas), check)

    own = [
        Candidate("scorekit", ours(Generator), check),
        Candidate("scorekit, Box–Muller", ours(BoxMuller), check),
        Candidate("the network's products + normals", floor),
    ]
    candidates, skipped = with_peers(own, jax_by_hand, torch_by_hand)
    targets = [Target("scorekit", peer, 1.3) for peer in ("JAX by hand", "PyTorch by hand")]
    title = f"predictor–corrector, digits prior, {images} images × {levels} levels, float32"
    unit = "ms an evaluation"
    return Row("m", title, candidates, targets, evaluations, unit, skipped=skipped)


def check_same_law(x: Array, reference: Array) -> str:
    """Pixel means and the mean square, against two runs of scorekit's."""
    x, reference = x.astype(float), reference.astype(float)
    se = np.sqrt(x.var(0) / len(x) + reference.var(0) / len(reference))
    moves = se > 1e-3  # the corners hardly ever vary
    worst = float(np.abs((x.mean(0) - reference.mean(0)) / np.where(moves, se, 1)).max())
    a, b = (x**2).sum(1), (reference**2).sum(1)
    z = float((a.mean() - b.mean()) / np.sqrt(a.var() / len(a) + b.var() / len(b)))
    require(worst < 5 and abs(z) < 5, f"a pixel off by {worst:.1f} se, the square by {z:.1f}")
    return f"64 pixel means within {worst:.1f} se, mean square {z:+.1f} se"


def products_of(net: ScaledNet, n: int) -> Callable[[], None]:
    """The matrix products of one evaluation, and nothing else."""
    weights = {key: w for key, w in net.params.items() if key.endswith("_w")}
    rng = np.random.default_rng(0)
    # σ is one for all points, so what depends on it alone is one row.
    rows = [1 if any(k in key for k in ("level", "gain", "shift")) else n for key in weights]
    pairs = [
        (rng.standard_normal((m, len(w))).astype(w.dtype), w, np.empty((m, w.shape[1]), w.dtype))
        for m, w in zip(rows, weights.values(), strict=True)
    ]

    def run() -> None:
        for a, w, out in pairs:
            np.matmul(a, w, out=out)

    return run


def loop(x: Any, sigmas: Array, score: Callable[..., Any], normal: Callable[[Any], Any]) -> Any:
    """Song et al. (2021), Algorithm 2, for arrays of either peer."""
    for high, low in zip(sigmas[:-1].tolist(), sigmas[1:].tolist(), strict=True):
        fall = high**2 - low**2
        x = x + fall * score(x, high) + low / high * np.sqrt(fall).item() * normal(x)
        eta = STEP * low**2
        x = x + eta * score(x, low) + np.sqrt(2 * eta).item() * normal(x)
    return x


def network(net: ScaledNet, p: Any, lib: Any, silu: Callable[[Any], Any], cat: Any) -> Any:
    """The same network in another library's words; σ is a number."""
    blocks, sd, extra = sum(k.endswith("_up_w") for k in p), net.sd, net.extra

    def norm(h: Any) -> Any:
        return h / lib.sqrt((h * h).mean(1)[:, None] + EPS)

    def score(x: Any, sigma: float, mean: Any, zeros: Any) -> Any:
        total = sigma**2 + sd**2
        c = x - mean
        h = cat([c / total**0.5, zeros], 1) if extra else c / total**0.5
        angle = np.log(sigma) * FREQUENCIES
        waves = zeros.new_tensor if hasattr(zeros, "new_tensor") else lib.asarray
        level = waves(np.concatenate([np.cos(angle), np.sin(angle)]).astype(np.float32))[None]
        level = silu(level @ p["level_w"] + p["level_b"])
        h = h @ p["in_w"] + p["in_b"]
        for k in range(blocks):
            u = norm(h) @ p[f"{k}_up_w"] + p[f"{k}_up_b"]
            u = u * (level @ p[f"{k}_gain_w"] + p[f"{k}_gain_b"])
            u = silu(u + level @ p[f"{k}_shift_w"] + p[f"{k}_shift_b"])
            h = h + u @ p[f"{k}_down_w"] + p[f"{k}_down_b"]
        out = norm(h) @ p["out_w"] + p["out_b"]
        return (sd / (sigma * total**0.5)) * out - c / total

    return score


def same_score(net: ScaledNet, x: Array, theirs: Array) -> None:
    """A peer runs our network, not one like it."""
    ours = net(x, 0.5)
    off = float(np.abs(theirs - ours).max() / np.abs(ours).max())
    require(off < 1e-4, f"the peer's score is off by {off:.0e}")


def in_jax(net: ScaledNet, start: Array, sigmas: Array) -> Callable[[int], Array]:
    """One compiled program for the whole run: the levels are constants in it."""
    import jax
    import jax.numpy as jnp

    p = {key: jnp.asarray(v) for key, v in net.params.items()}
    score = network(net, p, jnp, jax.nn.silu, jnp.concatenate)
    mean, zeros = jnp.asarray(net.mean), jnp.zeros((len(start), net.extra), jnp.float32)

    @jax.jit
    def go(key: Any, x: Any) -> Any:
        keys = iter(jax.random.split(key, 2 * len(sigmas)))
        return loop(
            x,
            sigmas,
            lambda x, sigma: score(x, sigma, mean, zeros),
            lambda x: jax.random.normal(next(keys), x.shape, x.dtype),
        )

    x = jnp.asarray(start)
    same_score(net, start, np.asarray(score(x, 0.5, mean, zeros)))
    return lambda seed: np.asarray(go(jax.random.key(seed), x))


def in_torch(net: ScaledNet, start: Array, sigmas: Array) -> Callable[[int], Array]:
    """Eager, without gradients, one thread."""
    import torch

    torch.set_num_threads(1)
    p = {key: torch.tensor(v) for key, v in net.params.items()}
    score = network(net, p, torch, torch.nn.functional.silu, torch.cat)
    mean, zeros = torch.tensor(net.mean), torch.zeros(len(start), net.extra)

    same_score(net, start, score(torch.tensor(start), 0.5, mean, zeros).numpy())

    @torch.inference_mode()
    def run(seed: int) -> Array:
        rng = torch.Generator().manual_seed(seed)
        x = loop(
            torch.tensor(start),
            sigmas,
            lambda x, sigma: score(x, sigma, mean, zeros),
            lambda x: torch.randn(x.shape, generator=rng),
        )
        return np.asarray(x.numpy())

    return run
