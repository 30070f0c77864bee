"""The stored data are what their source says they are."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from scorekit import data


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
