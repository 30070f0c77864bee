"""Wrong answers to exercise 1, each with the checks it must lose, and right ones in other words."""

from gradekit.mutation import Mutant

Q1 = ("q1.one_gaussian", "q1.mixture", "q1.far_tails")
Q2 = ("q2.linear", "q2.second_order", "q2.ends_on_peaks")
Q3 = ("q3.thin_ring", "q3.wide_ring")
Q4 = ("q4.own_generator", "q4.radii", "q4.angles")
Q5 = ("q5.starts", "q5.pull", "q5.arrival")

MUTANTS = (
    Mutant("q1 sign", "q1", "means - x[:, None]", "x[:, None] - means", Q1),
    Mutant("q1 s for s² in the arrow", "q1", "share / sds**2", "share / sds", Q1),
    Mutant("q1 s for s² in the density", "q1", "(2 * sds**2)\n", "(2 * sds)\n", Q1[1:2]),
    Mutant("q1 factor 2 in the exponent", "q1", "/ (2 * sds**2)\n", "/ sds**2\n", Q1[1:2]),
    Mutant("q1 weights left out", "q1", "np.log(weights) - ", "-", Q1[1:2]),
    Mutant("q1 normaliser of one dimension", "q1", "2 * np.log(sds)", "np.log(sds)", Q1[1:2]),
    Mutant("q1 no log-sum-exp", "q1", " - logs.max(axis=1, keepdims=True)", "", Q1[2:]),
    Mutant("q1 shares over the points", "q1", "share.sum(axis=1", "share.sum(axis=0", Q1),
    Mutant("q1 shares not divided by their sum", "q1", "share /= share.sum(axis=1, keepdims=True)",
           "", Q1[1:2]),
    Mutant("q1 nearest component only", "q1", "np.exp(logs - logs.max(axis=1, keepdims=True))",
           "(logs == logs.max(axis=1, keepdims=True)).astype(float)", Q1[1:2]),
    Mutant("q1 constant answer", "q1", "", "def mixture_score(x, *_):\n    return 0 * x", Q1),
    Mutant("q2 Euler", "q2", "score(x + step * first)", "first", Q2[:2]),
    Mutant("q2 sign", "q2", "x + step * (first", "x - step * (first", Q2),
    Mutant("q2 factor 2", "q2", ") / 2", ")", Q2[:2]),
    Mutant("q2 one step short", "q2", "range(steps)", "range(steps - 1)", Q2[:2]),
    Mutant("q2 stops at once", "q2", "    return x", "        return x", Q2),
    Mutant("q2 corrects the prediction", "q2", "x = x + step * (first",
           "x = x + step * first + step * (first", Q2[:2]),
    Mutant("q2 midpoint in place of Heun", "q2", "step * (first + second) / 2",
           "step * score(x + step * first / 2)", Q2[1:2]),
    Mutant("q2 changes x in place", "q2", "x = x + step * (first", "x += step * (first", Q2[2:]),
    Mutant("q3 small-radius term left out", "q3", "(inner + outer)", "outer", Q3[1:]),
    Mutant("q3 whole bell, no erf", "q3", "1 + math.erf(edge / math.sqrt(2))", "2", Q3[1:]),
    Mutant("q3 erf without √2", "q3", "edge / math.sqrt(2)", "edge", Q3[1:]),
    Mutant("q3 sign of the small-radius term", "q3", "inner + outer", "outer - inner", Q3[1:]),
    Mutant("q3 sqrt of 2π", "q3", "math.log(2 * math.pi", "math.log(math.sqrt(2 * math.pi)", Q3),
    Mutant("q3 factor 2", "q3", "math.log(2 * math.pi", "math.log(math.pi", Q3),
    Mutant("q3 w² for w", "q3", "radius * width *", "radius * width**2 *", Q3),
    Mutant("q4 ignores rng", "q4", "    r = ",
           "    rng = np.random.default_rng(0)\n    r = ", Q4[:1]),
    Mutant("q4 global generator", "q4", "    r = ",
           "    rng = np.random.default_rng()\n    r = ", Q4[:1]),
    Mutant("q4 Gaussian radius", "q4", "density = r * np", "density = np", Q4[1:2]),
    Mutant("q4 w for w²", "q4", "(2 * width**2)", "(2 * width)", Q4[1:2]),
    Mutant("q4 factor 2 in the exponent", "q4", "(2 * width**2)", "width**2", Q4[1:2]),
    Mutant("q4 half a circle", "q4", "2 * np.pi, n", "np.pi, n", Q4[2:]),
    Mutant("q4 one angle for all", "q4", "2 * np.pi, n)",
           "2 * np.pi)\n    angle = np.full(n, angle)", Q4[2:]),
    Mutant("q4 one random number for both", "q4", "rng.uniform(0, 2 * np.pi, n)",
           "2 * np.pi * drawn / (radius + 9 * width)", Q4[2:]),
    Mutant("q4 a spiral", "q4", "np.interp(rng.random(n), rises / rises[-1], r)\n"
           "    angle = rng.uniform(0, 2 * np.pi, n)",
           "np.interp(u := rng.random(n), rises / rises[-1], r)\n    angle = 2 * np.pi * u",
           Q4[2:]),
    Mutant("q4 sorted distances", "q4", "rng.random(n)", "np.sort(rng.random(n))", Q4[2:]),
    Mutant("q4 evenly spaced directions", "q4", "rng.uniform(0, 2 * np.pi, n)",
           "np.linspace(0, 2 * np.pi, n)", Q4[2:]),
    Mutant("q4 sqrt of the radius", "q4", "drawn[:, None] *", "np.sqrt(drawn)[:, None] *", Q4[1:2]),
    Mutant("q5 still ∇p", "q5", "(radius - r)",
           "np.exp(-((r - radius) ** 2) / (2 * width**2)) * (radius - r)", Q5[1:]),
    Mutant("q5 still its own rng", "q5", "    x = rng",
           "    rng = np.random.default_rng(1)\n    x = rng", Q5[:1]),
    Mutant("q5 global generator", "q5", "x = rng.uniform", "x = np.random.uniform", Q5),
    Mutant("q5 sign", "q5", "(radius - r)", "(r - radius)", Q5[1:]),
    Mutant("q5 w for w²", "q5", "width**2", "width", Q5[1:]),
    Mutant("q5 x not made a unit vector", "q5", " * x / r", " * x", Q5[1:2]),
    Mutant("q5 on the ring from the start", "q5", "", """
def climb(n, radius, width, step, steps, rng):
    angle = rng.uniform(0, 2 * np.pi, n)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
""", Q5),
    Mutant("q4 constant answer", "q4", "",
           "def sample_ring(n, radius, width, rng):\n    return np.full((n, 2), radius)", Q4),
    Mutant("q2 returns the start", "q2", "", "def flow(score, x, step, steps):\n    return x", Q2),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by loops over the components", "q1", "", """
def mixture_score(x, weights, means, sds):
    logs = [np.log(w / s**2) - ((x - m)**2).sum(1) / (2 * s**2)
            for w, m, s in zip(weights, means, sds)]
    total = np.logaddexp.reduce(logs, axis=0)
    return sum(np.exp(l - total)[:, None] * (m - x) / s**2 for l, m, s in zip(logs, means, sds))
"""),
    Mutant("q1 by automatic differentiation", "q1", "", """
import autograd.numpy as anp
from autograd import elementwise_grad
from autograd.scipy.special import logsumexp
def mixture_score(x, weights, means, sds):
    def log_p(x):
        square = anp.sum((x[:, None] - means)**2, axis=-1)
        return logsumexp(anp.log(weights) - 2 * anp.log(sds) - square / (2 * sds**2), axis=1)
    return elementwise_grad(log_p)(x)
"""),
    Mutant("q2 with the mean of two Euler steps", "q2", "", """
def flow(score, x, step, steps):
    x = np.array(x, float)
    for _ in range(int(steps)):
        once = x + step * score(x)
        x = 0.5 * (x + once + step * score(once))
    return x
"""),
    Mutant("q2 in place on a copy", "q2", "", """
def flow(score, x, step, steps):
    x = x.copy()
    for _ in range(steps):
        arrow = score(x)
        x += step / 2 * (arrow + score(x + step * arrow))
    return x
"""),
    Mutant("q3 with erfc", "q3", "", """
import math
def ring_log_z(radius, width):
    a = radius / (width * math.sqrt(2))
    inside = math.exp(-a * a) + a * math.sqrt(math.pi) * math.erfc(-a)
    return np.log(2 * np.pi * width**2 * inside)
"""),
    Mutant("q4 by rejection", "q4", "", """
def sample_ring(n, radius, width, rng):
    peak = (radius + np.hypot(radius, 2 * width)) / 2
    radii = np.zeros(0)
    while len(radii) < n:
        t = (peak + width * rng.standard_normal(n)) / peak
        keep = rng.random(n) < np.where(t > 0, t * np.exp(1 - t), 0)
        radii = np.concatenate([radii, peak * t[keep]])
    direction = rng.standard_normal((n, 2))
    return radii[:n, None] * direction / np.linalg.norm(direction, axis=1, keepdims=True)
"""),
    Mutant("q5 with complex numbers", "q5", "", """
def climb(n, radius, width, step, steps, rng):
    z = rng.uniform(-3, 3, n) + 1j * rng.uniform(-3, 3, n)
    for _ in range(steps):
        z += step / width**2 * (radius / np.abs(z) - 1) * z
    return np.stack([z.real, z.imag], axis=1)
"""),
)  # fmt: skip
