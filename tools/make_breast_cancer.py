"""Make scorekit/data/breast_cancer.npz: a table, and a long reference run of its posterior.

    python -m tools.make_breast_cancer             about half a CPU-minute
    python -m tools.make_breast_cancer --check     compare with BlackJAX's NUTS, where installed

The table is scikit-learn's copy of Breast Cancer Wisconsin (Diagnostic), Wolberg, Mangasarian,
Street & Street (1993), UCI Machine Learning Repository, doi:10.24432/C5DW2B, CC BY 4.0.

The reference is Hamiltonian Monte Carlo (Neal 2011), which the book does not use elsewhere: many
leapfrog steps in coordinates in which the posterior is nearly round, its own Metropolis test.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import arviz
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.datasets import load_breast_cancer

from tools.stored import save_arrays

Array = NDArray[np.float64]
STORED = Path(__file__).parents[1] / "scorekit" / "data" / "breast_cancer.npz"
PRIOR_SD = 1.0  # of the intercept and of every coefficient, features of mean 0 and variance 1
SEED, CHAINS, WARM, DRAWS = 0, 8, 500, 20_000
LEAPS, STEP = 7, 0.35  # steps a proposal at most, and their size in Laplace's coordinates


def design(x: Array) -> Array:
    """Features of mean 0 and variance 1 (dividing by n), and a column of ones before them."""
    return np.column_stack([np.ones(len(x)), (x - x.mean(0)) / x.std(0)])


class Posterior:
    """Logistic regression with a normal prior: label 1 has probability 1/(1 + exp(-a·w))."""

    def __init__(self, table: Array, labels: NDArray[Any]) -> None:
        self.a, self.labels = table, labels

    def log_prob(self, w: Array) -> Array:
        """Up to a constant; w is (n, d)."""
        logit = w @ self.a.T
        fit = self.labels * logit - np.logaddexp(0, logit)
        return np.asarray(fit.sum(1) - (w**2).sum(1) / (2 * PRIOR_SD**2))

    def score(self, w: Array) -> Array:
        """Its gradient."""
        return np.asarray((self.labels - expit(w @ self.a.T)) @ self.a - w / PRIOR_SD**2)

    def laplace(self) -> tuple[Array, Array]:
        """The mode, and the covariance of the normal density that touches there."""
        found = minimize(
            lambda w: -self.log_prob(w[None])[0],
            np.zeros(self.a.shape[1]),
            jac=lambda w: -self.score(w[None])[0],
            method="BFGS",
            options={"gtol": 1e-8, "maxiter": 2000},
        )
        p = expit(self.a @ found.x)
        precision = (self.a.T * (p * (1 - p))) @ self.a + np.eye(len(found.x)) / PRIOR_SD**2
        return found.x, np.linalg.inv(precision)


def hmc(target: Posterior, chains: int, warm: int, draws: int, rng: np.random.Generator) -> Array:
    """Draws (chains, draws, d), and the acceptance rate printed."""
    mode, cov = target.laplace()
    root = np.linalg.cholesky(cov)  # w = mode + root q, and q is nearly N(0, I)

    def force(q: Array) -> tuple[Array, Array]:
        w = mode + q @ root.T
        return target.log_prob(w), target.score(w) @ root

    q = 2 * rng.standard_normal((chains, len(mode)))  # spread wider than the posterior
    log_p, g = force(q)
    kept, accepted = np.empty((chains, draws, len(mode))), 0.0
    for k in range(warm + draws):
        momentum, new, new_log_p, new_g = rng.standard_normal(q.shape), q, log_p, g
        kinetic = (momentum**2).sum(1) / 2
        for _ in range(rng.integers(1, LEAPS + 1)):  # a random number, against resonance
            momentum = momentum + STEP / 2 * new_g
            new = new + STEP * momentum
            new_log_p, new_g = force(new)
            momentum = momentum + STEP / 2 * new_g
        change = new_log_p - log_p + kinetic - (momentum**2).sum(1) / 2
        take = np.log(rng.random(chains)) < change
        q, g = np.where(take[:, None], new, q), np.where(take[:, None], new_g, g)
        log_p = np.where(take, new_log_p, log_p)
        if k >= warm:
            kept[:, k - warm], accepted = mode + q @ root.T, accepted + take.mean() / draws
    print(f"acceptance {accepted:.3f}")
    return kept


def summary(kept: Array) -> dict[str, Array]:
    """Moments with their Monte-Carlo errors, ESS and R-hat of each coefficient, by ArviZ."""
    data = arviz.convert_to_dataset(kept)
    ess, spread, rhat = arviz.ess(data), arviz.ess(data, method="sd"), arviz.rhat(data)
    sd = kept.std((0, 1), ddof=1)
    return {
        "mean": kept.mean((0, 1)),
        "sd": sd,
        "mean_se": sd / np.sqrt(ess.x.values),
        "sd_se": arviz.mcse(data, method="sd").x.values,
        "ess": np.minimum(ess.x.values, spread.x.values),
        "rhat": rhat.x.values,
    }


def nuts(target: Posterior, chains: int, warm: int, draws: int, seed: int) -> Array:
    """The same by BlackJAX, whose gradient is JAX's own: shape (chains, draws, d)."""
    import blackjax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    a, labels = jnp.asarray(target.a), jnp.asarray(target.labels)

    def log_prob(w: Any) -> Any:
        logit = a @ w
        fit = labels * logit - jnp.logaddexp(0, logit)
        return fit.sum() - (w**2).sum() / (2 * PRIOR_SD**2)

    def chain(key: Any) -> Any:
        first, second = jax.random.split(key)
        adapt = blackjax.window_adaptation(blackjax.nuts, log_prob, is_mass_matrix_diagonal=False)
        (state, parameters), _ = adapt.run(first, jnp.zeros(a.shape[1]), warm)
        kernel = blackjax.nuts(log_prob, **parameters).step

        def one(state: Any, key: Any) -> Any:
            state, _ = kernel(key, state)
            return state, state.position

        return jax.lax.scan(one, state, jax.random.split(second, draws))[1]

    keys = jax.random.split(jax.random.key(seed), chains)
    return np.asarray([jax.jit(chain)(key) for key in keys])


