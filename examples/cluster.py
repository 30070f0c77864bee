"""log Z of a density in 50 dimensions by sixteen annealed runs, on a cluster if one is named.

    python examples/cluster.py                           here, one run after the other
    python examples/cluster.py --workers 2               on a cluster of two processes, started here
    python examples/cluster.py --scheduler tcp://host:8786   on one that is already there

The numbers printed are the same each time, whoever runs the members.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack

import numpy as np

from scorekit.densities import Gaussian
from scorekit.ensembles import ensemble
from scorekit.partition import Unnormalised, ais
from scorekit.weights import log_mean_weight

DIM, V1 = 50, 0.25
P0 = Gaussian(np.zeros(DIM), np.eye(DIM))
# exp(-|x|²/2v₁), whose integral is (2πv₁)^(d/2).
P1 = Unnormalised(lambda x: -(x**2).sum(1) / (2 * V1), lambda x: -x / V1)
EXACT = DIM / 2 * np.log(2 * np.pi * V1)


def member(rng: np.random.Generator) -> float:
    """One annealed run. Of its 500 walkers one number travels: the log of their mean weight."""
    betas = np.linspace(0, 1, 201)
    steps = 0.2 / (1 - betas + betas / V1)  # a fifth of the variance at each temperature
    run = ais(P0, P1, P0.sample(500, rng=rng), betas, steps, rng=rng)
    return log_mean_weight(run.log_weights).value


def main() -> None:
    """Read the command line, run, and print each member as it comes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scheduler", help="address of a dask scheduler")
    parser.add_argument("--workers", type=int, default=0, help="start so many processes here")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        client = None
        if chosen.scheduler or chosen.workers:
            from distributed import Client, LocalCluster

            where = chosen.scheduler or stack.enter_context(
                LocalCluster(n_workers=chosen.workers, threads_per_worker=1, dashboard_address=":0")
            )
            client = stack.enter_context(Client(where))
        logs = []
        for log_z in ensemble(member, 16, rng=np.random.default_rng(7), client=client):
            logs.append(log_z)
            print(f"member {len(logs):2}: {log_z:.4f}")
    mean = log_mean_weight(logs)
    print(f"log Z {mean.value:.4f} ± {mean.se:.4f}, exact {EXACT:.4f}")


if __name__ == "__main__":
    main()
