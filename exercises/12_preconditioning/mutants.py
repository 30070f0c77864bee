"""Wrong answers to exercise 12, each with the checks it must lose, and right ones reworded."""

from gradekit.mutation import Mutant

Q1 = ("q1.own_generator", "q1.bends_the_arrows", "q1.matches_the_kicks")
Q2 = ("q2.matched_noise", "q2.whole_step", "q2.any_noise")
Q3 = ("q3.by_the_covariance", "q3.by_a_diagonal", "q3.by_any_matrix")
Q4 = ("q4.draws_from_rng", "q4.whole_drift", "q4.local_kicks")
Q5 = ("q5.constant_metric", "q5.varying_metric")

MUTANTS = (
    Mutant("q1 kicks bent twice", "q1", "z @ root.T", "z @ m", Q1[2:]),
    Mutant("q1 kicks not bent", "q1", "z @ root.T", "z", Q1[2:]),
    Mutant("q1 root not transposed", "q1", "z @ root.T", "z @ root", Q1[2:]),
    Mutant("q1 kicks without the 2", "q1", "np.sqrt(2 * step)", "np.sqrt(step)", Q1[2:]),
    Mutant("q1 arrows not bent", "q1", "score(x) @ m", "score(x)", Q1[1:2]),
    Mutant("q1 arrows bent by the root", "q1", "score(x) @ m", "score(x) @ root", Q1[1:2]),
    Mutant("q1 arrows bent by the inverse", "q1", "score(x) @ m", "score(x) @ np.linalg.inv(m)",
           Q1[1:2]),
    Mutant("q1 downhill", "q1", "x + step", "x - step", Q1[1:2]),
    Mutant("q1 ignores rng", "q1", "    z = rng",
           "    rng = np.random.default_rng(0)\n    z = rng", Q1[:1]),
    Mutant("q1 global generator", "q1", "    z = rng",
           "    rng = np.random.default_rng()\n    z = rng", Q1[:2]),
    Mutant("q2 the factors exchanged", "q2", "m @ np.linalg.inv(cov)", "np.linalg.inv(cov) @ m",
           (Q2[0], Q2[2])),
    Mutant("q2 always matched kicks", "q2", "noise.ravel()", "(2 * step * m).ravel()", Q2[1:]),
    Mutant("q2 continuous time", "q2", "    system = np.eye(d * d) - np.kron(decay, decay)\n",
           "    pull = np.eye(d) - decay\n"
           "    system = np.kron(pull, np.eye(d)) + np.kron(np.eye(d), pull)\n", Q2),
    Mutant("q2 without the step", "q2", "step * m @", "0.5 * m @", Q2),
    Mutant("q2 one step only", "q2",
           "return np.linalg.solve(system, noise.ravel()).reshape(d, d)",
           "return decay @ cov @ decay.T + noise", Q2),
    Mutant("q2 the target", "q2",
           "return np.linalg.solve(system, noise.ravel()).reshape(d, d)", "return cov", Q2),
    Mutant("q3 condition numbers only", "q3", "(2 - slowest) / slowest", "1 / slowest", Q3),
    Mutant("q3 eigenvalues of M alone", "q3", "steps_a_draw(m @ precision)", "steps_a_draw(m)",
           Q3),
    Mutant("q3 upside down", "q3", "steps_a_draw(precision) / steps_a_draw(m @ precision)",
           "steps_a_draw(m @ precision) / steps_a_draw(precision)", Q3),
    Mutant("q3 singular values", "q3", "np.linalg.eigvals(matrix).real",
           "np.linalg.svd(matrix, compute_uv=False)", Q3[2:]),
    Mutant("q3 as if it were symmetric", "q3", "np.linalg.eigvals(matrix).real",
           "np.linalg.eigvalsh((matrix + matrix.T) / 2)", Q3[2:]),
    Mutant("q3 by the covariance", "q3", "precision = np.linalg.inv(cov)", "precision = cov",
           (Q3[0], Q3[1], Q3[2])),
    Mutant("q3 the fastest mode", "q3", "a * slopes.min() / slopes.max()", "a", Q3),
    Mutant("q4 no divergence", "q4", " + slope(x))", ")", Q4[1:2]),
    Mutant("q4 half the divergence", "q4", " + slope(x))", " + slope(x) / 2)", Q4[1:2]),
    Mutant("q4 divergence subtracted", "q4", " + slope(x))", " - slope(x))", Q4[1:2]),
    Mutant("q4 arrows not bent", "q4", "m * score(x)", "score(x)", Q4[1:2]),
    Mutant("q4 kicks not bent", "q4", "np.sqrt(2 * step * m)", "np.sqrt(2 * step)", Q4[2:]),
    Mutant("q4 kicks bent twice", "q4", "np.sqrt(2 * step * m)", "np.sqrt(2 * step) * m", Q4[2:]),
    Mutant("q4 kicks of the mean", "q4", "np.sqrt(2 * step * m)", "np.sqrt(2 * step * (m + 2))",
           Q4[2:]),
    Mutant("q4 ignores rng", "q4", "    z = rng",
           "    rng = np.random.default_rng(0)\n    z = rng", Q4[:1]),
    Mutant("q4 global generator", "q4", "    z = rng",
           "    rng = np.random.default_rng()\n    z = rng", Q4[:2]),
    Mutant("q5 no determinants", "q5", " + np.log(m_x / m_y) / 2", "", Q5[1:]),
    Mutant("q5 determinants upside down", "q5", "np.log(m_x / m_y)", "np.log(m_y / m_x)", Q5[1:]),
    Mutant("q5 determinants without the half", "q5", "np.log(m_x / m_y) / 2",
           "np.log(m_x / m_y)", Q5[1:]),
    Mutant("q5 the way back with the old M", "q5", "back**2 / (4 * step * m_y)",
           "back**2 / (4 * step * m_x)", Q5[1:]),
    Mutant("q5 the drift back with the old M", "q5", "(m_y * score(y)", "(m_x * score(y)", Q5[1:]),
    Mutant("q5 ahead and back exchanged", "q5",
           "ahead**2 / (4 * step * m_x) - back**2 / (4 * step * m_y)",
           "back**2 / (4 * step * m_y) - ahead**2 / (4 * step * m_x)", Q5),
    Mutant("q5 without p", "q5", "log_p(y) - log_p(x) + squares", "squares", Q5),
    Mutant("q5 variance without the 2", "q5", "(4 * step * m_x)", "(2 * step * m_x)", Q5),
    Mutant("q5 forgets the divergence", "q5", " + slope(x))", ")", Q5[1:]),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by the symmetric root", "q1", "", """
def bent_step(score, x, m, step, rng):
    values, vectors = np.linalg.eigh(m)
    root = (vectors * np.sqrt(2 * step * values)) @ vectors.T
    kicks = np.einsum("ij,nj->ni", root, rng.normal(size=x.shape))
    return x + step * np.einsum("ij,nj->ni", m, score(x)) + kicks
"""),
    Mutant("q2 by SciPy", "q2", "", """
from scipy.linalg import solve_discrete_lyapunov

def rest(cov, m, noise, step):
    decay = np.eye(len(cov)) - step * np.linalg.solve(cov, m).T
    return solve_discrete_lyapunov(decay, noise)
"""),
    Mutant("q3 by the pencil", "q3", "", """
from scipy.linalg import eigh

def draws_saved(cov, m, a):
    cost = []
    for matrix in (np.eye(len(cov)), m):
        slopes = eigh(matrix, cov, eigvals_only=True)
        cost.append(2 * slopes[-1] / (a * slopes[0]) - 1)
    return cost[0] / cost[1]
"""),
    Mutant("q4 by the standard deviation", "q4", "", """
def varying_step(score, metric, slope, x, step, rng):
    mean = x + step * slope(x) + step * metric(x) * score(x)
    return rng.normal(mean, np.sqrt(2 * step * metric(x)))
"""),
    Mutant("q5 from the normal density", "q5", "", """
from scipy.stats import norm

def log_ratio(x, y, log_p, score, metric, slope, step):
    def log_q(to, source):
        m = metric(source)
        mean = source + step * (m * score(source) + slope(source))
        return norm.logpdf(to, mean, np.sqrt(2 * step * m))
    return log_p(y) + log_q(x, y) - log_p(x) - log_q(y, x)
"""),
)  # fmt: skip
