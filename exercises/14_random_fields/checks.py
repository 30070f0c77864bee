"""The checks of exercise 14. Reading them is allowed: a right answer is right on any input."""

from itertools import pairwise

import numpy as np
from scipy import stats

from gradekit import check, close, generator, need, need_own_generator, numbers, within

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "gaussian_fields.GaussianField",
    "gaussian_fields.field_langevin",
    "masked_fields.wiener_mean",
    "masked_fields.constrained_draws",
    "field_spectra.binned_spectrum",
    "_fourier.filtered",
    "_fourier.sum_of_filtered",
)


def parts(got, count, what):
    """A tuple of so many things."""
    need(got is not None, f"{what}: the function returned nothing; is a return missing?")
    need(isinstance(got, tuple) and len(got) == count, f"{what}: expected a tuple of {count}")
    return got


def even_power(S, shape, pinned=False):
    """A rough, even, positive power; entry 0 is 0 if the mean is pinned."""
    p = S.rng.uniform(0.3, 3, shape)
    p = (p + np.roll(np.flip(p), 1, (0, 1))) / 2
    if pinned:
        p[0, 0] = 0
    return p


def waves(shape):
    """The DFT as a matrix, (N, N), rows in the order of fft2, columns of cells."""
    rows, columns = (np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n) for n in shape)
    return np.kron(rows, columns)


def dense(power):
    """The covariance of the cells: F* diag(P) F / N."""
    f = waves(power.shape)
    return (f.conj().T @ (power.ravel()[:, None] * f)).real / power.size


# ---- q1: log p and score


def against_dense(S, shape, what):
    p, x = even_power(S, shape), S.rng.standard_normal((3, *shape))
    log_p, s = parts(S.call("log_prob_and_score", x, p), 2, what)
    c = dense(p)
    normal = stats.multivariate_normal(np.zeros(len(c)), c)
    return (
        numbers(log_p, (3,), f"{what}: log p"),
        numbers(s, (3, *shape), f"{what}: the score"),
        (
            normal.logpdf(x.reshape(3, -1)),
            -np.linalg.solve(c, x.reshape(3, -1).T).T.reshape(x.shape),
        ),
    )


@check("q1", points=1)
def score_of_a_square(S):
    """The score is that of the dense normal density."""
    _, s, (_, want) = against_dense(S, (4, 4), "4 × 4 fields")
    close(s, want, "4 × 4 fields: the score")


@check("q1", points=1)
def log_prob_of_a_square(S):
    """Log p is that of the dense normal density, normalised."""
    log_p, _, (want, _) = against_dense(S, (4, 4), "4 × 4 fields")
    close(log_p, want, "4 × 4 fields: log p")


@check("q1", points=1)
def other_shapes(S):
    """Both are right where sides are odd or unequal."""
    for shape in ((3, 4), (5, 3)):
        what = f"{shape[0]} × {shape[1]} fields"
        log_p, s, (want, slope) = against_dense(S, shape, what)
        close(log_p, want, f"{what}: log p")
        close(s, slope, f"{what}: the score")


@check("q1", points=1)
def pinned_mean(S):
    """A pinned mean has no score, and counts in no sum."""
    shape = (4, 3)
    p = even_power(S, shape, pinned=True)
    x = S.rng.standard_normal((2, *shape))
    x -= x.mean((1, 2), keepdims=True)
    got = parts(S.call("log_prob_and_score", x, p), 2, "a pinned mean")
    basis = np.linalg.qr(np.column_stack([np.ones(12), np.eye(12)[:, 1:]]))[0][:, 1:]
    c = basis.T @ dense(p) @ basis
    flat = x.reshape(2, -1) @ basis
    normal = stats.multivariate_normal(np.zeros(11), c)
    want = -(basis @ np.linalg.solve(c, flat.T)).T.reshape(x.shape)
    close(numbers(got[0], (2,), "log p"), normal.logpdf(flat), "a pinned mean: log p")
    close(numbers(got[1], x.shape, "the score"), want, "a pinned mean: the score")


# ---- q2: what a run will do


