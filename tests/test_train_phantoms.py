"""The stored phantoms prior is as good as it is said to be, and the script behind it works."""

import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from scorekit.diagnostics import mean_se
from scorekit.patch_networks import PatchNet, init_patch
from scorekit.phantoms import phantoms
from scorekit.priors import load_prior, read_prior
from tools import make_phantoms, train_phantoms as tool
from tools.train_digits import denoising, ratio, wiener

PRIOR = load_prior("phantoms")
KNOWN, HELD = make_phantoms.part("train", 4000), make_phantoms.part("test", 200)
REAL = phantoms(1500, rng=np.random.default_rng(tool.REAL_SEED))


def test_it_comes_in_single_precision_with_its_origin():
    assert isinstance(PRIOR.net, PatchNet)
    assert PRIOR.net.dtype == np.float32
    assert {p.dtype for p in PRIOR.net.params.values()} == {np.dtype(np.float32)}
    assert PRIOR.about["command"].startswith("python -m tools.train_phantoms --seed")
    assert PRIOR.rows == {}
    assert tool.STORED.stat().st_size < 3e6
    np.testing.assert_allclose(PRIOR.net.mean, KNOWN.mean(0), atol=0.03)


def test_the_covariance_is_that_of_the_training_part():
    cov = PRIOR.covariance()
    want = np.cov(KNOWN.T, dtype=float)
    assert np.linalg.eigvalsh(cov)[0] > -1e-9
    assert np.trace(cov) == pytest.approx(np.trace(want), rel=0.03)
    # A sample covariance of n points is off by about ((tr C)² + tr C²)/n in all, squared.
    chance = np.sqrt((np.trace(want) ** 2 + (want**2).sum()) / len(KNOWN))
    assert np.linalg.norm(cov - want) < 1.3 * chance
    assert np.linalg.norm(np.diag(np.diag(want)) - want) > 5 * chance
    spread = np.sqrt(np.diag(want))
    np.testing.assert_allclose(np.sqrt(np.diag(cov)), spread, atol=0.03)
    with pytest.raises(ValueError, match="stored without a covariance"):
        load_prior("digits").covariance()


@pytest.mark.parametrize(("sigma", "limit"), tool.LIMITS.items())
def test_it_denoises_held_out_phantoms_far_better_than_any_linear_denoiser(sigma, limit):
    values, axes = np.linalg.eigh(PRIOR.covariance())

    def linear(y, s):
        return PRIOR.net.mean + ((y - PRIOR.net.mean) @ axes * (values / (values + s**2))) @ axes.T

    base = denoising(linear, HELD, sigma, draws=1)
    got = ratio(tool.in_pieces(PRIOR.net, HELD, sigma), base)
    assert got.value + 3 * got.se < limit
    raw = init_patch(KNOWN, rng=np.random.default_rng(0))
    assert ratio(tool.in_pieces(raw, HELD[:64], sigma), base[:64]).value > 1


def test_the_covariance_makes_as_good_a_linear_denoiser_as_the_whole_one():
    values, axes = np.linalg.eigh(PRIOR.covariance())
    own = denoising(
        lambda y, s: (
            PRIOR.net.mean + ((y - PRIOR.net.mean) @ axes * (values / (values + s**2))) @ axes.T
        ),
        HELD,
        0.2,
        draws=1,
    )
    assert own.mean() < 1.02 * denoising(wiener(KNOWN.astype(float)), HELD, 0.2, draws=1).mean()


def test_it_has_not_memorised():
    for sigma in (0.1, 0.4):
        seen, new = (tool.in_pieces(PRIOR.net, x, sigma) for x in (KNOWN[:200], HELD))
        a, b = mean_se(seen), mean_se(new)
        assert abs(a.value - b.value) < 4 * np.hypot(a.se, b.se)


