r"""Small networks for scores: multilayer perceptrons behind autograd, conditioned on the noise.

Two models of the score of :math:`p_\sigma`, the law of y = x + σε. Both are callables
``(y, sigma) -> score``, so every sampler takes them; they differ in what the network F has to say.

- :class:`ScaledNet`: F corrects the best linear denoiser (Karras et al. 2022). With weights of 0
  it is the score of a Gaussian.
- :class:`NoiseNet`: F is the noise itself. With weights of 0 the score is 0.

A network computes in the dtype of its weights, float32 as a rule, and answers in the dtype of the
points. autograd differentiates it by its weights, a dict of arrays, and by the points, in both
modes and more than once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import autograd.numpy as anp
import numpy as np
from autograd.tracer import getval
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _inputs
from ._fused import cast, dense, rms_norm, silu

Array = NDArray[np.floating]
Params = dict[str, Array]
FREQUENCIES = 2.0 ** np.arange(-2, 2, 0.25)  # of the Fourier features of log σ


@dataclass(frozen=True, eq=False)
class ScoreNet:
    """What both models share: weights, the data's mean (d,) and spread, the call.

    ``sd`` is the root of the mean variance of a coordinate. ``extra`` is the number of further
    inputs: properties of a training point, such as how it was augmented; 0 unless given.
    """

    params: Params
    mean: Array
    sd: float
    extra: int = 0

    @property
    def dim(self) -> int:
        """The dimension d of a point."""
        return len(self.mean)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the weights, in which the network computes."""
        return self.mean.dtype

    @property
    def size(self) -> int:
        """The number of weights."""
        return sum(p.size for p in self.params.values())

    def astype(self, dtype: DTypeLike) -> Self:
        """The same network with weights, and so computations, of another dtype."""
        params = {key: np.asarray(p, dtype) for key, p in self.params.items()}
        return replace(self, params=params, mean=self.mean.astype(dtype))

    def __call__(self, x: Array, sigma: ArrayLike, extra: ArrayLike | None = None) -> Array:
        """The score of p_σ at ``x``, shape (n, d); ``sigma`` is one number or one a point."""
        value = _inputs.points(getval(x), self.dim)
        level = noise_levels(sigma, len(value))[:, None].astype(value.dtype)
        if extra is not None:
            extra = np.asarray(extra, self.dtype)
            if extra.shape != (want := (len(value), self.extra)):
                raise ValueError(f"extra must have shape {want}, got {extra.shape}")
        shifted = x - self.mean.astype(value.dtype, copy=False)
        inside = cast(shifted, value.dtype, self.dtype)
        out = self._out(inside, level.astype(self.dtype, copy=False), extra)
        answer: Array = self._score(shifted, level, cast(out, self.dtype, value.dtype))
        return answer

    def denoise(self, x: Array, sigma: ArrayLike, extra: ArrayLike | None = None) -> Array:
        """The mean of the clean point given the noisy one, x + σ² s(x, σ)."""
        score = self(x, sigma, extra)
        column = noise_levels(sigma, len(score))[:, None]
        return x + (column**2).astype(getval(x).dtype) * score

    def residual(self, x: Array, sigma: Array, z: Array, extra: Array | None = None) -> Any:
        """What training squares: by how much F(x + σz) misses its target; nothing is checked."""
        clean, sigma = x - self.mean, sigma[:, None]
        return self._out(clean + sigma * z, sigma, extra) - self._target(clean, sigma, z)

    # What F computes, is asked for, and means. Points come less the mean; sigma is a column.
    def _out(self, shifted: Any, sigma: Array, extra: Any) -> Any:
        raise NotImplementedError

    def _target(self, clean: Array, sigma: Array, z: Array) -> Array:
        raise NotImplementedError

    def _score(self, shifted: Any, sigma: Array, out: Any) -> Any:
        raise NotImplementedError

    def _inputs(self, shifted: Any, sigma: Array, extra: Any, *more: Any) -> Any:
        columns = [shifted / np.sqrt(sigma**2 + self.sd**2), *more]  # variance 1 at every σ
        if self.extra:
            zero = np.zeros((len(shifted), self.extra), self.dtype)
            columns.append(zero if extra is None else extra)
        return anp.concatenate(columns, 1) if len(columns) > 1 else columns[0]


