r"""Forward operators: what a measurement :math:`y=Ax+\tau n` does to a point before the noise.

Each is a :class:`scipy.sparse.linalg.LinearOperator` on *flattened* points: A is (m, d), with its
adjoint Aᵀ beside it. Images are flattened row by row. Nothing stores a dense matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from . import _inputs
from .chains import Array

Shape = tuple[int, int]
Batch = Callable[[Any], Any]
ADJOINT_TOL = 1e-6  # of the dot-product test; rounding in float64 leaves about 1e-16


def blur(shape: Shape, sd: float) -> LinearOperator:
    """Gaussian blur of an image, its border mirrored: a constant image stays as it is.

    Parameters
    ----------
    shape : (rows, columns)
    sd : float
        Standard deviation of the kernel in pixels; it is cut at 4 of them.

    Returns
    -------
    LinearOperator, (d, d)
        Symmetric: the mirror about the edges between pixels makes it so.
    """
    (rows, columns), sd = _shape(shape), _inputs.positive(sd, "sd")
    down, across = _blur_line(rows, sd), _blur_line(columns, sd)

    def forward(x: Array) -> Any:
        return (down @ x.reshape(-1, rows, columns) @ across.T).reshape(len(x), -1)

    return _operator(rows * columns, rows * columns, forward, forward)


def mask(keep: ArrayLike) -> LinearOperator:
    """Keep some entries of a point: inpainting measures the pixels where ``keep`` is true.

    Parameters
    ----------
    keep : boolean array, any shape
        d is its size, m the number of true entries, at least 1.
    """
    where = np.flatnonzero(_keep(keep))
    d = np.size(keep)

    def adjoint(y: Array) -> Array:
        x = np.zeros((len(y), d), y.dtype)
        x[:, where] = y
        return x

    return _operator(len(where), d, lambda x: x[:, where], adjoint)


def downsample(shape: Shape, factor: int) -> LinearOperator:
    """Average square blocks of ``factor`` × ``factor`` pixels.

    Raises
    ------
    ValueError
        If the blocks do not tile the image.
    """
    (rows, columns), factor = _shape(shape), _inputs.count(factor, "factor")
    if rows % factor or columns % factor:
        raise ValueError(f"factor must divide both sides of {(rows, columns)}, got {factor}")
    low = rows // factor, columns // factor

    def forward(x: Array) -> Any:
        blocks = x.reshape(-1, low[0], factor, low[1], factor)
        return blocks.mean((2, 4)).reshape(len(x), -1)

    def adjoint(y: Array) -> Any:
        blocks = y.reshape(-1, low[0], 1, low[1], 1) / factor**2
        wide = np.broadcast_to(blocks, (len(y), low[0], factor, low[1], factor))
        return wide.reshape(len(y), -1)

    return _operator(low[0] * low[1], rows * columns, forward, adjoint)


def masked_fourier(shape: Shape, keep: ArrayLike) -> LinearOperator:
    r"""Some Fourier coefficients of a real image: what a magnetic resonance scanner measures.

    The transform is unitary, :math:`\hat x_k=d^{-1/2}\sum_j x_je^{-2\pi i\,k\cdot j/N}`; the kept
    coefficients come as real parts, then imaginary parts. Those of k and -k are conjugates: keep
    one of the two unless both were measured. The adjoint is the real part of the inverse
    transform of the coefficients, with zeros where none was kept.

    Parameters
    ----------
    shape : (rows, columns)
    keep : boolean array, of that shape
        In the order of ``numpy.fft.fft2``: frequency 0 first.

    Returns
    -------
    LinearOperator, (m, d)
        m is twice the number of true entries.
    """
    rows, columns = _shape(shape)
    wanted = _keep(keep)
    if wanted.shape != (rows, columns):
        raise ValueError(f"keep must have shape {(rows, columns)}, got {wanted.shape}")
    where, d = np.flatnonzero(wanted), rows * columns

    def forward(x: Array) -> Array:
        hat = np.fft.fft2(x.reshape(-1, rows, columns), norm="ortho").reshape(len(x), -1)[:, where]
        return np.concatenate([hat.real, hat.imag], 1).astype(x.dtype)

    def adjoint(y: Array) -> Array:
        hat = np.zeros((len(y), d), complex)
        hat[:, where] = y[:, : len(where)] + 1j * y[:, len(where) :]
        image = np.fft.ifft2(hat.reshape(-1, rows, columns), norm="ortho").real
        return image.reshape(len(y), -1).astype(y.dtype)

    return _operator(2 * len(where), d, forward, adjoint)


def radon(matrix: Any) -> LinearOperator:
    """Line integrals at a few angles, from the matrix (m, d) of what each pixel adds to each ray.

    Any real matrix will do, sparse or dense.

    Raises
    ------
    TypeError, ValueError
        If it is not a real, finite matrix.
    """
    if not sparse.issparse(matrix):
        return aslinearoperator(_inputs.parameter(matrix, "matrix", 2))
    a = sparse.csr_matrix(matrix)
    _inputs.parameter(a.data, "matrix", 1)
    return aslinearoperator(a.astype(np.float64))


def apply(operator: LinearOperator, x: Array) -> Array:
    """A x for each point of a batch: (n, d) in, (n, m) out, in the dtype of x."""
    return np.ascontiguousarray(operator.matmat(x.T).T, x.dtype)


def apply_adjoint(operator: LinearOperator, y: Array) -> Array:
    """Aᵀ y for each measurement of a batch: (n, m) in, (n, d) out, in the dtype of y."""
    return np.ascontiguousarray(operator.rmatmat(y.T).T, y.dtype)


def adjoint_error(A: LinearOperator, *, rng: np.random.Generator, trials: int = 5) -> float:
    r"""The dot-product test: how far is the adjoint from being one?

    .. math:: \max\frac{|\langle Ax,y\rangle-\langle x,A^\top y\rangle|}
                       {|Ax|\,|y|+|x|\,|A^\top y|}

    over random x and y. Rounding leaves about 1e-16; a wrong adjoint leaves about
    :math:`m^{-1/2}` or more, hardly ever less (Claerbout 1992, *Earth Soundings Analysis*, ch. 5).

    Parameters
    ----------
    A : LinearOperator, (m, d)
    rng : numpy.random.Generator
    trials : int

    Raises
    ------
    TypeError, ValueError
        If A is no LinearOperator, has no adjoint, or returns something of the wrong shape.
    """
    if not isinstance(A, LinearOperator):
        raise TypeError(
            "A must be a scipy.sparse.linalg.LinearOperator, such as operators.blur or "
            f"aslinearoperator(matrix), got {_inputs.describe(A)}"
        )
    rng, errors = _inputs.generator(rng), [0.0]
    for _ in range(_inputs.count(trials, "trials")):
        x, y = rng.standard_normal(A.shape[1]), rng.standard_normal(A.shape[0])
        try:
            there, back = A.matvec(x), A.rmatvec(y)
        except NotImplementedError:
            raise ValueError("A must have an adjoint: define its rmatvec") from None
        if np.iscomplexobj(there) or np.iscomplexobj(back):
            raise ValueError("A must be real: stack real and imaginary parts")
        size = np.linalg.norm(there) * np.linalg.norm(y) + np.linalg.norm(x) * np.linalg.norm(back)
        gap = abs(there @ y - x @ back)
        errors.append(0.0 if size == 0 else gap / size)
    return float(np.max(errors))  # NaN if one is


def checked(A: LinearOperator) -> LinearOperator:
    """Return A if it passes the dot-product test; every likelihood of the book asks for that."""
    error = adjoint_error(A, rng=np.random.default_rng(0))
    if not error <= ADJOINT_TOL:
        raise ValueError(
            "A must have an adjoint with <Ax, y> = <x, Aᵀy>, got a relative difference of "
            f"{error:.2g}: its rmatvec is not the transpose of its matvec"
        )
    return A


def _operator(m: int, d: int, forward: Batch, adjoint: Batch) -> LinearOperator:
    """An operator from two functions of batches, (n, d) -> (n, m) and back."""
    return LinearOperator(
        (m, d),
        matvec=lambda x: forward(x.reshape(1, -1))[0],
        rmatvec=lambda y: adjoint(y.reshape(1, -1))[0],
        matmat=lambda x: forward(x.T).T,
        rmatmat=lambda y: adjoint(y.T).T,
        dtype=np.float64,
    )


def _blur_line(n: int, sd: float) -> NDArray[np.float64]:
    """The n × n matrix of a Gaussian blur on a line whose ends are mirrors."""
    reach = max(1, int(4 * sd + 0.5))
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-(offsets**2) / (2 * sd**2))
    matrix = np.zeros((n, n))
    for i in range(n):
        folded = (i + offsets) % (2 * n)  # … c b a | a b c … n-1 | n-1 …
        np.add.at(matrix[i], np.minimum(folded, 2 * n - 1 - folded), kernel / kernel.sum())
    return matrix


def _shape(shape: Any) -> Shape:
    if not (isinstance(shape, tuple | list) and len(shape) == 2):
        raise TypeError(f"shape must be (rows, columns), got {_inputs.describe(shape)}")
    return _inputs.count(shape[0], "rows"), _inputs.count(shape[1], "columns")


def _keep(keep: ArrayLike) -> NDArray[np.bool_]:
    k = np.asarray(keep)
    if k.dtype != bool:
        raise TypeError(f"keep must be an array of booleans, got {_inputs.describe(k)}")
    if not k.any():
        raise ValueError("keep must be true somewhere, got no entry to measure")
    return k
