"""Training: it finds an exact score, a wrong loss does not, and one seed gives one result."""

from dataclasses import replace

import autograd.numpy as anp
import numpy as np
import pytest

from scorekit.densities import Gaussian, three_hills
from scorekit.networks import NoiseNet, init_noise, init_scaled
from scorekit.training import TrainingDiverged, log_uniform, train

# An anisotropic Gaussian: the score of weight 0, that of a round Gaussian, is wrong for it.
VALLEY = Gaussian([1.0, -2.0], [[3.0, 1.5], [1.5, 1.0]])
DATA = VALLEY.sample(4000, rng=np.random.default_rng(0))
SIGMAS = (0.1, 5.0)
MAKERS = {"scaled": init_scaled, "noise": init_noise}


def start(kind="scaled", seed=1, data=DATA, **sizes):
    return MAKERS[kind](data, rng=np.random.default_rng(seed), **{"width": 32, **sizes})


def relative_error(score, density, sigma):
    rng = np.random.default_rng(7)
    y = density.sample(3000, rng=rng)
    y = y + sigma * rng.standard_normal(y.shape)
    exact = density.blurred(sigma).score(y)
    return np.sqrt(((score(y, sigma) - exact) ** 2).sum() / (exact**2).sum())


def fitted(kind, data=VALLEY.sample, steps=1200, **options):
    return train(
        start(kind), data, steps=steps, rng=np.random.default_rng(2), sigmas=SIGMAS, **options
    )


@pytest.mark.parametrize("kind", MAKERS)
def test_training_approaches_the_exact_score_and_its_lack_does_not(kind):
    fit = fitted(kind)
    assert fit.losses.shape == (1200,)
    assert fit.losses[-100:].mean() < fit.losses[:10].mean()
    for sigma in (0.3, 1.0, 2.0):
        assert relative_error(fit.net, VALLEY, sigma) < 0.1
        assert relative_error(start(kind), VALLEY, sigma) > 0.15


@pytest.mark.parametrize("kind", MAKERS)
def test_the_same_test_rejects_a_loss_of_the_wrong_sign(kind):
    class Wrong(type(start(kind))):
        def _target(self, clean, sigma, z):
            return -super()._target(clean, sigma, z)

    net = start(kind)
    wrong = Wrong(net.params, net.mean, net.sd)
    fit = train(wrong, DATA, steps=1200, rng=np.random.default_rng(2), sigmas=SIGMAS)
    assert fit.losses[-50:].mean() < fit.losses[:10].mean()  # it learns, but the wrong thing
    for sigma in (0.3, 1.0, 2.0):
        assert relative_error(fit.net, VALLEY, sigma) > 0.15


def test_the_first_steps_are_adam_as_published():
    net = start("noise", dtype=np.float64)
    options = {"steps": 3, "sigmas": SIGMAS, "batch": 16, "learning_rate": 0.01}
    got = train(net, DATA, rng=np.random.default_rng(3), average=0, clip=0.05, **options).net
    rng = np.random.default_rng(3)
    p = {k: v.copy() for k, v in net.params.items()}
    m, v = ({k: np.zeros_like(a) for k, a in p.items()} for _ in range(2))
    for t in range(1, 4):
        x = DATA[rng.integers(len(DATA), size=16)]
        sigma = np.exp(rng.uniform(np.log(0.1), np.log(5), 16))
        z = rng.standard_normal(x.shape)
        g, h = {}, 1e-6
        for key, a in p.items():
            g[key] = np.empty_like(a)
            for i in np.ndindex(a.shape):
                e = np.zeros_like(a)
                e[i] = h
                loss = [
                    (replace(net, params={**p, key: a + s * e}).residual(x, sigma, z) ** 2).mean()
                    for s in (1, -1)
                ]
                g[key][i] = (loss[0] - loss[1]) / (2 * h)
        length = np.sqrt(sum((a**2).sum() for a in g.values()))
        rate = 0.01 * (0.505 + 0.495 * np.cos(np.pi * (t - 1) / 3))
        for key, a in p.items():
            a_g = g[key] * min(1, 0.05 / length)
            m[key] = 0.9 * m[key] + 0.1 * a_g
            v[key] = 0.99 * v[key] + 0.01 * a_g**2
            a -= rate * m[key] / (1 - 0.9**t) / (np.sqrt(v[key] / (1 - 0.99**t)) + 1e-8)
    for key in p:
        np.testing.assert_allclose(got.params[key], p[key], rtol=1e-4, atol=1e-6)


