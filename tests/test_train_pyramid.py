"""The script behind chapter 11's pictures: its parts, and what is stored."""

from pathlib import Path

import numpy as np
import pytest

from scorekit import data, pyramids
from scorekit.pyramids import load_pyramid
from tools import train_pyramid as tool


@pytest.mark.parametrize("kind", tool.PICTURES)
def test_held_out_pictures_are_not_in_training(kind):
    x, held_out = tool.pictures(kind)
    assert x.shape[1] == held_out.shape[1] == 64
    assert -1 <= x.min() < x.max() <= 1
    assert not set(map(bytes, x)) & set(map(bytes, held_out[held_out.std(1) > 0]))


def test_the_lessons_come_in_the_order_of_the_plan():
    rng, x = np.random.default_rng(0), tool.pictures("digits")[0][:50]
    smooth = [pyramids.smoothed(x, tool.SHAPE, 2), pyramids.smoothed(x, tool.SHAPE, 1), x]
    for arm in tool.ARMS:
        points, noise = tool.lessons(arm, x, 8)
        drawn = [points(9, rng=rng) for _ in range(8)]
        stages = [next(k for k in (0, 1, 2) if _among(d, smooth[k])) for d in drawn]
        lowest = [noise(2000, rng).min() for _ in range(8)]
        assert stages == ([0, 0, 1, 1, 2, 2, 2, 2] if arm == "resolution" else [2] * 8)
        want = [1, 1, 0.3, 0.3, *[0.05] * 4] if arm == "noise" else [0.05] * 8
        np.testing.assert_allclose(lowest, want, rtol=0.05)


def _among(drawn, rows):
    return all((rows == d).all(1).any() for d in drawn)


def test_the_plan_from_scratch_is_plain_training():
    x = tool.pictures("digits")[0][:100]
    one, two = (tool.fit(arm, x, 3, 0) for arm in ("scratch", "half"))
    np.testing.assert_array_equal(one.params["out_w"], two.params["out_w"])
    assert (tool.fit("resolution", x, 3, 0).params["out_w"] != one.params["out_w"]).any()


def test_every_way_spends_what_it_says_and_smoothed_starts_have_no_detail():
    x = tool.pictures("digits")[0][:200]
    used = {"fine": 0, "coarse": 0}
    nets = {
        "fine": tool.fit("scratch", x, 1, 0),
        "coarse": tool.fit("coarse", pyramids.reduced(x, tool.SHAPE, 1), 1, 0),
    }

    def counted(name):
        net = nets[name]

        class Counted(type(net)):
            def __call__(self, x, sigma, extra=None):
                used[name] += 1
                return super().__call__(x, sigma, extra)

        return Counted(net.params, net.mean, net.sd, net.extra)

    for way in tool.WAYS:
        used.update(fine=0, coarse=0)
        drawn = tool.draw(way, counted("fine"), counted("coarse"), 10, 0, 4)
        assert drawn.shape == (4, 64)
        assert used == (
            {"fine": 5, "coarse": 5} if way.endswith("warm") else {"fine": 10, "coarse": 0}
        )


def test_a_brief_run_stores_what_can_be_read(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(tool, "N_SAMPLES", 20)
    path = tmp_path / "pyramid.npz"
    tool.main(["--seeds", "1", "--budgets", "2", "4", "--costs", "6", "--out", str(path)])
    study = load_pyramid(path)
    assert study.loss.shape == (2, 1, 2, 4, len(tool.JUDGED))
    assert study.distance.shape == (2, 1, 1, 4)
    again = tool.fit("scratch", tool.pictures("digits")[0], 4, 0)
    x = np.random.default_rng(0).normal(size=(5, 64)).astype(np.float32)
    np.testing.assert_allclose(study.fine(x, 0.5), again(x, 0.5), atol=2e-2)
    assert study.coarse.dim == 16


def test_the_stored_study_is_that_of_the_script_and_its_network_that_of_the_table():
    study = load_pyramid()
    assert study.about["command"] == "python -m tools.train_pyramid"
    assert tuple(study.about["arms"]) == tool.ARMS
    assert tuple(study.about["ways"]) == tool.WAYS
    assert tuple(study.about["budgets"]) == tool.BUDGETS
    assert study.loss.shape[:2] == (len(tool.PICTURES), len(tool.SEEDS))
    held_out = tool.pictures("digits")[1]
    np.testing.assert_array_equal(data.digits()[0][study.held_out] / 8 - 1, held_out)
    found = tool.held_out_loss(study.fine, held_out)
    np.testing.assert_allclose(found, study.loss[0, 0, -1, 0], rtol=0.02)  # half precision
