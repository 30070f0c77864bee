r"""Bayesian evidence :math:`Z=\int p(D\mid\theta)\,p(\theta)\,d\theta`: models whose Z is known.

Linear regression has it in closed form. Logistic regression has not: ``tools/make_evidence.py``
stored what nested sampling finds, and a grid gives it for two or three coefficients.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_expit, logsumexp

from . import _inputs, data
from .partition import Unnormalised

Floats = NDArray[np.float64]
PRIOR_SD = 2.0  # of each coefficient of the models of tumours, features of mean 0 and variance 1
ROWS = 120  # tumours used: with all 569 no two models would be close


def linear_evidence(a: ArrayLike, y: ArrayLike, prior_sd: float, noise_sd: float) -> float:
    r"""Exact :math:`\log p(y)` of y = A θ + noise, θ ~ N(0, σ₀² I), noise ~ N(0, τ² I).

    It is normal, :math:`y\sim N(0,\ \tau^2I+\sigma_0^2AA^\top)`.

    Parameters
    ----------
    a : array, shape (n, d)
    y : array, shape (n,)
    prior_sd, noise_sd : float
        σ₀ and τ, positive.
    """
    a, y = _table(a, y)
    cov = _inputs.positive(noise_sd, "noise_sd") ** 2 * np.eye(len(y))
    lower = np.linalg.cholesky(cov + _inputs.positive(prior_sd, "prior_sd") ** 2 * a @ a.T)
    white = np.linalg.solve(lower, y)
    return float(
        -(white @ white) / 2 - np.log(np.diag(lower)).sum() - len(y) * math.log(2 * math.pi) / 2
    )


def linear_pair(
    a: ArrayLike, y: ArrayLike, prior_sd: float, noise_sd: float
) -> tuple[Unnormalised, Unnormalised]:
    """Prior, normalised, and prior × likelihood of linear regression: the ends of a run."""
    a, y = _table(a, y)
    tau = _inputs.positive(noise_sd, "noise_sd")
    constant = -len(y) * math.log(2 * math.pi * tau**2) / 2

    def log_likelihood(theta: Any) -> Any:
        return constant - ((theta @ a.T - y) ** 2).sum(1) / (2 * tau**2)

    return _pair(prior_sd, log_likelihood, lambda theta: (y - theta @ a.T) @ a / tau**2)


def logistic_pair(
    a: ArrayLike, labels: ArrayLike, prior_sd: float = PRIOR_SD
) -> tuple[Unnormalised, Unnormalised]:
    r"""The same for labels 0 and 1 with :math:`P(1)=1/(1+e^{-a\cdot\theta})`."""
    a, labels = _table(a, labels, "labels")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels must be 0 or 1, got {np.unique(labels)[:4]}")
    signed = (2 * labels - 1)[:, None] * a

    def score(theta: Any) -> Any:
        return expit(-(theta @ signed.T)) @ signed

    return _pair(prior_sd, lambda theta: log_expit(theta @ signed.T).sum(1), score)


def tumours(features: Sequence[int]) -> tuple[Floats, Floats]:
    """A column of ones and some features of ``ROWS`` tumours, and whether they were benign.

    Parameters
    ----------
    features : sequence of int
        Columns of :func:`scorekit.data.breast_cancer`: 0 mean radius, 1 texture, 4 smoothness.
    """
    x, labels, _ = data.breast_cancer()
    rows = np.linspace(0, len(x) - 1, ROWS).astype(int)
    z = (x - x.mean(0)) / x.std(0)
    return np.column_stack([np.ones(ROWS), z[rows][:, list(features)]]), labels[rows]


def grid_evidence(target: Unnormalised, middle: ArrayLike, half: float, nodes: int) -> float:
    r"""log of the sum of :math:`e^{\log f}` over a cubic grid: d nodes deep, for d ≤ 3.

    The trapezoidal rule, whose error falls faster than any power of the spacing for a smooth f
    that has died out at the edges.
    """
    m = _inputs.parameter(middle, "middle", 1)
    if len(m) > 3:
        raise ValueError(f"middle must have at most 3 coordinates, got {len(m)}")
    line, spacing = np.linspace(
        -_inputs.positive(half, "half"), half, _inputs.count(nodes, "nodes", 2), retstep=True
    )
    slabs = (
        target.log_prob(m + np.column_stack([np.full(nodes ** (len(m) - 1), first), rest]))
        for rest in [np.array(list(itertools.product(line, repeat=len(m) - 1)))]
        for first in line
    )
    return float(logsumexp([logsumexp(s) for s in slabs]) + len(m) * math.log(float(spacing)))


def nested_evidence() -> dict[str, NDArray[Any]]:
    """What nested sampling says of logistic regressions on :func:`tumours`.

    Returns
    -------
    dict
        ``features``, (m, 3): columns, -1 for none; ``log_z``, ``se``, (m,); ``about``.
    """
    return data.read("evidence.npz")


def _table(a: ArrayLike, y: ArrayLike, name: str = "y") -> tuple[Floats, Floats]:
    table, values = _inputs.parameter(a, "a", 2), _inputs.parameter(y, name, 1)
    if len(table) != len(values):
        raise ValueError(f"{name} must have shape {(len(table),)} to go with a, got {values.shape}")
    return table, values


def _pair(prior_sd: float, log_likelihood: Any, pull: Any) -> tuple[Unnormalised, Unnormalised]:
    v = _inputs.positive(prior_sd, "prior_sd") ** 2

    def log_prior(theta: Any) -> Any:
        d = theta.shape[1]
        return -(theta**2).sum(1) / (2 * v) - d * math.log(2 * math.pi * v) / 2

    prior = Unnormalised(log_prior, lambda theta: -theta / v)
    return prior, Unnormalised(
        lambda theta: log_prior(theta) + log_likelihood(theta),
        lambda theta: pull(theta) - theta / v,
    )