def test_one_seed_one_result():
    def run(seed, **options):
        rng = np.random.default_rng(seed)
        return train(start(), DATA, steps=20, rng=rng, sigmas=SIGMAS, batch=32, **options)

    a, b, c = run(5), run(5), run(6)
    np.testing.assert_array_equal(a.losses, b.losses)
    for key in a.net.params:
        np.testing.assert_array_equal(a.net.params[key], b.net.params[key])
    assert (a.losses != c.losses).any()
    last = run(5, average=0)
    np.testing.assert_array_equal(last.losses, a.losses)  # the average steers nothing
    assert (last.net.params["in_w"] != a.net.params["in_w"]).any()


def test_the_start_is_not_changed():
    net = start()
    before = {key: p.copy() for key, p in net.params.items()}
    train(net, DATA, steps=3, rng=np.random.default_rng(0), sigmas=SIGMAS)
    for key, p in before.items():
        np.testing.assert_array_equal(net.params[key], p)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", MAKERS)
def test_the_weights_keep_their_dtype(kind, dtype):
    net = start(kind, dtype=dtype)
    fit = train(net, DATA, steps=3, rng=np.random.default_rng(0), sigmas=SIGMAS)
    assert {p.dtype for p in fit.net.params.values()} == {np.dtype(dtype)}


def test_extra_inputs_are_learned():
    # The extra input says where the point lies: with it the denoiser is nearly perfect.
    def draw(n, *, rng):
        x = three_hills().sample(n, rng=rng)
        return x, x[:, :1]

    net = start(extra=1, data=three_hills().sample(500, rng=np.random.default_rng(0)))
    fit = train(net, draw, steps=500, rng=np.random.default_rng(1), sigmas=(2.0, 4.0))
    x = three_hills().sample(1000, rng=np.random.default_rng(2))
    y = x + 3 * np.random.default_rng(3).standard_normal(x.shape)
    told, untold = fit.net.denoise(y, 3.0, x[:, :1]), fit.net.denoise(y, 3.0)
    assert ((told - x)[:, 0] ** 2).mean() < 0.1 * ((untold - x)[:, 0] ** 2).mean()


def test_a_penalty_on_the_weights_leaves_one_model_gaussian_and_the_other_silent():
    def ridge(net, y, sigma):
        return 300.0 * sum(anp.sum(p**2) for p in net.params.values())

    plain, scaled = (fitted(kind, penalty=ridge, steps=300).net for kind in ("noise", "scaled"))
    assert np.abs(plain(DATA, 1.0)).max() < 0.05
    gaussian = Gaussian(scaled.mean, scaled.sd**2 * np.eye(2)).blurred(1.0).score(DATA)
    np.testing.assert_allclose(scaled(DATA, 1.0), gaussian, atol=0.05)


class Linear(NoiseNet):
    """ε̂ = W (y - m): a network without a hidden layer, whose best weights are known."""

    def _out(self, shifted, sigma, extra):
        return shifted @ self.params["w"]


@pytest.mark.parametrize("variances", [[0.5], [0.5, 0.05]])
def test_l2_is_ridge_regression_for_a_linear_network(variances):
    v, sigma, lam, d = np.array(variances), 0.7, 0.8, len(variances)
    rng = np.random.default_rng(4)
    data = rng.standard_normal((4000, d))
    data -= data.mean(0)
    data = data @ np.linalg.inv(np.linalg.cholesky(data.T @ data / 4000)).T
    net = Linear({"w": np.zeros((d, d))}, np.zeros(d), 1.0)

    def slope(l2, **options):
        fit = train(
            net, data * np.sqrt(v), steps=1500, rng=np.random.default_rng(5), l2=l2,
            sigmas=lambda n, rng: np.full(n, sigma), learning_rate=0.02, average=0.5, **options,
        )  # fmt: skip
        return fit.net.params["w"]

    want = np.diag(sigma / (v + sigma**2 + d * lam))  # the loss is a mean over coordinates
    got, plain = slope(lam), slope(0.0)
    np.testing.assert_allclose(got, want, atol=0.012)
    np.testing.assert_allclose(plain, np.diag(sigma / (v + sigma**2)), atol=0.02)
    assert np.abs(np.diag(plain) - np.diag(want)).min() > 0.2  # so the test could fail
    half = np.diag(sigma / (v + sigma**2 + d * lam / 2))  # of a penalty with λ/2
    assert np.abs(np.diag(got) - np.diag(half)).min() > 0.03
    same = slope(0.0, penalty=lambda net, y, sigma: lam * anp.sum(net.params["w"] ** 2))
    np.testing.assert_allclose(same, got, rtol=1e-6)


