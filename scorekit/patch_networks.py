r"""A network for images too large for one multilayer perceptron: the whole, then its patches.

A perceptron over all pixels, as in :class:`~scorekit.networks.ScaledNet`, says what the image is
like; then one small perceptron, the same at every place, sharpens each patch from the window round
it. The first sees everything; the second learns edges from every patch of every image, which is
what a convolution gains by sharing its weights, here in a few matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import defjvp, defvjp, primitive
from numpy.typing import ArrayLike, DTypeLike

from . import _inputs
from ._fused import dense, rms_norm, silu
from .networks import FREQUENCIES, Array, ScaledNet, _weights, init_scaled


@dataclass(frozen=True, eq=False)
class PatchNet(ScaledNet):
    r"""A :class:`~scorekit.networks.ScaledNet` of square images with F the sum of two perceptrons:

    .. math:: F(u) = G(u) + H\bigl(w(u),\ w(G(u))/|w(G(u))|_{rms},\ \text{place},\ \log\sigma\bigr)

    G sees the whole image u. H sees one window w at a time, ``2 * patch`` pixels square with zeros
    beyond the border, and speaks of the ``patch`` × ``patch`` pixels in its middle. Windows on G
    come divided by their root mean square, so that H is never asked far outside what it has seen.
    Make one with :func:`init_patch`.
    """

    patch: int = 4

    def _out(self, shifted: Any, sigma: Array, extra: Any) -> Any:
        p, k = self.params, self.patch
        whole = super()._out(shifted, sigma, extra)
        angle = np.log(sigma) * FREQUENCIES.astype(self.dtype)
        waves = np.concatenate([np.cos(angle), np.sin(angle)], 1)
        level = silu(dense(waves, p["level_w"], p["level_b"]))

        def modulated(h: Any, name: str) -> Any:
            gain = dense(level, p[f"{name}_scale_w"], p[f"{name}_scale_b"])
            shift = dense(level, p[f"{name}_offset_w"], p[f"{name}_offset_b"])
            return silu(modulate(h, gain, shift))

        near = windows(shifted / np.sqrt(sigma**2 + self.sd**2), k)
        h = dense(near, p["near_w"], p["near_b"])
        h = h + dense(rms_norm(windows(whole, k)), p["far_w"], p["far_b"])
        h = modulated(h + anp.tile(p["place_w"], (len(h) // len(p["place_w"]), 1)), "tile")
        for i in range(sum(key.endswith("_first_w") for key in p)):
            u = dense(rms_norm(h), p[f"tile{i}_first_w"], p[f"tile{i}_first_b"])
            h = h + dense(modulated(u, f"tile{i}"), p[f"tile{i}_last_w"], p[f"tile{i}_last_b"])
        return whole + untiled(dense(rms_norm(h), p["tile_out_w"], p["tile_out_b"]), k, self.dim)


def init_patch(
    data: ArrayLike,
    *,
    rng: np.random.Generator,
    patch: int = 4,
    width: int = 320,
    blocks: int = 2,
    patch_width: int = 192,
    patch_blocks: int = 1,
    dtype: DTypeLike = np.float32,
) -> PatchNet:
    """A :class:`PatchNet` with random weights, and the mean and spread of ``data``, (n, side²).

    ``width`` and ``blocks`` are those of G, ``patch_width`` and ``patch_blocks`` those of H.

    Raises
    ------
    ValueError, TypeError
        If the points are not square images, ``patch`` is odd or does not divide their side, or a
        size is not a positive whole number.
    """
    net = init_scaled(data, rng=rng, width=width, blocks=blocks, dtype=dtype)
    k, c = _inputs.count(patch, "patch"), _inputs.count(patch_width, "patch_width")
    side = int(np.sqrt(net.dim))
    if side**2 != net.dim:
        raise ValueError(f"data must be square images, (n, side²), got points of {net.dim} pixels")
    if k % 2 or side % k:
        raise ValueError(f"patch must be even and divide the side {side}, got {k}")
    level = len(net.params["level_b"])
    shapes = {"near": (4 * k**2, c, 1.0), "far": (4 * k**2, c, 1.0)}
    names = ["tile", *(f"tile{i}" for i in range(_inputs.count(patch_blocks, "patch_blocks")))]
    for name in names:
        shapes |= {f"{name}_scale": (level, c, 0.5), f"{name}_offset": (level, c, 0.5)}
    for name in names[1:]:
        shapes |= {f"{name}_first": (c, c, 1.0), f"{name}_last": (c, c, 0.5)}
    params = _weights(shapes | {"tile_out": (c, k**2, 0.1)}, rng, net.dtype)
    for name in names:
        params[f"{name}_scale_b"] += 1
    params["place_w"] = (0.1 * rng.standard_normal(((side // k) ** 2, c))).astype(net.dtype)
    return PatchNet(net.params | params, net.mean, net.sd, patch=k)


# Linear maps as one node of autograd's graph each; windows and its adjoint differentiate each
# other, so that they can be differentiated again.


def _windows(x: Array, k: int) -> Array:
    # (n, side²) -> (n tiles, (2k)²): with k/2 of padding a window is 2 × 2 blocks of k × k.
    n, side, m = len(x), int(np.sqrt(x.shape[1])), k // 2
    tiles = side // k
    padded = np.zeros((n, side + k, side + k), x.dtype)
    padded[:, m : m + side, m : m + side] = x.reshape(n, side, side)
    blocks = padded.reshape(n, tiles + 1, k, tiles + 1, k).transpose(0, 1, 3, 2, 4)
    out = np.empty((n, tiles, tiles, 2 * k, 2 * k), x.dtype)
    for i in (0, 1):
        for j in (0, 1):
            part = blocks[:, i : i + tiles, j : j + tiles]
            out[..., i * k : i * k + k, j * k : j * k + k] = part
    return out.reshape(n * tiles**2, 4 * k**2)


def _overlapped(w: Array, k: int, dim: int) -> Array:
    # The adjoint: windows added where they lie.
    side, m = int(np.sqrt(dim)), k // 2
    tiles = side // k
    w = w.reshape(-1, tiles, tiles, 2 * k, 2 * k)
    blocks = np.zeros((len(w), tiles + 1, tiles + 1, k, k), w.dtype)
    for i in (0, 1):
        for j in (0, 1):
            part = w[..., i * k : i * k + k, j * k : j * k + k]
            blocks[:, i : i + tiles, j : j + tiles] += part
    padded = blocks.transpose(0, 1, 3, 2, 4).reshape(len(w), side + k, side + k)
    return padded[:, m : m + side, m : m + side].reshape(len(w), dim)


def _untiled(t: Array, k: int, dim: int) -> Array:
    # (n tiles, k²) -> (n, dim)
    tiles = int(np.sqrt(dim)) // k
    return t.reshape(-1, tiles, tiles, k, k).transpose(0, 1, 3, 2, 4).reshape(-1, dim)


def _tiled(x: Array, k: int) -> Array:
    tiles = int(np.sqrt(x.shape[1])) // k
    blocks = x.reshape(-1, tiles, k, tiles, k).transpose(0, 1, 3, 2, 4)
    return blocks.reshape(-1, k**2)


def _modulate(h: Array, gain: Array, shift: Array) -> Array:
    # h gain + shift, of the image that each of h's rows belongs to.
    grouped = h.reshape(len(gain), -1, h.shape[1])
    out = grouped * gain[:, None]
    out += shift[:, None]
    return out.reshape(h.shape)


def _grouped_sum(h: Array, n: int) -> Array:
    out: Array = h.reshape(n, -1, h.shape[1]).sum(1)
    return out


windows, overlapped = primitive(_windows), primitive(_overlapped)
untiled, tiled = primitive(_untiled), primitive(_tiled)
modulate, grouped_sum = primitive(_modulate), primitive(_grouped_sum)

defvjp(windows, lambda ans, x, k: lambda g: overlapped(g, k, x.shape[1]), argnums=(0,))
defvjp(overlapped, lambda ans, w, k, dim: lambda g: windows(g, k), argnums=(0,))
defvjp(untiled, lambda ans, t, k, dim: lambda g: tiled(g, k), argnums=(0,))
defvjp(tiled, lambda ans, x, k: lambda g: untiled(g, k, x.shape[1]), argnums=(0,))
for linear in (windows, overlapped, untiled, tiled, grouped_sum):
    defjvp(linear, "same")
defvjp(
    grouped_sum,
    lambda ans, h, n: lambda g: anp.repeat(g, len(h) // n, 0),
    argnums=(0,),
)
defvjp(
    modulate,
    lambda ans, h, gain, shift: lambda g: modulate(g, gain, 0 * gain),
    lambda ans, h, gain, shift: lambda g: grouped_sum(g * h, len(gain)),
    lambda ans, h, gain, shift: lambda g: grouped_sum(g, len(gain)),
)
defjvp(
    modulate,
    lambda g, ans, h, gain, shift: modulate(g, gain, 0 * gain),
    lambda g, ans, h, gain, shift: modulate(h, g, 0 * gain),
    lambda g, ans, h, gain, shift: anp.repeat(g, len(h) // len(gain), 0),
)
