"""Gaussian fields against dense matrices, automatic differentiation and their own theory."""

import itertools

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from scorekit import langevin
from scorekit.gaussian_fields import GaussianField, field_langevin

SHAPES = [(7,), (8,), (4, 6), (5, 4), (3, 4, 5)]


def power_law(shape, pinned=False, seed=None):
    """An even, positive power; with a seed, a rough one."""
    lines = [2 * np.pi * np.fft.fftfreq(n) for n in shape]
    k2 = sum(g**2 for g in np.meshgrid(*lines, indexing="ij"))
    p = 1 / (0.3 + k2)
    if seed is not None:
        r = np.random.default_rng(seed).uniform(0.2, 3, shape)
        p = r + np.roll(np.flip(r), 1, tuple(range(len(shape))))
    if pinned:
        p.ravel()[0] = 0
    return p


def dense(power):
    """The covariance of the field, cell by cell: IDFT of P, moved about."""
    correlation = np.fft.ifftn(power).real
    shape = power.shape
    cells = list(itertools.product(*(range(n) for n in shape)))
    return np.array(
        [
            [
                correlation[tuple((i - j) % n for i, j, n in zip(a, b, shape, strict=True))]
                for b in cells
            ]
            for a in cells
        ]
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_log_prob_and_score_are_those_of_the_dense_normal(shape):
    p, rng = GaussianField(power_law(shape)), np.random.default_rng(0)
    x, cov = rng.standard_normal((3, *shape)), dense(p.power)
    normal = stats.multivariate_normal(np.zeros(len(cov)), cov)
    np.testing.assert_allclose(p.log_prob(x), normal.logpdf(x.reshape(3, -1)), rtol=1e-10)
    want = -np.linalg.solve(cov, x.reshape(3, -1).T).T.reshape(x.shape)
    np.testing.assert_allclose(p.score(x), want, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_score_is_the_slope_of_the_quadratic_form(shape, pinned, seed):
    power = power_law(shape, pinned, seed)
    p, x = GaussianField(power), np.random.default_rng(seed).standard_normal((2, *shape))
    inverse = np.divide(1, power, out=np.zeros(shape), where=power > 0)

    def log_p(x):
        spectrum = anp.fft.fftn(x)
        square = anp.real(spectrum) ** 2 + anp.imag(spectrum) ** 2
        return -anp.sum(square * inverse) / (2 * x.size)

    slope = np.array([autograd.grad(log_p)(field) for field in x])
    np.testing.assert_allclose(p.score(x), slope, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("shape", [(7,), (4, 6), (3, 4, 5)])
def test_a_pinned_mean_is_the_normal_of_the_other_dimensions(shape):
    p, rng = GaussianField(power_law(shape, pinned=True)), np.random.default_rng(1)
    x, n = p.sample(2, rng=rng), int(np.prod(shape))
    assert np.abs(x.mean(tuple(range(1, x.ndim)))).max() < 1e-15
    basis = np.linalg.qr(np.column_stack([np.ones(n), np.eye(n)[:, 1:]]))[0][:, 1:]
    normal = stats.multivariate_normal(np.zeros(n - 1), basis.T @ dense(p.power) @ basis)
    np.testing.assert_allclose(p.log_prob(x), normal.logpdf(x.reshape(2, -1) @ basis), rtol=1e-9)
    assert (p.log_prob(x + 0.1) == -np.inf).all()
    np.testing.assert_allclose(p.score(x + 0.1), p.score(x), atol=1e-12)
    assert p.pinned
    assert not p.blurred(0.1).pinned


def test_draws_have_the_power():
    power = power_law((6, 4), seed=2)
    x = GaussianField(power).sample(40_000, rng=np.random.default_rng(2))
    found = (np.abs(np.fft.fft2(x)) ** 2).mean(0) / 24
    # A mode that is its own mirror has one number, the others two.
    own = np.zeros((6, 4), bool)
    own[np.ix_([0, 3], [0, 2])] = True
    se = power * np.sqrt(np.where(own, 2, 1) / len(x))
    assert (np.abs(found - power) < 4.5 * se).all()


def test_whitening_undoes_colouring_and_blurring_adds_noise():
    p, rng = GaussianField(power_law((5, 6))), np.random.default_rng(3)
    z = rng.standard_normal((2, 5, 6))
    np.testing.assert_allclose(p.whiten(p.colour(z)), z, atol=1e-13)
    np.testing.assert_allclose(p.blurred(0.5).power, p.power + 0.25)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept_and_float32_agrees(dtype):
    p, rng = GaussianField(power_law((8, 6), pinned=True)), np.random.default_rng(4)
    x = p.sample(2, rng=rng)
    tol = 1e-5 if dtype is np.float32 else 1e-12
    for method in (p.score, p.log_prob, p.whiten, p.colour):
        got = method(x.astype(dtype))
        assert got.dtype == dtype
        np.testing.assert_allclose(got, method(x), rtol=tol, atol=tol * 10)
    run = field_langevin(p, x.astype(dtype), 0.01, 3, rng=rng, keep_every=1)
    assert run.x.dtype == run.kept.dtype == dtype
    assert run.kept.shape == (3, 2, 8, 6)
    np.testing.assert_array_equal(run.kept[-1], run.x)


def by_hand(p, x, step, steps, rng, m, extra):
    """The same with numpy.fft, mode by mode."""
    axes = tuple(range(1, x.ndim))
    m = np.where(p.power > 0, m, 0)

    def apply(factor, a):
        return np.fft.ifftn(factor * np.fft.fftn(a, axes=axes), axes=axes).real

    for _ in range(steps):
        s = p.score(x) + (0 if extra is None else extra(x))
        z = rng.standard_normal(x.shape)
        x = x + step * apply(m, s) + apply(np.sqrt(2 * step * m), z)
    return x


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("precond", ["none", "power", "other"])
@pytest.mark.parametrize("extra", [None, lambda x: -0.2 * (x - 1) ** 3])
@pytest.mark.parametrize("shape", [(9,), (4, 6), (3, 4, 5)])
def test_langevin_is_the_textbook_s(shape, pinned, precond, extra):
    p = GaussianField(power_law(shape, pinned))
    x = p.sample(3, rng=np.random.default_rng(5))
    m = {"none": np.ones(shape), "power": p.power, "other": p.power**0.5 + 0.1}[precond]
    got = field_langevin(
        p, x, 0.05, 6, rng=np.random.default_rng(6),
        precond=None if precond == "none" else m, extra=extra,
    )  # fmt: skip
    want = by_hand(p, x, 0.05, 6, np.random.default_rng(6), m, extra)
    np.testing.assert_allclose(got.x, want, atol=1e-13)
    assert got.evaluations == 6


def test_langevin_is_scorekit_s_ula_and_leaves_the_start_alone():
    p = GaussianField(power_law((6, 5)))
    x = p.sample(2, rng=np.random.default_rng(7))
    before = x.copy()
    a = field_langevin(p, x, 0.02, 5, rng=np.random.default_rng(8)).x
    b = langevin.ula(p.score, x, 0.02, 5, rng=np.random.default_rng(8)).x
    np.testing.assert_allclose(a, b, atol=1e-13)
    np.testing.assert_array_equal(x, before)


def stationary(power, eta, m):
    """ULA's own power: P / (1 - ηM/2P)."""
    return power / (1 - eta * m / (2 * power))


@pytest.mark.parametrize("which", ["plain", "power"])
def test_langevin_s_power_is_that_of_its_own_law(which):
    power = power_law((4, 6))
    m = power if which == "power" else np.ones_like(power)
    eta = 0.5 if which == "power" else 0.8 * power.min()
    want = stationary(power, eta, m)
    start = GaussianField(want).sample(4000, rng=np.random.default_rng(9))
    precond = power if which == "power" else None
    run = field_langevin(
        GaussianField(power), start, eta, 40, rng=np.random.default_rng(10), precond=precond
    )
    ratio = (np.abs(np.fft.fft2(run.x)) ** 2).mean(0) / 24 / want
    assert (np.abs(ratio - 1) < 4.5 * np.sqrt(2 / 4000)).all()
    # The same error bar rules out the target's own power, so a sampler without bias would fail.
    assert (np.abs(ratio * want / power - 1) > 4.5 * np.sqrt(2 / 4000)).any()


def test_two_smallest_powers_are_the_limit_of_the_step():
    p = GaussianField(power_law((8, 8)))
    x, least = p.sample(1, rng=np.random.default_rng(11)), p.power.min()
    run = field_langevin(p, x, 1.9 * least, 4000, rng=np.random.default_rng(12))
    assert np.abs(run.x).max() < 20 * p.power.max()
    with pytest.raises(langevin.Diverged, match="step number"):
        field_langevin(p, x, 2.1 * least, 10_000, rng=np.random.default_rng(12))


def test_a_pinned_mean_stays_where_it_is():
    p, rng = GaussianField(power_law((6, 6), pinned=True)), np.random.default_rng(13)
    for precond in (None, p.power, p.power + 1):
        run = field_langevin(p, 5 + p.sample(2, rng=rng), 0.05, 20, rng=rng, precond=precond)
        assert np.abs(run.x.mean((1, 2))).max() < 1e-14


def test_bad_power_is_named():
    with pytest.raises(ValueError, match=r"zero entry 0 at index \(0, 3\)"):
        GaussianField(np.where(np.arange(36).reshape(6, 6) == 3, 0.0, 1.0))
    p = power_law((6, 6))
    p[3, 3] = -1
    with pytest.raises(ValueError, match=r"a negative entry -1 at index \(3, 3\)"):
        GaussianField(p)
    with pytest.raises(ValueError, match="got a negative entry"):
        GaussianField(np.array([-1.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="even in k"):
        GaussianField(np.arange(1.0, 7.0))
    with pytest.raises(ValueError, match="even in k"):  # the half plane alone is not enough
        GaussianField(power_law((6, 6))[:, :4])
    with pytest.raises(ValueError, match="finite"):
        GaussianField(np.array([1.0, np.nan]))
    with pytest.raises(TypeError, match="real numbers"):
        GaussianField(np.ones(4) * 1j)
    with pytest.raises(ValueError, match="at least 2 cells"):
        GaussianField(np.ones(1))


def test_bad_fields_and_arguments_are_named():
    p, rng = GaussianField(power_law((4, 6))), np.random.default_rng(14)
    for bad in (np.zeros((6, 4)), np.zeros((1, 6, 4)), np.zeros((1, 4, 4)), np.zeros((1, 24))):
        with pytest.raises(ValueError, match=r"\(n, 4, 6\)"):
            p.score(bad)
    with pytest.raises(TypeError, match="float64 or float32"):
        p.log_prob(np.zeros((1, 4, 6), int))
    x = p.sample(1, rng=rng)
    with pytest.raises(ValueError, match=r"precond must have the shape \(4, 6\)"):
        field_langevin(p, x, 0.1, 1, rng=rng, precond=np.ones((4, 5)))
    with pytest.raises(ValueError, match="precond must be positive"):
        field_langevin(p, x, 0.1, 1, rng=rng, precond=np.zeros((4, 6)))
    with pytest.raises(ValueError, match="score must return"):
        field_langevin(p, x, 0.1, 1, rng=rng, extra=lambda x: x[:, 0])
    with pytest.raises(TypeError, match="Generator"):
        p.sample(1, rng=0)
    with pytest.raises(ValueError, match="step must be positive"):
        field_langevin(p, x, 0, 1, rng=rng)
