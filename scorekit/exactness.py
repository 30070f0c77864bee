r"""Posterior samplers on problems whose posterior is known: likelihood by likelihood, sampler by
sampler, by sliced Wasserstein distance.

The prior is a mixture of round hills and the measurement linear, so the posterior is a mixture in
closed form (:func:`scorekit.conditioning.condition`) and can be drawn from exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from . import _inputs
from .chains import Array
from .conditioning import condition, exact_likelihood
from .denoising import NoisyScore, add, at, noisy_score
from .densities import GaussianMixture
from .diagnostics import Estimate
from .diffusion import geometric_sigmas, predictor_corrector, probability_flow
from .distances import sliced_wasserstein
from .inverse import dps_score, likelihood_score, pigdm_score
from .langevin import ula
from .operators import apply, radon
from .pullbacks import ExactPrior

HILLS, SPREAD, VARIANCES = 4, 1.2, (0.1, 0.4)  # of the prior
HIGH, LOW = 4.0, 0.03  # noise levels
LIKELIHOODS = ("plain", "DPS", "ΠGDM, r² = σ²/(1+σ²)", "ΠGDM, C", "exact")
SAMPLERS = ("Langevin", "reverse SDE", "ODE")


@dataclass(frozen=True, eq=False)
class Problem:
    """A prior, a measurement y of one point drawn from it, and the exact posterior."""

    prior: GaussianMixture
    A: LinearOperator
    y: NDArray[np.float64]
    tau: float
    posterior: GaussianMixture
    covariance: NDArray[np.float64]


def problem(d: int, *, rng: np.random.Generator, tau: float = 0.3) -> Problem:
    """Draw a mixture in d dimensions and measure half of them, at most 10, in random directions."""
    d, m = _inputs.count(d, "d", 2), min(d // 2, 10)
    rng, tau = _inputs.generator(rng), _inputs.positive(tau, "tau")
    means = SPREAD * rng.standard_normal((HILLS, d))
    prior = GaussianMixture(np.full(HILLS, 1 / HILLS), means, rng.uniform(*VARIANCES, HILLS))
    A = radon(np.linalg.qr(rng.standard_normal((d, m)))[0].T)
    y = apply(A, prior.sample(1, rng=rng))[0] + tau * rng.standard_normal(m)
    covariance = np.cov(means.T, bias=True) + prior.covs.mean() * np.eye(d)
    return Problem(prior, A, y, tau, condition(prior, A, y, tau), covariance)


def posterior_scores(p: Problem) -> dict[str, NoisyScore]:
    """The posterior's score at noise level σ as each likelihood has it."""
    exact, denoiser, here = noisy_score(p.prior), ExactPrior(p.prior), (p.A, p.y, p.tau)
    found: tuple[NoisyScore, ...] = (
        add(exact, likelihood_score(*here)),
        dps_score(denoiser, *here).posterior,
        pigdm_score(denoiser, *here, 1.0).posterior,
        pigdm_score(denoiser, *here, p.covariance).posterior,
        add(exact, exact_likelihood(p.prior, *here)),
    )
    return dict(zip(LIKELIHOODS, found, strict=True))


def ladder(high: float, low: float, cap: float, n: int = 60) -> NDArray[np.float64]:
    """n geometric levels, and more between them so that σ² never falls by more than ``cap``.

    With cap = τ² (if A has norm 1) even the plain likelihood's slope 1/τ² is stepped over stably.
    """
    squares = geometric_sigmas(high, low, n) ** 2
    parts = [squares[:1]]
    for a, b in pairwise(squares):
        parts.append(np.linspace(a, b, int(np.ceil((a - b) / cap)) + 1)[1:])
    return np.sqrt(np.concatenate(parts))


def run(name: str, score: NoisyScore, x: Array, tau: float, *, rng: np.random.Generator) -> Array:
    """Bring x from noise level HIGH to LOW by one of SAMPLERS; the operator has norm 1.

    Langevin takes 40 steps at each of 30 levels, of 0.15 over the steepest slope that the exact and
    the plain posterior have there; the others go down :func:`ladder`.
    """
    if name == "Langevin":
        for sigma in geometric_sigmas(HIGH, LOW, 30):
            step = 0.15 / (1 / (VARIANCES[0] + sigma**2) + 1 / tau**2)
            x = ula(at(score, sigma), x, step, 40, rng=rng).x
        return x
    levels = ladder(HIGH, LOW, tau**2)
    if name == "reverse SDE":
        return predictor_corrector(score, x, levels, rng=rng, corrector_steps=0).x
    if name == "ODE":
        return probability_flow(score, x, levels).x
    raise ValueError(f"name must be one of {', '.join(SAMPLERS)}, got {name!r}")


def compare(p: Problem, n: int, *, rng: np.random.Generator) -> dict[tuple[str, str], Estimate]:
    """Sliced Wasserstein distances of n points to n exact ones, by likelihood and sampler.

    Every run starts from exact draws of the posterior at level HIGH, so that what is measured is
    the fault of the likelihood and of the sampler's steps. ``"floor", ""`` is the distance of a
    second set of exact draws.
    """
    truth = p.posterior.sample(_inputs.count(n, "n", 20), rng=rng)
    found = {("floor", ""): p.posterior.sample(n, rng=rng)}
    for name, score in posterior_scores(p).items():
        for sampler in SAMPLERS:
            start = p.posterior.blurred(HIGH).sample(n, rng=rng)
            found[name, sampler] = run(sampler, score, start, p.tau, rng=rng)
    return {key: sliced_wasserstein(x, truth, rng=rng) for key, x in found.items()}
