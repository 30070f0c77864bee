"""The checks of exercise 3. Reading them is allowed: a right answer is right on any input."""

from itertools import pairwise

import numpy as np

from gradekit import Source, check, close, generator, need, numbers, within

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "langevin.ula",
    "langevin.mala",
    "diffusion.annealed_langevin",
    "diffusion.predictor_corrector",
    "diffusion._correct",
    "escape.first_passage",
)
N = 12_000


def judge_cloud(got, mean, variance, what):
    """The points' mean and variance in each coordinate, and no tie between the coordinates."""
    x = numbers(got, (N, 2), what)
    for i in range(2):
        v = variance[i]
        within(x[:, i].mean(), mean[i], np.sqrt(v / N), f"{what}, mean of coordinate {i}")
        square = np.mean((x[:, i] - mean[i]) ** 2)
        within(square, v, v * np.sqrt(2 / N), f"{what}, variance of coordinate {i}")
    tie = np.mean((x[:, 0] - mean[0]) * (x[:, 1] - mean[1])) / np.sqrt(variance[0] * variance[1])
    within(tie, 0, 1 / np.sqrt(N), f"{what}, correlation of the coordinates")


def need_own_generator(run):
    """``run(rng)`` must repeat itself with the same rng, and only then."""
    a, b = (Source("np.random.default_rng(seed)", seed=seed) for seed in (1, 2))
    first, again, other = (numbers(run(rng), (50, 2), "the end points") for rng in (a, a, b))
    need(np.array_equal(first, again), "the same rng gave other points; draw from rng only")
    need((first != other).any(1).all(), "another rng gave the same points; is rng used at all?")


# ---- q1: Langevin's step


@check("q1", points=1)
def own_generator(S):
    """The same generator gives the same points, another one gives other points."""
    x = S.rng.normal(0, 1, (50, 2))
    need_own_generator(lambda rng: S.call("ula", Source("lambda x: -x"), x, 0.1, 4, rng))


@check("q1", points=1)
def one_step(S):
    """One step moves by η s and kicks with variance 2η, and leaves the x passed as it is."""
    at, pull, step = S.rng.normal(0, 2, 2), S.rng.uniform(0.5, 2, 2), S.rng.uniform(0.1, 0.3)
    score = Source("lambda x: -pull * np.tanh(x)", pull=pull)
    start = Source("np.broadcast_to(at, (n, 2))", at=at, n=N)  # an array that cannot be changed
    got = S.call("ula", score, start, step, 1, generator(S))
    middle = at - step * pull * np.tanh(at)
    judge_cloud(got, middle, np.full(2, 2 * step), "after one step")
    fourth = np.mean((got - middle) ** 4) / (2 * step) ** 2  # 3 for a normal kick, 1.8 if uniform
    within(fourth, 3, np.sqrt(96 / (2 * N)), "after one step, fourth power of the kick")


@check("q1", points=2)
def many_steps(S):
    """On a Gaussian, mean and variance after many steps are what theory says."""
    at, k, step = S.rng.normal(0, 3, 2), S.rng.uniform(0.5, 1.5, 2), S.rng.uniform(0.2, 0.4)
    steps = int(S.rng.integers(6, 12))
    mean, variance = at, np.zeros(2)
    for _ in range(steps):
        mean, variance = (1 - step * k) * mean, (1 - step * k) ** 2 * variance + 2 * step
    score = Source("lambda x: -k * x", k=k)
    got = S.call("ula", score, np.tile(at, (N, 1)), step, steps, generator(S))
    judge_cloud(got, mean, variance, f"after {steps} steps")


# ---- q2: the stationary covariance


def settled(cov, step):
    """The fixed point of S = (I - ηΣ⁻¹) S (I - ηΣ⁻¹) + 2η I, by going there."""
    keep, now = np.eye(len(cov)) - step * np.linalg.inv(cov), np.array(cov)
    for _ in range(3000):
        now = keep @ now @ keep + 2 * step * np.eye(len(cov))
    return now


@check("q2", points=1)
def on_a_line(S):
    """In one dimension it is v / (1 - η/2v)."""
    for _ in range(3):
        v = S.rng.uniform(0.3, 3)
        step = v * S.rng.uniform(0.3, 1.6)
        got = S.call("ula_covariance", np.array([[v]]), step)
        close(got, settled([[v]], step), f"Σ = {v:.3f}, η = {step:.3f}")


@check("q2", points=2)
def in_space(S):
    """For a full covariance matrix it is the fixed point of the step."""
    for d in (2, 3):
        root = S.rng.normal(0, 1, (d, d))
        cov = root @ root.T + 0.3 * np.eye(d)
        step = np.linalg.eigvalsh(cov)[0] * S.rng.uniform(0.6, 1.5)
        close(S.call("ula_covariance", cov, step), settled(cov, step), f"a matrix, d = {d}")


# ---- q3: the judge at the door


def right_ratio(log_p, score, x, y, step):
    def log_q(to, source):
        return -((to - source - step * score(source)) ** 2).sum(1) / (4 * step)

    return log_p(y) - log_p(x) + log_q(x, y) - log_q(y, x)


def pairs(S, n, d, step):
    x = S.rng.normal(0, 1, (n, d))
    return x, x + np.sqrt(2 * step) * S.rng.normal(0, 1, (n, d))


@check("q3", points=1)
def no_drift(S):
    """Where the score is zero, only the densities count."""
    slope = S.rng.normal(0, 1, 3)
    x, y = pairs(S, 40, 3, 0.5)
    log_p, score = Source("lambda x: -x @ slope", slope=slope), Source("lambda x: 0 * x")
    got = S.call("log_accept", log_p, score, x, y, 0.5)
    close(got, x @ slope - y @ slope, "with a score of zero")


