"""A mixture works block by block in arrays it keeps: neither may show."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from scorekit import chains, mixtures
from scorekit.densities import GaussianMixture, three_hills
from scorekit.langevin import mala, ula

ROUND = GaussianMixture([0.2, 0.5, 0.3], [[-1.0, 0.5], [2.0, 0.0], [0.0, 4.0]], [0.3, 1.5, 0.01])
METHODS = ["log_prob", "responsibilities", "score"]


def one_by_one(density, method, x):
    return np.concatenate([getattr(density, method)(row[None]) for row in x])


@pytest.mark.parametrize("density", [ROUND, three_hills()], ids=["round", "full"])
@pytest.mark.parametrize("block", [1, 40, 2**17])
def test_blocks_agree_with_one_point_at_a_time(density, block, monkeypatch):
    monkeypatch.setattr(mixtures, "BLOCK", block)
    x = 3 * np.random.default_rng(0).standard_normal((50, 2))
    x[7] = 1e3  # so far out that every e_k underflows without log-sum-exp
    for n in (50, 31, 50):  # the arrays kept do not fit the second call
        for method in METHODS:
            want = one_by_one(density, method, x[:n])
            np.testing.assert_allclose(getattr(density, method)(x[:n]), want, rtol=1e-10, atol=1e-9)
        log_p, score = density.log_prob_and_score(x[:n])
        np.testing.assert_allclose(log_p, one_by_one(density, "log_prob", x[:n]), rtol=1e-10)
        np.testing.assert_allclose(score, one_by_one(density, "score", x[:n]), rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("density", [ROUND, three_hills()], ids=["round", "full"])
def test_out_to_the_far_tails(density, dtype):
    # From where exp of the log is normal, past where it underflows, to where it is long 0.
    x = np.linspace([0.0, 0.0], [60.0, 0.0], 400).astype(dtype)
    full = density.covs if density.covs.ndim == 3 else density.covs[:, None, None] * np.eye(2)
    gap = density.means - x[:, None].astype(np.float64)
    pull = np.linalg.solve(full, gap[..., None])[..., 0]
    logs = np.log(density.weights) - 0.5 * (gap * pull).sum(2) - 0.5 * np.linalg.slogdet(full)[1]
    gamma = np.exp(logs - logs.max(1, keepdims=True))
    gamma /= gamma.sum(1, keepdims=True)
    want = (gamma[..., None] * pull).sum(1)
    tolerance = 3e-3 if dtype == np.float32 else 1e-9
    scale = np.abs(want).max()
    np.testing.assert_allclose(density.score(x), want, rtol=tolerance, atol=tolerance * scale)


def test_a_result_is_not_overwritten_by_the_next_call():
    x = np.random.default_rng(1).standard_normal((30, 2))
    log_p, score = ROUND.log_prob_and_score(x)
    first = log_p.copy(), score.copy(), ROUND.log_prob(x)
    ROUND.log_prob_and_score(x + 1)
    ROUND.score(x + 2)
    np.testing.assert_array_equal(first[0], log_p)
    np.testing.assert_array_equal(first[1], score)


def test_threads_do_not_share_the_arrays():
    x = np.random.default_rng(2).standard_normal((8, 5_000, 2))
    want = [ROUND.score(part) for part in x]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            for got, right in zip(pool.map(ROUND.score, x), want, strict=True):
                np.testing.assert_array_equal(got, right)


def test_mala_takes_a_function_that_computes_in_one_array():
    log_p, score = np.empty(40), np.empty((40, 2))

    def both(x):
        log_p[:], score[:] = ROUND.log_prob_and_score(x)
        return log_p, score

    def run(f):
        rng = np.random.default_rng(5)
        return mala(ROUND.log_prob, ROUND.score, start, 0.05, 20, rng=rng, both=f)

    start = np.random.default_rng(6).standard_normal((40, 2))
    np.testing.assert_array_equal(run(both).x, run(None).x)
    assert 0.2 < run(both).acceptance.mean() < 0.99


@pytest.mark.parametrize("shape", [(50, 2), (50, 40), (50, 3, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_blocks_of_a_ula_step_do_not_show(shape, dtype, monkeypatch):
    start = np.random.default_rng(3).standard_normal(shape).astype(dtype)

    def run():
        return ula(lambda x: -x, start, 0.1, 4, rng=np.random.default_rng(4)).x

    whole = run()
    for numbers in (1, 37, 100):
        monkeypatch.setattr(chains, "BLOCK", numbers)
        np.testing.assert_array_equal(run(), whole)
