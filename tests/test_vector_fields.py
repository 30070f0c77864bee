"""Line integrals against potentials and areas, derivatives against closed forms."""

import autograd.numpy as anp
import numpy as np
import pytest
from densities_under_test import CASES, HILLS, RING
from hypothesis import given, settings, strategies as st

from scorekit import vector_fields as vf
from scorekit.denoising import at
from scorekit.diagnostics import mean_se
from scorekit.networks import init_scaled


def rotation(x):
    return np.stack([-x[:, 1], x[:, 0]], axis=1)


def vortex(x):
    return rotation(x) / (x**2).sum(1, keepdims=True)


corner = st.tuples(st.floats(-3, 3), st.floats(-3, 3))


@given(path=st.lists(corner, min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_work_of_a_score_is_the_climb(path):
    path = np.array(path)
    climb = HILLS.log_prob(path[-1:])[0] - HILLS.log_prob(path[:1])[0]
    assert vf.line_integral(HILLS.score, path, nodes=200) == pytest.approx(climb, abs=1e-8)


@given(loop=st.lists(corner, min_size=3, max_size=6))
@settings(max_examples=40, deadline=None)
def test_circulation_of_the_rotation_is_twice_the_signed_area(loop):
    x, y = np.array(loop).T
    twice_area = (x * np.roll(y, -1) - y * np.roll(x, -1)).sum()
    assert vf.circulation(rotation, np.array(loop)) == pytest.approx(twice_area, abs=1e-9)


@pytest.mark.parametrize("name", ["hills", "round", "ring", "cloud"])
def test_circulation_of_every_score_is_zero(name):
    density = CASES[name][0]
    loop = vf.circle([0.3, -0.2], 2.0, 48)
    assert vf.circulation(density.score, loop, nodes=64) == pytest.approx(0, abs=1e-9)


def test_circulation_catches_a_planted_whirl():
    loop = vf.circle([0.0, 0.0], 1.0)
    tainted = vf.circulation(lambda x: HILLS.score(x) + 1e-3 * rotation(x), loop, nodes=64)
    assert abs(tainted) > 5e-3


def test_ring_through_the_cusp():
    loop = np.array([[0.0, 0], [2, 0.5], [0.5, 2]])
    assert vf.circulation(RING.score, loop, nodes=64) == pytest.approx(0, abs=1e-12)


def test_vortex_collects_two_pi_round_the_hole_and_nothing_beside_it():
    assert vf.circulation(vortex, vf.circle([0, 0], 1.5)) == pytest.approx(2 * np.pi, abs=1e-10)
    assert vf.circulation(vortex, vf.circle([3, 0], 1.5)) == pytest.approx(0, abs=1e-10)
    assert vf.circulation(vortex, vf.circle([0, 0], 1.5)[::-1]) == pytest.approx(-2 * np.pi)


def test_gauss_legendre_is_exact_for_its_degree_and_no_further():
    path = np.array([[0.0, 0.0], [1.0, 0.0]])

    def power(k):
        return lambda x: np.stack([x[:, 0] ** k, 0 * x[:, 0]], axis=1)

    assert vf.line_integral(power(7), path, nodes=4) == pytest.approx(1 / 8, abs=1e-14)
    assert abs(vf.line_integral(power(8), path, nodes=4) - 1 / 9) > 1e-6


def test_jacobian_of_a_gaussian_score_is_minus_the_precision():
    density = CASES["gaussian"][0]
    x = np.random.default_rng(0).normal(size=(4, 3))
    want = np.broadcast_to(-np.linalg.inv(density.cov), (4, 3, 3))
    np.testing.assert_allclose(vf.jacobian(density.score, x), want, rtol=1e-7, atol=1e-8)


def test_jacobian_rows_are_components_and_columns_are_directions():
    j = vf.jacobian(lambda x: np.stack([x[:, 1] ** 2, x[:, 0]], axis=1), np.array([[1.0, 3.0]]))
    np.testing.assert_allclose(j[0], [[0, 6], [1, 0]], atol=1e-8)


class Whirl:
    """Fields whose curl and divergence are known by hand."""

    @staticmethod
    def plane(x):  # (sin y, x²y²): curl 2xy² − cos y
        return anp.stack([anp.sin(x[:, 1]), x[:, 0] ** 2 * x[:, 1] ** 2], axis=1)

    @staticmethod
    def plane_curl(x):
        return 2 * x[:, 0] * x[:, 1] ** 2 - np.cos(x[:, 1])

    @staticmethod
    def space(x):  # (yz, z², xy): curl (x − 2z, y − y, 0 − z), divergence 0
        return anp.stack([x[:, 1] * x[:, 2], x[:, 2] ** 2, x[:, 0] * x[:, 1]], axis=1)


POINTS = np.random.default_rng(3).normal(size=(6, 4))
STEPS = pytest.mark.parametrize(("step", "tol"), [(1e-5, 1e-8), (None, 1e-13)])


@STEPS
def test_curl_in_the_plane_has_its_textbook_sign(step, tol):
    found = vf.curl(Whirl.plane, POINTS[:, :2], step=step)
    np.testing.assert_allclose(found[:, 0, 1], Whirl.plane_curl(POINTS[:, :2]), atol=tol)
    np.testing.assert_allclose(found[:, 1, 0], -found[:, 0, 1], atol=0)
    turning = vf.curl(lambda x: 0.7 * x @ np.array([[0.0, 1], [-1, 0]]), POINTS[:, :2], step=step)
    np.testing.assert_allclose(turning[:, 0, 1], 2 * 0.7, atol=tol)


@STEPS
def test_curl_in_space_is_the_textbooks_vector(step, tol):
    x, y, z = POINTS[:, :3].T
    c = vf.curl(Whirl.space, POINTS[:, :3], step=step)
    vector = np.stack([c[:, 1, 2], c[:, 2, 0], c[:, 0, 1]])
    np.testing.assert_allclose(vector, [x - 2 * z, y - y, -z], atol=tol)


@STEPS
def test_curl_and_divergence_of_a_linear_field_in_many_dimensions(step, tol):
    a = np.random.default_rng(0).normal(size=(4, 4))
    c = vf.curl(lambda x: x @ a.T, POINTS, step=step)
    np.testing.assert_allclose(c, np.broadcast_to(a.T - a, c.shape), atol=tol)
    trace = vf.divergence(lambda x: x @ a.T, POINTS, step=step)
    np.testing.assert_allclose(trace, np.trace(a), atol=tol)
    j = vf.jacobian(lambda x: x @ a.T, POINTS, step=step)
    np.testing.assert_allclose(j, np.broadcast_to(a, j.shape), atol=tol)


@pytest.mark.parametrize("name", ["gaussian", "hills", "round", "cloud"])
def test_divergence_of_a_score_is_the_laplacian_of_log_p(name):
    density = CASES[name][0]
    x, h = density.sample(5, rng=np.random.default_rng(1)), 1e-3
    shifts = h * np.eye(x.shape[1])
    around = sum(density.log_prob(x + e) + density.log_prob(x - e) for e in shifts)
    laplacian = (around - 2 * len(shifts) * density.log_prob(x)) / h**2
    scale = np.abs(vf.jacobian(density.score, x)).max()
    np.testing.assert_allclose(vf.divergence(density.score, x), laplacian, atol=1e-4 * scale**2)


def test_divergence_of_the_ring_by_hand():
    x = RING.sample(50, rng=np.random.default_rng(0))
    r = np.hypot(*x.T)
    by_hand = -(1 + (r - RING.radius) / r) / RING.width**2
    np.testing.assert_allclose(vf.divergence(RING.score, x), by_hand, rtol=1e-6)


@pytest.mark.parametrize("name", ["gaussian", "hills", "ring", "cloud"])
def test_scores_do_not_turn(name):
    density = CASES[name][0]
    x = density.sample(20, rng=np.random.default_rng(2))
    size = np.abs(vf.jacobian(density.score, x)).max()
    assert np.abs(vf.curl(density.score, x)).max() < 1e-8 * size


@given(corners=st.lists(corner, min_size=3, max_size=3))
@settings(max_examples=30, deadline=None)
def test_curl_flux_is_the_circulation_in_the_plane(corners):
    corners = np.array(corners)
    flux = vf.curl_flux(Whirl.plane, corners, nodes=24, step=None)
    assert flux == pytest.approx(vf.circulation(Whirl.plane, corners, nodes=24), abs=1e-8)


def test_curl_flux_is_the_circulation_in_space_and_beyond():
    rng = np.random.default_rng(5)
    for d in (3, 5):
        a, corners = rng.normal(size=(d, d)), rng.normal(size=(3, d))

        def field(x, a=a):
            return anp.sin(x @ a.T) + (x @ a) ** 2

        flux = vf.curl_flux(field, corners, nodes=24, step=None)
        assert abs(flux) > 0.1
        assert flux == pytest.approx(vf.circulation(field, corners, nodes=32), abs=1e-9)
        assert vf.curl_flux(field, corners[::-1], nodes=24) == pytest.approx(-flux, abs=1e-6)


def test_curl_flux_is_wrong_where_the_field_has_a_hole():
    corners = np.array([[-1.0, -1], [2, -1], [-1, 2]])
    assert vf.circulation(vortex, corners, nodes=64) == pytest.approx(2 * np.pi, abs=1e-8)
    assert abs(vf.curl_flux(vortex, corners)) < 1e-6


A = np.array([[1.0, 4.0, 0.0], [-2.0, -3.0, 1.0], [0.5, 5.0, 2.0]])


def variance(matrix, kind):
    square = matrix**2
    return 2 * (square.sum() - (np.trace(square) if kind == "signs" else 0))


@pytest.mark.parametrize("kind", ["signs", "normal"])
def test_hutchinson_is_unbiased_and_its_variance_is_that_of_the_symmetric_part(kind):
    rng = np.random.default_rng(0)
    z = vf.hutchinson(lambda x: x @ A.T, np.zeros((1, 3)), probes=40_000, rng=rng, kind=kind)[:, 0]
    mean = mean_se(z)
    assert abs(mean.value - np.trace(A)) < 4 * mean.se
    spread = mean_se((z - np.trace(A)) ** 2)
    assert abs(spread.value - variance((A + A.T) / 2, kind)) < 4 * spread.se
    assert abs(spread.value - variance(A, kind)) > 20 * spread.se  # A itself is the wrong matrix


def test_hutchinson_with_signs_is_exact_for_a_diagonal_and_a_turning_jacobian():
    rng = np.random.default_rng(0)
    turning = np.diag([1.0, -2, 3]) + A - A.T
    got = vf.hutchinson(lambda x: x @ turning.T, POINTS[:, :3], probes=3, rng=rng, step=None)
    np.testing.assert_allclose(got, np.full((3, 6), 2.0), atol=1e-12)


def test_hutchinson_draws_probe_by_probe():
    def field(x):
        return x @ A.T

    rng = np.random.default_rng(7)
    got = vf.hutchinson(field, POINTS[:, :3], probes=2, rng=rng, step=None, kind="normal")
    again = np.random.default_rng(7)
    for row in got:
        z = again.standard_normal((6, 3))
        np.testing.assert_allclose(row, np.einsum("ni,ij,nj->n", z, A, z), rtol=1e-12)


def test_derivatives_of_a_float32_network_by_autograd_and_of_its_float64_copy_agree():
    rng = np.random.default_rng(0)
    net = init_scaled(rng.normal(size=(50, 3)), rng=rng, width=16)
    x = rng.normal(size=(4, 3)).astype(np.float32)
    exact = vf.jacobian(at(net.astype(float), 0.3), x.astype(float))
    forward = vf.jacobian(at(net, 0.3), x, step=None)
    assert forward.dtype == np.float32
    np.testing.assert_allclose(forward, exact, rtol=1e-3, atol=1e-3)
    rough = vf.jacobian(at(net, 0.3), x)
    assert np.abs(rough - exact).max() > 20 * np.abs(forward - exact).max()


def test_derivative_takes_one_direction_for_all_points_or_one_for_each():
    u = np.array([1.0, 2, -1])
    one = vf.derivative(Whirl.space, POINTS[:, :3], u, step=None)
    each = vf.derivative(Whirl.space, POINTS[:, :3], np.tile(u, (6, 1)), step=None)
    np.testing.assert_array_equal(one, each)


NET = init_scaled(np.eye(2), rng=np.random.default_rng(0), width=4)
BAD = [
    (lambda: vf.line_integral(rotation, np.zeros((1, 2))), "path must have at least 2 corners"),
    (lambda: vf.line_integral(rotation, np.zeros((2, 2), int)), "path must be a float64"),
    (lambda: vf.line_integral(rotation, np.zeros((2, 2)), nodes=0), "nodes must be at least 1"),
    (lambda: vf.circulation(rotation, np.zeros((2, 2))), "loop must have at least 3 corners"),
    (lambda: vf.circulation(lambda x: x[:, :1], np.zeros((3, 2))), "field must return an array"),
    (lambda: vf.circulation(vortex, np.zeros((3, 2))), r"field\(x\) must be finite"),
    (lambda: vf.circle([0.0], 1.0), "centre must have shape"),
    (lambda: vf.circle([0.0, 0.0], -1.0), "radius must be positive"),
    (lambda: vf.circle([0.0, 0.0], 1.0, 2), "sides must be at least 3"),
    (lambda: vf.jacobian(rotation, np.zeros((1, 2)), step=0), "step must be positive"),
    (lambda: vf.jacobian(lambda x: x[:1], np.zeros((3, 2))), "field must return an array"),
    (lambda: vf.jacobian(lambda x: x[:1], np.zeros((3, 2)), step=None), "field must return an"),
    (lambda: vf.divergence(vortex, np.ones((1, 2)), step=None), "autograd can follow"),
    (lambda: vf.divergence(anp.log, np.zeros((1, 2)), step=None), r"field\(x\) must be finite"),
    (lambda: vf.divergence(anp.sqrt, np.zeros((1, 2)), step=None), "derivative must be finite"),
    (lambda: vf.curl(lambda x: x + np.nan, np.zeros((1, 2))), r"field\(x\) must be finite"),
    (lambda: vf.curl(np.sin, np.zeros((1, 1))), "x must have at least 2 coordinates"),
    (lambda: vf.curl(HILLS.score, np.zeros((1, 2)), step=None), "autograd can follow"),
    (lambda: vf.curl(at(NET, 1.0), np.zeros((1, 2)), step=None), "points of the dtype of the net"),
    (lambda: vf.derivative(rotation, np.zeros((3, 2)), np.zeros(3)), "direction must have shape"),
    (lambda: vf.derivative(rotation, np.zeros((3, 2)), [np.nan, 0]), "direction must be finite"),
    (lambda: vf.curl_flux(rotation, np.zeros((4, 2))), "triangle must have 3 corners"),
    (lambda: vf.curl_flux(rotation, np.zeros((2, 2))), "triangle must have 3 corners"),
    (lambda: vf.curl_flux(rotation, np.full((3, 2), np.nan)), "triangle must be finite"),
    (
        lambda: vf.hutchinson(rotation, np.zeros((1, 2)), probes=0, rng=np.random.default_rng(0)),
        "probes must be at least 1",
    ),
    (lambda: vf.hutchinson(rotation, np.zeros((1, 2)), probes=1, rng=0), "rng must be"),
    (
        lambda: vf.hutchinson(
            rotation, np.zeros((1, 2)), probes=1, rng=np.random.default_rng(0), kind="gaussian"
        ),
        "kind must be 'signs' or 'normal'",
    ),
]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:divide:RuntimeWarning")
@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
