"""The checks of exercise 11. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import Source, check, close, need_own_generator, numbers, seeded, spd, within

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "scale_space.merging_blur",
    "scale_space.pair_curvature",
    "scale_space.line_modes",
    "scale_space._zero",
    "scale_space.coarse_to_fine",
    "coupling.contraction",
    "coupling.coupled_distances",
    "diffusion.annealed_langevin",
    "langevin.ula",
    "stationary.stationary_points",
    "pyramids.split",
    "pyramids.join",
    "pyramids.smoothed",
    "pyramids.reduced",
)
N = 8_000


# ---- q1: when two hills are log-concave


@check("q1", points=1)
def round_hills(S):
    """For round hills it is the root of |m|² - v."""
    for d in (1, 3):
        m, v = S.rng.normal(0, 1, d), S.rng.uniform(0.2, 0.9)
        m *= S.rng.uniform(1.5, 4) / np.linalg.norm(m)
        got = S.call("least_blur", m, v * np.eye(d))
        close(got, np.sqrt(m @ m - v), f"round hills, d = {d}", rtol=1e-5)


@check("q1", points=1)
def merged_hills(S):
    """Hills that are log-concave already need no blur."""
    cov = spd(S, 3, 0.5, 2)
    m = S.rng.normal(0, 1, 3)
    m *= S.rng.uniform(0.6, 0.9) / np.sqrt(m @ np.linalg.solve(cov, m))
    close(S.call("least_blur", m, cov), 0, "no blur needed", atol=1e-9)


@check("q1", points=2)
def any_hills(S):
    """For any covariance the condition holds with equality."""
    for d in (2, 4):
        cov, m = spd(S, d, 0.3, 2), S.rng.normal(0, 1, d)
        m *= S.rng.uniform(1.5, 4) / np.sqrt(m @ np.linalg.solve(cov, m))
        sigma = float(numbers(S.call("least_blur", m, cov), (), "the blur"))
        q = m @ np.linalg.solve(cov + sigma**2 * np.eye(d), m)
        close(q, 1, f"m·(Σ + σ²I)⁻¹m at your blur, d = {d}", rtol=1e-5)


# ---- q2: how fast coupled walkers meet


@check("q2", points=1)
def small_steps(S):
    """Up to 2/(κ+L) it is 1 - ηκ."""
    kappa = S.rng.uniform(0.2, 1)
    big = kappa * S.rng.uniform(5, 30)
    for low, high in ((0.2, 0.45), (0.8, 0.95)):  # below 1/L, and between 1/L and 2/(κ+L)
        step = S.rng.uniform(low, high) * 2 / (kappa + big)
        close(S.call("guaranteed", kappa, big, step), 1 - step * kappa, "a small step")


@check("q2", points=1)
def large_steps(S):
    """Above it the steepest direction decides."""
    kappa = S.rng.uniform(0.2, 1)
    big = kappa * S.rng.uniform(5, 30)
    low, high = 2 / (kappa + big), 2 / big
    step = low + S.rng.uniform(0.2, 0.8) * (high - low)
    close(S.call("guaranteed", kappa, big, step), step * big - 1, "a large step")
    step = high * S.rng.uniform(1.2, 2)
    close(S.call("guaranteed", kappa, big, step), step * big - 1, "a step beyond 2/L")


@check("q2", points=1)
def best_step(S):
    """At the best step it is (L - κ)/(L + κ)."""
    kappa = S.rng.uniform(0.2, 1)
    big = kappa * S.rng.uniform(5, 30)
    want = (big - kappa) / (big + kappa)
    close(S.call("guaranteed", kappa, big, 2 / (kappa + big)), want, "the best step")


# ---- q3: the walk from coarse to fine

SCORE = Source("lambda x, sigma: pull * sigma + 0 * x", pull=0.0)


def walk(S, x, sigmas, seed, score=SCORE, variance=0.4, c=0.3, steps=3):
    return S.call("walk_down", score, x, sigmas, variance, c, steps, seeded(seed))


@check("q3", points=1)
def own_generator(S):
    """The same generator gives the same points, another one gives other points."""
    x = S.rng.normal(0, 1, (30, 2))
    need_own_generator(lambda rng: walk(S, x, np.array([2.0, 0.5]), rng.names["seed"]), (30, 2))


@check("q3", points=1)
def arrows(S):
    """Each level uses its own score, with the step c (v + σ²), for all of its steps."""
    x, seed = S.rng.normal(0, 1, (30, 2)), S.rng.integers(2**31)
    sigmas, v = np.sort(S.rng.uniform(0.2, 3, 4))[::-1], S.rng.uniform(0.1, 1)
    c, pull = S.rng.uniform(0.1, 0.5), S.rng.uniform(0.5, 2)
    got = [
        numbers(walk(S, x, sigmas, seed, Source(SCORE.code, pull=p), v, c), x.shape, "the points")
        for p in (pull, 0.0)
    ]
    want = 3 * c * ((v + sigmas**2) * pull * sigmas).sum()
    close(got[0] - got[1], np.full(x.shape, want), "with the score, less without it")


@check("q3", points=1)
def kicks(S):
    """The kicks have the variance 2η at every level."""
    sigmas, v = np.sort(S.rng.uniform(0.2, 3, 4))[::-1], S.rng.uniform(0.1, 1)
    got = walk(S, np.zeros((N, 1)), sigmas, S.rng.integers(2**31), variance=v)
    x = numbers(got, (N, 1), "the points")
    want = 2 * 3 * 0.3 * (v + sigmas**2).sum()
    within(np.mean(x**2), want, want * np.sqrt(2 / N), "variance after all kicks")


@check("q3", points=1)
def warm_starts(S):
    """Levels follow one another from the coarse to the fine, each from where the last ended."""
    x, seed, pull = S.rng.uniform(2, 5, (20, 2)), S.rng.integers(2**31), S.rng.uniform(0.5, 2)
    # A constant wind at the coarse level, a normal hill at the fine one.
    score = "lambda x, sigma: pull + 0 * x if sigma > 1 else -x / (v + sigma**2)"
    start, wind, still = (
        numbers(
            walk(S, y, np.array([3.0, 0.3]), seed, Source(score, pull=p, v=0.4)), y.shape, "points"
        )
        for y, p in ((x, pull), (0 * x, pull), (0 * x, 0.0))
    )
    close(start - wind, 0.7**3 * x, "how much is left of the start")
    want = np.full(x.shape, 0.7**3 * 3 * 0.3 * (0.4 + 9) * pull)
    close(wind - still, want, "how much is left of the coarse level's wind")


# ---- q4: counting modes


def line(S, k, v):
    """k hills on a line, far enough apart to have k modes."""
    means = np.cumsum(S.rng.uniform(1, 1.6, k) * 4 * np.sqrt(v)) - 4 * k * np.sqrt(v) / 2
    weights = S.rng.uniform(0.7, 1, k)
    return Source(
        "lambda x: ((g := w[:, None] * np.exp(-(x - m[:, None])**2 / (2 * v))) "
        "* (m[:, None] - x)).sum(0) / v / np.maximum(g.sum(0), 1e-300)",
        w=weights / weights.sum(),
        m=means,
        v=v,
    ), means


@check("q4", points=1)
def separate_hills(S):
    """Hills far apart are all counted."""
    for k in (1, 2, 5):
        v = S.rng.uniform(0.2, 0.6)
        score, means = line(S, k, v)
        got = S.call("count_modes", score, means[0] - 3, means[-1] + 3)
        close(got, k, f"{k} hills")


@check("q4", points=1)
def no_pits(S):
    """Pits are not modes."""
    got = S.call("count_modes", Source("lambda x: x * (x - a)", a=1.37), -0.91, 3.03)
    close(got, 1, "a peak at 0 and a pit at 1.37")
    got = S.call("count_modes", Source("lambda x: x - a", a=0.37), -1.91, 3.03)
    close(got, 0, "a pit alone")


@check("q4", points=1)
def nearly_merged(S):
    """Just before two hills merge there are two modes, just after there is one."""
    wide = S.rng.uniform(0.5, 1.5)
    for part, want, v in ((1.04, 2, wide), (0.96, 1, wide), (1.04, 2, 0.04)):
        m, shift = part * np.sqrt(v), S.rng.uniform(-0.1, 0.1)
        pair = Source("lambda x: (m * np.tanh(m * (x - c) / v) - (x - c)) / v", m=m, v=v, c=shift)
        close(S.call("count_modes", pair, -4, 4.1), want, f"hills at ±{part} sd, v = {v:.2f}")


# ---- q5: opening up a coarse picture


@check("q5", points=1)
def generator(S):
    """The same generator gives the same pictures, another one gives other pictures."""
    coarse = S.rng.normal(0, 1, (3, 2, 2))
    need_own_generator(lambda rng: S.call("open_up", coarse, 0.7, rng), (3, 4, 4))


@check("q5", points=1)
def coarse_part(S):
    """Twice the mean of each block is the coarse picture, to rounding."""
    coarse, sigma = S.rng.normal(0, 1, (20, 3, 2)), S.rng.uniform(0.3, 2)
    got = S.call("open_up", coarse, sigma, seeded(S.rng.integers(2**31)))
    x = numbers(got, (20, 6, 4), "the pictures")
    close(2 * x.reshape(20, 3, 2, 2, 2).mean((2, 4)), coarse, "twice the means of the blocks")


@check("q5", points=1)
def detail(S):
    """What is left of a block has the covariance σ² (I - 1/4)."""
    sigma, coarse = S.rng.uniform(0.3, 2), np.repeat(S.rng.normal(0, 1, (1, 1, 2)), N, axis=0)
    got = S.call("open_up", coarse, sigma, seeded(S.rng.integers(2**31)))
    x = numbers(got, (N, 2, 4), "the pictures")
    blocks = x.reshape(N, 2, 2, 2).transpose(0, 2, 1, 3).reshape(N, 8)
    rest = blocks - np.repeat(blocks.reshape(N, 2, 4).mean(2), 4, axis=1)
    one = sigma**2 * (np.eye(4) - 0.25)
    want = np.kron(np.eye(2), one)
    for i, j in ((0, 0), (3, 3), (0, 1), (1, 2), (5, 6), (0, 4), (2, 7)):
        se = np.sqrt((want[i, i] * want[j, j] + want[i, j] ** 2) / N)
        within(np.mean(rest[:, i] * rest[:, j]), want[i, j], se, f"covariance {i}, {j} in a block")
