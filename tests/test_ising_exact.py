"""Kaufman and Onsager, against enumeration and against one another."""

import numpy as np
import pytest

from scorekit.discrete import all_states
from scorekit.ising import ising_energy
from scorekit.ising_exact import (
    CRITICAL_COUPLING,
    kaufman_energy,
    kaufman_heat_capacity,
    kaufman_log_z,
    onsager_energy,
)


@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (4, 3), (4, 4), (2, 5)])
@pytest.mark.parametrize("k", [0.05, 0.3, CRITICAL_COUPLING, 0.6, 2.0])
def test_enumeration(shape, k):
    e = ising_energy(all_states((-1, 1), shape))
    sites, top = e.size and shape[0] * shape[1], -k * e.min()
    log_z = top + np.log(np.exp(-k * e - top).sum())
    p = np.exp(-k * e - log_z)
    u = p @ e
    assert kaufman_log_z(k, *shape) == pytest.approx(log_z, rel=1e-13)
    assert kaufman_energy(k, *shape) == pytest.approx(u / sites, rel=1e-11)
    c = k**2 * (p @ (e - u) ** 2) / sites
    assert kaufman_heat_capacity(k, *shape) == pytest.approx(c, rel=1e-7, abs=1e-11)


def test_the_sign_of_the_last_product_matters():
    # |g_0| for g_0 gives 14.7587 on 4 × 4 at T = 2.5.
    assert kaufman_log_z(0.4, 4) == pytest.approx(14.5611, abs=5e-5)


@pytest.mark.parametrize(("t", "u"), [(1.5, -1.951117), (2, -1.745565), (3, -0.817310)])
def test_large_lattices_tend_to_onsager(t, u):
    assert onsager_energy(1 / t) == pytest.approx(u, abs=1e-6)
    assert kaufman_energy(1 / t, 64) == pytest.approx(onsager_energy(1 / t), abs=1e-9)


def test_the_critical_point():
    assert onsager_energy(CRITICAL_COUPLING) == pytest.approx(-np.sqrt(2), abs=1e-12)
    for size, u in ((16, -1.45306), (32, -1.43366), (64, -1.42394)):
        assert kaufman_energy(CRITICAL_COUPLING, size) == pytest.approx(u, abs=1e-5)
    beside = [onsager_energy(CRITICAL_COUPLING + d) for d in (-1e-9, 1e-9)]
    np.testing.assert_allclose(beside, -np.sqrt(2), atol=1e-6)


def test_bad_input():
    with pytest.raises(ValueError, match="coupling"):
        onsager_energy(0)
    with pytest.raises(ValueError, match="rows"):
        kaufman_log_z(0.4, 1)
