"""The same samplers in JAX, BlackJAX, PyTorch and deepinv.

``harness.with_peers`` leaves out what is missing or broken. Float32 and one thread throughout. A
JAX function is compiled in its first call, which is not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray
Run = Callable[[int], Any]


def _scanned(start: Array, steps: int, body: Callable[[Any, Any], Any], init: Any = None) -> Run:
    """A jitted ``lax.scan`` of ``body(state, key)`` over ``steps`` keys."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    def go(key: Any, x: Any) -> Any:
        state = x if init is None else init(x)
        return jax.lax.scan(body, state, jax.random.split(key, steps))

    x = jnp.asarray(start, jnp.float32)
    return lambda seed: jax.block_until_ready(go(jax.random.key(seed), x))


def jax_ula(score: Callable[[Any], Any], start: Array, step: float, steps: int) -> Run:
    """The loop by hand, given a score of a batch."""
    import jax
    import jax.numpy as jnp

    eta, root = jnp.float32(step), jnp.float32(np.sqrt(2 * step))

    def body(x: Any, key: Any) -> Any:
        return x + eta * score(x) + root * jax.random.normal(key, x.shape, x.dtype), None

    run = _scanned(start, steps, body)
    return lambda seed: np.asarray(run(seed)[0])


def jax_mixture_score(constants: tuple[Array, Array, Array, Array]) -> Callable[[Any], Any]:
    import jax
    import jax.numpy as jnp

    a, b, c, back = (jnp.asarray(t) for t in constants)

    def score(x: Any) -> Any:
        gamma = jax.nn.softmax(x @ a + (x * x).sum(1, keepdims=True) * b + c, axis=1)
        sums = gamma @ back
        return sums[:, :-1] - sums[:, -1:] * x

    return score


def blackjax_ula(
    log_prob: Callable[[Any], Any], start: Array, step: float, steps: int, *, by_chain: bool
) -> Run:
    """Its ``sgld`` with the full gradient: the batch as one position, or a vmap over chains."""
    import blackjax
    import jax
    import jax.numpy as jnp

    gradient = jax.grad(log_prob)
    many = gradient if by_chain else jax.vmap(gradient)
    kernel = blackjax.sgld(lambda position, _: many(position))
    eta = jnp.float32(step)

    def body(x: Any, key: Any) -> Any:
        if not by_chain:
            return kernel.step(key, x, None, eta), None
        keys = jax.random.split(key, len(x))
        return jax.vmap(lambda k, one: kernel.step(k, one, None, eta))(keys, x), None

    run = _scanned(start, steps, body)
    return lambda seed: np.asarray(run(seed)[0])


def blackjax_mala(log_prob: Callable[[Any], Any], start: Array, step: float, steps: int) -> Run:
    """Its ``mala``, a vmap over chains; returns all states and the acceptance rate."""
    import blackjax
    import jax
    import jax.numpy as jnp

    kernel = blackjax.mala(log_prob, jnp.float32(step))

    def body(state: Any, key: Any) -> Any:
        keys = jax.random.split(key, len(state.position))
        state, info = jax.vmap(kernel.step)(keys, state)
        return state, (state.position, info.is_accepted.mean())

    run = _scanned(start, steps, body, jax.vmap(kernel.init))

    def go(seed: int) -> tuple[Array, float]:
        kept, accepted = run(seed)[1]
        return np.asarray(kept), float(accepted.mean())

    return go


def jax_mala(log_prob: Callable[[Any], Any], start: Array, step: float, steps: int) -> Run:
    """The loop by hand, with ``vmap(value_and_grad)``."""
    import jax
    import jax.numpy as jnp

    both = jax.vmap(jax.value_and_grad(log_prob))
    eta, root = jnp.float32(step), jnp.float32(np.sqrt(2 * step))

    def body(state: Any, key: Any) -> Any:
        x, lp, s = state
        first, second = jax.random.split(key)
        z = jax.random.normal(first, x.shape, x.dtype)
        y = x + eta * s + root * z
        lp_y, s_y = both(y)
        w = jnp.sqrt(eta / 2) * (s + s_y)
        log_ratio = lp_y - lp - (w * (2 * z + w)).sum(1) / 2
        accept = jnp.log(jax.random.uniform(second, lp.shape)) < log_ratio
        x, s = (jnp.where(accept[:, None], new, old) for new, old in ((y, x), (s_y, s)))
        return (x, jnp.where(accept, lp_y, lp), s), (x, accept.mean())

    run = _scanned(start, steps, body, lambda x: (x, *both(x)))

    def go(seed: int) -> tuple[Array, float]:
        kept, accepted = run(seed)[1]
        return np.asarray(kept), float(accepted.mean())

    return go


