"""Wrong answers to exercise 6, each with the checks it must lose, and right ones in other words."""

from gradekit.mutation import Mutant

Q1 = ("q1.symmetric", "q1.asymmetric", "q1.one_way", "q1.far_energies")
Q2 = ("q2.hot", "q2.warm", "q2.cold")
Q3 = ("q3.inside", "q3.at_the_ends")
Q4 = ("q4.shares", "q4.alone", "q4.all_stay")

MUTANTS = (
    Mutant("q1 q left out", "q1", " + np.log(q.T) - np.log(q)", "", Q1[1:3]),
    Mutant("q1 q the wrong way round", "q1", "np.log(q.T) - np.log(q)",
           "np.log(q) - np.log(q.T)", Q1[1:3]),
    Mutant("q1 uphill for downhill", "q1", "energies[:, None] - energies",
           "energies - energies[:, None]", Q1),
    Mutant("q1 twice the energy", "q1", "energies[:, None] - energies",
           "2 * (energies[:, None] - energies)", Q1),
    Mutant("q1 no diagonal", "q1", "    np.fill_diagonal(p, 1 - p.sum(axis=1))\n", "", Q1),
    Mutant("q1 transposed", "q1", "return p", "return p.T", Q1),
    Mutant("q1 Barker's rule", "q1", "np.exp(np.minimum(0, np.where(q > 0, log_r, 0)))",
           "1 / (1 + np.exp(-np.clip(np.where(q > 0, log_r, 0), -600, 600)))", Q1),
    Mutant("q1 powers before the ratio", "q1", "", """
def chain_matrix(energies, q):
    with np.errstate(all="ignore"):
        ratio = np.exp(energies)[:, None] / np.exp(energies) * q.T / q
    p = np.where((q > 0) & (q.T > 0), q * np.minimum(1, ratio), 0)
    np.fill_diagonal(p, 0)
    np.fill_diagonal(p, 1 - p.sum(axis=1))
    return p
""", Q1[3:]),
    Mutant("q2 itself for a neighbour", "q2", "(i + 1) % size", "i", Q2[1:]),
    Mutant("q2 half the energy", "q2", "coupling * 2 *", "coupling *", Q2[1:2]),
    Mutant("q2 a random number only uphill", "q2", "            u = rng.random()\n",
           "            u = rng.random() if s[i, j] * around > 0 else 0\n", Q2[1:2]),
    Mutant("q2 ties refused", "q2", "            if u",
           "            if around and u", Q2),
    Mutant("q2 greedy", "q2", "if u <", "if 1 <=", Q2[1:2]),
    Mutant("q2 sign", "q2", "-coupling", "coupling", Q2[1:]),
    Mutant("q2 free on the right", "q2", "s[i, (j + 1) % size]",
           "(s[i, j + 1] if j + 1 < size else 0)", Q2[1:]),
    Mutant("q2 all sites at once", "q2", "", """
def sweep(s, coupling, rng):
    around = sum(np.roll(s, k, axis) for k in (1, -1) for axis in (0, 1))
    return np.where(rng.random(s.shape) < np.exp(-2 * coupling * s * around), -s, s)
""", Q2[1:]),
    Mutant("q3 sign", "q3", "return rise", "return -rise", Q3),
    Mutant("q3 one window short", "q3", "max(t - 2, 0)", "max(t - 1, 0)", Q3),
    Mutant("q3 negative windows", "q3", "max(t - 2, 0)", "t - 2", Q3[1:]),
    Mutant("q3 last window only", "q3", "max(t - 2, 0)", "min(t, len(x) - 3)", Q3),
    Mutant("q4 ratio without f", "q4", " * f[x] / f[y]", "", Q4[:2]),
    Mutant("q4 ratio of f inverted", "q4", "f[x] / f[y]", "f[y] / f[x]", Q4[:2]),
    Mutant("q4 one uniform for all", "q4", "rng.random(len(x))", "rng.random()", Q4[:2]),
    Mutant("q4 one proposal for all", "q4", "", """
def sample_letters(log_w, f, x, steps, rng):
    for _ in range(steps):
        y = np.full(len(x), rng.choice(len(f), p=f))
        ratio = np.exp(log_w[y] - log_w[x]) * f[x] / f[y]
        x = np.where(rng.random(len(x)) < ratio, y, x)
    return x
""", Q4[:2]),
    Mutant("q4 proposes evenly", "q4", "", """
def sample_letters(log_w, f, x, steps, rng):
    for _ in range(steps):
        y = rng.integers(len(f), size=len(x))
        x = np.where(rng.random(len(x)) < np.exp(log_w[y] - log_w[x]), y, x)
    return x
""", Q4[1:2]),
    Mutant("q4 draws the answer", "q4", "", """
def sample_letters(log_w, f, x, steps, rng):
    return rng.choice(len(f), size=len(x), p=np.exp(log_w) / np.exp(log_w).sum())
""", Q4[1:2]),
    Mutant("q4 stays put", "q4", "np.where(accept, y, x)", "np.where(accept, x, y)", Q4),
    Mutant("q4 returns the start", "q4", "",
           "def sample_letters(log_w, f, x, *_):\n    return x", Q4),
)  # fmt: skip

REWRITES = (
    Mutant("q1 entry by entry", "q1", "", """
def chain_matrix(energies, q):
    m = len(energies)
    p = np.zeros((m, m))
    for x in range(m):
        for y in range(m):
            if x != y and q[x, y] > 0 and q[y, x] > 0:
                log_r = energies[x] - energies[y] + np.log(q[y, x]) - np.log(q[x, y])
                p[x, y] = q[x, y] * (1 if log_r >= 0 else np.exp(log_r))
        p[x, x] = 1 - p[x].sum()
    return p
"""),
    Mutant("q2 with a padded lattice", "q2", "", """
def sweep(s, coupling, rng):
    s = np.array(s)
    n = len(s)
    u = rng.random((n, n))
    for i, j in np.ndindex(n, n):
        field = sum(s[(i + a) % n, (j + b) % n] for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1)))
        s[i, j] *= -1 if u[i, j] < np.exp(-2 * coupling * s[i, j] * field) else 1
    return s
"""),
    Mutant("q3 by two energies", "q3", "", """
def letter_change(log_p, x, t, new):
    y = x.copy()
    y[t] = new
    e = [-log_p[z[:-2], z[1:-1], z[2:]].sum() for z in (x, y)]
    return e[1] - e[0]
"""),
    Mutant("q4 in logarithms", "q4", "", """
def sample_letters(log_w, f, x, steps, rng):
    x = np.array(x)
    for _ in range(steps):
        y = rng.choice(len(f), size=x.shape, p=f)
        better = log_w - np.log(f)
        move = np.log(rng.random(x.shape)) < better[y] - better[x]
        x[move] = y[move]
    return x
"""),
)  # fmt: skip
