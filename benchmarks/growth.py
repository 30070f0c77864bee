"""Rows (s): how the cost grows with chains, dimension and steps. Linear is as good as it gets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import SFC64, Generator

from scorekit.densities import GaussianMixture
from scorekit.gaussian_fields import GaussianField, field_langevin
from scorekit.ising import ising
from scorekit.langevin import mala, ula
from scorekit.partition import ais

from .harness import Candidate, Row, Target

Run = Callable[[int], object]
# Ten times as many may cost this much more each: an exponent of 1 + log10(1.6) = 1.2.
BOUND = 1.6


def growth(what: str, small: float = 1.0) -> Row:
    """(s) The cost of one number, when there are ten times as many of them, one way or another."""
    make, base, larger, number = KINDS[what]
    base = tuple(max(2, int(b * small)) for b in base)
    larger = {name: tuple(max(2, int(b * small)) for b in sizes) for name, sizes in larger.items()}

    def candidate(name: str, sizes: tuple[int, ...]) -> Candidate:
        count = float(np.prod(sizes, dtype=float))
        words = f"{name}: {' × '.join(map(str, sizes))}"
        return Candidate(words, make(*sizes), worth=lambda _: count)

    candidates = [candidate("base", base), *(candidate(k, v) for k, v in larger.items())]
    targets = [Target(c.name, candidates[0].name, BOUND) for c in candidates[1:]]
    return Row(f"s-{what}", f"growth of {number}", candidates, targets, 1, "ns a number", 1e9)


def _ula(n: int, d: int, steps: int) -> Run:
    x = np.zeros((n, d), np.float32)
    return lambda seed: ula(np.negative, x, 0.1, steps, rng=Generator(SFC64(seed)))


def _mala(n: int, d: int, steps: int) -> Run:
    x = np.zeros((n, d), np.float32)

    def run(seed: int) -> object:
        rng = Generator(SFC64(seed))
        return mala(lambda x: both(x)[0], np.negative, x, 0.1, steps, rng=rng, both=both)

    def both(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -np.einsum("ij,ij->i", x, x) / 2, -x

    return run


def _ais(n: int, d: int, steps: int) -> Run:
    p0, p1 = (GaussianMixture(np.ones(1), np.zeros((1, d)), np.array([v])) for v in (1.0, 0.5))
    x = p0.sample(n, rng=np.random.default_rng(0)).astype(np.float32)
    betas = np.linspace(0, 1, steps + 1)
    return lambda seed: ais(p0, p1, x, betas, 0.1, rng=Generator(SFC64(seed)))


def _ising(n: int, sites: int, steps: int) -> Run:
    side = 2 * round(np.sqrt(sites) / 2)
    s = np.ones((n, side, side), np.int8)
    return lambda seed: ising(s, 0.3, steps, rng=Generator(SFC64(seed)))


def _field(n: int, cells: int, steps: int) -> Run:
    side = 2 * round(np.sqrt(cells) / 2)
    k2 = np.add.outer(np.fft.fftfreq(side) ** 2, np.fft.fftfreq(side) ** 2)
    p, x = GaussianField(1 / (0.01 + k2)), np.zeros((n, side, side), np.float32)
    return lambda seed: field_langevin(
        p, x, 0.3, steps, rng=Generator(SFC64(seed)), precond=p.power
    )


Kind = tuple[Callable[..., Run], tuple[int, ...], dict[str, tuple[int, ...]], str]
KINDS: dict[str, Kind] = {
    "ula": (
        _ula,
        (2000, 20, 50),
        {"chains": (20_000, 20, 50), "dimension": (2000, 200, 50), "steps": (2000, 20, 500)},
        "ULA on a normal density, chains × dimension × steps",
    ),
    "mala": (
        _mala,
        (2000, 20, 50),
        {"chains": (20_000, 20, 50), "dimension": (2000, 200, 50), "steps": (2000, 20, 500)},
        "MALA on a normal density, chains × dimension × steps",
    ),
    "ais": (
        _ais,
        (1000, 20, 50),
        {"walkers": (10_000, 20, 50), "dimension": (1000, 200, 50), "steps": (1000, 20, 500)},
        "AIS between normals, walkers × dimension × temperatures",
    ),
    "ising": (
        _ising,
        (64, 32 * 32, 20),
        {"tori": (640, 32 * 32, 20), "sites": (64, 102 * 102, 20), "sweeps": (64, 32 * 32, 200)},
        "Metropolis on Ising tori, tori × sites × sweeps",
    ),
    "fields": (
        _field,
        (4, 80 * 80, 20),
        {"fields": (40, 80 * 80, 20), "cells": (4, 256 * 256, 20), "steps": (4, 80 * 80, 200)},
        "preconditioned Langevin on fields, fields × cells × steps",
    ),
}
