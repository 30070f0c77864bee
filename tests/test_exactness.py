"""Problems with a known posterior: the exact likelihood reaches the floor, the plain one not."""

import numpy as np
import pytest

from scorekit import exactness
from scorekit.diagnostics import Estimate
from scorekit.operators import adjoint_error


def test_problems_are_what_they_say():
    for d, m in ((2, 1), (8, 4), (40, 10)):
        p = exactness.problem(d, rng=np.random.default_rng(0))
        assert p.A.shape == (m, d)
        rows = p.A.matmat(np.eye(d))
        np.testing.assert_allclose(rows @ rows.T, np.eye(m), atol=1e-12)  # norm 1
        assert adjoint_error(p.A, rng=np.random.default_rng(1)) < 1e-14
        assert p.prior.dim == p.posterior.dim == d
        x = p.prior.sample(200_000, rng=np.random.default_rng(2))
        np.testing.assert_allclose(np.cov(x.T), p.covariance, atol=0.05)


def test_ladder_falls_from_end_to_end_in_steps_below_the_cap():
    levels = exactness.ladder(4.0, 0.03, 0.09)
    assert levels[0] == pytest.approx(4.0)
    assert levels[-1] == pytest.approx(0.03)
    gaps = -np.diff(levels**2)
    assert (gaps > 0).all()
    assert gaps.max() <= 0.09 * (1 + 1e-9)


def test_table_of_one_problem():
    rng = np.random.default_rng([4, 2, 0])
    p = exactness.problem(2, rng=rng)
    found = exactness.compare(p, 600, rng=rng)
    names = {(a, b) for a in exactness.LIKELIHOODS for b in exactness.SAMPLERS}
    assert set(found) == names | {("floor", "")}
    assert all(isinstance(e, Estimate) for e in found.values())
    floor = found["floor", ""].value
    for sampler in exactness.SAMPLERS:
        assert found["exact", sampler].value < 3 * floor
    assert found["plain", "ODE"].value > 3 * floor
    assert found["DPS", "ODE"].value > 3 * floor


def test_bad_input():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="d must be at least 2"):
        exactness.problem(1, rng=rng)
    with pytest.raises(ValueError, match="tau must be positive"):
        exactness.problem(2, rng=rng, tau=0)
    with pytest.raises(ValueError, match="name must be one of Langevin"):
        exactness.run("Heun", lambda x, s: x, np.zeros((2, 2)), 0.3, rng=rng)
