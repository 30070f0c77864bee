"""Wrong answers to exercise 7, each with the checks it must lose, and right ones in other words."""

from gradekit.mutation import Mutant

Q1 = ("q1.one_node", "q1.degree", "q1.two_hills")
Q2 = ("q2.value", "q2.legs", "q2.no_more_than_needed")
Q3 = ("q3.normalised", "q3.one_point", "q3.large_constants")
Q4 = ("q4.no_ties", "q4.ties", "q4.worse_than_a_coin")
Q5 = ("q5.one_leg", "q5.whole_walk", "q5.pause")

MUTANTS = (
    Mutant("q1 weights of [-1, 1]", "q1", ", weights / 2", ", weights", Q1),
    Mutant("q1 nodes of [-1, 1]", "q1", "(t + 1) / 2, weights / 2", "t, weights / 2", Q1),
    Mutant("q1 the other way", "q1", "x - x0", "x0 - x", Q1),
    Mutant("q1 a way of length one", "q1", "way = x - x0",
           "way = (x - x0) / np.linalg.norm(x - x0, axis=1, keepdims=True)", Q1),
    Mutant("q1 from the origin", "q1", "score(x0 + ti", "score(ti", Q1),
    Mutant("q1 the middle only", "q1", "leggauss(nodes)", "leggauss(1)", Q1[1:]),
    Mutant("q1 one node too few", "q1", "leggauss(nodes)", "leggauss(max(1, nodes - 1))", Q1[1:2]),
    Mutant("q1 always sixty-four nodes", "q1", "leggauss(nodes)", "leggauss(64)", Q1[1:2]),
    Mutant("q1 an even grid of nodes", "q1", "np.polynomial.legendre.leggauss(nodes)",
           "np.linspace(-1, 1, 2 * nodes + 1)[1::2], np.full(nodes, 2 / nodes)", Q1[1:]),
    Mutant("q1 only the first coordinate", "q1", "* way).sum(axis=1)", "* way)[:, 0]", Q1),
    Mutant("q2 Simpson's six forgotten", "q2", "/ 6", "/ 3", Q2),
    Mutant("q2 the trapezoid's weights", "q2", "[1, 4, 1]) / 6", "[1, 0, 1]) / 2", Q2[1:2]),
    Mutant("q2 the coarse value", "q2", "total += fine", "total += simpson(a, b) / 2 + fine / 3",
           Q2),
    Mutant("q2 never halves", "q2", "> tol * (b - a)", "> np.inf", Q2[:2]),
    Mutant("q2 sixty-four even legs", "q2", "abs(fine - simpson(a, b)) > tol * (b - a)",
           "b - a > 1 / 64", Q2),
    Mutant("q2 stops far too early", "q2", "> tol * (b - a)", "> 1e6 * tol * (b - a)", Q2[:2]),
    Mutant("q2 keeps the one Simpson", "q2", "total += fine", "total += simpson(a, b)", Q2[1:2]),
    Mutant("q2 tolerance not shared out", "q2", "> tol * (b - a)", "> tol", Q2[1:2]),
    Mutant("q2 the wrong sign", "q2", "total += fine", "total -= fine", Q2),
    Mutant("q2 forgets the right half", "q2", "[(a, middle), (middle, b)]", "[(a, middle)]",
           Q2),
    Mutant("q3 no normaliser", "q3", "", """
def model_ratio(f, g, x, grid):
    return f(x) - g(x)
""", Q3),
    Mutant("q3 only p's normaliser", "q3", " - np.log(np.exp(on_q - top_q).sum())", "", Q3),
    Mutant("q3 the tops only", "q3", "", """
def model_ratio(f, g, x, grid):
    return f(x) - f(grid).max() - g(x) + g(grid).max()
""", Q3),
    Mutant("q3 over the batch, not the grid", "q3", "f(grid), g(grid)", "f(x), g(x)", Q3),
    Mutant("q3 upside down", "q3", "return log_p - log_q", "return log_q - log_p", Q3),
    Mutant("q3 overflows", "q3", "", """
def model_ratio(f, g, x, grid):
    log_p = f(x) - np.log(np.exp(f(grid)).sum())
    log_q = g(x) - np.log(np.exp(g(grid)).sum())
    return log_p - log_q
""", Q3[2:]),
    Mutant("q3 off by the batch's mean", "q3", "return log_p - log_q",
           "return log_p - log_q - np.mean(log_p - log_q) * (len(x) == 1)", Q3[1:2]),
    Mutant("q4 ties count whole", "q4", "odd[:, None] > usual", "odd[:, None] >= usual", Q4[1:2]),
    Mutant("q4 ties do not count", "q4", " + equal.mean() / 2", "", Q4[1:2]),
    Mutant("q4 upside down", "q4", "odd[:, None] > usual", "odd[:, None] < usual", Q4),
    Mutant("q4 never below one half", "q4", "return higher.mean() + equal.mean() / 2",
           "return max(higher.mean() + equal.mean() / 2, 1 - higher.mean() - equal.mean() / 2)",
           Q4[2:]),
    Mutant("q4 accuracy at the middle", "q4", "", """
def auroc(usual, odd):
    cut = (usual.mean() + odd.mean()) / 2
    return ((odd > cut).mean() + (usual <= cut).mean()) / 2
""", Q4),
    Mutant("q5 still of length one", "q5", "@ (b - a)",
           "@ ((b - a) / max(np.linalg.norm(b - a), 1e-300))", Q5),
    Mutant("q5 still the weights of [-1, 1]", "q5", ", weights / 2", ", weights", Q5),
    Mutant("q5 stumbles over a pause", "q5", "@ (b - a)",
           "@ ((b - a) / np.linalg.norm(b - a)) * np.linalg.norm(b - a)", Q5[2:]),
    Mutant("q5 forgets what lies behind", "q5", "heights[-1] + ", "", Q5[1:]),
    Mutant("q5 drops repeated corners", "q5", "    t, weights = (t + 1)",
           "    keep = [True, *(np.diff(corners, axis=0) != 0).any(axis=1)]\n"
           "    corners = corners[np.array(keep)]\n    t, weights = (t + 1)", Q5[2:]),
)  # fmt: skip

