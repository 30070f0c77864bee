r"""From noise to data through a ladder of noise levels.

All samplers take a noise-conditional score ``(x, sigma)``, a start, and noise levels that fall:
the start should be a draw of :math:`p_{\sigma_1}`; a wide normal does if σ₁ is large against the
data. They end at the lowest level: their target is :math:`p_{\sigma_n}`, not p.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _inputs
from .chains import Array, Noise, Trace, score_at, watch, work_copy
from .denoising import NoisyScore, at


def geometric_sigmas(high: float, low: float, n: int) -> NDArray[np.float64]:
    """Noise levels that fall by a constant factor (Song & Ermon 2019, §4)."""
    return np.geomspace(*_ladder(high, low, n))


def karras_sigmas(high: float, low: float, n: int, rho: float = 7.0) -> NDArray[np.float64]:
    """Noise levels even in σ^{1/ρ}: more of them at the low end (Karras et al. 2022, eq. 5)."""
    high, low, n = _ladder(high, low, n)
    rho = _inputs.positive(rho, "rho")
    levels = np.linspace(high ** (1 / rho), low ** (1 / rho), n) ** rho
    levels[[0, -1]] = high, low
    return np.asarray(levels)


def annealed_langevin(
    score: NoisyScore,
    x: ArrayLike,
    sigmas: ArrayLike,
    *,
    step: float,
    steps: int,
    rng: np.random.Generator,
) -> Trace:
    r"""Langevin at each noise level in turn (Song & Ermon 2019, Algorithm 1).

    At level σ the step is :math:`\eta=` ``step`` :math:`\cdot\,\sigma^2`: the score there is about
    1/σ in size and -1/σ² in slope, so ``step`` below 2 is stable at every level.

    Parameters
    ----------
    score : callable, (x, sigma) to the shape of x
    x : array, shape (n, *shape)
    sigmas : array, shape (L,)
        Positive and strictly falling.
    step : float
        η in units of σ².
    steps : int
        Langevin steps at each level.
    rng : numpy.random.Generator

    Returns
    -------
    Trace

    Raises
    ------
    ValueError, TypeError, Diverged
        As :func:`scorekit.langevin.ula`, and if the noise levels do not fall.
    """
    step = _inputs.positive(step, "step")
    return anneal(score, x, sigmas, lambda sigma: step * sigma**2, steps, rng)


def anneal(
    score: NoisyScore,
    x: ArrayLike,
    sigmas: ArrayLike,
    eta: Callable[[float], float],
    steps: int,
    rng: np.random.Generator,
) -> Trace:
    """As :func:`annealed_langevin`, but the step at level σ is ``eta(sigma)``, in units of x²."""
    start, sigmas = _start(x, sigmas)
    steps = _inputs.count(steps, "steps")
    x = work_copy(start)
    noise = Noise(x, rng)
    for level, sigma in enumerate(sigmas):
        for k in range(1, steps + 1):
            _correct(score, x, sigma, eta(sigma), noise)
            watch(x, level * steps + k, eta(sigma))
    return Trace(np.ascontiguousarray(x), x[None][:0], np.ones(len(x)), len(sigmas) * steps)


def predictor_corrector(
    score: NoisyScore,
    x: ArrayLike,
    sigmas: ArrayLike,
    *,
    rng: np.random.Generator,
    corrector_steps: int = 1,
    step: float = 0.1,
) -> Trace:
    r"""Predict the next level, then correct at that level (Song et al. 2021, Algorithm 2).

    The predictor is ancestral sampling of the variance-exploding process (their eq. 47),

    .. math:: x \leftarrow x + (\sigma_i^2-\sigma_{i+1}^2)\,s(x,\sigma_i)
              + \sqrt{\sigma_{i+1}^2(\sigma_i^2-\sigma_{i+1}^2)/\sigma_i^2}\;z ,

    the corrector is Langevin at :math:`\sigma_{i+1}` with η = ``step`` · σ². With
    ``corrector_steps=0`` this is the predictor alone.

    Parameters
    ----------
    score, x, sigmas, rng
        As for :func:`annealed_langevin`.
    corrector_steps : int
        Langevin steps after each prediction; 0 for none.
    step : float
        The corrector's η in units of σ².

    Returns
    -------
    Trace
        ``evaluations`` is (L - 1) (1 + corrector_steps).
    """
    start, sigmas = _start(x, sigmas)
    step = _inputs.positive(step, "step")
    corrector_steps = _inputs.count(corrector_steps, "corrector_steps", 0)
    x = work_copy(start)
    noise = Noise(x, rng)
    for level, (high, low) in enumerate(pairwise(sigmas)):
        drop = high**2 - low**2
        x += x.dtype.type(drop) * score_at(at(score, high), x)
        x += x.dtype.type(low * np.sqrt(drop) / high) * noise.draw()
        for _ in range(corrector_steps):
            _correct(score, x, low, step * low**2, noise)
        watch(x, level + 1, step * low**2)
    evaluations = (len(sigmas) - 1) * (1 + corrector_steps)
    return Trace(np.ascontiguousarray(x), x[None][:0], np.ones(len(x)), evaluations)


def probability_flow(score: NoisyScore, x: ArrayLike, sigmas: ArrayLike) -> Trace:
    r"""Follow :math:`dx/d\sigma=-\sigma\,s(x,\sigma)` down by Heun's rule; no noise is added.

    It has the marginals :math:`p_\sigma` of the diffusion (Song et al. 2021, eq. 13; Karras et
    al. 2022, Algorithm 1). The error falls as the square of the spacing of the levels.

    Parameters
    ----------
    score, x, sigmas
        As for :func:`annealed_langevin`.

    Returns
    -------
    Trace
        ``evaluations`` is 2 (L - 1).
    """
    start, sigmas = _start(x, sigmas)
    x = work_copy(start)
    for level, (high, low) in enumerate(pairwise(sigmas)):
        width = low - high
        slope = -high * score_at(at(score, high), x)
        ahead = x + x.dtype.type(width) * slope
        x += x.dtype.type(width / 2) * (slope - low * score(ahead, low))
        watch(x, level + 1, abs(width))
    return Trace(np.ascontiguousarray(x), x[None][:0], np.ones(len(x)), 2 * (len(sigmas) - 1))


def flow_log_prob(
    score: NoisyScore,
    x: ArrayLike,
    low: float,
    high: float,
    terminal: Callable[[Array], Array],
    *,
    rtol: float = 1e-7,
) -> NDArray[np.float64]:
    r"""log p_{σ_low} at each point, by the probability-flow equation (Song et al. 2021, eq. 39).

    .. math:: \log p_{low}(x) = \log p_{high}(x_{high})
              - \int_{low}^{high}\sigma\,\nabla\cdot s(x_\sigma,\sigma)\,d\sigma

    The divergence is by central differences, 2 d evaluations each. This is the density of the
    *blurred* data, and only as right as ``terminal``, the log density at level ``high``.

    Parameters
    ----------
    score : callable, (x, sigma) to the shape of x
    x : array, shape (n, d)
    low, high : float
        0 < low < high.
    terminal : callable, (n, d) to (n,)
        log p_{σ_high}: exact, or a normal density with the moments of the noisy data.
    rtol : float
        Relative tolerance of the solver.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    ValueError, RuntimeError
        If the levels are out of order, a number is not finite, or the solver gives up.
    """
    from scipy.integrate import solve_ivp

    from .vector_fields import jacobian

    x = np.asarray(_inputs.points(x), float)
    high, low, _ = _ladder(high, low, 2)
    n, d = x.shape

    def slope(log_sigma: float, state: NDArray[np.float64]) -> NDArray[np.float64]:
        sigma, y = float(np.exp(log_sigma)), state[: n * d].reshape(n, d)
        trace = np.trace(jacobian(at(score, sigma), y, step=1e-4 * sigma), axis1=1, axis2=2)
        return -(sigma**2) * np.concatenate([np.ravel(score(y, sigma)), trace])

    solution = solve_ivp(
        slope,
        (np.log(low), np.log(high)),
        np.concatenate([x.ravel(), np.zeros(n)]),
        rtol=_inputs.positive(rtol, "rtol"),
        atol=rtol,
    )
    if not solution.success:
        raise RuntimeError(f"the probability flow stopped: {solution.message}")
    end = solution.y[:, -1]
    return np.asarray(terminal(end[: n * d].reshape(n, d)) + end[n * d :])


def _correct(score: NoisyScore, x: Array, sigma: float, eta: float, noise: Noise) -> None:
    """One Langevin step at noise level σ, in place."""
    x += x.dtype.type(eta) * score_at(at(score, sigma), x)
    x += x.dtype.type(np.sqrt(2 * eta)) * noise.draw()


def _ladder(high: float, low: float, n: int) -> tuple[float, float, int]:
    high, low = _inputs.positive(high, "high"), _inputs.positive(low, "low")
    if not low < high:
        raise ValueError(f"low must be below high={high:g}, got {low:g}")
    return high, low, _inputs.count(n, "n", 2)


def _start(x: ArrayLike, sigmas: ArrayLike) -> tuple[Array, list[float]]:
    levels = _inputs.parameter(sigmas, "sigmas", 1)
    if (levels <= 0).any() or (np.diff(levels) >= 0).any():
        raise ValueError(f"sigmas must be positive and strictly falling, got {levels}")
    return _inputs.batch(x), [float(level) for level in levels]
