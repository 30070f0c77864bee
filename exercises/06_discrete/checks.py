"""The checks of exercise 6. Reading them is allowed: a right answer is right on any input."""

import numpy as np

from gradekit import check, close, need, numbers, seeded, within

PACKAGES = ("numpy", "scipy", "autograd", "scorekit")
# These are answers, so they are not there while the exercise is graded.
MASKED = (
    "discrete.metropolis",
    "discrete.transition_matrix",
    "ising.ising",
    "pairwise.pairwise_sweeps",
    "sequences.NGram",
    "sequences.fit_ngram",
)
N = 20_000


# ---- q1: the matrix of a chain


def right_matrix(e, q):
    p = np.zeros_like(q)
    for x in range(len(e)):
        for y in range(len(e)):
            if x != y and q[x, y] > 0 and q[y, x] > 0:
                log_r = e[x] - e[y] + np.log(q[y, x] / q[x, y])
                p[x, y] = q[x, y] * np.exp(min(0, log_r))
        p[x, x] = 1 - p[x].sum()
    return p


@check("q1", points=1)
def symmetric(S):
    """With a symmetric proposal only the energies count."""
    m = int(S.rng.integers(4, 7))
    q = (np.ones((m, m)) - np.eye(m)) / (m - 1)
    e = S.rng.normal(0, 2, m)
    close(S.call("chain_matrix", e, q), right_matrix(e, q), "an even proposal")


@check("q1", points=2)
def asymmetric(S):
    """With another proposal the ratio of q counts too."""
    m = int(S.rng.integers(4, 7))
    q = S.rng.uniform(0.2, 1, (m, m))
    q /= q.sum(1, keepdims=True)
    e = S.rng.normal(0, 1, m)
    close(S.call("chain_matrix", e, q), right_matrix(e, q), "an uneven proposal")


@check("q1", points=1)
def one_way(S):
    """A move that cannot be undone is refused."""
    q = np.array([[0.0, 1.0, 0.0], [0.0, 0.5, 0.5], [0.3, 0.3, 0.4]])
    q = q[np.ix_(order := S.rng.permutation(3), order)]
    e = S.rng.normal(0, 1, 3)
    close(S.call("chain_matrix", e, q), right_matrix(e, q), "a one-way proposal")


@check("q1", points=1)
def far_energies(S):
    """Energies in the hundreds do no harm."""
    q = np.full((4, 4), 0.25)
    e = S.rng.permutation([-1500, -300, 900, 900 + S.rng.uniform(0.3, 1)])
    close(S.call("chain_matrix", e, q), right_matrix(e, q), "energies far apart")


# ---- q2: one sweep


def right_sweep(s, k, rng):
    s, size = s.copy(), len(s)
    for i in range(size):
        for j in range(size):
            around = sum(s[(i + a) % size, (j + b) % size]
                         for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1)))  # fmt: skip
            if rng.random() < np.exp(-2 * k * s[i, j] * around):
                s[i, j] *= -1
    return s


def same_sweep(S, k, size, what):
    seed, s = S.rng.integers(2**31), S.rng.choice([-1, 1], (size, size))
    got = numbers(S.call("sweep", s, k, seeded(seed)), (size, size), "the lattice")
    want = right_sweep(s, k, np.random.default_rng(seed))
    need(np.isin(got, (-1, 1)).all(), "spins must be +1 or -1")
    need((got == want).all(), f"{what}: {int((got != want).sum())} of {size**2} spins are wrong")


@check("q2", points=1)
def hot(S):
    """Without coupling every spin flips; no random number is spared."""
    same_sweep(S, 0.0, 6, "K = 0")


@check("q2", points=3)
def warm(S):
    """At a finite temperature the flips are the right ones, edges included."""
    for size in (5, 8):
        same_sweep(S, S.rng.uniform(0.2, 0.5), size, f"a lattice of side {size}")


@check("q2", points=1)
def cold(S):
    """When it is very cold, only moves that cost nothing are made."""
    for size in (5, 6, 7, 8):
        same_sweep(S, 200.0, size, f"K = 200, a lattice of side {size}")


# ---- q3: what one letter costs


def trigram(S, size):
    p = S.rng.uniform(0.01, 1, (size,) * 3)
    return np.log(p / p.sum(-1, keepdims=True))


def energy(log_p, x):
    return -sum(log_p[x[k], x[k + 1], x[k + 2]] for k in range(len(x) - 2))


def changes(S, places, length=12, size=4):
    log_p, x = trigram(S, size), S.rng.integers(size, size=length)
    for t in places:
        new = int((x[t] + S.rng.integers(1, size)) % size)
        y = x.copy()
        y[t] = new
        got = S.call("letter_change", log_p, x, int(t), new)
        close(got, energy(log_p, y) - energy(log_p, x), f"place {t} of {length}")


@check("q3", points=2)
def inside(S):
    """Inside, three windows change."""
    changes(S, S.rng.integers(3, 8, 4))


@check("q3", points=2)
def at_the_ends(S):
    """At the ends there are fewer windows."""
    changes(S, (0, 1, 10, 11))
    changes(S, (0, 1, 2), length=3)


# ---- q4: what is wrong with this run


def run(S, log_w, f, x, steps):
    seed = S.rng.integers(2**31)
    got = S.call("sample_letters", log_w, f, x, steps, seeded(seed))
    return numbers(got, (len(x),), "the letters")


@check("q4", points=2)
def shares(S):
    """After many steps the letters have their probabilities."""
    log_w = S.rng.normal(0, 0.5, 5)
    w = np.exp(log_w) / np.exp(log_w).sum()
    f = np.array([0.4, 0.3, 0.15, 0.1, 0.05])[S.rng.permutation(5)]
    x = np.zeros(N, int)
    got = run(S, log_w, f, x, 150)
    for i in range(5):
        within((got == i).mean(), w[i], np.sqrt(w[i] * (1 - w[i]) / N), f"share of letter {i}")


@check("q4", points=1)
def alone(S):
    """Chains are independent, and propose by f: after one step from one letter they differ."""
    log_w, f = np.array([0.0, -1.0]), np.array([0.3, 0.7])
    x = np.zeros(N, int)
    got = run(S, log_w, f, x, 1)
    p = 0.7 * np.exp(-1) * 0.3 / 0.7
    within(got.mean(), p, np.sqrt(p * (1 - p) / N), "share that moved in one step")


@check("q4", points=1)
def all_stay(S):
    """As many chains come back as went in, even if all moves are accepted."""
    f, n = np.full(4, 0.25), int(S.rng.integers(30, 60))
    x = S.rng.integers(4, size=n)
    need((run(S, np.zeros(4), f, x, 3) != x).any(), "no chain has moved")
