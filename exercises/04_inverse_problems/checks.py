"""The checks of exercise 4. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import check, close, need, numbers

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "conditioning.condition",
    "conditioning.wiener",
    "conditioning.exact_likelihood",
    "conditioning._conditioned",
    "inverse.likelihood_score",
    "inverse.dps_score",
    "inverse.pigdm_score",
    "inverse.posterior_samples",
)


def spread_of(S, d, least=0.2):
    root = S.rng.normal(0, 1, (d, d))
    return root @ root.T / d + least * np.eye(d)


# ---- q1: the adjoint


def camera_matrix(d, width, stride):
    A = np.zeros((d // stride, d))
    for j in range(d // stride):
        A[j, j * stride : j * stride + width] = 1 / width
    return A


def judge_adjoint(S, d, width, stride, what):
    A = camera_matrix(d, width, stride)
    y = S.rng.normal(0, 1, (3, len(A)))
    close(S.call("camera_adjoint", y, width, stride, d), y @ A, what)


@check("q1", points=1)
def side_by_side(S):
    """Where windows lie side by side every pixel hears of one reading."""
    width = int(S.rng.integers(2, 5))
    judge_adjoint(S, 6 * width, width, width, f"width = stride = {width}")


@check("q1", points=2)
def overlapping(S):
    """Where windows overlap a pixel adds up what it hears."""
    for width, stride in ((5, 2), (4, 1), (3, 2)):
        d = stride * int(S.rng.integers(8, 12))
        judge_adjoint(S, d, width, stride, f"width {width}, stride {stride}")


@check("q1", points=1)
def gaps(S):
    """Pixels that no window sees get nothing, and the last windows may be cut."""
    judge_adjoint(S, 4 * int(S.rng.integers(4, 7)) + 3, 2, 4, "width 2, stride 4")
    judge_adjoint(S, int(S.rng.integers(9, 14)), 20, 3, "a window longer than the row")


# ---- q2: a normal prior


def conditioned(mean, cov, A, y, tau):
    """By precisions, the other way round."""
    precision = np.linalg.inv(cov) + A.T @ A / tau**2
    after = np.linalg.inv(precision)
    return after @ (np.linalg.solve(cov, mean) + A.T @ y / tau**2), after


def judge_update(S, mean, cov, A, y, tau, want, what):
    got = S.call("update", mean, cov, A, y, tau)
    need(isinstance(got, tuple | list) and len(got) == 2, "return two things: mean, cov")
    close(got[0], want[0], f"{what}, mean")
    close(got[1], want[1], f"{what}, covariance")


@check("q2", points=1)
def one_number(S):
    """One number measured directly: precisions add."""
    for _ in range(3):
        m, v, tau = S.rng.normal(0, 2), S.rng.uniform(0.5, 3), S.rng.uniform(0.2, 2)
        y, v_after = S.rng.normal(0, 2), 1 / (1 / v + 1 / tau**2)
        want = [v_after * (m / v + y / tau**2)], [[v_after]]
        given = np.array([m]), np.array([[v]]), np.eye(1), np.array([y]), tau
        judge_update(S, *given, want, f"v = {v:.2f}, τ = {tau:.2f}")


@check("q2", points=2)
def in_space(S):
    """In d dimensions, with fewer or more measurements than unknowns."""
    for d, m in ((4, 2), (3, 5)):
        mean, cov = S.rng.normal(0, 2, d), spread_of(S, d)
        A, y, tau = S.rng.normal(0, 1, (m, d)), S.rng.normal(0, 2, m), S.rng.uniform(0.3, 1)
        want = conditioned(mean, cov, A, y, tau)
        judge_update(S, mean, cov, A, y, tau, want, f"d = {d}, m = {m}")


@check("q2", points=1)
def no_inverse(S):
    """A prior that is certain of a direction stays certain of it."""
    flat = S.rng.normal(0, 1, (4, 2))
    mean, A, tau = S.rng.normal(0, 1, 4), S.rng.normal(0, 1, (3, 4)), S.rng.uniform(0.3, 1)
    y = S.rng.normal(0, 2, 3)
    # x = mean + flat z: two unknowns with a prior N(0, I).
    z, z_cov = conditioned(np.zeros(2), np.eye(2), A @ flat, y - A @ mean, tau)
    want = mean + flat @ z, flat @ z_cov @ flat.T
    judge_update(S, mean, flat @ flat.T, A, y, tau, want, "a flat prior")


# ---- q3: the likelihood of a noisy point


def joint_score(x, sigma, mean, cov, A, y, tau):
    """The score of p(x_σ, y) by x_σ, less that of p(x_σ)."""
    d, m = len(mean), len(A)
    noisy, seen = cov + sigma**2 * np.eye(d), A @ cov @ A.T + tau**2 * np.eye(m)
    both = np.block([[noisy, cov @ A.T], [A @ cov, seen]])
    away = np.concatenate([x - mean, np.broadcast_to(y - A @ mean, (len(x), m))], 1)
    return -np.linalg.solve(both, away.T).T[:, :d] + np.linalg.solve(noisy, (x - mean).T).T


def problem(S, d, m, centred=False):
    mean = np.zeros(d) if centred else S.rng.normal(0, 2, d)
    cov, A = spread_of(S, d), S.rng.normal(0, 1, (m, d))
    return mean, cov, A, S.rng.normal(0, 2, m), S.rng.uniform(0.3, 0.8)


@check("q3", points=1)
def nearly_clean(S):
    """At a tiny noise level it is the likelihood of the clean point."""
    mean, cov, A, y, tau = problem(S, 3, 2)
    x = mean + S.rng.normal(0, 1, (6, 3))
    got = S.call("noisy_likelihood", x, 1e-6, mean, cov, A, y, tau)
    close(got, (y - x @ A.T) @ A / tau**2, "at σ = 0.000001", rtol=1e-5, atol=1e-6)


@check("q3", points=2)
def noisy(S):
    """At any noise level it is the score of p(y | x_σ)."""
    for d, m, sigma in ((1, 1, 1.0), (3, 2, 0.5), (4, 6, 3.0)):
        mean, cov, A, y, tau = problem(S, d, m)
        x = mean + np.hypot(sigma, 1) * S.rng.normal(0, 1, (6, d))
        want = joint_score(x, sigma, mean, cov, A, y, tau)
        got = S.call("noisy_likelihood", x, sigma, mean, cov, A, y, tau)
        close(got, want, f"d = {d}, m = {m}, σ = {sigma}")


# ---- q4: several hills


def right_likelihood(x, sigma, w, m, v, y, tau):
    """By differentiating the sum over hills of share times normal density of y."""
    total, t2 = v + sigma**2, tau**2
    away = m[:, None] - x
    log_share = np.log(w)[:, None] - away**2 / (2 * total[:, None]) - np.log(total)[:, None] / 2
    log_share -= np.logaddexp.reduce(log_share, 0)
    share = np.exp(log_share)
    slope = away / total[:, None]
    slope_share = slope - (share * slope).sum(0)  # of log share
    keep = (v / total)[:, None]
    gap = y - (m[:, None] + keep * (x - m[:, None]))
    spread = (v * sigma**2 / total)[:, None] + t2
    log_y = -(gap**2) / (2 * spread) - np.log(spread) / 2
    log_part = log_share + log_y
    part = np.exp(log_part - log_part.max(0))
    part /= part.sum(0)
    return (part * (slope_share + keep * gap / spread)).sum(0)


def hills(S, k):
    w = S.rng.dirichlet(np.full(k, 5.0))
    return w, S.rng.normal(0, 3, k), S.rng.uniform(0.2, 1.5, k)


@check("q4", points=1)
def one_hill(S):
    """With one hill it is the answer for a normal prior."""
    w, m, v = hills(S, 1)
    x, y, tau, sigma = m[0] + S.rng.normal(0, 2, 8), S.rng.normal(0, 3), 0.4, S.rng.uniform(0.3, 2)
    keep = v / (v + sigma**2)
    want = keep * (y - m - keep * (x - m)) / (keep * sigma**2 + tau**2)
    close(S.call("mixture_likelihood", x, sigma, w, m, v, y, tau), want, "one hill")


@check("q4", points=2)
def many_hills(S):
    """With several hills the measurement also chooses among them."""
    for k, sigma in ((2, 0.5), (3, 1.5), (5, 4.0)):
        w, m, v = hills(S, k)
        x, y, tau = S.rng.normal(0, 3, 12), S.rng.normal(0, 3), S.rng.uniform(0.3, 1)
        want = right_likelihood(x, sigma, w, m, v, y, tau)
        got = S.call("mixture_likelihood", x, sigma, w, m, v, y, tau)
        close(got, want, f"{k} hills, σ = {sigma}")


@check("q4", points=1)
def far_away(S):
    """Hundreds of widths away it is still finite and right."""
    w, m, v = hills(S, 3)
    x = S.rng.uniform(200, 400, 8) * S.rng.choice([-1, 1], 8)
    y, tau = S.rng.uniform(100, 150), 0.5
    got = S.call("mixture_likelihood", x, 1.0, w, m, v, y, tau)
    close(got, right_likelihood(x, 1.0, w, m, v, y, tau), "far away")


# ---- q5: which of these runs


NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)


def ends(v, tau, y):
    """Mean and variance of the honest posterior, and of a noise-free run, by quadrature."""
    t = 12 * tau**2 * (NODES + 1)
    weights = 12 * tau**2 * WEIGHTS
    mean = y / tau**2 * (v / (v + t) * np.exp(-t / tau**2)) @ weights
    variance = ((v / (v + t)) ** 2 * np.exp(-2 * t / tau**2)) @ weights
    return (y * v / (v + tau**2), v * tau**2 / (v + tau**2)), (mean, variance)


def judge_runs(S, k, n, v, tau, far, what, guilty=None):
    guilty = int(S.rng.choice([5, 6])) if guilty is None else guilty
    used = S.rng.permutation((np.arange(k) < guilty).astype(int))
    runs = np.empty((k, n))
    for i in range(k):
        y = far * S.rng.choice([-1, 1]) * S.rng.uniform(0.5, 1) * np.sqrt(v + tau**2)
        mean, variance = ends(v, tau, y)[used[i]]
        draws = S.rng.standard_normal(n)
        draws = (draws - draws.mean()) / draws.std()  # luck plays no part in a mark
        runs[i] = mean + np.sqrt(variance) * draws
    got = S.call("noise_free", runs, v, tau)
    need(got is not None, "the function returned nothing; is a return missing?")
    found = numbers(np.asarray(got) * 1, (k,), what)
    need(np.isin(found, (0, 1)).all(), f"{what}: expected only 0 and 1, got {found}")
    wrong = int((found != used).sum())
    need(not wrong, f"{what}: {wrong} of {k} runs are taken for the other kind")


@check("q5", points=1)
def sharp(S):
    """A sharp measurement: the noise-free likelihood halves the variance."""
    v = S.rng.uniform(0.5, 4)
    judge_runs(S, 8, 400, v, np.sqrt(v) * S.rng.uniform(0.05, 0.2), 1.0, "small τ")


@check("q5", points=1)
def blunt(S):
    """A blunt measurement: less is lost, and it still shows. All may be guilty, or none."""
    for ratio, guilty in ((1.0, 3), (2.0, 0), (2.0, 8)):
        v = S.rng.uniform(0.05, 0.4)
        judge_runs(S, 8, 400, v, ratio * np.sqrt(v), 1.0, f"τ = {ratio} √v", guilty)


@check("q5", points=1)
def anywhere(S):
    """Where the run lies, and in which unit, does not matter."""
    for v in (1e-4, 1e4):
        judge_runs(S, 8, 400, v * S.rng.uniform(1, 1.4), 0.7 * np.sqrt(v), 6.0, f"v near {v:g}")
