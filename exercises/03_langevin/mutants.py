"""Wrong answers to exercise 3, each with the checks it must lose, and right ones in other words."""

from gradekit.mutation import Mutant

Q1 = ("q1.own_generator", "q1.one_step", "q1.many_steps")
Q2 = ("q2.on_a_line", "q2.in_space")
Q3 = ("q3.no_drift", "q3.quartic", "q3.hopeless")
Q4 = ("q4.draws_from_rng", "q4.one_level", "q4.ladder")
Q5 = ("q5.predicts", "q5.corrects", "q5.whole_way")

MUTANTS = (
    Mutant("q1 √η", "q1", "np.sqrt(2 * step)", "np.sqrt(step)", Q1[1:]),
    Mutant("q1 2η for its root", "q1", "np.sqrt(2 * step)", "2 * step", Q1[1:]),
    Mutant("q1 no kick", "q1", " + np.sqrt(2 * step) * z", "", Q1),
    Mutant("q1 against the arrow", "q1", "x + step", "x - step", Q1[1:]),
    Mutant("q1 one kick for all steps", "q1",
           "    for _ in range(steps):\n        z = rng.standard_normal(x.shape)",
           "    z = rng.standard_normal(x.shape)\n    for _ in range(steps):", Q1[2:]),
    Mutant("q1 one kick for both coordinates", "q1", "rng.standard_normal(x.shape)",
           "rng.standard_normal((len(x), 1))", Q1[1:]),
    Mutant("q1 ignores rng", "q1", "    for _",
           "    rng = np.random.default_rng(0)\n    for _", Q1[:1]),
    Mutant("q1 global generator", "q1", "    for _",
           "    rng = np.random.default_rng()\n    for _", Q1[:1]),
    Mutant("q1 uniform kicks", "q1", "rng.standard_normal(x.shape)",
           "rng.uniform(-1, 1, x.shape)", Q1[1:]),
    Mutant("q1 uniform kicks of the right variance", "q1", "rng.standard_normal(x.shape)",
           "rng.uniform(-(3**0.5), 3**0.5, x.shape)", Q1[1:2]),
    Mutant("q1 one step only", "q1", "    return x", "        return x", Q1[2:]),
    Mutant("q1 changes x in place", "q1", "x = x + step", "x += step", Q1[1:2]),
    Mutant("q1 noise before the arrow", "q1", "", """
def ula(score, x, step, steps, rng):
    for _ in range(steps):
        x = x + np.sqrt(2 * step) * rng.standard_normal(x.shape)
        x = x + step * score(x)
    return x
""", Q1[1:]),
    Mutant("q1 returns the start", "q1", "", "def ula(score, x, *_):\n    return x", Q1),
    Mutant("q2 no bias", "q2", "step / 2", "0", Q2),
    Mutant("q2 η for η/2", "q2", "step / 2", "step", Q2),
    Mutant("q2 sign", "q2", "precision - excess", "precision + excess", Q2),
    Mutant("q2 first order in η", "q2", "",
           "def ula_covariance(cov, step):\n    return cov + step / 2 * np.eye(len(cov))", Q2),
    Mutant("q2 entry by entry", "q2", "",
           "def ula_covariance(cov, step):\n    return cov / (1 - step / (2 * cov))", Q2[1:]),
    Mutant("q2 variances only", "q2", "", """
def ula_covariance(cov, step):
    v = np.diag(cov)
    return np.diag(v / (1 - step / (2 * v)))
""", Q2[1:]),
    Mutant("q2 smallest variance everywhere", "q2", "", """
def ula_covariance(cov, step):
    return cov / (1 - step / (2 * np.linalg.eigvalsh(cov)[0]))
""", Q2[1:]),
    Mutant("q3 proposals left out", "q3", " + (there - back) / (4 * step)", "", Q3[1:]),
    Mutant("q3 proposals the wrong way round", "q3", "there - back", "back - there", Q3[1:]),
    Mutant("q3 densities the wrong way round", "q3", "log_prob(y) - log_prob(x)",
           "log_prob(x) - log_prob(y)", Q3),
    Mutant("q3 2η for 4η", "q3", "(4 * step)", "(2 * step)", Q3[1:]),
    Mutant("q3 the arrow at x both ways", "q3", "score(y)", "score(x)", Q3[1:]),
    Mutant("q3 a probability, not its logarithm", "q3",
           "return log_prob(y) - log_prob(x) + (there - back) / (4 * step)",
           "r = log_prob(y) - log_prob(x) + (there - back) / (4 * step)\n"
           "    return np.exp(np.minimum(0, r))", Q3),
    Mutant("q3 the ratio itself first", "q3", "", """
def log_accept(log_prob, score, x, y, step):
    def q(to, source):
        gap = to - source - step * score(source)
        return np.exp(-(gap**2).sum(1) / (4 * step))
    return log_prob(y) - log_prob(x) + np.log(q(x, y) / q(y, x))
""", Q3[2:]),
    Mutant("q3 summed over all points", "q3", "- x - step * score(x)) ** 2).sum(axis=1)",
           "- x - step * score(x)) ** 2).sum()", Q3),
    Mutant("q4 η the same at all levels", "q4", "step * sigma**2", "step", Q4[1:]),
    Mutant("q4 sorts the levels", "q4", "in sigmas:", "in np.sort(sigmas)[::-1]:", Q4[2:]),
    Mutant("q4 σ for σ²", "q4", "sigma**2", "sigma", Q4[1:]),
    Mutant("q4 √η", "q4", "np.sqrt(2 * eta)", "np.sqrt(eta)", Q4[1:]),
    Mutant("q4 no kick", "q4", " + kick", "", Q4),
    Mutant("q4 from small to large", "q4", "in sigmas", "in sigmas[::-1]", Q4[2:]),
    Mutant("q4 the first level's score", "q4", "score(x, sigma)", "score(x, sigmas[0])", Q4[2:]),
    Mutant("q4 each level starts anew", "q4", "", """
def anneal(score, x, sigmas, step, steps, rng):
    for sigma in sigmas:
        now, eta = x, step * sigma**2
        for _ in range(steps):
            kick = np.sqrt(2 * eta) * rng.standard_normal(x.shape)
            now = now + eta * score(now, sigma) + kick
    return now
""", Q4[2:]),
    Mutant("q4 stops after one level", "q4", "    return x", "        return x", Q4[2:]),
    Mutant("q4 one step a level", "q4", "range(steps)", "range(1)", Q4[1:]),
    Mutant("q4 ignores rng", "q4", "    for sigma",
           "    rng = np.random.default_rng(0)\n    for sigma", Q4[:1]),
    Mutant("q5 no kick in the corrector", "q5",
           "        x = x + np.sqrt(2 * eta) * z\n", "", Q5[1:]),
    Mutant("q5 √η in the corrector", "q5", "np.sqrt(2 * eta)", "np.sqrt(eta)", Q5[1:]),
    Mutant("q5 still the square of the difference", "q5",
           "high**2 - low**2", "(high - low) ** 2", Q5),
    Mutant("q5 one kick for both", "q5",
           "eta = step * low**2\n        z = rng.standard_normal(x.shape)",
           "eta = step * low**2", Q5[1:]),
    Mutant("q5 no kick in the predictor", "q5",
           "        x = x + low / high * np.sqrt(drop) * z\n", "", Q5),
    Mutant("q5 corrects at the level above", "q5", "score(x, low)", "score(x, high)", Q5[1:2]),
    Mutant("q5 levels of the kick the wrong way round", "q5", "low / high", "high / low", Q5),
    Mutant("q5 corrects before it predicts", "q5", "", """
def descend(score, x, sigmas, step, rng):
    for high, low in zip(sigmas[:-1], sigmas[1:]):
        eta = step * high**2
        x = x + eta * score(x, high) + np.sqrt(2 * eta) * rng.standard_normal(x.shape)
        drop = high**2 - low**2
        x = x + drop * score(x, high)
        x = x + low / high * np.sqrt(drop) * rng.standard_normal(x.shape)
    return x
""", Q5[1:2]),
)  # fmt: skip

