"""Scores, normalisers and samplers of scorekit.densities against independent computations."""

import math

import numpy as np
import pytest
from autograd import elementwise_grad
from densities_under_test import CASES, RING
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import dblquad
from scipy.stats import kstest, multivariate_normal

from scorekit.densities import Empirical, Gaussian, GaussianMixture, Ring, three_hills
from scorekit.diagnostics import mean_se

SIGMAS = 5
every_density = pytest.mark.parametrize(("density", "log_p"), CASES.values(), ids=list(CASES))


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@every_density
def test_score_is_the_gradient_of_an_independent_log_p(density, log_p, rng):
    x = density.sample(400, rng=rng)
    np.testing.assert_allclose(density.score(x), elementwise_grad(log_p)(x), rtol=1e-9, atol=1e-11)


@every_density
def test_log_prob_equals_an_independent_log_p(density, log_p, rng):
    x = density.sample(400, rng=rng)
    np.testing.assert_allclose(density.log_prob(x), log_p(x), rtol=1e-9, atol=1e-9)


@every_density
def test_both_at_once_are_the_two(density, log_p, rng):
    both = getattr(density, "log_prob_and_score", None)
    if both is None:
        pytest.skip("it has no shorter way to both")
    x = density.sample(400, rng=rng)
    np.testing.assert_allclose(both(x)[0], density.log_prob(x), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(both(x)[1], density.score(x), rtol=1e-12, atol=1e-12)


@every_density
def test_samples_obey_steins_identity(density, log_p, rng):
    x = density.sample(100_000, rng=rng)
    estimate = mean_se((x * density.score(x)).sum(1))
    assert abs(estimate.value + density.dim) < SIGMAS * estimate.se


def test_steins_identity_catches_a_sampler_that_forgets_the_circumference(rng):
    n = 100_000
    radius = RING.radius + RING.width * rng.standard_normal(n)
    angle = rng.uniform(0, 2 * np.pi, n)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    estimate = mean_se((x * RING.score(x)).sum(1))
    assert abs(estimate.value + 2) > SIGMAS * estimate.se


@every_density
def test_float32_is_kept_and_close(density, log_p, rng):
    x = density.sample(200, rng=rng)
    low = x.astype(np.float32)
    assert density.score(low).dtype == density.log_prob(low).dtype == np.float32
    np.testing.assert_allclose(density.score(low), density.score(x), rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(density.log_prob(low), density.log_prob(x), rtol=2e-4, atol=2e-4)


@every_density
def test_same_seed_same_sample_and_another_seed_another(density, log_p):
    draws = [density.sample(50, rng=np.random.default_rng(s)) for s in (3, 3, 4)]
    assert draws[0].shape == (50, density.dim)
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.allclose(draws[0], draws[2])


@every_density
def test_inputs_are_left_alone(density, log_p, rng):
    x = density.sample(10, rng=rng)
    before = x.copy()
    density.score(x)
    density.log_prob(x)
    np.testing.assert_array_equal(x, before)


def test_gaussian_against_scipy(rng):
    mean, cov = np.array([1.0, -1.0]), np.array([[2.0, 0.7], [0.7, 0.5]])
    density = Gaussian(mean, cov)
    x = rng.normal(size=(50, 2)) * 3
    np.testing.assert_allclose(density.log_prob(x), multivariate_normal(mean, cov).logpdf(x))
    draws = density.sample(200_000, rng=rng)
    for got, want in (
        (draws[:, 0] * draws[:, 1], cov[0, 1] + mean[0] * mean[1]),
        (draws[:, 1], -1),
    ):
        estimate = mean_se(got)
        assert abs(estimate.value - want) < SIGMAS * estimate.se


@given(radius=st.floats(0.05, 8), width=st.floats(0.05, 3))
@settings(max_examples=40, deadline=None)
def test_ring_normaliser_by_quadrature(radius, width):
    from scipy.integrate import quad

    z, _ = quad(
        lambda r: 2 * math.pi * r * math.exp(-((r - radius) ** 2) / (2 * width**2)),
        max(0.0, radius - 15 * width),
        radius + 15 * width,
        points=[radius],
    )
    assert Ring(radius, width).log_z == pytest.approx(math.log(z), abs=1e-7)


def test_ring_integrates_to_one_on_the_plane():
    def p(y, x):
        return math.exp(RING.log_prob(np.array([[x, y]]))[0])

    total, _ = dblquad(p, 0, 6, 0, 6, epsabs=1e-6)
    assert 4 * total == pytest.approx(1, abs=1e-4)


def test_ring_sample_has_the_right_radii(rng):
    # The radius has the distribution function below; thin shells weigh 2πr.
    grid = np.linspace(0, 8, 400_001)
    density = grid * np.exp(-((grid - 1.3) ** 2) / (2 * 0.6**2))
    cdf = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    cdf /= cdf[-1]
    radii = np.linalg.norm(RING.sample(20_000, rng=rng), axis=1)
    assert kstest(radii, lambda r: np.interp(r, grid, cdf)).pvalue > 1e-4
    thin = RING.radius + RING.width * rng.standard_normal(20_000)
    assert kstest(np.abs(thin), lambda r: np.interp(r, grid, cdf)).pvalue < 1e-8


def test_ring_score_at_the_centre_is_zero_and_nowhere_nan():
    x = np.array([[0.0, 0.0], [1e-300, 0.0], [0.0, -1e-12]])
    score = RING.score(x)
    np.testing.assert_array_equal(score[0], 0)
    np.testing.assert_allclose(np.linalg.norm(score[1:], axis=1), RING.radius / RING.width**2)


def test_blurring_adds_the_variances(rng):
    for density in (CASES["gaussian"][0], CASES["hills"][0], CASES["round"][0]):
        exact = density.blurred(0.8)
        x = density.sample(100_000, rng=rng)
        noisy = x + 0.8 * rng.standard_normal(x.shape)
        estimate = mean_se((noisy * exact.score(noisy)).sum(1))
        assert abs(estimate.value + density.dim) < SIGMAS * estimate.se
        forgotten = mean_se((noisy * density.score(noisy)).sum(1))
        assert abs(forgotten.value + density.dim) > SIGMAS * forgotten.se


def test_empirical_blurred_is_the_softmax_average_of_the_data(rng):
    points, sigma = rng.normal(size=(30, 5)), 0.9
    x = rng.normal(size=(8, 5))
    logits = -((x[:, None] - points) ** 2).sum(2) / (2 * sigma**2)
    soft = np.exp(logits - logits.max(1, keepdims=True))
    mean = soft @ points / soft.sum(1, keepdims=True)
    density = Empirical(points)
    np.testing.assert_allclose(
        density.blurred(sigma).score(x), (mean - x) / sigma**2, rtol=1e-9, atol=1e-12
    )
    draws = density.sample(300, rng=rng)
    assert all((draw == points).all(1).any() for draw in draws)


def test_densities_cannot_be_changed_in_place():
    density = Gaussian([0.0], [[1.0]])
    with pytest.raises(ValueError, match="read-only"):
        density.mean[0] = 1.0
    with pytest.raises(AttributeError):
        density.mean = np.zeros(1)


def test_three_hills_is_a_plane_mixture():
    assert three_hills().dim == 2
    assert len(three_hills().weights) == 3


BAD_PARAMETERS = [
    (lambda: Gaussian([0.0, 0.0], np.eye(3)), "cov must have shape"),
    (lambda: Gaussian([[0.0]], [[1.0]]), "mean must have 1 axes"),
    (lambda: Gaussian([], np.zeros((0, 0))), "mean must not be empty"),
    (lambda: Gaussian([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]), "cov must be positive definite"),
    (lambda: Gaussian([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]]), "cov must be symmetric"),
    (lambda: Gaussian([0.0, np.nan], np.eye(2)), "mean must be finite"),
    (lambda: Gaussian([0.0], [[np.inf]]), "cov must be finite"),
    (lambda: Gaussian(["a"], [[1.0]]), "mean must be an array of real numbers"),
    (lambda: Gaussian([1j], [[1.0]]), "mean must be an array of real numbers"),
    (lambda: GaussianMixture([0.5, 0.6], [[0.0], [1.0]], [1.0, 1.0]), "weights must sum to 1"),
    (lambda: GaussianMixture([1.5, -0.5], [[0.0], [1.0]], [1.0, 1.0]), "weights must be positive"),
    (lambda: GaussianMixture([1.0], [[0.0], [1.0]], [1.0, 1.0]), "weights must have shape"),
    (lambda: GaussianMixture([0.5, 0.5], [[0.0], [1.0]], [1.0]), "covs must have shape"),
    (lambda: GaussianMixture([0.5, 0.5], [[0.0], [1.0]], [1.0, 0.0]), "covs must be positive"),
    (
        lambda: GaussianMixture([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[-1.0]]]),
        r"covs\[1\] must be positive definite",
    ),
    (lambda: Ring(0.0, 1.0), "radius must be positive"),
    (lambda: Ring(1.0, -0.1), "width must be positive"),
    (lambda: Ring(1.0, np.nan), "width must be positive and finite"),
    (lambda: Ring([1.0], 1.0), "radius must be one positive number"),
    (lambda: Ring(True, 1.0), "radius must be one positive number"),
    (lambda: Empirical(np.zeros((0, 2))), "data must not be empty"),
    (lambda: Empirical([1.0, 2.0]), "data must have 2 axes"),
    (lambda: three_hills().blurred(0.0), "sigma must be positive"),
    (lambda: three_hills().blurred(-1), "sigma must be positive"),
]


