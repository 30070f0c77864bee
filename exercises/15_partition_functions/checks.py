"""The checks of exercise 15. Reading them is allowed: a right answer is right on any input."""

from itertools import pairwise

import numpy as np
from scipy.integrate import quad

from gradekit import Failed, check, close, need, numbers, seeded, within

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "partition.ais",
    "weights.relative_weights",
    "weights.weights_ess",
    "weights.log_mean_weight",
    "weights.weighted_mean",
    "annealed_gaussians.perfect_ess",
    "annealed_gaussians.expected_ula_weight",
    "annealed_ising.ising_ais",
)


# ---- q1: what the weights say


def right_summary(log_w):
    top = np.max(log_w)
    w = np.exp(log_w - top)
    error = w.std(ddof=1) / w.mean() / len(w) ** 0.5
    return [top + np.log(w.mean()), error, w.sum() ** 2 / (w @ w)]


def same_summary(S, log_w, what):
    got = numbers(S.call("summary", log_w), (3,), "the three numbers")
    for value, want, name in zip(
        got, right_summary(log_w), ("log mean", "error", "ESS"), strict=True
    ):
        close(value, want, f"{what}: {name}")


@check("q1", points=2)
def ordinary(S):
    """Weights of ordinary size."""
    for n in (5, 200):
        same_summary(S, S.rng.normal(S.rng.uniform(-1, 1), 1, n), f"{n} ordinary weights")


@check("q1", points=2)
def far(S):
    """Log weights thousands above and below zero."""
    for sign in (-1, 1):
        same_summary(S, sign * S.rng.uniform(2000, 3000) + S.rng.normal(0, 1, 50), "far from zero")
    same_summary(S, S.rng.uniform(-3000, 3000, 50), "far from each other")


@check("q1", points=1)
def zeros(S):
    """Weights of zero count as draws."""
    log_w = S.rng.normal(-900, 1, 30)
    log_w[S.rng.choice(30, 12, replace=False)] = -np.inf
    same_summary(S, log_w, "some weights of zero")


# ---- q2: perfect moves


def right_share(betas, v0, v1, d):
    total = 0.0
    for lower, upper in pairwise(betas):
        a = (1 - lower) / v0 + lower / v1
        h = (upper - lower) * (1 / v1 - 1 / v0)
        if a + 2 * h <= 0:
            return 0.0
        total += d * (0.5 * np.log(a * (a + 2 * h)) - np.log(a + h))
    return np.exp(total)


def ladder(S, k):
    return np.concatenate([[0], np.sort(S.rng.uniform(0.02, 0.98, k - 1)), [1]])


@check("q2", points=2)
def narrower(S):
    """From a broad hill to a narrow one."""
    for d, k in ((1, 4), (3, 12)):
        betas, v0, v1 = ladder(S, k), S.rng.uniform(2, 4), S.rng.uniform(0.3, 0.8)
        close(S.call("share", betas, v0, v1, d), right_share(betas, v0, v1, d), f"d = {d}")


@check("q2", points=1)
def wider(S):
    """And from a narrow one to a broad one, in small steps."""
    betas, v1 = np.linspace(0, 1, 21), S.rng.uniform(1.5, 2)
    close(S.call("share", betas, 1.0, v1, 2), right_share(betas, 1.0, v1, 2), "a wider target")


@check("q2", points=1)
def infinite(S):
    """Where the variance is infinite, nothing counts."""
    v1 = S.rng.uniform(2.2, 4)
    close(S.call("share", np.array([0.0, 1.0]), 1.0, v1, 2), 0.0, "one step to a much wider target")


# ---- q3: a circle of states


def right_anneal(energies, betas, n, rng):
    m = len(energies)
    x, log_w = rng.integers(m, size=n), np.zeros(n)
    for before, beta in pairwise(betas):
        log_w = log_w + (before - beta) * energies[x]
        y = (x + rng.choice([-1, 1], n)) % m
        x = np.where(rng.random(n) < np.exp(beta * (energies[x] - energies[y])), y, x)
    return log_w, x


