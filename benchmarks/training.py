"""Row (g): a step of denoising score matching, by autograd, by hand and in PyTorch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
from numpy.random import SFC64, Generator

from scorekit import data, training
from scorekit.networks import NoiseNet, init_noise

from .harness import Candidate, Row, Target, require, with_peers

Array = np.ndarray
LOW, HIGH, RATE = 0.03, 10.0, 2e-3


def backpropagate(
    p: dict[str, Array], x: Array, sigma: Array, z: Array, net: NoiseNet
) -> tuple[float, list[Array]]:
    """The loss mean (ε̂ - z)² and its gradient, layer by layer; SiLU's slope is σ(1 + a(1 - σ))."""
    layers, s = len(p) // 2, sigma[:, None]
    h = np.empty((len(x), x.shape[1] + 1), x.dtype)
    h[:, :-1] = (x - net.mean + s * z) / np.sqrt(s**2 + net.sd**2)
    h[:, -1] = np.log(sigma)
    inputs, before, gates = [h], [], []
    for k in range(layers - 1):
        a = h @ p[f"{k}_w"]
        a += p[f"{k}_b"]
        gate = np.multiply(a, 0.5)
        np.tanh(gate, out=gate)
        gate += 1
        gate *= 0.5
        h = a * gate
        before.append(a)
        gates.append(gate)
        inputs.append(h)
    g = h @ p[f"{layers - 1}_w"]
    g += p[f"{layers - 1}_b"]
    g -= z
    loss = float(np.dot(g.ravel(), g.ravel())) / g.size
    g *= 2 / g.size
    gradient: list[Array] = []
    for k in reversed(range(layers)):
        gradient[:0] = [inputs[k].T @ g, g.sum(0)]
        if k:
            g = g @ p[f"{k}_w"].T
            slope = 1 - gates[k - 1]
            slope *= before[k - 1]
            slope += 1
            slope *= gates[k - 1]
            g *= slope
    return loss, gradient


def train_by_hand(net: NoiseNet, rows: Array, steps: int, batch: int, seed: int) -> Array:
    """What ``scorekit.training.train`` does, with the same draws and the same Adam."""
    rng = Generator(SFC64(seed))
    adam = training._Adam(np.concatenate([v.ravel() for v in net.params.values()]))
    ends = np.cumsum([v.size for v in net.params.values()])
    params = {
        key: adam.weights[end - v.size : end].reshape(v.shape)
        for (key, v), end in zip(net.params.items(), ends, strict=True)
    }
    losses, low, high = np.empty(steps), np.log(LOW), np.log(HIGH)
    for k in range(steps):
        x = rows[rng.integers(len(rows), size=batch)]
        sigma = np.exp(rng.uniform(low, high, batch)).astype(net.dtype)
        z = rng.standard_normal(x.shape, net.dtype)
        losses[k], gradient = backpropagate(params, x, sigma, z, net)
        warm = min(1.0, (k + 1) / max(1.0, training.WARM_UP * steps))
        rate = RATE * warm * (0.505 + 0.495 * np.cos(np.pi * k / steps))
        adam.step(np.concatenate([g.ravel() for g in gradient]), float(rate), 1.0)
        adam.average(1 / (1 + 0.03 * k))
    return losses


