"""AUROC against scikit-learn and its error against repetition; the stored digit results."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.metrics import roc_auc_score

from scorekit import data, detection
from scorekit.denoising import at
from scorekit.log_density import log_ratio
from tools import train_digits, train_digits_without as tool

LEFT = detection.load_left_out()
POINTS = (data.digits()[0] / 8 - 1).astype(np.float32)

grades = st.lists(st.integers(0, 6), min_size=2, max_size=30)


@given(usual=grades, odd=grades)
@settings(max_examples=60, deadline=None)
def test_it_is_the_area_under_the_curve_ties_and_all(usual, odd):
    want = roc_auc_score([0] * len(usual) + [1] * len(odd), usual + odd)
    got = detection.auroc(np.array(usual), np.array(odd))
    assert got.value == pytest.approx(want, abs=1e-12)
    assert detection.auroc(np.array(odd), np.array(usual)).value == pytest.approx(1 - want)


def test_its_error_is_what_repetition_shows():
    rng = np.random.default_rng(0)
    runs = [detection.auroc(rng.normal(size=80), rng.normal(1, 1, 30)) for _ in range(600)]
    values = np.array([r.value for r in runs])
    assert values.mean() == pytest.approx(0.7602, abs=4 * values.std() / 600**0.5)  # Φ(1/√2)
    assert np.mean([r.se for r in runs]) / values.std() == pytest.approx(1, abs=0.12)


def test_a_perfect_score_still_has_an_error():
    assert detection.auroc([0.0, 1.0], [2.0, 3.0]).se == pytest.approx(1 / 8)


def test_bad_input_is_refused_by_name():
    with pytest.raises(ValueError, match="odd must hold at least 2 points, got 1"):
        detection.auroc([1.0, 2.0], [3.0])
    with pytest.raises(ValueError, match="usual must be finite"):
        detection.auroc([1.0, np.nan], [3.0, 4.0])


def test_what_is_stored_and_where_it_comes_from():
    assert LEFT.log_ratio.shape == LEFT.denoising.shape == (10, 1797, len(LEFT.sigmas))
    np.testing.assert_allclose(LEFT.sigmas, tool.SIGMAS)
    assert LEFT.about["command"].startswith("python -m tools.train_digits_without --seed")
    assert tool.STORED.stat().st_size < 0.9e6
    for name, rows in train_digits.rows().items():
        np.testing.assert_array_equal(LEFT.rows[name], rows)


def test_no_network_saw_the_class_it_was_trained_without():
    labels = data.digits()[1][LEFT.rows["train"]]
    for label in range(10):
        known = tool.known_without(label)
        assert len(known) == (labels != label).sum()
        odd = POINTS[data.digits()[1] == label]
        assert np.abs(odd[:, None] - known[None, ::7]).sum(2).min() > 0
    np.testing.assert_allclose(LEFT.net.mean, tool.known_without(LEFT.label).mean(0), atol=1e-6)


def test_the_stored_network_says_what_is_stored():
    rows, known = LEFT.rows["test"][::9], tool.known_without(LEFT.label)
    for k in (2, 3):
        sigma, ratios = LEFT.sigmas[k], LEFT.log_ratio[LEFT.label, :, k]
        again = log_ratio(at(LEFT.net, sigma), POINTS[rows], known.mean(0), nodes=tool.NODES)
        np.testing.assert_allclose(again, ratios[rows], rtol=2e-3, atol=0.1)
        fine = log_ratio(at(LEFT.net, sigma), POINTS[rows], known.mean(0), nodes=160)
        assert np.abs(fine - again).max() < 0.02 * ratios.std()
    # The noise goes by the place in the batch, so all images again.
    errors = tool.denoising_errors(LEFT.net, POINTS, float(LEFT.sigmas[3]))
    np.testing.assert_allclose(errors, LEFT.denoising[LEFT.label, :, 3], rtol=2e-3, atol=0.05)


@pytest.mark.parametrize("label", range(10))
def test_the_left_out_class_stands_out(label):
    labels, test = data.digits()[1], LEFT.rows["test"]
    usual = test[labels[test] != label]
    odd = test[labels[test] == label]
    k = list(LEFT.sigmas).index(0.3)
    oddness = -LEFT.log_ratio[label, :, k]
    assert detection.auroc(oddness[usual], oddness[odd]).value > 0.75
    # Seen classes: the same network does not mistake one of them for odd as easily.
    seen = (label + 1) % 10
    other = test[labels[test] == seen]
    rest = usual[labels[usual] != seen]
    a, b = (detection.auroc(oddness[u], oddness[o]).value for u, o in ((usual, odd), (rest, other)))
    assert a > b


def test_the_command_stores_what_can_be_read(tmp_path, monkeypatch, capsys):
    path = tmp_path / "brief.npz"
    monkeypatch.setattr(tool, "COPIES", 1)
    monkeypatch.setattr(tool, "WIDTH", 16)
    monkeypatch.setattr(tool, "SIGMAS", (0.5,))
    tool.main(["--steps", "2", "--seed", "5", "--out", str(path)])
    assert capsys.readouterr().out.count("done") == 10
    with np.load(path) as stored:
        assert "--seed 5 --steps 2" in str(stored["about"])
        assert stored["log_ratio"].shape == (10, 1797, 1)
        assert np.isfinite(stored["log_ratio"]).all()


@pytest.mark.long
def test_a_brief_training_finds_the_odd_class_and_no_training_does_worse():
    labels, test = data.digits()[1], LEFT.rows["test"]
    known, label = tool.known_without(0), 0
    usual, odd = POINTS[test[labels[test] != label]], POINTS[test[labels[test] == label]]
    found = {}
    for steps in (1, 1000):
        net = tool.fit_without(label, 0, steps)
        found[steps] = detection.auroc(
            *(-log_ratio(at(net, 0.3), x, known.mean(0), nodes=24) for x in (usual, odd))
        )
    assert found[1000].value > 0.95 > found[1].value + 4 * found[1].se
