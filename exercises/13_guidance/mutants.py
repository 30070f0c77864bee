"""Wrong answers to exercise 13, each with the checks it must lose, and right ones reworded."""

from gradekit.mutation import Mutant

Q1 = ("q1.no_guidance", "q1.clean_points", "q1.noisy_points")
Q2 = ("q2.all_directions", "q2.along_axes", "q2.small_batches")
Q3 = ("q3.both_at_one", "q3.tilted", "q3.flow")
Q4 = ("q4.one_direction", "q4.own_generator", "q4.right_rate")

MUTANTS = (
    Mutant("q1 a clean classifier", "q1", "    v = v + sigma**2\n", "", Q1[2:]),
    Mutant("q1 variance and deviation mixed up", "q1", "v + sigma**2", "v + sigma", Q1[2:]),
    Mutant("q1 the wrong label", "q1", "(scores[1] - prior)", "(scores[0] - prior)", Q1[1:]),
    Mutant("q1 the conditional added whole", "q1", "(scores[1] - prior)", "scores[1]", Q1[1:]),
    Mutant("q1 from one hill to the other", "q1", "(scores[1] - prior)",
           "(scores[1] - scores[0])", Q1[1:]),
    Mutant("q1 their weight", "q1", "lam * (", "(1 + lam) * (", Q1),
    Mutant("q1 away from the label", "q1", "prior + lam", "prior - lam", Q1[1:]),
    Mutant("q1 equal responsibilities", "q1", "gamma = gamma / gamma.sum(0)",
           "gamma = 0 * gamma + 0.5", Q1),
    Mutant("q1 no determinants", "q1", " - x.shape[1] / 2 * np.log(u)", "", Q1),
    Mutant("q2 the bias kept", "q2", "value - bias", "value", Q2),
    Mutant("q2 the bias added", "q2", "value - bias", "value + bias", Q2),
    Mutant("q2 divided by n", "q2", "2 / (n - 1)", "2 / n", Q2),
    Mutant("q2 one degree of freedom too many", "q2", "np.arange(1, k + 1)", "np.arange(k)", Q2),
    Mutant("q2 the first-order bias", "q2", "    return value - bias",
           "    return value + k * (k + 1) / (2 * n)", Q2),
    Mutant("q2 axes in columns", "q2", "axes.T", "axes[: len(axes)].T[::-1]", Q2[1:2]),
    Mutant("q2 variances only", "q2", "np.linalg.slogdet(np.cov(seen.T))[1]",
           "np.log(np.diag(np.cov(seen.T))).sum()", (Q2[0], Q2[2])),
    Mutant("q3 the flow samples the tilted law", "q3", "v ** (1 - lam) * post**lam", "tilted",
           Q3[2:]),
    Mutant("q3 the tilted law as the flow", "q3", "tilted = 1 / (1 / v + lam / tau**2)",
           "tilted = v ** (1 - lam) * post**lam", Q3[1:2]),
    Mutant("q3 the weight squared", "q3", "lam / tau**2", "(lam / tau) ** 2", Q3[1:2]),
    Mutant("q3 the weight forgotten", "q3", "lam / tau**2", "1 / tau**2", Q3[1:2]),
    Mutant("q3 the powers exchanged", "q3", "v ** (1 - lam) * post**lam",
           "v**lam * post ** (1 - lam)", (Q3[0], Q3[2])),
    Mutant("q3 the deviation for the variance", "q3", "post = 1 / (1 / v + 1 / tau**2)",
           "post = 1 / (1 / v + 1 / tau)", (Q3[0], Q3[2])),
    Mutant("q4 larger batches", "q4", "[:n]", "[: len(reference) // 2]", Q4[2:]),
    Mutant("q4 the trace", "q4", "np.linalg.slogdet(np.cov(x.T))[1]",
           "np.log(np.trace(np.cov(x.T)))", (Q4[0], Q4[2])),
    Mutant("q4 the upper quantile", "q4", "np.quantile(drawn, rate)",
           "np.quantile(drawn, 1 - rate)", Q4[2:]),
    Mutant("q4 the mean", "q4", "np.quantile(drawn, rate)", "np.mean(drawn)", Q4[2:]),
    Mutant("q4 the wrong way", "q4", "spread(batch) <", "spread(batch) >", (Q4[0], Q4[2])),
    Mutant("q4 always", "q4", "spread(batch) <", "-np.inf <", Q4),
    Mutant("q4 never", "q4", "spread(batch) <", "np.inf <", Q4),
    Mutant("q4 ignores rng", "q4", "    n = len(batch)",
           "    rng = np.random.default_rng(0)\n    n = len(batch)", Q4[1:2]),
    Mutant("q4 global generator", "q4", "    n = len(batch)",
           "    rng = np.random.default_rng()\n    n = len(batch)", Q4[1:2]),
    Mutant("q4 many draws of its own", "q4", "rng.permutation(reference)[:n]) for _ in range(400)]",
           "np.random.permutation(reference)[:n]) for _ in range(1200)]", Q4[1:2]),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by log-sum-exp", "q1", "", """
from scipy.special import softmax

def guided_score(x, m, v, lam, sigma):
    u = v + sigma**2
    away = x[:, None] - m
    gamma = softmax(-(away**2).sum(2) / (2 * u) - x.shape[1] / 2 * np.log(u), axis=1)
    each = -away / u[:, None]
    return (1 - lam) * (gamma[..., None] * each).sum(1) + lam * each[:, 1]
"""),
    Mutant("q2 by singular values", "q2", "", """
from scipy.special import digamma

def spread(x, axes):
    seen = (x - x.mean(0)) @ np.transpose(axes)
    n, k = seen.shape
    value = 2 * np.log(np.linalg.svd(seen, compute_uv=False)).sum()
    return value - sum(digamma((n - i) / 2) + np.log(2) for i in range(1, k + 1))
"""),
    Mutant("q3 by precisions", "q3", "", """
def variances(v, tau, lam):
    ratio = tau**2 / (v + tau**2)
    return np.array([v * tau**2 / (tau**2 + lam * v), v * ratio**lam])
"""),
    Mutant("q4 by counting", "q4", "", """
def alarm(reference, batch, rate, rng):
    own = np.linalg.eigvalsh(np.cov(batch.T)).prod()
    below = 0
    for _ in range(1000):
        pick = rng.choice(len(reference), len(batch), replace=False)
        below += np.linalg.eigvalsh(np.cov(reference[pick].T)).prod() <= own
    return below < rate * 1000
"""),
)  # fmt: skip
