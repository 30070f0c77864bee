r"""Pairwise energies of ±1 variables: learned from data, sampled, and used to restore.

.. math:: E(s) = -\sum_i h_i s_i - \tfrac12\sum_{ij} J_{ij}s_is_j,\qquad J = J^\top,\ J_{ii}=0.

The Ising model is one of them; here h and J come from data, by pseudo-likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from . import _inputs
from .chains import Trace

Numbers = NDArray[np.float64]
Spins = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Pairwise:
    """Fields h ``(d,)``, or ``(n, d)`` for a batch, one row each, and couplings J ``(d, d)``."""

    fields: Numbers
    couplings: Numbers

    def energy(self, spins: ArrayLike) -> Numbers:
        """E of each row of ``(n, d)``."""
        s = _inputs.spins(spins, ("n", len(self.couplings))).astype(float)
        return np.asarray(-(self.fields * s).sum(1) - ((s @ self.couplings) * s).sum(1) / 2)

    def given(self, noisy: ArrayLike, flipped: float) -> Pairwise:
        r"""The posterior's energy where each y is s with a share ``flipped`` of signs turned.

        :math:`\log p(y\mid s)=\theta\,y\cdot s` + const, θ = ½ log((1-ρ)/ρ): a field for each row.
        """
        y = _inputs.spins(noisy, ("n", len(self.couplings)), "noisy")
        if not 0 < _inputs.positive(flipped, "flipped") < 1:
            raise ValueError(f"flipped must lie between 0 and 1, got {flipped!r}")
        return Pairwise(self.fields + np.log((1 - flipped) / flipped) / 2 * y, self.couplings)


def fit_pairwise(spins: ArrayLike, ridge: float = 1e-2) -> Pairwise:
    r"""Fields and couplings by maximum pseudo-likelihood (Besag 1975, *The Statistician* 24, 179).

    Minimises :math:`-\frac1n\sum_k\sum_i\log p(s_i\mid s_{\setminus i})
    +\frac\lambda2(|h|^2+|J|^2)`, each pair once: logistic regressions of every
    site on the others, with J symmetric. No partition
    function appears. The penalty keeps a site that never changes from an infinite field.

    Parameters
    ----------
    spins : array, shape (n, d)
    ridge : float
        λ > 0.

    Returns
    -------
    Pairwise
    """
    s = _inputs.spins(spins, ("n", "d")).astype(float)
    weight, (n, d) = _inputs.positive(ridge, "ridge"), s.shape
    pairs = np.triu_indices(d, 1)

    def unpack(theta: Numbers) -> tuple[Numbers, Numbers]:
        j = np.zeros((d, d))
        j[pairs] = theta[d:]
        return theta[:d], j + j.T

    def loss(theta: Numbers) -> tuple[float, Numbers]:
        h, j = unpack(theta)
        margin = 2 * s * (h + s @ j)  # log-odds of s_i given the rest
        pull = -2 * s * np.exp(-np.logaddexp(0, margin)) / n
        grad = pull.T @ s
        value = np.logaddexp(0, -margin).sum() / n + weight / 2 * theta @ theta
        slope = np.concatenate([pull.sum(0), (grad + grad.T)[pairs]])
        return float(value), slope + weight * theta

    start = np.zeros(d + len(pairs[0]))
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    return Pairwise(*unpack(found.x))


def pairwise_sweeps(
    model: Pairwise,
    spins: ArrayLike,
    sweeps: int,
    *,
    rng: np.random.Generator,
    keep_every: int = 0,
) -> Trace:
    """Metropolis sweeps: every chain tries to flip site 0, then site 1, and so on.

    Draws one uniform a chain for each site. π stays; detailed balance does not hold over a sweep.
    """
    s, kept = _inputs.spins(spins, ("n", len(model.couplings))), []
    sweeps, keep_every = (
        _inputs.count(sweeps, "sweeps", 0),
        _inputs.count(keep_every, "keep_every", 0),
    )
    _inputs.generator(rng)
    x = s.astype(float).T.copy()  # (d, n): a site's chains lie side by side
    fields = np.broadcast_to(model.fields, s.shape).T.copy()
    accepted = np.zeros(len(s))
    for sweep in range(1, sweeps + 1):
        for i in range(len(x)):
            rise = 2 * x[i] * (fields[i] + model.couplings[i] @ x)
            flips = rng.random(len(s)) < np.exp(-np.maximum(rise, 0))
            x[i] = np.where(flips, -x[i], x[i])
            accepted += flips
        if keep_every and sweep % keep_every == 0:
            kept.append(x.T.astype(np.int8))
    last: Any = np.ascontiguousarray(x.T, np.int8)
    states: Any = np.stack(kept) if kept else np.empty((0, *s.shape), np.int8)
    return Trace(last, states, accepted / max(sweeps * len(x), 1), sweeps)


def iterated_modes(model: Pairwise, spins: ArrayLike, sweeps: int = 100) -> Spins:
    """Iterated conditional modes: set each site to its likelier value until nothing changes.

    Zero temperature: a local minimum of E (Besag 1986, *J. R. Stat. Soc. B* 48, 259–302).
    """
    x = _inputs.spins(spins, ("n", len(model.couplings))).astype(float).T.copy()
    fields = np.broadcast_to(model.fields, x.T.shape).T
    for _ in range(_inputs.count(sweeps, "sweeps")):
        before = x.copy()
        for i in range(len(x)):
            x[i] = np.where(fields[i] + model.couplings[i] @ x >= 0, 1, -1)
        if (x == before).all():
            break
    return x.T.astype(np.int8)
