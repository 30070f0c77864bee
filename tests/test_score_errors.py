"""The split of a score's error: closed forms, identities, and wrong splits that are caught."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import integrate, special

from scorekit import denoising as dn, score_errors as se
from scorekit.densities import Gaussian, three_hills
from scorekit.diagnostics import mean_se

HILLS = three_hills()


def field(n=500, d=2, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def turn(theta):
    c, s = np.cos(theta), np.sin(theta)
    return np.array([[c, -s], [s, c]])


def agrees(estimate, theory):
    return abs(estimate.value - theory) < 4 * estimate.se


@given(c=st.floats(-50, 50).filter(lambda c: abs(c) > 1e-3), d=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_a_multiple_has_its_factor_and_no_rest(c, d):
    exact = field(60, d)
    e = se.split_error(c * exact, exact)
    assert e.scale == pytest.approx(abs(c), rel=1e-12)  # lengths have no sign
    assert e.vector_scale == pytest.approx(c, rel=1e-12)
    assert max(e.rmse, e.vector_rmse) < 1e-12 * abs(c)
    assert e.multiplier == pytest.approx(1 / c, rel=1e-12)
    assert e.repaired < 1e-12
    assert e.angle == pytest.approx(0 if c > 0 else np.pi, abs=1e-12)
    assert e.cosine == pytest.approx(np.sign(c), abs=1e-12)
    assert e.relative == pytest.approx(abs(c - 1), abs=1e-12)


@given(theta=st.floats(-3.1, 3.1))
@settings(max_examples=60, deadline=None)
def test_a_turn_of_the_plane_has_its_angle_and_no_scale(theta):
    exact = HILLS.score(field(80))
    e = se.split_error(exact @ turn(theta).T, exact)
    assert e.angle == pytest.approx(abs(theta), abs=1e-12)
    assert e.scale == pytest.approx(1, abs=1e-12)
    assert e.rmse == pytest.approx(0, abs=1e-12 * np.abs(exact).max())
    assert e.vector_scale == pytest.approx(np.cos(theta), abs=1e-12)
    assert e.parts[2] == pytest.approx(2 - 2 * np.cos(theta), abs=1e-12)


def test_tiny_angles_keep_their_digits():
    exact = field(20)
    got = se.angles(exact @ turn(1e-9).T, exact)
    np.testing.assert_allclose(got, 1e-9, rtol=1e-6)
    with np.errstate(invalid="ignore"):  # the textbook formula, which this would catch
        cosine = ((exact @ turn(1e-9).T) * exact).sum(1) / (exact**2).sum(1)
        assert np.abs(np.nan_to_num(np.arccos(cosine)) - 1e-9).max() > 1e-10


def test_a_turn_of_space_has_its_mean_angle():
    theta, x = 0.5, field(60_000, 3)
    k = np.cross(np.eye(3), [0.6, 0.0, 0.8])
    s = x @ (np.eye(3) + np.sin(theta) * k + (1 - np.cos(theta)) * k @ k).T
    flat = np.cos(theta)
    want = integrate.quad(lambda u: np.arccos(flat + (1 - flat) * u * u), 0, 1)[0]
    assert want == pytest.approx(0.392, abs=5e-4)
    assert agrees(mean_se(se.angles(s, x)), want)
    assert not agrees(mean_se(se.angles(s, x)), theta)
    assert se.split_error(s, x).scale == pytest.approx(1, abs=1e-12)
    assert agrees(se.scale_estimates(s, x)[1], (1 + 2 * flat) / 3)


@pytest.mark.parametrize(("a", "b"), [(2.0, 0.5), (1.0, 0.1)])
def test_a_stretch_of_round_arrows_is_elliptic(a, b):
    t = np.arange(2000) * 2 * np.pi / 2000
    ring = np.stack([np.cos(t), np.sin(t)], 1)
    e, m = se.split_error(ring * [a, b], ring), 1 - (b / a) ** 2
    long, short = special.ellipe(m), special.ellipkm1(1 - m)
    assert e.scale == pytest.approx(2 / np.pi * a * long, abs=1e-12)
    assert e.vector_scale == pytest.approx((a + b) / 2, abs=1e-12)
    want = 2 / np.pi * (a * long + b * short) / (a + b)
    assert e.cosine == pytest.approx(want, abs=1e-12)
    rest = (a**2 + b**2) / 2 - ((a + b) / 2) ** 2
    assert e.vector_rmse == pytest.approx(np.sqrt(rest), abs=1e-12)


@given(seed=st.integers(0, 10_000), d=st.integers(1, 6), size=st.floats(0.01, 10))
@settings(max_examples=60, deadline=None)
def test_the_parts_add_up_and_the_fits_are_the_best(seed, d, size):
    exact, noise = field(40, d, seed), field(40, d, seed + 1)
    s = size * noise + 0.5 * exact
    e = se.split_error(s, exact)
    assert sum(e.parts) == pytest.approx(e.relative**2, rel=1e-9)
    assert e.parts[2] == pytest.approx(2 * (e.scale - e.vector_scale), rel=1e-9)
    a, b = np.linalg.norm(s, axis=1), np.linalg.norm(exact, axis=1)
    assert e.rmse == pytest.approx(np.sqrt(((a - e.scale * b) ** 2).mean()), rel=1e-9)
    for shift in (-1e-3, 1e-3):
        assert ((a - (e.scale + shift) * b) ** 2).mean() > e.rmse**2
        assert ((s - (e.vector_scale + shift) * exact) ** 2).sum(1).mean() > e.vector_rmse**2
        worse = se.split_error((e.multiplier + shift) * s, exact).relative
        assert worse > e.repaired
    weighted = (s * exact).sum() / (a * b).sum()
    assert e.vector_scale == pytest.approx(e.scale * weighted, rel=1e-9)


@pytest.mark.parametrize("d", [2, 3, 10])
def test_noise_has_the_predicted_mean_cosine(d):
    rng = np.random.default_rng(d)
    for r in (0.5, 1.0, 3.0):
        exact = np.tile(r * np.eye(d)[0], (100_000, 1))
        cosine = mean_se(np.cos(se.angles(exact + rng.standard_normal(exact.shape), exact)))
        assert agrees(cosine, float(se.noisy_cosine(r, d)))
        if d == 2:  # the short cut for high dimension would be caught
            assert not agrees(cosine, 1 / np.sqrt(1 + d / r**2))


def test_the_cosine_in_the_plane_has_a_bessel_form_and_limits():
    r = np.array([0.0, 0.01, 0.5, 2.0, 30.0, 1e4])
    bessel = np.sqrt(np.pi / 8) * r * (special.ive(0, r * r / 4) + special.ive(1, r * r / 4))
    np.testing.assert_allclose(se.noisy_cosine(r, 2), bessel, rtol=1e-12, atol=1e-15)
    assert float(se.noisy_cosine(0.5, 2)) == pytest.approx(0.304, abs=5e-4)
    assert 1 / np.sqrt(1 + 2 / 0.5**2) == pytest.approx(0.333, abs=5e-4)  # the short cut
    many = se.noisy_cosine(r * 100, 10_000)
    np.testing.assert_allclose(many, r / np.hypot(r, 1), atol=1e-4)


def test_noise_inflates_the_norm_fit_and_not_the_vector_fit():
    tau, exact = 0.7, field(200_000)
    norm, vector = se.scale_estimates(exact + tau * field(200_000, seed=1), exact)
    rho2 = 1 / (1 + tau**2)
    want = np.pi / 4 / np.sqrt(rho2) * special.hyp2f1(-0.5, -0.5, 1, rho2)
    assert want == pytest.approx(1.128, abs=5e-4)
    assert agrees(norm, want)
    assert agrees(vector, 1)
    assert not agrees(norm, 1)


def test_standard_errors_of_the_fits_are_honest():
    pulls = []
    for seed in range(300):
        x = field(400, seed=seed)
        estimates = se.scale_estimates(x + 0.7 * field(400, seed=seed + 1000), x)
        pulls.append([(e.value - t) / e.se for e, t in zip(estimates, (1.1279, 1), strict=True)])
    np.testing.assert_allclose(np.std(pulls, axis=0), 1, atol=0.2)
    assert np.abs(np.mean(pulls, axis=0)).max() < 0.3


@pytest.mark.parametrize(
    ("variances", "lam", "angle"), [((1.0, 1.0), 0.5, 0.0), ((1.0, 0.01), 0.5, 45.36)]
)
def test_ridge_errs_in_direction_where_data_are_anisotropic(variances, lam, angle):
    v, sigma = np.array(variances), 0.1
    valley = Gaussian([0.0, 0.0], np.diag(v))
    y = valley.blurred(sigma).sample(40_000, rng=np.random.default_rng(3))
    s, t = -y / (v + sigma**2 + lam), dn.noisy_score(valley)(y, sigma)
    e, off = se.split_error(s, t), np.degrees(se.angles(s, t))
    if angle:
        assert agrees(mean_se(off), angle)
        assert e.repaired > 0.8
    else:
        assert off.max() < 1e-10
        assert e.largest == "scale"
        assert e.repaired < 1e-12
        assert e.scale == pytest.approx(1.01 / 1.51, abs=1e-12)


def test_points_without_a_direction_are_left_out():
    exact = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    s = np.array([[1.0, 1.0], [3.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    e = se.split_error(s, exact)
    assert e.directed == 2
    assert e.angle == pytest.approx(np.pi / 8)
    assert sum(e.parts) == pytest.approx(e.relative**2)
    assert np.isnan(se.angles(s, exact)).tolist() == [False, True, True, False]
    dead = se.split_error(np.zeros((4, 2)), exact)
    assert (dead.scale, dead.vector_scale, dead.relative, dead.repaired) == (0, 0, 1, 1)
    assert np.isnan([dead.angle, dead.cosine, dead.multiplier]).all()
    assert dead.directed == 0
    assert dead.largest == "scale"
    assert se.split_error(exact, exact).largest == "none"


@pytest.mark.parametrize("size", [1e-200, 1e-30, 1e200])
def test_size_does_not_matter(size):
    s, exact = field(50), field(50, seed=1)
    a, b = se.split_error(s, exact), se.split_error(size * s, size * exact)
    assert (b.scale, b.angle, b.relative) == pytest.approx((a.scale, a.angle, a.relative))
    assert b.rmse == pytest.approx(size * a.rmse)
    np.testing.assert_allclose(se.in_frame(size * s, size * exact), se.in_frame(s, exact))


def test_images_and_single_precision():
    s, exact = field(30, 12).astype(np.float32), field(30, 12, 1).astype(np.float32)
    flat, image = (
        se.split_error(x, y)
        for x, y in ((s, exact), (s.reshape(30, 3, 4), exact.reshape(30, 3, 4)))
    )
    assert flat == image
    assert isinstance(flat.scale, float)


def test_split_by_region_is_the_split_of_each_part():
    s, exact, where = field(90), field(90, seed=1), np.repeat(["far", "gap", "hill"], 30)
    parts = se.split_by(s, exact, where)
    assert list(parts) == ["far", "gap", "hill"]
    assert parts["gap"] == se.split_error(s[30:60], exact[30:60])
    assert parts["gap"] != parts["hill"]


def test_the_frame_of_the_exact_arrow():
    exact = field(40)
    np.testing.assert_allclose(
        se.in_frame(0.3 * exact, exact), np.tile([0.3, 0], (40, 1)), atol=1e-15
    )
    seen = se.in_frame(2 * exact @ turn(-0.4).T, exact)  # clockwise
    np.testing.assert_allclose(seen, np.tile([2 * np.cos(0.4), -2 * np.sin(0.4)], (40, 1)))
    s, t = field(40, 5), field(40, 5, 1)
    along, across = se.in_frame(s, t).T
    np.testing.assert_allclose(np.arctan2(across, along), se.angles(s, t))
    longer = np.linalg.norm(s, axis=1) / np.linalg.norm(t, axis=1)
    np.testing.assert_allclose(np.hypot(along, across), longer)
    assert np.isnan(se.in_frame(np.ones((2, 2)), np.array([[0.0, 0.0], [1.0, 0.0]]))).any(
        1
    ).tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize("c", [1.0, 0.5, 3.0])
def test_the_best_factor_is_found_from_noise_alone(c):
    exact = dn.noisy_score(HILLS)
    rng = np.random.default_rng(5)
    x = HILLS.sample(40_000, rng=rng)
    a = se.data_multiplier(lambda y, sigma: c * exact(y, sigma), x, 0.5, rng=rng)
    assert agrees(a, 1 / c)
    if c != 1:
        assert not agrees(a, 1)


def test_the_factor_lowers_the_loss_by_what_is_said():
    exact, sigma = dn.noisy_score(HILLS), 0.5
    x = HILLS.sample(4000, rng=np.random.default_rng(6))

    def s(y, sigma):
        return 1.7 * exact(y, sigma) @ turn(0.6).T

    a = se.data_multiplier(s, x, sigma, rng=np.random.default_rng(7)).value
    loss = [
        dn.dsm_loss(f, x, sigma, rng=np.random.default_rng(7)).mean()
        for f in (s, lambda y, sigma: a * s(y, sigma))
    ]
    noise = np.random.default_rng(7).standard_normal(x.shape)
    power = (s(x + sigma * noise, sigma) ** 2).sum(1).mean()
    assert loss[0] - loss[1] == pytest.approx(sigma**2 * (1 - a) ** 2 * power, rel=1e-10)


GOOD = field(5)


@pytest.mark.parametrize("call", [se.split_error, se.angles, se.scale_estimates, se.in_frame])
@pytest.mark.parametrize(
    ("s", "exact", "message"),
    [
        (GOOD[:4], GOOD, r"s must have the shape of exact, \(5, 2\), got \(4, 2\)"),
        (GOOD[:, :1], GOOD, r"s must have the shape of exact"),
        (GOOD, 0 * GOOD, "exact must not be zero throughout"),
        (GOOD, GOOD * np.inf, "exact must be finite, got 10 NaN or infinite"),
        (np.where(GOOD > 1, np.nan, GOOD), GOOD, "s must be finite"),
        (GOOD[0], GOOD[0], "s must be a non-empty batch"),
        (GOOD[:0], GOOD[:0], "s must be a non-empty batch"),
    ],
)
def test_bad_arrows_are_named(call, s, exact, message):
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=message):
        call(s, exact)


def test_other_bad_input_is_named():
    with pytest.raises(TypeError, match="s must be a float64"):
        se.split_error(np.ones((3, 2), int), np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"region must have shape \(5,\)"):
        se.split_by(GOOD, GOOD, ["a"] * 4)
    with pytest.raises(ValueError, match="exact must not be zero throughout"):
        se.split_by(GOOD, GOOD * [[0], [1], [1], [1], [1]], [0, 1, 1, 1, 1])
    with pytest.raises(ValueError, match="ratio must not be negative"):
        se.noisy_cosine(-1.0, 2)
    with pytest.raises(ValueError, match="ratio must be finite"):
        se.noisy_cosine([1.0, np.nan], 2)
    with pytest.raises(ValueError, match="d must be at least 2"):
        se.noisy_cosine(1.0, 1)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="score must not be zero throughout"):
        se.data_multiplier(lambda y, sigma: 0 * y, GOOD, 0.5, rng=rng)
    with pytest.raises(ValueError, match=r"score must return an array of shape \(5, 2\)"):
        se.data_multiplier(lambda y, sigma: y[:, :1], GOOD, 0.5, rng=rng)
    with pytest.raises(ValueError, match=r"score\(x\) must be finite"):
        se.data_multiplier(lambda y, sigma: y * np.nan, GOOD, 0.5, rng=rng)
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator"):
        se.data_multiplier(lambda y, sigma: y, GOOD, 0.5, rng=0)
