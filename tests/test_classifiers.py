"""Networks that know labels."""

import numpy as np
import pytest

from scorekit import data
from scorekit.classifiers import (
    CLASSES,
    MARK,
    init_classifier,
    label_inputs,
    labelled,
    load_classifier,
    load_conditional,
    train_classifier,
)
from scorekit.densities import GaussianMixture
from scorekit.diagnostics import mean_se
from scorekit.guidance import component_guide
from scorekit.priors import load_prior
from scorekit.training import TrainingDiverged, log_uniform

RNG = np.random.default_rng
IMAGES, LABELS = data.digits()[0] / 8 - 1, data.digits()[1]
TEST = load_prior("digits").rows["test"]
PAIR = GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [0.3, 0.3])


def small(seed=0, level=None):
    return init_classifier(RNG(seed).normal(1, 2, (50, 3)), rng=RNG(seed), width=8, level=level)


def test_probabilities_sum_to_one_and_keep_the_dtype():
    x = RNG(1).normal(0, 50, (7, 3))
    for points in (x, x.astype(np.float32)):
        log_p = small().log_prob(points, 0.4)
        assert (log_p.shape, log_p.dtype) == ((7, CLASSES), points.dtype)
        np.testing.assert_allclose(np.exp(log_p).sum(1), 1, rtol=1e-5)


def test_the_guide_is_the_gradient_of_log_p():
    net, labels, sigma = small(), np.array([0, 3, 9, 3, 1]), np.array([0.1, 0.5, 1, 2, 5.0])
    x = RNG(2).normal(1, 2, (5, 3))
    got = net.guide(labels)(x, sigma)
    for j in range(3):
        step = 0.02 * np.eye(3)[j]
        ahead, back = (net.log_prob(x + s, sigma)[np.arange(5), labels] for s in (step, -step))
        np.testing.assert_allclose(got[:, j], (ahead - back) / 0.04, atol=3e-4)
    np.testing.assert_allclose(net.guide(3)(x, 0.5), net.guide([3] * 5)(x, 0.5))


def test_a_clean_classifier_does_not_hear_of_the_noise():
    x = RNG(3).normal(1, 2, (5, 3))
    deaf, listening = small(level=0.1), small()
    np.testing.assert_array_equal(deaf.log_prob(x, 0.1), deaf.log_prob(x, 9.0))
    assert np.abs(listening.log_prob(x, 0.1) - listening.log_prob(x, 9.0)).max() > 0.1


def test_trained_on_two_clouds_it_is_the_exact_classifier():
    rng = RNG(4)

    def draw(n, *, rng):
        labels = rng.integers(2, size=n)
        return PAIR.means[labels] + np.sqrt(0.3) * rng.standard_normal((n, 2)), labels

    net = init_classifier(PAIR.sample(2000, rng=rng), rng=rng, width=24, classes=2)
    net, losses = train_classifier(
        net, draw, steps=1500, rng=rng, sigmas=log_uniform(0.2, 3), batch=512
    )
    assert losses[-100:].mean() < losses[0]
    for sigma in (0.3, 1.0, 2.5):
        noisy = PAIR.blurred(sigma)
        x = noisy.sample(1000, rng=rng)
        exact = noisy.responsibilities(x)
        assert np.abs(np.exp(net.log_prob(x, sigma)) - exact).mean() < 0.02
        want = component_guide(PAIR, 1)(x, sigma)
        error = net.guide(1)(x, sigma) - want
        assert (error**2).sum() < 0.1 * (want**2).sum()
        # The classifier of clean points, told nothing of the noise, would not do.
        wrong = component_guide(PAIR, 1)(x) - want
        assert (wrong**2).sum() > 0.1 * (want**2).sum()


def test_training_that_blows_up_says_so():
    net = small()
    draw = lambda n, *, rng: (np.full((n, 3), np.nan), np.zeros(n, int))  # noqa: E731
    with pytest.raises(TrainingDiverged, match="step number 1"):
        train_classifier(net, draw, steps=3, rng=RNG(0), sigmas=log_uniform(0.1, 1))


def test_label_inputs():
    told = label_inputs([2, 0], 2)
    assert told[0, 2] == told[1, 0] == np.float32(MARK)
    assert np.count_nonzero(told) == 2
    assert not label_inputs(None, 4).any()
    np.testing.assert_array_equal(label_inputs(7, 3), label_inputs([7] * 3, 3))


def test_bad_labels_are_refused():
    x = RNG(5).normal(size=(4, 3))
    for labels, error, words in (
        (10, ValueError, "labels must be from 0 to 9, got 10"),
        (-1, ValueError, "labels must be from 0 to 9"),
        (1.0, TypeError, "labels must be a whole number"),
        ([[1]], TypeError, "labels must be a whole number"),
    ):
        with pytest.raises(error, match=words):
            small().guide(labels)
    with pytest.raises(ValueError, match=r"labels must be one number or of shape \(4,\)"):
        small().guide([1, 2])(x, 1.0)
    with pytest.raises(ValueError, match="at least 10 extra inputs, it takes 5"):
        labelled(load_prior("digits").net)
    with pytest.raises(ValueError, match="name must be 'noisy' or 'clean'"):
        load_classifier("both")


def right(net, sigma, seed=6):
    x = IMAGES[TEST] + sigma * RNG(seed).standard_normal((len(TEST), 64))
    log_p = net.log_prob(x, sigma)
    return mean_se((log_p.argmax(1) == LABELS[TEST]).astype(float)), x, log_p


def test_the_stored_classifiers_know_digits_they_never_saw():
    noisy, clean = load_classifier("noisy"), load_classifier("clean")
    assert right(noisy, 0.02)[0].value > 0.97
    assert right(clean, 0.02)[0].value > 0.97
    seen = right(noisy, 1.0)[0]
    assert seen.value - 4 * seen.se > 0.65
    assert right(clean, 1.0)[0].value + 4 * right(clean, 1.0)[0].se < 0.68
    # In thick noise the right answer is that one does not know.
    _, _, log_p = right(noisy, 15.0)
    assert np.exp(log_p).max(1).mean() < 0.2
    _, _, log_p = right(clean, 15.0)
    assert np.exp(log_p).max(1).mean() > 0.9


def test_the_conditional_network_draws_on_its_label():
    net = load_conditional()
    rng, sigma = RNG(7), 0.8
    x = IMAGES[TEST] + sigma * rng.standard_normal((len(TEST), 64))

    def error(labels):
        denoised = x + sigma**2 * labelled(net, labels)(x, sigma)
        return ((denoised - IMAGES[TEST]) ** 2).mean(1)

    own, none, other = error(LABELS[TEST]), error(None), error((LABELS[TEST] + 1) % 10)
    for less, more in ((own, none), (none, other)):
        gap = mean_se(more - less)
        assert gap.value > 5 * gap.se
