"""What all samplers share: the trace they return, and the care they take of their state."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs

Array = NDArray[np.floating]
Field = Callable[[Array], Array]
LogProb = Callable[[Array], Array]
# Up to this dimension the state lies in memory coordinate by coordinate: see work_copy.
FEW_COORDINATES = 16
# A step that works chain by chain is done on so many numbers at a time: they stay in the cache.
BLOCK = 2**16


class Diverged(FloatingPointError):
    """The chains left the finite numbers: the step is too large for the score."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What a sampler returns.

    ``x``, shape ``(n, *shape)``: where the chains are. ``kept``, ``(k, n, *shape)``: where they
    were after every ``keep_every`` steps, empty if nothing was kept. ``acceptance``, ``(n,)``: the
    accepted share of each chain's proposals, all 1 for ULA. ``evaluations``: scores a chain cost.
    """

    x: Array
    kept: Array
    acceptance: NDArray[np.float64]
    evaluations: int


def arguments(
    x: ArrayLike, step: float, steps: int, rng: np.random.Generator, keep_every: int
) -> tuple[Array, float, int, int]:
    """Check what all samplers take."""
    _inputs.generator(rng)
    return (
        _inputs.batch(x),
        _inputs.positive(step, "step"),
        _inputs.count(steps, "steps"),
        _inputs.count(keep_every, "keep_every", 0),
    )


def work_copy(start: Array) -> Array:
    """Copy the start for work in place; few coordinates lie in memory one after the other.

    A batch (n, 2) is then stored as (2, n): NumPy runs along memory, two to four times as fast.
    """
    few = start.ndim == 2 and start.shape[1] <= FEW_COORDINATES
    return np.array(start, order="F" if few else "C")


def blocks(x: Array) -> list[slice]:
    """Slices of chains that hold about ``BLOCK`` numbers each."""
    n = len(x)
    size = max(1, BLOCK * n // x.size)
    return [slice(a, min(a + size, n)) for a in range(0, n, size)]


class Noise:
    """Standard normals for a batch like ``x``: drawn in C order, laid out as x, in one buffer."""

    def __init__(self, x: Array, rng: np.random.Generator) -> None:
        self.rng, self.z = _inputs.generator(rng), np.empty_like(x)
        self.drawn = self.z if self.z.flags.c_contiguous else np.empty_like(x, order="C")

    def draw(self, n: int | None = None) -> Array:
        """Draw for the next ``n`` chains, all of them if None; overwrites what was drawn before."""
        z, drawn = self.z[:n], self.drawn[:n]
        self.rng.standard_normal(out=drawn, dtype=drawn.dtype)
        if z.base is not drawn.base:
            np.copyto(z, drawn)
        return z


def score_at(score: Field, x: Array, name: str = "score") -> Array:
    """Return the score, or another field, at x; raise if it changed shape or dtype."""
    s = score(x)
    if not isinstance(s, np.ndarray) or s.shape != x.shape or s.dtype != x.dtype:
        raise ValueError(
            f"{name} must return an array of shape {x.shape} and dtype {x.dtype}, as it got, "
            f"got {_inputs.describe(s)}"
        )
    return s


def one_each(log_p: Any, x: Array) -> Array:
    """Return the log densities at x; raise if they are not one number a chain."""
    if np.shape(log_p) != (len(x),):
        raise ValueError(f"log_prob must return shape {(len(x),)}, got {np.shape(log_p)}")
    return np.asarray(log_p)


def finite_start(log_p: Array, s: Array) -> None:
    """Raise unless both are finite: of a chain that starts at NaN no proposal is ever accepted."""
    _inputs.finite(log_p, "log_prob of the start")
    _inputs.finite(s, "score of the start")


def moved(old: NDArray[Any], new: NDArray[Any], accept: NDArray[np.bool_]) -> NDArray[Any]:
    """Return ``new`` for the chains that accepted and ``old`` for the others; may write into old.

    Rows that lie in one piece are copied as such: ``np.where`` takes up to ten times as long.
    """
    if old.ndim > 1 and old.flags.c_contiguous:
        np.copyto(_rows(old), _rows(np.ascontiguousarray(new, old.dtype)), where=accept)
        return old
    return np.where(accept.reshape(-1, *(1,) * (old.ndim - 1)), new, old)


def _rows(x: NDArray[Any]) -> NDArray[Any]:
    """The same memory, (n,): each row is one item of as many bytes."""
    return x.reshape(len(x), -1).view(f"V{x[0].nbytes}")[:, 0]


def watch(x: Array, k: int, step: float) -> None:
    """Raise :class:`Diverged` if any chain left the finite numbers."""
    flat = x.ravel(order="K")  # a view: no copy, whatever the memory order
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.dot(flat, flat)
    if not math.isfinite(size):
        raise Diverged(
            f"the chains left the finite numbers at step number {k} with step={step:g}: it is "
            "beyond the stability limit of this score (2/L, where -L is its steepest slope), or "
            "the score returned NaN"
        )