@check("q3", points=2)
def quartic(S):
    """On a landscape of fourth order it is the ratio of densities and proposals."""
    a, b, step = S.rng.uniform(0.5, 2), S.rng.uniform(1, 5), S.rng.uniform(0.05, 0.2)
    x, y = (0.5 * end for end in pairs(S, 100, 3, step))
    want = right_ratio(lambda x: b - a * (x**4).sum(1), lambda x: -4 * a * x**3, x, y, step)
    log_p = Source("lambda x: b - a * (x**4).sum(1)", a=a, b=b)
    got = S.call("log_accept", log_p, Source("lambda x: -4 * a * x**3", a=a), x, y, step)
    close(got, want, "on a quartic landscape")


@check("q3", points=1)
def hopeless(S):
    """For hopeless proposals the logarithm is still finite and right."""
    x, y = S.rng.normal(0, 1, (5, 40)), S.rng.normal(0, 12, (5, 40))
    want = right_ratio(lambda x: -(x**2).sum(1) / 2, lambda x: -x, x, y, 0.3)
    log_p, score = Source("lambda x: -(x**2).sum(1) / 2"), Source("lambda x: -x")
    close(S.call("log_accept", log_p, score, x, y, 0.3), want, "for far proposals")


# ---- q4: down the ladder

BELL = "lambda x, sigma: -x / (v + sigma**2)"


def langevin_variance(u, v, sigma, step, kick=1.0):
    """What one Langevin step at noise level σ does to a variance, on a Gaussian."""
    eta = step * sigma**2
    return (1 - eta / (v + sigma**2)) ** 2 * u + 2 * eta * kick


@check("q4", points=1)
def draws_from_rng(S):
    """The same generator gives the same points, another one gives other points."""
    x, score = S.rng.normal(0, 3, (50, 2)), Source(BELL, v=1.0)
    sigmas = np.array([3.0, 1.0])
    need_own_generator(lambda rng: S.call("anneal", score, x, sigmas, 0.2, 2, rng))


@check("q4", points=1)
def one_level(S):
    """At one level it is Langevin with η = step · σ²."""
    v, step, sigma = S.rng.uniform(0.5, 2, 2), S.rng.uniform(0.2, 0.5), S.rng.uniform(1.5, 3)
    steps, u = int(S.rng.integers(2, 5)), np.zeros(2)
    for _ in range(steps):
        u = langevin_variance(u, v, sigma, step)
    score, x = Source(BELL, v=v), np.zeros((N, 2))
    got = S.call("anneal", score, x, np.array([sigma]), step, steps, generator(S))
    judge_cloud(got, np.zeros(2), u, f"after {steps} steps at σ = {sigma:.2f}")


@check("q4", points=2)
def ladder(S):
    """Along a ladder, in the order given, each level starts where the one before it ended."""
    v, step = S.rng.uniform(0.1, 0.3, 2), S.rng.uniform(0.2, 0.4)
    sigmas = np.geomspace(S.rng.uniform(4, 6), 0.3, 6)[[0, 1, 3, 2, 5, 4]]  # not quite downwards
    x = sigmas[0] * S.rng.standard_normal((N, 2))
    u = np.full(2, sigmas[0] ** 2)
    for sigma in sigmas:
        for _ in range(3):
            u = langevin_variance(u, v, sigma, step)
    got = S.call("anneal", Source(BELL, v=v), x, sigmas, step, 3, generator(S))
    judge_cloud(got, np.zeros(2), u, "at the end of a ladder whose levels are not sorted")


# ---- q5: what is wrong with this run


def predicted(u, v, high, low):
    drop = high**2 - low**2
    return (1 - drop / (v + high**2)) ** 2 * u + low**2 * drop / high**2


@check("q5", points=1)
def predicts(S):
    """With a corrector step of zero it is the predictor alone."""
    v, sigmas = S.rng.uniform(0.5, 2, 2), np.geomspace(S.rng.uniform(4, 6), 0.2, 5)
    u = np.full(2, sigmas[0] ** 2)
    x = sigmas[0] * S.rng.standard_normal((N, 2))
    for high, low in pairwise(sigmas):
        u = predicted(u, v, high, low)
    got = S.call("descend", Source(BELL, v=v), x, sigmas, 0.0, generator(S))
    judge_cloud(got, np.zeros(2), u, "without correcting")


@check("q5", points=1)
def corrects(S):
    """One level down: predict, then correct at the level just reached."""
    v, high, step = S.rng.uniform(0.5, 1, 2), S.rng.uniform(4, 6), S.rng.uniform(0.5, 0.8)
    low, u = high / 4, np.full(2, high**2)
    x = high * S.rng.standard_normal((N, 2))
    u = langevin_variance(predicted(u, v, high, low), v, low, step)
    got = S.call("descend", Source(BELL, v=v), x, np.array([high, low]), step, generator(S))
    judge_cloud(got, np.zeros(2), u, "one level down")


@check("q5", points=1)
def whole_way(S):
    """All the way down the cloud has the right spread."""
    v, step = S.rng.uniform(0.5, 2, 2), S.rng.uniform(0.2, 0.4)
    sigmas = np.geomspace(S.rng.uniform(6, 9), 0.05, 40)
    u, x = np.full(2, sigmas[0] ** 2), sigmas[0] * S.rng.standard_normal((N, 2))
    for high, low in pairwise(sigmas):
        u = langevin_variance(predicted(u, v, high, low), v, low, step)
    got = S.call("descend", Source(BELL, v=v), x, sigmas, step, generator(S))
    judge_cloud(got, np.zeros(2), u, "at the foot of the ladder")
