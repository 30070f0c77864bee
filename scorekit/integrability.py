r"""Making a learned score integrable: penalties for training, and a network that learns E itself.

A penalty is what :func:`scorekit.training.train` takes: a callable ``(net, y, sigma)`` to a number
that autograd differentiates. In the plane derivatives are exact; in more dimensions they are
probed along random directions, without bias, at a cost that does not grow with d.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import elementwise_grad, make_jvp
from autograd.tracer import getval
from numpy.typing import ArrayLike, DTypeLike

from . import _inputs
from .networks import Array, ScaledNet, init_scaled, noise_levels
from .training import Draw, Penalty, Sigmas

Target = Callable[[Array, Array], Array]


def curl_penalty(weight: float, *, rng: np.random.Generator | None = None) -> Penalty:
    r"""Penalise whirls.

    .. math:: \frac{\lambda}{d}\,E\,\sigma^4\sum_{i<j}(\partial_is_j-\partial_js_i)^2

    σ²∇s has no units, so all noise levels count alike. For d > 2 the sum is estimated as
    :math:`\tfrac12(q^\top Jp-p^\top Jq)^2` with independent random signs p and q for each point;
    its mean is the sum, because :math:`E(q^\top Cp)^2=\sum_{ij}C_{ij}^2`.

    Parameters
    ----------
    weight : float
        λ > 0.
    rng : numpy.random.Generator
        Draws p and q; needed for d > 2 only.

    Returns
    -------
    callable (net, y, sigma) to a number

    Raises
    ------
    ValueError, TypeError
        If ``weight`` is not positive, or ``rng`` is missing where it is needed.
    """
    weight = _inputs.positive(weight, "weight")

    def penalty(net: Any, y: Array, sigma: Array) -> Any:
        p, q = _directions(y, rng)
        turn = sigma**2 * anp.sum(_along(net, y, sigma, (p, q), (q, -p)), 0)
        share = weight / net.dim if net.dim == 2 else weight / (2 * net.dim)
        return share * _mean(turn * turn)

    return penalty


def divergence_penalty(
    weight: float, target: Target, *, rng: np.random.Generator | None = None
) -> Penalty:
    r"""Penalise a divergence off its target t.

    .. math:: \frac{\lambda}{d}\,E\,\sigma^4(\nabla\cdot s-t)^2

    For d > 2 the square is the product of two independent estimates :math:`z^\top Jz-t`; the
    square of one of them would also punish its own variance, and so the Jacobian itself.

    Parameters
    ----------
    weight : float
        λ > 0.
    target : callable, (y, sigma) to (n,)
        :math:`\Delta\log p_\sigma(y)`, where it is known; ``sigma`` has shape (n,).
    rng : numpy.random.Generator
        Draws the probes; needed for d > 2 only.

    Raises
    ------
    ValueError, TypeError
        As :func:`curl_penalty`, and, when called, if the target is not finite or not (n,).
    """
    weight = _inputs.positive(weight, "weight")

    def penalty(net: Any, y: Array, sigma: Array) -> Any:
        t = np.asarray(target(y, sigma), y.dtype)
        if t.shape != (len(y),):
            raise ValueError(f"target must return shape {(len(y),)}, got {t.shape}")
        _inputs.finite(t, "target(y, sigma)")
        return weight / net.dim * _mean(_squared_miss(net, y, sigma, sigma**2 * t, rng))

    return penalty


def tweedie_penalty(
    weight: float, draw: Draw, sigmas: Sigmas, *, rng: np.random.Generator, batch: int = 256
) -> Penalty:
    r"""Penalise a divergence off what noisy data say, by Tweedie's formula of second order.

    .. math:: \nabla^2\log p_\sigma(y)
        &=\frac{1}{\sigma^2}\Big(\frac{\mathrm{Cov}(x\mid y)}{\sigma^2}-I\Big) \\
        \sigma^2\Delta\log p_\sigma(y)&=E\big[|\varepsilon-\hat\varepsilon|^2\mid y\big]-d

    with :math:`\hat\varepsilon=E[\varepsilon\mid y]`. Each call draws new points x, noise levels
    and ε, and asks that σ²∇·s(x + σε) predict the square of ε + σs, less d, with s held fixed: for
    the exact score, the best prediction is the exact one (Meng et al. 2021, *NeurIPS* 34; Lu et
    al. 2022, *ICML*). The noisy points that training hands to the penalty are not used: their ε is
    not known any more.

    Parameters
    ----------
    weight : float
    draw : callable (n, rng=rng) to (n, d)
        Clean data, such as a density's ``sample``.
    sigmas : callable (n, rng) to (n,)
    rng : numpy.random.Generator
    batch : int
    """
    weight, batch = _inputs.positive(weight, "weight"), _inputs.count(batch, "batch")
    _inputs.generator(rng)

    def penalty(net: Any, _: Array, __: Array) -> Any:
        x = _inputs.points(draw(batch, rng=rng), net.dim, "data").astype(net.dtype, copy=False)
        sigma = noise_levels(sigmas(batch, rng), batch).astype(net.dtype)
        eps = rng.standard_normal(x.shape, net.dtype)
        y = x + sigma[:, None] * eps
        still = replace(net, params={key: getval(p) for key, p in net.params.items()})
        left = eps + sigma[:, None] * still(y, sigma)
        target = (left**2).sum(1) - net.dim
        return weight / net.dim * _mean(_squared_miss(net, y, sigma, target, rng))

    return penalty


@dataclass(frozen=True, eq=False)
class EnergyNet(ScaledNet):
    r"""A network for the landscape; its arrows are its gradient, so their curl is 0 at any weights.

    .. math:: \log p_\sigma(y) = \frac{s}{\sigma}\,\Phi\big(c_{in}(y-m),\,\log\sigma\big)
        -\frac{|y-m|^2}{2(\sigma^2+s^2)}+\text{const}

    Φ is the chain of blocks of :class:`~scorekit.networks.ScaledNet` with one output, m and s the
    data's mean and spread; with weights of 0 it is the log-density of a Gaussian. Training
    differentiates twice, which takes about three times as long (Salimans & Ho 2021, *Should EBMs
    model the energy or the score?*). Make one with :func:`init_energy`.
    """

    def _out(self, shifted: Any, sigma: Array, extra: Any) -> Any:
        total = np.sqrt(sigma**2 + self.sd**2)
        return total * elementwise_grad(self._potential)(shifted, sigma, extra)

    def _potential(self, shifted: Any, sigma: Array, extra: Any) -> Any:
        return super()._out(shifted, sigma, extra)

    def log_prob(self, x: ArrayLike, sigma: ArrayLike) -> Array:
        """log p_σ at each point up to a constant that depends on σ alone: (n, d) to (n,)."""
        x = _inputs.points(x, self.dim)
        level = noise_levels(sigma, len(x))[:, None].astype(x.dtype)
        shifted = x - self.mean.astype(x.dtype)
        inside, column = shifted.astype(self.dtype), level.astype(self.dtype)
        height = self._potential(inside, column, None).astype(x.dtype)
        bowl = (shifted**2).sum(1, keepdims=True) / (2 * (level**2 + self.sd**2))
        return np.asarray((self.sd / level * height - bowl)[:, 0], x.dtype)


def init_energy(
    data: ArrayLike,
    *,
    rng: np.random.Generator,
    width: int = 128,
    blocks: int = 2,
    dtype: DTypeLike = np.float32,
) -> EnergyNet:
    """An :class:`EnergyNet` with random weights, and the mean and spread of ``data``, (n, d)."""
    net = init_scaled(data, rng=rng, width=width, blocks=blocks, dtype=dtype)
    params = dict(net.params)
    params["out_w"] = params["out_w"].mean(1, keepdims=True)
    params["out_b"] = params["out_b"][:1]
    return EnergyNet(params, net.mean, net.sd)


def _directions(y: Array, rng: np.random.Generator | None) -> tuple[Array, Array]:
    # In the plane the two axes tell all; elsewhere random signs, anew for each point.
    if y.shape[1] == 2:
        first = np.zeros_like(y)
        first[:, 0] = 1
        return first, 1 - first
    if rng is None:
        raise ValueError(f"rng must be given for points of {y.shape[1]} > 2 dimensions, got None")
    p, q = 2 * _inputs.generator(rng).integers(0, 2, (2, *y.shape)).astype(y.dtype) - 1
    return p, q


def _along(net: Any, y: Array, sigma: Array, p: tuple[Array, Array], q: tuple[Array, Array]) -> Any:
    # q·Jp for two pairs, (2, n), in one pass: it is the number of autograd's calls that takes time.
    twice, levels = np.concatenate([y, y]), np.concatenate([sigma, sigma])
    tangent = make_jvp(lambda x: net(x, levels))(twice)(np.concatenate(p))[1]
    return anp.reshape(anp.sum(np.concatenate(q) * tangent, 1), (2, len(y)))


def _squared_miss(
    net: Any, y: Array, sigma: Array, target: Array, rng: np.random.Generator | None
) -> Any:
    """(σ²∇·s − target)² at each point, or an unbiased estimate of it."""
    pair = _directions(y, rng)
    found = sigma**2 * _along(net, y, sigma, pair, pair)
    if net.dim == 2:
        return (anp.sum(found, 0) - target) ** 2
    return (found[0] - target) * (found[1] - target)


def _mean(x: Any) -> Any:
    return anp.sum(x) / len(x)  # anp.mean's derivative goes through float64
