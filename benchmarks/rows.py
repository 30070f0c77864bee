"""Rows (a), (b) and (c): Langevin samplers beside the random-number floor and beside peers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import SFC64, Generator

from scorekit import diagnostics, langevin
from scorekit.normals import BoxMuller

from . import peers, problems
from .harness import Candidate, Row, Target, require, with_peers

Array = np.ndarray
# A check passes with these: about one false alarm in 10⁵ runs for a right sampler.
SIGMAS = 4.5
KS = 2.5  # times 1/√(number of independent draws)


def normals(shape: tuple[int, ...], steps: int, dtype: Any) -> Callable[[int], Array]:
    """The floor: the normals a run needs, by NumPy's fastest generator into one array."""
    z = np.empty(shape, dtype)

    def run(seed: int) -> Array:
        rng = Generator(SFC64(seed))
        for _ in range(steps):
            rng.standard_normal(out=z, dtype=dtype)
        return z

    return run


def ula_mixture(dtype: Any = np.float32, chains: int = 10_000, steps: int = 200) -> Row:
    """(a) ULA on eight round components in the plane, far apart."""
    p, step, bits = problems.FAR, 0.01, np.dtype(dtype).itemsize * 8
    start = p.sample(chains, rng=np.random.default_rng(0)).astype(dtype)
    textbook = problems.textbook_score(p, dtype)

    def ours(seed: int) -> Array:
        return langevin.ula(p.score, start, step, steps, rng=Generator(SFC64(seed))).x

    def box_muller(seed: int) -> Array:
        return langevin.ula(p.score, start, step, steps, rng=BoxMuller(SFC64(seed))).x

    def by_the_book(seed: int) -> Array:
        x, rng = start, Generator(SFC64(seed))
        root = dtype(np.sqrt(2 * step))
        for _ in range(steps):
            x = x + dtype(step) * textbook(x) + root * rng.standard_normal(x.shape, dtype)
        return x

    def check(x: Array) -> str:
        return check_ula(x, step)

    own = [
        Candidate("scorekit", ours, check),
        Candidate("normals", normals(start.shape, steps, dtype)),
        Candidate("textbook (n, K, 2)", by_the_book, check),
    ]
    targets = []
    if bits == 32:
        own.insert(1, Candidate("scorekit, Box–Muller", box_muller, check))
        targets = [Target("scorekit", "normals", 2.0), Target(own[1].name, "normals", 1.5)]
    if bits == 64:  # the peers run in float32, which is their default
        skipped: list[str] = []
    else:
        constants, arguments = problems.by_products(p), (start, step, steps)

        def jax_by_hand() -> Candidate:
            score = peers.jax_mixture_score(constants)
            return Candidate("JAX by hand", peers.jax_ula(score, *arguments), check, compiles=True)

        def blackjax_batch() -> Candidate:
            run = peers.blackjax_ula(problems.jax_log_prob(p), *arguments, by_chain=False)
            return Candidate("BlackJAX sgld, batch", run, check, compiles=True)

        def blackjax_vmap() -> Candidate:
            run = peers.blackjax_ula(problems.jax_log_prob(p), *arguments, by_chain=True)
            return Candidate("BlackJAX sgld, vmap", run, check, compiles=True)

        def torch_by_hand() -> Candidate:
            score = peers.torch_mixture_score(constants)
            return Candidate("PyTorch by hand", peers.torch_ula(score, *arguments), check)

        def deepinv() -> Candidate:
            score = peers.torch_mixture_score(constants)
            return Candidate("deepinv ULA", peers.deepinv_ula(score, *arguments), check)

        own, skipped = with_peers(
            own, jax_by_hand, blackjax_batch, blackjax_vmap, torch_by_hand, deepinv
        )
        if any(c.name == "BlackJAX sgld, batch" for c in own):
            targets.append(Target("BlackJAX sgld, batch", "scorekit", 2.0, at_most=False))
    title = f"ULA, 8-component mixture in 2-D, {chains} chains × {steps} steps, float{bits}"
    return Row(f"a{bits}", title, own, targets, steps, skipped=skipped)


def check_ula(x: Array, step: float) -> str:
    r"""ULA on the far mixture, against what is exact for its own law, not the target's.

    When :math:`E|x|^2` no longer changes, :math:`E[x\cdot s+\eta|s|^2/2]=-d`. And within a
    component of variance v the variance is :math:`v/(1-\eta/2v)`.
    """
    p, x = problems.FAR, x.astype(float)
    s = p.score(x)
    balance = (x * s).sum(1) + step / 2 * (s * s).sum(1) + 2
    z = float(balance.mean() / (balance.std() / np.sqrt(len(x))))
    require(abs(z) < SIGMAS, f"balance off by {z:.1f} se")
    gap = problems.ks_distance(x[:, 0], problems.first_cdf(p, 1 / (1 - step / (2 * p.covs))))
    require(gap < KS / np.sqrt(len(x)), f"KS {gap:.3f}")
    return f"balance {z:+.1f} se, KS {gap:.4f} < {KS / np.sqrt(len(x)):.4f}"


