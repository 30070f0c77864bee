"""Densities that several test modules share, and an independent log p for each."""

import autograd.numpy as anp
import numpy as np

from scorekit.densities import Empirical, Gaussian, GaussianMixture, Ring, three_hills


def gaussian_log_p(mean, cov):
    precision, log_det = np.linalg.inv(cov), np.linalg.slogdet(2 * np.pi * cov)[1]

    def log_p(x):
        gap = x - mean
        return -0.5 * anp.einsum("ni,ij,nj->n", gap, precision, gap) - 0.5 * log_det

    return log_p


def mixture_log_p(weights, means, covs):
    parts = [gaussian_log_p(m, c) for m, c in zip(means, covs, strict=True)]

    def log_p(x):
        total = 0.0
        for w, part in zip(weights, parts, strict=True):
            total = total + w * anp.exp(part(x))
        return anp.log(total)

    return log_p


def ring_log_p(radius, width):
    # Z by brute force, so that a wrong closed form cannot agree with itself.
    r = np.linspace(0, radius + 40 * width, 2_000_001)
    z = np.trapezoid(2 * np.pi * r * np.exp(-((r - radius) ** 2) / (2 * width**2)), r)

    def log_p(x):
        norm = anp.sqrt(anp.sum(x**2, axis=1))
        return -((norm - radius) ** 2) / (2 * width**2) - np.log(z)

    return log_p


GAUSS = Gaussian([1.0, -2.0, 0.5], [[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]])
HILLS = three_hills()
ROUND = GaussianMixture([0.2, 0.8], [[-1.0, 0.5], [2.0, 0.0]], [0.3, 1.5])
LINE = GaussianMixture([0.4, 0.6], [[-1.0], [2.0]], [0.5, 1.0])
RING = Ring(1.3, 0.6)
CLOUD = Empirical(np.array([[0.0, 0.0], [1.0, 2.0], [-1.5, 0.5]])).blurred(0.7)

CASES = {
    "gaussian": (GAUSS, gaussian_log_p(GAUSS.mean, GAUSS.cov)),
    "hills": (HILLS, mixture_log_p(HILLS.weights, HILLS.means, HILLS.covs)),
    "round": (
        ROUND,
        mixture_log_p(ROUND.weights, ROUND.means, ROUND.covs[:, None, None] * np.eye(2)),
    ),
    "line": (LINE, mixture_log_p(LINE.weights, LINE.means, LINE.covs[:, None, None] * np.eye(1))),
    "ring": (RING, ring_log_p(1.3, 0.6)),
    "cloud": (
        CLOUD,
        mixture_log_p(CLOUD.weights, CLOUD.means, CLOUD.covs[:, None, None] * np.eye(2)),
    ),
}