def train_in_torch(net: NoiseNet, rows: Array, steps: int, batch: int) -> Any:
    import torch

    torch.set_num_threads(1)
    rows_t, mean, sd = torch.tensor(rows), torch.tensor(net.mean), net.sd
    first = [torch.tensor(v) for v in net.params.values()]

    def run(seed: int) -> Array:
        rng = torch.Generator().manual_seed(seed)
        params = [p.clone().requires_grad_() for p in first]
        averages = [p.detach().clone() for p in params]
        adam = torch.optim.Adam(params, betas=(training.BETA1, training.BETA2), foreach=True)
        losses, low, high = np.empty(steps), float(np.log(LOW)), float(np.log(HIGH))
        for k in range(steps):
            x = rows_t[torch.randint(len(rows), (batch,), generator=rng)]
            level = low + (high - low) * torch.rand(batch, 1, generator=rng)
            sigma = level.exp()
            z = torch.randn(x.shape, generator=rng)
            h = torch.cat([(x - mean + sigma * z) / torch.sqrt(sigma**2 + sd**2), level], 1)
            for w, b in zip(params[:-2:2], params[1:-2:2], strict=True):
                h = torch.nn.functional.silu(torch.addmm(b, h, w))
            loss = ((torch.addmm(params[-1], h, params[-2]) - z) ** 2).mean()
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(params, 1.0, foreach=True)
            warm = min(1.0, (k + 1) / max(1.0, training.WARM_UP * steps))
            adam.param_groups[0]["lr"] = RATE * warm * (0.505 + 0.495 * np.cos(np.pi * k / steps))
            adam.step()
            with torch.no_grad():
                torch._foreach_lerp_(averages, params, 1 / (1 + 0.03 * k))
            losses[k] = loss.item()
        return losses

    return run


def dsm(width: int = 256, batch: int = 512, steps: int = 40) -> Row:
    """(g) Adam steps on the 8 × 8 digits with a plain network for the noise."""
    rows = (data.digits()[0] / 8 - 1).astype(np.float32)
    net = init_noise(rows, rng=np.random.default_rng(0), width=width)

    def ours(seed: int) -> tuple[int, Array]:
        fit = training.train(
            net,
            rows,
            steps=steps,
            rng=Generator(SFC64(seed)),
            sigmas=(LOW, HIGH),
            batch=batch,
            learning_rate=RATE,
        )
        return seed, fit.losses

    def by_hand(seed: int) -> tuple[int, Array]:
        return seed, train_by_hand(net, rows, steps, batch, seed)

    def check(output: tuple[int, Array]) -> str:
        seed, losses = output
        check_gradient(net, rows[:batch])
        return check_losses(losses, train_by_hand(net, rows, steps, batch, seed))

    def pytorch() -> Candidate:
        run = train_in_torch(net, rows, steps, batch)

        def check_fall(losses: Array) -> str:
            want = train_by_hand(net, rows, steps, batch, 0)
            last = slice(-steps // 4, None)
            off = abs(losses[last].mean() / want[last].mean() - 1)
            return require(off < 0.15, f"last losses within {off:.1%} of those by hand")

        return Candidate("PyTorch", run, check_fall)

    own = [Candidate("scorekit", ours, check), Candidate("backpropagation by hand", by_hand, check)]
    candidates, skipped = with_peers(own, pytorch)
    target = [Target("scorekit", "backpropagation by hand", 1.4)]
    title = f"DSM training, 64-{width}-{width}-64, batch {batch}, {steps} Adam steps, float32"
    return Row("g", title, candidates, target, steps, skipped=skipped)


def check_gradient(net: NoiseNet, x: Array) -> None:
    """Backpropagation by hand against autograd, in float64."""
    net, rng = net.astype(float), np.random.default_rng(0)
    x, sigma, z = x.astype(float), rng.uniform(LOW, HIGH, len(x)), rng.standard_normal(x.shape)

    def loss(params: dict[str, Array]) -> Any:
        return anp.mean(replace(net, params=params).residual(x, sigma, z, None) ** 2)

    by_hand = backpropagate(net.params, x, sigma, z, net)[1]
    for (key, want), got in zip(autograd.grad(loss)(net.params).items(), by_hand, strict=True):
        off = float(np.abs(got - want).max() / np.abs(want).max())
        require(off < 1e-8, f"the gradient by {key} is off by {off:.0e}")


def check_losses(got: Array, want: Array) -> str:
    """The same draws must give the same losses, to float32 and the steps it is carried through."""
    off = float(np.abs(got / want - 1).max())
    return require(off < 1e-4, f"gradient and losses agree, to {off:.0e}")