Kept = tuple[Array, float]  # all states (k, n, d), and the acceptance rate


def least_ess(kept: Array) -> float:
    return min(diagnostics.ess(kept[..., j]) for j in range(kept.shape[-1]))


def our_mala(
    both: Callable[[Array], tuple[Array, Array]], start: Array, step: float, steps: int
) -> Callable[[int], Kept]:
    def run(seed: int) -> Kept:
        trace = langevin.mala(
            lambda x: both(x)[0],
            lambda x: both(x)[1],
            start,
            step,
            steps,
            rng=Generator(SFC64(seed)),
            keep_every=1,
            both=both,
        )
        return trace.kept, float(trace.acceptance.mean())

    return run


def mala_mixture(chains: int = 1000, steps: int = 500) -> Row:
    """(b) MALA on eight round components in the plane that overlap."""
    p, step = problems.NEAR, 0.25
    start = p.sample(chains, rng=np.random.default_rng(0)).astype(np.float32)

    def check(output: Kept) -> str:
        return check_mala_mixture(*output)

    def candidate(name: str, run: Callable[[int], Kept], compiles: bool = False) -> Candidate:
        return Candidate(name, run, check, lambda out: least_ess(out[0]), compiles)

    both = p.log_prob_and_score
    own = [
        candidate("scorekit", our_mala(both, start, step, steps)),
        candidate("scorekit float64", our_mala(both, start.astype(float), step, steps)),
    ]

    def blackjax() -> Candidate:
        run = peers.blackjax_mala(problems.jax_log_prob(p), start, step, steps)
        return candidate("BlackJAX mala", run, True)

    def jax_by_hand() -> Candidate:
        run = peers.jax_mala(problems.jax_log_prob(p), start, step, steps)
        return candidate("JAX by hand", run, True)

    candidates, skipped = with_peers(own, blackjax, jax_by_hand)
    targets = [Target("BlackJAX mala", "scorekit", 1.7, at_most=False)]
    title = f"MALA, 8-component mixture in 2-D, {chains} chains × {steps} steps, float32"
    return Row(
        "b-mixture", title, candidates, targets, 1, "ms an effective sample", skipped=skipped
    )


def check_mala_mixture(kept: Array, acceptance: float) -> str:
    r"""MALA leaves the target as it is: its CDF and means, and :math:`E[x\cdot s]=-d`.

    The last is Stein's identity; ULA misses it by η E|s|²/2.
    """
    p, draws = problems.NEAR, least_ess(kept)
    flat = kept.reshape(-1, 2).astype(float)
    stein = diagnostics.chain_mean((flat * p.score(flat)).sum(1).reshape(kept.shape[:2]))
    require(abs(stein.value + 2) < SIGMAS * stein.se, f"E x·s is {stein}, not -2")
    gap = problems.ks_distance(kept[..., 0], problems.first_cdf(p))
    require(gap < KS / np.sqrt(draws), f"KS {gap:.4f}, beyond {KS / np.sqrt(draws):.4f}")
    for j, want in enumerate(p.weights @ p.means):
        mean = diagnostics.chain_mean(kept[..., j])
        require(abs(mean.value - want) < SIGMAS * mean.se, f"mean {mean}, not {want:.4f}")
    words = f"KS {gap:.4f} < {KS / np.sqrt(draws):.4f}, means, E x·s right"
    return f"{words}, accepted {acceptance:.2f}"


def mala_logistic(
    data: problems.Logistic | None = None,
    chains: int = 100,
    steps: int = 3000,
    burn: int = 1000,
    step: float = 0.015,
    draws: int = 100_000,
) -> Row:
    """(b) MALA on Bayesian logistic regression, its score by hand."""
    data = data or problems.breast_cancer()
    rng = np.random.default_rng(0)
    reference = data.posterior(draws, rng)
    mean, _, sd = reference
    start = mean + sd * rng.standard_normal((chains, len(mean)))
    start = start.astype(np.float32)

    def check(output: Kept) -> str:
        return check_logistic(output[0][burn:], output[1], reference)

    def candidate(name: str, run: Callable[[int], Kept], compiles: bool = False) -> Candidate:
        return Candidate(name, run, check, lambda out: least_ess(out[0][burn:]), compiles)

    own = [
        candidate(
            f"scorekit{name}",
            our_mala(data.both(dtype, chains), start.astype(dtype), step, steps),
        )
        for name, dtype in (("", np.float32), (" float64", np.float64))
    ]

    def blackjax() -> Candidate:
        run = peers.blackjax_mala(data.jax_log_prob(), start, step, steps)
        return candidate("BlackJAX mala", run, True)

    def jax_by_hand() -> Candidate:
        run = peers.jax_mala(data.jax_log_prob(), start, step, steps)
        return candidate("JAX by hand", run, True)

    candidates, skipped = with_peers(own, blackjax, jax_by_hand)
    targets = [Target("BlackJAX mala", "scorekit", 1.4, at_most=False)]
    shape = "×".join(map(str, data.rows.shape))
    title = f"MALA, logistic regression {shape}, {chains} chains × {steps} steps, float32"
    return Row(
        "b-logistic", title, candidates, targets, 1, "ms an effective sample", skipped=skipped
    )


