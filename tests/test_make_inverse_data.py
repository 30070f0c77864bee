"""The script behind the stored inverse problems still makes them."""

import json

import numpy as np
import pytest

from scorekit import data, tasks
from tools import make_inverse_data as tool, make_phantoms


@pytest.fixture
def brief(monkeypatch):
    """Few training phantoms and few choices."""
    monkeypatch.setattr(make_phantoms, "SIZES", make_phantoms.SIZES | {"train": 500})
    monkeypatch.setattr(tool, "SEARCH", {k: v[::5] for k, v in tool.SEARCH.items()})
    monkeypatch.setattr(tool, "COUNTS", {"digits": 6, "phantoms": 3})
    tool.moments.cache_clear()
    tool.truths.cache_clear()
    yield
    tool.moments.cache_clear()
    tool.truths.cache_clear()


def test_the_stored_radon_matrix_is_what_scikit_image_projects():
    matrix = tool.radon_matrix()
    assert abs(matrix - tasks.radon_matrix(24)).max() < 2e-6
    stored = tool.make_radon()
    assert {"values", "columns", "starts", "angles", "about"} == set(stored)


def test_the_stored_photographs_are_scikit_images():
    made = tool.photographs()
    grey = np.abs(made["test"] / 255 - data.photograph())
    assert grey.max() < 1.5 / 255  # another version may round otherwise
    assert np.abs(made["training"] / 255 - data.training_photographs()).max() < 1.5 / 255
    about = json.loads(str(made["about"]))
    assert "CC0" in about["test"]
    assert len(about["training"]) == len(made["training"])


def test_the_scanner_measures_a_quarter_of_the_spectrum_most_of_it_in_the_middle():
    keep = tool.mri_mask()
    assert keep.sum() == 128
    k = np.fft.fftfreq(32, 1 / 32)
    radius = np.hypot(k[:, None], k)
    mirrored = np.roll(keep[::-1, ::-1], 1, (0, 1))
    assert (keep & mirrored).sum() == keep[0, 0] == 1  # only frequency 0 is its own mirror image
    whole = keep | mirrored
    assert whole[radius <= 3].all()
    near, far = whole[(radius > 3) & (radius < 8)].mean(), whole[radius >= 8].mean()
    assert near > 2 * far > 0


def test_it_makes_what_is_stored(brief, tmp_path, capsys):
    tool.main(["--only", "inverse", "--folder", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == sum(len(rules["methods"]) for rules in tool.TASKS.values())
    with np.load(tmp_path / "inverse.npz") as made, np.load(tool.FOLDER / "inverse.npz") as stored:
        assert set(made.files) == set(stored.files)
        for key in ("keep_inpaint", "keep_mri"):
            np.testing.assert_array_equal(made[key], stored[key])
        np.testing.assert_array_equal(made["digits_test"], stored["digits_test"][:6])
        rules_made, old = (json.loads(str(file["tasks"])) for file in (made, stored))
        for name, rules in rules_made.items():
            chosen, kept = rules.pop("chosen"), old[name].pop("chosen")
            assert chosen.keys() == kept.keys()
            assert rules == old[name]
            if rules["family"] == "digits":  # nothing about these is brief
                key = f"{name}_wiener_psnr"
                np.testing.assert_allclose(made[key], stored[key][:6], rtol=1e-5)
            if rules["family"] == "phantoms":  # fewer to learn a covariance from
                key = f"{name}_wiener_psnr"
                assert abs(made[key] - stored[key][:3]).max() < 4


def test_choices_are_made_on_the_validation_part(brief, monkeypatch):
    seen, answer = [], tool.answer

    def watched(task, method, choice):
        seen.append(task.truth.tobytes())
        return answer(task, method, choice)

    monkeypatch.setattr(tool, "answer", watched)
    tool.solve("blur", 4)
    test, validation = (tool.truths("digits", p)[:4].tobytes() for p in ("test", "validation"))
    assert seen.count(test) == len(tool.TASKS["blur"]["methods"])
    assert seen.count(validation) == sum(len(tool.SEARCH[m]) for m in ("tikhonov", "tv"))