REWRITES = (
    Mutant("q1 in place on a copy", "q1", "", """
def ula(score, x, step, steps, rng):
    x = np.array(x, float)
    for _ in range(int(steps)):
        drift = step * score(x)
        x += drift
        x += rng.normal(0, (2 * step) ** 0.5, x.shape)
    return x
"""),
    Mutant("q2 by eigenvectors", "q2", "", """
def ula_covariance(cov, step):
    v, axes = np.linalg.eigh(cov)
    return axes @ np.diag(v / (1 - step / (2 * v))) @ axes.T
"""),
    Mutant("q2 by a Lyapunov equation", "q2", "", """
from scipy.linalg import solve_discrete_lyapunov
def ula_covariance(cov, step):
    d = len(cov)
    return solve_discrete_lyapunov(np.eye(d) - step * np.linalg.inv(cov), 2 * step * np.eye(d))
"""),
    Mutant("q3 by the mean arrow", "q3", "", """
def log_accept(log_prob, score, x, y, step):
    a, b = score(x), score(y)
    work = ((y - x) * (a + b)).sum(1) / 2 + step * ((b**2).sum(1) - (a**2).sum(1)) / 4
    return log_prob(y) - log_prob(x) - work
"""),
    Mutant("q4 in units of σ", "q4", "", """
def anneal(score, x, sigmas, step, steps, rng):
    for sigma in np.repeat(sigmas, steps):
        z = rng.standard_normal(x.shape)
        x = x + sigma * (step * sigma * score(x, sigma) + np.sqrt(2 * step) * z)
    return x
"""),
    Mutant("q5 by the posterior of the next level", "q5", "", """
def descend(score, x, sigmas, step, rng):
    for high, low in zip(sigmas[:-1], sigmas[1:]):
        clean = x + high**2 * score(x, high)
        x = clean + (low / high)**2 * (x - clean)
        x = x + low * np.sqrt(1 - (low / high)**2) * rng.standard_normal(x.shape)
        z = rng.standard_normal(x.shape)
        x = x + low * (step * low * score(x, low) + np.sqrt(2 * step) * z)
    return x
"""),
)  # fmt: skip
