"""The checks of exercise 2. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import Source, check, close, need, numbers, seeded, within

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "densities.Gaussian",
    "densities.GaussianMixture",
    "densities.Empirical",
    "denoising.noisy_score",
    "denoising.tweedie_mean",
    "denoising.dsm_loss",
    "networks.ScaledNet",
)


def new_seed(S):
    return int(S.rng.integers(2**31))


# ---- q1: the posterior mean under a normal prior


def random_cov(rng, d):
    root = rng.normal(0, 1, (d, d))
    return root @ root.T + 0.2 * np.eye(d)


@check("q1", points=1)
def on_a_line(S):
    """On a line the mean given y lies between y and the prior mean, at a known share of the way."""
    m, v, sigma = S.rng.normal(0, 2), S.rng.uniform(0.3, 3), S.rng.uniform(0.3, 2)
    y = S.rng.normal(m, 2, (6, 1))
    got = S.call("posterior_mean", y, np.array([m]), np.array([[v]]), sigma)
    close(got, (v * y + sigma**2 * m) / (v + sigma**2), "on a line")


@check("q1", points=1)
def correlated(S):
    """With correlated coordinates every coordinate of y counts."""
    cov, m, sigma = random_cov(S.rng, 3), S.rng.normal(0, 2, 3), S.rng.uniform(0.4, 1.5)
    y = S.rng.normal(0, 2, (7, 3))
    precision = np.linalg.inv(cov)
    pull = precision @ m + y / sigma**2  # precisions add, and so do the pulls
    want = np.linalg.solve(precision + np.eye(3) / sigma**2, pull.T).T
    close(S.call("posterior_mean", y, m, cov, sigma), want, "in three dimensions")


@check("q1", points=1)
def flat(S):
    """Data that lie on a line in the plane may be denoised too: onto that line."""
    angle, length, sigma = S.rng.uniform(0.2, 1.3), S.rng.uniform(1, 2), S.rng.uniform(0.4, 1.5)
    u, m = np.array([np.cos(angle), np.sin(angle)]), S.rng.normal(0, 2, 2)
    y = S.rng.normal(0, 2, (6, 2))
    along = length**2 / (length**2 + sigma**2) * ((y - m) @ u)
    got = S.call("posterior_mean", y, m, length**2 * np.outer(u, u), sigma)
    close(got, m + along[:, None] * u, "with a covariance of rank one")


# ---- q2: the score of a blurred data set


def log_p(y, points, sigma):
    square = ((y[:, None] - points) ** 2).sum(-1)
    return np.logaddexp.reduce(-square / (2 * sigma**2), axis=1)


@check("q2", points=1)
def one_point(S):
    """A data set of one point, blurred, is a normal density."""
    point, sigma = S.rng.normal(0, 1, (1, 3)), S.rng.uniform(0.3, 1.5)
    y = S.rng.normal(0, 2, (6, 3))
    close(S.call("data_score", y, point, sigma), (point - y) / sigma**2, "with one data point")


@check("q2", points=2)
def gradient(S):
    """The score is the gradient of log p, by central differences."""
    points, sigma = S.rng.normal(0, 1.5, (9, 2)), S.rng.uniform(0.6, 1.0)
    y, h = S.rng.normal(0, 1.5, (100, 2)), 1e-5
    rise = [
        (log_p(y + h * e, points, sigma) - log_p(y - h * e, points, sigma)) / (2 * h)
        for e in np.eye(2)
    ]
    got = S.call("data_score", y, points, sigma)
    close(got, np.stack(rise, axis=1), "against differences of log p", rtol=1e-6, atol=1e-6)


@check("q2", points=1)
def memory(S):
    """With tiny noise, and far away, the arrow leads to the nearest data point, and is not 0/0."""
    corners = 3.0 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    points = corners + S.rng.uniform(-0.5, 0.5, (4, 2))
    which = S.rng.permutation(np.repeat(np.arange(4), 3))
    sigma = S.rng.uniform(0.01, 0.02)
    y = points[which] * S.rng.uniform(1.2, 1.5, (12, 1))
    got = S.call("data_score", y, points, sigma)
    close(got, (points[which] - y) / sigma**2, "with tiny noise", rtol=1e-6, atol=1e-6)


# ---- q3: the denoising loss

SLANTED = "lambda y, sigma: (y @ turn + shift) / (1 + np.asarray(sigma)[:, None])"


def slanted(S, d):
    turn, shift = S.rng.normal(0, 1, (d, d)), S.rng.normal(0, 1, d)
    return Source(SLANTED, turn=turn, shift=shift), turn, shift


@check("q3", points=2)
def replay(S):
    """With the same generator the loss of each point is what the definition says."""
    score, turn, shift = slanted(S, 3)
    x, sigma, seed = S.rng.normal(0, 2, (8, 3)), S.rng.uniform(0.2, 2, 8), new_seed(S)
    eps = np.random.default_rng(seed).standard_normal(x.shape)
    level = sigma[:, None]
    arrow = ((x + level * eps) @ turn + shift) / (1 + level)
    got = S.call("dsm_loss", score, x, sigma, seeded(seed))
    close(got, ((eps + level * arrow) ** 2).sum(1), "the loss of each point")


@check("q3", points=1)
def own_generator(S):
    """Another generator gives other losses."""
    score, _, _ = slanted(S, 2)
    x, sigma = S.rng.normal(0, 2, (9, 2)), S.rng.uniform(0.5, 2, 9)
    a, b = S.rng.choice(2**31, 2, replace=False)
    first, other = (
        numbers(S.call("dsm_loss", score, x, sigma, seeded(seed)), (9,), "the losses")
        for seed in (a, b)
    )
    need((first != other).all(), "another rng gave the same losses; is rng used at all?")


@check("q3", points=1)
def floor(S):
    """The exact score of a normal density has the loss that theory gives, which is not zero."""
    n, d, v = 20_000, 2, S.rng.uniform(0.5, 2)
    x, sigma = np.sqrt(v) * S.rng.standard_normal((n, d)), S.rng.uniform(1.6, 2.0)
    score = Source("lambda y, sigma: -y / (v + np.asarray(sigma)[:, None] ** 2)", v=v)
    got = S.call("dsm_loss", score, x, np.full(n, sigma), seeded(new_seed(S)))
    want = d * v / (v + sigma**2)
    mean = numbers(got, (n,), "the losses").mean()
    within(mean, want, want * np.sqrt(2 / (n * d)), "the mean loss of the exact score")


# ---- q4: three faces of a scaled network

LAYER = "lambda u, log_sigma: np.tanh(u @ turn) * (1 + log_sigma)"


def three(S, network, y, sigma, sd):
    got = S.call("three_faces", network, y, sigma, sd)
    need(isinstance(got, tuple) and len(got) == 3, "return three arrays: score, denoised, noise")
    return got


@check("q4", points=1)
def asleep(S):
    """A network that says 0 stands for a round normal density."""
    y, sigma, sd = S.rng.normal(0, 2, (6, 3)), S.rng.uniform(0.3, 2), S.rng.uniform(0.5, 2)
    s, clean, noise = three(S, Source("lambda u, log_sigma: 0 * u"), y, sigma, sd)
    want = -y / (sigma**2 + sd**2)
    close(s, want, "F = 0: the score")
    close(clean, y + sigma**2 * want, "F = 0: the denoised points")
    close(noise, -sigma * want, "F = 0: the noise")


@check("q4", points=2)
def awake(S):
    """Score, denoised point and noise of any network agree with the scaling."""
    turn = S.rng.normal(0, 1, (3, 3))
    y, sigma, sd = S.rng.normal(0, 2, (6, 3)), S.rng.uniform(0.3, 2), S.rng.uniform(0.5, 2)
    total = sigma**2 + sd**2
    out = np.tanh(y / np.sqrt(total) @ turn) * (1 + np.log(sigma))
    want = sd**2 / total * y + sigma * sd / np.sqrt(total) * out
    s, clean, noise = three(S, Source(LAYER, turn=turn), y, sigma, sd)
    close(clean, want, "the denoised points")
    close(noise, (y - want) / sigma, "the noise")
    close(s, (want - y) / sigma**2, "the score")


@check("q4", points=1)
def tiny_noise(S):
    """At tiny noise the score still has all its digits."""
    y, sd = S.rng.normal(0, 2, (6, 3)), S.rng.uniform(0.5, 2)
    s, _, _ = three(S, Source("lambda u, log_sigma: 0 * u"), y, 1e-9, sd)
    close(s, -y / sd**2, "F = 0 and σ = 1e-9: the score")


# ---- q5: what is wrong with this run


def fitted(S, x, sigma, y, seed):
    return S.call("fit_score", x, sigma, y, seeded(seed))


@check("q5", points=1)
def normal_data(S):
    """On many points of a normal density the fit comes near to the score of the noisy density."""
    n, v, m = 20_000, S.rng.uniform(0.5, 1.5, 2), S.rng.uniform(1, 2, 2)
    x, sigma = m + np.sqrt(v) * S.rng.standard_normal((n, 2)), S.rng.uniform(0.4, 0.7)
    y = m + S.rng.normal(0, 1, (5, 2))
    got = numbers(fitted(S, x, sigma, y, new_seed(S)), y.shape, "the arrows")
    want = -(y - m) / (v + sigma**2)
    off = np.abs(got - want).max()
    # Five standard errors of the worst coefficient, at distance 4 from the middle at most.
    allowed = 5 * 4 / (sigma * np.sqrt(n * (v.min() + sigma**2)))
    need(off < allowed, f"the arrows are off by {off:.3g}; at most {allowed:.2g} is chance")


@check("q5", points=2)
def least_squares(S):
    """On a few points the fit is the one of least denoising loss for the noise drawn."""
    x, sigma, seed = S.rng.normal(1, 1, (30, 2)), S.rng.uniform(0.4, 1.5), new_seed(S)
    y = S.rng.normal(0, 1, (4, 2))
    eps = np.random.default_rng(seed).standard_normal(x.shape)
    noisy = x + sigma * eps
    centred = noisy - noisy.mean(0)
    slope = np.linalg.solve(centred.T @ centred, centred.T @ (eps - eps.mean(0)))
    want = -(eps.mean(0) + (y - noisy.mean(0)) @ slope) / sigma
    close(fitted(S, x, sigma, y, seed), want, "the fitted arrows")
