r"""Denoising score matching: fit a network to the noise in noisy data (Vincent 2011)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from ._fused import mean_square, part
from .networks import Array, ScoreNet, noise_levels

Sigmas = Callable[[int, np.random.Generator], NDArray[np.floating]]
Draw = Callable[..., Any]  # draw(n, rng=rng): points (n, d), or points and their extra inputs
Penalty = Callable[[Any, Array, Array], Any]
AfterStep = Callable[[dict[str, Array]], None]
WARM_UP = 0.02  # of the steps
BETA1, BETA2, TINY = 0.9, 0.99, 1e-8


class TrainingDiverged(FloatingPointError):
    """The loss became infinite, NaN, or a thousand times what it was at the start."""


@dataclass(frozen=True, eq=False)
class Fit:
    """``net``: the trained network. ``losses``, (steps,): the loss of each batch, see train."""

    net: Any
    losses: NDArray[np.float64]


def log_uniform(low: float, high: float) -> Sigmas:
    """Noise levels whose logarithm is uniform between those of ``low`` and ``high``."""
    a, b = np.log(_inputs.positive(low, "low")), np.log(_inputs.positive(high, "high"))
    if not a < b:
        raise ValueError(f"low must be below high, got {low!r} and {high!r}")
    return lambda n, rng: np.exp(rng.uniform(a, b, n))


def train(
    net: ScoreNet,
    data: ArrayLike | Draw,
    *,
    steps: int,
    rng: np.random.Generator,
    sigmas: Sigmas | tuple[float, float],
    batch: int = 256,
    learning_rate: float = 2e-3,
    average: float = 0.03,
    clip: float | None = 1.0,
    penalty: Penalty | None = None,
    l2: float = 0.0,
    after_step: AfterStep | None = None,
) -> Fit:
    r"""Train a network by denoising score matching, and return a new one.

    The loss is the mean square over batch and coordinates of what F misses. For a
    :class:`~scorekit.networks.NoiseNet` that is :math:`|\hat\varepsilon-\varepsilon|^2/d`; for a
    :class:`~scorekit.networks.ScaledNet` it is :math:`|D(y,\sigma)-x|^2/(d\,c_{out}^2)`, the
    weighting of Karras et al. (2022). Adam (0.9, 0.99); the learning rate warms up over 2% of the
    steps and falls along a cosine to 1%. Each step draws the points, their σ, then the noise.

    Parameters
    ----------
    net : ScaledNet or NoiseNet
        The start; it is not changed.
    data : array, shape (n, d), or callable
        Rows are drawn with replacement. A callable ``data(n, rng=rng)`` draws anew, such as a
        density's ``sample``; it may return ``(points, extra)``.
    steps : int
    rng : numpy.random.Generator
    sigmas : callable (n, rng) to (n,), or (low, high)
        Draws the noise levels; a pair means log-uniform between the two.
    batch : int
    learning_rate : float
        The highest one.
    average : float
        The network returned has running means of the weights, over about this share of the steps
        so far. 0 returns the last weights.
    clip : float or None
        The largest length of the gradient; longer ones are shortened to it.
    penalty : callable (net, noisy points, sigma) to a number, optional
        Added to the loss; autograd differentiates it with respect to the weights ``net.params``.
    l2 : float
        λ of a penalty :math:`\lambda|\theta|^2` added to the loss, over all weights and biases. The
        loss is a mean over coordinates: a linear map in d dimensions is shrunk as by dλ in a sum.
        Its gradient passes through Adam, so the minimum is that of loss plus penalty; the
        decoupled decay of AdamW (Loshchilov & Hutter 2019) minimises something else.
    after_step : callable (weights) to None, optional
        Called after each step with the weights, a dict like ``net.params``, to change them in
        place: a projection onto the allowed ones. If these form a convex set, the running means,
        taken afterwards, are in it too.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError, TypeError
        For an argument that cannot be used; it is named.
    TrainingDiverged
        The message says at which step.
    """
    rng, steps = _inputs.generator(rng), _inputs.count(steps, "steps")
    draw = _draw_from(net, data, _inputs.count(batch, "batch"))
    levels = sigmas if callable(sigmas) else log_uniform(*sigmas)
    rate = _inputs.positive(learning_rate, "learning_rate")
    if not 0 <= average < 1:
        raise ValueError(f"average must be at least 0 and below 1, got {average!r}")
    limit = np.inf if clip is None else _inputs.positive(clip, "clip")
    if not 0 <= l2 < np.inf:
        raise ValueError(f"l2 must be finite and at least 0, got {l2!r}")

    def loss(flat: Any, x: Array, sigma: Array, z: Array, extra: Array | None) -> Any:
        now = replace(net, params={key: part(flat, *place) for key, *place in places})
        total = mean_square(now.residual(x, sigma, z, extra))
        if l2:
            total = total + l2 * anp.dot(flat, flat)
        return total if penalty is None else total + penalty(now, x + sigma[:, None] * z, sigma)

    # One long vector: autograd's own handling of a dict takes longer than a small network.
    ends = np.cumsum([p.size for p in net.params.values()]).tolist()
    places = [
        (k, e - p.size, e, p.shape) for (k, p), e in zip(net.params.items(), ends, strict=True)
    ]
    adam = _Adam(np.concatenate([p.ravel() for p in net.params.values()]))
    gradient = value_and_grad(loss)
    losses = np.empty(steps)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for k in range(steps):
            x, extra = draw(rng)
            sigma = noise_levels(levels(len(x), rng), len(x)).astype(net.dtype)
            z = rng.standard_normal(x.shape, net.dtype)
            losses[k], g = gradient(adam.weights, x, sigma, z, extra)
            _watch(losses, k, rate)
            warm = min(1.0, (k + 1) / max(1.0, WARM_UP * steps))
            cosine = 0.505 + 0.495 * np.cos(np.pi * k / steps)
            adam.step(g, float(rate * warm * cosine), limit)
            if after_step is not None:
                after_step({key: part(adam.weights, *place) for key, *place in places})
            adam.average(1 / (1 + average * k) if average else 1.0)
    params = {key: part(adam.mean, *place) for key, *place in places}
    return Fit(replace(net, params=params), losses)


class _Adam:
    """Kingma & Ba (2015), in place, and the running mean of the weights."""

    def __init__(self, weights: Array) -> None:
        self.weights, self.mean = weights, weights.copy()
        self.first, self.second = np.zeros_like(weights), np.zeros_like(weights)
        self.count = 0

    def step(self, g: Array, rate: float, limit: float) -> None:
        self.count += 1
        length = float(np.sqrt(np.dot(g, g)))
        if length > limit:
            g *= limit / length
        self.first += (1 - BETA1) * (g - self.first)
        g *= g
        g -= self.second
        g *= 1 - BETA2
        self.second += g
        np.multiply(self.second, 1 / (1 - BETA2**self.count), out=g)
        np.sqrt(g, out=g)
        g += TINY
        np.divide(self.first, g, out=g)
        g *= rate / (1 - BETA1**self.count)
        self.weights -= g

    def average(self, share: float) -> None:
        self.mean += share * (self.weights - self.mean)


def _draw_from(
    net: ScoreNet, data: ArrayLike | Draw, batch: int
) -> Callable[[np.random.Generator], tuple[Array, Array | None]]:
    if not callable(data):
        rows = _inputs.points(data, net.dim, "data").astype(net.dtype, copy=False)
        return lambda rng: (rows[rng.integers(len(rows), size=batch)], None)

    def draw(rng: np.random.Generator) -> tuple[Array, Array | None]:
        drawn = data(batch, rng=rng)
        x, extra = drawn if isinstance(drawn, tuple) else (drawn, None)
        x = _inputs.points(x, net.dim, "data").astype(net.dtype, copy=False)
        if extra is not None:
            extra = np.asarray(extra, net.dtype)
            if extra.shape != (len(x), net.extra):
                raise ValueError(
                    f"the extra inputs that data draws must have shape {(len(x), net.extra)}, "
                    f"got {extra.shape}"
                )
        return x, extra

    return draw


def _watch(losses: NDArray[np.float64], k: int, rate: float) -> None:
    if not losses[k] <= 1e3 * max(1.0, losses[0]):
        raise TrainingDiverged(
            f"the loss is {losses[k]:.3g} at step number {k + 1}, it was {losses[0]:.3g} at the "
            f"first: learning_rate={rate:g} is too high, or the penalty too steep"
        )
