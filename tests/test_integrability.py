"""Penalties against whole Jacobians, an energy network against its own differences."""

from dataclasses import replace

import numpy as np
import pytest
from autograd import grad
from densities_under_test import HILLS

from scorekit import integrability as it, vector_fields as vf
from scorekit.denoising import at
from scorekit.diagnostics import mean_se
from scorekit.networks import init_noise, init_scaled
from scorekit.training import log_uniform, train

RNG = np.random.default_rng(0)


def net_of(d, make=init_scaled, dtype=np.float64):
    rng = np.random.default_rng(1)
    net = make(rng.normal(size=(50, d)), rng=rng, width=16, dtype=dtype)
    # Random weights everywhere: a fresh network is nearly a Gaussian's score.
    return replace(
        net, params={k: w + 0.3 * rng.normal(size=w.shape) for k, w in net.params.items()}
    )


def batch(d, n=30, seed=2):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), np.exp(rng.uniform(-2, 1, n))


def jacobians(net, y, sigma):
    return np.stack([vf.jacobian(at(net, s), p[None])[0] for p, s in zip(y, sigma, strict=True)])


@pytest.mark.parametrize("make", [init_scaled, init_noise])
def test_curl_penalty_in_the_plane_is_the_mean_square_curl(make):
    net, (y, sigma) = net_of(2, make), batch(2)
    j = jacobians(net, y, sigma)
    want = 0.7 * (sigma**4 * (j[:, 1, 0] - j[:, 0, 1]) ** 2).mean() / 2
    assert want > 1e-4
    assert it.curl_penalty(0.7)(net, y, sigma) == pytest.approx(want, rel=1e-6)


def test_curl_penalty_in_more_dimensions_is_unbiased():
    net, (y, sigma) = net_of(5), batch(5, 4)
    j = jacobians(net, y, sigma)
    c = j.swapaxes(1, 2) - j
    want = 0.7 * (sigma**4 * (c**2).sum((1, 2)) / 2).mean() / 5
    penalty = it.curl_penalty(0.7, rng=np.random.default_rng(3))
    tile = (np.tile(y, (500, 1)), np.tile(sigma, 500))
    got = mean_se(np.array([penalty(net, *tile) for _ in range(12)]))
    assert abs(got.value - want) < 4 * got.se
    assert got.se < 0.02 * want


def test_divergence_penalty_in_the_plane():
    net, (y, sigma) = net_of(2), batch(2)
    trace = np.trace(jacobians(net, y, sigma), axis1=1, axis2=2)

    def target(y, sigma):
        return y[:, 0] - sigma

    want = 0.3 * (sigma**4 * (trace - target(y, sigma)) ** 2).mean() / 2
    assert it.divergence_penalty(0.3, target)(net, y, sigma) == pytest.approx(want, rel=1e-6)


def test_divergence_penalty_in_more_dimensions_is_unbiased_and_one_probe_squared_is_not():
    net, (y, sigma) = net_of(5), batch(5, 4)
    trace = np.trace(jacobians(net, y, sigma), axis1=1, axis2=2)

    def target(y, sigma):
        return y[:, 0] - sigma

    miss = sigma**2 * (trace - target(y, sigma))
    penalty = it.divergence_penalty(5, target, rng=np.random.default_rng(3))
    tile = (np.tile(y, (500, 1)), np.tile(sigma, 500))
    got = mean_se(np.array([penalty(net, *tile) for _ in range(12)]))
    assert abs(got.value - (miss**2).mean()) < 4 * got.se
    j = sigma[:, None, None] ** 2 * jacobians(net, y, sigma)
    symmetric = (j + j.swapaxes(1, 2)) / 2
    own = 2 * ((symmetric**2).sum((1, 2)) - (np.diagonal(symmetric, 0, 1, 2) ** 2).sum(1))
    assert own.mean() > 10 * got.se


class Bell:
    """For data from N(0, I): the exact score when k is 1."""

    dim, dtype = 3, np.dtype(float)

    def __init__(self, k):
        self.params = {"k": k}

    def __call__(self, y, sigma):
        return -y * self.params["k"] / (1 + np.asarray(sigma)[:, None] ** 2)


def test_the_target_of_second_order_is_right_for_the_exact_score(monkeypatch):
    monkeypatch.setattr(it, "replace", lambda net, params: Bell(params["k"]))
    rng = np.random.default_rng(0)
    penalty = it.tweedie_penalty(
        1.0,
        lambda n, *, rng: rng.standard_normal((n, 3)),
        lambda n, rng: np.full(n, 0.7),
        rng=rng,
        batch=20_000,
    )
    y, sigma = np.zeros((1, 3)), np.ones(1)
    slope = grad(lambda k: penalty(Bell(k), y, sigma))
    at_truth = mean_se(np.array([slope(1.0) for _ in range(10)]))
    assert abs(at_truth.value) < 4 * at_truth.se
    assert slope(1.1) > 20 * at_truth.se
    assert slope(0.9) < -20 * at_truth.se


