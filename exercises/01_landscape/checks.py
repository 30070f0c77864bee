"""The checks of exercise 1. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import Source, check, close, need, numbers, within

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "densities.GaussianMixture",
    "densities.Gaussian.score",
    "densities.Gaussian.log_prob_and_score",
    "densities.Ring",
    "stationary.flow",
)


# ---- q1: the score of a mixture


def random_mixture(rng, k):
    weights = rng.dirichlet(np.full(k, 3.0))
    return weights, rng.normal(0, 1.5, (k, 2)), rng.uniform(0.5, 1.3, k)


def log_p(x, weights, means, sds):
    square = ((x[:, None] - means) ** 2).sum(-1)
    logs = np.log(weights) - 2 * np.log(sds) - square / (2 * sds**2)
    return np.logaddexp.reduce(logs, axis=1)


@check("q1", points=1)
def one_gaussian(S):
    """With one component the score is that of a Gaussian."""
    _, mean, sd = random_mixture(S.rng, 1)
    x = S.rng.normal(0, 2, (7, 2))
    got = S.call("mixture_score", x, np.ones(1), mean, sd)
    close(got, -(x - mean) / sd**2, "with one component")


@check("q1", points=2)
def mixture(S):
    """The score is the gradient of log p, by central differences."""
    mix = random_mixture(S.rng, 4)
    x = S.rng.normal(0, 1.5, (200, 2))
    h = 1e-5
    rise = [(log_p(x + h * e, *mix) - log_p(x - h * e, *mix)) / (2 * h) for e in np.eye(2)]
    got = S.call("mixture_score", x, *mix)
    close(got, np.stack(rise, axis=1), "against differences of log p", rtol=1e-6, atol=1e-6)


@check("q1", points=1)
def far_tails(S):
    """Far from every centre the score is still right, and not 0/0."""
    sd, m = S.rng.uniform(0.6, 0.9), S.rng.uniform(1, 2)
    means = np.array([[-m, 0.0], [m, 0.0]])
    x = S.rng.uniform(200, 400, (6, 2)) * np.array([1, -1, 1, -1, 1, -1])[:, None]
    nearest = np.where(x[:, :1] > 0, means[1], means[0])
    got = S.call("mixture_score", x, np.full(2, 0.5), means, np.full(2, sd))
    close(got, (nearest - x) / sd**2, "a few hundred away from every centre")


# ---- q2: gradient flow

DOUBLE_WELL = """def score(x):
    u, v = (x - middle).T
    return np.stack([-4 * a * u * (u**2 / half**2 - 1), -b * v], axis=1)
"""


@check("q2", points=2)
def linear(S):
    """On a Gaussian, Heun's method shrinks each coordinate by a known factor every step."""
    k, step, steps = S.rng.uniform(0.5, 2, 2), S.rng.uniform(0.1, 0.3), int(S.rng.integers(3, 9))
    x = S.rng.normal(0, 2, (5, 2))
    score = Source("lambda x: -k * x", k=k)
    factor = 1 - step * k + (step * k) ** 2 / 2
    close(S.call("flow", score, x, step, 0), x, "after no step")
    close(S.call("flow", score, x, step, steps), x * factor**steps, f"after {steps} steps")


@check("q2", points=1)
def second_order(S):
    """The step is the mean of two arrows, and half of it leaves a quarter of the error."""
    x = S.rng.uniform(0.8, 1.5, (4, 2)) * S.rng.choice([-1, 1], (4, 2))
    exact = x / np.sqrt(1 + 2 * x**2)  # of dx/dt = -x³ at t = 1
    score = Source("lambda x: -x**3")
    far = x - 0.1 * x**3
    once = x - 0.05 * (x**3 + far**3)
    close(S.call("flow", score, x, 0.1, 1), once, "one step along a score that is not linear")
    coarse, fine = (
        np.abs(numbers(S.call("flow", score, x, 1 / n, n), x.shape, f"{n} steps") - exact).max()
        for n in (50, 100)
    )
    ratio = coarse / fine
    need(
        3.5 < ratio < 4.5,
        f"with half the step the error should fall to a quarter; it fell by a factor {ratio:.2f}",
    )


@check("q2", points=1)
def ends_on_peaks(S):
    """Every particle ends on the peak of its own side, and the x passed stays as it is."""
    middle, half = S.rng.normal(0, 1, 2), S.rng.uniform(0.8, 1.2)
    side = S.rng.choice([-1.0, 1.0], 8)
    x = middle + np.stack([side * half * S.rng.uniform(0.2, 1.5, 8), S.rng.normal(0, 1, 8)], axis=1)
    a, b = S.rng.uniform(0.5, 1), S.rng.uniform(1, 2)
    score = Source(DOUBLE_WELL, middle=middle, half=half, a=a, b=b)
    peaks = middle + half * side[:, None] * np.array([1.0, 0.0])
    locked = Source("x.setflags(write=False) or x", x=x)  # an array that cannot be changed
    close(S.call("flow", score, locked, 0.05, 500), peaks, "after a long time", atol=1e-6)


# ---- q3: the normaliser of the ring


NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)


def radial(radius, width):
    """Quadrature nodes in r and r·exp(-E(r)) times their weights."""
    low, high = max(0.0, radius - 14 * width), radius + 14 * width
    r = low + (high - low) * (NODES + 1) / 2
    return r, WEIGHTS * (high - low) / 2 * r * np.exp(-((r - radius) ** 2) / (2 * width**2))


