"""Make scorekit/data/evidence.npz: the evidence of logistic regressions by nested sampling.

    python -m tools.make_evidence        about three CPU-minutes; needs the package dynesty

dynesty (Speagle 2020, doi:10.1093/mnras/staa278) shrinks the prior round the likelihood; nothing
in it is shared with annealed importance sampling. Models and data: scorekit.evidence.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from scorekit.evidence import PRIOR_SD, ROWS, logistic_pair, tumours
from tools.stored import save_arrays

STORED = Path(__file__).parents[1] / "scorekit" / "data" / "evidence.npz"
MODELS = ((0,), (0, 1), (0, 4), (0, 1, 4))
SEED, LIVE, STOP = 15, 2000, 0.01


def nested(features: tuple[int, ...], live: int = LIVE, seed: int = SEED) -> tuple[float, float]:
    """Log evidence of one model and dynesty's error of it."""
    import dynesty

    a, labels = tumours(features)
    prior, posterior = logistic_pair(a, labels)

    def log_likelihood(theta: NDArray[Any]) -> float:
        return float((posterior.log_prob(theta[None]) - prior.log_prob(theta[None]))[0])

    sampler = dynesty.NestedSampler(
        log_likelihood,
        lambda u: PRIOR_SD * norm.ppf(u),
        a.shape[1],
        nlive=live,
        rstate=np.random.default_rng(seed),
    )
    sampler.run_nested(dlogz=STOP, print_progress=False)
    return float(sampler.results.logz[-1]), float(sampler.results.logzerr[-1])


def main() -> None:
    found = np.array([nested(model) for model in MODELS])
    about = {
        "made by": "tools/make_evidence.py",
        "method": f"nested sampling, dynesty {importlib.metadata.version('dynesty')}, "
        f"{LIVE} live points, dlogz {STOP}, seed {SEED}",
        "data": f"{ROWS} rows of Breast Cancer Wisconsin (Diagnostic), doi:10.24432/C5DW2B, "
        "CC BY 4.0",
        "prior": f"normal, standard deviation {PRIOR_SD}",
    }
    features = np.array([[*m, -1, -1][:3] for m in MODELS], np.int8)
    log_z, se = found.T
    save_arrays(STORED, features=features, log_z=log_z, se=se, about=json.dumps(about))
    print(about, found, sep="\n")


if __name__ == "__main__":
    main()
