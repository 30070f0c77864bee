"""ULA and MALA against stationary laws in closed form, and against algorithms that are wrong."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.linalg import solve_discrete_lyapunov
from scipy.stats import kstest, norm

from scorekit.densities import Gaussian, three_hills
from scorekit.diagnostics import mean_se
from scorekit.langevin import Diverged, Preconditioner, mala, preconditioner, ula

SIGMAS = 5


def normal(v):
    return Gaussian([0.0], [[v]])


def variance(x):
    return mean_se((x**2).ravel())


@pytest.mark.parametrize(("v", "step"), [(1.0, 0.5), (2.0, 1.0), (0.3, 0.05)])
def test_ula_has_its_own_stationary_variance(v, step):
    rng = np.random.default_rng(1)
    start = np.sqrt(v) * rng.standard_normal((100_000, 1))
    got = variance(ula(normal(v).score, start, step, 60, rng=rng).x)
    assert abs(got.value - v / (1 - step / (2 * v))) < SIGMAS * got.se
    assert abs(got.value - v) > SIGMAS * got.se


def test_ula_autocorrelation():
    rng = np.random.default_rng(2)
    density, step = normal(1.0), 0.3
    stationary = rng.standard_normal((100_000, 1)) / np.sqrt(1 - step / 2)
    for k in (1, 3):
        later = ula(density.score, stationary, step, k, rng=rng).x
        got = mean_se((stationary * later).ravel())
        assert abs(got.value - (1 - step) ** k / (1 - step / 2)) < SIGMAS * got.se


def test_ula_equals_the_textbook_loop_on_the_same_seed():
    hills, x = three_hills(), np.random.default_rng(0).normal(size=(7, 2))
    want, rng = x.copy(), np.random.default_rng(3)
    for _ in range(5):
        want = want + 0.1 * hills.score(want) + np.sqrt(0.2) * rng.standard_normal(want.shape)
    got = ula(hills.score, x, 0.1, 5, rng=np.random.default_rng(3)).x
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_mala_equals_the_textbook_loop_on_the_same_seed():
    hills, x0 = three_hills(), np.random.default_rng(0).normal(size=(200, 2))
    eta, rng = 0.4, np.random.default_rng(4)

    def log_q(to, source):
        gap = to - source - eta * hills.score(source)
        return -(gap**2).sum(1) / (4 * eta)

    x, moves = x0, 0
    for _ in range(6):
        y = x + eta * hills.score(x) + np.sqrt(2 * eta) * rng.standard_normal(x.shape)
        ratio = hills.log_prob(y) - hills.log_prob(x) + log_q(x, y) - log_q(y, x)
        accept = np.log(rng.random(len(x))) < ratio
        x, moves = np.where(accept[:, None], y, x), moves + accept
    trace = mala(hills.log_prob, hills.score, x0, eta, 6, rng=np.random.default_rng(4))
    np.testing.assert_allclose(trace.x, x, rtol=1e-9)
    np.testing.assert_allclose(trace.acceptance, moves / 6)
    assert 0.3 < trace.acceptance.mean() < 0.95


@pytest.mark.parametrize("precond", [None, [4.0], [[4.0]]])
def test_mala_leaves_the_target_invariant(precond):
    rng = np.random.default_rng(5)
    density = normal(2.0)
    start = density.sample(20_000, rng=rng)
    end = mala(density.log_prob, density.score, start, 0.6, 30, rng=rng, precond=precond).x
    assert kstest(end.ravel(), norm(0, np.sqrt(2)).cdf).pvalue > 1e-4


def test_the_same_test_rejects_ula_and_a_metropolis_step_without_the_proposal_ratio():
    rng = np.random.default_rng(6)
    density, step = normal(2.0), 1.2
    start = density.sample(20_000, rng=rng)
    biased = ula(density.score, start, step, 30, rng=rng).x
    assert kstest(biased.ravel(), norm(0, np.sqrt(2)).cdf).pvalue < 1e-8
    x = start
    for _ in range(30):
        y = x + step * density.score(x) + np.sqrt(2 * step) * rng.standard_normal(x.shape)
        accept = np.log(rng.random(len(x))) < density.log_prob(y) - density.log_prob(x)
        x = np.where(accept[:, None], y, x)
    assert kstest(x.ravel(), norm(0, np.sqrt(2)).cdf).pvalue < 1e-8


def test_mala_acceptance_in_one_dimension_against_the_exact_formula():
    # For N(0,1) with h² = 2η: 1 - (2/π) asin(h² / √((2+h²)² - 4(1-h)²)) does not hold for every
    # parametrisation, so the expectation is taken by quadrature instead.
    rng = np.random.default_rng(7)
    density, eta = normal(1.0), 0.8
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    x, z = np.meshgrid(nodes, nodes, indexing="ij")
    y = x - eta * x + np.sqrt(2 * eta) * z
    back = (x - y + eta * y) / np.sqrt(2 * eta)
    alpha = np.minimum(1, np.exp((x**2 - y**2) / 2 + (z**2 - back**2) / 2))
    want = weights @ alpha @ weights / (2 * np.pi)
    start = density.sample(4_000, rng=rng)
    trace = mala(density.log_prob, density.score, start, eta, 200, rng=rng)
    got = mean_se(trace.acceptance)
    assert abs(got.value - want) < SIGMAS * got.se + 1e-3


@pytest.mark.parametrize("form", ["matrix", "diagonal", "operator"])
def test_preconditioned_ula_obeys_the_discrete_lyapunov_equation(form):
    rng = np.random.default_rng(8)
    cov = np.array([[2.0, 0.5], [0.5, 0.7]])
    m = np.diag([1.5, 0.4]) if form == "diagonal" else np.array([[1.2, 0.3], [0.3, 0.5]])
    given_m = {"matrix": m, "diagonal": np.diag(m), "operator": preconditioner(m)}[form]
    step = 0.5
    decay = np.eye(2) - step * m @ np.linalg.inv(cov)
    want = solve_discrete_lyapunov(decay, 2 * step * m)
    start = rng.standard_normal((100_000, 2)) @ np.linalg.cholesky(want).T
    x = ula(Gaussian([0.0, 0.0], cov).score, start, step, 20, rng=rng, precond=given_m).x
    for i, j in ((0, 0), (0, 1), (1, 1)):
        got = mean_se(x[:, i] * x[:, j])
        assert abs(got.value - want[i, j]) < SIGMAS * got.se
    wrong = mean_se(x[:, 0] ** 2)  # the noise 2ηM² that M invites
    assert abs(wrong.value - solve_discrete_lyapunov(decay, 2 * step * m @ m)[0, 0]) > 5 * wrong.se


def test_preconditioned_mala_equals_its_textbook_step():
    cov = np.array([[2.0, 0.5], [0.5, 0.7]])
    density, m = Gaussian([0.0, 0.0], cov), np.array([[1.2, 0.3], [0.3, 0.5]])
    x, eta = density.sample(300, rng=np.random.default_rng(1)), 0.9
    rng = np.random.default_rng(9)
    lower, inverse = np.linalg.cholesky(m), np.linalg.inv(m)
    y = x + eta * density.score(x) @ m + np.sqrt(2 * eta) * rng.standard_normal(x.shape) @ lower.T

    def log_q(to, source):
        gap = to - source - eta * density.score(source) @ m
        return -np.einsum("ni,ij,nj->n", gap, inverse, gap) / (4 * eta)

    ratio = density.log_prob(y) - density.log_prob(x) + log_q(x, y) - log_q(y, x)
    accept = np.log(rng.random(len(x))) < ratio
    want = np.where(accept[:, None], y, x)
    rng = np.random.default_rng(9)
    got = mala(density.log_prob, density.score, x, eta, 1, rng=rng, precond=m).x
    np.testing.assert_allclose(got, want, rtol=1e-9)
    assert 0.2 < accept.mean() < 0.98


@given(
    shape=st.sampled_from([(3, 1), (2, 2), (4, 40), (2, 3, 3)]),
    dtype=st.sampled_from([np.float32, np.float64]),
    keep=st.integers(0, 3),
)
@settings(max_examples=25, deadline=None)
def test_shape_dtype_and_what_is_kept(shape, dtype, keep):
    start = np.ones(shape, dtype)
    before = start.copy()
    for trace in (
        ula(lambda x: -x, start, 0.1, 6, rng=np.random.default_rng(0), keep_every=keep),
        mala(
            lambda x: -(x.reshape(len(x), -1) ** 2).sum(1) / 2,
            lambda x: -x,
            start,
            0.1,
            6,
            rng=np.random.default_rng(0),
            keep_every=keep,
        ),
    ):
        assert trace.x.shape == shape
        assert trace.x.dtype == trace.kept.dtype == dtype
        assert trace.kept.shape == ((6 // keep if keep else 0), *shape)
        if keep and 6 % keep == 0:
            np.testing.assert_array_equal(trace.kept[-1], trace.x)
    np.testing.assert_array_equal(start, before)


def test_a_score_that_hands_out_its_own_array_is_not_overwritten():
    pull = np.full((3, 2), -1.0)
    ula(lambda x: pull, np.zeros((3, 2)), 0.1, 4, rng=np.random.default_rng(0))
    mala(
        lambda x: -x.sum(1), lambda x: pull, np.zeros((3, 2)), 0.1, 4, rng=np.random.default_rng(0)
    )
    assert (pull == -1).all()


def test_noise_does_not_depend_on_how_the_start_lies_in_memory():
    hills, x = three_hills(), np.random.default_rng(0).normal(size=(7, 2))
    ends = []
    for start in (x, np.asfortranarray(x)):
        rng = np.random.default_rng(1)
        ends.append(ula(hills.score, start, 0.1, 5, rng=rng).x)
        ends.append(mala(hills.log_prob, hills.score, start, 0.1, 5, rng=rng).x)
    np.testing.assert_array_equal(ends[0], ends[2])
    np.testing.assert_array_equal(ends[1], ends[3])


def test_counts_of_score_evaluations():
    calls = []

    def score(x):
        calls.append(1)
        return -x

    x, rng = np.zeros((2, 2)), np.random.default_rng(0)
    assert ula(score, x, 0.1, 7, rng=rng).evaluations == len(calls) == 7
    calls.clear()
    assert mala(lambda x: -(x**2).sum(1) / 2, score, x, 0.1, 7, rng=rng).evaluations == len(calls)


def test_memory_does_not_grow_with_the_number_of_steps():
    def peak(steps):
        tracemalloc.start()
        ula(three_hills().score, np.zeros((500, 2)), 0.1, steps, rng=np.random.default_rng(0))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    assert peak(400) < 1.2 * peak(20)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_beyond_stability_is_reported(dtype):
    start = np.ones((4, 1), dtype)
    with pytest.raises(Diverged, match=r"step number \d+ with step=5.*stability limit"):
        ula(normal(1.0).score, start, 5.0, 5000, rng=np.random.default_rng(0))
    with pytest.raises(Diverged, match="returned NaN"):
        ula(lambda x: x * np.nan, start, 0.1, 3, rng=np.random.default_rng(0))
    stuck = mala(
        normal(1.0).log_prob, normal(1.0).score, start, 500.0, 40, rng=np.random.default_rng(0)
    )
    assert stuck.acceptance.max() < 0.3


ONES = np.ones((2, 2))
RNG = np.random.default_rng(0)
BAD = [
    (lambda: ula(lambda x: -x, ONES, -0.1, 3, rng=RNG), "step must be positive"),
    (lambda: ula(lambda x: -x, ONES, np.nan, 3, rng=RNG), "step must be positive"),
    (lambda: ula(lambda x: -x, ONES, 0.1, 0, rng=RNG), "steps must be at least 1"),
    (lambda: ula(lambda x: -x, ONES, 0.1, 2.5, rng=RNG), "steps must be a whole number"),
    (lambda: ula(lambda x: -x, ONES, 0.1, 3, rng=0), "rng must be a numpy"),
    (lambda: ula(lambda x: -x, ONES, 0.1, 3, rng=RNG, keep_every=-1), "keep_every must be"),
    (lambda: ula(lambda x: -x, ONES.astype(int), 0.1, 3, rng=RNG), "float64 or float32"),
    (lambda: ula(lambda x: -x, np.ones(3), 0.1, 3, rng=RNG), r"batch of shape \(n, \*shape\)"),
    (lambda: ula(lambda x: -x, ONES * np.inf, 0.1, 3, rng=RNG), "x must be finite"),
    (lambda: ula(lambda x: -x[:1], ONES, 0.1, 3, rng=RNG), "score must return"),
    (lambda: ula(lambda x: -x.astype(np.float32), ONES, 0.1, 3, rng=RNG), "dtype float64, as it"),
    (lambda: ula(lambda x: [[0, 0]] * 2, ONES, 0.1, 3, rng=RNG), "score must return"),
    (lambda: ula(lambda x: -x, ONES, 0.1, 3, rng=RNG, precond=[1.0, -1.0]), "precond must be pos"),
    (lambda: ula(lambda x: -x, ONES, 0.1, 3, rng=RNG, precond=-np.eye(2)), "precond must be pos"),
    (lambda: mala(lambda x: 0.0, lambda x: -x, ONES, 0.1, 3, rng=RNG), "log_prob must return"),
    (lambda: mala(lambda x: -x, lambda x: -x, ONES, 0.1, 3, rng=RNG), "log_prob must return"),
    (
        lambda: mala(lambda x: x[:, 0] * np.nan, lambda x: -x, ONES, 0.1, 3, rng=RNG),
        "log_prob of the start must be finite, got 2 NaN",
    ),
    (
        lambda: mala(lambda x: x[:, 0], lambda x: x * np.inf, ONES, 0.1, 3, rng=RNG),
        "score of the start must be finite, got 4 NaN",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_forgetting_the_generator_is_an_error():
    with pytest.raises(TypeError, match="rng"):
        ula(lambda x: -x, ONES, 0.1, 3)


def test_a_preconditioner_may_be_two_functions():
    twice = Preconditioner(lambda v: 2 * v, lambda v: 2 * v)  # L = 2 I, so M = 4 I
    a = ula(lambda x: -x, ONES, 0.1, 5, rng=np.random.default_rng(0), precond=twice).x
    b = ula(lambda x: -x, ONES, 0.4, 5, rng=np.random.default_rng(0)).x
    np.testing.assert_allclose(a, b)
