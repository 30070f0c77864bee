r"""How steep may a field be? Networks with a bounded Lipschitz constant, and its measurement.

A field v is K-Lipschitz if :math:`|v(x)-v(y)|\le K|x-y|`. For a smooth one K is the largest
spectral norm of its Jacobian. :func:`slopes` and :func:`steepest` find it from below;
:func:`certificate` bounds it from above for the networks made here,

.. math:: f = B\,\ell_n\circ\dots\circ\ell_1(A\,x),\qquad
          \ell(h) = h - 2\,W\,\mathrm{relu}(W^\top h + b).

The Jacobian of such a layer, :math:`I-2WDW^\top` with :math:`0\le D\le I`, is symmetric with
eigenvalues in :math:`[1-2|W|^2,\,1]`, where :math:`|W|` is the largest singular value. So f is
1-Lipschitz if no matrix has a singular value above 1 (Meunier et al. 2022, *ICML*, PMLR 162,
15484–15500). The noise level enters through b and a factor below 1 only. :func:`keep_bounded`
projects the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import autograd.numpy as anp
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _inputs
from ._fused import dense, silu
from .chains import Array, Field
from .networks import FREQUENCIES, Params, ScaledNet, ScoreNet, _scale_of, _weights
from .vector_fields import jacobian

OPEN = 4.0  # the gain's bias at the start: it begins at 0.98


def slopes(field: Field, x: ArrayLike, *, step: float = 1e-5) -> NDArray[np.float64]:
    """The spectral norm of the field's Jacobian at each point, by central differences.

    Shapes (n, d) to (n,). Each is a lower bound of the Lipschitz constant, up to the error of the
    differences. A network should compute in float64 for this: ``net.astype(float)``.
    """
    return np.asarray(np.linalg.norm(jacobian(field, x, step=step), 2, axis=(1, 2)))


@dataclass(frozen=True, eq=False)
class Steepest:
    """The steepest place found: ``slope``, a lower bound of the Lipschitz constant, and ``at``."""

    slope: float
    at: NDArray[np.float64]


def steepest(
    field: Field,
    x: ArrayLike,
    *,
    rng: np.random.Generator,
    rounds: int = 30,
    step: float = 1e-5,
) -> Steepest:
    """Search for the steepest place of a field: from the points given, then ever closer round it.

    Each round tries up to 256 new points round the best ones so far, at a distance that falls from
    the spread of ``x``, (n, d), to a thousandth of it; with ``rounds=0`` only ``x`` is looked at. A
    search can miss a narrow place: the answer is a lower bound.
    """
    rng, rounds = _inputs.generator(rng), _inputs.count(rounds, "rounds", 0)
    best = np.asarray(_inputs.points(x), float)
    reach, tries, keep = best.std(0), min(256, len(best)), min(8, len(best))
    found = slopes(field, best, step=step)
    for k in range(rounds):
        order = np.argsort(found)[-keep:]
        best, found = best[order], found[order]
        radius = reach * 1e-3 ** (k / max(1, rounds - 1))
        near = best[rng.integers(len(best), size=tries)]
        new = near + radius * rng.standard_normal(near.shape)
        best = np.concatenate([best, new])
        found = np.concatenate([found, slopes(field, new, step=step)])
    return Steepest(float(found.max()), best[found.argmax()])


def lipschitz_fit(
    x: ArrayLike, values: ArrayLike, weights: ArrayLike, bound: float
) -> NDArray[np.float64]:
    r"""The L-Lipschitz function on a line that is nearest to given values in the mean square.

    Minimises :math:`\sum_i w_i(f_i-y_i)^2` over :math:`|f_{i+1}-f_i|\le L(x_{i+1}-x_i)`: a convex
    quadratic programme. In terms of :math:`f_0` and the slopes it is least squares in a box, which
    is solved exactly by an active-set method.

    Parameters
    ----------
    x : array, shape (n,)
        Strictly rising; a few hundred points.
    values : array, shape (n,)
    weights : array, shape (n,)
        Positive, such as p(x). Where they are below 1e-16 of the largest, rounding hides them and
        the fit is arbitrary.
    bound : float
        L.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    ValueError, TypeError
        For shapes that differ, x that does not rise, or weights or a bound that are not positive.
    """
    from scipy.optimize import lsq_linear

    x, values = _inputs.parameter(x, "x", 1), _inputs.parameter(values, "values", 1)
    weights, bound = _inputs.parameter(weights, "weights", 1), _inputs.positive(bound, "bound")
    if len(x) < 2 or (np.diff(x) <= 0).any():
        raise ValueError(f"x must hold at least 2 numbers that rise, got {x}")
    for name, a in (("values", values), ("weights", weights)):
        if a.shape != x.shape:
            raise ValueError(f"{name} must have the shape of x, {x.shape}, got {a.shape}")
    if (weights <= 0).any():
        raise ValueError(f"weights must be positive, got a smallest one of {weights.min()!r}")
    n = len(x)
    rise = np.full(n, bound)
    rise[0] = np.inf
    # f = S (f_0, slopes): row i adds up the rises of the intervals to the left of x_i.
    adds = np.concatenate([np.ones((n, 1)), np.tri(n, n - 1, -1) * np.diff(x)], axis=1)
    root = np.sqrt(weights / weights.max())
    fit = lsq_linear(adds * root[:, None], values * root, (-rise, rise), method="bvls")
    return np.asarray(adds @ fit.x)


def keep_bounded(params: Mapping[str, Array]) -> None:
    """Project a bounded network's weights in place: no matrix keeps a singular value above 1.

    Cutting the singular values off is the projection in the Frobenius norm. Hand this function to
    :func:`scorekit.training.train` as ``after_step``. The allowed matrices form a convex set.
    """
    for key in _matrices(params):
        u, values, vt = np.linalg.svd(params[key], full_matrices=False)
        if values[0] > 1:
            params[key][...] = (u * np.minimum(values, 1)) @ vt


def certificate(net: BoundedNet | BoundedScaledNet) -> float:
    r"""An upper bound of the Lipschitz constant of ``bound`` · f, from the weights alone.

    The product of ``bound``, \|A\|, \|B\| and :math:`\max(1,\ 2|W_k|^2-1)` over the layers: it is
    ``bound`` up to rounding when :func:`keep_bounded` has been at work.
    """
    total = net.bound
    for key in _matrices(net.params):
        norm = float(np.linalg.norm(net.params[key].astype(float), 2))
        total *= norm if key in ("in_w", "out_w") else max(1.0, 2 * norm**2 - 1)
    return total


@dataclass(frozen=True, eq=False)
class BoundedNet(ScoreNet):
    r"""A score whose Lipschitz constant is at most ``bound``, at every noise level: s = L g(σ) f.

    f is 1-Lipschitz in x, and 0 < g < 1. Make one with :func:`init_bounded`, train it with
    ``after_step=keep_bounded``.
    """

    bound: float = 1.0

    def _out(self, shifted: Any, sigma: Array, extra: Any) -> Any:
        return (self.bound * sigma) * _one_lipschitz(self.params, shifted, sigma)

    def _score(self, shifted: Any, sigma: Array, out: Any) -> Any:
        return out / sigma

    def _target(self, clean: Array, sigma: Array, z: Array) -> Array:
        return -z


@dataclass(frozen=True, eq=False)
class BoundedScaledNet(ScaledNet):
    r"""A :class:`~scorekit.networks.ScaledNet` whose F has a constant K_F of at most ``bound``.

    The score's constant at noise level σ is then at most :math:`(1-c_{skip}+c_{out}c_{in}K_F)/
    \sigma^2`, see :meth:`score_bound`. Make one with ``init_bounded(..., scaled=True)``.
    """

    bound: float = 1.0

    def _out(self, shifted: Any, sigma: Array, extra: Any) -> Any:
        inside = self._inputs(shifted, sigma, extra)
        return self.bound * _one_lipschitz(self.params, inside, sigma)

    def score_bound(self, sigma: ArrayLike) -> NDArray[np.float64]:
        r"""The bound of the score, :math:`[1+(\sigma_d/\sigma)K_F]/(\sigma^2+\sigma_d^2)`."""
        s = np.asarray(sigma, float)
        skip, out, inside = self.scaling(s)
        return np.asarray((1 - skip + out * inside * self.bound) / s**2)


def init_bounded(
    data: ArrayLike,
    bound: float,
    *,
    rng: np.random.Generator,
    scaled: bool = False,
    width: int = 16,
    layers: int = 4,
    dtype: DTypeLike = np.float32,
) -> Any:
    """A :class:`BoundedNet`, or if ``scaled`` a :class:`BoundedScaledNet`, with random weights.

    ``data``, (n, d), gives the mean and the spread; ``layers`` layers act on ``width`` numbers.
    The start is close to a straight pull towards the mean.
    """
    mean, sd, dtype = _scale_of(data, rng, dtype)
    bound = _inputs.positive(bound, "bound")
    width, layers = _inputs.count(width, "width", len(mean)), _inputs.count(layers, "layers")
    fold = 1.0 if scaled else sd  # where the layers bend: about as far out as the data are
    waves, level = 2 * len(FREQUENCIES), 16
    shapes = {"level": (waves, level, 1.0), "gain": (level, 1, 0.1)}
    shapes |= {f"{k}_shift": (level, width, 0.3 * fold) for k in range(layers)}
    params = _weights(shapes, rng, dtype)
    params["gain_b"] += OPEN
    into = np.linalg.qr(rng.standard_normal((width, len(mean))))[0]  # orthonormal columns
    params |= {"in_w": into.T.astype(dtype), "out_w": -into.astype(dtype)}
    params["out_b"] = np.zeros(len(mean), dtype)
    for k in range(layers):
        params[f"{k}_shift_b"] += (0.3 * fold * rng.standard_normal(width)).astype(dtype)
        params[f"{k}_w"] = rng.standard_normal((width, width)).astype(dtype)
    keep_bounded(params)
    return (BoundedScaledNet if scaled else BoundedNet)(params, mean, sd, 0, bound)


def _matrices(params: Mapping[str, Any]) -> list[str]:
    return [k for k in params if k in ("in_w", "out_w") or k.removesuffix("_w").isdigit()]


def _one_lipschitz(p: Params, x: Any, sigma: Array) -> Any:
    """g(σ) f(x, σ): 1-Lipschitz in x if the matrices are within the unit ball."""
    angle = np.log(sigma) * FREQUENCIES.astype(sigma.dtype)
    waves = np.concatenate([np.cos(angle), np.sin(angle)], 1)
    level = silu(dense(waves, p["level_w"], p["level_b"]))
    h = anp.dot(x, p["in_w"])
    for k in range(sum(key.endswith("_shift_w") for key in p)):
        w, shift = p[f"{k}_w"], dense(level, p[f"{k}_shift_w"], p[f"{k}_shift_b"])
        h = h - 2 * anp.dot(anp.maximum(anp.dot(h, w) + shift, 0), w.T)
    gain = 0.5 + 0.5 * anp.tanh(0.5 * dense(level, p["gain_w"], p["gain_b"]))
    return gain * dense(h, p["out_w"], p["out_b"])
