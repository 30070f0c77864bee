"""Wrong answers to exercise 5, each with the checks it must lose, and right ones in other words."""

from gradekit.mutation import Mutant

Q1 = ("q1.on_a_line", "q1.nothing_clipped", "q1.some_directions")
Q2 = ("q2.stays_inside", "q2.cuts", "q2.any_shape")
Q3 = ("q3.linear", "q3.one_among_many", "q3.bent")
Q4 = ("q4.never_clipped", "q4.diffusion", "q4.flow")
Q5 = ("q5.small_weights", "q5.large_weights", "q5.deep")

MUTANTS = (
    Mutant("q1 no step correction", "q1", "(1 - step * a / 2)", "1", Q1),
    Mutant("q1 η for η/2", "q1", "step * a / 2", "step * a", Q1),
    Mutant("q1 clips the variance from above", "q1", "np.minimum(1 / v, bound)",
           "np.maximum(1 / v, bound)", Q1),
    Mutant("q1 nothing clipped", "q1", "np.minimum(1 / v, bound)", "1 / v", (Q1[0], Q1[2])),
    Mutant("q1 all clipped", "q1", "np.minimum(1 / v, bound)", "bound + 0 * v", Q1[1:]),
    Mutant("q1 scales the whole matrix", "q1", "np.minimum(1 / v, bound)",
           "1 / v * min(1, bound * v.min())", Q1[2:]),
    Mutant("q1 entry by entry", "q1", "", """
def blurred_cov(cov, bound, step):
    a = np.clip(np.linalg.inv(cov), -bound, bound)
    return np.linalg.inv(a @ (np.eye(len(cov)) - step / 2 * a))
""", Q1[2:]),
    Mutant("q1 axes the wrong way round", "q1", "(axes * u) @ axes.T", "(axes.T * u) @ axes",
           Q1[1:]),
    Mutant("q2 changes w in place", "q2", "return (u * np.minimum(singular, bound)) @ vt",
           "w[:] = (u * np.minimum(singular, bound)) @ vt\n    return w", Q2[:1]),
    Mutant("q2 divides by the norm", "q2", "np.minimum(singular, bound)",
           "(singular * min(1, bound / singular[0]))", Q2[1:]),
    Mutant("q2 always divides", "q2", "np.minimum(singular, bound)",
           "(singular * bound / singular[0])", Q2),
    Mutant("q2 all equal to the bound", "q2", "np.minimum(singular, bound)",
           "(bound + 0 * singular)", Q2),
    Mutant("q2 the bound is 1", "q2", "(singular, bound)", "(singular, 1)", Q2[1:2]),
    Mutant("q2 drops what is too large", "q2", "np.minimum(singular, bound)",
           "np.where(singular > bound, 0, singular)", Q2[1:]),
    Mutant("q2 does nothing", "q2", "np.minimum(singular, bound)", "singular", Q2[1:]),
    Mutant("q2 by the Frobenius norm", "q2", "", """
def project(w, bound):
    return w * min(1, bound / np.linalg.norm(w))
""", Q2),
    Mutant("q2 clips the entries", "q2", "", """
def project(w, bound):
    return np.clip(w, -bound, bound)
""", Q2[1:]),
    Mutant("q2 by eigenvalues", "q2", "", """
def project(w, bound):
    values, axes = np.linalg.eigh((w + w.T) / 2)
    return (axes * np.clip(values, -bound, bound)) @ axes.T
""", Q2),
    Mutant("q3 Frobenius norm", "q3", "jacobians, 2, axis", "jacobians, axis", (Q3[0], Q3[2])),
    Mutant("q3 h for 2h", "q3", "(2 * h)", "h", Q3),
    Mutant("q3 one-sided differences", "q3", "(field(x + h * e) - field(x - h * e)) / (2 * h)",
           "(field(x + h * e) - field(x)) / h", Q3[1:]),
    Mutant("q3 the mean over points", "q3", ".max()", ".mean()", Q3[1:]),
    Mutant("q3 the first point only", "q3", ".max()", "[0]", Q3[1:]),
    Mutant("q3 the largest entry", "q3", "np.linalg.norm(jacobians, 2, axis=(1, 2))",
           "np.abs(jacobians)", (Q3[0], Q3[2])),
    Mutant("q3 the largest eigenvalue", "q3", "np.linalg.norm(jacobians, 2, axis=(1, 2))",
           "np.abs(np.linalg.eigvals(jacobians))", (Q3[0], Q3[2])),
    Mutant("q3 the longest gradient", "q3", "jacobians, 2, axis=(1, 2)", "jacobians, axis=1",
           (Q3[0], Q3[2])),
    Mutant("q4 forgets σ₀", "q4", "time = 1 / bound - v - low**2",
           "time = 1 / bound - v", Q4),
    Mutant("q4 clips always", "q4", "time <= 0", "False", Q4[:1]),
    Mutant("q4 no variance below 1/L", "q4", "", """
def at_the_end(v, low, bound):
    return np.full(2, max(v + low**2, 1 / bound))
""", Q4[1:]),
    Mutant("q4 both at rest", "q4", "fade = np.exp(-bound * time)", "fade = 1.0", Q4[1:]),
    Mutant("q4 fade not squared", "q4", "fade**2", "fade", Q4[1:2]),
    Mutant("q4 flow with twice the drift", "q4", "fade / bound", "fade**2 / bound", Q4[2:]),
    Mutant("q4 other way round", "q4", "[(1 + fade**2) / (2 * bound), fade / bound]",
           "[fade / bound, (1 + fade**2) / (2 * bound)]", Q4[1:]),
    Mutant("q4 σ₀ for its square", "q4", "- low**2\n", "- low\n", Q4[1:]),
    Mutant("q4 the variance of the data", "q4", "return np.array([v + low**2, v + low**2])",
           "return np.array([v, v])", Q4[:1]),
    Mutant("q5 still the largest entry", "q5", "np.linalg.norm(w, 2)", "np.abs(w).max()", Q5[1:]),
    Mutant("q5 Frobenius norm", "q5", "np.linalg.norm(w, 2)", "np.linalg.norm(w)", Q5),
    Mutant("q5 always divides", "q5", "max(1.0, stretch)", "stretch",
           Q5[:1]),
    Mutant("q5 never divides", "q5", "max(1.0, stretch)", "1.0", Q5[1:]),
    Mutant("q5 bound in every layer", "q5", "@ w.T\n    return bound * x",
           "@ w.T\n        x = bound * x\n    return x", Q5[2:]),
    Mutant("q5 bound at the front", "q5", "", """
def bounded(x, weights, biases, bound):
    x = bound * x
    for w, b in zip(weights, biases):
        w = w / max(1.0, np.linalg.norm(w, 2))
        x = x - 2 * np.maximum(x @ w + b, 0) @ w.T
    return x
""", Q5),
    Mutant("q5 no bound", "q5", "return bound * x", "return x", Q5),
    Mutant("q5 half the fold", "q5", "x - 2 * ", "x - ", Q5),
    Mutant("q5 away from the wall", "q5", "x - 2 * ", "x + 2 * ", Q5),
    Mutant("q5 one layer only", "q5", "    return", "        return", Q5[2:]),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by matrices", "q1", "", """
def blurred_cov(cov, bound, step):
    u, a, vt = np.linalg.svd(np.linalg.inv(cov))
    a = u @ np.diag(np.clip(a, 0, bound)) @ vt
    return np.linalg.inv(a - step / 2 * a @ a)
"""),
    Mutant("q2 takes the excess away", "q2", "", """
def project(w, bound):
    u, s, vt = np.linalg.svd(w)
    for k in range(len(s)):
        if s[k] > bound:
            w = w - (s[k] - bound) * np.outer(u[:, k], vt[k])
    return w
"""),
    Mutant("q3 point by point", "q3", "", """
def steepest_slope(field, x, h):
    best = 0.0
    for point in x:
        steps = h * np.eye(len(point))
        rows = (field(point + steps) - field(point - steps)) / (2 * h)
        best = max(best, np.sqrt(np.linalg.eigvalsh(rows @ rows.T)[-1]))
    return best
"""),
    Mutant("q4 with hyperbolic functions", "q4", "", """
def at_the_end(v, low, bound):
    left = max(0.0, 1 / bound - (v + low**2))
    u = max(v + low**2, 1 / bound)
    fade = np.exp(-bound * left)
    return u * fade * np.array([np.cosh(bound * left), 1.0])
"""),
    Mutant("q5 by singular values", "q5", "", """
def bounded(x, weights, biases, bound):
    h = np.array(x, float).T
    for w, b in zip(weights, biases):
        top = np.linalg.svd(w)[1][0]
        if top > 1:
            w = w / top
        inner = w.T @ h + b[:, None]
        h = h - w @ (inner + np.abs(inner))
    return bound * h.T
"""),
)  # fmt: skip
