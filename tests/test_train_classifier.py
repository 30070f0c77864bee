"""The script behind the guides: what it draws, and that a brief training still works."""

import json

import numpy as np
import pytest

from scorekit import data
from scorekit.classifiers import CLASSES, load_classifier, load_conditional
from scorekit.diagnostics import mean_se
from tools import train_classifier as tool


def test_only_training_digits_are_drawn_and_with_their_labels():
    draw = tool.draws(0, rng=np.random.default_rng(0))
    x, labels, moves = draw(300, rng=np.random.default_rng(1))
    known = tool.parts()["train"]
    gap = np.abs(x[:, None] - known).max(2)
    assert gap.min(1).max() <= tool.BLUR * (1 + 1e-5)
    np.testing.assert_array_equal(labels, tool.labels()[gap.argmin(1)])
    assert not moves.any()


def test_copies_keep_their_labels_and_tell_their_moves():
    x, moves, labels = tool.labelled_copies(2, rng=np.random.default_rng(0))
    n = len(tool.labels())
    assert len(x) == len(moves) == len(labels) == 3 * n
    assert not moves[:n].any()
    assert moves[n:].all(1).all()
    # A moved digit is nearer to its own original than to another's, on the whole.
    own = ((x[2 * n :] - x[:n]) ** 2).sum(1)
    other = ((x[2 * n :] - np.roll(x[:n], 1, 0)) ** 2).sum(1)
    assert np.mean(own < other) > 0.97
    np.testing.assert_array_equal(labels[2 * n :], labels[:n])


def test_a_brief_run_stores_what_the_loaders_read(tmp_path, monkeypatch):
    tool.main(["--steps", "3", "--score-steps", "2", "--copies", "1", "--folder", str(tmp_path)])
    monkeypatch.setattr(
        "scorekit.classifiers.read", lambda name: dict(np.load(tmp_path / name).items())
    )
    about = json.loads(str(np.load(tmp_path / "conditional_digits.npz")["about"]))
    assert "--steps 3 --score-steps 2 --copies 1" in about["command"]
    x = tool.parts()["test"][:4]
    again = tool.fit_classifier(0, 3, 1)
    got = load_classifier("noisy").log_prob(x, 0.5)
    np.testing.assert_allclose(got, again.log_prob(x, 0.5), atol=5e-3)
    assert load_classifier("clean").level == tool.CLEAN_LEVEL
    net = load_conditional()
    assert net.extra == 5 + CLASSES
    np.testing.assert_allclose(net(x, 0.5), tool.fit_conditional(0, 2, 1)(x, 0.5), atol=2e-2)


@pytest.mark.parametrize("name", ["digit_classifiers.npz", "conditional_digits.npz"])
def test_the_stored_files_say_how_they_were_made(name):
    about = json.loads(str(data.read(name)["about"]))
    assert about["command"] == (
        f"python -m tools.train_classifier --seed {tool.SEED} --steps {tool.CLASSIFIER_STEPS} "
        f"--score-steps {tool.SCORE_STEPS} --copies {tool.COPIES}"
    )


def test_a_brief_training_learns_noisy_digits():
    rng, sigma = np.random.default_rng(0), 0.5
    held = tool.rows()["test"]
    x = tool.parts()["test"] + sigma * rng.standard_normal((len(held), 64), np.float32)
    truth = data.digits()[1][held]
    score = {}
    for name, net in (
        ("trained", tool.fit_classifier(0, 300, 1)),
        ("clean", tool.fit_classifier(0, 300, 1, tool.CLEAN_LEVEL)),
    ):
        score[name] = mean_se((net.log_prob(x, sigma).argmax(1) == truth).astype(float))
    assert score["trained"].value > 0.85
    assert score["trained"].value > score["clean"].value + 0.02
