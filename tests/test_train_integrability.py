"""The script behind chapter 8's table: its parts, what is stored, and that a brief run works."""

from pathlib import Path

import numpy as np
import pytest

from scorekit import vector_fields as vf
from scorekit.denoising import at, noisy_score
from scorekit.densities import three_hills
from scorekit.networks import ScaledNet
from scorekit.studies import load_study
from tools import train_integrability as tool

HILLS = three_hills()


def test_the_laplacian_is_the_divergence_of_the_exact_score():
    rng, exact = np.random.default_rng(0), noisy_score(HILLS)
    y, sigma = HILLS.sample(30, rng=rng), np.exp(rng.uniform(-3, 1, 30))
    by_score = [
        vf.divergence(at(exact, s), p[None], step=1e-4 * s)[0]
        for p, s in zip(y, sigma, strict=True)
    ]
    np.testing.assert_allclose(tool.laplacian(HILLS, y, sigma), by_score, rtol=1e-5, atol=1e-5)


class Perfect(ScaledNet):
    """The exact score with a rotation of known size, in a network's clothes."""

    def __call__(self, x, sigma, extra=None):
        turn = np.stack([-x[:, 1], x[:, 0]], axis=1) / sigma**2
        return noisy_score(HILLS)(x, sigma) + 0.01 * turn

    def astype(self, dtype):
        return self


def test_the_judge_sees_a_planted_whirl_and_nothing_else(monkeypatch):
    monkeypatch.setattr(tool, "N_JUDGE", 400)
    rows = tool.judge(Perfect({}, np.zeros(2), 1.0), seed=0)
    columns = dict(zip(tool.COLUMNS, rows.T, strict=True))
    np.testing.assert_allclose(columns["curl"], 0.02**2, rtol=1e-4)
    np.testing.assert_allclose(columns["divergence"], 0, atol=1e-9)
    rng = np.random.default_rng([0, 3])
    x = HILLS.sample(400, rng=rng)
    noise = rng.standard_normal(x.shape)
    for sigma, error, score in zip(tool.LEVELS, columns["error"], columns["score"], strict=True):
        y = x + sigma * noise
        assert error == pytest.approx((0.01 / sigma) ** 2 * (y**2).sum(1).mean())
        assert score == pytest.approx(sigma**2 * (HILLS.blurred(sigma).score(y) ** 2).sum(1).mean())


def test_a_brief_run_stores_what_can_be_read(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(tool, "N_JUDGE", 100)
    path = tmp_path / "study.npz"
    tool.main(["--seeds", "2", "--steps", "3", "--out", str(path)])
    assert len(capsys.readouterr().out.splitlines()) == 2 * len(tool.KINDS)
    study = load_study(path)
    assert tuple(study.table) == tool.KINDS
    assert tuple(study.nets) == tuple(sorted(tool.KEPT))
    for kind in tool.KEPT:
        again = tool.fit(kind, 0, 3)
        y = HILLS.sample(20, rng=np.random.default_rng(1))
        np.testing.assert_allclose(study.nets[kind](y, 0.5), again(y, 0.5), atol=1e-2)
        np.testing.assert_allclose(study.table[kind][0], tool.judge(again, 0))
    assert not np.allclose(study.table["plain"][0], study.table["plain"][1])
    curl = tool.COLUMNS.index("curl")
    assert study.table["energy"][..., curl].max() < 1e-12 < study.table["plain"][..., curl].min()


def test_the_stored_study_is_that_of_the_script():
    study = load_study()
    assert study.about["command"] == "python -m tools.train_integrability"
    assert study.about["weights of the penalties"] == tool.WEIGHTS
    assert f"seeds {list(tool.SEEDS)}" in study.about["data"]
    assert study.about["training"].startswith(f"{tool.STEPS} steps")
    np.testing.assert_array_equal(study.levels, tool.LEVELS)
    shape = (len(tool.SEEDS), len(tool.LEVELS), len(tool.COLUMNS))
    assert {kind: rows.shape for kind, rows in study.table.items()} == dict.fromkeys(
        tool.KINDS, shape
    )


def test_the_stored_networks_are_those_of_the_table():
    study, column = load_study(), tool.COLUMNS.index("error")
    for kind in ("plain", "curl"):
        found = np.sqrt(tool.judge(study.nets[kind], 0).mean(0))
        want = np.sqrt(study.table[kind][0].mean(0))
        assert found[column] == pytest.approx(want[column], rel=0.02)  # half precision


@pytest.mark.parametrize("kind", ["curl", "energy"])
def test_a_scan_prints_a_line_for_each_try(kind, monkeypatch, capsys):
    monkeypatch.setattr(tool, "N_JUDGE", 50)
    monkeypatch.setattr(tool, "WEIGHTS", {"curl": 1.0})
    tool.main(["--scan", "--steps", "1"])
    assert any(line.startswith(kind) for line in capsys.readouterr().out.splitlines())
