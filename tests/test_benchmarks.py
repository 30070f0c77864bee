"""The benchmark's rows run in miniature, and its checks see samplers that are wrong."""

import importlib

import numpy as np
import pytest

from benchmarks import (
    __main__ as command,
    annealing,
    digits,
    fields,
    growth,
    harness,
    lattices,
    memory,
    preconditioned,
    problems,
    profile_ising,
    report,
    rows,
    training,
)
from benchmarks.harness import Candidate, Row, Target, Wrong
from scorekit.langevin import mala, ula

MINIATURES = {
    "a32": lambda: rows.ula_mixture(np.float32, chains=400, steps=40),
    "a64": lambda: rows.ula_mixture(np.float64, chains=400, steps=40),
    "b-mixture": lambda: rows.mala_mixture(chains=40, steps=60),
    "b-logistic": lambda: rows.mala_logistic(
        problems.small_logistic(), chains=20, steps=400, burn=100, step=0.1, draws=4000
    ),
    "c-diagonal": lambda: rows.ula_large(dim=20, chains=30, steps=5),
    "c-dense": lambda: rows.ula_large(True, dim=20, chains=30, steps=5),
    "g": lambda: training.dsm(width=8, batch=16, steps=8),
    "h": lambda: lattices.ising_sweeps(size=8, chains=64, sweeps=40),
    "i": lambda: memory.memory(chains=500, few=5, many=50),
    "j-mixture": lambda: annealing.annealing(walkers=300, temperatures=40),
    "j-gaussian": lambda: annealing.annealing("gaussian", walkers=60, temperatures=1500),
    "k-2d": lambda: fields.langevin(2, side=16, fields=3, steps=4),
    "k-3d": lambda: fields.langevin(3, side=8, fields=2, steps=4),
    "l": lambda: preconditioned.overhead(dim=6, chains=200, steps=20),
    "n": lambda: fields.direct(side=16, fields=6),
    "m": lambda: digits.predictor_corrector_digits(images=60, levels=4),
    **{f"s-{what}": lambda what=what: growth.growth(what, small=0.1) for what in growth.KINDS},
    "import": memory.imports,
}


def test_there_is_a_miniature_of_every_row():
    assert MINIATURES.keys() == command.rows().keys()


@pytest.mark.parametrize("key", MINIATURES)
def test_a_row_in_miniature(key):
    row = MINIATURES[key]()
    assert row.key == key
    # A peer need not be right at these sizes: the first candidates are ours.
    measured = harness.measure(row, 2)
    assert [c.name for c in row.candidates] == list(measured)
    assert measured[row.candidates[0].name].good
    assert {t.below for t in row.targets} | {t.above for t in row.targets} <= measured.keys() | {
        "BlackJAX mala",
        "BlackJAX sgld, batch",
        "JAX by hand",
        "PyTorch by hand",
        "powerbox",
    }
    page = report.page([(row, measured)], 2)
    assert all(f"| {key} | {c.name} |" in page for c in row.candidates)


def run_rows(monkeypatch, tmp_path, row):
    monkeypatch.setattr(command, "rows", lambda: {"x": lambda: row})
    return command.main(["x", "--rounds", "3", "--output", str(tmp_path / "results.md")])


def test_a_wrong_candidate_is_named_and_fails_the_run(monkeypatch, tmp_path, capsys):
    def check(output):
        return harness.require(output == 1, f"got {output}")

    right, wrong = (Candidate(n, lambda _, v=v: v, check) for n, v in (("right", 1), ("bad", 2)))
    assert run_rows(monkeypatch, tmp_path, Row("x", "all right", [right])) == 0
    assert run_rows(monkeypatch, tmp_path, Row("x", "one wrong", [right, wrong])) == 1
    assert "| x | bad |" in capsys.readouterr().out
    assert "WRONG: got 2" in (tmp_path / "results.md").read_text()


