"""Networks on patches: layers against plain loops, derivatives, symmetry, bad input."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from autograd import elementwise_grad, jacobian, make_jvp, make_vjp
from autograd.test_util import check_grads

from scorekit import patch_networks as module
from scorekit.networks import ScaledNet, init_scaled
from scorekit.patch_networks import PatchNet, init_patch
from scorekit.training import train

RNG = np.random.default_rng(0)
IMAGES = RNG.random((40, 64))


def small(dtype=np.float64, **sizes):
    sizes = {"patch": 2, "width": 12, "patch_width": 6} | sizes
    return init_patch(IMAGES, rng=np.random.default_rng(1), dtype=dtype, **sizes)


def shaken(net, seed=2):
    """The same net with no weight at 0, so that every one of them matters."""
    rng = np.random.default_rng(seed)
    params = {k: p + 0.3 * rng.standard_normal(p.shape) for k, p in net.params.items()}
    return replace(net, params=params)


# ------------------------------------------------------------------ layers


@pytest.mark.parametrize(("side", "k"), [(8, 2), (8, 4), (12, 4), (12, 6), (6, 6)])
def test_windows_are_what_a_loop_cuts_out(side, k):
    x = RNG.standard_normal((3, side**2))
    m, tiles = k // 2, side // k
    padded = np.pad(x.reshape(3, side, side), ((0, 0), (m, m), (m, m)))
    want = [
        padded[i, a * k : a * k + 2 * k, b * k : b * k + 2 * k].ravel()
        for i in range(3)
        for a in range(tiles)
        for b in range(tiles)
    ]
    np.testing.assert_array_equal(module.windows(x, k), want)
    tiled = [
        x[i].reshape(side, side)[a * k : a * k + k, b * k : b * k + k].ravel()
        for i in range(3)
        for a in range(tiles)
        for b in range(tiles)
    ]
    np.testing.assert_array_equal(module.tiled(x, k), tiled)
    np.testing.assert_array_equal(module.untiled(np.array(tiled), k, side**2), x)


def test_the_middle_of_a_window_is_its_tile():
    x, k = RNG.standard_normal((2, 144)), 4
    middle = module.windows(x, k).reshape(-1, 8, 8)[:, 2:6, 2:6].reshape(-1, 16)
    np.testing.assert_array_equal(middle, module.tiled(x, k))


def test_adjoints():
    x, k = RNG.standard_normal((3, 64)), 4
    w = RNG.standard_normal(module.windows(x, k).shape)
    np.testing.assert_allclose(
        (module.windows(x, k) * w).sum(), (x * module.overlapped(w, k, 64)).sum()
    )
    h, g = RNG.standard_normal((12, 5)), RNG.standard_normal((3, 5))
    spread = module.modulate(np.ones_like(h), g, 0 * g)
    np.testing.assert_allclose((module.grouped_sum(h, 3) * g).sum(), (h * spread).sum())


def test_modulate_scales_each_image_by_its_own():
    h, gain, shift = (RNG.standard_normal(s) for s in ((6, 4), (3, 4), (3, 4)))
    want = [h[r] * gain[r // 2] + shift[r // 2] for r in range(6)]
    np.testing.assert_allclose(module.modulate(h, gain, shift), want)


def test_layers_have_right_derivatives_in_both_modes_twice():
    x, k = RNG.standard_normal((2, 16)), 2
    h, gain, shift = (RNG.standard_normal(s) for s in ((4, 3), (2, 3), (2, 3)))
    for function, arguments in (
        (lambda a: module.windows(a, k) ** 2, (x,)),
        (lambda a: module.overlapped(a, k, 16) ** 2, (module.windows(x, k),)),
        (lambda a: module.untiled(a, k, 16) ** 2, (module.tiled(x, k),)),
        (lambda a: module.tiled(a, k) ** 2, (x,)),
        (lambda a: module.grouped_sum(a, 2) ** 2, (h,)),
        (module.modulate, (h, gain, shift)),
    ):
        check_grads(function, modes=["fwd", "rev"], order=2)(*arguments)


# ------------------------------------------------------------------ the network


def plain(net, x, sigma):
    """F written with loops over images and tiles, for one σ a point."""
    p, k, side = net.params, net.patch, int(np.sqrt(net.dim))
    whole = ScaledNet(p, net.mean, net.sd)._out(x - net.mean, sigma[:, None], None)

    def silu(v):
        return v / (1 + np.exp(-v))

    def norm(v):
        return v / np.sqrt((v**2).mean() + 1e-5)

    out = whole.copy()
    for i in range(len(x)):
        u = (x[i] - net.mean) / np.sqrt(sigma[i] ** 2 + net.sd**2)
        angle = np.log(sigma[i]) * 2.0 ** np.arange(-2, 2, 0.25)
        level = silu(np.concatenate([np.cos(angle), np.sin(angle)]) @ p["level_w"] + p["level_b"])
        padded = [np.pad(v.reshape(side, side), k // 2) for v in (u, whole[i])]
        for t in range((side // k) ** 2):
            a, b = divmod(t, side // k)
            near, far = (v[a * k : a * k + 2 * k, b * k : b * k + 2 * k].ravel() for v in padded)

            def modulated(v, name, level=level):
                gain = level @ p[f"{name}_scale_w"] + p[f"{name}_scale_b"]
                return silu(v * gain + level @ p[f"{name}_offset_w"] + p[f"{name}_offset_b"])

            h = near @ p["near_w"] + p["near_b"] + norm(far) @ p["far_w"] + p["far_b"]
            h = modulated(h + p["place_w"][t], "tile")
            for j in range(sum(key.endswith("_first_w") for key in p)):
                v = modulated(norm(h) @ p[f"tile{j}_first_w"] + p[f"tile{j}_first_b"], f"tile{j}")
                h = h + v @ p[f"tile{j}_last_w"] + p[f"tile{j}_last_b"]
            tile = (norm(h) @ p["tile_out_w"] + p["tile_out_b"]).reshape(k, k)
            out[i].reshape(side, side)[a * k : a * k + k, b * k : b * k + k] += tile
    return out


@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("patch", [2, 4])
def test_it_computes_what_the_loops_do(patch, blocks):
    net = shaken(small(patch=patch, patch_blocks=blocks))
    x, sigma = IMAGES[:3] + RNG.standard_normal((3, 64)), np.array([0.1, 0.5, 2.0])
    out = plain(net, x, sigma)
    skip, c_out, _ = net.scaling(sigma[:, None])
    want = net.mean + skip * (x - net.mean) + c_out * out
    np.testing.assert_allclose(net.denoise(x, sigma), want, rtol=1e-9, atol=1e-12)


def test_one_level_for_all_is_that_level_for_each():
    net, x = shaken(small()), IMAGES[:5]
    np.testing.assert_allclose(net(x, 0.3), net(x, np.full(5, 0.3)), rtol=1e-10)
    np.testing.assert_allclose(net(x, 0.3)[[2]], net(x[[2]], 0.3), rtol=1e-10)


def test_with_weights_of_zero_it_is_a_gaussians_score():
    net = small()
    net = replace(net, params={k: 0 * p for k, p in net.params.items()})
    want = (net.mean - IMAGES) / (0.25 + net.sd**2)
    np.testing.assert_allclose(net(IMAGES, 0.5), want)


def test_what_the_patches_hear_of_the_whole_is_bounded():
    # However large G is, H sees its windows at root mean square 1.
    net = shaken(small())
    loud = replace(net, params=net.params | {"out_w": 1e4 * net.params["out_w"]})
    louder = replace(net, params=net.params | {"out_w": 1e8 * net.params["out_w"]})
    part = []
    for big in (loud, louder):
        whole = ScaledNet(big.params, big.mean, big.sd).denoise(IMAGES[:4], 0.5)
        part.append(big.denoise(IMAGES[:4], 0.5) - whole)
    np.testing.assert_allclose(part[0], part[1], rtol=1e-2, atol=1e-3)


def test_derivatives_by_weights_and_points():
    net, x, sigma = (
        shaken(small(width=6, patch_width=4, blocks=1)),
        IMAGES[:2],
        np.array([0.2, 1.0]),
    )
    check_grads(lambda v: net(v, sigma), modes=["fwd", "rev"], order=1)(x)
    z = RNG.standard_normal(x.shape)
    for key in net.params:

        def loss(p, key=key):
            return (replace(net, params=net.params | {key: p}).residual(x, sigma, z) ** 2).sum()

        check_grads(loss, modes=["rev"], order=1)(net.params[key])


def test_second_derivatives_by_points():
    net, x = shaken(small(width=6, patch_width=4, blocks=1)), IMAGES[:1]

    def first(v):
        return elementwise_grad(lambda w: net(w, 0.5))(v)

    check_grads(first, modes=["fwd", "rev"], order=1)(x)


def test_both_modes_agree_on_the_jacobian():
    net, x = shaken(small()), IMAGES[:1]
    full = jacobian(lambda v: net.denoise(v, 0.4))(x)[0, :, 0]
    u = RNG.standard_normal(x.shape)
    np.testing.assert_allclose(make_jvp(lambda v: net.denoise(v, 0.4))(x)(u)[1][0], full @ u[0])
    np.testing.assert_allclose(make_vjp(lambda v: net.denoise(v, 0.4))(x)[0](u)[0], u[0] @ full)


def test_everything_stays_in_single_precision():
    net = small(np.float32)
    x = IMAGES[:4].astype(np.float32)
    assert net(x, 0.5).dtype == np.float32
    back, value = make_vjp(lambda v: net.denoise(v, 0.5))(x)
    assert value.dtype == back(value).dtype == np.float32
    fit = train(net, x, steps=3, rng=np.random.default_rng(0), sigmas=(0.1, 1), batch=4)
    assert {p.dtype for p in fit.net.params.values()} == {np.dtype(np.float32)}
    assert isinstance(fit.net, PatchNet)
    assert fit.net.patch == 2
    assert {p.dtype for p in fit.net.astype(float).params.values()} == {np.dtype(float)}


def test_training_lowers_the_loss_and_beats_one_perceptron_of_as_many_weights_on_edges():
    # Bars at random places: local structure, the same everywhere.
    rng = np.random.default_rng(0)

    def bars(n, *, rng):
        x = np.zeros((n, 12, 12), np.float32)
        rows, columns = rng.integers(0, 9, (2, n))
        for i in range(n):
            x[i, rows[i] : rows[i] + 4, columns[i] : columns[i] + 4] = rng.uniform(0.5, 1)
        return x.reshape(n, 144)

    some, held = bars(2000, rng=rng), bars(300, rng=rng)
    one = init_scaled(some, rng=np.random.default_rng(1), width=72, blocks=1)
    two = init_patch(some, rng=np.random.default_rng(1), width=48, blocks=1, patch_width=40)
    assert two.size <= 1.1 * one.size
    errors = []
    noisy = held + 0.4 * rng.standard_normal(held.shape, np.float32)
    for net in (one, two):
        fit = train(net, bars, steps=500, rng=np.random.default_rng(2), sigmas=(0.1, 2), batch=64)
        assert fit.losses[-50:].mean() < 0.7 * fit.losses[:20].mean()
        errors.append(((fit.net.denoise(noisy, 0.4) - held) ** 2).mean())
    assert errors[1] < 0.9 * errors[0]


def test_it_can_be_pickled():
    net = small()
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again(IMAGES, 0.5), net(IMAGES, 0.5))


@pytest.mark.parametrize(
    ("data", "sizes", "message"),
    [
        (np.random.default_rng(0).random((9, 60)), {}, "data must be square images"),
        (IMAGES, {"patch": 3}, "patch must be even and divide the side 8, got 3"),
        (IMAGES, {"patch": 6}, "patch must be even and divide the side 8, got 6"),
        (IMAGES, {"patch": 0}, "patch must be at least 1"),
        (IMAGES, {"patch_width": 0}, "patch_width must be at least 1"),
        (IMAGES, {"patch_blocks": 1.5}, "patch_blocks must be a whole number"),
        (IMAGES, {"width": 0}, "width must be at least 1"),
        (IMAGES.astype(int), {}, "data must be a float64 or float32 array"),
    ],
)
def test_bad_input(data, sizes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        init_patch(data, rng=np.random.default_rng(0), **sizes)


def test_points_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"x must have shape \(n, 64\)"):
        small()(np.zeros((2, 49)), 0.5)
