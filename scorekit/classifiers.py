r"""Networks that know labels: classifiers of noisy points, and scores of one class.

Two ways to guide a diffusion. A :class:`NoisyClassifier` says :math:`p(y\mid x_\sigma)`, where
:math:`x_\sigma = x+\sigma\varepsilon` is the *noisy* point, and :meth:`NoisyClassifier.guide` is
the gradient of its logarithm (Dhariwal & Nichol 2021, *NeurIPS* 34). :func:`labelled` reads a
score network that was told the label as a further input, or nothing (Ho & Salimans 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import elementwise_grad, value_and_grad
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from ._fused import dense, silu
from .data import read
from .denoising import NoisyScore
from .networks import FREQUENCIES, Array, Params, ScaledNet, noise_levels
from .training import TrainingDiverged, _Adam

LabelledDraw = Callable[..., tuple[Array, NDArray[np.int64]]]  # draw(n, rng=rng)
CLASSES = 10
MARK = np.sqrt(CLASSES)  # a one-hot entry of mean square 1


@dataclass(frozen=True, eq=False)
class NoisyClassifier:
    r"""Two hidden layers of SiLU from a noisy point and log σ to the logits of its classes.

    The point comes less the mean of the data and divided by the root of σ² + s², s the spread of
    the data, so that a layer sees inputs of one size at every noise level. ``level``: if given, the
    σ it believes in whatever it is told: that of a classifier that only ever saw clean points.
    """

    params: Params
    mean: Array
    sd: float
    level: float | None = None

    @property
    def classes(self) -> int:
        """How many labels there are."""
        return len(self.params["out_b"])

    def log_prob(self, x: ArrayLike, sigma: ArrayLike) -> Array:
        """log p(y | x_σ) of every class: (n, d) in, (n, classes) out."""
        x = _inputs.points(x, len(self.mean))
        told = sigma if self.level is None else self.level
        level = noise_levels(told, len(x))[:, None].astype(self.mean.dtype)
        out: Array = self._log_prob(x.astype(self.mean.dtype), level)
        return out.astype(x.dtype)

    def guide(self, labels: ArrayLike) -> NoisyScore:
        """The score of the classes: (x, sigma) to the gradient of log p(label | x_σ) in x.

        Parameters
        ----------
        labels : int, or array of int, shape (n,)
            One for all points, or one a point.

        Raises
        ------
        ValueError, TypeError
            For labels that are none, or that do not go with the points.
        """
        chosen = _labels(labels, self.classes)

        def score(x: Array, sigma: ArrayLike) -> Array:
            x = _inputs.points(x, len(self.mean))
            rows = _one_a_point(chosen, len(x))
            told = sigma if self.level is None else self.level
            level = noise_levels(told, len(x))[:, None].astype(self.mean.dtype)
            pick = np.eye(self.classes, dtype=self.mean.dtype)[rows]
            slope = elementwise_grad(lambda q: anp.sum(self._log_prob(q, level) * pick))
            return np.asarray(slope(x.astype(self.mean.dtype)), x.dtype)

        return score

    def _log_prob(self, x: Any, level: Array) -> Any:
        p, angle = self.params, np.log(level) * FREQUENCIES.astype(level.dtype)
        waves = np.concatenate([np.cos(angle), np.sin(angle)], 1)
        inside = (x - self.mean) / np.sqrt(level**2 + self.sd**2).astype(level.dtype)
        told = dense(waves, p["level_w"], p["level_b"])
        h = silu(dense(inside, p["in_w"], p["in_b"]) + told)
        h = silu(dense(h, p["mid_w"], p["mid_b"]))
        logits = dense(h, p["out_w"], p["out_b"])
        top = logits - anp.max(logits, axis=1, keepdims=True)
        return top - anp.log(anp.sum(anp.exp(top), axis=1, keepdims=True))


def init_classifier(
    data: ArrayLike,
    *,
    rng: np.random.Generator,
    width: int = 128,
    classes: int = CLASSES,
    level: float | None = None,
) -> NoisyClassifier:
    """A classifier with random weights, and the mean and spread of ``data``, (n, d); float32."""
    x = np.asarray(_inputs.points(data, name="data"), float)
    rng, width = _inputs.generator(rng), _inputs.count(width, "width")
    level = level if level is None else _inputs.positive(level, "level")
    shapes = {
        "level": (2 * len(FREQUENCIES), width),
        "in": (x.shape[1], width),
        "mid": (width, width),
        "out": (width, _inputs.count(classes, "classes", 2)),
    }
    params: Params = {}
    for key, (rows, columns) in shapes.items():
        draw = rng.standard_normal((rows, columns)) / np.sqrt(rows)
        params |= {f"{key}_w": draw.astype(np.float32), f"{key}_b": np.zeros(columns, np.float32)}
    sd = float(np.sqrt(x.var(0).mean()))
    return NoisyClassifier(params, x.mean(0).astype(np.float32), sd, level)


def train_classifier(
    net: NoisyClassifier,
    draw: LabelledDraw,
    *,
    steps: int,
    rng: np.random.Generator,
    sigmas: Callable[[int, np.random.Generator], NDArray[np.floating]],
    batch: int = 256,
    learning_rate: float = 2e-3,
) -> tuple[NoisyClassifier, NDArray[np.float64]]:
    """Fit by the mean of -log p(label | x_σ), with Adam and a cosine from ``learning_rate`` to 0.

    Each step draws the points and labels by ``draw(batch, rng=rng)``, their σ, then the noise. A
    classifier with a ``level`` of its own gets points without noise.

    Returns
    -------
    net : NoisyClassifier
    losses : array, shape (steps,)

    Raises
    ------
    TrainingDiverged
        If the loss is not finite.
    """
    rng, steps = _inputs.generator(rng), _inputs.count(steps, "steps")
    batch, rate = _inputs.count(batch, "batch"), _inputs.positive(learning_rate, "learning_rate")
    keys = list(net.params)
    shapes = [net.params[key].shape for key in keys]
    ends = np.cumsum([net.params[key].size for key in keys])

    def unpack(flat: Any) -> dict[str, Any]:
        cuts = zip(keys, [0, *ends[:-1]], ends, shapes, strict=True)
        return {key: anp.reshape(flat[a:b], shape) for key, a, b, shape in cuts}

    def loss(flat: Any, x: Array, level: Array, pick: Array) -> Any:
        log_p = replace(net, params=unpack(flat))._log_prob(x, level)
        return -anp.sum(log_p * pick) / len(pick)

    adam = _Adam(np.concatenate([net.params[key].ravel() for key in keys]))
    gradient, losses = value_and_grad(loss), np.empty(steps)
    for k in range(steps):
        x, labels = draw(batch, rng=rng)
        x, pick = x.astype(np.float32), np.eye(net.classes, dtype=np.float32)[labels]
        level = sigmas(batch, rng).astype(np.float32)[:, None]
        noise = rng.standard_normal(x.shape, np.float32)
        if net.level is None:
            x = x + level * noise
        else:
            level = np.full((batch, 1), net.level, np.float32)
        losses[k], g = gradient(adam.weights, x, level, pick)
        if not np.isfinite(losses[k]):
            raise TrainingDiverged(f"the loss is {losses[k]} at step number {k + 1}")
        adam.step(g, float(rate * (0.505 + 0.495 * np.cos(np.pi * k / steps))), 1.0)
    return replace(net, params=unpack(adam.weights)), losses


def label_inputs(labels: ArrayLike | None, n: int, classes: int = CLASSES) -> Array:
    """What a conditional network is told of labels, (n, classes): one mark a row, or all zeros."""
    told = np.zeros((n, classes), np.float32)
    if labels is not None:
        told[np.arange(n), _one_a_point(_labels(labels, classes), n)] = MARK
    return told


def labelled(net: ScaledNet, labels: ArrayLike | None = None) -> NoisyScore:
    """The score of one class, or with None of all of them: (x, sigma) to the shape of x.

    The last ten of the network's extra inputs name the class, all zeros none; the others are 0.
    """
    if net.extra < CLASSES:
        raise ValueError(f"net must take at least {CLASSES} extra inputs, it takes {net.extra}")

    def score(x: Array, sigma: ArrayLike) -> Array:
        rest = np.zeros((len(x), net.extra - CLASSES), np.float32)
        return net(x, sigma, np.hstack([rest, label_inputs(labels, len(x))]))

    return score


def load_classifier(name: str) -> NoisyClassifier:
    """A classifier of the digits that ``tools/train_classifier.py`` trained.

    Points are ``data.digits()[0] / 8 - 1``. ``"noisy"`` was trained at all noise levels,
    ``"clean"`` on clean images alone; both on the training part of ``load_prior("digits")``.
    """
    if name not in ("noisy", "clean"):
        raise ValueError(f"name must be 'noisy' or 'clean', got {name!r}")
    stored = read("digit_classifiers.npz")
    level = float(stored["clean_level"]) if name == "clean" else None
    return NoisyClassifier(_weights(stored, name), stored["mean"], float(stored["sd"]), level)


def load_conditional() -> ScaledNet:
    """The score of the digits that was told their labels, four times in five; see labelled."""
    stored = read("conditional_digits.npz")
    return ScaledNet(
        _weights(stored, "p"), stored["mean"], float(stored["sd"]), int(stored["extra"])
    )


def _weights(stored: dict[str, NDArray[Any]], prefix: str) -> Params:
    head = f"{prefix}_p_" if prefix != "p" else "p_"
    found = {k.removeprefix(head): a for k, a in stored.items() if k.startswith(head)}
    return {key: a.astype(np.float32) for key, a in found.items()}


def _labels(labels: ArrayLike, classes: int) -> NDArray[np.int64]:
    a = np.asarray(labels)
    if a.dtype.kind not in "iu" or a.ndim > 1 or a.size == 0:
        came = _inputs.describe(labels)
        raise TypeError(f"labels must be a whole number or an array (n,) of them, got {came}")
    if a.min() < 0 or a.max() >= classes:
        raise ValueError(f"labels must be from 0 to {classes - 1}, got {a.min()} to {a.max()}")
    return a.astype(np.int64)


def _one_a_point(labels: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    if labels.shape not in ((), (n,)):
        raise ValueError(f"labels must be one number or of shape {(n,)}, got {labels.shape}")
    return np.broadcast_to(labels, (n,))