@check("q3", points=1)
def thin_ring(S):
    """For a thin ring log Z agrees with quadrature."""
    radius = S.rng.uniform(1, 3)
    width = radius / S.rng.uniform(8, 12)
    want = np.log(2 * np.pi * radial(radius, width)[1].sum())
    close(S.call("ring_log_z", radius, width), want, "a thin ring", rtol=1e-9)


@check("q3", points=2)
def wide_ring(S):
    """For a ring as wide as its radius log Z still agrees."""
    radius = S.rng.uniform(0.5, 1.5)
    for ratio in S.rng.uniform(0.4, 2.0, 3):
        want = np.log(2 * np.pi * radial(radius, radius / ratio)[1].sum())
        close(S.call("ring_log_z", radius, radius / ratio), want, "a wide ring", rtol=1e-9)


# ---- q4: exact samples of the ring


def draw(S, n, radius, width, seed):
    rng = Source("np.random.default_rng(seed)", seed=seed)
    return numbers(S.call("sample_ring", n, radius, width, rng), (n, 2), "the samples")


@check("q4", points=1)
def own_generator(S):
    """The same generator gives the same points, another one gives other points."""
    a, b = (int(s) for s in S.rng.choice(2**31, 2, replace=False))
    first, again, other = (draw(S, 50, 1.0, 0.3, seed) for seed in (a, a, b))
    need(np.array_equal(first, again), "the same rng gave other points; draw from rng only")
    need((first != other).any(1).all(), "another rng gave the same points; is rng used at all?")


@check("q4", points=2)
def radii(S):
    """The distances from the centre have the right mean and mean square."""
    n, radius = 20_000, S.rng.uniform(0.8, 1.2)
    width = radius / S.rng.uniform(1.2, 2.0)
    r, mass = radial(radius, width)
    moments = [(mass * r**p).sum() / mass.sum() for p in range(5)]
    x = draw(S, n, radius, width, int(S.rng.integers(2**31)))
    got = np.hypot(x[:, 0], x[:, 1])
    for p, name in ((1, "the mean distance from the centre"), (2, "the mean squared distance")):
        se = np.sqrt((moments[2 * p] - moments[p] ** 2) / n)
        within(np.mean(got**p), moments[p], se, name)


@check("q4", points=1)
def angles(S):
    """The directions are uniform, do not depend on the distances, and no point on the others."""
    n = 20_000
    x = draw(S, n, 1.0, S.rng.uniform(0.2, 0.4), int(S.rng.integers(2**31)))
    r = np.hypot(x[:, 0], x[:, 1])
    unit = (x[:, 0] + 1j * x[:, 1]) / np.where(r > 0, r, 1)
    centred = (r - r.mean()) / r.std()
    for k in (1, 2, 3):
        wave, se = unit**k, np.sqrt(0.5 / n)
        for part in (wave.real, wave.imag):
            within(part.mean(), 0, se, f"the mean of cos or sin of {k} times the angle")
            within((centred * part).mean(), 0, se, "the tie between distance and direction")
    turn = (unit[1:] * unit[:-1].conj()).real.mean()
    within(turn, 0, np.sqrt(0.5 / n), "the tie between the directions of neighbours in the array")
    tie = (centred[1:] * centred[:-1]).mean()
    within(tie, 0, np.sqrt(1 / n), "the tie between the distances of neighbours in the array")


# ---- q5: what is wrong with this run


def climb(S, n, radius, width, step, steps, seed):
    rng = Source("np.random.default_rng(seed)", seed=seed)
    got = S.call("climb", n, radius, width, step, steps, rng)
    return numbers(got, (n, 2), "the end points")


def start(S, n, radius, width, seed):
    """With no steps the end points are the starts: they must fill the square [-3, 3]²."""
    x = climb(S, n, radius, width, 0.01, 0, seed)
    need(np.abs(x).max() <= 3, "with no steps, all points should lie in the square")
    within(x.mean(), 0, np.sqrt(3 / (2 * n)), "the mean of the starts")
    within((x**2).mean(), 3, np.sqrt(7.2 / (2 * n)), "the mean square of the starts")
    return x


@check("q5", points=1)
def starts(S):
    """The starts fill the square [-3, 3]² and come from the rng that was passed."""
    a, b = (int(s) for s in S.rng.choice(2**31, 2, replace=False))
    first, again, other = (start(S, 4000, 1.0, 0.3, seed) for seed in (a, a, b))
    need(np.array_equal(first, again), "the same rng gave other starts; draw from rng only")
    need((first != other).any(1).all(), "another rng gave the same starts; is rng used at all?")


@check("q5", points=1)
def pull(S):
    """Every particle moves at the speed the score gives it, however far out it is."""
    radius, width, steps = S.rng.uniform(0.8, 1.5), S.rng.uniform(0.2, 0.4), 3
    step, seed = 0.1 * width**2, int(S.rng.integers(2**31))
    x, y = start(S, 200, radius, width, seed), climb(S, 200, radius, width, step, steps, seed)
    before, after = np.hypot(*x.T), np.hypot(*y.T)
    close(after - radius, 0.9**steps * (before - radius), "distance to the ring after three steps")
    close(y / after[:, None], x / before[:, None], "directions after three steps")


@check("q5", points=1)
def arrival(S):
    """In the end every particle is on the ring, straight out or in from where it started."""
    radius, width = S.rng.uniform(0.8, 1.5), S.rng.uniform(0.2, 0.4)
    seed = int(S.rng.integers(2**31))
    x, y = (
        start(S, 500, radius, width, seed),
        climb(S, 500, radius, width, 0.2 * width**2, 100, seed),
    )
    want = radius * x / np.hypot(*x.T)[:, None]
    close(y, want, "end points after a long time", atol=1e-7)
