r"""What is exact about annealing one normal density into another.

For :math:`N(0,v_0I)` and :math:`N(0,v_1I)` every :math:`p_\beta` on the way is normal, with
precision :math:`a_\beta=(1-\beta)/v_0+\beta/v_1`, and coordinates are independent: for d of them
take each logarithm d times.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from . import _inputs
from .partition import step_sizes, temperatures


def expected_ula_weight(
    betas: ArrayLike, step: ArrayLike, v0: float, v1: float, power: int = 1
) -> float:
    r"""Exact :math:`\log\mathbb E\,w^m` for one coordinate of :math:`N(0,v_0)\to N(0,v_1)` by ULA.

    ULA's steps and the weights are Gaussian, so the expectation is a recursion from the last
    weight to the first. For m = 1 one step for all and many temperatures it tends to
    :math:`\tfrac12\log\frac{1-\eta/2v_1}{1-\eta/2v_0}`, and not to 0: the densities are normalised.

    Parameters
    ----------
    betas : array
    step : float or array
        As for :func:`scorekit.partition.ais`, with one move at each inner temperature.
    v0, v1 : float
        Variances.
    power : int
        m. For m = 2 the value may be infinite.
    """
    b = temperatures(betas)
    eta = step_sizes(step, b)
    a0, a1 = 1 / _inputs.positive(v0, "v0"), 1 / _inputs.positive(v1, "v1")
    m = _inputs.count(power, "power")
    q, log_c = 0.0, 0.5 * m * math.log(a1 / a0)  # E[…| x] = exp(log_c - q x²/2)
    for k in range(len(b) - 2, -1, -1):  # nobody moves at β = 1
        q += m * (b[k + 1] - b[k]) * (a1 - a0)
        pull, noise = (
            (1 - eta[k] * ((1 - b[k]) * a0 + b[k] * a1), 2 * eta[k]) if k else (0.0, 1 / a0)
        )
        if 1 + q * noise <= 0:
            return math.inf
        log_c -= 0.5 * math.log(1 + q * noise)
        q *= pull**2 / (1 + q * noise)
    return log_c


def perfect_ess(betas: ArrayLike, v0: float, v1: float, dim: int = 1) -> float:
    r"""Exact :math:`(\mathbb E\,w)^2/\mathbb E\,w^2` if every move drew afresh from p_β.

    .. math:: \prod_k\left[\frac{(a_k+2h_k)\,a_k}{(a_k+h_k)^2}\right]^{d/2},\qquad
              h_k=(\beta_{k+1}-\beta_k)(a_1-a_0)

    The share of effective draws in a large sample; real moves give less. 0 where
    :math:`\mathbb E\,w^2` is infinite.
    """
    b, dim = temperatures(betas), _inputs.count(dim, "dim")
    a0, a1 = 1 / _inputs.positive(v0, "v0"), 1 / _inputs.positive(v1, "v1")
    a, h = a0 + b[:-1] * (a1 - a0), np.diff(b) * (a1 - a0)
    if (a + 2 * h <= 0).any():
        return 0.0
    return float(np.exp(dim / 2 * np.sum(np.log(a + 2 * h) + np.log(a) - 2 * np.log(a + h))))
