"""The stored tables of chapter 4: what they hold, and a brief run of the script that made them."""

import json

import numpy as np
import pytest

from scorekit import exactness, tasks
from scorekit.diagnostics import mean_se
from scorekit.tables import posteriors
from tools import make_posterior_tables as script

TABLES = posteriors()
IMAGES = [name for family in ("digits", "phantoms") for name in script.TASKS[family]]


def test_the_stored_settings_are_the_scripts():
    about = json.loads(str(TABLES["about"]))
    for part in ("digits", "phantoms", "photo", "exact"):
        assert about[part] == script.settings(part)


@pytest.mark.parametrize("name", IMAGES)
def test_at_least_fifty_images_each_and_they_are_those_of_the_task(name):
    task, n = tasks.inverse_task(name), len(TABLES[f"{name}_psnr"])
    assert 50 <= n <= len(task.truth)
    for key in ("ssim", "covered", "one"):
        assert TABLES[f"{name}_{key}"].shape == (n,)
    shown = TABLES[f"{name}_mean"].astype(float)
    psnr = tasks.inverse_task(name, len(shown)).score(shown)[0]
    np.testing.assert_allclose(psnr, TABLES[f"{name}_psnr"][: len(shown)], atol=0.05)


@pytest.mark.parametrize(
    ("name", "least"),
    [("inpaint", 3.0), ("blur", 1.8), ("sr2", 3.3), ("tomo12", 2.3), ("tomo6", 3.3)],
)
def test_gain_over_the_best_linear_estimate(name, least):
    psnr = TABLES[f"{name}_psnr"]
    assert (psnr - tasks.inverse_task(name).psnr["wiener"][: len(psnr)]).mean() > least


@pytest.mark.parametrize("name", IMAGES)
def test_intervals_hold_about_as_often_as_they_say(name):
    assert 0.86 <= TABLES[f"{name}_covered"].mean() <= 0.94


def test_exact_likelihood_is_at_the_floor_and_plain_is_not():
    for d in script.DIMENSIONS:
        table, floor = TABLES[f"exact{d}"].mean(0), TABLES[f"exact{d}_floor"]
        assert table.shape == (len(exactness.LIKELIHOODS), len(exactness.SAMPLERS))
        assert (table[-1, 1:] < 1.6 * floor.mean()).all()
        assert (table[0, 1:] > 2 * floor.mean()).all()


def test_a_brief_run_agrees_with_what_is_stored():
    how = script.Settings(5.0, 0.04, 30, 0.3, 19, 12)
    task = tasks.inverse_task("sr2", 12)
    x = script.sample(task, how, rng=np.random.default_rng(0))
    assert x.shape == (19, 12, 64)
    found = script.report(task, x, how, rng=np.random.default_rng(0))
    gap = mean_se(found["psnr"] - TABLES["sr2_psnr"][:12])
    assert abs(gap.value) < 0.8
    blind = task.score(np.broadcast_to(script.moments("digits")[1], task.truth.shape).copy())[0]
    assert (found["psnr"] - blind).mean() > 3


def test_parts_not_made_again_are_kept(tmp_path, monkeypatch):
    for name, value in (("DIMENSIONS", (2,)), ("REPEATS", 1), ("POINTS", 40)):
        monkeypatch.setattr(script, name, value)
    monkeypatch.setattr(exactness, "SAMPLERS", ("ODE",))
    out = tmp_path / "again.npz"
    np.savez(out, inpaint_psnr=np.ones(3), about=np.asarray(json.dumps({"digits": "kept"})))
    script.main(["--only", "exact", "--out", str(out)])
    with np.load(out) as made:
        assert made["exact2"].shape == (1, len(exactness.LIKELIHOODS), 1)
        assert (made["inpaint_psnr"] == 1).all()
        about = json.loads(str(made["about"]))
    assert about["digits"] == "kept"
    assert about["exact"] == script.settings("exact")


def test_patch_prior_needs_the_shape_of_a_picture(monkeypatch):
    monkeypatch.setattr(script, "PATCHES", 500)
    monkeypatch.setattr(script, "HILLS", 2)
    prior = script.patch_prior((8, 8))
    assert prior(np.full((1, 64), 0.5), 0.1).shape == (1, 64)
