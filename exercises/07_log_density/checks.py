"""The checks of exercise 7. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import Source, check, close, need, numbers

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "log_density.log_ratio",
    "log_density.adaptive_log_ratio",
    "log_density._component",
    "vector_fields.line_integral",
    "detection.auroc",
)

# Two round hills in d dimensions: log p up to a constant, and its score.
HILLS = """
def hills(x):
    a = ((x - m) ** 2).sum(1) / (2 * s**2)
    b = ((x + m) ** 2).sum(1) / (2 * s**2)
    share = 1 / (1 + np.exp(np.clip(a - b - tilt, -700, 700)))[:, None]
    return (share * (m - x) + (1 - share) * (-m - x)) / s**2
"""


def log_hills(x, m, s, tilt):
    a, b = (((x - sign * m) ** 2).sum(1) / (2 * s**2) for sign in (1, -1))
    return np.logaddexp(tilt - a, -b)


def normal(S, d):
    """A normal density's mean and precision."""
    root = S.rng.normal(0, 1, (d, d))
    return S.rng.normal(0, 1, d), root @ root.T + np.eye(d)


def height(x, mean, precision):
    return -np.einsum("ni,ij,nj->n", x - mean, precision, x - mean) / 2


# ---- q1: many rays at once


@check("q1", points=1)
def one_node(S):
    """On a Gaussian one node is exact."""
    mean, precision = normal(S, 3)
    x, x0 = S.rng.normal(0, 2, (7, 3)), S.rng.normal(0, 2, 3)
    score = Source("lambda x: (mean - x) @ precision", mean=mean, precision=precision)
    got = S.call("log_ratio", score, x, x0, 1)
    close(got, height(x, mean, precision) - height(x0[None], mean, precision), "a Gaussian, n = 1")


@check("q1", points=2)
def degree(S):
    """With n nodes it is exact for scores of degree 2n - 1, and not beyond."""
    slope = S.rng.uniform(0.2, 0.5, 2)
    x, x0 = S.rng.uniform(-2, 2, (9, 2)), S.rng.uniform(-2, 2, 2)
    for nodes, power in ((2, 4), (4, 8)):
        score = Source("lambda x: -k * slope * x ** (k - 1)", k=power, slope=slope)
        want = -((x**power - x0**power) * slope).sum(1)
        close(S.call("log_ratio", score, x, x0, nodes), want, f"degree {power - 1}, n = {nodes}")
    # One degree more, and the rule is off by a known amount: nodes that nobody asked for show.
    cube = Source("lambda x: slope * x**4", slope=slope)
    exact = ((x**5 - x0**5) * slope / 5).sum(1)
    off = ((x - x0) ** 5 * slope).sum(1) / 180
    close(S.call("log_ratio", cube, x, x0, 2), exact - off, "degree 4, n = 2: a known error")


@check("q1", points=1)
def two_hills(S):
    """With many nodes it is log p(x) - log p(x0) on two hills."""
    m, s, tilt = S.rng.uniform(0.5, 1.2, 2), S.rng.uniform(0.8, 1.0), S.rng.uniform(-1, 1)
    x, x0 = S.rng.normal(0, 1.5, (20, 2)), S.rng.normal(0, 1.5, 2)
    want = log_hills(x, m, s, tilt) - log_hills(x0[None], m, s, tilt)
    got = S.call("log_ratio", Source(HILLS, m=m, s=s, tilt=tilt), x, x0, 60)
    close(got, want, "two hills, n = 60", atol=1e-6)


# ---- q2: nodes where they are needed


def pair(got):
    need(isinstance(got, tuple) and len(got) == 2, "expected two results: the value, the joints")
    value = float(numbers(got[0], (), "the value"))
    joints = np.asarray(got[1])
    need(joints.ndim == 1 and len(joints) > 1, "the joints must be an array of at least 2 numbers")
    joints = numbers(joints, joints.shape, "the joints")
    need(joints[0] == 0 and joints[-1] == 1, "the joints must begin with 0 and end with 1")
    need((np.diff(joints) > 0).all(), "the joints must increase")
    return value, joints


