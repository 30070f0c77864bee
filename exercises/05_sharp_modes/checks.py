"""The checks of exercise 5. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import Source, check, close, need, numbers

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "lipschitz.slopes",
    "lipschitz.steepest",
    "lipschitz.keep_bounded",
    "lipschitz.certificate",
    "derivatives.jacobian",
)


def rotation(rng, d):
    """A random orthogonal matrix."""
    q, r = np.linalg.qr(rng.normal(0, 1, (d, d)))
    return q * np.sign(np.diag(r))


# ---- q1: which directions blur


def settled(cov, bound, step):
    """The fixed point of S = (I - ηA) S (I - ηA) + 2η I, by going there."""
    values, axes = np.linalg.eigh(np.linalg.inv(cov))
    a = axes @ np.diag(np.clip(values, None, bound)) @ axes.T
    keep, now = np.eye(len(cov)) - step * a, np.array(cov)
    for _ in range(6000):
        now = keep @ now @ keep + 2 * step * np.eye(len(cov))
    return now


@check("q1", points=1)
def on_a_line(S):
    """On a line it is 1/(L(1 - ηL/2)) where the bound bites."""
    for _ in range(3):
        v, bound = S.rng.uniform(0.01, 0.1), S.rng.uniform(2, 8)
        step = S.rng.uniform(0.1, 0.8) / bound
        got = S.call("blurred_cov", np.array([[v]]), bound, step)
        close(got, settled([[v]], bound, step), f"v = {v:.3f}, L = {bound:.2f}, η = {step:.3f}")


@check("q1", points=1)
def nothing_clipped(S):
    """Where the bound does not bite, it is ULA's covariance."""
    root = S.rng.normal(0, 1, (3, 3))
    cov = root @ root.T + 0.5 * np.eye(3)
    step = 0.4 * np.linalg.eigvalsh(cov)[0]
    got = S.call("blurred_cov", cov, 100.0, step)
    close(got, settled(cov, 100.0, step), "with a bound that is never reached")


@check("q1", points=2)
def some_directions(S):
    """Only the narrow directions of a tilted Gaussian blur."""
    for d in (2, 4):
        turn = rotation(S.rng, d)
        v = np.geomspace(0.02, 1, d) * S.rng.uniform(0.8, 1.2, d)
        cov, bound = turn @ np.diag(v) @ turn.T, S.rng.uniform(5, 12)
        step = S.rng.uniform(0.2, 0.5) / bound
        got = S.call("blurred_cov", cov, bound, step)
        close(got, settled(cov, bound, step), f"a tilted Gaussian, d = {d}")


# ---- q2: back into the ball


def with_singular(S, m, n, values):
    return (
        rotation(S.rng, m)[:, : len(values)] @ np.diag(values) @ rotation(S.rng, n)[: len(values)]
    )


@check("q2", points=1)
def stays_inside(S):
    """A matrix within the bound stays as it is, and the argument is not changed."""
    w = with_singular(S, 4, 4, S.rng.uniform(0.1, 0.9, 4))
    locked = Source("w.setflags(write=False) or w", w=w)  # an array that cannot be changed
    close(S.call("project", locked, 1.0), w, "a matrix within the bound")


@check("q2", points=2)
def cuts(S):
    """Singular values above the bound are cut, the others stay."""
    for bound in (1.0, S.rng.uniform(2, 3)):
        values = bound * np.r_[S.rng.uniform(1.5, 4, 2), S.rng.uniform(0.1, 0.9, 3)]
        left, right = rotation(S.rng, 5), rotation(S.rng, 5)
        want = left @ np.diag(np.minimum(values, bound)) @ right
        got = S.call("project", left @ np.diag(values) @ right, bound)
        close(got, want, f"a square matrix, bound {bound:.2f}")


@check("q2", points=1)
def any_shape(S):
    """Also for tall and wide matrices."""
    for m, n in ((6, 2), (2, 6)):
        left, right = rotation(S.rng, m)[:, :2], rotation(S.rng, n)[:2]
        values = np.r_[S.rng.uniform(2, 4), S.rng.uniform(0.3, 0.8)]
        want = left @ np.diag(np.minimum(values, 1)) @ right
        got = S.call("project", left @ np.diag(values) @ right, 1.0)
        close(got, want, f"a matrix of shape {(m, n)}")


# ---- q3: how steep is it


@check("q3", points=1)
def linear(S):
    """For a linear field it is the spectral norm of its matrix."""
    a = S.rng.normal(0, 1, (3, 3))
    field = Source("lambda x: x @ a.T", a=a)
    got = S.call("steepest_slope", field, S.rng.normal(0, 1, (5, 3)), 1e-4)
    close(got, np.linalg.norm(a, 2), "a linear field")