def check_logistic(kept: Array, acceptance: float, reference: tuple[Array, Array, Array]) -> str:
    """Posterior means and sds, against importance sampling."""
    mean, se, sd = reference
    worst = 0.0
    for j in range(len(mean)):
        ours = diagnostics.chain_mean(kept[..., j])
        worst = max(worst, abs(ours.value - mean[j]) / np.hypot(ours.se, se[j]))
    spread = np.abs(kept.reshape(-1, len(mean)).std(0) / sd - 1).max()
    require(worst < SIGMAS, f"a mean off by {worst:.1f} se")
    require(spread < 0.1, f"an sd off by {spread:.0%}")
    return f"means within {worst:.1f} se, sds within {spread:.1%}, accepted {acceptance:.2f}"


def ula_large(
    dense: bool = False, dim: int = 1000, chains: int = 1000, steps: int | None = None
) -> Row:
    """(c) ULA on a Gaussian whose precisions run from 10⁻⁴ to 1, along the axes or rotated."""
    dtype, step = np.float32, 0.5
    steps = steps or (10 if dense else 50)
    rng = np.random.default_rng(0)
    precision = np.logspace(-4, 0, dim)
    turn = np.linalg.qr(rng.standard_normal((dim, dim)))[0] if dense else None
    # Start in ULA's own law: it must stay there. N(0, v) becomes N(0, v / (1 - η / 2v)).
    sd = 1 / np.sqrt(precision * (1 - step * precision / 2))
    begin = sd * rng.standard_normal((chains, dim))
    start = (begin if turn is None else begin @ turn.T).astype(dtype)
    matrix = None if turn is None else ((turn * precision) @ turn.T).astype(dtype)
    minus = -precision.astype(dtype) if matrix is None else -matrix
    s = np.empty_like(start)

    def score(x: Array) -> Array:
        return np.multiply(x, minus, out=s) if matrix is None else np.matmul(x, minus, out=s)

    def ours(seed: int) -> Array:
        return langevin.ula(score, start, step, steps, rng=Generator(SFC64(seed))).x

    def box_muller(seed: int) -> Array:
        return langevin.ula(score, start, step, steps, rng=BoxMuller(SFC64(seed))).x

    def check(x: Array) -> str:
        x = x if turn is None else x @ turn
        moved = step * precision * steps > 0.5  # of the others the start is still to be seen
        squares = ((x / sd)[:, moved] ** 2).ravel()
        z = float((squares.mean() - 1) / np.sqrt(2 / squares.size))
        require(abs(z) < SIGMAS, f"variance off by {z:.1f} se")
        return f"variance {squares.mean():.4f} of ULA's own, {z:+.1f} se"

    draw = normals(start.shape, steps, dtype)

    def product_and_normals(seed: int) -> None:
        draw(seed)
        for _ in range(steps):
            score(start)

    floor = "matrix product + normals" if dense else "normals"
    own = [
        Candidate("scorekit", ours, check),
        Candidate("scorekit, Box–Muller", box_muller, check),
        Candidate(floor, product_and_normals if dense else draw),
    ]

    def jax_by_hand() -> Candidate:
        import jax.numpy as jnp

        m = jnp.asarray(minus)
        run = peers.jax_ula(lambda x: x @ m if dense else x * m, start, step, steps)
        return Candidate("JAX by hand", run, check, compiles=True)

    def torch_by_hand() -> Candidate:
        import torch

        m = torch.tensor(minus)
        run = peers.torch_ula(lambda x: x @ m if dense else x * m, start, step, steps)
        return Candidate("PyTorch by hand", run, check)

    candidates, skipped = with_peers(own, jax_by_hand, torch_by_hand)
    targets = [Target("scorekit", floor, 1.3 if dense else 1.15)]
    kind = "dense" if dense else "diagonal"
    title = f"ULA, {kind} Gaussian in {dim}-D, {chains} chains × {steps} steps, float32"
    return Row(f"c-{kind}", title, candidates, targets, steps, skipped=skipped)