@dataclass(frozen=True, eq=False)
class ScaledNet(ScoreNet):
    r"""A denoiser with the scaling of Karras et al. (2022, *NeurIPS* 35, table 1), round the mean.

    .. math:: D(y,\sigma) &= m + c_{skip}(y-m) + c_{out}\,F(c_{in}(y-m),\ \log\sigma) \\
        c_{skip}&=\frac{s^2}{\sigma^2+s^2},\quad c_{out}=\frac{\sigma s}{\sqrt{\sigma^2+s^2}},\quad
        c_{in}=\frac1{\sqrt{\sigma^2+s^2}}

    with m the mean and s the sd of the data; the score is :math:`(D-y)/\sigma^2`. F is a chain of
    residual blocks h + B silu(a · A norm(h) + b), in which Fourier features of log σ set a and b.
    Make one with :func:`init_scaled`.
    """

    def scaling(self, sigma: Any) -> tuple[Any, Any, Any]:
        """(c_skip, c_out, c_in)."""
        total = sigma**2 + self.sd**2
        return self.sd**2 / total, sigma * self.sd / np.sqrt(total), 1 / np.sqrt(total)

    def _out(self, shifted: Any, sigma: Array, extra: Any) -> Any:
        p, h = self.params, self._inputs(shifted, sigma, extra)
        angle = np.log(sigma) * FREQUENCIES.astype(self.dtype)
        waves = np.concatenate([np.cos(angle), np.sin(angle)], 1)
        level = silu(dense(waves, p["level_w"], p["level_b"]))
        h = dense(h, p["in_w"], p["in_b"])
        for k in range(sum(key.endswith("_up_w") for key in p)):
            u = dense(rms_norm(h), p[f"{k}_up_w"], p[f"{k}_up_b"])
            u = u * dense(level, p[f"{k}_gain_w"], p[f"{k}_gain_b"])
            u = silu(u + dense(level, p[f"{k}_shift_w"], p[f"{k}_shift_b"]))
            h = h + dense(u, p[f"{k}_down_w"], p[f"{k}_down_b"])
        return dense(rms_norm(h), p["out_w"], p["out_b"])

    def _score(self, shifted: Any, sigma: Array, out: Any) -> Any:
        # (D - y)/σ² without the difference of two nearly equal numbers at small σ.
        total = sigma**2 + self.sd**2
        return (self.sd / (sigma * np.sqrt(total))) * out - shifted / total

    def _target(self, clean: Array, sigma: Array, z: Array) -> Array:
        # (clean - c_skip noisy) / c_out, without the difference of nearly equal numbers.
        return np.asarray((sigma / self.sd * clean - self.sd * z) * self.scaling(sigma)[2])


@dataclass(frozen=True, eq=False)
class NoiseNet(ScoreNet):
    r"""A plain network for the noise: :math:`s(y,\sigma) = -\hat\varepsilon(y, \log\sigma)/\sigma`.

    Dense layers and SiLU, nothing else: no skip, no normalisation. The input is y - m divided by
    the root of σ² + s², and log σ beside it. Make one with :func:`init_noise`.
    """

    def _out(self, shifted: Any, sigma: Array, extra: Any) -> Any:
        p, level = self.params, np.broadcast_to(np.log(sigma), (len(shifted), 1))
        h = self._inputs(shifted, sigma, extra, level)
        layers = sum(key.endswith("_w") for key in p)
        for k in range(layers - 1):
            h = silu(dense(h, p[f"{k}_w"], p[f"{k}_b"]))
        return dense(h, p[f"{layers - 1}_w"], p[f"{layers - 1}_b"])

    def _score(self, shifted: Any, sigma: Array, out: Any) -> Any:
        return out / -sigma

    def _target(self, clean: Array, sigma: Array, z: Array) -> Array:
        return z


