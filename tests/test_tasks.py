"""The stored tasks are what the script defines, and their measurements what they say."""

import dataclasses
import json

import numpy as np
import pytest

from scorekit import data, images, operators, tasks
from scorekit.phantoms import phantoms
from scorekit.priors import load_prior
from tools import make_phantoms

NAMES = ("inpaint", "blur", "sr2", "tomo12", "tomo8", "tomo6", "mri", "photo")
COUNT = {"digits": 100, "phantoms": 64, "photograph": 1}


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("name", NAMES)
def test_a_measurement_is_the_operator_and_noise_of_size_tau(name, part):
    task = tasks.inverse_task(name, part=part)
    assert task.truth.dtype == task.y.dtype == np.float32
    assert task.truth.min() >= task.low
    assert task.truth.max() <= task.high
    assert operators.adjoint_error(task.operator, rng=np.random.default_rng(0)) < 1e-12
    noise = (task.y - operators.apply(task.operator, task.truth.astype(float))) / task.tau
    assert task.y.shape == (len(task.truth), task.operator.shape[0])
    assert abs(noise.mean()) < 5 / np.sqrt(noise.size)
    assert abs(noise.var() - 1) < 5 * np.sqrt(2 / noise.size)
    assert np.abs(np.fft.rfft(noise.ravel()))[1:].max() < 5 * np.sqrt(noise.size)  # no pattern


@pytest.mark.parametrize("name", NAMES)
def test_the_first_images_keep_their_noise(name):
    whole, few = tasks.inverse_task(name), tasks.inverse_task(name, 1)
    assert len(whole.truth) == COUNT[whole.family]
    np.testing.assert_array_equal(few.y, whole.y[:1])
    np.testing.assert_array_equal(few.truth, whole.truth[:1])
    for kind in ("psnr", "ssim"):
        for method, values in getattr(whole, kind).items():
            assert values.shape == (len(whole.truth),)
            np.testing.assert_array_equal(getattr(few, kind)[method], values[:1])


def test_parts_share_neither_images_nor_noise():
    for name in ("blur", "tomo6"):
        test, other = tasks.inverse_task(name), tasks.inverse_task(name, part="validation")
        both = np.concatenate([test.truth, other.truth])
        assert len(np.unique(both, axis=0)) == len(both)
        one, two = (t.y - operators.apply(t.operator, t.truth) for t in (test, other))
        n = min(len(one), len(two))
        same = np.corrcoef(one[:n].ravel(), two[:n].ravel())[0, 1]
        assert abs(same) < 5 / np.sqrt(one[:n].size)
    rows = load_prior("digits").rows
    for part in ("test", "validation"):
        points = data.digits()[0][rows[part][:100]] / 8 - 1
        np.testing.assert_array_equal(tasks.inverse_task("blur", part=part).truth, points)


def test_phantoms_are_those_that_the_prior_has_not_seen():
    about = load_prior("phantoms").about["data"]
    for part in ("test", "validation"):
        drawn = phantoms(64, rng=np.random.default_rng(make_phantoms.SEEDS[part]))
        truth = tasks.inverse_task("mri", part=part).truth
        # In half precision; another processor's cosine may move a point across an edge.
        off = np.abs(truth - drawn)
        assert np.quantile(off, 0.999) < 5e-4
        assert str(make_phantoms.SEEDS[part]) in about


@pytest.mark.parametrize("name", NAMES)
def test_the_answers_shown_have_the_quality_stored(name):
    task = tasks.inverse_task(name)
    assert list(task.psnr) == list(task.ssim) == list(task.answers)
    for method, shown in task.answers.items():
        k = len(shown)
        few = dataclasses.replace(task, truth=task.truth[:k])
        values = few.score(shown)
        np.testing.assert_allclose(values[0], task.psnr[method][:k], atol=0.01)
        np.testing.assert_allclose(values[1], task.ssim[method][:k], atol=2e-3)
        assert few.score(task.truth[:k])[1].min() > 1 - 1e-9


@pytest.mark.parametrize("name", NAMES[:-1])
def test_wiener_is_the_one_to_beat(name):
    task = tasks.inverse_task(name)
    best = task.psnr["wiener"].mean()
    assert all(best > v.mean() + 1 for k, v in task.psnr.items() if k != "wiener")


def test_a_score_clips_first():
    task = tasks.inverse_task("blur", 3)
    psnr, _ = task.score(3 * task.truth)
    clipped = (3 * task.truth).clip(-1, 1)
    np.testing.assert_allclose(psnr, images.psnr(clipped, task.truth, span=2.0))


def test_masks():
    task = tasks.inverse_task("inpaint", 1)
    np.testing.assert_array_equal(operators.apply(task.operator, task.truth), task.truth[:, :32])
    mri = tasks.inverse_task("mri", 1)
    # One of each pair of conjugates at most: coefficients are independent measurements.
    basis = mri.operator.matmat(np.eye(1024))
    rank = np.linalg.matrix_rank(basis)
    assert rank >= len(basis) - 1  # the imaginary part at frequency 0 measures nothing
    assert 2 * rank / 2 / 1024 == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "deblur"}, "name must be one of inpaint, blur"),
        ({"name": "blur", "part": "train"}, "part must be validation or test, got 'train'"),
        ({"name": "blur", "n": 101}, "n must be at most 100, got 101"),
        ({"name": "blur", "n": 0}, "n must be at least 1"),
        ({"name": "blur", "n": 2.5}, "n must be a whole number"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        tasks.inverse_task(**arguments)


def test_where_it_comes_from_is_kept():
    with np.load(make_phantoms.Path(data.__file__).parent / "inverse.npz") as stored:
        about, written = (json.loads(str(stored[key])) for key in ("about", "tasks"))
    assert about["command"] == "python -m tools.make_inverse_data"
    assert tuple(written) == NAMES
    seeds = [seed for rules in written.values() for seed in rules["seeds"].values()]
    assert len(set(seeds)) == len(seeds)
