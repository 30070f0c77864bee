"""The checks of exercise 13. Reading them is allowed: a right answer is right on any input."""

import numpy as np
from scipy.special import digamma

from gradekit import check, close, generator, need, numbers, seeded, spd

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "guidance.guided",
    "guidance.classifier_free",
    "guidance.component_guide",
    "guidance.tilted_gaussian",
    "guidance.entropy_drop",
    "guidance.guided_variances",
    "collapse.log_det",
    "collapse.log_det_bias",
    "collapse.collapse_alarm",
    "collapse._plain_log_det",
    "collapse.Alarm",
)


# ---- q1: the guided score of two hills


def log_tilted(x, m, v, lam):
    """log of p γ^λ from the normal densities, without constants; the label is the second hill."""
    pairs = zip(m, v, strict=True)
    logs = [-((x - k) ** 2).sum(1) / (2 * u) - len(k) / 2 * np.log(u) for k, u in pairs]
    both = np.logaddexp(*logs)
    return both + lam * (logs[1] - both)


def slope(x, m, v, lam, h=1e-5):
    moves = h * np.eye(x.shape[1])
    pairs = [(log_tilted(x + e, m, v, lam), log_tilted(x - e, m, v, lam)) for e in moves]
    return np.stack([(a - b) / (2 * h) for a, b in pairs], 1)


def two_hills(S, d):
    return S.rng.normal(0, 1, (2, d)), S.rng.uniform(0.4, 2, 2)


@check("q1", points=1)
def no_guidance(S):
    """With λ = 0 it is the score of the prior."""
    x = S.rng.normal(0, 1.5, (30, 2))
    m, v = two_hills(S, 2)
    want = slope(x, m, v, 0.0)
    close(S.call("guided_score", x, m, v, 0.0, 0.0), want, "λ = 0, σ = 0", rtol=1e-4, atol=1e-5)


@check("q1", points=1)
def clean_points(S):
    """At σ = 0 it is the gradient of log p + λ log γ."""
    x, lam = S.rng.normal(0, 1.5, (30, 3)), S.rng.uniform(1.5, 5)
    m, v = two_hills(S, 3)
    got = S.call("guided_score", x, m, v, lam, 0.0)
    close(got, slope(x, m, v, lam), f"λ = {lam:.2f}, σ = 0", rtol=1e-4, atol=1e-5)


@check("q1", points=2)
def noisy_points(S):
    """At a noise level σ the prior and the classifier are those of the noisy point."""
    x, lam, sigma = S.rng.normal(0, 2, (30, 2)), S.rng.uniform(1.5, 5), S.rng.uniform(0.6, 1.5)
    m, v = two_hills(S, 2)
    got = S.call("guided_score", x, m, v, lam, sigma)
    want = slope(x, m, v + sigma**2, lam)
    close(got, want, f"λ = {lam:.2f}, σ = {sigma:.2f}", rtol=1e-4, atol=1e-5)


# ---- q2: how spread


def corrected(x, k):
    """From the eigenvalues of the sample covariance: the k largest."""
    n = len(x)
    values = np.linalg.eigvalsh(np.cov(x.T))[::-1][:k]
    bias = digamma((n - np.arange(1, k + 1)) / 2).sum() + k * np.log(2 / (n - 1))
    return np.log(values).sum() - bias


@check("q2", points=1)
def all_directions(S):
    """With as many axes as coordinates it is log det less the bias."""
    x = S.rng.standard_normal((25, 4)) @ spd(S, 4) + 3
    close(S.call("spread", x, np.eye(4)), corrected(x, 4), "all directions")


@check("q2", points=1)
def along_axes(S):
    """Only the directions of the axes count, and pixels that never vary do not matter."""
    x = S.rng.standard_normal((30, 6)) * np.array([4, 3, 2, 0, 0, 0.1]) + 1
    axes = np.linalg.svd(x - x.mean(0), full_matrices=False)[2][:3]
    close(S.call("spread", x, axes), corrected(x, 3), "three axes of six")


@check("q2", points=2)
def small_batches(S):
    """With few points it is not too low."""
    for n, d in ((9, 4), (7, 5)):
        x = S.rng.standard_normal((n, d)) @ spd(S, d)
        close(S.call("spread", x, np.eye(d)), corrected(x, d), f"{n} points, {d} directions")


# ---- q3: tilted or guided


