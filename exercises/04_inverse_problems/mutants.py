"""Wrong answers to exercise 4, each with the checks it must lose, and right ones in other words."""

from gradekit.mutation import Mutant

Q1 = ("q1.side_by_side", "q1.overlapping", "q1.gaps")
Q2 = ("q2.one_number", "q2.in_space", "q2.no_inverse")
Q3 = ("q3.nearly_clean", "q3.noisy")
Q4 = ("q4.one_hill", "q4.many_hills", "q4.far_away")
Q5 = ("q5.sharp", "q5.blunt", "q5.anywhere")

MUTANTS = (
    Mutant("q1 copies in place of shares", "q1", " / width", "", Q1),
    Mutant("q1 overwrites where windows overlap", "q1", "+= y[:, [j]]", "= y[:, [j]]", Q1[1:]),
    Mutant("q1 only the first pixel of a window", "q1", "start + width]", "start + 1]", Q1),
    Mutant("q1 windows as far apart as they are wide", "q1", "j * stride", "j * width", Q1[1:]),
    Mutant("q1 backwards", "q1", "y[:, [j]]", "y[:, [-1 - j]]", Q1),
    Mutant("q1 divided by the stride", "q1", "/ width", "/ stride", Q1[1:]),
    Mutant("q1 the pseudo-inverse", "q1", "", """
def camera_adjoint(y, width, stride, d):
    A = np.zeros((d // stride, d))
    for j in range(d // stride):
        A[j, j * stride : j * stride + width] = 1 / width
    return y @ np.linalg.pinv(A).T
""", Q1),
    Mutant("q1 divided by how many see a pixel", "q1", "", """
def camera_adjoint(y, width, stride, d):
    x, seen = np.zeros((len(y), d)), np.zeros(d)
    for j in range(y.shape[1]):
        x[:, j * stride : j * stride + width] += y[:, [j]] / width
        seen[j * stride : j * stride + width] += 1
    return x / np.maximum(seen, 1)
""", Q1[1:]),
    Mutant("q2 τ for τ²", "q2", "tau**2", "tau", Q2),
    Mutant("q2 the prior's mean left out of the residual", "q2", "(y - A @ mean)", "y", Q2),
    Mutant("q2 the covariance stays", "q2", "cov - gain @ shared.T", "cov", Q2),
    Mutant("q2 a measurement that takes certainty", "q2", "cov - gain", "cov + gain", Q2),
    Mutant("q2 no noise", "q2", " + tau**2 * np.eye(len(A))", " + 1e-9 * np.eye(len(A))", Q2),
    Mutant("q2 the mean starts at zero", "q2", "return mean + gain", "return gain", Q2),
    Mutant("q2 precisions, and so inverses", "q2", "", """
def update(mean, cov, A, y, tau):
    prior = np.linalg.inv(cov)
    after = np.linalg.inv(prior + A.T @ A / tau**2)
    return after @ (prior @ mean + A.T @ y / tau**2), after
""", Q2[2:]),
    Mutant("q2 only the prior's share of the doubt", "q2", "cov - gain @ shared.T",
           "(np.eye(len(mean)) - gain @ A) @ cov @ (np.eye(len(mean)) - gain @ A).T", Q2),
    Mutant("q2 each direction by itself", "q2", "", """
def update(mean, cov, A, y, tau):
    cov = np.diag(np.diag(cov))
    shared = cov @ A.T
    gain = shared @ np.linalg.inv(A @ shared + tau**2 * np.eye(len(A)))
    return mean + gain @ (y - A @ mean), cov - gain @ shared.T
""", Q2[1:]),
    Mutant("q3 the likelihood of the clean point", "q3", "", """
def noisy_likelihood(x, sigma, mean, cov, A, y, tau):
    return (y - x @ A.T) @ A / tau**2
""", Q3[1:]),
    Mutant("q3 the denoised point is certain", "q3", "A @ (sigma**2 * jacobian) @ A.T + ", "",
           Q3[1:]),
    Mutant("q3 doubt σ²", "q3", "(sigma**2 * jacobian)", "(sigma**2 * np.eye(len(cov)))", Q3[1:]),
    Mutant("q3 no chain rule", "q3", " @ jacobian.T", "", Q3[1:]),
    Mutant("q3 not denoised", "q3", "denoised @ A.T", "x @ A.T", Q3[1:]),
    Mutant("q3 denoised to the origin", "q3", "mean + (x - mean) @ jacobian", "x @ jacobian",
           Q3[1:]),
    Mutant("q3 σ and τ added up at the noisy point", "q3", "", """
def noisy_likelihood(x, sigma, mean, cov, A, y, tau):
    return (y - x @ A.T) @ A / (tau**2 + sigma**2)
""", Q3[1:]),
    Mutant("q3 τ for τ²", "q3", "tau**2", "tau", Q3),
    Mutant("q3 down the likelihood", "q3", "return pull", "return -pull", Q3),
    Mutant("q4 the score of the posterior", "q4",
           " - score(np.log(weights), means, variances + sigma**2)", "", Q4),
    Mutant("q4 weights untouched by the measurement", "q4",
           "score(told,", "score(np.log(weights),", Q4[1:]),
    Mutant("q4 blurred before it is measured", "q4", "total = variances + tau**2",
           "total = variances + sigma**2 + tau**2", Q4),
    Mutant("q4 heights left out", "q4", " - np.log(v[:, None]) / 2", "", Q4[1:2]),
    Mutant("q4 the clean likelihood", "q4", "", """
def mixture_likelihood(x, sigma, weights, means, variances, y, tau):
    return (y - x) / tau**2
""", Q4),
    Mutant("q4 underflows", "q4", "log_part - log_part.max(axis=0)", "log_part", Q4[2:]),
    Mutant("q4 underflows in the weights", "q4",
           "np.log(weights) - (y - means) ** 2 / (2 * total) - np.log(total) / 2",
           "np.log(weights * np.exp(-((y - means) ** 2) / (2 * total)) / np.sqrt(total))", Q4[2:]),
    Mutant("q4 one normal for all hills", "q4", "", """
def mixture_likelihood(x, sigma, weights, means, variances, y, tau):
    m = weights @ means
    v = weights @ (variances + (means - m) ** 2)
    keep = v / (v + sigma**2)
    return keep * (y - m - keep * (x - m)) / (keep * sigma**2 + tau**2)
""", Q4[1:]),
    Mutant("q5 the other way round", "q5", "< middle", "> middle", Q5),
    Mutant("q5 below the right variance is guilty enough", "q5", "< middle", "< 1.001 * right", Q5),
    Mutant("q5 half the right variance", "q5", "< middle", "< 0.6 * right", Q5[1:2]),
    Mutant("q5 the second moment", "q5", "np.var(runs, axis=1)", "np.mean(np.square(runs), axis=1)",
           Q5),
    Mutant("q5 the spread of all runs together", "q5", "np.var(runs, axis=1)",
           "np.var(runs) * np.ones(len(runs))", Q5),
    Mutant("q5 compared with the prior", "q5", "< middle", "< 0.75 * v", Q5),
    Mutant("q5 compared with τ²", "q5", "< middle", "< 0.75 * tau**2", Q5[1:]),
    Mutant("q5 the narrower half", "q5", "np.var(runs, axis=1) < middle",
           "np.var(runs, axis=1) < np.median(np.var(runs, axis=1))", Q5),
    Mutant("q5 nearer to the narrowest than to the widest", "q5", "np.var(runs, axis=1) < middle",
           "np.var(runs, axis=1) < np.var(runs, axis=1).min() / 2 + np.var(runs, axis=1).max() / 2",
           Q5[1:2]),
    Mutant("q5 a spread for a variance", "q5", "np.var(runs", "np.std(runs", Q5),
    Mutant("q5 all honest", "q5", "", "def noise_free(runs, v, tau):\n    return [0] * len(runs)",
           Q5),
)  # fmt: skip