@check("q3", points=1)
def one_among_many(S):
    """The steepest of many points counts."""
    x = S.rng.uniform(-1, 1, (40, 1))
    x[int(S.rng.integers(40)), 0] = 2.5
    got = S.call("steepest_slope", Source("lambda x: x**3"), x, 1e-4)
    close(got, 3 * 2.5**2, "x³, one point far out", rtol=1e-5)


@check("q3", points=2)
def bent(S):
    """On a bent field in space, with differences that are central."""
    a, h = S.rng.normal(0, 1, (3, 3)), 1e-2
    x = S.rng.normal(0, 0.7, (12, 3))
    want = 0.0
    for point in x:
        jac = np.empty((3, 3))
        for j in range(3):
            e = h * np.eye(3)[j]
            jac[:, j] = (np.sin(a @ (point + e)) - np.sin(a @ (point - e))) / (2 * h)
        want = max(want, np.sqrt(np.linalg.eigvalsh(jac.T @ jac)[-1]))
    field = Source("lambda x: np.sin(x @ a.T)", a=a)
    close(S.call("steepest_slope", field, x, h), want, "a bent field, h = 0.01")


# ---- q4: the end of the ladder


def followed(v, low, bound, noise, power):
    """Integrate du/dt = -power·a·u + noise, t = σ² falling, by small exact steps."""
    t = np.linspace(4.0, low**2, 40_001)
    u = v + t[0]
    for a, dt in zip(np.minimum(1 / (v + (t[1:] + t[:-1]) / 2), bound), -np.diff(t), strict=True):
        fade = np.exp(-power * a * dt)
        u = fade * u + noise * (1 - fade) / (power * a)
    return u


def both(v, low, bound):
    return np.array([followed(v, low, bound, 1, 2), followed(v, low, bound, 0, 1)])


@check("q4", points=1)
def never_clipped(S):
    """Where the bound never bites, both end at v + σ₀²."""
    v, low = S.rng.uniform(0.05, 0.2), S.rng.uniform(0.2, 0.4)
    want = np.full(2, v + low**2)
    just = 1 / (v + S.rng.uniform(0.2, 0.8) * low**2)  # enough because of the noise left in
    for bound in (just, S.rng.uniform(2, 3) / v):
        close(S.call("at_the_end", v, low, bound), want, "without clipping")


def clipped_case(S):
    v, low = S.rng.uniform(0.005, 0.02), S.rng.uniform(0.05, 0.1)
    bound = S.rng.uniform(0.2, 0.6) / (v + low**2)
    got = numbers(S.call("at_the_end", v, low, bound), (2,), "the two variances")
    return got, both(v, low, bound)


@check("q4", points=1)
def diffusion(S):
    """The reverse diffusion ends where its equation leads."""
    got, want = clipped_case(S)
    close(got[0], want[0], "the reverse diffusion", rtol=1e-4)


@check("q4", points=1)
def flow(S):
    """The probability flow ends where its equation leads."""
    got, want = clipped_case(S)
    close(got[1], want[1], "the probability flow", rtol=1e-4)


# ---- q5: what is wrong with this network


def right_chain(x, weights, biases, bound):
    h = np.array(x)
    for w, b in zip(weights, biases, strict=True):
        stretch = np.sqrt(np.linalg.eigvalsh(w.T @ w)[-1])
        w = w / stretch if stretch > 1 else w
        h = h - 2 * np.where(h @ w + b > 0, h @ w + b, 0) @ w.T
    return bound * h


def chain(S, layers, size):
    m = 4
    w = np.stack([with_singular(S, m, m, size * S.rng.uniform(0.5, 1, m)) for _ in range(layers)])
    return S.rng.normal(0, 1, (30, m)), w, S.rng.normal(0, 0.5, (layers, m)), S.rng.uniform(2, 4)


@check("q5", points=1)
def small_weights(S):
    """One layer that is small enough stays as it is."""
    x, w, b, bound = chain(S, 1, 0.9)
    close(S.call("bounded", x, w, b, bound), right_chain(x, w, b, bound), "one small layer")


@check("q5", points=1)
def large_weights(S):
    """One layer that is too large is divided by its spectral norm."""
    x, w, b, bound = chain(S, 1, 5.0)
    close(S.call("bounded", x, w, b, bound), right_chain(x, w, b, bound), "one large layer")


@check("q5", points=1)
def deep(S):
    """A chain of four layers is no steeper than the bound, and is the right one."""
    x, w, b, bound = chain(S, 4, 3.0)
    got = numbers(S.call("bounded", x, w, b, bound), x.shape, "four layers")
    rise = np.linalg.norm(got[1:] - got[:-1], axis=1) / np.linalg.norm(x[1:] - x[:-1], axis=1)
    need(rise.max() <= bound * (1 + 1e-9), f"four layers: slope {rise.max():.3g} > {bound:.3g}")
    close(got, right_chain(x, w, b, bound), "four layers")
