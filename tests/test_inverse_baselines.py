"""The classical answers against closed forms, scikit-image and each other."""

import numpy as np
import pytest
from skimage.restoration import denoise_tv_chambolle
from skimage.transform import iradon, radon

from scorekit import operators, tasks
from scorekit.phantoms import phantoms
from tools import inverse_baselines as classical

RNG = np.random.default_rng(0)
HEADS = phantoms(4, rng=np.random.default_rng(0)).astype(float)
SAME = operators.mask(np.ones((32, 32), bool))


def test_wiener_is_the_gaussian_posterior_mean():
    root = RNG.standard_normal((9, 9))
    cov, mean, tau = root @ root.T, RNG.standard_normal(9), 0.3
    matrix = RNG.standard_normal((5, 9))
    y = RNG.standard_normal((4, 5))
    precision = np.linalg.inv(cov) + matrix.T @ matrix / tau**2
    want = np.linalg.solve(precision, (np.linalg.solve(cov, mean) + y @ matrix / tau**2).T).T
    got = classical.wiener(operators.radon(matrix), y, tau, mean, cov)
    np.testing.assert_allclose(got, want)


def test_wiener_takes_a_covariance_without_full_rank_and_beats_other_linear_answers():
    x = phantoms(600, rng=np.random.default_rng(1)).astype(float)
    mean, cov = x.mean(0), np.cov(x.T)
    noisy = x + 0.3 * RNG.standard_normal(x.shape)
    right, *wrong = (
        ((classical.wiener(SAME, noisy, tau, mean, cov) - x) ** 2).mean()
        for tau in (0.3, 0.15, 0.6)
    )
    assert right < min(wrong)


def test_gradient_and_its_adjoint():
    x = RNG.standard_normal((2, 5, 6))
    down, across = classical.gradient(x)
    np.testing.assert_allclose(down[:, :-1], x[:, 1:] - x[:, :-1])
    np.testing.assert_allclose(across[:, :, :-1], x[:, :, 1:] - x[:, :, :-1])
    assert not down[:, -1].any()
    assert not across[:, :, -1].any()
    p, q = RNG.standard_normal((2, 2, 5, 6))
    adjoint = classical.gradient_adjoint(p, q)
    np.testing.assert_allclose((down * p + across * q).sum(), (x * adjoint).sum())


def test_tikhonov_solves_its_normal_equations():
    operator, weight = operators.blur((8, 8), 0.75), 0.05
    y = RNG.standard_normal((3, 64))
    x = classical.tikhonov(operator, y, (8, 8), weight)
    rough = classical.gradient_adjoint(*classical.gradient(x.reshape(-1, 8, 8))).reshape(-1, 64)
    slope = operators.apply_adjoint(operator, operators.apply(operator, x) - y) + weight * rough
    np.testing.assert_allclose(slope, 0, atol=1e-10)


@pytest.mark.parametrize("weight", [0.02, 0.1, 0.3])
def test_total_variation_denoises_like_scikit_image(weight):
    noisy = HEADS[:2] + 0.2 * RNG.standard_normal((2, 1024))
    got = classical.total_variation(SAME, noisy, (32, 32), weight, (-9, 9), 5000)
    want = [
        denoise_tv_chambolle(i.reshape(32, 32), weight, eps=1e-12, max_num_iter=20_000).ravel()
        for i in noisy
    ]
    np.testing.assert_allclose(got, want, atol=1.5e-3)


def test_total_variation_has_converged_where_it_is_used():
    operator = operators.radon(tasks.radon_matrix(6))
    y = operators.apply(operator, HEADS) + 0.18 * RNG.standard_normal((4, 192))
    norm = classical.largest_singular_value(operator)

    def objective(x):
        down, across = classical.gradient(x.reshape(-1, 32, 32))
        fit = ((operators.apply(operator, x) - y) ** 2).sum() / 2
        return fit + 3e-4 * norm**2 * np.sqrt(down**2 + across**2).sum()

    runs = [
        classical.total_variation(operator, y, (32, 32), 3e-4 * norm**2, (0, 1), k)
        for k in (100, 800, 5000)
    ]
    values = [objective(x) for x in runs]
    assert values[0] > values[1] > 0
    assert abs(values[1] - values[2]) < 0.002 * values[2]
    assert all(x.min() >= 0 and x.max() <= 1 for x in runs)
    for _ in range(5):  # no point near the last is lower
        near = (runs[2] + 0.01 * RNG.standard_normal(HEADS.shape)).clip(0, 1)
        assert objective(near) > values[2]


def test_largest_singular_value():
    matrix = RNG.standard_normal((20, 30))
    got = classical.largest_singular_value(operators.radon(matrix))
    assert got == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-3)
    assert got <= np.linalg.norm(matrix, 2) * (1 + 1e-9)


def test_bicubic_rebuilds_a_slope_and_biharmonic_a_plane():
    ramp = np.add.outer(np.arange(8.0), 2 * np.arange(8.0)).reshape(1, 64)
    low = operators.apply(operators.downsample((8, 8), 2), ramp)
    got = classical.bicubic(low, (4, 4), (8, 8)).reshape(8, 8)
    np.testing.assert_allclose(got[2:6, 2:6], ramp.reshape(8, 8)[2:6, 2:6], atol=0.3)
    keep = np.ones((8, 8), bool)
    keep[3:5, 3:5] = False
    np.testing.assert_allclose(classical.biharmonic(ramp[:, keep.ravel()], keep), ramp, atol=1e-8)


def test_back_projection_takes_rays_as_the_matrix_orders_them():
    angles = np.arange(24) * 7.5
    y = HEADS @ tasks.radon_matrix(24).T
    got = classical.back_projection(y, 32, angles, "ramp")
    for image, mine in zip(HEADS, got, strict=True):
        sinogram = radon(image.reshape(32, 32), angles, circle=True)
        np.testing.assert_allclose(mine.reshape(32, 32), iradon(sinogram, angles), atol=1e-6)


def test_zero_filling_completes_the_spectrum_of_a_real_image():
    k = np.fft.fftfreq(32, 1 / 32)
    half = (k[:, None] > 0) | ((k[:, None] == 0) & (k >= 0)) | (k == -16) | (k[:, None] == -16)
    half = np.broadcast_to(half, (32, 32))
    operator = operators.masked_fourier((32, 32), half)
    got = classical.zero_filled(operators.apply(operator, HEADS), half)
    np.testing.assert_allclose(got, HEADS, atol=1e-12)
    few = half & (np.hypot(k[:, None], k) < 5)
    got = classical.zero_filled(
        operators.apply(operators.masked_fourier((32, 32), few), HEADS), few
    )
    hat, want = (np.fft.fft2(i.reshape(-1, 32, 32)) for i in (got, HEADS))
    both = few | np.roll(few[::-1, ::-1], 1, (0, 1))
    np.testing.assert_allclose(hat[:, both], want[:, both], atol=1e-9)
    np.testing.assert_allclose(hat[:, ~both], 0, atol=1e-9)
