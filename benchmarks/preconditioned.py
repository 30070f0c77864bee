"""Row (l): what a preconditioner costs a step, beside the products and normals it needs."""

from __future__ import annotations

import numpy as np
from numpy.random import SFC64, Generator

from scorekit.langevin import ula
from scorekit.preconditioning import stationary_covariance

from .harness import Candidate, Row, Target, require
from .rows import SIGMAS, normals

Array = np.ndarray


def overhead(dim: int = 50, condition: float = 1000.0, chains: int = 1000, steps: int = 200) -> Row:
    """(l) ULA on chapter 12's Gaussian: no preconditioner, a diagonal one, and M = Σ."""
    dtype, slope = np.float32, 0.2
    rng = np.random.default_rng(0)
    spread = np.geomspace(1, 1 / condition, dim)
    turn = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    cov = (turn * spread) @ turn.T
    minus = -((turn / spread) @ turn.T).astype(dtype)
    # Each at the step that gives its fastest mode this slope, from its own law, where it stays.
    choices = {"no M": np.eye(dim), "diagonal M": np.diag(np.diag(cov)), "M = Σ": cov}
    etas = {
        k: slope / np.linalg.eigvals(np.linalg.solve(cov, m)).real.max() for k, m in choices.items()
    }
    laws = {
        k: np.linalg.cholesky(stationary_covariance(cov, m, etas[k])) for k, m in choices.items()
    }
    starts = {k: (rng.standard_normal((chains, dim)) @ r.T).astype(dtype) for k, r in laws.items()}
    arguments = {"no M": None, "diagonal M": np.diag(cov), "M = Σ": cov}
    s = np.empty((chains, dim), dtype)

    def score(x: Array) -> Array:
        return np.matmul(x, minus, out=s)

    def candidate(name: str) -> Candidate:
        def run(seed: int) -> Array:
            rng, m = Generator(SFC64(seed)), arguments[name]
            return np.asarray(ula(score, starts[name], etas[name], steps, rng=rng, precond=m).x)

        return Candidate(f"scorekit, {name}", run, lambda x: check(x, laws[name]))

    def by_the_book(seed: int) -> Array:
        x, rng, eta = starts["M = Σ"], Generator(SFC64(seed)), etas["M = Σ"]
        m, kick = cov.astype(dtype), np.sqrt(2 * eta) * np.linalg.cholesky(cov).T
        kick = kick.astype(dtype)
        for _ in range(steps):
            x = x + dtype(eta) * (x @ minus) @ m + rng.standard_normal(x.shape, dtype) @ kick
        return x

    draw, root = normals((chains, dim), steps, dtype), np.linalg.cholesky(cov).astype(dtype)

    def floor(products: int) -> Candidate:
        def run(seed: int) -> None:
            draw(seed)
            for _ in range(steps):
                for _ in range(products):
                    np.matmul(starts["no M"], root, out=s)

        return Candidate(
            "normals + " + ("1 product" if products == 1 else f"{products} products"), run
        )

    own = [candidate(name) for name in choices]
    book = Candidate("textbook, M = Σ", by_the_book, lambda x: check(x, laws["M = Σ"]))
    targets = [
        Target("scorekit, no M", "normals + 1 product", 1.3),
        Target("scorekit, diagonal M", "scorekit, no M", 1.3),
        Target("scorekit, M = Σ", "normals + 3 products", 1.3),
        Target("scorekit, M = Σ", "textbook, M = Σ", 1.3),
    ]
    title = (
        f"preconditioned ULA, Gaussian in {dim}-D, κ = {condition:g}, "
        f"{chains} chains × {steps} steps, float32"
    )
    return Row("l", title, [*own, book, floor(1), floor(3)], targets, steps)


def check(x: Array, root: Array) -> str:
    """The chains have the covariance of their own law."""
    white = np.linalg.solve(root, x.astype(float).T)
    z = float(((white**2).mean() - 1) / np.sqrt(2 / white.size))
    require(abs(z) < SIGMAS, f"variance off by {z:.1f} se")
    return f"variance {(white**2).mean():.4f} of its own law, {z:+.1f} se"