@pytest.mark.parametrize("kind", ["curl", "divergence", "tweedie"])
def test_gradients_of_penalties_are_those_of_differences(kind):
    net, (y, sigma) = net_of(3), batch(3)

    def value(w):
        rng = np.random.default_rng(5)  # the same probes each time
        penalty = {
            "curl": lambda: it.curl_penalty(1.0, rng=rng),
            "divergence": lambda: it.divergence_penalty(1.0, lambda y, s: 0 * s - 1, rng=rng),
            "tweedie": lambda: it.tweedie_penalty(
                1.0, lambda n, *, rng: rng.normal(size=(n, 3)), log_uniform(0.1, 2), rng=rng
            ),
        }[kind]()
        return penalty(replace(net, params=net.params | {"1_up_w": w}), y, sigma)

    w = net.params["1_up_w"]
    direction = np.random.default_rng(6).normal(size=w.shape)
    slope = float((grad(value)(w) * direction).sum())
    h = 1e-5
    if kind == "tweedie":  # what stands still must not be differentiated
        ahead, behind = value(w + h * direction), value(w - h * direction)
        assert abs(slope - (ahead - behind) / (2 * h)) > 1e-4 * abs(slope)
        return
    difference = (value(w + h * direction) - value(w - h * direction)) / (2 * h)
    assert slope == pytest.approx(difference, rel=1e-5)


def energy_net():
    return net_of(3, it.init_energy)


def test_an_energy_network_is_the_gradient_of_its_log_prob_and_does_not_turn():
    net, (y, _) = energy_net(), batch(3)
    for sigma in (0.1, 1.0, 5.0):
        h, axes = 1e-5, np.eye(3)
        ahead = np.stack([net.log_prob(y + h * e, sigma) for e in axes], 1)
        behind = np.stack([net.log_prob(y - h * e, sigma) for e in axes], 1)
        np.testing.assert_allclose(net(y, sigma), (ahead - behind) / (2 * h), rtol=1e-5, atol=1e-5)
        j = vf.jacobian(at(net, sigma), y, step=None)
        turn = np.abs(vf.curl(at(net, sigma), y, step=None)).max()
        assert turn < 1e-12 * np.abs(j).max()
        assert np.abs(j - j * np.eye(3)).max() > 1e-2 * np.abs(j).max()  # it is not trivial


def test_an_energy_network_with_weights_of_0_is_a_gaussian():
    net = energy_net()
    asleep = replace(net, params={k: 0 * w for k, w in net.params.items()})
    y, _ = batch(3)
    total = 0.25 + net.sd**2
    np.testing.assert_allclose(asleep(y, 0.5), -(y - net.mean) / total, rtol=1e-12)
    height = -((y - net.mean) ** 2).sum(1) / (2 * total)
    np.testing.assert_allclose(asleep.log_prob(y, 0.5), height, rtol=1e-12)


def test_an_energy_network_learns():
    rng = np.random.default_rng(0)
    x = HILLS.sample(1000, rng=rng)
    start = it.init_energy(x, rng=rng, width=32, blocks=1)
    net = train(start, x, steps=150, rng=rng, sigmas=(0.3, 1.0), learning_rate=5e-3).net
    y = HILLS.blurred(0.5).sample(2000, rng=rng)
    exact = HILLS.blurred(0.5).score(y)

    def error(net):
        return ((net(y, 0.5) - exact) ** 2).sum() / (exact**2).sum()

    assert error(net) < 0.6 * error(start)
    assert net(y.astype(np.float32), 0.5).dtype == np.float32


def test_a_penalised_network_turns_less():
    x = HILLS.sample(1000, rng=np.random.default_rng(0))
    found = []
    for penalty in (None, it.curl_penalty(10.0)):
        rng = np.random.default_rng(1)
        start = init_scaled(x, rng=rng, width=32, blocks=1)
        recipe = {"sigmas": (0.2, 2.0), "learning_rate": 5e-3, "penalty": penalty}
        net = train(start, x, steps=150, rng=rng, **recipe).net.astype(float)
        c = vf.curl(at(net, 0.5), HILLS.blurred(0.5).sample(500, rng=rng))
        found.append(np.sqrt((c[:, 0, 1] ** 2).mean()))
    assert found[1] < 0.5 * found[0]


BAD = [
    (lambda: it.curl_penalty(0), "weight must be positive"),
    (lambda: it.divergence_penalty(-1, lambda y, s: s), "weight must be positive"),
    (lambda: it.curl_penalty(1)(net_of(3), *batch(3)), "rng must be given for points of 3"),
    (lambda: it.curl_penalty(1, rng=0)(net_of(3), *batch(3)), "rng must be a numpy"),
    (
        lambda: it.divergence_penalty(1, lambda y, s: y)(net_of(2), *batch(2)),
        r"target must return shape \(30,\)",
    ),
    (
        lambda: it.divergence_penalty(1, lambda y, s: s * np.nan)(net_of(2), *batch(2)),
        r"target\(y, sigma\) must be finite",
    ),
    (
        lambda: it.tweedie_penalty(1, HILLS.sample, log_uniform(0.1, 1), rng=RNG, batch=0),
        "batch must be at least 1",
    ),
    (
        lambda: it.tweedie_penalty(1, HILLS.sample, log_uniform(0.1, 1), rng=RNG)(
            net_of(3), *batch(3)
        ),
        r"data must have shape \(n, 3\)",
    ),
    (lambda: energy_net().log_prob(np.zeros((2, 2)), 1.0), r"x must have shape \(n, 3\)"),
    (lambda: energy_net().log_prob(np.zeros((2, 3)), -1.0), "sigma must be positive"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
