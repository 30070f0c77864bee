"""Score networks: their derivatives, their scalings, their dtypes, and what they refuse."""

from dataclasses import replace

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad, grad, jacobian, make_jvp, value_and_grad
from autograd.test_util import check_grads
from scipy.special import expit

from scorekit import _fused
from scorekit.densities import Gaussian, three_hills
from scorekit.langevin import ula
from scorekit.networks import init_noise, init_scaled

DATA = np.random.default_rng(0).standard_normal((50, 3)) * [1.0, 2.0, 0.5] + [4.0, 0.0, -1.0]
MAKERS = {"scaled": init_scaled, "noise": init_noise}


def make(kind, seed=1, dtype=np.float64, **sizes):
    return MAKERS[kind](
        DATA, rng=np.random.default_rng(seed), **{"width": 8, "dtype": dtype, **sizes}
    )


def loud(net, seed=2):
    """The same net with a last layer that is not small, so that nothing hides behind it."""
    rng = np.random.default_rng(seed)
    params = {k: p + rng.standard_normal(p.shape).astype(p.dtype) for k, p in net.params.items()}
    return replace(net, params=params)


# ------------------------------------------------------------------ fused layers

X = np.random.default_rng(3).standard_normal((5, 4))
W, B = np.random.default_rng(4).standard_normal((4, 3)), np.arange(3.0)
PLAIN = {
    "silu": (_fused.silu, lambda x: x / (1 + anp.exp(-x)), (X,)),
    "silu_pull": (
        _fused.silu_pull,
        lambda g, x: g * elementwise_grad(lambda v: v / (1 + anp.exp(-v)))(x),
        (X[::-1], X),
    ),
    "rms_norm": (
        _fused.rms_norm,
        lambda x: x / anp.sqrt(anp.sum(x**2, 1, keepdims=True) / 4 + _fused.EPS),
        (X,),
    ),
    "dense": (_fused.dense, lambda x, w, b: anp.dot(x, w) + b, (X, W, B)),
    "mean_square": (_fused.mean_square, lambda x: anp.sum(x**2) / x.size, (X,)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_fused_layer_is_its_formula_and_so_are_its_derivatives(name):
    fused, plain, args = PLAIN[name]
    np.testing.assert_allclose(fused(*args), plain(*args), rtol=1e-12)
    probe = np.random.default_rng(5).standard_normal(np.shape(plain(*args)))
    for i in range(len(args)):
        got = grad(lambda *a: anp.sum(probe * fused(*a)), i)(*args)
        want = grad(lambda *a: anp.sum(probe * plain(*a)), i)(*args)
        np.testing.assert_allclose(got, want, rtol=1e-10)
    # Both modes, first and second order, against finite differences.
    check_grads(fused, modes=["rev", "fwd"], order=2)(*args)


def test_the_finite_differences_would_catch_a_wrong_derivative():
    wrong = _fused.primitive(lambda x: _fused.silu(x))
    _fused.defvjp(wrong, lambda ans, x: lambda g: g * expit(x))  # the sigmoid, not SiLU's slope
    with pytest.raises(AssertionError):
        check_grads(wrong, modes=["rev"], order=1)(X)


def test_silu_does_not_overflow():
    x = np.array([[-1e4, -90.0, 0.0, 90.0, 1e4]], np.float32)
    np.testing.assert_array_equal(_fused.silu(x), [[0, 0, 0, 90, 1e4]])
    np.testing.assert_array_equal(elementwise_grad(_fused.silu)(x), [[0, 0, 0.5, 1, 1]])


@pytest.mark.parametrize("name", PLAIN)
def test_fused_layers_and_their_derivatives_stay_in_float32(name):
    fused, _, args = PLAIN[name]
    small = [a.astype(np.float32) for a in args]
    value, slopes = value_and_grad(lambda *a: anp.sum(fused(*a)), argnum=tuple(range(len(small))))(
        *small
    )
    assert value.dtype == np.float32
    assert {s.dtype for s in slopes} == {np.dtype(np.float32)}


def test_the_parts_of_a_vector_take_their_gradients():
    flat = np.arange(6.0)

    def f(v):
        return anp.sum(_fused.part(v, 1, 5, (2, 2)) ** 2) + anp.sum(_fused.part(v, 4, 6, (2,)))

    np.testing.assert_allclose(grad(f)(flat), [0, 2, 4, 6, 9, 1])


# ------------------------------------------------------------------ the two models


@pytest.mark.parametrize("sigma", [1e-3, 0.3, 2.0, 50.0])
def test_the_scaling_is_that_of_karras(sigma):
    net = make("scaled")
    skip, out, inner = net.scaling(sigma)
    np.testing.assert_allclose(net.sd**2, DATA.var(0).mean())
    np.testing.assert_allclose(inner**2 * (sigma**2 + net.sd**2), 1)
    # F's target (x - c_skip y)/c_out has variance 1 and is uncorrelated with its input.
    np.testing.assert_allclose(((1 - skip) ** 2 * net.sd**2 + skip**2 * sigma**2) / out**2, 1)
    np.testing.assert_allclose((1 - skip) * net.sd**2 - skip * sigma**2, 0, atol=1e-12)


def test_the_target_of_training_is_the_clean_point_scaled():
    net, rng = loud(make("scaled")), np.random.default_rng(6)
    z, sigma = rng.standard_normal(DATA.shape), rng.uniform(0.1, 3, len(DATA))
    error = net.denoise(DATA + sigma[:, None] * z, sigma) - DATA
    out = net.scaling(sigma)[1]
    np.testing.assert_allclose(net.residual(DATA, sigma, z), error / out[:, None], rtol=1e-9)
    plain = loud(make("noise"))
    error = plain.denoise(DATA + sigma[:, None] * z, sigma) - DATA
    np.testing.assert_allclose(plain.residual(DATA, sigma, z), -error / sigma[:, None], rtol=1e-9)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("each", [False, True])
def test_score_and_denoiser_obey_tweedie(kind, each):
    net = loud(make(kind))
    sigma = np.linspace(0.2, 3, len(DATA)) if each else 0.7
    column = np.reshape(sigma, (-1, 1))
    np.testing.assert_allclose(
        net.denoise(DATA, sigma), DATA + column**2 * net(DATA, sigma), rtol=1e-10
    )
    if each:
        alone = np.concatenate([net(x[None], float(s)) for x, s in zip(DATA, sigma, strict=True)])
        np.testing.assert_allclose(net(DATA, sigma), alone, rtol=1e-9)


def test_the_scaled_denoiser_trusts_the_point_at_small_noise_and_the_mean_at_large():
    net = loud(make("scaled"))
    np.testing.assert_allclose(net.denoise(DATA, 1e-7), DATA, atol=1e-5)
    far = net.mean + 1e7 * np.random.default_rng(0).standard_normal((4, 3))
    pull = net.denoise(far, 1e7) - net.mean
    assert np.abs(pull).max() < 1e3  # of 1e7: what F adds is bounded by c_out = sd times F
    silent = replace(net, params={k: 0 * p for k, p in net.params.items()})
    np.testing.assert_allclose(silent.denoise(far, 1e9), np.tile(net.mean, (4, 1)), atol=1e-5)


def test_with_weights_of_zero_one_model_is_a_gaussian_and_the_other_is_nothing():
    for kind, want in (
        ("scaled", Gaussian(DATA.mean(0), DATA.var(0).mean() * np.eye(3)).blurred(0.5).score(DATA)),
        ("noise", np.zeros_like(DATA)),
    ):
        net = make(kind)
        silent = replace(net, params={k: 0 * p for k, p in net.params.items()})
        np.testing.assert_allclose(silent(DATA, 0.5), want, rtol=1e-10)


def test_small_noise_costs_no_digits():
    net = make("scaled")
    coarse = net.astype(np.float32)
    x = DATA.astype(np.float32)
    exact, got = net(x.astype(float), 1e-3), coarse(x, 1e-3)
    assert np.abs(got - exact).max() < 1e-5 * np.abs(exact).max()
    naive = (coarse.denoise(x, 1e-3) - x) / np.float32(1e-6)
    assert np.abs(naive - exact).max() > 1e-3 * np.abs(exact).max()


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("weights", [np.float32, np.float64])
@pytest.mark.parametrize("points", [np.float32, np.float64])
def test_the_answer_has_the_dtype_of_the_points(kind, weights, points):
    net = make(kind, dtype=weights)
    assert net.dtype == weights
    assert {p.dtype for p in net.params.values()} == {np.dtype(weights)}
    x = DATA.astype(points)
    for sigma in (0.5, 1, np.float64(0.5), np.linspace(0.1, 1, len(x))):
        for answer in (net(x, sigma), net.denoise(x, sigma)):
            assert answer.dtype == points
            assert answer.shape == x.shape
    np.testing.assert_allclose(net(x, 0.5), net.astype(np.float64)(x, 0.5), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_sampler_takes_it_as_it_is(kind):
    net = make(kind, dtype=np.float32)
    x = DATA.astype(np.float32)
    assert ula(lambda y: net(y, 0.5), x, 0.01, 3, rng=np.random.default_rng(0)).x.dtype == x.dtype


@pytest.mark.parametrize("kind", MAKERS)
def test_autograd_differentiates_the_score_by_the_points(kind):
    net, x, h = loud(make(kind)), DATA[:1], 1e-5
    got = jacobian(lambda y: net(y, 0.6))(x)[0, :, 0]
    steps = h * np.eye(3)[:, None]
    want = np.stack([(net(x + e, 0.6) - net(x - e, 0.6))[0] / (2 * h) for e in steps], 1)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)
    along = make_jvp(lambda y: net(y, 0.6))(x)(steps[1] / h)[1]
    np.testing.assert_allclose(along[0], want[:, 1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_penalty_on_the_slope_can_be_differentiated_by_the_weights(kind):
    net, v, h = loud(make(kind, width=4)), np.ones_like(DATA), 1e-5

    def slope(params):
        now = replace(net, params=params)
        return anp.sum(make_jvp(lambda y: now(y, 0.6))(DATA)(v)[1] ** 2)

    gradient = grad(slope)(net.params)
    key = "in_w" if kind == "scaled" else "0_w"
    for place in ((0, 0), (2, 3)):
        bump = np.zeros_like(net.params[key])
        bump[place] = h
        up, down = ({**net.params, key: net.params[key] + s * bump} for s in (1, -1))
        want = (slope(up) - slope(down)) / (2 * h)
        np.testing.assert_allclose(gradient[key][place], want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", MAKERS)
def test_extra_inputs_matter_and_are_zero_unless_given(kind):
    net = loud(make(kind, extra=2))
    zero, one = np.zeros((len(DATA), 2)), np.ones((len(DATA), 2))
    np.testing.assert_array_equal(net(DATA, 0.5), net(DATA, 0.5, zero))
    assert np.abs(net(DATA, 0.5) - net(DATA, 0.5, one)).max() > 1e-3


@pytest.mark.parametrize("kind", MAKERS)
def test_the_seed_makes_the_weights(kind):
    a, b, c = make(kind), make(kind), make(kind, seed=9)
    for key in a.params:
        np.testing.assert_array_equal(a.params[key], b.params[key])
    assert any((a.params[key] != c.params[key]).any() for key in a.params)
    assert a.size == sum(p.size for p in a.params.values())


NET = make("scaled", extra=1)
RNG = np.random.default_rng(0)
BAD = [
    (lambda: NET(DATA[0], 1.0), r"x must be a batch of shape \(n, 3\)"),
    (lambda: NET(DATA[:, :2], 1.0), r"x must have shape \(n, 3\)"),
    (lambda: NET(DATA * np.nan, 1.0), "x must be finite"),
    (lambda: NET(DATA.astype(int), 1.0), "x must be a float64 or float32"),
    (lambda: NET(DATA, 0.0), "sigma must be positive and finite, got 0"),
    (lambda: NET(DATA, -1), "sigma must be positive"),
    (lambda: NET(DATA, np.inf), "sigma must be positive and finite, got inf"),
    (lambda: NET(DATA, np.full(len(DATA), np.nan)), "sigma must be positive and finite, got nan"),
    (lambda: NET(DATA, [1.0, 2.0]), r"sigma must be a number or of shape \(50,\)"),
    (lambda: NET(DATA, np.ones((len(DATA), 1))), "sigma must be a number"),
    (lambda: NET(DATA, "1"), "sigma must be a number"),
    (lambda: NET(DATA, 1.0, np.ones((len(DATA), 2))), r"extra must have shape \(50, 1\)"),
    (lambda: init_scaled(DATA, rng=0), "rng must be a numpy"),
    (lambda: init_noise(DATA, rng=None), "rng must be a numpy"),
    (lambda: init_scaled(DATA, rng=RNG, width=0), "width must be at least 1"),
    (lambda: init_scaled(DATA, rng=RNG, blocks=1.5), "blocks must be a whole number"),
    (lambda: init_scaled(DATA, rng=RNG, extra=-1), "extra must be at least 0"),
    (lambda: init_scaled(DATA, rng=RNG, dtype=np.float16), "dtype must be float32 or float64"),
    (lambda: init_scaled(DATA[:0], rng=RNG), "data must hold at least one point"),
    (lambda: init_scaled(DATA * np.nan, rng=RNG), "data must be finite"),
    (lambda: init_noise(np.ones((4, 2)), rng=RNG), "data must vary"),
    (lambda: init_noise(DATA, rng=RNG, layers=0), "layers must be at least 1"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_forgetting_the_generator_is_an_error():
    with pytest.raises(TypeError, match="rng"):
        init_scaled(three_hills().means)
