"""Forward operators against dense matrices and other libraries, and adjoints that are wrong."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import ndimage, sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from scorekit.operators import (
    adjoint_error,
    apply,
    apply_adjoint,
    blur,
    checked,
    downsample,
    mask,
    masked_fourier,
    radon,
)

RNG = np.random.default_rng(0)
KEEP = RNG.random((6, 4)) < 0.5
MATRIX = RNG.standard_normal((5, 24)) * (RNG.random((5, 24)) < 0.3)
MAKERS = {
    "blur": lambda: blur((6, 4), 0.9),
    "mask": lambda: mask(KEEP),
    "downsample": lambda: downsample((6, 4), 2),
    "fourier": lambda: masked_fourier((6, 4), KEEP),
    "sparse": lambda: radon(sparse.csr_matrix(MATRIX)),
    "dense": lambda: radon(MATRIX),
}


def dense(operator):
    return operator.matmat(np.eye(operator.shape[1]))


@pytest.mark.parametrize("name", MAKERS)
def test_the_adjoint_is_the_transpose(name):
    operator = MAKERS[name]()
    assert isinstance(operator, LinearOperator)
    matrix = dense(operator)
    np.testing.assert_allclose(operator.rmatmat(np.eye(operator.shape[0])), matrix.T, atol=1e-12)
    assert adjoint_error(operator, rng=np.random.default_rng(1)) < 1e-14
    assert checked(operator) is operator


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", MAKERS)
def test_batches_are_the_matrix_times_each_point_and_keep_their_dtype(name, dtype):
    operator = MAKERS[name]()
    matrix, rng = dense(operator), np.random.default_rng(2)
    x = rng.standard_normal((3, operator.shape[1])).astype(dtype)
    y = rng.standard_normal((3, operator.shape[0])).astype(dtype)
    there, back = apply(operator, x), apply_adjoint(operator, y)
    assert there.dtype == back.dtype == dtype
    tol = 1e-5 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(there, x @ matrix.T, atol=tol)
    np.testing.assert_allclose(back, y @ matrix, atol=tol)
    np.testing.assert_allclose(operator.matvec(x[0]), there[0], atol=tol)


def test_blur_is_scipys_gaussian_filter_with_mirrored_borders():
    for sd in (0.7, 1.3, 3.0):  # the last reaches round the image twice
        image = RNG.standard_normal((6, 4))
        got = blur((6, 4), sd).matvec(image.ravel()).reshape(6, 4)
        np.testing.assert_allclose(got, ndimage.gaussian_filter(image, sd, mode="reflect"))
    np.testing.assert_allclose(blur((5, 3), 1.0).matvec(np.ones(15)), 1)


def test_mask_and_downsample_by_hand():
    x = np.arange(24.0)
    np.testing.assert_array_equal(mask(KEEP).matvec(x), x[KEEP.ravel()])
    want = [[(0 + 1 + 4 + 5) / 4, (2 + 3 + 6 + 7) / 4]]
    np.testing.assert_allclose(downsample((6, 4), 2).matvec(x)[:2], want[0])
    # AAᵀ = I/f²: block means of unit noise have that variance.
    low = dense(downsample((6, 4), 2))
    np.testing.assert_allclose(low @ low.T, np.eye(6) / 4, atol=1e-15)


def test_all_fourier_coefficients_lose_nothing_and_half_of_them_suffice():
    full = masked_fourier((6, 4), np.ones((6, 4), bool))
    x = RNG.standard_normal(24)
    np.testing.assert_allclose(full.rmatvec(full.matvec(x)), x)
    hat = np.fft.fft2(x.reshape(6, 4), norm="ortho").ravel()
    np.testing.assert_allclose(full.matvec(x), np.concatenate([hat.real, hat.imag]))


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    sd=st.floats(0.1, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_adjoints_on_any_shape(rows, columns, sd, seed):
    rng = np.random.default_rng(seed)
    keep = rng.random((rows, columns)) < 0.5
    keep[0, 0] = True
    for operator in (
        blur((rows, columns), sd),
        mask(keep),
        masked_fourier((rows, columns), keep),
        downsample((2 * rows, 2 * columns), 2),
        downsample((3 * rows, 3 * columns), 3),
    ):
        assert adjoint_error(operator, rng=rng) < 1e-13


def wrong(forward, adjoint, shape=(4, 4)):
    return LinearOperator(shape, matvec=forward, rmatvec=adjoint, dtype=float)


SHIFT = np.roll(np.eye(4), 1, 0)
WRONG = {
    "the operator itself": wrong(lambda x: SHIFT @ x, lambda y: SHIFT @ y),
    "a scale": wrong(lambda x: 2 * x, lambda y: y),
    "the inverse": aslinearoperator(np.diag([1.0, 2.0, 3.0, 4.0]))
    @ wrong(lambda x: x, lambda y: -y),
    "nan": wrong(lambda x: x, lambda y: y * np.nan),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_adjoint_is_caught(name):
    with pytest.raises(ValueError, match="must have an adjoint with"):
        checked(WRONG[name])


def test_forgetting_to_take_the_real_part_or_to_divide_is_caught():
    a = downsample((4, 4), 2)
    pull_up = wrong(a.matvec, lambda y: 4 * a.rmatvec(y), a.shape)  # repeats, does not divide
    assert adjoint_error(pull_up, rng=np.random.default_rng(3)) > 0.1
    hat = wrong(lambda x: np.fft.fft(x), lambda y: np.fft.ifft(y))
    with pytest.raises(ValueError, match="A must be real"):
        checked(hat)


BAD = [
    (lambda: blur((4, 4), 0), ValueError, "sd must be positive"),
    (lambda: blur(16, 1.0), TypeError, "shape must be"),
    (lambda: blur((4, 0), 1.0), ValueError, "columns must be at least 1"),
    (lambda: mask(np.zeros((4, 4), bool)), ValueError, "keep must be true somewhere"),
    (lambda: mask(np.ones((4, 4))), TypeError, "array of booleans"),
    (lambda: downsample((6, 4), 4), ValueError, "factor must divide"),
    (lambda: masked_fourier((4, 4), KEEP), ValueError, r"keep must have shape \(4, 4\)"),
    (lambda: radon(np.ones(3)), ValueError, "matrix must have 2 axes"),
    (lambda: radon(1j * np.eye(2)), TypeError, "real numbers"),
    (lambda: radon(sparse.csr_matrix([[np.nan, 1.0]])), ValueError, "matrix must be finite"),
    (lambda: radon(sparse.csr_matrix([[1j, 1.0]])), TypeError, "real numbers"),
    (lambda: checked(np.eye(3)), TypeError, "A must be a scipy.sparse.linalg.LinearOperator"),
    (
        lambda: checked(LinearOperator((3, 3), matvec=lambda x: x, dtype=float)),
        ValueError,
        "define its rmatvec",
    ),
    (lambda: adjoint_error(blur((2, 2), 1.0), rng=0), TypeError, "rng must be"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
