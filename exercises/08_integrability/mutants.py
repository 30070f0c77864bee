"""Wrong answers to exercise 8, each with the checks it must lose, and right ones in other words."""

from gradekit.mutation import Mutant

Q1 = ("q1.rotation", "q1.linear", "q1.bent", "q1.gradient")
Q2 = ("q2.up_and_right", "q2.four_directions", "q2.where_the_curl_is")
Q3 = ("q3.no_noise", "q3.honest", "q3.own_generator")
Q4 = ("q4.symmetric", "q4.skew", "q4.at_least_one")
Q5 = ("q5.quarter_turn", "q5.own_level", "q5.at_rest")

MUTANTS = (
    Mutant("q1 the other sign", "q1", "by_axis - by_axis.transpose(0, 2, 1)",
           "by_axis.transpose(0, 2, 1) - by_axis", Q1),
    Mutant("q1 the symmetric part", "q1", "by_axis - ", "by_axis + ", Q1),
    Mutant("q1 half of it", "q1", "return by_axis", "return 0.5 * by_axis", Q1),
    Mutant("q1 h for 2h", "q1", "(2 * h)", "h", Q1),
    Mutant("q1 one-sided", "q1", "(field(x + h * e) - field(x - h * e)) / (2 * h)",
           "(field(x + h * e) - field(x)) / h", Q1[2:]),
    Mutant("q1 a step of its own", "q1", "    d = x.shape[1]",
           "    d, h = x.shape[1], 1e-5", Q1[3:]),
    Mutant("q1 the plane only", "q1", "    d = x.shape[1]\n", "    d = 2\n", Q1[1:]),
    Mutant("q1 the first point for all", "q1", "    return by_axis",
           "    by_axis = np.repeat(by_axis[:1], len(x), axis=0)\n    return by_axis", Q1[2:]),
    Mutant("q2 the other sign", "q2", "return -delta", "return delta", Q2),
    Mutant("q2 always negative", "q2", "-delta[0] * delta[1]", "-abs(delta[0] * delta[1])",
           Q2[1:2]),
    Mutant("q2 the whole rectangle", "q2", "weight[i] * t[i]", "weight[i]", Q2),
    Mutant("q2 the other triangle", "q2",
           "np.stack([np.full(nodes, a[0] + t[i] * delta[0]), a[1] + t[i] * t * delta[1]], axis=1)",
           "np.stack([a[0] + t[i] * t * delta[0], np.full(nodes, a[1] + t[i] * delta[1])], axis=1)",
           Q2[2:]),
    Mutant("q2 the curl at a", "q2", "curl_12(x)", "curl_12(0 * x + a)", Q2[2:]),
    Mutant("q2 nodes not moved to 0 to 1", "q2", "    t, weight = (t + 1) / 2, weight / 2\n", "",
           Q2),
    Mutant("q3 without ddof", "q3", "axis=0, ddof=1", "axis=0", Q3[1:2]),
    Mutant("q3 the spread, not its error", "q3", " / np.sqrt(probes)", "", Q3[1:2]),
    Mutant("q3 normal directions", "q3", "2 * rng.integers(2, size=x.shape) - 1",
           "rng.standard_normal(x.shape)", Q3[:2]),
    Mutant("q3 zeros and ones", "q3", "2 * rng.integers(2, size=x.shape) - 1",
           "rng.integers(2, size=x.shape)", Q3[:2]),
    Mutant("q3 one direction for all points", "q3", "size=x.shape)", "size=x.shape[1])", Q3[1:2]),
    Mutant("q3 one direction for all probes", "q3",
           "    for _ in range(probes):\n        z = 2 * rng.integers(2, size=x.shape) - 1",
           "    z = 2 * rng.integers(2, size=x.shape) - 1\n    for _ in range(probes):", Q3[1:2]),
    Mutant("q3 forward difference", "q3", "(field(x + h * z) - field(x - h * z)) / (2 * h)",
           "(field(x + h * z) - field(x)) / h", Q3[:1]),
    Mutant("q3 one error for all points", "q3", "error = np.std(found, axis=0, ddof=1)",
           "error = np.full(len(x), np.std(found, axis=0, ddof=1).mean())", Q3[1:2]),
    Mutant("q3 h for 2h", "q3", "(2 * h)", "h", Q3[:2]),
    Mutant("q3 one over d", "q3", ".sum(axis=1)", ".mean(axis=1)", Q3[:2]),
    Mutant("q3 ignores rng", "q3", "    found = []",
           "    found, rng = [], np.random.default_rng(0)", Q3[2:]),
    Mutant("q3 global generator", "q3", "    found = []",
           "    found, rng = [], np.random.default_rng()", Q3[2:]),
    Mutant("q4 the matrix itself", "q4", "(jacobian + jacobian.T) / 2", "jacobian", Q4[1:]),
    Mutant("q4 the sum of both", "q4", "(jacobian + jacobian.T) / 2", "jacobian + jacobian.T",
           Q4),
    Mutant("q4 signs like normal", "q4", 'kind == "signs"', "False", Q4),
    Mutant("q4 normal like signs", "q4", 'kind == "signs"', "True", Q4[:2]),
    Mutant("q4 without the 2", "q4", "2 * (symmetric", "(symmetric", Q4),
    Mutant("q4 error for its square", "q4", "error**2", "error", Q4),
    Mutant("q4 rounds down", "q4", "np.ceil", "np.floor", Q4),
    Mutant("q4 always one more", "q4", "max(1, int(np.ceil(variance / error**2)))",
           "int(variance / error**2) + 1", Q4[2:]),
    Mutant("q4 none", "q4", "max(1, int(np.ceil(variance / error**2)))",
           "int(np.ceil(variance / error**2))", Q4[2:]),
    Mutant("q5 to the right", "q5", "[-arrow[:, 1], arrow[:, 0]]", "[arrow[:, 1], -arrow[:, 0]]",
           Q5[:2]),
    Mutant("q5 still a mirror", "q5", "[-arrow[:, 1], arrow[:, 0]]", "[arrow[:, 1], arrow[:, 0]]",
           Q5),
    Mutant("q5 still the level 0", "q5",
           "    return arrow + gamma * np.stack([-arrow[:, 1], arrow[:, 0]], axis=1)",
           "    clean = score(x, 0.0)\n"
           "    return arrow + gamma * np.stack([-clean[:, 1], clean[:, 0]], axis=1)", Q5[1:]),
    Mutant("q5 turns the point", "q5", "[-arrow[:, 1], arrow[:, 0]]", "[x[:, 1], -x[:, 0]]",
           Q5[1:]),
    Mutant("q5 nothing turns", "q5",
           "arrow + gamma * np.stack([-arrow[:, 1], arrow[:, 0]], axis=1)", "arrow", Q5),
    Mutant("q5 no score", "q5", "return arrow + gamma", "return gamma", Q5),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by the Jacobian", "q1", "", """
def curl(field, x, h):
    n, d = x.shape
    jacobian = np.empty((n, d, d))
    for j in range(d):
        shift = np.zeros(d)
        shift[j] = h
        jacobian[:, :, j] = (field(x + shift) - field(x - shift)) / (2 * h)
    return np.swapaxes(jacobian, 1, 2) - jacobian
"""),
    Mutant("q2 all nodes at once", "q2", "", """
def gap(curl_12, a, b, nodes):
    t, weight = np.polynomial.legendre.leggauss(nodes)
    t, u = np.meshgrid((t + 1) / 2, (t + 1) / 2, indexing="ij")
    c = np.array([b[0], a[1]])
    x = a + t[..., None] * (c - a) + (t * u)[..., None] * (b - c)
    inside = curl_12(x.reshape(-1, 2)).reshape(t.shape) * t
    area = np.outer(weight, weight) / 4 * inside
    return -np.sign((b - a).prod()) * abs((b - a).prod()) * area.sum()
"""),
    Mutant("q3 by a running sum", "q3", "", """
def probe_trace(field, x, probes, h, rng):
    total, square = np.zeros(len(x)), np.zeros(len(x))
    for _ in range(probes):
        z = np.where(rng.random(x.shape) < 0.5, -1.0, 1.0)
        t = np.einsum("ij,ij->i", z, field(x + h * z) - field(x - h * z)) / (2 * h)
        total += t
        square += t**2
    mean = total / probes
    spread = np.maximum(square - probes * mean**2, 0) / (probes - 1)
    return mean, np.sqrt(spread / probes)
"""),
    Mutant("q4 by |J|² + tr J²", "q4", "", """
def probes_needed(jacobian, error, kind):
    variance = (jacobian**2).sum() + np.trace(jacobian @ jacobian)
    if kind == "signs":
        variance -= 2 * (np.diag(jacobian) ** 2).sum()
    return max(1, int(np.ceil(round(variance, 12) / error**2)))
"""),
    Mutant("q5 by a matrix", "q5", "", """
def stir(score, x, sigma, gamma):
    s = score(x, sigma)
    return s @ (np.eye(2) + gamma * np.array([[0.0, -1.0], [1.0, 0.0]])).T
"""),
)  # fmt: skip