def narrow(S):
    """A way between two narrow hills, the truth, and what the hills are."""
    m, s = S.rng.uniform(0.7, 1.3, 2), S.rng.uniform(0.06, 0.1)
    tilt = S.rng.uniform(-1, 1)
    x, x0 = m * S.rng.uniform(1.3, 1.6), -m * S.rng.uniform(0.5, 0.8)
    truth = float(np.diff(log_hills(np.stack([x0, x]), m, s, tilt))[0])
    return Source(HILLS, m=m, s=s, tilt=tilt), x, x0, truth, (m, s, tilt)


@check("q2", points=2)
def value(S):
    """Between narrow hills the value is right to the tolerance."""
    for tol in (1e-3, 1e-5):
        score, x, x0, truth, _ = narrow(S)
        got, _ = pair(S.call("adaptive", score, x, x0, tol))
        need(abs(got - truth) <= tol, f"tol = {tol:g}: off by {abs(got - truth):.2g}")


@check("q2", points=2)
def legs(S):
    """The legs are short where the field bends: on each, Simpson's rule on two halves is right."""
    score, x, x0, _, hills = narrow(S)
    total, joints = pair(S.call("adaptive", score, x, x0, 1e-4))
    need(len(joints) < 1000, f"{len(joints) - 1} legs; far fewer are enough")
    width, (m, s, tilt) = np.diff(joints), hills
    at = x0 + (joints[:-1, None] + np.outer(width, np.arange(5) / 4)).reshape(-1, 1) * (x - x0)
    a, b = (((at - sign * m) ** 2).sum(1) / (2 * s**2) for sign in (1, -1))
    share = 1 / (1 + np.exp(np.clip(a - b - tilt, -700, 700)))[:, None]
    along = ((share * (m - at) + (1 - share) * (-m - at)) / s**2) @ (x - x0)
    climbs = width * (along.reshape(-1, 5) @ [1, 4, 2, 4, 1]) / 12
    coarse = width * (along.reshape(-1, 5) @ [1, 0, 4, 0, 1]) / 6
    open_still = (np.abs(climbs - coarse) > 1e-4 * width + 1e-12).sum()
    need(not open_still, f"{open_still} of the legs had to be halved: the two rules differ there")
    what = "the total, beside the sum of the finer rule over your legs"
    close(total, climbs.sum(), what, rtol=1e-10, atol=1e-10)
    ends = log_hills(x0 + joints[:, None] * (x - x0), m, s, tilt)
    worst = float(np.abs(climbs - np.diff(ends)).max())
    need(worst <= 1e-4, f"on one of the legs Simpson's rule is off by {worst:.2g}")


@check("q2", points=1)
def no_more_than_needed(S):
    """On a Gaussian one leg is enough, and straight stretches keep long legs."""
    mean, precision = normal(S, 2)
    x, x0 = S.rng.normal(0, 2, (2, 2))
    score = Source("lambda x: (mean - x) @ precision", mean=mean, precision=precision)
    got, joints = pair(S.call("adaptive", score, x, x0, 1e-8))
    need(len(joints) == 2, f"a Gaussian took {len(joints) - 1} legs; Simpson is exact on one")
    truth = np.diff(height(np.stack([x0, x]), mean, precision))[0]
    close(got, truth, "a Gaussian")
    score, x, x0, _, _ = narrow(S)
    _, joints = pair(S.call("adaptive", score, x, x0, 1e-3))
    need(np.diff(joints).max() >= 1 / 8, "no long leg is left; halve only where it is needed")


# ---- q3: two models, one point


