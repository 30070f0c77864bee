"""Wrong answers to exercise 9, each with the checks it must lose, and right ones in other words."""

from gradekit.mutation import Mutant

Q1 = ("q1.multiples", "q1.lengths_and_fits", "q1.mean_angle", "q1.zero_arrows")
Q2 = ("q2.one_at_a_time", "q2.uneven_lengths", "q2.all_three")
Q3 = ("q3.on_a_line", "q3.round_data", "q3.thin_data")
Q4 = ("q4.draws_from_rng", "q4.finds_the_scale", "q4.turned_score")
Q5 = ("q5.reads_scales", "q5.reads_angles", "q5.reads_both")

MUTANTS = (
    Mutant("q1 the fit the other way round", "q1", "scale = (a * b).sum() / (b**2).sum()",
           "scale = (a * b).sum() / (a**2).sum()", (Q1[0], Q1[1], Q1[3])),
    Mutant("q1 mean of the ratios", "q1", "scale = (a * b).sum() / (b**2).sum()",
           "scale = np.mean(a[b > 0] / b[b > 0])", (Q1[1], Q1[3])),
    Mutant("q1 ratio of the means", "q1", "scale = (a * b).sum() / (b**2).sum()",
           "scale = a.sum() / b.sum()", (Q1[1], Q1[3])),
    Mutant("q1 RMSE not calibrated", "q1", "(a - scale * b) ** 2", "(a - b) ** 2",
           (Q1[0], Q1[1], Q1[3])),
    Mutant("q1 RMSE of the vectors", "q1", "np.mean((a - scale * b) ** 2)",
           "np.mean(((s - scale * exact) ** 2).sum(axis=1))", (Q1[0], Q1[1], Q1[3])),
    Mutant("q1 one fit for both", "q1", "work.sum() / (b**2).sum()", "scale",
           (Q1[0], Q1[1], Q1[3])),
    Mutant("q1 angle of the mean cosine", "q1", "np.arccos(np.clip(cosine, -1, 1)).mean()",
           "np.arccos(np.clip(cosine.mean(), -1, 1))", Q1[2:]),
    Mutant("q1 zero arrows have a right angle", "q1",
           "    known = a * b > 0\n    cosine = work[known] / (a * b)[known]\n",
           "    cosine = work / np.where(a * b > 0, a * b, 1)\n", Q1[3:]),
    Mutant("q1 zero arrows give NaN", "q1",
           "    known = a * b > 0\n    cosine = work[known] / (a * b)[known]\n",
           "    cosine = work / (a * b)\n", Q1[3:]),
    Mutant("q1 zero arrows left out of the fits", "q1", "    a, b =",
           "    keep = (s != 0).any(1) & (exact != 0).any(1)\n    s, exact = s[keep], exact[keep]\n"
           "    a, b =", Q1[3:]),
    Mutant("q1 degrees", "q1", "angle = np.arccos", "angle = 180 / np.pi * np.arccos",
           (Q1[0], *Q1[2:])),
    Mutant("q2 scale not squared", "q2", "(scale - 1) ** 2,", "abs(scale - 1),", Q2),
    Mutant("q2 without the 2", "q2", "2 * (a * b", "(a * b", (Q2[0], Q2[2])),
    Mutant("q2 cosines not weighted", "q2",
           "2 * (a * b - (s * exact).sum(axis=1)).sum() / total",
           "2 * (1 - (s * exact).sum(axis=1) / (a * b)).mean()", Q2[2:]),
    Mutant("q2 the vector fit for the norm fit", "q2", "scale = (a * b).sum() / total",
           "scale = (s * exact).sum() / total", (Q2[0], Q2[2])),
    Mutant("q2 uneven about 1", "q2", "(a - scale * b) ** 2", "(a - b) ** 2", Q2),
    Mutant("q2 means for sums", "q2", "uneven = ((a - scale * b) ** 2).sum() / total",
           "uneven = ((a - scale * b) ** 2).mean() / total", Q2[1:]),
    Mutant("q3 forgets σ²", "q3", "np.asarray(variances) + sigma**2", "np.asarray(variances)", Q3),
    Mutant("q3 σ for σ²", "q3", "sigma**2", "sigma", Q3),
    Mutant("q3 means over directions", "q3",
           "    exact, work, own = (1 / u).sum(), (shrink / u).sum(), (shrink**2 / u).sum()",
           "    exact, work, own = len(u), shrink.sum(), (shrink**2).sum()", Q3[2:]),
    Mutant("q3 data weighted, not scores", "q3",
           "    exact, work, own = (1 / u).sum(), (shrink / u).sum(), (shrink**2 / u).sum()",
           "    exact, work, own = u.sum(), (shrink * u).sum(), (shrink**2 * u).sum()", Q3[2:]),
    Mutant("q3 λ/2", "q3", "(u + lam)", "(u + lam / 2)", Q3),
    Mutant("q3 repaired by 1/c", "q3", "    left = 1 - work**2 / (own * exact)",
           "    left = 1 - 2 * 1 + own * exact / work**2", Q3[2:]),
    Mutant("q3 not repaired", "q3", "    left = 1 - work**2 / (own * exact)",
           "    left = 1 - 2 * work / exact + own / exact", Q3),
    Mutant("q3 square of the error", "q3", "np.sqrt(max(left, 0.0))", "max(left, 0.0)", Q3[2:]),
    Mutant("q4 sign", "q4", "return -(eps", "return (eps", Q4[1:]),
    Mutant("q4 forgets σ", "q4", "(sigma * (s**2).sum())", "(s**2).sum()", Q4[1:]),
    Mutant("q4 the factor the other way round", "q4", "-(eps * s).sum() / (sigma * (s**2).sum())",
           "-(sigma * (s**2).sum()) / (eps * s).sum()", Q4[1:]),
    Mutant("q4 fits the noise to the score", "q4", "(sigma * (s**2).sum())",
           "(sigma * (eps**2).sum()) * sigma**2", Q4[1:]),
    Mutant("q4 by lengths", "q4", "-(eps * s).sum() / (sigma * (s**2).sum())",
           "np.sqrt((eps**2).sum() / (s**2).sum()) / sigma", Q4[1:]),
    Mutant("q4 the score at the clean points", "q4", "score(x + sigma * eps, sigma)",
           "score(x, sigma)", Q4[1:]),
    Mutant("q4 ignores rng", "q4", "    eps =",
           "    rng = np.random.default_rng(0)\n    eps =", Q4[:1]),
    Mutant("q4 global generator", "q4", "    eps =",
           "    rng = np.random.default_rng()\n    eps =", Q4[:1]),
    Mutant("q4 the mean of the points' own factors", "q4",
           "-(eps * s).sum() / (sigma * (s**2).sum())",
           "np.mean(-(eps * s).sum(axis=1) / (sigma * (s**2).sum(axis=1)))", Q4[2:]),
    Mutant("q5 the fit still the other way round", "q5", "(right**2).sum()", "(own**2).sum()",
           (Q5[0], Q5[2])),
    Mutant("q5 the angle still of the mean cosine", "q5", "np.degrees(np.arccos(cosine)).mean()",
           "np.degrees(np.arccos(cosine.mean()))", Q5[1:]),
    Mutant("q5 radians", "q5", "np.degrees(np.arccos(cosine)).mean()", "np.arccos(cosine).mean()",
           Q5[1:]),
    Mutant("q5 weighted angles", "q5", "np.degrees(np.arccos(cosine)).mean()",
           "np.average(np.degrees(np.arccos(cosine)), weights=own * right)", Q5[1:]),
    Mutant("q5 the vector fit", "q5", "fit = (own * right)",
           "fit = (s[here] * exact[here])", Q5[2:]),
    Mutant("q5 all regions alike", "q5", "here = region == k", "here = region == region", Q5),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by least squares and atan2", "q1", "", """
def split(s, exact):
    a, b = (np.sqrt(np.einsum("ij,ij->i", v, v)) for v in (s, exact))
    scale = np.linalg.lstsq(b[:, None], a, rcond=None)[0][0]
    vector = np.linalg.lstsq(exact.reshape(-1, 1), s.ravel(), rcond=None)[0][0]
    keep = (a > 0) & (b > 0)
    u, w = s[keep] / a[keep, None], exact[keep] / b[keep, None]
    angle = 2 * np.arctan2(np.linalg.norm(u - w, axis=1), np.linalg.norm(u + w, axis=1))
    return np.array([scale, np.sqrt(((a - scale * b) ** 2).mean()), vector, angle.mean()])
"""),
    Mutant("q2 the direction from the rest", "q2", "", """
def parts(s, exact):
    a, b = np.linalg.norm(s, axis=1), np.linalg.norm(exact, axis=1)
    total = b @ b
    c = a @ b / total
    whole = ((s - exact) ** 2).sum() / total
    length = ((a - b) ** 2).sum() / total
    return (c - 1) ** 2, length - (c - 1) ** 2, whole - length
"""),
    Mutant("q3 with the network itself", "q3", "", """
def ridge_split(variances, sigma, lam):
    var = np.asarray(variances) + sigma**2  # of y
    own, true = 1 / (var + lam), 1 / var
    a = (own * true * var).sum() / (own**2 * var).sum()
    rest = ((a * own - true) ** 2 * var).sum() / (true**2 * var).sum()
    return (own * true * var).sum() / (true**2 * var).sum(), rest**0.5
"""),
    Mutant("q4 by least squares", "q4", "", """
def data_factor(score, x, sigma, rng):
    eps = rng.normal(size=x.shape)
    s = score(x + sigma * eps, sigma)
    return np.linalg.lstsq(sigma * s.reshape(-1, 1), -eps.ravel(), rcond=None)[0][0]
"""),
    Mutant("q5 with masks", "q5", "", """
def report(s, exact, region):
    a, b = np.linalg.norm(s, axis=1), np.linalg.norm(exact, axis=1)
    angle = np.degrees(np.arccos(np.clip((s * exact).sum(1) / a / b, -1, 1)))
    inside = np.unique(region)[:, None] == region
    fit = (inside * a * b).sum(1) / (inside * b**2).sum(1)
    return np.stack([fit, (inside * angle).sum(1) / inside.sum(1)], axis=1)
"""),
)  # fmt: skip