def same_walk(S, betas, what):
    m, n, seed = int(S.rng.integers(5, 9)), 400, S.rng.integers(2**31)
    energies = S.rng.normal(0, 1.5, m)
    got = S.call("anneal", energies, betas, n, seeded(seed))
    if not isinstance(got, tuple) or len(got) != 2:
        raise Failed("anneal must return two arrays: log weights, places")
    want = right_anneal(energies, betas, n, np.random.default_rng(seed))
    return got, want, what, n


def weights_agree(S, betas, what):
    got, want, what, n = same_walk(S, betas, what)
    close(numbers(got[0], (n,), "the log weights"), want[0], f"{what}: log weights")


@check("q3", points=1)
def one_leap(S):
    """With one step there is only the first weight."""
    weights_agree(S, np.array([0.0, 1.0]), "one step")


@check("q3", points=3)
def staircase(S):
    """With many steps weights and moves alternate in the right order."""
    weights_agree(S, np.linspace(0, 1, 9), "eight steps")
    weights_agree(S, ladder(S, 6), "uneven steps")


@check("q3", points=1)
def places(S):
    """The walkers end where they should."""
    got, want, _, n = same_walk(S, np.linspace(0, 1, 13), "")
    wrong = numbers(got[1], (n,), "the places") != want[1]
    need(not wrong.any(), f"{int(wrong.sum())} of {n} walkers end at another place")


# ---- q4: what is wrong with this run

N = 20_000


def near_truth(S, a, b, betas, what):
    def f(x):
        return np.exp(-a * x**4 / 4 - b * x**2 / 2)

    exact = np.log(quad(f, -8, 8, limit=200)[0])
    width, seed = S.rng.uniform(0.4, 0.7), S.rng.integers(2**31)
    got = S.call("log_z", a, b, betas, width, N, seeded(seed))
    # How far a right answer may be off: the spread of the weights of the plain leaps is more.
    rng = np.random.default_rng(0)
    x, log_w = rng.standard_normal(4000), np.zeros(4000)
    for before, beta in pairwise(betas):
        gap = -a * x**4 / 4 - (b - 1) * x**2 / 2
        log_w += (beta - before) * gap
        y = x + width * rng.standard_normal(4000)
        gap_y = -a * y**4 / 4 - (b - 1) * y**2 / 2
        rise = (x**2 - y**2) / 2 + beta * (gap_y - gap)
        x = np.where(np.log(rng.random(4000)) < rise, y, x)
    w = np.exp(log_w - log_w.max())
    within(got, exact, w.std() / w.mean() / np.sqrt(N), f"log Z {what}")


@check("q4", points=2)
def two_wells(S):
    """Two wells, ten temperatures."""
    a, b = S.rng.uniform(3, 5), S.rng.uniform(-2.5, -1.5)
    near_truth(S, a, b, np.linspace(0, 1, 11), "of two wells")


@check("q4", points=1)
def one_well(S):
    """One narrow well, uneven temperatures; the answer comes from rng and from all betas."""
    a, b = S.rng.uniform(1, 2), S.rng.uniform(8, 12)
    near_truth(S, a, b, np.linspace(0, 1, 13) ** 2, "of a narrow well")
    one, two = (int(seed) for seed in S.rng.choice(2**31, 2, replace=False))
    fine, coarse = np.linspace(0, 1, 13), np.array([0.0, 1.0])
    first, again, other, leap = (
        float(numbers(S.call("log_z", a, b, betas, 0.5, 200, seeded(seed)), (), "log Z"))
        for betas, seed in ((fine, one), (fine, one), (fine, two), (coarse, one))
    )
    need(first == again, "the same rng gave another number; draw from rng only")
    need(first != other, "another rng gave the same number; is rng used at all?")
    need(first != leap, "other temperatures gave the same number; are betas used at all?")


@check("q4", points=1)
def nothing_to_do(S):
    """If the target is the start, the answer is exact."""
    got = S.call("log_z", 0.0, 1.0, np.linspace(0, 1, 6), 0.5, 100, seeded(S.rng.integers(99)))
    close(got, np.log(2 * np.pi) / 2, "log Z of the start itself")
