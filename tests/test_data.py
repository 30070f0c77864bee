"""The stored data are what their source says they are."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA

from scorekit import data, tasks
from scorekit.phantoms import phantoms


def test_digits_are_scikit_learns():
    images, labels = data.digits()
    source = load_digits()
    np.testing.assert_array_equal(images, source.data)
    np.testing.assert_array_equal(labels, source.target)
    assert images.dtype == np.float64


def test_principal_components_agree_with_scikit_learn():
    images, _ = data.digits()
    scores, axes, mean = data.principal_components(images, 5)
    reference = PCA(5, svd_solver="full").fit(images)
    np.testing.assert_allclose(np.abs(axes @ reference.components_.T), np.eye(5), atol=1e-8)
    np.testing.assert_allclose(scores.var(0, ddof=1), reference.explained_variance_)
    np.testing.assert_allclose(scores, (images - mean) @ axes.T)
    assert (axes.max(1) >= np.abs(axes.min(1))).all()


def test_all_components_rebuild_the_data():
    x = np.random.default_rng(0).normal(size=(20, 4))
    scores, axes, mean = data.principal_components(x, 4)
    np.testing.assert_allclose(mean + scores @ axes, x)


def test_the_radon_matrix_is_scikit_images_transform():
    from skimage import transform

    heads = phantoms(5, rng=np.random.default_rng(0)).astype(float)
    for angles in (24, 12, 8, 6, 1):
        matrix = tasks.radon_matrix(angles)
        assert matrix.shape == (32 * angles, 1024)
        theta = np.arange(angles) * 180 / angles
        want = [transform.radon(i.reshape(32, 32), theta, circle=True).T.ravel() for i in heads]
        np.testing.assert_allclose(heads @ matrix.T, want, atol=2e-6)


def test_the_radon_matrix_by_geometry():
    # At 0 degrees rays run down the columns; every angle sees the whole of an image's mass.
    head = phantoms(1, rng=np.random.default_rng(1))[0].astype(float)
    sums = (tasks.radon_matrix(24) @ head).reshape(24, 32)
    np.testing.assert_allclose(sums[0], head.reshape(32, 32).sum(0), atol=1e-5)
    np.testing.assert_allclose(sums.sum(1), head.sum(), rtol=0.01)
    # The shadow's centre is that of the head, turned about pixel (16, 16).
    rows, columns = np.mgrid[:32, :32] - 16.0
    down, across = ((head.reshape(32, 32) * k).sum() / head.sum() for k in (rows, columns))
    theta = np.arange(24) * np.pi / 24
    centre = (sums * (np.arange(32) - 16)).sum(1) / sums.sum(1)
    np.testing.assert_allclose(centre, across * np.cos(theta) - down * np.sin(theta), atol=0.05)


def test_fewer_angles_are_rows_of_more():
    every = tasks.radon_matrix(24).toarray().reshape(24, 32, 1024)
    for k in (12, 8, 6):
        np.testing.assert_array_equal(
            tasks.radon_matrix(k).toarray(), every[:: 24 // k].reshape(-1, 1024)
        )


@pytest.mark.parametrize(
    ("angles", "message"),
    [
        (7, "angles must divide 24, got 7"),
        (48, "must divide 24"),
        (0, "at least 1"),
        (6.0, "whole"),
    ],
)
def test_other_numbers_of_angles_are_refused(angles, message):
    with pytest.raises((ValueError, TypeError), match=message):
        tasks.radon_matrix(angles)


def test_photographs_are_grey_and_different():
    cat, others = data.photograph(), data.training_photographs()
    assert cat.shape == (96, 96)
    assert others.shape == (3, 128, 128)
    for image in (cat, *others):
        assert 0 <= image.min() < 0.2
        assert 0.6 < image.max() <= 1
        # Neighbours in a photograph are alike.
        assert np.corrcoef(image[1:].ravel(), image[:-1].ravel())[0, 1] > 0.85


def test_breast_cancer_is_scikit_learns():
    x, labels, names = data.breast_cancer()
    source = load_breast_cancer()
    np.testing.assert_array_equal(x, source.data)
    np.testing.assert_array_equal(labels, source.target)
    assert names == source.feature_names.tolist()


@pytest.mark.parametrize(
    ("x", "k", "message"),
    [
        (np.zeros((3, 2)), 3, "k must be at most 2"),
        (np.zeros((3, 2)), 0, "k must be at least 1"),
        (np.zeros((3, 2)), 1.0, "k must be a whole number"),
        (np.zeros((3, 2), int), 1, "x must be a float64"),
    ],
)
def test_bad_input(x, k, message):
    with pytest.raises((ValueError, TypeError), match=message):
        data.principal_components(x, k)
