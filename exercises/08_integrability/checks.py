"""The checks of exercise 8. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import Source, check, close, generator, need, numbers

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "vector_fields.derivative",
    "vector_fields.jacobian",
    "vector_fields.curl",
    "vector_fields.curl_flux",
    "vector_fields.divergence",
    "vector_fields.hutchinson",
)
H = 1e-4


# ---- q1: how a field turns


@check("q1", points=1)
def rotation(S):
    """A rotation by ω has C₁₂ = 2ω, with its sign."""
    omega, x = S.rng.uniform(0.5, 2), S.rng.normal(0, 1, (4, 2))
    field = Source("lambda x: w * np.stack([-x[:, 1], x[:, 0]], axis=1)", w=omega)
    want = np.tile([[0, 2 * omega], [-2 * omega, 0]], (4, 1, 1))
    close(S.call("curl", field, x, H), want, "for a rotation")


@check("q1", points=1)
def linear(S):
    """For a linear field in four dimensions it is Aᵀ − A."""
    a, x = S.rng.normal(0, 1, (4, 4)), S.rng.normal(0, 1, (3, 4))
    field = Source("lambda x: x @ a.T", a=a)
    want = np.tile(a.T - a, (3, 1, 1))
    close(S.call("curl", field, x, H), want, "for a linear field, d = 4")


@check("q1", points=1)
def bent(S):
    """For a field that is not linear each point has a curl of its own, to second order in h."""
    k, x = S.rng.uniform(1, 2), S.rng.normal(0, 1, (6, 3))
    text = "lambda x: np.stack([np.sin(k * x[:, 1]), x[:, 0] * x[:, 2] ** 2, x[:, 0] ** 2], axis=1)"
    c = np.zeros((6, 3, 3))
    c[:, 0, 1] = x[:, 2] ** 2 - k * np.cos(k * x[:, 1])
    c[:, 0, 2] = 2 * x[:, 0]
    c[:, 1, 2] = -2 * x[:, 0] * x[:, 2]
    want = c - c.transpose(0, 2, 1)
    close(S.call("curl", Source(text, k=k), x, H), want, "for a bent field", atol=1e-6)


@check("q1", points=1)
def gradient(S):
    """A gradient does not turn, and the step is the one that was passed."""
    x = S.rng.normal(0, 1, (5, 3))
    field = Source("lambda x: np.stack([x[:, 1], x[:, 0] + x[:, 2] ** 2, "
                   "2 * x[:, 1] * x[:, 2]], axis=1)")  # fmt: skip
    close(S.call("curl", field, x, H), np.zeros((5, 3, 3)), "for a gradient", atol=1e-7)
    h = S.rng.uniform(0.5, 1)  # of a cube, a central difference sees h² too much
    cube = Source("lambda x: np.stack([0 * x[:, 0], x[:, 0] ** 3], axis=1)")
    y = S.rng.normal(0, 1, (5, 2))
    want = np.zeros((5, 2, 2))
    want[:, 0, 1] = 3 * y[:, 0] ** 2 + h**2
    want[:, 1, 0] = -want[:, 0, 1]
    close(S.call("curl", cube, y, h), want, f"with the step h = {h:.2f}")


# ---- q2: straight or round the corner


def span(S):
    return S.rng.normal(0, 1, 2), S.rng.uniform(0.5, 1.5, 2)


@check("q2", points=1)
def up_and_right(S):
    """For a constant curl it is the area of the triangle times the curl, negative to the right."""
    a, delta = span(S)
    k = S.rng.uniform(1, 3)
    got = S.call("gap", Source("lambda x: np.full(len(x), k)", k=k), a, a + delta, 4)
    close(got, -k * delta[0] * delta[1] / 2, "for a constant curl, up and to the right")


@check("q2", points=1)
def four_directions(S):
    """The sign is right in all four directions."""
    a, delta = span(S)
    for signs in ([1, -1], [-1, 1], [-1, -1]):
        way = delta * signs
        got = S.call("gap", Source("lambda x: np.ones(len(x))"), a, a + way, 4)
        want = -way[0] * way[1] / 2
        close(got, want, f"towards ({signs[0]:+d}, {signs[1]:+d})")


@check("q2", points=2)
def where_the_curl_is(S):
    """For a curl that varies, the right one of the two triangles counts, point by point."""
    a, delta = span(S)
    c, p, q = S.rng.normal(0, 1, 3)
    # v = (0, c x₁ + p x₁²/2 + q x₁ x₂): work along both ways in closed form, with x = a + t δ.
    b = a + delta

    def second(x1, x2):
        return c * x1 + p * x1**2 / 2 + q * x1 * x2

    t, weight = np.polynomial.legendre.leggauss(6)
    t, weight = (t + 1) / 2, weight / 2
    straight = delta[1] * (weight @ second(a[0] + t * delta[0], a[1] + t * delta[1]))
    corner = delta[1] * (weight @ second(b[0], a[1] + t * delta[1]))
    turn = Source("lambda x: c + p * x[:, 0] + q * x[:, 1]", c=c, p=p, q=q)
    close(S.call("gap", turn, a, b, 5), straight - corner, "for a curl that varies")


# ---- q3: a trace with an error bar


def pair(S, field, x, probes, rng):
    got = S.call("probe_trace", field, x, probes, H, rng)
    need(isinstance(got, tuple) and len(got) == 2, "return a pair: the mean and its error")
    return [
        numbers(g, (len(x),), what) for g, what in zip(got, ("the mean", "the error"), strict=True)
    ]


@check("q3", points=1)
def no_noise(S):
    """Where nothing but the diagonal is symmetric, signs give the trace without noise."""
    k, x = S.rng.normal(0, 1, (3, 3)), S.rng.normal(0, 1, (6, 3))
    a = np.diag(S.rng.normal(0, 2, 3)) + k - k.T
    mean, error = pair(S, Source("lambda x: x @ a.T", a=a), x, 5, generator(S))
    close(mean, np.full(6, np.trace(a)), "the mean, for a field whose diagonal is all there is")
    close(error, np.zeros(6), "the error, for the same", atol=1e-7)
    mean, _ = pair(S, Source("lambda x: x**2"), x, 5, generator(S))
    close(mean, 2 * x.sum(1), "the mean, for x², whose central difference is exact")


@check("q3", points=2)
def honest(S):
    """The means are off by their standard errors, no more and no less, and each in its own way."""
    n, m = 3000, 6
    a, x = S.rng.normal(0, 1, (4, 4)), S.rng.normal(0, 1, (n, 4))
    a += np.diag(S.rng.uniform(1, 3, 4))  # signs do not mind, other directions do
    x[:, 0] = S.rng.choice([-1, 1], n)
    field = Source("lambda x: (2 + np.sign(x[:, :1])) * (x @ a.T)", a=a)
    mean, error = pair(S, field, x, m, generator(S))
    mean, error = mean / (2 + x[:, 0]), error / (2 + x[:, 0])
    s = (a + a.T) / 2
    exact = np.sqrt(2 * ((s**2).sum() - (np.diag(s) ** 2).sum()) / m)
    off = (mean - np.trace(a)) / exact
    need(abs(off.mean()) < 5 / np.sqrt(n), "the means are not right on average, or not independent")
    need(
        abs(off.std() - 1) < 0.1, f"the means scatter {off.std():.2f} times as much as theory says"
    )
    for side in (-1, 1):  # points of one noise, and of three times as much
        size = np.sqrt((error[x[:, 0] == side] ** 2).mean()) / exact
        need(abs(size - 1) < 0.05, f"the standard errors are {size:.2f} times what they should be")


@check("q3", points=1)
def own_generator(S):
    """The same generator gives the same numbers, another one gives others; no point is alike."""
    x, field = S.rng.normal(0, 1, (40, 5)), Source("lambda x: np.roll(x, 1, axis=1) * x")
    a, b = (Source("np.random.default_rng(seed)", seed=seed) for seed in (1, 2))
    first, again, other = (pair(S, field, x, 3, rng)[0] for rng in (a, a, b))
    need(np.array_equal(first, again), "the same rng gave other numbers; draw from rng only")
    need((first != other).mean() > 0.5, "another rng gave the same numbers; is rng used at all?")


# ---- q4: how many probes?


def count(S, matrix, error, kind):
    return float(numbers(S.call("probes_needed", matrix, error, kind), (), f"for {kind}"))


@check("q4", points=1)
def symmetric(S):
    """For a symmetric matrix, both kinds."""
    root = S.rng.normal(0, 1, (4, 4))
    a, error = root + root.T, S.rng.uniform(0.02, 0.05)
    for kind, square in (
        ("normal", (a**2).sum()),
        ("signs", (a**2).sum() - (np.diag(a) ** 2).sum()),
    ):
        close(count(S, a, error, kind), np.ceil(2 * square / error**2), f"symmetric, {kind}")


@check("q4", points=1)
def skew(S):
    """For a matrix that is not symmetric, only the symmetric part counts."""
    a, error = S.rng.normal(0, 1, (5, 5)), S.rng.uniform(0.02, 0.05)
    s = (a + a.T) / 2
    for kind, square in (
        ("normal", (s**2).sum()),
        ("signs", (s**2).sum() - (np.diag(s) ** 2).sum()),
    ):
        close(count(S, a, error, kind), np.ceil(2 * square / error**2), f"not symmetric, {kind}")


@check("q4", points=1)
def at_least_one(S):
    """Where there is no noise one probe will do, and a part of a probe is a probe."""
    k = S.rng.normal(0, 1, (3, 3))
    close(count(S, k - k.T + np.eye(3), 0.1, "signs"), 1, "for a turning Jacobian")
    a = np.array([[0.0, 1.0], [1.0, 0.0]]) * S.rng.uniform(1, 1.1)
    close(count(S, a, 1.9, "signs"), 2, "for a variance a little above one error²")
    whole = np.array([[0.0, 2.0], [2.0, 0.0]]) * 2.0 ** S.rng.integers(-1, 3)
    close(count(S, whole, np.abs(whole).max() / 4, "signs"), 64, "for exactly 64 probes")


# ---- q5: what is wrong with this gauge?

BELL = "lambda x, sigma: -x / (v + sigma**2)"


@check("q5", points=1)
def quarter_turn(S):
    """The added field stands at right angles to the score, to the left, γ times as long."""
    x, gamma = S.rng.normal(0, 1, (6, 2)), S.rng.uniform(0.5, 2)
    got = S.call("stir", Source("lambda x, sigma: -x"), x, 1.0, gamma)
    want = -x + gamma * np.stack([x[:, 1], -x[:, 0]], axis=1)
    close(got, want, "for a round density")


@check("q5", points=1)
def own_level(S):
    """At each noise level it is that level's score which is turned."""
    x, gamma, v = S.rng.normal(0, 1, (6, 2)), S.rng.uniform(0.5, 2), S.rng.uniform(0.5, 3, 2)
    for sigma in S.rng.uniform(0.3, 2, 3):
        s = -x / (v + sigma**2)
        want = s + gamma * np.stack([-s[:, 1], s[:, 0]], axis=1)
        got = S.call("stir", Source(BELL, v=v), x, sigma, gamma)
        close(got, want, f"at σ = {sigma:.2f}")


@check("q5", points=1)
def at_rest(S):
    """The covariance of the noisy density is at rest: A S + S Aᵀ = −2 I."""
    v, sigma = S.rng.uniform(0.3, 4, 2), S.rng.uniform(0.5, 1.5)
    gamma = S.rng.uniform(0.5, 3)
    columns = numbers(S.call("stir", Source(BELL, v=v), np.eye(2), sigma, gamma), (2, 2), "stir")
    drift = columns.T
    cov = np.diag(v + sigma**2)
    off = np.abs(drift @ cov + cov @ drift.T + 2 * np.eye(2)).max()
    need(
        off < 1e-9,
        f"the noisy density is not at rest: its covariance changes at the rate {off:.2g}",
    )
    turns = abs(drift[1, 0] - drift[0, 1])
    need(turns > 0.1 * gamma, "there is nothing left that turns")