def models(S, constants):
    """Two known densities with unknown constants, a grid, and the true log-ratio."""
    made = []
    for constant in constants:
        m, s = S.rng.uniform(-1, 1, 2), S.rng.uniform(0.6, 1.2)
        code = "lambda x: c - ((x - m) ** 2).sum(1) / (2 * s**2)"
        made.append((Source(code, c=float(constant), m=m, s=s), m, s))
    axis = np.linspace(-8, 8, 81)
    grid = np.stack([a.ravel() for a in np.meshgrid(axis, axis)], 1)
    x = S.rng.normal(0, 1.5, (15, 2))
    logs = [-((x - m) ** 2).sum(1) / (2 * s**2) - np.log(2 * np.pi * s**2) for _, m, s in made]
    return made[0][0], made[1][0], x, grid, logs[0] - logs[1]


@check("q3", points=2)
def normalised(S):
    """It is the log-ratio of the normalised densities."""
    f, g, x, grid, want = models(S, S.rng.uniform(-3, 3, 2))
    close(S.call("model_ratio", f, g, x, grid), want, "two normal densities")


@check("q3", points=1)
def one_point(S):
    """It is right for a single point, and does not lean on the other points of the batch."""
    f, g, x, grid, want = models(S, S.rng.uniform(-3, 3, 2))
    close(S.call("model_ratio", f, g, x[:1], grid), want[:1], "one point")


@check("q3", points=1)
def large_constants(S):
    """Large constants do no harm."""
    sign = S.rng.choice([-1, 1])
    f, g, x, grid, want = models(S, np.array([sign, -sign]) * S.rng.uniform(900, 1200, 2))
    close(S.call("model_ratio", f, g, x, grid), want, "with constants near ±1000")


# ---- q4: how well are odd points found


def right_area(usual, odd):
    pairs = [(o > u) + (o == u) / 2 for o in odd for u in usual]
    return float(np.mean(pairs))


@check("q4", points=1)
def no_ties(S):
    """Without ties it is the share of pairs in the right order."""
    usual, odd = S.rng.normal(0, 1, 40), S.rng.normal(1, 2, 25)
    close(S.call("auroc", usual, odd), right_area(usual, odd), "without ties")


@check("q4", points=1)
def ties(S):
    """Ties count half."""
    usual = S.rng.integers(0, 5, 60).astype(float)
    odd = S.rng.integers(1, 7, 30).astype(float)
    close(S.call("auroc", usual, odd), right_area(usual, odd), "with ties")
    close(S.call("auroc", np.zeros(4), np.zeros(3)), 0.5, "all equal")


@check("q4", points=1)
def worse_than_a_coin(S):
    """A detector that is upside down gets less than one half."""
    usual, odd = S.rng.normal(1, 1, 50), S.rng.normal(0, 1, 9)
    close(S.call("auroc", usual, odd), right_area(usual, odd), "an upside-down detector")


# ---- q5: what is wrong with this climb


def climb_on_a_gaussian(S, corners, what):
    mean, precision = normal(S, 2)
    score = Source("lambda x: (mean - x) @ precision", mean=mean, precision=precision)
    up = height(corners, mean, precision)
    close(S.call("profile", score, corners, 3), up - up[0], what)


@check("q5", points=1)
def one_leg(S):
    """One leg of any length climbs as it should."""
    corners = np.cumsum(S.rng.normal(0, 2, (2, 2)), 0)
    climb_on_a_gaussian(S, corners, "one leg")


@check("q5", points=1)
def whole_walk(S):
    """Each corner's height is relative to the first."""
    corners = np.cumsum(S.rng.normal(0, 1, (8, 2)), 0)
    climb_on_a_gaussian(S, corners, "a walk of seven legs")


@check("q5", points=1)
def pause(S):
    """A repeated corner adds nothing, and does no harm."""
    corners = np.cumsum(S.rng.normal(0, 1, (5, 2)), 0)
    climb_on_a_gaussian(S, corners[[0, 1, 1, 2, 3, 4, 4]], "a walk with pauses")