def weights(S):
    return S.rng.uniform(0.5, 2), S.rng.uniform(0.5, 2), S.rng.uniform(2, 5)


@check("q3", points=1)
def both_at_one(S):
    """At λ = 1 both are the posterior variance."""
    v, tau, _ = weights(S)
    want = 1 / (1 / v + 1 / tau**2)
    close(S.call("variances", v, tau, 1.0), np.array([want, want]), "λ = 1")


@check("q3", points=1)
def tilted(S):
    """The first is the variance of p(x) p(y|x)^λ, by quadrature."""
    v, tau, lam = weights(S)
    x = np.linspace(-12, 12, 4001) * np.sqrt(v)
    w = np.exp(-(x**2) / 2 * (1 / v + lam / tau**2))
    got = numbers(S.call("variances", v, tau, lam), (2,), "the two variances")
    close(got[0], w @ x**2 / w.sum(), "the tilted law")


@check("q3", points=2)
def flow(S):
    """The second is where the probability flow ends, by small steps in log σ."""
    for lam in (weights(S)[2], S.rng.uniform(0.2, 0.8)):
        v, tau, _ = weights(S)
        post = 1 / (1 / v + 1 / tau**2)
        t = np.linspace(np.log(1e-9), np.log(1e9), 40_001)  # log u
        u = np.exp(t)
        rate = u * ((1 - lam) / (v + u) + lam / (post + u))
        log_fall = ((rate[1:] + rate[:-1]) / 2 * np.diff(t)).sum()
        got = numbers(S.call("variances", v, tau, lam), (2,), "the two variances")
        close(got[1], np.exp(t[-1] - log_fall), f"the flow, λ = {lam:.2f}", rtol=1e-5)


# ---- q4: an alarm that never rings


def answer(S, reference, batch, rate):
    rng = generator(S)
    return bool(S.call("alarm", reference, batch, rate, rng))


@check("q4", points=1)
def one_direction(S):
    """It rings if a single, narrow direction collapses, and not at twice the spread."""
    x = S.rng.standard_normal((300, 3)) * np.array([3.0, 1.0, 0.4])
    for _ in range(5):
        batch = S.rng.standard_normal((30, 3)) * np.array([3.0, 1.0, 0.4])
        need(answer(S, x, batch * np.array([1, 1, 0.1]), 0.05), "one direction is gone, no alarm")
        need(not answer(S, x, 2 * batch, 0.05), "a batch of twice the spread set it off")


@check("q4", points=1)
def own_generator(S):
    """The same generator gives the same alarm, another one gives another threshold."""
    x = S.rng.standard_normal((60, 3)) @ spd(S, 3)
    batch = x[S.rng.permutation(60)[:15]]
    one, two, three = (int(seed) for seed in S.rng.choice(2**31, 3, replace=False))

    def rings(log_size, seed):
        return bool(S.call("alarm", x, np.exp(log_size) * batch, 0.2, seeded(seed)))

    low, high = -1.0, 1.0  # where the threshold of the first generator is, by halving
    need(rings(low, one) != rings(high, one), "a batch of any size gives the same answer")
    small = rings(low, one)
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (middle, high) if rings(middle, one) is small else (low, middle)
    # An answer with draws of its own gets such a pair right once in four times, at the most.
    again = [rings(size, one) for _ in range(7) for size in (low, high)]
    need(again == 7 * [small, not small], "the same rng gave another answer; draw from rng only")
    others = [[rings(size, seed) for size in (low, high)] for seed in (two, three)]
    same = all(pair == [small, not small] for pair in others)
    need(not same, "another rng gave the same threshold; is rng used at all?")


@check("q4", points=1)
def right_rate(S):
    """On batches of the reference's own law it rings at its rate."""
    x = S.rng.standard_normal((400, 3)) @ spd(S, 3)
    batches = [x[S.rng.permutation(400)[:20]] for _ in range(400)]
    batches.sort(key=lambda batch: np.linalg.slogdet(np.cov(batch.T))[1])
    # Well below and well above the rate: the threshold is itself a draw.
    for place in (0.01, 0.03, 0.06, 0.08, 0.35, 0.4, 0.5, 0.6):
        got, want = answer(S, x, batches[int(place * 400)], 0.2), place < 0.2
        what = f"rate 0.2, a batch that {place:.0%} of batches fall below"
        need(got is want, f"{what}: expected {want}, got {got}")
