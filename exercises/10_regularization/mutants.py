"""Wrong answers to exercise 10, each with the checks it must lose, and right ones otherwise."""

from gradekit.mutation import Mutant

Q1 = ("q1.no_penalty", "q1.on_a_line", "q1.in_space")
Q2 = ("q2.real_pulls", "q2.turning", "q2.pushes", "q2.not_the_largest")
Q3 = ("q3.by_the_formula", "q3.below_one", "q3.one_chain", "q3.stuck")
Q4 = ("q4.one_pull", "q4.from_far_out", "q4.any_order", "q4.length")

# The reference of q4, judging where the walkers ended by another rule.
JUDGED = """
def largest_stable(score, start, etas, steps):
    stable = 0.0
    for eta in etas:
        x = start
        for _ in range(steps):
            x = x + eta * score(x)
        if {}:
            stable = max(stable, float(eta))
    return stable
"""

MUTANTS = (
    Mutant("q1 λ for dλ", "q1", "d * lam", "lam", Q1[2:]),
    Mutant("q1 half of λ", "q1", "d * lam", "d * lam / 2", Q1[1:]),
    Mutant("q1 λ per point", "q1", "d * lam", "d * lam / n", Q1[1:]),
    Mutant("q1 transposed", "q1", "y.T @ noise / n).T", "y.T @ noise / n)",
           (Q1[0], Q1[2])),
    Mutant("q1 no penalty", "q1", " + d * lam * np.eye(d)", "", Q1[1:]),
    Mutant("q1 λ on every entry", "q1", "np.eye(d)", "np.ones((d, d))", Q1[2:]),
    Mutant("q1 coordinate by coordinate", "q1", "moment = y.T @ y / n",
           "moment = np.diag(np.diag(y.T @ y / n))", (Q1[0], Q1[2])),
    Mutant("q1 a sum over points", "q1", "y.T @ noise / n", "y.T @ noise", Q1),
    Mutant("q1 decay after the fit", "q1", "", """
def ridge_denoiser(y, noise, lam):
    plain = np.linalg.lstsq(y, noise, rcond=None)[0].T
    return plain / (1 + lam)
""", Q1[1:]),
    Mutant("q2 two over the largest", "q2", "(-2 * mu.real / np.abs(mu) ** 2).min()",
           "2 / np.abs(mu).max()", (Q2[1], Q2[3])),
    Mutant("q2 real parts only", "q2", "(-2 * mu.real / np.abs(mu) ** 2).min()",
           "(-2 / mu.real).min()", (Q2[1], Q2[3])),
    Mutant("q2 one over L", "q2", "-2 * mu.real", "-mu.real", (Q2[0], Q2[1], Q2[3])),
    Mutant("q2 the most generous", "q2", ").min()", ").max()",
           (Q2[0], Q2[1], Q2[3])),
    Mutant("q2 pushes are forgotten", "q2",
           "    if (mu.real >= 0).any():\n        return 0.0\n", "", Q2[2:3]),
    Mutant("q2 a zero is no push", "q2", "(mu.real >= 0).any()", "(mu.real > 0).any()", Q2[2:3]),
    Mutant("q2 of the largest eigenvalue", "q2",
           "return float((-2 * mu.real / np.abs(mu) ** 2).min())",
           "mu = mu[np.abs(mu).argmax()]\n    return float(-2 * mu.real / np.abs(mu) ** 2)",
           Q2[3:]),
    Mutant("q2 symmetric part", "q2", "np.linalg.eigvals(jacobian)",
           "np.linalg.eigvals((jacobian + jacobian.T) / 2)", (Q2[0], Q2[1], Q2[3])),
    Mutant("q2 spectral norm", "q2", "", """
def step_limit(jacobian):
    if (np.linalg.eigvals(jacobian).real >= 0).any():
        return 0.0
    return 2 / np.linalg.norm(jacobian, 2)
""", (Q2[0], Q2[1], Q2[3])),
    Mutant("q3 one side only", "q3", "1 + 2 * c[1:]", "1 + c[1:]", Q3),
    Mutant("q3 lag zero twice", "q3", "c[1:].sum()", "c.sum()", Q3),
    Mutant("q3 each chain's own mean", "q3", "kept.mean()", "kept.mean(0)",
           (Q3[0], Q3[1], Q3[3])),
    Mutant("q3 never below one", "q3", "return float(1 + 2 * c[1:].sum() / c[0])",
           "return float(max(1.0, 1 + 2 * c[1:].sum() / c[0]))", Q3[1:2]),
    Mutant("q3 one lag too few", "q3", "range(lags + 1)", "range(lags)", Q3),
    Mutant("q3 divided by k", "q3", "(off[: k - t] * off[t:]).mean()",
           "(off[: k - t] * off[t:]).sum() / off.size", Q3),
    Mutant("q3 the mean is not taken off", "q3", "kept - kept.mean()", "kept", Q3),
    Mutant("q3 effective draws", "q3", "return float(1 + 2 * c[1:].sum() / c[0])",
           "return float(kept.size / (1 + 2 * c[1:].sum() / c[0]))", Q3),
    Mutant("q3 lags along the chains", "q3", "off[: k - t] * off[t:]",
           "off * np.roll(off, t, axis=0)", Q3),
    Mutant("q4 takes NaN for near", "q4", "if np.linalg.norm(x, axis=1).max() <= reach",
           "if not np.linalg.norm(x, axis=1).max() > reach", Q4[:1]),
    Mutant("q4 starts at the origin", "q4", "x = start", "x = 0 * start", Q4),
    Mutant("q4 finite is enough", "q4", "np.linalg.norm(x, axis=1).max() <= reach",
           "np.isfinite(x).all()", Q4),
    Mutant("q4 the last one that is stable", "q4", "max(stable, float(eta))", "float(eta)",
           Q4[2:3]),
    Mutant("q4 largest coordinate", "q4", "",
           JUDGED.format("np.abs(x).max() <= np.abs(start).max()"), Q4[3:]),
    Mutant("q4 the mean walker", "q4", "np.linalg.norm(x, axis=1).max()",
           "np.linalg.norm(x, axis=1).mean()", Q4[2:]),
    Mutant("q4 mean against mean", "q4", "",
           JUDGED.format("np.linalg.norm(x, axis=1).mean() "
                         "<= np.linalg.norm(start, axis=1).mean()"), Q4[2:3]),
    Mutant("q4 only the farthest walker", "q4", "x = start",
           "x = start[[np.linalg.norm(start, axis=1).argmax()]]", Q4[2:3]),
    Mutant("q4 must come nearer", "q4", "<= reach", "< reach", Q4[2:3]),
    Mutant("q4 one step only", "q4", "range(steps)", "range(1)", Q4[3:]),
    Mutant("q4 the smallest", "q4", "max(stable, float(eta))",
           "min(stable or np.inf, float(eta))", Q4[:3]),
    Mutant("q4 stops at the first that is not", "q4",
           "            stable = max(stable, float(eta))",
           "            stable = max(stable, float(eta))\n        else:\n            break",
           Q4[2:3]),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by added rows", "q1", "", """
def ridge_denoiser(y, noise, lam):
    n, d = y.shape
    rows = np.concatenate([y, np.sqrt(n * d * lam) * np.eye(d)])
    aims = np.concatenate([noise, np.zeros((d, d))])
    return np.linalg.lstsq(rows, aims, rcond=None)[0].T
"""),
    Mutant("q1 by singular values", "q1", "", """
def ridge_denoiser(y, noise, lam):
    n, d = y.shape
    u, s, vt = np.linalg.svd(y, full_matrices=False)
    return ((noise.T @ u) * (s / (s**2 + n * d * lam))) @ vt
"""),
    Mutant("q2 eigenvalue by eigenvalue", "q2", "", """
def step_limit(jacobian):
    best = np.inf
    for m in np.linalg.eigvals(jacobian):
        best = min(best, -2 * m.real / (m.real**2 + m.imag**2) if m.real < 0 else 0.0)
    return best
"""),
    Mutant("q3 by sums", "q3", "", """
def autocorrelation_time(kept, lags):
    k, n = kept.shape
    off = kept - np.mean(kept)
    c0, total = np.sum(off**2) / (n * k), 0.0
    for t in range(1, lags + 1):
        total += np.sum(off[:-t] * off[t:]) / (n * (k - t))
    return 1 + 2 * total / c0
"""),
    Mutant("q4 from the largest down", "q4", "", """
def largest_stable(score, start, etas, steps):
    reach = np.sqrt((start**2).sum(1)).max()
    for eta in sorted(etas, reverse=True):
        x = start.copy()
        for _ in range(steps):
            x += eta * score(x)
        if np.sqrt((x**2).sum(1)).max() <= reach:
            return eta
    return 0.0
"""),
)  # fmt: skip
