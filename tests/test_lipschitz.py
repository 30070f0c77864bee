"""Lipschitz constants: bounded networks stay bounded, the search finds the steepest place."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from scorekit.densities import Gaussian, GaussianMixture
from scorekit.lipschitz import (
    BoundedNet,
    BoundedScaledNet,
    certificate,
    init_bounded,
    keep_bounded,
    lipschitz_fit,
    slopes,
    steepest,
)
from scorekit.training import train

PAIR = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
DATA = np.random.default_rng(0).standard_normal((400, 2)) * [1.0, 0.3] + [2.0, -1.0]


def make(seed=1, bound=5.0, **options):
    rng = np.random.default_rng(seed)
    return init_bounded(DATA, bound, rng=rng, **{"width": 8, "dtype": np.float64, **options})


def shaken(net, seed, size):
    """The same net with weights far from where they began, projected again."""
    rng = np.random.default_rng(seed)
    params = {k: p + size * rng.standard_normal(p.shape) for k, p in net.params.items()}
    keep_bounded(params)
    return replace(net, params=params)


# ------------------------------------------------------------------ bounded networks


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    size=st.sampled_from([0.0, 0.3, 3.0]),
    sigma=st.sampled_from([0.02, 0.3, 4.0]),
    scaled=st.booleans(),
)
def test_no_two_points_are_steeper_than_the_bound(seed, size, sigma, scaled):
    net = shaken(make(seed, scaled=scaled), seed, size)
    rng = np.random.default_rng(seed)
    x = DATA[:100] + sigma * rng.standard_normal((100, 2))
    for y in (x[::-1], x + 1e-3 * rng.standard_normal(x.shape)):
        secant = np.linalg.norm(net(x, sigma) - net(y, sigma), axis=1)
        secant /= np.linalg.norm(x - y, axis=1)
        limit = net.score_bound(sigma) if scaled else net.bound
        assert (secant <= limit * (1 + 1e-9)).all()


@pytest.mark.parametrize("scaled", [False, True])
def test_the_same_test_rejects_weights_that_were_not_projected(scaled):
    net = make(scaled=scaled)
    rng = np.random.default_rng(2)
    params = {k: p + 0.5 * rng.standard_normal(p.shape) for k, p in net.params.items()}
    steep = slopes(lambda x: replace(net, params=params)(x, 0.3), DATA)
    limit = net.score_bound(0.3) if scaled else net.bound
    assert steep.max() > 1.5 * limit
    assert certificate(replace(net, params=params)) > net.bound


def test_the_certificate_is_the_bound_and_lies_above_every_slope():
    net = shaken(make(), 3, 1.0)
    assert certificate(net) == pytest.approx(net.bound, rel=1e-12)
    loose = replace(net, params={k: 1.4 * p for k, p in net.params.items()})
    found = steepest(lambda x: loose(x, 0.5), DATA, rng=np.random.default_rng(0))
    assert net.bound < found.slope <= certificate(loose)
    w = {k: np.linalg.norm(loose.params[f"{k}_w"], 2) for k in range(4)}
    ends = [np.linalg.norm(loose.params[k], 2) for k in ("in_w", "out_w")]
    by_hand = net.bound * np.prod(ends) * np.prod([2 * w[k] ** 2 - 1 for k in range(4)])
    assert certificate(loose) == pytest.approx(by_hand)


def test_one_layer_is_its_formula():
    net = shaken(make(layers=1, width=3), 5, 0.5)
    p, x, sigma = net.params, DATA[:7], 0.7
    angle = np.log(sigma) * 2.0 ** np.arange(-2, 2, 0.25)
    level = np.r_[np.cos(angle), np.sin(angle)] @ p["level_w"] + p["level_b"]
    level = level / (1 + np.exp(-level))
    h = (x - net.mean) @ p["in_w"]
    inner = h @ p["0_w"] + level @ p["0_shift_w"] + p["0_shift_b"]
    h = h - 2 * np.where(inner > 0, inner, 0) @ p["0_w"].T
    gain = 1 / (1 + np.exp(-(level @ p["gain_w"] + p["gain_b"])))
    want = net.bound * gain * (h @ p["out_w"] + p["out_b"])
    np.testing.assert_allclose(net(x, sigma), want, rtol=1e-10)


def test_a_scaled_one_with_weights_of_zero_is_the_round_gaussian():
    net = make(scaled=True)
    net = replace(net, params={k: 0 * p for k, p in net.params.items()})
    gauss = Gaussian(net.mean, net.sd**2 * np.eye(2)).blurred(0.4)
    np.testing.assert_allclose(net(DATA, 0.4), gauss.score(DATA), rtol=1e-9)
    assert slopes(lambda x: net(x, 0.4), DATA[:3]).max() == pytest.approx(1 / (0.16 + net.sd**2))


@pytest.mark.parametrize("sigma", [0.01, 0.3, 5.0])
def test_the_bound_of_a_scaled_score_in_two_ways(sigma):
    net = make(scaled=True, bound=3.0)
    closed = (1 + net.sd / sigma * 3.0) / (sigma**2 + net.sd**2)
    assert net.score_bound(sigma) == pytest.approx(closed, rel=1e-12)


# ------------------------------------------------------------------ the projection


def test_projection_cuts_singular_values_and_leaves_the_rest():
    params = make().params
    rng = np.random.default_rng(4)
    for key in ("in_w", "0_w", "level_w"):
        params[key][...] = 2 * rng.standard_normal(params[key].shape)
    before = {k: p.copy() for k, p in params.items()}
    keep_bounded(params)
    for key in ("in_w", "0_w"):
        u, s, vt = np.linalg.svd(before[key], full_matrices=False)
        np.testing.assert_allclose(params[key], u @ np.diag(np.minimum(s, 1)) @ vt, atol=1e-12)
    for key in ("level_w", "out_b", "1_w"):  # not a matrix of f, not a matrix, inside already
        np.testing.assert_allclose(params[key], before[key], atol=1e-14)
    again = {k: p.copy() for k, p in params.items()}
    keep_bounded(again)
    for key in params:
        np.testing.assert_allclose(again[key], params[key], atol=1e-14)


def test_projection_goes_to_the_nearest_matrix_and_division_does_not():
    rng = np.random.default_rng(6)
    w = 1.5 * rng.standard_normal((5, 3))
    params = {"0_w": w.copy()}
    keep_bounded(params)
    gap = np.linalg.norm(w - params["0_w"])
    assert gap < np.linalg.norm(w - w / np.linalg.norm(w, 2))
    for _ in range(200):  # no allowed matrix is nearer
        other = rng.standard_normal((5, 3))
        other = params["0_w"] + 0.1 * other
        other /= max(1.0, np.linalg.norm(other, 2))
        assert np.linalg.norm(w - other) >= gap


# ------------------------------------------------------------------ training


@pytest.mark.parametrize("bound", [8.0, 100.0])
def test_training_makes_the_best_of_the_bound(bound):
    # Slope needed in the modes at σ = 0.1: 20. With less, the network goes to its limit.
    rng = np.random.default_rng(7)
    net = init_bounded(PAIR.sample(2000, rng=rng), bound, rng=rng)
    fit = train(
        net,
        PAIR.sample,
        steps=500,
        rng=rng,
        sigmas=(0.1, 3.0),
        learning_rate=1e-2,
        after_step=keep_bounded,
    )
    score = fit.net.astype(float)
    assert certificate(score) <= bound * (1 + 1e-5)  # the running means are inside, too
    mode = slopes(lambda x: score(x, 0.1), np.array([[-1.0], [1.0]]))
    if bound == 8:
        assert (0.85 * bound < mode).all()
        assert (mode <= bound * (1 + 1e-5)).all()
    else:
        assert (mode > 12).all()


def test_after_step_sees_the_weights_and_changes_them():
    seen = []

    def halve(params):
        seen.append({k: p.copy() for k, p in params.items()})
        params["out_b"][...] = 7.0

    rng = np.random.default_rng(8)
    net = make()
    fit = train(
        net, DATA, steps=3, rng=rng, sigmas=(0.1, 1.0), batch=8, average=0, after_step=halve
    )
    assert len(seen) == 3
    assert list(seen[0]) == list(net.params)
    assert all(seen[0][k].shape == p.shape for k, p in net.params.items())
    np.testing.assert_array_equal(fit.net.params["out_b"], [7.0, 7.0])
    assert (np.abs(seen[1]["out_b"] - 7) < 0.1).all()  # the next step starts from there


@pytest.mark.parametrize("scaled", [False, True])
def test_dtype_and_seed(scaled):
    a, b = (make(9, dtype=np.float32, scaled=scaled) for _ in range(2))
    assert isinstance(a, BoundedScaledNet if scaled else BoundedNet)
    assert {p.dtype for p in a.params.values()} == {np.dtype(np.float32)}
    for key in a.params:
        np.testing.assert_array_equal(a.params[key], b.params[key])
    assert a(DATA, 0.3).dtype == np.float64
    assert a(DATA.astype(np.float32), 0.3).dtype == np.float32


# ------------------------------------------------------------------ measuring


def test_slopes_are_spectral_norms_of_the_jacobian():
    a = np.array([[1.0, 4.0], [-2.0, 0.5]])
    got = slopes(lambda x: x @ a.T, DATA[:5])
    np.testing.assert_allclose(got, np.linalg.norm(a, 2), rtol=1e-8)


def test_the_pair_is_steepest_at_its_saddle():
    # s' = -1/v + (m²/v²) sech²(mx/v): 600 at 0 and -25 in the modes.
    x = PAIR.sample(500, rng=np.random.default_rng(1))
    found = steepest(PAIR.score, x, rng=np.random.default_rng(2))
    assert found.slope == pytest.approx(600, rel=1e-4)
    assert abs(found.at[0]) < 1e-3
    assert slopes(PAIR.score, np.array([[1.0]]))[0] == pytest.approx(25, rel=1e-6)
    only_points = steepest(PAIR.score, x, rng=np.random.default_rng(2), rounds=0)
    assert only_points.slope == slopes(PAIR.score, x).max()


# ------------------------------------------------------------------ the best fit

LINE = np.linspace(-1.2, 1.2, 161)
BELL = np.exp(-(LINE**2) / 0.08)  # N(0, 0.04)


@pytest.mark.parametrize("bound", [3.0, 10.0, 24.0])
def test_the_best_fit_of_a_gaussian_score_is_the_clipped_line(bound):
    got = lipschitz_fit(LINE, -25 * LINE, BELL, bound)
    np.testing.assert_allclose(got, -bound * LINE, atol=1e-6 * bound)


def test_enough_room_changes_nothing():
    np.testing.assert_allclose(lipschitz_fit(LINE, -25 * LINE, BELL, 26), -25 * LINE, atol=1e-9)


def test_no_other_function_within_the_bound_fits_better():
    x = np.linspace(-1.8, 1.8, 121)
    p, s, bound = np.exp(PAIR.log_prob(x[:, None])), PAIR.score(x[:, None])[:, 0], 10.0
    best = lipschitz_fit(x, s, p, bound)
    assert (np.abs(np.diff(best)) <= bound * np.diff(x) * (1 + 1e-9)).all()
    rng, loss = np.random.default_rng(3), (p * (best - s) ** 2).sum()
    for size in (1e-3, 1e-2, 0.1, 1.0):
        for _ in range(25):
            rise = np.clip(np.diff(best) + size * rng.standard_normal(120), -0.3, 0.3)
            other = best[0] + size * rng.normal() + np.r_[0, np.cumsum(rise)]
            assert (p * (other - s) ** 2).sum() > loss


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bound": 0.0}, "bound must be positive"),
        ({"bound": -1.0}, "bound must be positive"),
        ({"x": LINE[::-1]}, "x must hold at least 2 numbers that rise"),
        ({"x": LINE[:1], "values": LINE[:1], "weights": BELL[:1]}, "x must hold at least 2"),
        ({"values": LINE[1:]}, "values must have the shape of x"),
        ({"weights": BELL[1:]}, "weights must have the shape of x"),
        ({"weights": 0 * BELL}, "weights must be positive"),
        ({"values": LINE * np.nan}, "values must be finite"),
    ],
)
def test_a_fit_refuses(change, words):
    arguments = {"x": LINE, "values": -LINE, "weights": BELL, "bound": 1.0} | change
    with pytest.raises(ValueError, match=words):
        lipschitz_fit(**arguments)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"bound": np.inf}, ValueError, "bound must be positive and finite"),
        ({"bound": "steep"}, TypeError, "bound must be one positive number"),
        ({"width": 1}, ValueError, "width must be at least 2"),
        ({"layers": 0}, ValueError, "layers must be at least 1"),
        ({"rng": 3}, TypeError, "rng must be a numpy.random.Generator"),
        ({"data": DATA[0]}, ValueError, "data must have shape"),
        ({"dtype": int}, TypeError, "dtype must be float32 or float64"),
    ],
)
def test_a_bounded_network_refuses(change, error, words):
    arguments = {"data": DATA, "bound": 2.0, "rng": np.random.default_rng(0)} | change
    with pytest.raises(error, match=words):
        init_bounded(arguments.pop("data"), arguments.pop("bound"), **arguments)


def test_the_search_refuses():
    with pytest.raises(TypeError, match="rng must be"):
        steepest(PAIR.score, np.ones((3, 1)), rng=0)
    with pytest.raises(ValueError, match="rounds must be at least 0"):
        steepest(PAIR.score, np.ones((3, 1)), rng=np.random.default_rng(0), rounds=-1)
    with pytest.raises(ValueError, match="shape"):
        slopes(PAIR.score, np.ones(3))