def test_oddities_see_what_is_no_head_and_pass_what_is_one():
    heads = phantoms(200, rng=np.random.default_rng(9))
    assert tool.outliers(heads, KNOWN, REAL).mean() <= 0.01
    images = heads.reshape(-1, 32, 32)
    noise = np.random.default_rng(0).standard_normal(images.shape).astype(np.float32)
    half = images.copy()
    half[:, :16, :16] = 0
    for broken in (
        half,
        images + 0.2 * noise,
        1 - images,
        np.maximum(images, np.roll(images, 6, 2)),
        images.transpose(0, 2, 1)[(images[:, 16].sum(1) < images[:, :, 16].sum(1) - 2)],
    ):
        odd = tool.outliers(np.ascontiguousarray(broken.reshape(-1, 1024)), KNOWN, REAL)
        assert odd.mean() > 0.85
    smooth = np.array([gaussian_filter(i, 1) for i in images]).reshape(-1, 1024)
    low = tool.oddities(smooth, KNOWN)["variation"].mean()
    assert low < 0.7 * tool.oddities(heads, KNOWN)["variation"].mean()


@pytest.mark.long
def test_fewer_than_one_sample_in_a_hundred_is_an_outlier():
    x, evaluations = tool.sample(PRIOR.net, 1000, rng=np.random.default_rng(5))
    assert evaluations <= 36
    bank = make_phantoms.part("train", tool.KNOWN)
    real = phantoms(4000, rng=np.random.default_rng(tool.REAL_SEED))
    assert tool.outliers(x, bank, real).mean() < 0.01
    raw = init_patch(KNOWN, rng=np.random.default_rng(0))
    wrong, _ = tool.sample(raw, 64, rng=np.random.default_rng(5))
    assert tool.outliers(wrong, bank, real).mean() > 0.9


def test_parts_are_different_phantoms_drawn_from_known_seeds():
    few = [make_phantoms.part(name, 20) for name in make_phantoms.SEEDS]
    assert len(np.unique(np.concatenate(few), axis=0)) == 60
    np.testing.assert_array_equal(few[2], HELD[:20])
    assert make_phantoms.SIZES["train"] >= 10_000


def test_a_contact_sheet_shows_images_row_by_row(tmp_path, capsys):
    sheet = make_phantoms.contact_sheet(HELD[:26], 12)
    assert sheet.shape == (64, 384)
    np.testing.assert_array_equal(sheet[32:, 32:64], HELD[13].reshape(32, 32))
    make_phantoms.main(["--part", "test", "--out", str(tmp_path / "sheet.png")])
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    assert capsys.readouterr().out.endswith("sheet.png\n")


def test_noise_levels():
    draws = tool.noise_mixture(50_000, np.random.default_rng(0))
    assert draws.min() >= 0.008
    assert draws.max() <= 20
    below = mean_se((draws < np.exp(-1.5)).astype(float))
    wide = np.log(np.exp(-1.5) / 0.01) / np.log(15 / 0.01)
    assert abs(below.value - (0.75 * 0.5 + 0.25 * wide)) < 5 * below.se


def test_the_command_stores_a_net_that_can_be_measured(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(make_phantoms, "SIZES", {"train": 300, "validation": 30, "test": 30})
    monkeypatch.setattr(tool, "KNOWN", 300)
    path = tmp_path / "net.npz"
    tool.main(["--steps", "2", "--seed", "5", "--out", str(path)])
    prior = read_prior(path)
    assert "--seed 5 --steps 2 --rate 0.001" in prior.about["command"]
    assert json.dumps(prior.about)
    known = make_phantoms.part("train")
    fit = tool.fit_phantoms(known, 5, 2)
    np.testing.assert_allclose(prior.net(HELD[:3], 0.5), fit.net(HELD[:3], 0.5), atol=5e-3)
    np.testing.assert_allclose(prior.net.mean, known.mean(0), atol=1e-6)
    for line in tool.report(prior.net, "validation", n=6, seeds=1):
        print(line)
    table = capsys.readouterr().out
    assert table.startswith("validation: 30 phantoms; a net of 1350560 weights")
    assert len(table.splitlines()) == 2 + len(tool.LEVELS) + 1 + 1


@pytest.mark.long
def test_a_brief_training_beats_the_best_linear_denoiser_and_no_training_does_not():
    fit = tool.fit_phantoms(KNOWN, 0, 800)
    base = denoising(wiener(KNOWN.astype(float)), HELD, 0.3, draws=1)
    got = ratio(tool.in_pieces(fit.net, HELD, 0.3), base)
    raw = init_patch(KNOWN, rng=np.random.default_rng(0))
    none = ratio(tool.in_pieces(raw, HELD, 0.3), base)
    assert got.value + 5 * got.se < 1
    assert none.value > 1.3
