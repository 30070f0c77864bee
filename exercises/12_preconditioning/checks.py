"""The checks of exercise 12. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import Source, check, close, need_own_generator, numbers, seeded, spd, within

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "langevin.ula",
    "langevin.mala",
    "langevin.preconditioner",
    "preconditioning.stationary_covariance",
    "preconditioning.exact_noise",
    "preconditioning.autocorrelation_times",
    "preconditioning.gain",
    "preconditioning.with_noise",
    "preconditioning._slopes",
    "varying_metric.varying_ula",
    "varying_metric.varying_mala",
    "varying_metric._proposal",
)
N = 12_000


# ---- q1: arrows and kicks that match


@check("q1", points=1)
def own_generator(S):
    """The same generator gives the same points, another one gives other points."""
    x, m, score = S.rng.normal(0, 1, (50, 2)), spd(S, 2), Source("lambda x: -x")
    need_own_generator(lambda rng: S.call("bent_step", score, x, m, 0.1, rng), (50, 2))


@check("q1", points=1)
def bends_the_arrows(S):
    """The score moves every point by η M s."""
    x, m, step = S.rng.normal(0, 2, (40, 3)), spd(S, 3), S.rng.uniform(0.05, 0.4)
    pull, seed = S.rng.uniform(0.5, 2, 3), S.rng.integers(2**31)
    got = [
        numbers(S.call("bent_step", score, x, m, step, seeded(seed)), x.shape, "the points")
        for score in (Source("lambda x: -pull * np.tanh(x)", pull=pull), Source("lambda x: 0 * x"))
    ]
    want = -step * (pull * np.tanh(x)) @ m
    close(got[0] - got[1], want, "with the score, less without it")


@check("q1", points=2)
def matches_the_kicks(S):
    """The kicks have the covariance 2ηM."""
    m, step = spd(S, 3), S.rng.uniform(0.05, 0.4)
    got = S.call(
        "bent_step",
        Source("lambda x: 0 * x"),
        np.zeros((N, 3)),
        m,
        step,
        seeded(S.rng.integers(2**31)),
    )
    x, want = numbers(got, (N, 3), "the kicks"), 2 * step * m
    for i in range(3):
        for j in range(i + 1):
            se = np.sqrt((want[i, i] * want[j, j] + want[i, j] ** 2) / N)
            within(np.mean(x[:, i] * x[:, j]), want[i, j], se, f"covariance {i}, {j} of the kicks")


# ---- q2: where the cloud rests


@check("q2", points=1)
def matched_noise(S):
    """With kicks of 2ηM it is the closed form."""
    cov, m = spd(S, 3), spd(S, 3)
    step = S.rng.uniform(0.05, 0.15)
    p = np.linalg.inv(cov)
    want = np.linalg.inv(p - step / 2 * p @ m @ p)
    close(S.call("rest", cov, m, 2 * step * m, step), want, "matched kicks")


@check("q2", points=1)
def whole_step(S):
    """With M = Σ and kicks of 2ηM² it is Σ²/(1 - η/2)."""
    cov, step = spd(S, 3), S.rng.uniform(0.2, 1)
    got = S.call("rest", cov, cov, 2 * step * cov @ cov, step)
    close(got, cov @ cov / (1 - step / 2), "kicks bent twice")


@check("q2", points=2)
def any_noise(S):
    """With any kicks it is what many steps lead to."""
    for d in (2, 4):
        cov, m, noise = spd(S, d), spd(S, d), spd(S, d, 0.1, 1)
        step = S.rng.uniform(0.05, 0.15)
        decay = np.eye(d) - step * m @ np.linalg.inv(cov)
        want, power = noise.copy(), decay
        for _ in range(40):  # 2^40 steps by doubling
            want, power = want + power @ want @ power.T, power @ power
        close(S.call("rest", cov, m, noise, step), want, f"any kicks, d = {d}")


# ---- q3: what it saves


def saved(plain, bent, a):
    """From the slopes of the modes."""
    slow = [a * s.min() / s.max() for s in (plain, bent)]
    return (2 / slow[0] - 1) / (2 / slow[1] - 1)


@check("q3", points=1)
def by_the_covariance(S):
    """With M = Σ it is (2κ/a - 1)/(2/a - 1)."""
    kappa, a = S.rng.uniform(50, 500), S.rng.uniform(0.2, 1.2)
    cov = spd(S, 3, 0.3, 0.3 * kappa)
    close(S.call("draws_saved", cov, cov, a), (2 * kappa / a - 1) / (2 / a - 1), "M = Σ")


@check("q3", points=1)
def by_a_diagonal(S):
    """With two diagonal matrices it follows from the ratios of their entries."""
    v, m, a = S.rng.uniform(0.01, 3, 5), S.rng.uniform(0.5, 3, 5), S.rng.uniform(0.2, 1.2)
    v[0], v[1] = 0.01, 3.0
    got = S.call("draws_saved", np.diag(v), np.diag(m), a)
    close(got, saved(1 / v, m / v, a), "diagonal matrices")


@check("q3", points=1)
def by_any_matrix(S):
    """With any M it follows from the eigenvalues of MΣ⁻¹."""
    cov, m, a = spd(S, 4, 0.02, 3), spd(S, 4, 0.2, 2), S.rng.uniform(0.2, 1.2)
    root, p = np.linalg.cholesky(m), np.linalg.inv(cov)
    bent = np.linalg.eigvalsh(root.T @ p @ root)
    got = S.call("draws_saved", cov, m, a)
    close(got, saved(np.linalg.eigvalsh(p), bent, a), "any M")


# ---- q4: M depends on the place

PARTS = {
    "score": ("lambda x: -c * x", "lambda x: 0 * x"),
    "metric": "lambda x: b + x**2",
    "slope": ("lambda x: 2 * x", "lambda x: 0 * x"),
}


def varying(S, x, step, seed, score=1, slope=1):
    """One call; 0 leaves a part of the drift out."""
    return S.call(
        "varying_step",
        Source(PARTS["score"][1 - score], c=1.5),
        Source(PARTS["metric"], b=2.0),
        Source(PARTS["slope"][1 - slope]),
        x,
        step,
        seeded(seed),
    )


@check("q4", points=1)
def draws_from_rng(S):
    """The same generator gives the same points, another one gives other points."""
    x = S.rng.normal(0, 1, 50)
    need_own_generator(lambda rng: varying(S, x, 0.1, rng.names["seed"]), (50,))


@check("q4", points=1)
def whole_drift(S):
    """The drift is η (M s + M')."""
    x, step, seed = S.rng.normal(0, 1.5, 60), S.rng.uniform(0.05, 0.3), S.rng.integers(2**31)
    whole, pull, push, none = (
        numbers(varying(S, x, step, seed, *use), (60,), "the points")
        for use in ((1, 1), (1, 0), (0, 1), (0, 0))
    )
    close(pull - none, -step * (2 + x**2) * 1.5 * x, "the part with the score")
    close(push - none, step * 2 * x, "the part with M'")
    close(whole - none, -step * (2 + x**2) * 1.5 * x + step * 2 * x, "the whole drift")


@check("q4", points=1)
def local_kicks(S):
    """The kicks have the variance 2ηM(x)."""
    step = S.rng.uniform(0.05, 0.3)
    for at in S.rng.uniform([-2, 1], [-1, 2]):
        got = varying(S, np.full(N, at), step, S.rng.integers(2**31), 0, 0)
        want = 2 * step * (2 + at**2)
        kicks = numbers(got, (N,), "the points") - at
        within(np.mean(kicks**2), want, want * np.sqrt(2 / N), f"variance of the kicks at {at:.2f}")


# ---- q5: a judge that is wrong


def by_densities(x, y, log_p, drift, m, step):
    """From the normal densities themselves."""

    def log_q(to, source):
        var = 2 * step * m(source)
        return -((to - source - step * drift(source)) ** 2) / (2 * var) - np.log(var) / 2

    return log_p(y) - log_p(x) + log_q(x, y) - log_q(y, x)


@check("q5", points=1)
def constant_metric(S):
    """With the same M everywhere the ratio is that of chapter 12."""
    x, y = S.rng.normal(0, 1, (2, 30))
    step, b = S.rng.uniform(0.1, 0.6), S.rng.uniform(0.5, 3)
    got = S.call(
        "log_ratio",
        x,
        y,
        Source("lambda x: -x**4 / 4"),
        Source("lambda x: -x**3"),
        Source("lambda x: b + 0 * x", b=b),
        Source("lambda x: 0 * x"),
        step,
    )
    want = by_densities(x, y, lambda x: -(x**4) / 4, lambda x: -b * x**3, lambda x: b + 0 * x, step)
    close(got, want, "constant M")


@check("q5", points=2)
def varying_metric(S):
    """With an M that varies it is right too."""
    x, y = S.rng.normal(0, 1, (2, 30))
    step, b = S.rng.uniform(0.1, 0.6), S.rng.uniform(0.5, 3)
    got = S.call(
        "log_ratio",
        x,
        y,
        Source("lambda x: -x**2 / 2"),
        Source("lambda x: -x"),
        Source("lambda x: b + x**2", b=b),
        Source("lambda x: 2 * x"),
        step,
    )
    want = by_densities(
        x,
        y,
        lambda x: -(x**2) / 2,
        lambda x: -(b + x**2) * x + 2 * x,
        lambda x: b + x**2,
        step,
    )
    close(got, want, "M = b + x²")
