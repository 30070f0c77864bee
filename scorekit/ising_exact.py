r"""What is known exactly of the Ising model: :math:`\log Z` of a torus, and the infinite lattice.

The coupling is K = β J. Energies are in units of J, per spin where the name says so.
"""

from __future__ import annotations

import math
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
from scipy.special import ellipk

from . import _inputs

CRITICAL_COUPLING = math.log1p(math.sqrt(2)) / 2  # where sinh 2K = 1


def kaufman_log_z(coupling: Any, rows: int, columns: int | None = None) -> Any:
    r"""Kaufman's exact :math:`\log Z` of a torus of m rows and n columns.

    .. math::
        Z = \tfrac12 (2\sinh 2K)^{mn/2} \Big[&\prod 2\cosh\tfrac m2 g_{2r+1}
          + \prod 2\sinh\tfrac m2 g_{2r+1} \\ &+ \prod 2\cosh\tfrac m2 g_{2r}
          + \prod 2\sinh\tfrac m2 g_{2r}\Big]

    over r from 0 to n - 1, with :math:`\cosh g_l = \cosh^2 2K/\sinh 2K - \cos(\pi l/n)`, and
    :math:`g_0 = 2K + \log\tanh K` *with its sign*: the last product is negative above the critical
    temperature (Kaufman 1949, *Phys. Rev.* 76, 1232–1243). The sum is taken in logarithms, with
    the factor :math:`2\sinh y = e^y - e^{-y}` of :math:`g_0` as two terms. So it is smooth at the
    critical point, and autograd may differentiate it in K as often as one likes.

    Parameters
    ----------
    coupling : float
        K > 0.
    rows, columns : int
        At least 2; as many columns as rows unless given. A side of 2 counts its bond twice.

    Returns
    -------
    float
        :math:`\log\sum_s e^{-KE(s)}` over all :math:`2^{mn}` states.
    """
    m = _inputs.count(rows, "rows", 2)
    n = _inputs.count(rows if columns is None else columns, "columns", 2)
    k, s = coupling, anp.sinh(2 * coupling)
    # sinh²(g/2) = (cosh g - 1)/2, written so that nothing cancels near the critical point.
    sines = np.sin(np.pi * np.arange(1, 2 * n) / (2 * n)) ** 2
    y = m * anp.arcsinh(anp.sqrt((s - 1) ** 2 / (2 * s) + sines))  # m g_l / 2, l = 1 … 2n - 1
    y0 = m * (2 * k + anp.log(anp.tanh(k))) / 2
    log_cosh, log_sinh = y + anp.log1p(anp.exp(-2 * y)), y + anp.log(-anp.expm1(-2 * y))
    odd, even = slice(0, None, 2), slice(1, None, 2)
    logs = anp.array(
        [
            anp.sum(log_cosh[odd]),
            anp.sum(log_sinh[odd]),
            anp.sum(log_cosh[even]) + anp.logaddexp(y0, -y0),
            anp.sum(log_sinh[even]) + y0,
            anp.sum(log_sinh[even]) - y0,  # this one is subtracted
        ]
    )
    top = anp.max(logs)
    total = anp.sum(np.array([1, 1, 1, 1, -1]) * anp.exp(logs - top))
    return -math.log(2) + m * n / 2 * anp.log(2 * s) + top + anp.log(total)


def kaufman_energy(coupling: float, rows: int, columns: int | None = None) -> float:
    r"""Mean energy per spin on the torus, :math:`u=-\frac1{mn}\,\partial_K\log Z`."""
    k = _inputs.positive(coupling, "coupling")
    slope = autograd.grad(lambda k: kaufman_log_z(k, rows, columns))(k)
    return -float(slope) / (rows * (rows if columns is None else columns))


def kaufman_heat_capacity(coupling: float, rows: int, columns: int | None = None) -> float:
    r"""Heat capacity per spin, :math:`c = K^2\,\partial_K^2\log Z/mn`: the variance of K E."""
    k = _inputs.positive(coupling, "coupling")
    bend = autograd.grad(autograd.grad(lambda k: kaufman_log_z(k, rows, columns)))(k)
    return k**2 * float(bend) / (rows * (rows if columns is None else columns))


def onsager_energy(coupling: float) -> float:
    r"""Mean energy per spin of the infinite lattice.

    .. math::
        u = -\coth 2K\,\Big[1+\tfrac2\pi\,(2\tanh^2 2K-1)\,\mathcal K(q)\Big],
        \qquad q = \frac{2\sinh 2K}{\cosh^2 2K},

    with the complete elliptic integral of modulus q (Onsager 1944, *Phys. Rev.* 65, 117–149). At
    the critical point :math:`0\cdot\infty` is 0 and u = -√2: computed as such, not as NaN.
    """
    k = _inputs.positive(coupling, "coupling")
    coth = 1 / math.tanh(2 * k)
    rest = 2 * math.tanh(2 * k) ** 2 - 1
    m = (2 * math.sinh(2 * k) / math.cosh(2 * k) ** 2) ** 2
    if m >= 1 or rest == 0:
        return -coth
    return -coth * (1 + 2 / math.pi * rest * float(ellipk(m)))