def init_scaled(
    data: ArrayLike,
    *,
    rng: np.random.Generator,
    width: int = 128,
    blocks: int = 2,
    extra: int = 0,
    dtype: DTypeLike = np.float32,
) -> ScaledNet:
    """A :class:`ScaledNet` with random weights, and the mean and spread of ``data``, (n, d)."""
    mean, sd, dtype = _scale_of(data, rng, dtype)
    width, blocks = _inputs.count(width, "width"), _inputs.count(blocks, "blocks")
    d, extra, level = len(mean), _inputs.count(extra, "extra", 0), max(16, width // 4)
    shapes = {"level": (2 * len(FREQUENCIES), level, 1.0), "in": (d + extra, width, 1.0)}
    for k in range(blocks):
        shapes |= {f"{k}_up": (width, width, 1.0), f"{k}_down": (width, width, 0.5)}
        shapes |= {f"{k}_gain": (level, width, 0.5), f"{k}_shift": (level, width, 0.5)}
    params = _weights(shapes | {"out": (width, d, 0.1)}, rng, dtype)
    for k in range(blocks):
        params[f"{k}_gain_b"] += 1
    return ScaledNet(params, mean, sd, extra)


def init_noise(
    data: ArrayLike,
    *,
    rng: np.random.Generator,
    width: int = 128,
    layers: int = 2,
    extra: int = 0,
    dtype: DTypeLike = np.float32,
) -> NoiseNet:
    """A :class:`NoiseNet` with ``layers`` hidden layers of ``width`` and random weights."""
    mean, sd, dtype = _scale_of(data, rng, dtype)
    width, layers = _inputs.count(width, "width"), _inputs.count(layers, "layers")
    d, extra = len(mean), _inputs.count(extra, "extra", 0)
    sizes = [d + 1 + extra, *[width] * layers, d]
    last = len(sizes) - 2
    shapes = {str(k): (sizes[k], sizes[k + 1], 0.1 if k == last else 1.0) for k in range(last + 1)}
    return NoiseNet(_weights(shapes, rng, dtype), mean, sd, extra)


def noise_levels(sigma: ArrayLike, n: int) -> Array:
    """Return σ as a positive, finite array: shape (1,) for one number, (n,) for one a point."""
    s = np.asarray(sigma)
    if s.dtype.kind not in "iuf" or s.shape not in ((), (1,), (n,)):
        raise ValueError(f"sigma must be a number or of shape {(n,)}, got {_inputs.describe(s)}")
    s = np.atleast_1d(s).astype(s.dtype if s.dtype in _inputs.FLOATS else np.float64)
    good = (s > 0) & (s < np.inf)
    if not good.all():
        raise ValueError(f"sigma must be positive and finite, got {s[~good][0]}")
    return s


def _scale_of(
    data: ArrayLike, rng: np.random.Generator, dtype: DTypeLike
) -> tuple[Array, float, np.dtype[Any]]:
    _inputs.generator(rng)
    dtype = np.dtype(dtype)
    if dtype not in _inputs.FLOATS:
        raise TypeError(f"dtype must be float32 or float64, got {dtype}")
    x = np.asarray(_inputs.points(data, name="data"), float)
    sd = float(np.sqrt(x.var(0).mean()))
    if sd == 0:
        raise ValueError("data must vary, got the same point throughout")
    return x.mean(0).astype(dtype), sd, dtype


def _weights(
    shapes: dict[str, tuple[int, int, float]], rng: np.random.Generator, dtype: np.dtype[Any]
) -> Params:
    params: Params = {}
    for key, (rows, columns, gain) in shapes.items():
        draw = rng.standard_normal((rows, columns)) * (gain / np.sqrt(rows))
        params |= {f"{key}_w": draw.astype(dtype), f"{key}_b": np.zeros(columns, dtype)}
    return params
