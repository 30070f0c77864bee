"""Checks on what a caller passes in.

Every message names the argument, what was expected and what came.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def describe(value: Any) -> str:
    """Say what came: shape and dtype for an array, the value for a scalar, the type otherwise."""
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, np.ndarray | np.generic | bool | int | float | complex | str):
        return repr(value)
    return type(value).__name__


def finite(x: NDArray[Any], name: str) -> None:
    """Raise if an array holds NaN or infinity, and say how many and where the first one is."""
    ok = np.isfinite(x)
    if not ok.all():
        where = tuple(int(i) for i in np.argwhere(~ok)[0])
        raise ValueError(
            f"{name} must be finite, got {int((~ok).sum())} NaN or infinite entries "
            f"(the first at index {where})"
        )


def points(x: ArrayLike, dim: int | None = None, name: str = "x") -> NDArray[Any]:
    """Return ``x`` as a non-empty, finite floating-point batch of shape ``(n, d)``.

    Integer arrays are refused, not converted: a sampler that updates such a batch in place would
    truncate every step.
    """
    a = np.asarray(x)
    want = f"(n, {'d' if dim is None else dim})"
    if a.dtype not in FLOATS:
        raise TypeError(
            f"{name} must be a float64 or float32 array of shape {want}, got {describe(a)}; "
            "convert it with .astype(float)"
        )
    if a.ndim == 1 and dim is not None and a.size == dim:
        raise ValueError(
            f"{name} must be a batch of shape {want}, got one point of shape {a.shape}; "
            f"write {name}[None]"
        )
    if a.ndim != 2 or (dim is not None and a.shape[1] != dim):
        raise ValueError(f"{name} must have shape {want}, got {describe(a)}")
    if a.size == 0:
        raise ValueError(f"{name} must hold at least one point, got {describe(a)}")
    finite(a, name)
    return a


def batch(x: ArrayLike, name: str = "x") -> NDArray[Any]:
    """Return ``x`` as a non-empty, finite floating-point batch ``(n, *shape)`` of any shape."""
    a = np.asarray(x)
    if a.dtype not in FLOATS:
        raise TypeError(
            f"{name} must be a float64 or float32 array of shape (n, *shape), got {describe(a)}; "
            "convert it with .astype(float)"
        )
    if a.ndim < 2 or a.size == 0:
        raise ValueError(
            f"{name} must be a non-empty batch of shape (n, *shape), got {describe(a)}"
        )
    finite(a, name)
    return a


def parameter(value: ArrayLike, name: str, ndim: int) -> NDArray[np.float64]:
    """Return a read-only, finite, non-empty float64 copy of a parameter with ``ndim`` axes."""
    try:
        raw = np.asarray(value)
        if raw.dtype.kind not in "iuf":
            raise TypeError
        a = np.array(raw, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be an array of real numbers, got {describe(value)}") from None
    if a.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes, got {describe(a)}")
    if a.size == 0:
        raise ValueError(f"{name} must not be empty, got {describe(a)}")
    finite(a, name)
    a.setflags(write=False)
    return a


def spins(value: ArrayLike, shape: tuple[str | int, ...], name: str = "spins") -> NDArray[np.int8]:
    """Return a batch of ±1 as int8, of a shape such as ``("n", "rows", 8)``: words stand for any.

    The array itself comes back if it is int8 already.
    """
    s = np.asarray(value)
    fits = s.ndim == len(shape) and all(
        isinstance(want, str) or want == size for want, size in zip(shape, s.shape, strict=True)
    )
    if not fits or s.size == 0:
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"{name} must have shape ({wanted}), got {describe(s)}")
    if s.dtype.kind not in "if" or not (np.abs(s) == 1).all():
        raise ValueError(f"{name} must be +1 or -1 everywhere, got {describe(s)}")
    return s.astype(np.int8, copy=False)


def positive(value: Any, name: str) -> float:
    """Return a scalar as a positive, finite float."""
    a = np.asarray(value)
    if isinstance(value, bool) or a.ndim != 0 or a.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be one positive number, got {describe(value)}")
    number = float(a)
    if not (np.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be positive and finite, got {number!r}")
    return number


def count(value: Any, name: str, least: int = 1) -> int:
    """Return a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {describe(value)}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {int(value)}")
    return int(value)


def generator(rng: Any) -> np.random.Generator:
    """Return ``rng`` if it is a Generator; seeds and the legacy RandomState are refused."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            "rng must be a numpy.random.Generator, for example np.random.default_rng(0), "
            f"got {describe(rng)}"
        )
    return rng


def cholesky(cov: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Return the lower triangular L with L Lᵀ = cov; raise unless cov is SPD."""
    if cov.shape[0] != cov.shape[1]:
        raise ValueError(f"{name} must be square, got {describe(cov)}")
    if not np.allclose(cov, cov.T, rtol=1e-10, atol=1e-12 * np.abs(cov).max()):
        gap = np.abs(cov - cov.T).max()
        raise ValueError(
            f"{name} must be symmetric, got a matrix that differs from its transpose by {gap:.3g}"
        )
    return spd_root(cov, name)


def spd_root(cov: NDArray[Any], name: str) -> NDArray[Any]:
    """Cholesky factors of symmetric matrices, (..., d, d); raise unless they are definite."""
    try:
        root = np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        root = np.full_like(cov, np.nan)
    # Some builds of LAPACK, that of the pages among them, return NaN and raise nothing.
    if not np.isfinite(root).all():
        least = np.linalg.eigvalsh(cov).min()
        raise ValueError(f"{name} must be positive definite, got smallest eigenvalue {least:.3g}")
    return np.asarray(root)


def inverse_cholesky(cov: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Return W with W cov Wᵀ = I, so that z = W (x - mean) is white; raise unless cov is SPD."""
    return np.asarray(np.linalg.inv(cholesky(cov, name)))
