r"""Gaussian random fields on a periodic grid: density, score, draws, Langevin.

The conventions, once. A field x has N cells on a grid ``shape``; X is its unnormalised DFT, as
``numpy.fft.fftn`` has it. The *power* P, an array of that shape in the order of ``fftn``, is

.. math:: P_k = \mathbb E|X_k|^2/N ,

the eigenvalue of the covariance that belongs to the waves of wavenumber k: white noise of variance
v has P = v everywhere. In a box of volume V a cosmologist's spectrum is :math:`P\,V/N`. A real
field has :math:`X_{-k}=\bar X_k`, so P must be even.

``P[0] = 0`` pins the mean of the field at 0: it is a number, not a random one, and the density is
one of the other N - 1 dimensions. No other power may vanish: its mode would have no score.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from ._fourier import even, filtered, half_plane, pairs, sum_of_filtered
from .chains import Array, Field, Noise, Trace, arguments, blocks, score_at, watch

__all__ = ["GaussianField", "field_langevin"]


@dataclass(frozen=True, eq=False)
class GaussianField:
    r"""A stationary Gaussian field of mean 0 with the given power.

    .. math:: \log p(x) = -\frac12\sum_k\Big(\frac{|X_k|^2}{N P_k} + \log 2\pi P_k\Big), \qquad
              s(x) = -\mathrm{IDFT}\big(\mathrm{DFT}(x)/P\big)

    Sums run over the full plane, without k = 0 if the mean is pinned.

    Parameters
    ----------
    power : array, of the shape of one field
        Even, finite, positive; entry 0 may be 0.

    Raises
    ------
    ValueError
        If a power is negative, or zero elsewhere than at k = 0, or P is not even.
    """

    power: NDArray[np.float64]
    _half: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        power = even(self.power, "power")
        bad = power <= 0
        bad.ravel()[0] = power.ravel()[0] < 0
        if bad.any():
            where = np.unravel_index(bad.argmax(), bad.shape)
            kind = "a zero" if power[where] == 0 else "a negative"
            raise ValueError(
                "power must be positive (0 is allowed at k = 0 alone, which pins the mean), "
                f"got {kind} entry {power[where]:.3g} at index {tuple(map(int, where))}"
            )
        if power.size < 2:
            raise ValueError(f"power must have at least 2 cells, got shape {power.shape}")
        vars(self).update(power=power, _half=half_plane(power))

    @property
    def shape(self) -> tuple[int, ...]:
        """The grid of one field."""
        return self.power.shape

    @property
    def pinned(self) -> bool:
        """Whether the mean of the field is fixed at 0."""
        return bool(self.power.ravel()[0] == 0)

    def _divided(self, root: bool = False) -> NDArray[np.float64]:
        """1/P on the half plane, or its root; 0 for a pinned mean."""
        p = np.sqrt(self._half) if root else self._half
        return np.divide(1, p, out=np.zeros_like(p), where=p > 0)

    def log_prob(self, x: ArrayLike) -> Array:
        """Log p of each field, ``(n, *shape)`` to ``(n,)``; -∞ off a pinned mean (but rounding)."""
        x = self._fields(x)
        axes = tuple(range(1, x.ndim))
        square = (filtered(x, self._divided(root=True)) ** 2).sum(axes)
        p = self.power[self.power > 0]
        log_p = -(square + x.dtype.type(np.log(2 * np.pi * p).sum())) / 2
        if self.pinned:
            slack = 100 * np.finfo(x.dtype).eps * np.abs(x).max(axes)
            log_p = np.where(np.abs(x.mean(axes)) > slack, x.dtype.type(-np.inf), log_p)
        return np.asarray(log_p)

    def score(self, x: ArrayLike) -> Array:
        """∇ log p at each field, ``(n, *shape)`` in and out; a pinned mean feels no pull."""
        return filtered(self._fields(x), -self._divided())

    def whiten(self, x: ArrayLike) -> Array:
        r"""Fields with all modes divided by √P: white noise of variance 1 if x ~ p."""
        return filtered(self._fields(x), self._divided(root=True))

    def colour(self, z: ArrayLike) -> Array:
        """Fields with all modes times √P: draws of p if z is white; C^½ z in matrix words."""
        return filtered(self._fields(z, "z"), np.sqrt(self._half))

    def sample(self, n: int, *, rng: np.random.Generator) -> Array:
        """Exact draws, ``(n, *shape)``: white noise, coloured."""
        shape = (_inputs.count(n, "n"), *self.shape)
        return self.colour(_inputs.generator(rng).standard_normal(shape))

    def blurred(self, sigma: float) -> GaussianField:
        """The law of x + σz: σ² is added to every power. A pinned mean is pinned no more."""
        return GaussianField(self.power + _inputs.positive(sigma, "sigma") ** 2)

    def _fields(self, x: ArrayLike, name: str = "x") -> Array:
        x = _inputs.batch(x, name)
        if x.shape[1:] != self.shape:
            raise ValueError(
                f"{name} must be a batch of fields (n, {', '.join(map(str, self.shape))}), "
                f"got shape {x.shape}"
            )
        return x


def field_langevin(
    p: GaussianField,
    x: ArrayLike,
    step: float,
    steps: int,
    *,
    rng: np.random.Generator,
    keep_every: int = 0,
    precond: ArrayLike | None = None,
    extra: Field | None = None,
) -> Trace:
    r"""Unadjusted Langevin on fields, preconditioned mode by mode.

    With M(k) the preconditioner (1 by default) and g an extra score, such as a likelihood's,

    .. math:: x\leftarrow\mathrm{IDFT}\Big(\big(1-\tfrac{\eta M}{P}\big)X
              + \eta M\,G + \sqrt{2\eta M}\,Z\Big),

    which is :func:`scorekit.langevin.ula` with the same normals. Without g and with M = 1 or
    M = P it costs two transforms and the normals: a factor that is the same at all k needs no DFT.
    Mode k then has the stationary power :math:`P/(1-\eta M/2P)`, and η < 2 min P/M is stable.

    Parameters
    ----------
    p : GaussianField
    x : array, (n, *shape)
        The start. If the mean is pinned, that of the start is taken off.
    step, steps, rng, keep_every
        As for :func:`scorekit.langevin.ula`.
    precond : array, of the shape of one field, optional
        M: even and positive (entry 0 of a pinned mean is not used). ``p.power`` is the natural one.
    extra : callable, (n, *shape) to (n, *shape), optional

    Returns
    -------
    Trace

    Raises
    ------
    ValueError, TypeError
        For fields of another shape than the power's, or whatever else cannot be used.
    Diverged
        If a field becomes infinite or NaN.
    """
    start, eta, steps, keep_every = arguments(x, step, steps, rng, keep_every)
    x = np.array(p._fields(start), order="C")
    axes = tuple(range(1, x.ndim))
    if p.pinned:
        x -= x.mean(axes, keepdims=True)
    m, shape = _precond(p, precond), x.shape[1:]
    filters = (1 - eta * m * p._divided(), np.sqrt(2 * eta * m), eta * m)
    keep, kick, push = (_shortest(f, p.pinned, x.dtype) for f in filters)
    parts = blocks(x)  # large fields one at a time, small ones together: they stay in the cache
    noise = Noise(x[parts[0]], rng)
    centre = p.pinned and np.ndim(kick) == 0  # such kicks have a mean, which must go
    kept = np.empty((steps // keep_every if keep_every else 0, *x.shape), x.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(1, steps + 1):
            g = None if extra is None else score_at(extra, x)
            for i in parts:
                terms = [(x[i], keep), (noise.draw(len(x[i])), kick)]
                if g is not None:
                    terms.append((g[i].copy(), push))
                sum_of_filtered(terms, shape, centre, out=x[i])
            watch(x, k, eta)
            if keep_every and k % keep_every == 0:
                kept[k // keep_every - 1] = x
    return Trace(x, kept, np.ones(len(x)), steps)


def _shortest(factor: NDArray[np.float64], pinned: bool, dtype: Any) -> Any:
    """One number if the factor is the same at all k (a pinned k = 0 apart), pairs if not."""
    first = factor.ravel()[-1]
    if np.allclose(factor.ravel()[int(pinned) :], first, rtol=1e-14, atol=0):
        return dtype.type(first)
    if pinned:
        factor.ravel()[0] = 0
    return pairs(factor, dtype)


def _precond(p: GaussianField, precond: ArrayLike | None) -> NDArray[np.float64]:
    m = np.ones(p.shape) if precond is None else even(precond, "precond")
    if m.shape != p.shape:
        raise ValueError(f"precond must have the shape {p.shape} of one field, got {m.shape}")
    if (m.ravel()[int(p.pinned) :] <= 0).any():
        least = m.ravel()[int(p.pinned) :].min()
        raise ValueError(f"precond must be positive, got a smallest entry of {least:.3g}")
    return half_plane(m)
