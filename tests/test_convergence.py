"""R-hat against ArviZ, and on chains that have not arrived."""

import numpy as np
import pytest

from scorekit.convergence import rhat

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(400, 4), (401, 2), (50, 2), (4, 3)])
def test_rhat_is_arvizs(shape):
    import arviz as az

    x = RNG.standard_normal(shape).cumsum(0)
    assert rhat(x) == pytest.approx(float(az.rhat(x.T, method="split")), rel=1e-12)


def test_agreement_and_disagreement():
    x = RNG.standard_normal((1000, 4))
    assert rhat(x) == pytest.approx(1, abs=0.01)
    assert rhat(x + np.eye(4)[3]) > 1.05  # one chain elsewhere
    assert rhat(x + np.linspace(0, 1, 1000)[:, None]) > 1.02  # a common drift: found by the split


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (np.zeros((3, 2)), "at least 4 states"),
        (np.zeros((8, 2)), "must vary"),
        (np.full((8, 2), np.nan), "finite"),
        (np.zeros(8), "2 axes"),
    ],
)
def test_bad_input(kept, message):
    with pytest.raises(ValueError, match=message):
        rhat(kept)
