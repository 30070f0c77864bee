"""Wrong answers to exercise 11, each with the checks it must lose, and right ones reworded."""

from gradekit.mutation import Mutant

Q1 = ("q1.round_hills", "q1.merged_hills", "q1.any_hills")
Q2 = ("q2.small_steps", "q2.large_steps", "q2.best_step")
Q3 = ("q3.own_generator", "q3.arrows", "q3.kicks", "q3.warm_starts")
Q4 = ("q4.separate_hills", "q4.no_pits", "q4.nearly_merged")
Q5 = ("q5.generator", "q5.coarse_part", "q5.detail")

MUTANTS = (
    Mutant("q1 the square of the blur", "q1", "np.sqrt(high)", "high", (Q1[0], Q1[2])),
    Mutant("q1 as if round", "q1", "m @ np.linalg.solve(cov + square * eye, m) - 1",
           "m @ m / (np.trace(cov) / len(m) + square) - 1", Q1[2:]),
    Mutant("q1 the diagonal only", "q1", "cov + square * eye",
           "np.diag(np.diag(cov)) + square * eye", Q1[2:]),
    Mutant("q1 full distance of the hills", "q1", "solve(cov + square * eye, m) - 1",
           "solve(cov + square * eye, m) - 0.25", Q1),
    Mutant("q1 always blurs", "q1", "        return 0.0", "        return np.sqrt(m @ m)", Q1[1:2]),
    Mutant("q1 no covariance", "q1", "cov + square * eye", "square * eye + 1e-12 * cov", Q1),
    Mutant("q2 the tempting one", "q2", "max(abs(1 - step * kappa), abs(1 - step * big))",
           "1 - step * kappa", Q2[1:2]),
    Mutant("q2 the other one", "q2", "max(abs(1 - step * kappa), abs(1 - step * big))",
           "abs(1 - step * big)", Q2[:1]),
    Mutant("q2 the best direction", "q2", "max(", "min(", Q2[:2]),
    Mutant("q2 without absolute values", "q2", "max(abs(1 - step * kappa), abs(1 - step * big))",
           "max(1 - step * kappa, 1 - step * big)", Q2[1:2]),
    Mutant("q2 the squared distance", "q2", "max(abs(1 - step * kappa), abs(1 - step * big))",
           "max((1 - step * kappa) ** 2, (1 - step * big) ** 2)", Q2),
    Mutant("q2 twice the step", "q2", "step * kappa", "2 * step * kappa", Q2[:1]),
    Mutant("q2 steep directions from 1/L on", "q2",
           "max(abs(1 - step * kappa), abs(1 - step * big))",
           "1 - step * kappa if step <= 1 / big else step * big - 1", Q2[:1]),
    Mutant("q3 kicks without the 2", "q3", "np.sqrt(2 * eta)", "np.sqrt(eta)", Q3[2:3]),
    Mutant("q3 a step of the blur alone", "q3", "variance + sigma**2", "sigma**2", Q3[1:]),
    Mutant("q3 the blur not squared", "q3", "variance + sigma**2", "variance + sigma", Q3[1:]),
    Mutant("q3 from the fine to the coarse", "q3", "in sigmas:", "in sigmas[::-1]:", Q3[3:]),
    Mutant("q3 always the finest score", "q3", "score(x, sigma)", "score(x, sigmas[-1])",
           (Q3[1], Q3[3])),
    Mutant("q3 always the coarsest score", "q3", "score(x, sigma)", "score(x, sigmas[0])",
           (Q3[1], Q3[3])),
    Mutant("q3 downhill", "q3", "x + eta *", "x - eta *", (Q3[1], Q3[3])),
    Mutant("q3 one step a level", "q3", "range(steps)", "range(1)", Q3[1:]),
    Mutant("q3 ignores rng", "q3", "    for sigma in",
           "    rng = np.random.default_rng(0)\n    for sigma in", Q3[:1]),
    Mutant("q3 global generator", "q3", "    for sigma in",
           "    rng = np.random.default_rng()\n    for sigma in", (*Q3[:2], Q3[3])),
    Mutant("q4 counts pits", "q4", "up[:-1] & ~up[1:]", "~up[:-1] & up[1:]", Q4),
    Mutant("q4 counts both", "q4", "up[:-1] & ~up[1:]", "up[:-1] != up[1:]", Q4),
    Mutant("q4 always two", "q4", "int((up[:-1] & ~up[1:]).sum())", "2", Q4),
    Mutant("q4 a coarse grid", "q4", "np.linspace(low, high, 4001)", "np.arange(low, high, 0.2)",
           Q4[2:]),
    Mutant("q4 at least one", "q4", "int((up[:-1] & ~up[1:]).sum())",
           "max(1, int((up[:-1] & ~up[1:]).sum()))", Q4[1:2]),
    Mutant("q5 too bright", "q5", "/ 2 + z", "+ z", Q5[1:2]),
    Mutant("q5 noise twice", "q5", "    z = z - z.mean((2, 4), keepdims=True)\n", "", Q5[1:2]),
    Mutant("q5 no noise", "q5", "/ 2 + z", "/ 2 + 0 * z", (Q5[0], Q5[2])),
    Mutant("q5 all noise scaled", "q5", "z - z.mean((2, 4), keepdims=True)",
           "(z - z.mean((2, 4), keepdims=True)) * np.sqrt(4 / 3)", Q5[2:]),
    Mutant("q5 noise of the whole picture's mean", "q5", "z.mean((2, 4), keepdims=True)",
           "z.mean((1, 2, 3, 4), keepdims=True)", Q5[1:2]),
    Mutant("q5 ignores rng", "q5", "    z = sigma",
           "    rng = np.random.default_rng(0)\n    z = sigma", Q5[:1]),
    Mutant("q5 global generator", "q5", "    z = sigma",
           "    rng = np.random.default_rng()\n    z = sigma", Q5[:1]),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by eigenvectors", "q1", "", """
from scipy.optimize import brentq

def least_blur(m, cov):
    values, vectors = np.linalg.eigh(cov)
    square = (vectors.T @ m) ** 2
    f = lambda sigma: (square / (values + sigma**2)).sum() - 1
    return 0 if f(0) <= 0 else brentq(f, 0, np.linalg.norm(m), xtol=1e-14)
"""),
    Mutant("q2 by cases", "q2", "", """
def guaranteed(kappa, big, step):
    return 1 - step * kappa if step <= 2 / (kappa + big) else step * big - 1
"""),
    Mutant("q3 one long list of steps", "q3", "", """
def walk_down(score, x, sigmas, variance, c, steps, rng):
    for sigma in np.repeat(sigmas, steps):
        eta = (variance + sigma * sigma) * c
        x = rng.normal(x + eta * score(x, sigma), np.sqrt(2 * eta))
    return x
"""),
    Mutant("q4 by signs", "q4", "", """
def count_modes(score, low, high):
    signs = np.sign(score(np.linspace(low, high, 9001)))
    signs = signs[signs != 0]
    return np.count_nonzero(np.diff(signs) < 0)
"""),
    Mutant("q5 in Haar's numbers", "q5", "", """
def open_up(coarse, sigma, rng):
    detail = sigma * rng.standard_normal((3, *coarse.shape))
    x = np.empty((len(coarse), 2 * coarse.shape[1], 2 * coarse.shape[2]))
    for i in (0, 1):
        for j in (0, 1):
            a, b = (-1) ** j, (-1) ** i
            x[:, i::2, j::2] = (coarse + a * detail[0] + b * detail[1] + a * b * detail[2]) / 2
    return x
"""),
)  # fmt: skip
