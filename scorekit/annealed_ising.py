r"""The Ising model's partition function, by annealing from the uniform law.

:math:`Z(K)=\sum_se^{-KE(s)}` with the coupling K = β J; :math:`Z(0)=2^{mn}`. Moves are Metropolis
sweeps: a lattice has no score. ``scorekit.ising_exact`` has the exact answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from . import _inputs
from .diagnostics import Estimate
from .ising import LATTICES, Spins, ising, ising_energy
from .partition import Floats, one_way
from .weights import influence_estimate, log_mean_weight, relative_weights, weighted_mean


@dataclass(frozen=True, eq=False)
class AnnealedIsing:
    """All on the way: ``couplings`` (K + 1,); ``log_weights``, ``energies`` (K + 1, n); ``x``."""

    couplings: Floats
    log_weights: Floats
    energies: Floats
    x: Spins


def ising_ais(
    x: ArrayLike, couplings: ArrayLike, *, rng: np.random.Generator, sweeps: int = 1
) -> AnnealedIsing:
    r"""Annealed importance sampling of the Ising model, with Metropolis sweeps.

    One run gives the ratio of :math:`Z(K_k)` to :math:`Z(K_0)` at *all* its couplings: the mean of
    ``exp(log_weights[k])``, and ``energies[k]`` with these weights are draws at K_k.

    Parameters
    ----------
    x : array, shape (n, side, side)
        *Exact* draws at ``couplings[0]``: at K = 0 each spin is ±1 with equal chances.
    couplings : array, shape (K + 1,)
        Not negative; increasing, or decreasing for a reverse run.
    rng : numpy.random.Generator
    sweeps : int
        Checkerboard sweeps at each coupling but the first (:func:`scorekit.ising.ising`).

    Returns
    -------
    AnnealedIsing
    """
    _inputs.generator(rng)
    spins, sweeps = _inputs.spins(x, LATTICES, "x"), _inputs.count(sweeps, "sweeps")
    k = _inputs.parameter(couplings, "couplings", 1)
    if len(k) < 2 or (k < 0).any():
        raise ValueError(
            f"couplings must be at least 2 numbers, none negative, got {_inputs.describe(k)} "
            f"with a smallest of {k.min():g}"
        )
    one_way(k, "couplings", 1 if k[-1] > k[0] else -1)
    log_w, energies = np.zeros((2, len(k), len(spins)))
    energies[0] = ising_energy(spins)
    for i in range(1, len(k)):
        log_w[i] = log_w[i - 1] - (k[i] - k[i - 1]) * energies[i - 1]
        spins = ising(spins, float(k[i]), sweeps, rng=rng).x  # type: ignore[assignment]
        energies[i] = ising_energy(spins)
    return AnnealedIsing(k, log_w, energies, spins)


def thermodynamics(
    log_weights: ArrayLike, energies: ArrayLike, coupling: float, log_states: float, sites: int = 1
) -> dict[str, Estimate]:
    r"""What :math:`\log Z(K)` and weighted draws say of a system with :math:`p\propto e^{-KE}`.

    .. math:: U=-\partial_K\log Z,\qquad C=K^2\,\partial_K^2\log Z,\qquad S=\log Z+KU

    The derivatives are those of the estimate itself, :math:`\hat Z(K')=Z_0\,\overline{w
    e^{-(K'-K)E}}`, at K' = K: the weighted mean and variance of E. Errors by the delta method.

    Parameters
    ----------
    log_weights, energies : array, shape (n,)
        One weight, relative to the uniform law, and one energy a draw.
    coupling : float
        K > 0.
    log_states : float
        Logarithm of the number of states, log Z at K = 0.
    sites : int
        All but ``log_z`` are divided by it.

    Returns
    -------
    dict
        ``log_z``, ``energy``, ``heat_capacity``, ``entropy``: Estimates.
    """
    k, sites = _inputs.positive(coupling, "coupling"), _inputs.count(sites, "sites")
    mean = weighted_mean(energies, log_weights)
    log_z = log_mean_weight(log_weights)
    w = relative_weights(log_weights)
    off = np.asarray(energies, float) - mean.value
    variance = float(np.mean(w * off**2))
    value = log_states + log_z.value
    return {
        "log_z": Estimate(value, log_z.se),
        "energy": Estimate(mean.value / sites, mean.se / sites),
        "heat_capacity": influence_estimate(
            k**2 * variance / sites, k**2 * w * (off**2 - variance) / sites
        ),
        "entropy": influence_estimate(
            (value + k * mean.value) / sites, (w - 1 + k * w * off) / sites
        ),
    }
