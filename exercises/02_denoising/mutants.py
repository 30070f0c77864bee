"""Wrong answers to exercise 2, each with the checks it must lose, and right ones in other words."""

from gradekit.mutation import Mutant

Q1 = ("q1.on_a_line", "q1.correlated", "q1.flat")
Q2 = ("q2.one_point", "q2.gradient", "q2.memory")
Q3 = ("q3.replay", "q3.own_generator", "q3.floor")
Q4 = ("q4.asleep", "q4.awake", "q4.tiny_noise")
Q5 = ("q5.normal_data", "q5.least_squares")
REPLAY = (Q3[0], Q3[2])

MUTANTS = (
    Mutant("q1 σ for σ² in the covariance", "q1", "sigma**2 * np.eye", "sigma * np.eye", Q1),
    Mutant("q1 σ for σ² in Tweedie", "q1", "y + sigma**2", "y + sigma", Q1),
    Mutant("q1 sign", "q1", "-np.linalg", "np.linalg", Q1),
    Mutant("q1 score of the clean density", "q1", "cov + sigma**2 * np.eye(len(mean))", "cov", Q1),
    Mutant("q1 mean left out", "q1", "(y - mean).T", "y.T", Q1),
    Mutant("q1 coordinate by coordinate", "q1", "cov + sigma", "np.diag(np.diag(cov)) + sigma",
           Q1[1:]),
    Mutant("q1 inverts Σ", "q1", "", """
def posterior_mean(y, mean, cov, sigma):
    precision = np.linalg.pinv(cov)
    both = precision + np.eye(len(mean)) / sigma**2
    return np.linalg.solve(both, (precision @ mean + y / sigma**2).T).T
""", Q1[2:]),
    Mutant("q1 returns y", "q1", "", "def posterior_mean(y, mean, cov, sigma):\n    return y", Q1),
    Mutant("q2 sign", "q2", "(share @ points - y)", "(y - share @ points)", Q2),
    Mutant("q2 the step, not the score", "q2", ") / sigma**2", ")", Q2),
    Mutant("q2 σ for σ² in the arrow", "q2", "- y) / sigma**2", "- y) / sigma", Q2),
    Mutant("q2 σ for σ² in the density", "q2", "(2 * sigma**2)", "(2 * sigma)", Q2[1:2]),
    Mutant("q2 factor 2 in the exponent", "q2", "(2 * sigma**2)", "sigma**2", Q2[1:2]),
    Mutant("q2 no log-sum-exp", "q2", " - logs.max(axis=1, keepdims=True)", "", Q2[2:]),
    Mutant("q2 shares not divided by their sum", "q2",
           "    share /= share.sum(axis=1, keepdims=True)\n", "", Q2[1:2]),
    Mutant("q2 nearest point only", "q2", "np.exp(logs - logs.max(axis=1, keepdims=True))",
           "(logs == logs.max(axis=1, keepdims=True)).astype(float)", Q2[1:2]),
    Mutant("q2 a small number against 0/0", "q2", "", """
def data_score(y, points, sigma):
    share = np.exp(-((y[:, None] - points) ** 2).sum(-1) / (2 * sigma**2))
    share /= share.sum(axis=1, keepdims=True) + 1e-300
    return (share @ points - y) / sigma**2
""", Q2[2:]),
    Mutant("q2 one largest exponent for all rows", "q2", "logs.max(axis=1, keepdims=True)",
           "logs.max()", Q2[2:]),
    Mutant("q2 mean of all points", "q2", "np.exp(logs - logs.max(axis=1, keepdims=True))",
           "np.ones_like(logs)", Q2[1:]),
    Mutant("q3 at the clean point", "q3", "score(x + level * eps, sigma)", "score(x, sigma)",
           REPLAY),
    Mutant("q3 sign", "q3", "(eps + level * arrows)", "(eps - level * arrows)", REPLAY),
    Mutant("q3 σ² for σ", "q3", "eps + level * arrows", "eps + level**2 * arrows", REPLAY),
    Mutant("q3 not times σ²", "q3", "eps + level * arrows", "eps / level + arrows", REPLAY),
    Mutant("q3 σ forgotten", "q3", "eps + level * arrows", "eps + arrows", REPLAY),
    Mutant("q3 mean over coordinates", "q3", "sum(axis=1)", "mean(axis=1)", REPLAY),
    Mutant("q3 other noise to be predicted", "q3", "    return",
           "    eps = rng.standard_normal(x.shape)\n    return", REPLAY),
    Mutant("q3 uniform noise", "q3", "rng.standard_normal(x.shape)",
           "rng.uniform(-1, 1, x.shape)", REPLAY),
    Mutant("q3 ignores rng", "q3", "    eps = rng", "    eps = np.random.default_rng(0)",
           Q3[:2]),
    Mutant("q3 one level for all", "q3", "level = sigma[:, None]",
           "sigma = np.full(len(x), sigma[0])\n    level = sigma[:, None]", Q3[:1]),
    Mutant("q3 one number", "q3", "sum(axis=1)", "sum(axis=1).mean()", Q3),
    Mutant("q4 subtracts what is nearly equal", "q4", "    return score", """
    clean = sd**2 / total * y + sigma * sd / np.sqrt(total) * out
    score = (clean - y) / sigma**2
    return score""", Q4[2:]),
    Mutant("q4 no c_in", "q4", "network(y / np.sqrt(total)", "network(y", Q4[1:2]),
    Mutant("q4 σ for log σ", "q4", "np.log(sigma)", "sigma", Q4[1:2]),
    Mutant("q4 c_out without its root", "q4", "(sigma * np.sqrt(total)) * out",
           "(sigma * total) * out", Q4[1:2]),
    Mutant("q4 no skip", "q4", " - y / total", " - y / sigma**2", Q4),
    Mutant("q4 sign of the noise", "q4", "-sigma * score", "sigma * score", Q4[:2]),
    Mutant("q4 noise with standard deviation σ", "q4", "-sigma * score", "-(sigma**2) * score",
           Q4[:2]),
    Mutant("q4 noise not divided by σ", "q4", "-sigma * score",
           "y - (y + sigma**2 * score)", Q4[:2]),
    Mutant("q4 σ for σ² in Tweedie", "q4", "y + sigma**2 * score", "y + sigma * score", Q4[:2]),
    Mutant("q4 one array", "q4", "return score, y + sigma**2 * score, -sigma * score",
           "return score", Q4),
    Mutant("q5 still at the clean points", "q5", "x + sigma * noise", "x", Q5),
    Mutant("q5 still σ² for σ", "q5", "/ sigma\n", "/ sigma**2\n", Q5),
    Mutant("q5 nothing mended", "q5", "", """
def fit_score(x, sigma, y, rng):
    eps = rng.standard_normal(x.shape)
    design = np.hstack([x, np.ones((len(x), 1))])
    weights = np.linalg.lstsq(design, eps, rcond=None)[0]
    return -np.hstack([y, np.ones((len(y), 1))]) @ weights / sigma**2
""", Q5),
    Mutant("q5 sign", "q5", "return -np", "return np", Q5),
    Mutant("q5 no constant", "q5", "np.ones((len(x), 1))", "np.zeros((len(x), 1))", Q5),
    Mutant("q5 its own rng", "q5", "noise = rng", "noise = np.random.default_rng(1)", Q5[1:]),
    Mutant("q5 penalised", "q5", "", """
def fit_score(x, sigma, y, rng):
    noise = rng.standard_normal(x.shape)
    columns = np.hstack([x + sigma * noise, np.ones((len(x), 1))])
    fit = np.linalg.solve(columns.T @ columns + np.eye(3), columns.T @ noise)
    return -np.hstack([y, np.ones((len(y), 1))]) @ fit / sigma
""", Q5[1:]),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by the gain", "q1", "", """
def posterior_mean(y, mean, cov, sigma):
    gain = cov @ np.linalg.inv(cov + sigma**2 * np.eye(len(mean)))
    return mean + np.einsum("ij,nj->ni", gain, y - mean)
"""),
    Mutant("q1 by eigenvectors", "q1", "", """
def posterior_mean(y, mean, cov, sigma):
    power, waves = np.linalg.eigh(cov)
    return mean + ((y - mean) @ waves * (power / (power + sigma**2))) @ waves.T
"""),
    Mutant("q2 with SciPy's softmax", "q2", "", """
from scipy.spatial.distance import cdist
from scipy.special import softmax
def data_score(y, points, sigma):
    share = softmax(-cdist(y, points, "sqeuclidean") / (2 * sigma**2), axis=1)
    return (share @ points - y) / sigma**2
"""),
    Mutant("q2 by automatic differentiation", "q2", "", """
import autograd.numpy as anp
from autograd import elementwise_grad
from autograd.scipy.special import logsumexp
def data_score(y, points, sigma):
    def log_p(y):
        square = anp.sum((y[:, None] - points)**2, axis=-1)
        return logsumexp(-square / (2 * sigma**2), axis=1)
    return elementwise_grad(log_p)(y)
"""),
    Mutant("q3 by the denoiser", "q3", "", """
def dsm_loss(score, x, sigma, rng):
    eps = rng.standard_normal(x.shape)
    y = x + sigma.reshape(-1, 1) * eps
    clean = y + sigma.reshape(-1, 1)**2 * score(y, sigma)
    return np.array([((c - p) @ (c - p)) / s**2 for c, p, s in zip(clean, x, sigma)])
"""),
    Mutant("q4 skip minus one on paper", "q4", "", """
def three_faces(network, y, sigma, sd):
    root = np.hypot(sigma, sd)
    noise = sigma * y / root**2 - sd / root * network(y / root, np.log(sigma))
    return -noise / sigma, y - sigma * noise, noise
"""),
    Mutant("q5 by centred normal equations", "q5", "", """
def fit_score(x, sigma, y, rng):
    noise = rng.standard_normal(x.shape)
    seen = x + sigma * noise
    middle = seen - seen.mean(0)
    slope = np.linalg.solve(middle.T @ middle, middle.T @ noise)
    return -(noise.mean(0) + (y - seen.mean(0)) @ slope) / sigma
"""),
)  # fmt: skip
