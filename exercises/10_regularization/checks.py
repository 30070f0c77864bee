"""The checks of exercise 10. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import Source, check, close, need, numbers

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "training.train",
    "stability.largest_stable_step",
    "stability.pulls",
    "diagnostics.ess",
    "diagnostics.chain_mean",
    "diagnostics._autocovariance",
)

# ---- q1: ridge


def noisy(S, n, d):
    """Noise (n, d) and noisy points whose coordinates are correlated."""
    noise, clean = S.rng.standard_normal((2, n, d))
    return noise, clean @ S.rng.normal(0, 1, (d, d)) + S.rng.uniform(0.3, 1.5) * noise


@check("q1", points=1)
def no_penalty(S):
    """Without a penalty it is least squares."""
    noise, y = noisy(S, 60, 3)
    want = np.linalg.lstsq(y, noise, rcond=None)[0].T
    close(S.call("ridge_denoiser", y, noise, 0.0), want, "λ = 0")


@check("q1", points=2)
def on_a_line(S):
    """On a line the weight is mean(εy) / (mean(y²) + λ)."""
    for _ in range(3):
        noise, y = noisy(S, int(S.rng.integers(20, 60)), 1)
        lam = S.rng.uniform(0.1, 2)
        want = (noise * y).mean() / ((y**2).mean() + lam)
        close(S.call("ridge_denoiser", y, noise, lam), [[want]], f"d = 1, λ = {lam:.2f}")


@check("q1", points=2)
def in_space(S):
    """In d dimensions the gradient of the loss vanishes at W."""
    for d in (2, 4):
        noise, y = noisy(S, int(S.rng.integers(30, 60)), d)
        lam = S.rng.uniform(0.1, 1)
        # Least squares with rows added for the penalty: another way to the same minimum.
        root = np.sqrt(lam * len(y) * d)
        rows, aims = np.r_[y, root * np.eye(d)], np.r_[noise, np.zeros((d, d))]
        want = np.linalg.lstsq(rows, aims, rcond=None)[0].T
        close(S.call("ridge_denoiser", y, noise, lam), want, f"d = {d}, λ = {lam:.2f}")


# ---- q2: the limit of a field that turns


def turned(S, matrix):
    """The same eigenvalues in other, skew coordinates."""
    basis = S.rng.normal(0, 1, matrix.shape) + 2 * np.eye(len(matrix))
    return basis @ matrix @ np.linalg.inv(basis)


@check("q2", points=1)
def real_pulls(S):
    """For real eigenvalues the steepest pull decides."""
    a = S.rng.uniform(0.3, 5, 3)
    close(S.call("step_limit", -np.diag(a)), 2 / a.max(), "diagonal")
    close(S.call("step_limit", turned(S, -np.diag(a))), 2 / a.max(), "not symmetric", rtol=1e-6)


@check("q2", points=2)
def turning(S):
    """For complex eigenvalues the turning counts too."""
    for _ in range(3):
        a, b, other = S.rng.uniform(0.3, 1), S.rng.uniform(1, 4), S.rng.uniform(0.2, 1)
        j = np.zeros((3, 3))
        j[:2, :2], j[2, 2] = [[-a, b], [-b, -a]], -other
        want = min(2 * a / (a**2 + b**2), 2 / other)
        close(S.call("step_limit", turned(S, j)), want, f"μ = -{a:.2f} ± {b:.2f}i", rtol=1e-6)


@check("q2", points=1)
def pushes(S):
    """If one eigenvalue pushes outwards no step is stable."""
    a = S.rng.uniform(0.5, 3, 3)
    a[S.rng.integers(3)] *= -1
    close(S.call("step_limit", turned(S, -np.diag(a))), 0.0, "one direction pushes")
    b = S.rng.uniform(1, 3)
    close(S.call("step_limit", np.array([[0, b], [-b, 0]])), 0.0, "a pure rotation")
    flat = np.array([[0.0, b], [0.0, -b]])
    close(S.call("step_limit", flat), 0.0, "a direction without any force")


@check("q2", points=1)
def not_the_largest(S):
    """The eigenvalue with the smallest limit need not be the largest one."""
    a, b = S.rng.uniform(0.05, 0.1), S.rng.uniform(0.8, 1.2)
    big = S.rng.uniform(3, 5)
    j = np.zeros((3, 3))
    j[:2, :2], j[2, 2] = [[-a, b], [-b, -a]], -big
    close(S.call("step_limit", j), 2 * a / (a**2 + b**2), "slow pull, fast turn", rtol=1e-6)


# ---- q3: τ


def direct(x, lags):
    """The formula, number by number."""
    k, n = x.shape
    off = x - x.mean()
    c = [
        sum(off[i, j] * off[i + t, j] for j in range(n) for i in range(k - t)) / (n * (k - t))
        for t in range(lags + 1)
    ]
    return 1 + 2 * sum(c[1:]) / c[0]


def chains(S, k, n, phi):
    x = np.empty((k, n))
    x[0] = S.rng.standard_normal(n)
    for i in range(1, k):
        x[i] = phi * x[i - 1] + np.sqrt(1 - phi**2) * S.rng.standard_normal(n)
    return x + S.rng.normal(0, 3)


@check("q3", points=2)
def by_the_formula(S):
    """It is the sum in the formula."""
    for phi in (0.6, 0.85):
        x, lags = chains(S, 60, 4, phi), int(S.rng.integers(4, 7))
        close(S.call("autocorrelation_time", x, lags), direct(x, lags), f"{lags} lags")


@check("q3", points=1)
def below_one(S):
    """Chains that swing from side to side have a time below one."""
    x = chains(S, 4000, 4, -0.6)
    got = float(numbers(S.call("autocorrelation_time", x, 20), (), "the time"))
    close(got, direct_fast(x, 20), "swinging chains")
    need(got < 0.5, f"for φ = -0.6 it is 0.25 in theory, got {got:.3f}")


@check("q3", points=1)
def one_chain(S):
    """A single chain, and a single lag, work too."""
    x = chains(S, 60, 1, 0.8)
    close(S.call("autocorrelation_time", x, 1), direct(x, 1), "one chain, one lag")


@check("q3", points=1)
def stuck(S):
    """Chains stuck in different places make it large."""
    x = chains(S, 400, 6, 0.2) + 5 * S.rng.permutation(np.repeat([-1.0, 1.0], 3))
    close(S.call("autocorrelation_time", x, 30), direct_fast(x, 30), "stuck chains")


def direct_fast(x, lags):
    off, k = x - x.mean(), len(x)
    c = [np.einsum("ij,ij->", off[: k - t], off[t:]) / off[t:].size for t in range(lags + 1)]
    return 1 + 2 * sum(c[1:]) / c[0]


# ---- q4: what is wrong with this measurement

MIXTURE = "lambda x: -x + m * np.tanh(m * x)"


@check("q4", points=1)
def one_pull(S):
    """On a normal density it finds steps below 2v, and no walker is lost beyond all numbers."""
    v = S.rng.uniform(0.5, 3)
    etas = v * np.array([1.0, 1.9, 2.02, 2.5])
    start = S.rng.normal(0, 1, (5, 2)) + 3
    got = S.call("largest_stable", Source("lambda x: -x / v", v=v), start, etas, 300)
    close(got, etas[1], f"v = {v:.2f}")
    score = Source("lambda x: np.tanh(x) - x")
    got = S.call("largest_stable", score, start, np.array([0.5, 4.0]), 800)
    close(got, 0.5, "a step that leads to NaN")


@check("q4", points=1)
def from_far_out(S):
    """On a mixture it starts where it is told to."""
    m = S.rng.uniform(2, 4)
    etas, score = np.array([0.5, 1.95, 2.2]), Source(MIXTURE, m=m)
    edge = 2.2 * m / 0.2
    inner = S.call("largest_stable", score, np.array([[0.8 * edge]]), etas, 200)
    close(inner, 2.2, "from inside the radius of escape")
    outer = S.call("largest_stable", score, np.array([[-1.2 * edge], [1.0]]), etas, 200)
    close(outer, 1.95, "from outside it")


@check("q4", points=1)
def any_order(S):
    """The steps may come in any order, and one walker that leaves is enough."""
    v = S.rng.uniform(0.5, 2)
    etas = v * np.array([2.1, 0.7, 1.6, 3.0, 0.2])
    start = np.array([[0.0, 0.0], [1.0, -2.0], [0.1, 0.0]])
    got = S.call("largest_stable", Source("lambda x: -x / v", v=v), start, etas, 100)
    close(got, 1.6 * v, "shuffled steps")
    far, grow = S.rng.uniform(3, 5), S.rng.uniform(0.12, 0.2)
    field = Source("lambda x: x * k", k=np.array([-1.0, grow]))
    start = np.array([[far, 0.0], [0.0, 0.9 * far]])
    got = S.call("largest_stable", field, start, np.array([1.0]), 2)
    close(got, 0.0, "the nearer of two walkers leaves")
    got = S.call("largest_stable", Source("lambda x: -x"), start, np.array([2.0, 2.5]), 10)
    close(got, 2.0, "η = 2 on N(0, 1), which keeps every length")


@check("q4", points=1)
def length(S):
    """Lengths at the end count, and where no step is stable the answer is zero."""
    angle = S.rng.uniform(0.6, 0.9)
    # Turns a walker on an axis towards the diagonal, where its largest coordinate is smaller.
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = Source("lambda x: x @ k.T - x", k=1.05 * spin)
    got = S.call("largest_stable", turn, np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([1.0]), 1)
    close(got, 0.0, "one leaves, turning")
    out = Source("lambda x: 0.1 * x")
    got = S.call("largest_stable", out, np.array([[1.0, 2.0]]), np.array([0.3, 1.0]), 50)
    close(got, 0.0, "it always leaves")
    shear = np.array([[-0.5, S.rng.uniform(3, 5)], [0.0, -0.5]])
    swerve = Source("lambda x: x @ k.T", k=shear)
    got = S.call("largest_stable", swerve, np.array([[0.0, 1.0]]), np.array([1.0]), 80)
    close(got, 1.0, "it swings out and comes back")
