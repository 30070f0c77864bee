"""Layers fused into one node of autograd's graph each, and without its detour through float64.

Their derivatives are written in such layers and in autograd's own functions again, so that they
can be differentiated in turn, in both modes.
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import SparseObject, defjvp, defvjp, primitive, vspace
from numpy.typing import NDArray

Array = NDArray[np.floating]
EPS = 1e-5  # under the root of the norm


def _silu(x: Array) -> Array:
    # x·sigmoid(x) with sigmoid(x) = (1 + tanh(x/2))/2, which cannot overflow.
    out = np.multiply(x, 0.5)
    np.tanh(out, out=out)
    out += 1
    out *= x
    out *= 0.5
    return out


def _silu_pull(g: Array, x: Array) -> Array:
    # g silu'(x), silu' = s (1 + x (1 - s)) with s the sigmoid.
    s = np.multiply(x, 0.5)
    np.tanh(s, out=s)
    s += 1
    s *= 0.5
    out = np.subtract(1, s)
    out *= x
    out += 1
    out *= s
    out *= g
    return out


def _silu_curvature(x: Any) -> Any:
    s = 0.5 * (1 + anp.tanh(0.5 * x))
    return s * (1 - s) * (2 + x * (1 - 2 * s))


def _rms_norm(x: Array) -> Array:
    squares = np.einsum("ij,ij->i", x, x)[:, None]
    out: Array = x / np.sqrt(squares / x.shape[1] + EPS)
    return out


def _along_rms(g: Any, ans: Any, x: Any) -> Any:
    # The Jacobian is symmetric, so it serves both modes.
    size = x.shape[1]
    r = (anp.sum(x * x, 1, keepdims=True) / size + EPS) ** -0.5
    return r * (g - ans * (anp.sum(g * ans, 1, keepdims=True) / size))


def _dense(x: Array, weight: Array, bias: Array) -> Array:
    out: Array = x @ weight
    out += bias
    return out


def _mean_square(x: Array) -> Any:
    flat = x.ravel()
    return np.dot(flat, flat) / flat.size


def _part(flat: Array, start: int, stop: int, shape: tuple[int, ...]) -> Array:
    return flat[start:stop].reshape(shape)


def _add_part(g: Array, flat: Array, start: int, stop: int) -> Any:
    # What autograd adds to the gradient of the whole: nothing is spent on the zeros round it.
    def add_to(whole: Array) -> Array:
        whole[start:stop] += g.ravel()
        return whole

    return SparseObject(vspace(flat), add_to)


silu = primitive(_silu)
silu_pull = primitive(_silu_pull)
rms_norm = primitive(_rms_norm)
dense = primitive(_dense)
mean_square = primitive(_mean_square)
part = primitive(_part)

defvjp(silu, lambda ans, x: lambda g: silu_pull(g, x))
defjvp(silu, lambda g, ans, x: silu_pull(g, x))
defvjp(
    silu_pull,
    lambda ans, g, x: lambda h: silu_pull(h, x),
    lambda ans, g, x: lambda h: h * (g * _silu_curvature(x)),
)
defjvp(
    silu_pull,
    lambda h, ans, g, x: silu_pull(h, x),
    lambda h, ans, g, x: h * (g * _silu_curvature(x)),
)
defvjp(rms_norm, lambda ans, x: lambda g: _along_rms(g, ans, x))
defjvp(rms_norm, _along_rms)
defvjp(
    dense,
    lambda ans, x, weight, bias: lambda g: anp.dot(g, weight.T),
    lambda ans, x, weight, bias: lambda g: anp.dot(x.T, g),
    lambda ans, x, weight, bias: lambda g: anp.sum(g, 0),
)
defjvp(
    dense,
    lambda g, ans, x, weight, bias: anp.dot(g, weight),
    lambda g, ans, x, weight, bias: anp.dot(x, g),
    lambda g, ans, x, weight, bias: anp.broadcast_to(g, ans.shape),
)
defvjp(mean_square, lambda ans, x: lambda g: x * (2 / x.size * g))
defjvp(mean_square, lambda g, ans, x: anp.sum(x * g) * (2 / x.size))
defvjp(part, lambda ans, flat, a, b, shape: lambda g: _add_part(g, flat, a, b), argnums=(0,))


def cast(x: Any, source: np.dtype[Any], target: np.dtype[Any]) -> Any:
    """Change the dtype only where it differs: one node less in autograd's graph."""
    return x if source == target else x.astype(target)
