"""Wrong answers to exercise 15, each with the checks it loses, and right ones in other words."""

from gradekit.mutation import Mutant

Q1 = ("q1.ordinary", "q1.far", "q1.zeros")
Q2 = ("q2.narrower", "q2.wider", "q2.infinite")
Q3 = ("q3.one_leap", "q3.staircase", "q3.places")
Q4 = ("q4.two_wells", "q4.one_well", "q4.nothing_to_do")

MUTANTS = (
    Mutant("q1 overflow", "q1", "top = log_w.max()", "top = 0.0", Q1[1:]),
    Mutant("q1 another factor taken out", "q1", "top = log_w.max()",
           "top = log_w[np.isfinite(log_w)].mean()", Q1[1:2]),
    Mutant("q1 mean of the logs", "q1", "top + np.log(mean)", "log_w.mean()", Q1),
    Mutant("q1 sum for mean", "q1", "top + np.log(mean)", "top + np.log(w.sum())", Q1),
    Mutant("q1 n for n - 1", "q1", "ddof=1", "ddof=0", Q1),
    Mutant("q1 error of one weight", "q1", " / np.sqrt(len(w))", "", Q1),
    Mutant("q1 zeros left out", "q1", "    mean = w.mean()\n",
           "    w = w[w > 0]\n    mean = w.mean()\n", Q1[1:]),
    Mutant("q1 ESS upside down", "q1", "w.sum() ** 2 / (w**2).sum()",
           "(w**2).sum() / w.sum() ** 2", Q1),
    Mutant("q2 one dimension", "q2", "d / 2 *", "1 / 2 *", Q2[:2]),
    Mutant("q2 one h in the square", "q2", "np.log(a + 2 * h) -", "np.log(a + h) -", Q2[:2]),
    Mutant("q2 the wrong end of a step", "q2", "betas[:-1]", "betas[1:]", Q2[:2]),
    Mutant("q2 no infinity", "q2", "    if (a + 2 * h <= 0).any():\n        return 0.0\n", "",
           Q2[2:]),
    Mutant("q2 variances for precisions", "q2", "1 / v0, 1 / v1", "v0, v1", Q2),
    Mutant("q3 no circle", "q3", "(x + step) % m", "np.clip(x + step, 0, m - 1)", Q3[1:]),
    Mutant("q3 no temperature in the move", "q3", "-betas[k] * (energies[y]",
           "-1.0 * (energies[y]", Q3[1:]),
    Mutant("q3 the last temperature's move", "q3", "-betas[k] * (energies[y]",
           "-betas[k - 1] * (energies[y]", Q3[1:]),
    Mutant("q3 sign of the weight", "q3", "log_w -= ", "log_w += ", Q3[:2]),
    Mutant("q3 whole temperature in the weight", "q3", "(betas[k] - betas[k - 1]) * energies[x]",
           "betas[k] * energies[x]", Q3[1:2]),
    Mutant("q3 moves, then weighs", "q3", "", """
def anneal(energies, betas, n, rng):
    m = len(energies)
    x, log_w = rng.integers(m, size=n), np.zeros(n)
    for k in range(1, len(betas)):
        step, u = rng.choice([-1, 1], n), rng.random(n)
        y = (x + step) % m
        x = np.where(u < np.exp(-betas[k] * (energies[y] - energies[x])), y, x)
        log_w -= (betas[k] - betas[k - 1]) * energies[x]
    return log_w, x
""", Q3[:2]),
    Mutant("q3 ignores rng", "q3", "    m = len(energies)",
           "    rng = np.random.default_rng(0)\n    m = len(energies)", Q3),
    Mutant("q3 global generator", "q3", "    m = len(energies)",
           "    rng = np.random.default_rng()\n    m = len(energies)", Q3),
    Mutant("q4 ignores rng", "q4", "    x, total =",
           "    rng = np.random.default_rng(0)\n    x, total =", Q4[1:2]),
    Mutant("q4 global generator", "q4", "    x, total =",
           "    rng = np.random.default_rng()\n    x, total =", Q4[1:2]),
    Mutant("q4 a sum on a grid", "q4", "", """
def log_z(a, b, betas, width, n, rng):
    x = np.linspace(-10, 10, 20_001)
    return np.log(np.exp(-a * x**4 / 4 - b * x**2 / 2).sum() * (x[1] - x[0]))
""", Q4[1:2]),
    Mutant("q4 one leap", "q4", "", """
def log_z(a, b, betas, width, n, rng):
    x = rng.standard_normal(n)
    weights = np.exp((1 - b) * x**2 / 2 - a * x**4 / 4)
    return np.log(2 * np.pi) / 2 + np.log(weights.mean())
""", Q4[1:2]),
    Mutant("q4 constant missing", "q4", "np.log(2 * np.pi) / 2 + top", "top", Q4),
    Mutant("q4 mean of the logs", "q4", "np.log(np.mean(np.exp(total - top)))",
           "np.mean(total - top)", Q4[:2]),
    Mutant("q4 always the last law", "q4", "beta * (gain(new)", "1.0 * (gain(new)", Q4[:2]),
    Mutant("q4 always the first law", "q4", " + beta * (gain(new) - gain(x))", "", Q4[:2]),
    Mutant("q4 no judge", "q4", "np.where(np.log(rng.random(n)) < rise, new, x)", "new", Q4[:2]),
    Mutant("q4 moves, then weighs", "q4", "", """
def log_z(a, b, betas, width, n, rng):
    def gap(x):
        return -a * x**4 / 4 - (b - 1) * x**2 / 2

    x, log_w = rng.standard_normal(n), np.zeros(n)
    for k in range(1, len(betas)):
        y = x + width * rng.standard_normal(n)
        rise = (x**2 - y**2) / 2 + betas[k] * (gap(y) - gap(x))
        x = np.where(np.log(rng.random(n)) < rise, y, x)
        log_w += (betas[k] - betas[k - 1]) * gap(x)
    return np.log(2 * np.pi) / 2 + np.log(np.mean(np.exp(log_w)))
""", Q4[:2]),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by logsumexp", "q1", "", """
def summary(log_w):
    from scipy.special import logsumexp
    n = len(log_w)
    one, two = logsumexp(log_w), logsumexp(2 * log_w)
    ess = np.exp(2 * one - two)
    return [one - np.log(n), np.sqrt((n / ess - 1) / (n - 1)), ess]
"""),
    Mutant("q2 as a product", "q2", "", """
def share(betas, v0, v1, d):
    result = 1.0
    for k in range(len(betas) - 1):
        a = (1 - betas[k]) / v0 + betas[k] / v1
        h = (betas[k + 1] - betas[k]) * (1 / v1 - 1 / v0)
        if a + 2 * h <= 0:
            return 0.0
        once, twice = np.sqrt(a / (a + h)), np.sqrt(a / (a + 2 * h))
        result *= (once**2 / twice) ** d
    return result
"""),
    Mutant("q3 walker by walker", "q3", "", """
def anneal(energies, betas, n, rng):
    m = len(energies)
    x, log_w = rng.integers(m, size=n), np.zeros(n)
    for k in range(1, len(betas)):
        step = rng.choice([-1, 1], n)
        u = rng.random(n)
        for i in range(n):
            log_w[i] -= (betas[k] - betas[k - 1]) * energies[x[i]]
            y = (x[i] + step[i]) % m
            if u[i] < np.exp(-betas[k] * (energies[y] - energies[x[i]])):
                x[i] = y
    return log_w, x
"""),
    Mutant("q4 with another proposal", "q4", "", """
def log_z(a, b, betas, width, n, rng):
    def log_f(x, beta):
        return -beta * (a * x**4 / 4 + b * x**2 / 2) - (1 - beta) * x**2 / 2

    x, log_w = rng.standard_normal(n), np.full(n, np.log(2 * np.pi) / 2)
    for k in range(1, len(betas)):
        log_w += log_f(x, betas[k]) - log_f(x, betas[k - 1])
        for _ in range(3):
            y = x + width * rng.uniform(-1, 1, n)
            ok = rng.random(n) < np.exp(np.minimum(0, log_f(y, betas[k]) - log_f(x, betas[k])))
            x = np.where(ok, y, x)
    return np.log(np.mean(np.exp(log_w)))
"""),
)  # fmt: skip