def test_ratios_are_taken_within_a_round_and_by_what_a_run_was_worth():
    readings = {"a": iter([2.0, 40.0, 6.0]), "b": iter([1.0, 20.0, 3.0]), "c": iter([9.0] * 3)}

    def meter(run, seed):
        return next(readings[run(seed)]), seed

    candidates = [
        Candidate("a", lambda _: "a", worth=lambda _: 4.0),
        Candidate("b", lambda _: "b"),
        Candidate("c", lambda _: "c"),
    ]
    targets = [
        Target("a", "b", 0.6),
        Target("b", "a", 2.5, at_most=False),
        Target("c", "b", 7.0, minus=True),
    ]
    row = Row("x", "made up", candidates, targets, meter=meter)
    measured = harness.measure(row, 3)
    assert harness.compare(measured, "a", "b") == (0.5, 0.5, 0.5)
    assert harness.compare(measured, "c", "b", minus=True) == (6.0, -2.5, 7.0)
    lines = report.targets([(row, measured)])[2:]
    assert [line.split("|")[-2].strip() for line in lines] == ["yes", "**no**", "yes"]


def test_a_peer_that_is_not_installed_is_left_out_with_a_word():
    def absent():
        import no_such_package  # noqa: F401

    own = Candidate("scorekit", lambda _: None)
    candidates, skipped = harness.with_peers([own], absent)
    assert candidates == [own]
    assert skipped == ["absent: no_such_package is not installed"]
    row = Row("x", "t", candidates, [Target("absent", "scorekit", 2.0)], skipped=skipped)
    page = report.page([(row, harness.measure(row, 1))], 1)
    assert "peer left out" in page
    assert "Left out: absent" in page


