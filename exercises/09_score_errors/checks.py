"""The checks of exercise 9. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import Source, check, close, generator, need, numbers, within

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "score_errors.split_error",
    "score_errors.split_by",
    "score_errors.angles",
    "score_errors.scale_estimates",
    "score_errors.in_frame",
    "score_errors.data_multiplier",
    "score_errors._angles",
    "score_errors._ratio",
)


def several(got, count, what):
    """A tuple (or array) of so many numbers, as an array."""
    need(got is not None, f"{what}: the function returned nothing; is a return missing?")
    need(
        isinstance(got, tuple | np.ndarray) and len(got) == count,
        f"{what}: expected a tuple of {count} numbers",
    )
    return np.array([float(numbers(value, (), what)) for value in got])


def turned(arrows, angle):
    """Arrows of the plane, each turned by its angle."""
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c * arrows[:, 0] - s * arrows[:, 1], s * arrows[:, 0] + c * arrows[:, 1]], 1)


def crooked(S, n):
    """Arrows of known length ratio and angle at each point, and the exact ones."""
    exact = S.rng.normal(0, 2, (n, 2))
    ratio, angle = S.rng.uniform(0.3, 2, n), S.rng.uniform(-3, 3, n)
    return ratio[:, None] * turned(exact, angle), exact, ratio, angle


# ---- q1: two scales and an angle


@check("q1", points=1)
def multiples(S):
    """A multiple of the exact score has its factor, without a rest."""
    for c, d in ((S.rng.uniform(0.2, 0.8), 2), (-S.rng.uniform(1.5, 3), 5)):
        exact = S.rng.normal(0, 1, (80, d))
        got = several(S.call("split", c * exact, exact), 4, f"{c:.2f} times the exact score")
        want = [abs(c), 0, c, 0 if c > 0 else np.pi]
        close(got, want, f"{c:.2f} times the exact score", atol=1e-6)


@check("q1", points=2)
def lengths_and_fits(S):
    """Both fits and the calibrated RMSE are right where lengths and angles vary."""
    s, exact, ratio, angle = crooked(S, 200)
    square = (exact**2).sum(1)
    norm = np.average(ratio, weights=square)
    vector = np.average(ratio * np.cos(angle), weights=square)
    rest = np.sqrt(np.mean((ratio - norm) ** 2 * square))
    got = several(S.call("split", s, exact), 4, "crooked arrows")
    close(got[:3], [norm, rest, vector], "crooked arrows: the two fits and the calibrated RMSE")


@check("q1", points=1)
def mean_angle(S):
    """The angle is the mean of the angles at the points."""
    s, exact, _, angle = crooked(S, 200)
    got = several(S.call("split", s, exact), 4, "crooked arrows")
    close(got[3], np.abs(angle).mean(), "crooked arrows: the mean angle")


@check("q1", points=1)
def zero_arrows(S):
    """A point without an angle is left out of the mean angle, not out of the fits."""
    s, exact, ratio, angle = crooked(S, 60)
    s[:10], exact[40:] = 0, 0
    ratio[:10] = 0
    square = (exact**2).sum(1)
    norm = np.average(ratio, weights=square)
    vector = np.average(ratio * np.cos(angle), weights=square)
    rest = np.sqrt(np.mean((np.linalg.norm(s, axis=1) - norm * np.sqrt(square)) ** 2))
    got = several(S.call("split", s, exact), 4, "with zero arrows")
    want = [norm, rest, vector, np.abs(angle[10:40]).mean()]
    close(got, want, "with zero arrows")


# ---- q2: three parts that add up


@check("q2", points=1)
def one_at_a_time(S):
    """A pure scale error, and a pure turn, are in the right part."""
    exact, c, angle = S.rng.normal(0, 1, (60, 2)), S.rng.uniform(0.3, 0.8), S.rng.uniform(0.5, 2)
    got = several(S.call("parts", c * exact, exact), 3, "a pure scale error")
    close(got, [(c - 1) ** 2, 0, 0], "a pure scale error")
    got = several(S.call("parts", turned(exact, angle), exact), 3, "a pure turn")
    close(got, [0, 0, 2 * (1 - np.cos(angle))], "a pure turn")


@check("q2", points=1)
def uneven_lengths(S):
    """Lengths that vary about the right mean are uneven, not scaled."""
    exact, ratio = S.rng.normal(0, 1, (60, 3)), S.rng.uniform(0.5, 2, 60)
    square = (exact**2).sum(1)
    norm = np.average(ratio, weights=square)
    want = [(norm - 1) ** 2, np.average((ratio - norm) ** 2, weights=square), 0]
    got = several(S.call("parts", ratio[:, None] * exact, exact), 3, "uneven lengths")
    close(got, want, "uneven lengths")


@check("q2", points=1)
def all_three(S):
    """With all three at once each part is right."""
    s, exact, ratio, angle = crooked(S, 150)
    square = (exact**2).sum(1)
    norm = np.average(ratio, weights=square)
    uneven = np.average((ratio - norm) ** 2, weights=square)
    direction = np.average(2 * ratio * (1 - np.cos(angle)), weights=square)
    got = several(S.call("parts", s, exact), 3, "all three")
    close(got, [(norm - 1) ** 2, uneven, direction], "all three")


# ---- q3: what L2 does to a linear score


def by_matrices(variances, sigma, lam):
    """The same from the normal equations, with matrices and a minimum over a grid refined twice."""
    cov = np.diag(variances) + sigma**2 * np.eye(len(variances))
    w = sigma * np.linalg.inv(cov + lam * np.eye(len(cov)))
    own, exact = -w / sigma, -np.linalg.inv(cov)
    work, total = np.trace(own @ cov @ exact.T), np.trace(exact @ cov @ exact.T)
    factor = work / np.trace(own @ cov @ own.T)
    left = factor * own - exact
    return work / total, np.sqrt(max(0.0, np.trace(left @ cov @ left.T) / total))


@check("q3", points=1)
def on_a_line(S):
    """In one dimension the score is shrunk by (v + σ²)/(v + σ² + λ), and a factor repairs it."""
    for _ in range(3):
        v, sigma, lam = S.rng.uniform(0.2, 3), S.rng.uniform(0.2, 2), S.rng.uniform(0.1, 2)
        got = several(S.call("ridge_split", np.array([v]), sigma, lam), 2, "on a line")
        close(got, [(v + sigma**2) / (v + sigma**2 + lam), 0], "on a line", atol=1e-6)


@check("q3", points=1)
def round_data(S):
    """For round data a factor repairs everything, in any dimension."""
    v, sigma, lam = S.rng.uniform(0.2, 3), S.rng.uniform(0.2, 2), S.rng.uniform(0.1, 2)
    got = several(S.call("ridge_split", np.full(6, v), sigma, lam), 2, "round data")
    close(got, [(v + sigma**2) / (v + sigma**2 + lam), 0], "round data", atol=1e-6)


@check("q3", points=2)
def thin_data(S):
    """For thin data it does not, and both numbers are right."""
    for d in (2, 4):
        v, sigma = S.rng.uniform(0.01, 2, d), S.rng.uniform(0.05, 0.3)
        v[0], v[1] = 0.01, 2.0
        lam = S.rng.uniform(0.1, 1)
        got = several(S.call("ridge_split", v, sigma, lam), 2, f"thin data, d = {d}")
        close(got, by_matrices(v, sigma, lam), f"thin data, d = {d}")


# ---- q4: a factor without the truth

N = 12_000
BELL = "lambda y, sigma: -c * y / (v + sigma**2)"


def factor_error(s, eps, sigma):
    """The standard error of the factor, from the spread over points."""
    work, square = -(eps * s).sum(1) / sigma, (s**2).sum(1)
    a = work.mean() / square.mean()
    return (work - a * square).std() / (square.mean() * np.sqrt(len(s)))


@check("q4", points=1)
def draws_from_rng(S):
    """The same generator gives the same factor, another one gives another."""
    x, score = S.rng.normal(0, 1, (50, 2)), Source(BELL, c=1.3, v=1.0)
    a, b = (Source("np.random.default_rng(seed)", seed=seed) for seed in (1, 2))
    first, again, other = (
        float(numbers(S.call("data_factor", score, x, 0.5, rng), (), "the factor"))
        for rng in (a, a, b)
    )
    need(first == again, "the same rng gave another factor; draw from rng only")
    need(first != other, "another rng gave the same factor; is rng used at all?")


@check("q4", points=1)
def finds_the_scale(S):
    """Of c times the exact score the factor is 1/c."""
    v, c, sigma = S.rng.uniform(0.5, 2), S.rng.uniform(0.3, 0.6), S.rng.uniform(0.4, 0.9)
    x, eps = np.sqrt(v) * S.rng.standard_normal((N, 3)), S.rng.standard_normal((N, 3))
    error = factor_error(-c * (x + sigma * eps) / (v + sigma**2), eps, sigma)
    got = S.call("data_factor", Source(BELL, c=c, v=v), x, sigma, generator(S))
    within(got, 1 / c, error, f"{c:.2f} times the exact score")


@check("q4", points=1)
def turned_score(S):
    """Of a score turned by θ it is cos θ; and long arrows count for more than short ones."""
    angle, sigma = S.rng.uniform(0.6, 1.1), S.rng.uniform(0.6, 0.85)
    x, eps = S.rng.standard_normal((N, 2)), S.rng.standard_normal((N, 2))
    turn = turned(np.eye(2), angle)
    error = factor_error(-(x + sigma * eps) @ turn / (1 + sigma**2), eps, sigma)
    score = Source("lambda y, sigma: -y @ turn / (1 + sigma**2)", turn=turn)
    got = S.call("data_factor", score, x, sigma, generator(S))
    within(got, np.cos(angle), error, f"turned by {angle:.2f}")
    y, total = x + sigma * eps, 1 + sigma**2
    error = factor_error(-y * np.linalg.norm(y, axis=1, keepdims=True), eps, sigma)
    score = Source("lambda y, sigma: -y * np.linalg.norm(y, axis=1, keepdims=True)")
    got = S.call("data_factor", score, x, sigma, generator(S))
    within(got, 3 * np.sqrt(np.pi * total / 2) / (8 * total**2), error, "arrows of length |y|²")


# ---- q5: what is wrong with this report


@check("q5", points=1)
def reads_scales(S):
    """The first column is the norm fit of each region, the factor on the exact arrows."""
    exact, c = S.rng.normal(0, 1, (90, 2)), S.rng.uniform(0.2, 3, 3)
    region = S.rng.permutation(np.repeat([2, 5, 7], 30))
    s = c[np.searchsorted([2, 5, 7], region), None] * exact
    got = numbers(S.call("report", s, exact, region), (3, 2), "the report")
    close(got[:, 0], c, "scaled arrows: the first column")


@check("q5", points=1)
def reads_angles(S):
    """The second column is the mean angle of each region, in degrees."""
    exact, angle = S.rng.normal(0, 1, (90, 2)), S.rng.uniform(-3, 3, 90)
    region = S.rng.permutation(np.repeat([0, 1, 2], 30))
    got = numbers(S.call("report", turned(exact, angle), exact, region), (3, 2), "the report")
    want = [np.degrees(np.abs(angle[region == k]).mean()) for k in range(3)]
    close(got[:, 1], want, "turned arrows: the second column")


@check("q5", points=1)
def reads_both(S):
    """Both columns are right where lengths and angles vary, with regions of unequal size."""
    s, exact, ratio, angle = crooked(S, 100)
    region = np.repeat([1, 4], [20, 80])
    got = numbers(S.call("report", s, exact, region), (2, 2), "the report")
    want = [
        [
            np.average(ratio[region == k], weights=(exact[region == k] ** 2).sum(1)),
            np.degrees(np.abs(angle[region == k]).mean()),
        ]
        for k in (1, 4)
    ]
    close(got, want, "crooked arrows")