REWRITES = (
    Mutant("q1 all nodes at once", "q1", "", """
def log_ratio(score, x, x0, nodes):
    t, w = np.polynomial.legendre.leggauss(nodes)
    at = x0 + (1 + t)[:, None, None] / 2 * (x - x0)
    s = score(at.reshape(-1, x.shape[1])).reshape(at.shape)
    return np.einsum("q,qnd,nd->n", w, s, x - x0) / 2
"""),
    Mutant("q2 by recursion", "q2", "", """
def adaptive(score, x, x0, tol):
    def f(t):
        return float(score((x0 + t * (x - x0))[None])[0] @ (x - x0))

    def climb(a, fa, m, fm, b, fb):
        left, right = (a + m) / 2, (m + b) / 2
        fl, fr = f(left), f(right)
        whole, halves = fa + 4 * fm + fb, (fa + 4 * fl + 2 * fm + 4 * fr + fb) / 2
        if abs(halves - whole) / 6 <= tol:
            return (b - a) * halves / 6, [b]
        one, two = climb(a, fa, left, fl, m, fm), climb(m, fm, right, fr, b, fb)
        return one[0] + two[0], one[1] + two[1]

    total, ends = climb(0.0, f(0.0), 0.5, f(0.5), 1.0, f(1.0))
    return total, np.array([0.0] + ends)
"""),
    Mutant("q3 by logsumexp", "q3", "", """
from scipy.special import logsumexp
def model_ratio(f, g, x, grid):
    return f(x) - g(x) - logsumexp(f(grid)) + logsumexp(g(grid))
"""),
    Mutant("q4 by ranks", "q4", "", """
from scipy.stats import rankdata
def auroc(usual, odd):
    ranks = rankdata(np.concatenate([usual, odd]))[len(usual):]
    m = len(odd)
    return (ranks.sum() - m * (m + 1) / 2) / (m * len(usual))
"""),
    Mutant("q5 all legs at once", "q5", "", """
def profile(score, corners, nodes):
    t, w = np.polynomial.legendre.leggauss(nodes)
    legs = np.diff(corners, axis=0)
    at = corners[:-1, None] + (t[:, None] + 1) / 2 * legs[:, None]
    s = score(at.reshape(-1, corners.shape[1])).reshape(at.shape)
    return np.append(0, np.cumsum(np.einsum("lqd,ld,q->l", s, legs, w / 2)))
"""),
)  # fmt: skip
