"""Row (j): annealed importance sampling with MALA moves, beside the same loop in JAX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import SFC64, Generator

from scorekit.densities import GaussianMixture
from scorekit.normals import BoxMuller
from scorekit.partition import ais
from scorekit.weights import log_mean_weight, weights_ess

from . import problems
from .harness import Candidate, Row, Target, require, with_peers

Array = np.ndarray
SIGMAS = 5.0


def normal(v: float, d: int) -> GaussianMixture:
    return GaussianMixture(np.ones(1), np.zeros((1, d)), np.array([v]))


@dataclass(frozen=True)
class RoundNormal:
    """N(0, v) in d coordinates as one writes it by hand, log p and score in one pass."""

    v: float
    d: int

    def log_prob_and_score(self, x: Array) -> tuple[Array, Array]:
        squares, kind = np.einsum("ij,ij->i", x, x), x.dtype.type
        constant = kind(self.d / 2 * np.log(2 * np.pi * self.v))
        return squares * kind(-0.5 / self.v) - constant, x * kind(-1 / self.v)

    def log_prob(self, x: Array) -> Array:
        return self.log_prob_and_score(x)[0]

    def score(self, x: Array) -> Array:
        return self.log_prob_and_score(x)[1]


def annealing(kind: str = "mixture", walkers: int = 10_000, temperatures: int = 200) -> Row:
    """(j) Ten thousand walkers, 200 temperatures, one MALA step each; both ends are normalised."""
    if kind == "mixture":
        p0, p1, pace = normal(4.0, 2), problems.NEAR, 0.15
        betas = np.linspace(0, 1, temperatures + 1)
        step = np.full(temperatures + 1, pace)
    else:
        p0, p1 = normal(4.0, 50), normal(0.25, 50)
        precision = np.geomspace(0.25, 4, temperatures + 1)
        betas = (precision - 0.25) / 3.75
        betas[0], betas[-1] = 0, 1
        step = 0.33 / precision
    start = p0.sample(walkers, rng=np.random.default_rng(0)).astype(np.float32)

    by_hand = (p0, p1) if kind == "mixture" else (RoundNormal(4.0, 50), RoundNormal(0.25, 50))

    def ours(ends: Any, rng: type[Generator]) -> Callable[[int], Array]:
        return lambda seed: ais(*ends, start, betas, step, rng=rng(SFC64(seed))).log_weights

    def check(log_w: Array) -> str:
        log_z, share = log_mean_weight(log_w), weights_ess(log_w) / len(log_w)
        words = f"log Z {log_z}, truth 0, ESS {share:.0%}"
        return require(abs(log_z.value) < SIGMAS * log_z.se, words)

    def jax_by_hand() -> Candidate:
        run = jax_ais(p0, p1, start, betas, step)
        return Candidate("JAX by hand", run, check, compiles=True)

    own = [
        Candidate("scorekit", ours(by_hand, Generator), check),
        Candidate("scorekit, Box–Muller", ours(by_hand, BoxMuller), check),
    ]
    if kind != "mixture":
        own.append(Candidate("scorekit, GaussianMixture", ours((p0, p1), Generator), check))
    candidates, skipped = with_peers(own, jax_by_hand)
    bound = 1.0 if kind == "mixture" else 1.3
    targets = [Target(f"scorekit{more}", "JAX by hand", bound) for more in ("", ", Box–Muller")]
    pair = "mixture pair in 2-D" if kind == "mixture" else "Gaussian pair in 50-D"
    title = f"AIS, {pair}, {walkers} walkers × {temperatures} temperatures, float32"
    return Row(f"j-{kind}", title, candidates, targets, temperatures, skipped=skipped)


def jax_ais(p0: Any, p1: Any, start: Array, betas: Array, step: Array) -> Callable[[int], Any]:
    """Annealed importance sampling between two round mixtures; nothing is evaluated twice."""
    import jax
    import jax.numpy as jnp

    def density(p: Any) -> Callable[[Any], tuple[Any, Any]]:
        v, d = p.covs, p.dim
        a = jnp.asarray((p.means / v[:, None]).T, jnp.float32)
        b = jnp.asarray(-0.5 / v, jnp.float32)
        shift = np.log(p.weights) - d / 2 * np.log(2 * np.pi * v) - (p.means**2).sum(1) / (2 * v)
        c = jnp.asarray(shift, jnp.float32)
        back = jnp.asarray(np.hstack([p.means / v[:, None], 1 / v[:, None]]), jnp.float32)

        def both(x: Any) -> tuple[Any, Any]:
            logs = x @ a + (x * x).sum(1, keepdims=True) * b + c
            log_p = jax.scipy.special.logsumexp(logs, axis=1)
            sums = jnp.exp(logs - log_p[:, None]) @ back
            return log_p, sums[:, :-1] - sums[:, -1:] * x

        return both

    first, last = density(p0), density(p1)

    def ends(x: Any) -> tuple[Any, Any, Any, Any]:
        (l0, s0), (l1, s1) = first(x), last(x)
        return l0, s0, l1 - l0, s1 - s0

    def body(state: Any, given: Any) -> tuple[Any, None]:
        x, at, log_w = state
        key, beta, gain, eta = given
        log_w = log_w + gain * at[2]
        one, two = jax.random.split(key)
        z = jax.random.normal(one, x.shape, x.dtype)
        s = at[1] + beta * at[3]
        y = x + eta * s + jnp.sqrt(2 * eta) * z
        at_y = ends(y)
        w = jnp.sqrt(eta / 2) * (s + at_y[1] + beta * at_y[3])
        rise = at_y[0] + beta * at_y[2] - at[0] - beta * at[2] - (w * (2 * z + w)).sum(1) / 2
        ok = jnp.log(jax.random.uniform(two, rise.shape)) < rise
        here = tuple(
            jnp.where(ok if new.ndim == 1 else ok[:, None], new, old)
            for new, old in zip(at_y, at, strict=True)
        )
        return (jnp.where(ok[:, None], y, x), here, log_w), None

    inner = [jnp.asarray(t, jnp.float32) for t in (betas[1:-1], np.diff(betas)[:-1], step[1:-1])]

    @jax.jit
    def go(key: Any, x: Any) -> Any:
        keys = jax.random.split(key, len(betas) - 2)
        begin = (x, ends(x), jnp.zeros(len(x), x.dtype))
        (_, at, log_w), _ = jax.lax.scan(body, begin, (keys, *inner))
        return log_w + (betas[-1] - betas[-2]) * at[2]

    x = jnp.asarray(start)
    return lambda seed: np.asarray(go(jax.random.key(seed), x), float)