BROKEN = {
    "mismatch": ("raise RuntimeError('operator x::nms\\n does not exist')", "RuntimeError"),
    "half": ("from numpy import no_such_name", "ImportError"),
    "older": ("import numpy\nnumpy.no_such_name", "AttributeError"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_peer_that_is_broken_is_left_out_with_its_reason(name, monkeypatch, tmp_path, capsys):
    code, error = BROKEN[name]
    (tmp_path / f"broken_{name}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)

    def peer():
        importlib.import_module(f"broken_{name}")
        raise AssertionError("the planted module can be imported")

    own, sound = Candidate("scorekit", lambda _: None), Candidate("sound", lambda _: None)
    candidates, skipped = harness.with_peers([own], peer, lambda: sound)
    row = Row("x", "t", candidates, [Target("peer", "scorekit", 2.0)], skipped=skipped)
    assert run_rows(monkeypatch, tmp_path, row) == 0
    said = capsys.readouterr()
    assert f"left out, peer: broken here, {error}: " in said.err
    assert f"Left out: peer: broken here, {error}: " in said.out
    assert "| x | sound |" in said.out
    assert "peer left out" in said.out


def test_the_profile_of_a_sweep_adds_up_to_the_whole(tmp_path):
    page = tmp_path / "profile.md"
    small = ["--size", "8", "--chains", "9", "--sweeps", "5", "--rounds", "2"]
    profile_ising.main([*small, "--output", str(page)])
    _head, _, *lines = (line.split("|")[1:-1] for line in page.read_text().splitlines())
    *parts, whole = (float(line[1]) for line in lines)
    assert len(parts) == len(profile_ising.WORDS)
    assert sum(parts) == pytest.approx(whole, abs=0.05 * len(lines))


def test_the_command_refuses_rows_it_does_not_know(capsys):
    with pytest.raises(SystemExit):
        command.main(["no-such-row"])
    assert "no-such-row" in capsys.readouterr().err


# The checks, each with the right sampler and with wrong ones. A wrong ULA: x + a η s + √(b η) z.


@pytest.mark.parametrize(
    ("drift", "noise", "right"), [(1, 2, True), (1, 1, False), (0.5, 2, False), (1, 3, False)]
)
def test_the_check_of_ula_on_the_mixture(drift, noise, right):
    p, rng, step = problems.FAR, np.random.default_rng(0), 0.01
    x = p.sample(10_000, rng=rng)
    for _ in range(100):
        x = x + drift * step * p.score(x) + np.sqrt(noise * step) * rng.standard_normal(x.shape)
    if right:
        rows.check_ula(x, step)
    else:
        with pytest.raises(Wrong):
            rows.check_ula(x, step)


@pytest.mark.parametrize("sampler", ["mala", "ula", "no proposal ratio"])
def test_the_check_of_mala_on_the_mixture(sampler):
    p, rng, step = problems.NEAR, np.random.default_rng(1), 0.25
    x = p.sample(200, rng=rng)
    if sampler == "mala":
        kept = mala(p.log_prob, p.score, x, step, 300, rng=rng, keep_every=1).kept
        rows.check_mala_mixture(kept, 0.5)
        return
    if sampler == "ula":
        kept = ula(p.score, x, step, 300, rng=rng, keep_every=1).kept
    else:
        kept = np.empty((300, *x.shape))
        for k in range(len(kept)):
            y = x + step * p.score(x) + np.sqrt(2 * step) * rng.standard_normal(x.shape)
            accept = np.log(rng.random(len(x))) < p.log_prob(y) - p.log_prob(x)
            x = kept[k] = np.where(accept[:, None], y, x)
    with pytest.raises(Wrong):
        rows.check_mala_mixture(kept, 0.5)


@pytest.mark.parametrize("prior", [1.0, 2.0])
def test_the_check_of_logistic_regression(prior):
    data, rng = problems.small_logistic(), np.random.default_rng(2)
    reference = data.posterior(20_000, rng)
    both = data.both(np.float64, 50)

    def with_prior(theta):
        log_p, score = both(theta)
        return log_p - (prior - 1) * (theta**2).sum(1) / 2, score - (prior - 1) * theta

    start = np.tile(reference[0], (50, 1))
    kept = rows.our_mala(with_prior, start, 0.08, 800)(3)[0][100:]
    if prior == 1:
        rows.check_logistic(kept, 1.0, reference)
    else:
        with pytest.raises(Wrong):
            rows.check_logistic(kept, 1.0, reference)


def test_the_logistic_score_is_the_slope_of_its_log_posterior():
    data = problems.small_logistic()
    theta = np.random.default_rng(3).standard_normal((4, 3)) * [[1], [3], [10], [30]]
    both, h = data.both(np.float64, 4), 1e-5
    for j in range(3):
        e = h * np.eye(3)[j]
        slope = (both(theta + e)[0] - both(theta - e)[0]) / (2 * h)
        np.testing.assert_allclose(both(theta)[1][:, j], slope, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("noise", [1.0, 1.2])
def test_the_check_of_ula_in_many_dimensions(dense, noise, monkeypatch):
    row = rows.ula_large(dense, dim=60, chains=200, steps=20)
    draw = np.random.Generator.standard_normal

    class Loud(np.random.Generator):
        def standard_normal(self, size=None, dtype=np.float64, out=None):
            z = draw(self, size, dtype, out)
            z *= dtype.type(noise)
            return z

    monkeypatch.setattr(rows, "Generator", Loud)
    own = row.candidates[0]
    if noise == 1:
        own.check(own.run(1))
    else:
        with pytest.raises(Wrong):
            own.check(own.run(1))


def test_the_check_of_training_sees_a_wrong_slope(monkeypatch):
    row = training.dsm(width=8, batch=16, steps=8)
    own = row.candidates[0]
    output = own.run(1)
    own.check(output)
    right = training.backpropagate

    def wrong(*arguments):
        loss, gradient = right(*arguments)
        gradient[0] *= 1.05
        return loss, gradient

    monkeypatch.setattr(training, "backpropagate", wrong)
    with pytest.raises(Wrong):
        own.check(output)


@pytest.mark.parametrize("factor", [1.0, 1.1])
def test_the_check_of_langevin_on_fields(factor):
    own = fields.langevin(2, side=64, fields=2, steps=10).candidates[0]
    x = own.run(1)
    if factor == 1:
        own.check(x)
    else:
        with pytest.raises(Wrong):
            own.check(factor * x)
