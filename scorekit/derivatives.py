"""Derivatives of vector fields: along a direction, the Jacobian, curl and divergence.

Central differences with a ``step``, which any field allows, or with ``step=None`` autograd's
forward mode, exact to rounding, for networks and fields written in ``autograd.numpy``. A network of
float32 weights needs ``step=None`` or ``net.astype(float)``: differences of numbers with seven
digits are mostly rounding. A field must treat each point by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs

Array = NDArray[np.floating]
Field = Callable[[Array], Array]


def evaluate(field: Field, x: Array, name: str = "field") -> Array:
    """Return ``field(x)`` after checking that the field kept the shape and is finite."""
    value = np.asarray(field(x))
    if value.shape != x.shape:
        raise ValueError(
            f"{name} must return an array of the shape it got, {x.shape}, got {value.shape}"
        )
    _inputs.finite(value, f"{name}(x)")
    return value


def derivative(
    field: Field, x: ArrayLike, direction: ArrayLike, *, step: float | None = 1e-5
) -> Array:
    r"""The derivative along one direction a point, :math:`J(x)\,u`.

    The error of the central difference is about step² from truncation and 1e-16/step from
    rounding, each in units of the field and its third derivative.

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    x : array, shape (n, d)
    direction : array, shape (n, d) or (d,)
    step : float or None
        None: by autograd.

    Returns
    -------
    array, shape (n, d)

    Raises
    ------
    ValueError, TypeError
        If ``x`` or ``direction`` is not finite or of another shape, ``step`` is not positive, the
        field changes shape or is not finite, or autograd cannot follow it.
    """
    x = _inputs.points(x)
    u = np.asarray(direction, x.dtype if step is None else float)
    if u.shape not in (x.shape, x.shape[1:]):
        raise ValueError(f"direction must have shape {x.shape} or {x.shape[1:]}, got {u.shape}")
    _inputs.finite(u, "direction")
    if step is None:
        return _forward(field, x, np.broadcast_to(u, x.shape))
    x, h = np.asarray(x, float), _inputs.positive(step, "step") * u
    ahead, behind = np.split(evaluate(field, np.concatenate([x + h, x - h])), 2)
    return np.asarray((ahead - behind) / (2 * step))


def _forward(field: Field, x: Array, u: Array) -> Array:
    from autograd import make_jvp

    try:
        value, along = make_jvp(field)(x)(u)
        if np.asarray(value).dtype == object:  # plain NumPy has stacked autograd's boxes
            raise TypeError("its result is an array of objects")
    except (TypeError, ValueError, NotImplementedError) as error:
        raise TypeError(
            f"field must be one that autograd can follow when step is None ({error}); give points "
            "of the dtype of the network's weights, or a step to take differences"
        ) from error
    evaluate(lambda _: value, x)
    _inputs.finite(np.asarray(along), "the field's derivative")
    return np.asarray(along)


def jacobian(field: Field, x: ArrayLike, *, step: float | None = 1e-5) -> Array:
    r"""The matrices :math:`J_{ij} = \partial v_i / \partial x_j`; of a score, log p's Hessian.

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    x : array, shape (n, d)
    step : float or None
        As for :func:`derivative`.

    Returns
    -------
    array, shape (n, d, d)

    Raises
    ------
    ValueError, TypeError
        As :func:`derivative`.
    """
    x = _inputs.points(x)
    n, d = x.shape
    axes = np.repeat(np.eye(d), n, axis=0)
    columns = derivative(field, np.tile(x, (d, 1)), axes, step=step).reshape(d, n, d)
    return np.ascontiguousarray(np.moveaxis(columns, 0, 2))


def curl(field: Field, x: ArrayLike, *, step: float | None = 1e-5) -> Array:
    r"""How a field turns, plane by plane: :math:`C_{ij} = \partial_i v_j - \partial_j v_i`.

    In the plane the curl is ``curl(field, x)[:, 0, 1]``, in space the textbook's vector is
    :math:`(C_{23}, C_{31}, C_{12})`. All are 0 if, and on a domain without holes only if, the
    field is a gradient.

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    x : array, shape (n, d)
    step : float or None
        As for :func:`derivative`.

    Returns
    -------
    array, shape (n, d, d)
        Antisymmetric.

    Raises
    ------
    ValueError, TypeError
        As :func:`derivative`, and if d is 1: a field on a line cannot turn.
    """
    if _inputs.points(x).shape[1] < 2:
        raise ValueError(f"x must have at least 2 coordinates, got {_inputs.describe(x)}")
    j = jacobian(field, x, step=step)
    return np.asarray(j.swapaxes(1, 2) - j)


def divergence(field: Field, x: ArrayLike, *, step: float | None = 1e-5) -> Array:
    r"""The trace of the Jacobian, :math:`\nabla\cdot v`, in d derivatives.

    For the score it is the Laplacian of log p, which is that of −E.

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    x : array, shape (n, d)
    step : float or None
        As for :func:`derivative`.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    ValueError, TypeError
        As :func:`derivative`.
    """
    x = _inputs.points(x)
    axes = np.eye(x.shape[1])
    return np.asarray(sum(derivative(field, x, e, step=step) @ e for e in axes))


def hutchinson(
    field: Field,
    x: ArrayLike,
    *,
    probes: int,
    rng: np.random.Generator,
    kind: str = "signs",
    step: float | None = 1e-5,
) -> Array:
    r"""Unbiased estimates :math:`z^\top J z` of the divergence, one derivative each.

    Hutchinson (1990, *Comm. Stat. Simul. Comput.* 19, 433–450). With :math:`S = (J+J^\top)/2` the
    variance of one is :math:`2\sum_{i\ne j}S_{ij}^2` for random signs and
    :math:`2\sum_{ij}S_{ij}^2` for normal z: the antisymmetric part of J adds nothing.

    Parameters
    ----------
    field : callable, (n, d) to (n, d)
    x : array, shape (n, d)
    probes : int
        Estimates a point.
    rng : numpy.random.Generator
        Draws (n, d) numbers for each probe in turn.
    kind : "signs" or "normal"
    step : float or None
        As for :func:`derivative`.

    Returns
    -------
    array, shape (probes, n)
        Independent: their mean and spread give the divergence and its error.

    Raises
    ------
    ValueError, TypeError
        As :func:`derivative`, and for another ``kind``.
    """
    x, rng = _inputs.points(x), _inputs.generator(rng)
    if kind not in ("signs", "normal"):
        raise ValueError(f"kind must be 'signs' or 'normal', got {kind!r}")
    found = []
    for _ in range(_inputs.count(probes, "probes")):
        normal = kind == "normal"
        z = rng.standard_normal(x.shape) if normal else 2.0 * rng.integers(2, size=x.shape) - 1
        z = z.astype(x.dtype)
        found.append((z * derivative(field, x, z, step=step)).sum(1))
    return np.stack(found)