def forecast(S, p, m, step, what):
    got = parts(S.call("forecast", p, m, step), 3, what)
    limit = float(numbers(got[0], (), f"{what}: the limit of the step"))
    law = numbers(got[1], p.shape, f"{what}: the power")
    steps = float(numbers(got[2], (), f"{what}: the number of steps"))
    return limit, law, steps


def slowest(p, m, step):
    """Steps counted one by one."""
    r = np.abs(1 - step * m / p).max()
    t, rho = 0, 1.0
    while rho > 0.01:
        t, rho = t + 1, rho * r
    return t


@check("q2", points=1)
def limit_of_the_step(S):
    """The largest stable step, plain and preconditioned."""
    p = even_power(S, (6, 4))
    other = even_power(S, p.shape)
    # With M = P² it is the strongest wave that swings first.
    for m, what in ((np.ones(p.shape), "M = 1"), (other, "another M"), (p**2, "M = P²")):
        step = 0.5 * (p / m).min()
        close(forecast(S, p, m, step, what)[0], 2 * (p / m).min(), f"{what}: the limit of the step")


@check("q2", points=1)
def law_of_the_run(S):
    """The stationary power, found by following each mode's power for long."""
    p = even_power(S, (6, 4))
    for m, what in ((np.ones(p.shape), "M = 1"), (p, "M = P"), (even_power(S, p.shape), "other M")):
        step, u = S.rng.uniform(0.6, 1.2) * (p / m).min(), np.zeros(p.shape)
        for _ in range(2000):
            u = (1 - step * m / p) ** 2 * u + 2 * step * m
        close(forecast(S, p, m, step, what)[1], u, f"{what}: the power")


@check("q2", points=1)
def slow_modes(S):
    """The number of steps, where the strongest wave is the slowest."""
    p = even_power(S, (6, 4))
    p[0, 0] = 60.0
    for m, what in ((np.ones(p.shape), "M = 1"), (np.sqrt(p), "M = √P")):
        step = 0.4 * (p / m).min()
        close(forecast(S, p, m, step, what)[2], slowest(p, m, step), f"{what}: number of steps")


@check("q2", points=1)
def swinging_modes(S):
    """The number of steps, where the weakest wave swings from side to side and forgets last."""
    p = even_power(S, (6, 4))
    step = 1.97 * p.min()
    got = forecast(S, p, np.ones(p.shape), step, "near the limit")[2]
    close(got, slowest(p, 1.0, step), "near the limit: number of steps")


# ---- q3: a walk without bias

N = 6000


def walk(S, x, p, step, steps, what):
    got = S.call("exact_walk", x, p, step, steps, generator(S))
    return numbers(got, x.shape, what)


def powers(x):
    return np.abs(np.fft.fft2(x)) ** 2 / x[0].size


@check("q3", points=1)
def draws_from_rng(S):
    """The same generator gives the same fields, another one gives others."""
    p, x = even_power(S, (4, 5)), S.rng.standard_normal((2, 4, 5))
    need_own_generator(lambda rng: S.call("exact_walk", x, p, 0.4, 2, rng), x.shape, "the fields")


@check("q3", points=1)
def right_power(S):
    """At a large step the power is P, for every mode."""
    p = even_power(S, (4, 4))
    step = S.rng.uniform(0.6, 0.9)
    x = walk(S, np.zeros((N, 4, 4)), p, step, 12, "a walk")
    got = powers(x)
    for k in ((0, 0), (2, 2), (0, 1), (1, 2), (3, 1)):
        mode = got[:, k[0], k[1]]
        se = mode.std() / np.sqrt(N)
        within(mode.mean(), p[k], se, f"step {step:.2f}: the power of mode {k}")


@check("q3", points=1)
def right_memory(S):
    """After t steps the start is left with the factor (1 - η)^t, whatever the mode."""
    p, step = even_power(S, (4, 4)), S.rng.uniform(0.1, 0.3)
    start = 10 * S.rng.standard_normal((1, 4, 4))
    x = walk(S, np.repeat(start, N, 0), p, step, 3, "a walk")
    error = x.std(0) / np.sqrt(N)
    for i, j in ((0, 0), (1, 3), (2, 2)):
        want = (1 - step) ** 3 * start[0, i, j]
        within(x[:, i, j].mean(), want, error[i, j], f"3 steps of {step:.2f}: cell {(i, j)}")