@pytest.mark.parametrize(("make", "message"), BAD_PARAMETERS)
def test_bad_parameters_are_refused_by_name(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


BAD_POINTS = [
    (np.zeros((3, 2), int), "float64 or float32"),
    (np.zeros((3, 2), bool), "float64 or float32"),
    (np.zeros((3, 2), complex), "float64 or float32"),
    (np.zeros((3, 3)), r"shape \(n, 2\)"),
    (np.zeros(2), r"write x\[None\]"),
    (np.zeros((2, 2, 2)), r"shape \(n, 2\)"),
    (np.zeros((0, 2)), "at least one point"),
    (np.array([[0.0, np.nan]]), r"1 NaN or infinite entries \(the first at index \(0, 1\)\)"),
    (np.array([[np.inf, 0.0]]), "finite"),
    (1.0, r"shape \(n, 2\)"),
    ("x", "float64 or float32"),
]


@pytest.mark.parametrize(("x", "message"), BAD_POINTS)
@pytest.mark.parametrize("method", ["log_prob", "score"])
@pytest.mark.parametrize("density", [three_hills(), RING, Gaussian([0.0, 0.0], np.eye(2))])
def test_bad_points_are_refused(density, method, x, message):
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(density, method)(x)


@pytest.mark.parametrize(
    "density", [three_hills(), RING, Gaussian([0.0], [[1.0]]), Empirical([[0.0]])]
)
def test_sample_wants_a_generator_and_a_count(density):
    for rng in (0, None, np.random, np.random.RandomState(0)):
        with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator"):
            density.sample(5, rng=rng)
    with pytest.raises(TypeError, match="rng"):
        density.sample(5)
    for n, message in ((0, "at least 1"), (-3, "at least 1"), (2.0, "whole number")):
        with pytest.raises((ValueError, TypeError), match=f"n must be .*{message}"):
            density.sample(n, rng=np.random.default_rng(0))


finite = st.floats(-1e6, 1e6)


@given(x=arrays(float, st.tuples(st.integers(1, 6), st.just(2)), elements=finite))
@settings(max_examples=60, deadline=None)
def test_any_finite_batch_has_a_finite_score(x):
    for density in (three_hills(), RING, CASES["round"][0], CASES["cloud"][0]):
        assert np.isfinite(density.score(x)).all()
        assert np.isfinite(density.log_prob(x)).all()


@given(
    x=arrays(
        st.sampled_from([float, np.float32, int, bool]),
        st.lists(st.integers(0, 3), min_size=0, max_size=3).map(tuple),
        elements={"min_value": 0, "max_value": 1},
    )
)
@settings(max_examples=80, deadline=None)
def test_an_array_is_either_a_good_batch_or_refused(x):
    good = x.dtype.kind == "f" and x.ndim == 2 and x.shape[1] == 2 and len(x) > 0
    if good:
        assert three_hills().score(x).shape == x.shape
    else:
        with pytest.raises((ValueError, TypeError), match="x must"):
            three_hills().score(x)


def test_a_linear_algebra_that_returns_nan_is_noticed(monkeypatch):
    # As LAPACK does in the pages: no error, and a factor full of NaN.
    monkeypatch.setattr(np.linalg, "cholesky", lambda a: np.full_like(a, np.nan))
    with pytest.raises(ValueError, match="cov must be positive definite"):
        Gaussian([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]])
