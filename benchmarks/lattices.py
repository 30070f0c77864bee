"""Row (h): many Ising lattices at once, beside the random numbers that a sweep needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import SFC64, Generator

from scorekit.ising import ising, ising_energy
from scorekit.ising_exact import kaufman_energy

from . import peers
from .harness import Candidate, Row, Target, require, with_peers

Array = np.ndarray


def ising_sweeps(size: int = 64, chains: int = 64, sweeps: int = 100, k: float = 0.3) -> Row:
    """(h) Metropolis sweeps of a torus of spins, all from the ordered state."""
    start = np.ones((chains, size, size), np.int8)
    board = np.add.outer(np.arange(size), np.arange(size)) % 2

    def ours(seed: int) -> Array:
        return np.asarray(ising(start, k, sweeps, rng=Generator(SFC64(seed))).x)

    def sixteen_bits(seed: int) -> None:
        rng, most = Generator(SFC64(seed)), np.iinfo(np.uint64).max
        for _ in range(2 * sweeps):
            rng.integers(0, most, start.size // 8, np.uint64, endpoint=True)

    def uniforms(seed: int) -> None:
        rng, u = Generator(SFC64(seed)), np.empty(start.shape, np.float32)
        for _ in range(sweeps):
            rng.random(out=u, dtype=np.float32)

    def textbook(seed: int) -> Array:
        s, rng = start.copy(), Generator(SFC64(seed))
        for _ in range(sweeps):
            for colour in (0, 1):
                around = sum(np.roll(s, by, axis) for by in (-1, 1) for axis in (1, 2))
                accept = rng.random(s.shape) < np.exp(-2 * k * (s * around))
                s = np.where(accept & (board == colour), -s, s)
        return s

    def check(s: Array) -> str:
        u = ising_energy(s) / size**2
        z = float((u.mean() - kaufman_energy(k, size)) / (u.std(ddof=1) / np.sqrt(chains)))
        return require(abs(z) < 4.5, f"energy {u.mean():.4f}, {z:+.1f} se from Kaufman's")

    def jax_by_hand() -> Candidate:
        run = peers.jax_ising(start, board, k, sweeps)
        return Candidate("JAX by hand", run, check, compiles=True)

    def numba_scan() -> Candidate:
        return Candidate("numba, scan", peers.numba_ising(start, k, sweeps), check, compiles=True)

    own = [
        Candidate("scorekit", ours, check),
        Candidate("its 16-bit uniforms", sixteen_bits),
        Candidate("float32 uniforms", uniforms),
        Candidate("textbook", textbook, check),
    ]
    candidates, skipped = with_peers(own, jax_by_hand, numba_scan)
    targets: list[Any] = [
        Target("scorekit", "its 16-bit uniforms", 1.7),
        Target("scorekit", "float32 uniforms", 1.0),
    ]
    title = f"Ising, {size}² torus, {chains} chains × {sweeps} Metropolis sweeps, K = {k}"
    return Row("h", title, candidates, targets, sweeps, "ms a sweep", skipped=skipped)
