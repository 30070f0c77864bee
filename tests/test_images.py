"""PSNR and SSIM against scikit-image's, and against what they are by hand."""

import numpy as np
import pytest

from scorekit import images

RNG = np.random.default_rng(0)
TRUTH = RNG.random((5, 12 * 15))
NOISY = TRUTH + 0.2 * RNG.standard_normal(TRUTH.shape)


@pytest.mark.parametrize("window", [3, 5, 7, 11])
@pytest.mark.parametrize("span", [1.0, 2.0])
def test_both_are_what_scikit_image_computes(window, span):
    from skimage import metrics

    pairs = [(a.reshape(12, 15), b.reshape(12, 15)) for a, b in zip(NOISY, TRUTH, strict=True)]
    want = [metrics.structural_similarity(a, b, win_size=window, data_range=span) for a, b in pairs]
    got = images.ssim(NOISY, TRUTH, (12, 15), span=span, window=window)
    np.testing.assert_allclose(got, want, rtol=1e-10)
    want = [metrics.peak_signal_noise_ratio(b, a, data_range=span) for a, b in pairs]
    np.testing.assert_allclose(images.psnr(NOISY, TRUTH, span=span), want, rtol=1e-12)


def test_equal_images():
    assert (images.psnr(TRUTH, TRUTH, span=1.0) == np.inf).all()
    np.testing.assert_allclose(images.ssim(TRUTH, TRUTH, (12, 15), span=1.0), 1, rtol=1e-12)


def test_a_constant_error_of_a_tenth_is_twenty_decibels_and_ssim_hardly_sees_it():
    np.testing.assert_allclose(images.psnr(TRUTH + 0.1, TRUTH, span=1.0), 20)
    shifted = images.ssim(TRUTH + 0.1, TRUTH, (12, 15), span=1.0)
    noisy = images.ssim(
        TRUTH + 0.1 * np.sign(RNG.standard_normal(TRUTH.shape)), TRUTH, (12, 15), span=1.0
    )
    assert (shifted > noisy).all()


def test_an_image_and_its_negative_have_negative_similarity():
    assert (images.ssim(1 - TRUTH, TRUTH, (12, 15), span=1.0) < 0).all()


def test_a_batch_is_its_images_one_by_one():
    whole = images.ssim(NOISY, TRUTH, (12, 15), span=1.0)
    one = [images.ssim(NOISY[[k]], TRUTH[[k]], (12, 15), span=1.0)[0] for k in range(5)]
    np.testing.assert_array_equal(whole, one)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: images.psnr(TRUTH, TRUTH[:2], span=1.0), r"truth must have the shape of x"),
        (lambda: images.psnr(TRUTH, TRUTH, span=0.0), "span must be positive"),
        (lambda: images.psnr(TRUTH[0], TRUTH[0], span=1.0), "x must have shape"),
        (lambda: images.ssim(TRUTH, TRUTH, (12, 12), span=1.0), "shape must hold 180 pixels"),
        (lambda: images.ssim(TRUTH, TRUTH, (12, 15), span=1.0, window=4), "window must be odd"),
        (lambda: images.ssim(TRUTH, TRUTH, (12, 15), span=1.0, window=13), "at most 12"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
