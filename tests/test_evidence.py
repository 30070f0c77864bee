"""Evidence: closed forms, quadrature, and what nested sampling stored."""

import json

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad
from scipy.stats import multivariate_normal

from scorekit.evidence import (
    ROWS,
    grid_evidence,
    linear_evidence,
    linear_pair,
    logistic_pair,
    nested_evidence,
    tumours,
)
from scorekit.partition import ais
from scorekit.weights import log_mean_weight
from tools import make_evidence as tool

STORED = nested_evidence()
RNG = np.random.default_rng(0)
A, Y = RNG.normal(size=(9, 2)), RNG.normal(size=9)


def peak(features):
    """Mode of a posterior by Newton's rule, and a length beyond which nothing is left."""
    a, labels = tumours(features)
    theta = np.zeros(a.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-a @ theta))
        bend = (a.T * (p * (1 - p))) @ a + np.eye(len(theta)) / 4
        theta = theta + np.linalg.solve(bend, (labels - p) @ a - theta / 4)
    return theta, 9 * np.sqrt(np.diag(np.linalg.inv(bend)).max())


def test_linear_evidence_three_ways():
    found = linear_evidence(A, Y, 1.5, 0.7)
    law = multivariate_normal(np.zeros(9), 0.49 * np.eye(9) + 2.25 * A @ A.T)
    assert found == pytest.approx(law.logpdf(Y))
    prior, posterior = linear_pair(A, Y, 1.5, 0.7)
    mode = np.linalg.solve(A.T @ A + 0.49 / 2.25 * np.eye(2), A.T @ Y)
    assert grid_evidence(posterior, mode, 4.0, 161) == pytest.approx(found, abs=1e-9)
    assert grid_evidence(prior, np.zeros(2), 15.0, 161) == pytest.approx(0, abs=1e-9)
    rng = np.random.default_rng(1)
    run = ais(
        prior, posterior, 1.5 * rng.standard_normal((2000, 2)), np.linspace(0, 1, 61) ** 2, 0.02,
        rng=rng, moves=2,
    )  # fmt: skip
    estimate = log_mean_weight(run.log_weights)
    assert abs(estimate.value - found) < 4 * estimate.se


@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_scores_against_automatic_differentiation(kind):
    labels = (Y > 0).astype(float)
    pair = linear_pair(A, Y, 1.5, 0.7) if kind == "linear" else logistic_pair(A, labels, 1.5)

    def by_hand(theta):
        u = anp.dot(theta, A.T)
        fit = -((u - Y) ** 2) / 0.98 if kind == "linear" else labels * u - anp.logaddexp(0, u)
        return fit.sum(1) - (theta**2).sum(1) / 4.5

    theta = np.random.default_rng(2).normal(size=(5, 2))
    np.testing.assert_allclose(pair[1].score(theta), elementwise_grad(by_hand)(theta), rtol=1e-9)
    shift = pair[1].log_prob(theta) - by_hand(theta)
    np.testing.assert_allclose(shift, shift[0])
    np.testing.assert_allclose(pair[0].score(theta), -theta / 2.25)


@pytest.mark.parametrize("features", [(0,), (0, 1), (0, 4)])
def test_nested_sampling_agrees_with_a_grid(features):
    row = tool.MODELS.index(features)
    _, posterior = logistic_pair(*tumours(features))
    exact = grid_evidence(posterior, *peak(features), 61)
    assert exact == pytest.approx(grid_evidence(posterior, *peak(features), 45), abs=1e-6)
    assert abs(STORED["log_z"][row] - exact) < 4 * STORED["se"][row] < 0.5


def test_what_is_stored():
    about = json.loads(str(STORED["about"]))
    assert f"{tool.LIVE} live points" in about["method"]
    assert f"{ROWS} rows" in about["data"]
    assert [tuple(f[f >= 0]) for f in STORED["features"]] == list(tool.MODELS)
    assert tool.STORED.stat().st_size < 10_000


def test_the_tumours():
    a, labels = tumours((0, 4))
    assert a.shape == (ROWS, 3)
    assert (a[:, 0] == 1).all()
    assert 0.4 < labels.mean() < 0.8
    assert np.corrcoef(a[:, 1], labels)[0, 1] < -0.5  # large tumours are seldom benign


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: linear_evidence(A, Y[:-1], 1, 1), "y must have shape"),
        (lambda: linear_evidence(A, Y, 0, 1), "prior_sd"),
        (lambda: linear_pair(A, Y, 1, -1), "noise_sd"),
        (lambda: logistic_pair(A, Y), "labels must be 0 or 1"),
        (lambda: grid_evidence(linear_pair(A, Y, 1, 1)[0], np.zeros(4), 1, 3), "at most 3"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