def main(arguments: list[str] | None = None) -> None:
    """Make the file, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with BlackJAX")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--out", type=Path, default=STORED)
    options = parser.parse_args(arguments)
    table = load_breast_cancer()
    target = Posterior(design(table.data), table.target)
    if options.check:
        with np.load(options.out) as stored:
            own = {key: stored[key] for key in ("mean", "sd", "mean_se", "sd_se")}
        other = summary(nuts(target, 4, 1000, options.draws, 1))
        print(f"NUTS: least ESS {other['ess'].min():.0f}, largest R-hat {other['rhat'].max():.4f}")
        for key in ("mean", "sd"):
            error = np.hypot(own[f"{key}_se"], other[f"{key}_se"])
            z = (own[key] - other[key]) / error
            print(f"{key}: largest difference {np.abs(z).max():.2f} errors, rms {z.std():.2f}")
        return
    found = summary(hmc(target, CHAINS, WARM, options.draws, np.random.default_rng(SEED)))
    print(f"least ESS {found['ess'].min():.0f}, largest R-hat {found['rhat'].max():.5f}")
    about = {
        "source": "sklearn.datasets.load_breast_cancer, doi:10.24432/C5DW2B, CC BY 4.0",
        "labels": "0 malignant, 1 benign",
        "model": f"P(label 1) = 1/(1 + exp(-a·w)); a: 1 and the features at mean 0 and variance 1 "
        f"(dividing by n); w ~ N(0, {PRIOR_SD:g}² I), intercept first",
        "reference": f"Hamiltonian Monte Carlo, {CHAINS} chains of {options.draws}, seed {SEED}; "
        "python -m tools.make_breast_cancer",
    }
    save_arrays(
        options.out,
        x=table.data,
        labels=table.target.astype(np.uint8),
        names=table.feature_names,
        about=json.dumps(about),
        **found,
    )


if __name__ == "__main__":
    main()
