"""Row (i): memory per chain; and what importing scorekit costs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scorekit import langevin

from . import problems
from .harness import (
    Candidate,
    Row,
    Target,
    cpu_seconds_of_children,
    fresh_python,
    peak_bytes,
    require,
)


def memory(chains: int = 10_000, few: int = 20, many: int = 400) -> Row:
    """(i) Peak memory of ULA and MALA on the mixture: it must not grow with the steps."""
    p = problems.FAR
    start = p.sample(chains, rng=np.random.default_rng(0))

    def sampler(name: str, steps: int) -> Candidate:
        def run(seed: int) -> langevin.Trace:
            rng = np.random.default_rng(seed)
            # A mixture keeps arrays from call to call, so a new one for every run.
            q = problems.ring_mixture(4.0, np.sqrt(p.covs))
            if name == "ULA":
                return langevin.ula(q.score, start, 0.01, steps, rng=rng)
            return langevin.mala(
                q.log_prob, q.score, start, 0.01, steps, rng=rng, both=q.log_prob_and_score
            )

        def check(trace: langevin.Trace) -> str:
            return require(trace.x.shape == start.shape and len(trace.kept) == 0, "nothing kept")

        return Candidate(f"{name}, {steps} steps", run, check)

    pairs = [(f"{name}, {many} steps", f"{name}, {few} steps") for name in ("ULA", "MALA")]
    candidates = [sampler(name, steps) for name in ("ULA", "MALA") for steps in (many, few)]
    return Row(
        "i",
        f"peak memory, 8-component mixture in 2-D, {chains} chains, float64, nothing kept",
        candidates,
        [Target(*pair, 1.05) for pair in pairs],
        units=chains,
        unit="bytes a chain",
        scale=1,
        meter=peak_bytes,
    )


def imports() -> Row:
    """What ``import scorekit`` takes in a new interpreter, NumPy's own time apart."""

    def importing(code: str) -> Callable[[int], None]:
        return lambda _: fresh_python(code)

    samplers = "import numpy, scorekit.densities, scorekit.langevin"
    return Row(
        "import",
        "import in a new interpreter",
        [
            Candidate("import scorekit", importing("import numpy, scorekit")),
            Candidate("its densities and samplers", importing(samplers)),
            Candidate("import numpy", importing("import numpy")),
        ],
        [Target("import scorekit", "import numpy", 0.1, minus=True)],
        unit="ms",
        meter=cpu_seconds_of_children,
    )