def torch_ula(score: Callable[[Any], Any], start: Array, step: float, steps: int) -> Run:
    """Eager PyTorch on one thread, adding in place."""
    import torch

    torch.set_num_threads(1)
    x0, root = torch.tensor(start, dtype=torch.float32), float(np.sqrt(2 * step))

    def go(seed: int) -> Array:
        rng = torch.Generator().manual_seed(seed)
        x, z = x0.clone(), torch.empty_like(x0)
        with torch.no_grad():
            for _ in range(steps):
                x.add_(score(x), alpha=step)
                x.add_(z.normal_(generator=rng), alpha=root)
        return np.asarray(x.numpy())

    return go


def torch_mixture_score(constants: tuple[Array, Array, Array, Array]) -> Callable[[Any], Any]:
    import torch

    a, b, c, back = (torch.tensor(t) for t in constants)

    def score(x: Any) -> Any:
        logits = torch.addmm(c, x, a).addcmul_((x * x).sum(1, keepdim=True), b)
        sums = torch.softmax(logits, 1) @ back
        return sums[:, :-1] - sums[:, -1:] * x

    return score


def deepinv_ula(score: Callable[[Any], Any], start: Array, step: float, steps: int) -> Run:
    """Its ``ULAIterator``, given the score as the prior and no data to be faithful to."""
    import torch
    from deepinv.optim import DataFidelity, ScorePrior
    from deepinv.sampling import ULAIterator

    torch.set_num_threads(1)
    x0 = torch.tensor(start, dtype=torch.float32)

    class Prior(ScorePrior):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            torch.nn.Module.__init__(self)

        def grad(self, x: Any, *_: Any, **__: Any) -> Any:
            return -score(x)

    class Nothing(DataFidelity):  # type: ignore[misc, unused-ignore]
        def grad(self, x: Any, *_: Any, **__: Any) -> Any:
            return torch.zeros_like(x)

    iterate = ULAIterator({"step_size": step, "alpha": 1.0, "sigma": 1.0})
    prior, nothing = Prior(), Nothing()

    def go(seed: int) -> Array:
        torch.manual_seed(seed)
        state = {"x": x0}
        with torch.no_grad():
            for k in range(steps):
                state = iterate(state, None, None, nothing, prior, k)
        return np.asarray(state["x"].numpy())

    return go


def jax_ising(start: Array, board: Array, k: float, sweeps: int) -> Run:
    """A checkerboard sweep with rolls, int8, one colour after the other."""
    import jax
    import jax.numpy as jnp

    colours = [jnp.asarray(board == c) for c in (0, 1)]

    @jax.jit
    def go(key: Any, s: Any) -> Any:
        def sweep(s: Any, key: Any) -> tuple[Any, None]:
            for one, colour in zip(jax.random.split(key), colours, strict=True):
                around = sum(jnp.roll(s, by, axis) for by in (-1, 1) for axis in (1, 2))
                u = jax.random.uniform(one, s.shape, jnp.float32)
                accept = u < jnp.exp(-2 * k * (s * around).astype(jnp.float32))
                s = jnp.where(accept & colour, -s, s)
            return s, None

        return jax.lax.scan(sweep, s, jax.random.split(key, sweeps))[0]

    s = jnp.asarray(start, jnp.int8)
    return lambda seed: np.asarray(go(jax.random.key(seed), s))


def numba_ising(start: Array, k: float, sweeps: int) -> Run:
    """Site after site, row by row, chain by chain; a uniform only where the energy rises."""
    import numba

    chance = np.exp(-2 * k * np.arange(-4, 5))

    @numba.njit  # type: ignore[untyped-decorator, unused-ignore]
    def go(s: Any, rng: Any) -> None:
        n, size, _ = s.shape
        for c in range(n):
            for _ in range(sweeps):
                for i in range(size):
                    above, below = i - 1, (i + 1 if i < size - 1 else 0)
                    for j in range(size):
                        right = j + 1 if j < size - 1 else 0
                        e = s[c, above, j] + s[c, below, j] + s[c, i, j - 1] + s[c, i, right]
                        e *= s[c, i, j]
                        if e <= 0 or rng.random() < chance[e + 4]:
                            s[c, i, j] = -s[c, i, j]

    def run(seed: int) -> Array:
        s = start.copy()
        go(s, np.random.Generator(np.random.SFC64(seed)))
        return s

    return run
