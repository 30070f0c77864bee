"""The reference run of the logistic regression: its parts, a brief run, and a wrong one."""

import json

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad

from scorekit import data
from scorekit.diagnostics import chain_mean
from tools import make_breast_cancer as tool

X, LABELS, _ = data.breast_cancer()
TARGET = tool.Posterior(tool.design(X), LABELS)
REFERENCE = data.breast_cancer_reference()
W = 0.3 * np.random.default_rng(0).standard_normal((4, 31))


def test_the_design():
    a = TARGET.a
    np.testing.assert_array_equal(a[:, 0], 1)
    np.testing.assert_allclose(a[:, 1:].mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(a[:, 1:].var(0), 1)


def test_log_prob_is_bernoulli_and_normal():
    p = 1 / (1 + np.exp(-W @ TARGET.a.T))
    want = np.log(np.where(LABELS == 1, p, 1 - p)).sum(1) - (W**2).sum(1) / 2
    np.testing.assert_allclose(TARGET.log_prob(W), want)


def test_score_against_automatic_differentiation():
    def log_prob(w):
        logit = anp.dot(w, TARGET.a.T)
        return (LABELS * logit - anp.logaddexp(0, logit)).sum(1) - (w**2).sum(1) / 2

    np.testing.assert_allclose(TARGET.score(W), elementwise_grad(log_prob)(W), rtol=1e-9)


def test_laplace_is_the_mode_and_the_curvature_there():
    mode, cov = TARGET.laplace()
    np.testing.assert_allclose(TARGET.score(mode[None]), 0, atol=1e-5)
    e = 1e-5 * np.eye(31)
    curvature = (TARGET.score(mode - e) - TARGET.score(mode + e)) / 2e-5
    np.testing.assert_allclose(np.linalg.inv(cov), curvature, rtol=1e-4, atol=1e-4)


def test_the_reference_is_a_long_good_run():
    assert REFERENCE["rhat"].max() < 1.001
    assert REFERENCE["ess"].min() > 20_000
    assert (REFERENCE["mean_se"] < 0.01 * REFERENCE["sd"]).all()
    assert (REFERENCE["sd_se"] < 0.01 * REFERENCE["sd"]).all()
    with np.load(tool.STORED) as stored:
        about = json.loads(str(stored["about"]))
    assert f"{tool.CHAINS} chains of {tool.DRAWS}, seed {tool.SEED}" in about["reference"]
    assert tool.STORED.stat().st_size < 100_000


def off(found):
    error = np.hypot(found["mean_se"], REFERENCE["mean_se"])
    spread = np.hypot(found["sd_se"], REFERENCE["sd_se"])
    return np.abs(found["mean"] - REFERENCE["mean"]) / error, np.abs(
        found["sd"] - REFERENCE["sd"]
    ) / spread


def test_a_brief_run_agrees_with_the_reference():
    kept = tool.hmc(TARGET, 8, 100, 500, np.random.default_rng(7))
    found = tool.summary(kept)
    assert found["rhat"].max() < 1.02
    for z in off(found):
        assert z.max() < 5
    mine = chain_mean(kept[:, :, 3].T)  # scorekit's own estimate, points (kept, chains)
    assert mine.value == pytest.approx(found["mean"][3])
    assert 0.7 < mine.se / found["mean_se"][3] < 1.4


def test_a_run_that_always_accepts_a_long_step_does_not(monkeypatch):
    monkeypatch.setattr(tool, "STEP", 1.2)

    class Always(np.random.Generator):
        def random(self, *arguments, **named):
            return 0 * super().random(*arguments, **named) + 1e-300

    kept = tool.hmc(TARGET, 8, 100, 500, Always(np.random.PCG64(0)))
    assert max(z.max() for z in off(tool.summary(kept))) > 8


def test_a_different_prior_does_not_agree(monkeypatch):
    monkeypatch.setattr(tool, "PRIOR_SD", 1.3)
    kept = tool.hmc(TARGET, 8, 100, 500, np.random.default_rng(0))
    assert max(z.max() for z in off(tool.summary(kept))) > 8


def test_the_command_stores_table_and_reference(tmp_path, capsys):
    path = tmp_path / "table.npz"
    tool.main(["--draws", "40", "--out", str(path)])
    assert "least ESS" in capsys.readouterr().out
    with np.load(path) as made, np.load(tool.STORED) as stored:
        assert set(made.files) == set(stored.files)
        for key in ("x", "labels", "names"):
            np.testing.assert_array_equal(made[key], stored[key])