REWRITES = (
    Mutant("q1 pixel by pixel", "q1", "", """
def camera_adjoint(y, width, stride, d):
    x = np.zeros((len(y), d))
    for i in range(d):
        sees = [j for j in range(y.shape[1]) if j * stride <= i < j * stride + width]
        x[:, i] = y[:, sees].sum(axis=1) / width
    return x
"""),
    Mutant("q1 by automatic differentiation", "q1", "", """
from autograd import make_vjp
import autograd.numpy as anp
def camera_adjoint(y, width, stride, d):
    def forward(x):
        windows = [x[:, j * stride : j * stride + width] for j in range(d // stride)]
        return anp.stack([anp.sum(w, axis=1) / width for w in windows], axis=1)
    return make_vjp(forward)(np.zeros((len(y), d)))[0](y)
"""),
    Mutant("q2 by the symmetric form", "q2", "", """
def update(mean, cov, A, y, tau):
    gain = cov @ A.T @ np.linalg.inv(A @ cov @ A.T + tau**2 * np.eye(len(y)))
    left = np.eye(len(mean)) - gain @ A
    return mean + gain @ (y - A @ mean), left @ cov @ left.T + tau**2 * gain @ gain.T
"""),
    Mutant("q2 one measurement after the other", "q2", "", """
def update(mean, cov, A, y, tau):
    for a, value in zip(A, y):
        shared = cov @ a
        gain = shared / (a @ shared + tau**2)
        mean, cov = mean + gain * (value - a @ mean), cov - np.outer(gain, shared)
    return mean, cov
"""),
    Mutant("q3 as posterior less prior", "q3", "", """
def noisy_likelihood(x, sigma, mean, cov, A, y, tau):
    d = len(mean)
    after = np.linalg.inv(np.linalg.inv(cov) + A.T @ A / tau**2)
    centre = after @ (np.linalg.solve(cov, mean) + A.T @ y / tau**2)
    noise = sigma**2 * np.eye(d)
    posterior = np.linalg.solve(after + noise, (centre - x).T).T
    return posterior - np.linalg.solve(cov + noise, (mean - x).T).T
"""),
    Mutant("q4 by automatic differentiation", "q4", "", """
import autograd.numpy as anp
from autograd import elementwise_grad
from autograd.scipy.special import logsumexp
def mixture_likelihood(x, sigma, weights, means, variances, y, tau):
    total = variances + sigma**2
    keep, doubt = variances / total, variances * sigma**2 / total + tau**2
    def log_p(x):
        at = x[:, None]
        share = anp.log(weights) - (at - means) ** 2 / (2 * total) - anp.log(total) / 2
        told = y - means - keep * (at - means)
        told = -(told**2) / (2 * doubt) - anp.log(doubt) / 2
        return logsumexp(share + told, axis=1) - logsumexp(share, axis=1)
    return elementwise_grad(log_p)(x)
"""),
    Mutant("q5 four fifths of the right variance", "q5", "", """
def noise_free(runs, v, tau):
    right = 1 / (1 / v + 1 / tau**2)
    return [bool(np.std(run) ** 2 < 0.8 * right) for run in runs]
"""),
)  # fmt: skip
