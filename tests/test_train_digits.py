"""The script behind the digits prior: its parts, and that a brief training still works."""

import json

import numpy as np
import pytest
from scipy.stats import kstest

from scorekit import data
from scorekit.diagnostics import mean_se
from scorekit.networks import init_scaled
from scorekit.priors import read_prior
from tools import train_digits as tool

RAMP = np.linspace(-1, 1, 64, dtype=np.float32)[None]


def test_the_parts_share_no_digit_and_leave_none_out():
    rows = tool.rows()
    assert {name: len(r) for name, r in rows.items()} == tool.PARTS
    assert sorted(np.concatenate(list(rows.values()))) == list(range(1797))
    points = tool.parts()["test"]
    np.testing.assert_array_equal(8 * (points + 1), data.digits()[0][rows["test"]])


def test_a_copy_that_is_not_moved_is_the_image(monkeypatch):
    points = tool.parts()["train"][:5]
    monkeypatch.setattr(tool, "MOVES", np.full(5, 1e-12))
    copies, moves = tool.moved(points, 3, rng=np.random.default_rng(0))
    np.testing.assert_allclose(copies, np.tile(points, (3, 1)), atol=1e-5)
    assert moves.shape == (15, 5)


@pytest.mark.parametrize(("which", "axis"), [(0, 1), (1, 0)])
def test_the_first_two_numbers_say_how_far_an_image_moved(monkeypatch, which, axis):
    blob = -np.ones((8, 8), np.float32)
    blob[3:5, 3:5] = 1
    reach = np.full(5, 1e-12)
    reach[which] = 0.6
    monkeypatch.setattr(tool, "MOVES", reach)
    copies, moves = tool.moved(blob.reshape(1, 64), 40, rng=np.random.default_rng(0))
    mass = copies.reshape(-1, 8, 8) + 1
    centre = (mass.sum(2 - axis) * np.arange(8)).sum(1)
    centre = centre / mass.sum((1, 2)) - 3.5
    assert np.corrcoef(centre, moves[:, which])[0, 1] < -0.99  # the frame moves, the image back
    np.testing.assert_allclose(centre, -moves[:, which] * 0.6 / np.sqrt(3), atol=0.1)


def test_what_the_network_is_told_of_a_move_has_variance_one():
    moves = tool.moved(RAMP, 2000, rng=np.random.default_rng(0))[1]
    for column in moves.T:
        assert kstest(column / np.sqrt(3), "uniform", (-1, 2)).pvalue > 1e-4


def test_a_batch_is_told_of_its_moves_and_only_of_them():
    points = tool.parts()["train"][:20]
    draw = tool.batches(points, 2, rng=np.random.default_rng(0))
    x, extra = draw(4000, rng=np.random.default_rng(1))
    still = (extra == 0).all(1)
    share = mean_se((~still).astype(float))
    assert abs(share.value - tool.MOVED) < 5 * share.se
    off = np.abs(x[:, None] - points).max(2).min(1)  # distance to the nearest original
    assert off[still].max() <= tool.BLUR * (1 + 1e-5)
    assert np.median(off[~still]) > 2 * tool.BLUR
    plain = tool.batches(points, 0, rng=np.random.default_rng(0))(50, rng=np.random.default_rng(1))
    assert not plain[1].any()


def test_noise_levels():
    draws = tool.noise_mixture(50_000, np.random.default_rng(0))
    assert draws.min() >= 0.02
    assert draws.max() <= 30
    below = mean_se((draws < np.exp(-1)).astype(float))
    wide = np.log(np.exp(-1) / 0.03) / np.log(20 / 0.03)
    assert abs(below.value - (0.6 * 0.5 + 0.4 * wide)) < 5 * below.se


def test_the_wiener_denoiser_is_the_gaussian_posterior_mean():
    points, y = tool.parts()["train"].astype(float), np.random.default_rng(0).normal(size=(4, 64))
    cov, mean = np.cov(points.T), points.mean(0)
    want = mean + (y - mean) @ np.linalg.solve(cov + 0.25 * np.eye(64), cov)
    np.testing.assert_allclose(tool.wiener(points)(y, 0.5), want, atol=1e-10)


def test_the_error_bar_of_a_ratio():
    rng = np.random.default_rng(0)

    def one():
        b = rng.gamma(4, size=200)
        return tool.ratio(0.6 * b + 0.1 * rng.gamma(4, size=200), b)

    many = [one() for _ in range(400)]
    spread = np.std([e.value for e in many])
    assert 0.85 < np.mean([e.se for e in many]) / spread < 1.15


def test_the_command_stores_a_net_that_can_be_measured(tmp_path, capsys):
    path = tmp_path / "net.npz"
    tool.main(["--steps", "2", "--copies", "0", "--seed", "5", "--out", str(path)])
    prior = read_prior(path)
    assert "--seed 5 --steps 2 --copies 0" in prior.about["command"]
    assert json.dumps(prior.about)
    for name, rows in tool.rows().items():
        np.testing.assert_array_equal(prior.rows[name], rows)
    fit = tool.fit_digits(5, 2, 0)
    x = tool.parts()["test"][:3]
    np.testing.assert_allclose(prior.net(x, 0.5), fit.net(x, 0.5), atol=5e-3)
    for line in tool.report(prior.net, "validation", seeds=1, n=20):
        print(line)
    table = capsys.readouterr().out
    assert table.startswith("validation: 200 digits; a net of 531072 weights")
    assert len(table.splitlines()) == 2 + len(tool.LEVELS) + 2 + 1


@pytest.mark.long
def test_a_brief_training_beats_the_best_linear_denoiser_and_no_training_does_not():
    digits, sigma = tool.parts(), 0.5
    fit = tool.fit_digits(0, 600)
    base = tool.denoising(tool.wiener(digits["train"]), digits["test"], sigma)
    got = tool.ratio(tool.denoising(fit.net.denoise, digits["test"], sigma), base)
    assert got.value + 5 * got.se < 1
    raw = init_scaled(digits["train"], rng=np.random.default_rng(0), width=256, blocks=3, extra=5)
    assert tool.ratio(tool.denoising(raw.denoise, digits["test"], sigma), base).value > 1.1
