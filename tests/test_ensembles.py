"""Ensembles: the same members whoever runs them, in order, few at a time, and after a death."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorekit.densities import Gaussian
from scorekit.ensembles import ensemble
from scorekit.gaussian_fields import GaussianField, field_langevin
from scorekit.langevin import mala, ula
from scorekit.partition import ais

NARROW, WIDE = Gaussian(np.zeros(2), 0.5 * np.eye(2)), Gaussian(np.zeros(2), np.eye(2))


def by_ula(rng: np.random.Generator) -> Any:
    return ula(WIDE.score, np.zeros((20, 2)), 0.1, 30, rng=rng).x.mean(0)


def by_mala(rng: np.random.Generator) -> Any:
    trace = mala(WIDE.log_prob, WIDE.score, np.zeros((20, 2)), 0.5, 30, rng=rng)
    return trace.x.var(0), trace.acceptance.mean()


def by_ais(rng: np.random.Generator) -> Any:
    x = WIDE.sample(30, rng=rng)
    return ais(WIDE, NARROW, x, np.linspace(0, 1, 6), 0.2, rng=rng).log_weights


def by_fields(rng: np.random.Generator) -> Any:
    p = GaussianField(1 / (0.1 + np.add.outer(np.fft.fftfreq(8) ** 2, np.fft.fftfreq(8) ** 2)))
    return np.var(field_langevin(p, np.zeros((2, 8, 8)), 0.05, 20, rng=rng).x)


RUNS = {"ULA": by_ula, "MALA": by_mala, "AIS": by_ais, "fields": by_fields}


def same(a: list[Any], b: list[Any]) -> bool:
    """Equal to the last bit: not close, equal."""
    flat = [np.concatenate([np.ravel(part) for part in _parts(m)]) for m in (*a, *b)]
    return len(a) == len(b) and all(
        np.array_equal(x, y) for x, y in zip(flat[: len(a)], flat[len(a) :], strict=True)
    )


def _parts(member: Any) -> tuple[Any, ...]:
    return member if isinstance(member, tuple) else (member,)


def alone(run: Any, members: int = 6, seed: int = 1) -> list[Any]:
    return list(ensemble(run, members, rng=np.random.default_rng(seed)))


def test_members_are_calls_with_spawned_generators() -> None:
    rngs = np.random.default_rng(1).spawn(6)
    assert same(alone(by_ula), [by_ula(rng) for rng in rngs])


def test_a_second_ensemble_has_other_members() -> None:
    rng = np.random.default_rng(1)
    first, second = (list(ensemble(by_ula, 3, rng=rng)) for _ in range(2))
    assert not same(first, second)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("name", RUNS)
def test_threads_give_the_same(name: str, workers: int) -> None:
    with ThreadPoolExecutor(workers) as pool:
        members = list(ensemble(RUNS[name], 6, rng=np.random.default_rng(1), client=pool))
    assert same(members, alone(RUNS[name]))


def test_processes_give_the_same() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        members = list(ensemble(by_ais, 6, rng=np.random.default_rng(1), client=pool))
    assert same(members, alone(by_ais))


def test_the_comparison_sees_members_that_share_a_generator() -> None:
    shared, lock = np.random.default_rng(1), threading.Lock()
    order = iter([2, 0, 1])
    turns = {k: threading.Event() for k in range(4)}
    turns[0].set()

    def run(rng: np.random.Generator) -> float:
        with lock:
            turn = next(order)
        turns[turn].wait(10)
        value = float(shared.standard_normal())
        turns[turn + 1].set()
        return value

    with ThreadPoolExecutor(3) as pool:
        members = list(ensemble(run, 3, rng=np.random.default_rng(1), client=pool))
    again = np.random.default_rng(1).standard_normal(3)
    assert sorted(members) == sorted(again)
    assert not same(members, list(again))


class Watched:
    """An executor that runs at once, and counts what waits."""

    def __init__(self) -> None:
        self.submitted, self.most, self.taken = 0, 0, 0
        self.futures: list[Future[Any]] = []

    def submit(self, fn: Any, /, *args: Any) -> Future[Any]:
        self.submitted += 1
        self.most = max(self.most, self.submitted - self.taken)
        future: Future[Any] = Future()
        if self.submitted <= 5:
            future.set_result(fn(*args))
        self.futures.append(future)
        return future


@pytest.mark.parametrize("ahead", [1, 2, 4])
def test_few_wait_and_leaving_early_cancels(ahead: int) -> None:
    watched = Watched()
    members: Iterator[Any] = ensemble(
        by_ula, 100, rng=np.random.default_rng(1), client=watched, ahead=ahead
    )
    for _ in range(3):
        next(members)
        watched.taken += 1
    assert watched.most <= ahead + 1  # the one in our hands is counted until we say so
    members.close()  # type: ignore[attr-defined]
    assert not any(f.running() or f._state == "PENDING" for f in watched.futures)


def test_an_error_says_which_member() -> None:
    def run(rng: np.random.Generator) -> float:
        raise ZeroDivisionError("planted")

    for pool in (None, ThreadPoolExecutor(2)):
        with pytest.raises(ZeroDivisionError, match="planted") as caught:
            list(ensemble(run, 3, rng=np.random.default_rng(1), client=pool))
        assert caught.value.__notes__ == ["It happened in member 0 of the ensemble."]
        if pool:
            pool.shutdown()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"run": 3}, "run must be a function"),
        ({"members": 0}, "members must be at least 1"),
        ({"members": 2.0}, "members must be a whole number"),
        ({"rng": 3}, "rng must be a numpy.random.Generator"),
        ({"ahead": 0}, "ahead must be at least 1"),
        ({"client": "tcp://host:8786"}, "client must be a dask client or an executor"),
    ],
)
def test_bad_arguments_are_refused_at_once(changes: dict[str, Any], words: str) -> None:
    good = {"run": by_ula, "members": 2, "rng": np.random.default_rng(0)}
    call = {**good, **changes}
    with pytest.raises((TypeError, ValueError), match=words):
        ensemble(call.pop("run"), call.pop("members"), **call)


# ------------------------------------------------------------ on a real cluster of processes


@pytest.fixture(scope="module")
def clusters() -> Any:
    import distributed

    def start(workers: int) -> Any:
        cluster = distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=":0", protocol="tcp"
        )
        return distributed.Client(cluster), cluster

    return start


def die_once(marker: str, rng: np.random.Generator) -> Any:
    """The first to come here takes its process with it, after half its work."""
    half = rng.standard_normal(3)
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return half, rng.standard_normal(3)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_cluster_gives_the_same_and_survives_a_death(
    clusters: Any, tmp_path: Path, workers: int
) -> None:
    client, cluster = clusters(workers)
    with cluster, client:
        for name, run in RUNS.items():
            members = list(ensemble(run, 6, rng=np.random.default_rng(1), client=client))
            assert same(members, alone(run)), name
        marker = tmp_path / "somebody died"
        run = partial(die_once, str(marker))
        members = list(ensemble(run, 12, rng=np.random.default_rng(2), client=client))
        assert marker.exists()
    assert same(members, alone(run, 12, 2))