@check("q3", points=1)
def pinned_walk(S):
    """A pinned mean that starts at 0 stays there."""
    p = even_power(S, (4, 6), pinned=True)
    x = walk(S, np.zeros((3, 4, 6)), p, 0.5, 4, "a pinned walk")
    need(np.abs(x).max() > 0.1, "the fields did not move")
    close(x.mean((1, 2)), np.zeros(3), "a pinned walk: the means", atol=1e-9)


# ---- q4: a binned spectrum


def by_hand(x, box, edges):
    """Mode by mode, in the full plane."""
    n = x.shape[0]
    square = np.abs(waves(x.shape) @ x.ravel()) ** 2
    line = np.array([i if i <= n // 2 else i - n for i in range(n)]) * 2 * np.pi / box
    k = np.hypot(line[:, None], line[None, :]).ravel()
    inside = [(k >= a) & (k < b) & (k > 0) for a, b in pairwise(edges)]
    power = [square[i].mean() * box**2 / x.size**2 for i in inside]
    return np.array(power), np.array([i.sum() for i in inside])


def spectrum(S, n, box, what, share=1.05):
    x = S.rng.standard_normal((n, n)) + S.rng.uniform(1, 2)
    edges = np.linspace(0, np.sqrt(2) * np.pi * n / box * share, 4)
    got = parts(S.call("binned", x, box, edges), 2, what)
    return [numbers(g, (3,), what) for g in got], by_hand(x, box, edges)


@check("q4", points=1)
def counts_of_the_plane(S):
    """The numbers of modes are those of the full plane, without k = 0."""
    for n in (8, 7):
        got, want = spectrum(S, n, S.rng.uniform(20, 90), f"{n} × {n} cells")
        close(got[1], want[1], f"{n} × {n} cells: numbers of modes")


@check("q4", points=1)
def shape_of_the_spectrum(S):
    """The powers are in the right proportion, bin by bin."""
    got, want = spectrum(S, 8, S.rng.uniform(20, 90), "8 × 8 cells")
    close(got[0] / got[0].sum(), want[0] / want[0].sum(), "powers over their sum")


@check("q4", points=1)
def units_of_the_spectrum(S):
    """The powers are in units of area."""
    for n in (8, 7):
        got, want = spectrum(S, n, S.rng.uniform(20, 90), f"{n} × {n} cells")
        close(got[0], want[0], f"{n} × {n} cells: powers")


# ---- q5: what is wrong with this survey


def survey_step(x, y, seen, p, tau, step, z):
    """With matrices."""
    c = dense(p)
    values, vectors = np.linalg.eigh(c)
    root = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
    data = np.where(seen, y, 0.0) - np.where(seen, x, 0.0)
    new = -x.ravel() + c @ data.ravel() / tau**2
    return x + step * new.reshape(x.shape) + np.sqrt(2 * step) * (root @ z.ravel()).reshape(x.shape)


def survey(S, seen, noise, what):
    p, tau, step = even_power(S, (4, 5)), S.rng.uniform(0.4, 0.9), S.rng.uniform(0.01, 0.1)
    x, y, z = S.rng.standard_normal((3, 4, 5))
    y = np.where(seen, y, 0.0)
    z = noise * z
    got = numbers(S.call("survey_step", x, y, seen, p, tau, step, z), x.shape, what)
    close(got, survey_step(x, y, seen, p, tau, step, z), what)


@check("q5", points=1)
def without_noise(S):
    """Without a kick the step follows the posterior score, holes or not."""
    survey(S, S.rng.random((4, 5)) < 0.5, 0.0, "holes, no kick")


@check("q5", points=1)
def without_holes(S):
    """Where everything is seen the kick is that of M = P."""
    survey(S, np.ones((4, 5), bool), 1.0, "no holes, a kick")


@check("q5", points=1)
def with_both(S):
    """Both at once."""
    survey(S, S.rng.random((4, 5)) < 0.5, 1.0, "holes and a kick")