def test_l2_counts_every_weight_in_the_loss():
    net = start("noise")
    options = {"steps": 1, "sigmas": SIGMAS, "average": 0.0}
    losses = [
        train(net, DATA, rng=np.random.default_rng(3), l2=l2, **options).losses[0]
        for l2 in (0.0, 0.25)
    ]
    total = sum(float((p.astype(float) ** 2).sum()) for p in net.params.values())
    np.testing.assert_allclose(losses[1] - losses[0], 0.25 * total, rtol=1e-5)


def test_noise_levels_are_log_uniform():
    draws = np.log(log_uniform(0.1, 10)(20_000, np.random.default_rng(0))) / np.log(10)
    assert draws.min() >= -1
    assert draws.max() <= 1
    counts = np.histogram(draws, 4, (-1, 1))[0]
    assert np.abs(counts - 5000).max() < 5 * np.sqrt(5000 * 0.75)


RNG = np.random.default_rng(0)
GOOD = {"steps": 2, "rng": RNG, "sigmas": SIGMAS}


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (DATA, {"steps": 0}, "steps must be at least 1"),
        (DATA, {"steps": 2.0}, "steps must be a whole number"),
        (DATA, {"rng": 0}, "rng must be a numpy"),
        (DATA, {"batch": 0}, "batch must be at least 1"),
        (DATA, {"learning_rate": -1.0}, "learning_rate must be positive"),
        (DATA, {"average": 1.0}, "average must be at least 0 and below 1"),
        (DATA, {"clip": 0.0}, "clip must be positive"),
        (DATA, {"l2": -0.1}, "l2 must be finite and at least 0"),
        (DATA, {"l2": np.nan}, "l2 must be finite and at least 0"),
        (DATA, {"sigmas": (1.0, 1.0)}, "low must be below high"),
        (DATA, {"sigmas": (0.0, 1.0)}, "low must be positive"),
        (DATA, {"sigmas": lambda n, rng: np.zeros(n)}, "sigma must be positive"),
        (DATA, {"sigmas": lambda n, rng: np.ones(n + 1)}, "sigma must be a number or of"),
        (DATA[:0], {}, "data must hold at least one point"),
        (DATA[:, :1], {}, r"data must have shape \(n, 2\)"),
        (DATA * np.nan, {}, "data must be finite"),
        (DATA.astype(int), {}, "data must be a float64 or float32"),
        (lambda n, rng: DATA[:n, :1], {}, r"data must have shape \(n, 2\)"),
        (lambda n, rng: (DATA[:n], DATA[:n]), {}, r"extra inputs .* must have shape \(256, 0\)"),
    ],
)
def test_bad_input_is_refused_by_name(data, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        train(start(), data, **{**GOOD, **options})


def test_forgetting_the_generator_is_an_error():
    with pytest.raises(TypeError, match="rng"):
        train(start(), DATA, steps=2, sigmas=SIGMAS)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_loss_that_diverges_is_reported(kind):
    with pytest.raises(TrainingDiverged, match=r"step number \d+.*learning_rate=1e\+06"):
        train(start(kind), DATA, **{**GOOD, "steps": 60}, learning_rate=1e6)
    with pytest.raises(TrainingDiverged, match=r"the loss is nan at step number 1,"):
        train(start(kind), DATA, **GOOD, penalty=lambda net, y, sigma: np.nan)
