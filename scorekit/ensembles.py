"""Independent runs on as many processes or machines as there are, with the same result.

A member of an ensemble is one call of a function with a generator of its own. The generators are
spawned here, one a member, before anything runs. Who runs a member, when, and how often (after a
worker has died) can then change nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np

from . import _inputs

T = TypeVar("T")


def ensemble(
    run: Callable[[np.random.Generator], T],
    members: int,
    *,
    rng: np.random.Generator,
    client: Any = None,
    ahead: int = 64,
) -> Iterator[T]:
    """Yield ``run(rng_i)`` for i = 0, 1, …, in that order, as soon as each is there.

    Return from ``run`` what the next step needs, not more: a mean and its square instead of a
    chain. Then only summaries travel, and memory does not grow with the number of members: at most
    ``ahead`` results wait at a time. Members come in order whatever the order they end in, so a sum
    over them is rounded in one way only.

    Parameters
    ----------
    run : callable
        Takes a generator and returns the member's result. It must not depend on anything that
        another member changes. For a process pool it must be a function of a module; a dask client
        takes any.
    members : int
    rng : numpy.random.Generator
        It is not drawn from; ``rng.spawn`` makes the members' generators, so a second call with it
        gives other members.
    client : dask.distributed.Client or concurrent.futures.Executor, optional
        Who runs them. None runs them here, one after the other. A dask cluster runs a member again
        whose worker has died; a process pool raises ``BrokenProcessPool``.
    ahead : int
        Members under way or waiting to be yielded. At least the number of workers.

    Returns
    -------
    iterator
        Leave it early and what has not begun is cancelled.

    Raises
    ------
    ValueError, TypeError
        For arguments that cannot be used, before anything runs.
    Exception
        What a member raised, with a note that says which member.
    """
    if not callable(run):
        raise TypeError(f"run must be a function of a generator, got {_inputs.describe(run)}")
    members, ahead = _inputs.count(members, "members"), _inputs.count(ahead, "ahead")
    if client is not None and not hasattr(client, "submit"):
        raise TypeError(
            "client must be a dask client or an executor, with a method submit, "
            f"got {_inputs.describe(client)}"
        )
    return _members(run, _inputs.generator(rng).spawn(members), client, ahead)


def _members(
    run: Callable[[np.random.Generator], T],
    rngs: list[np.random.Generator],
    client: Any,
    ahead: int,
) -> Iterator[T]:
    if client is None:
        for member, rng in enumerate(rngs):
            yield _noted(partial(run, rng), member)
        return
    # A dask client is itself an executor of sorts, but one that would look for equal calls.
    workers = client.get_executor() if hasattr(client, "get_executor") else client
    to_do, waiting = deque(rngs), deque[Any]()
    try:
        for member in range(len(rngs)):
            while to_do and len(waiting) < ahead:
                waiting.append(workers.submit(run, to_do.popleft()))
            yield _noted(waiting.popleft().result, member)
    finally:
        for future in waiting:
            future.cancel()


def _noted(result: Callable[[], T], member: int) -> T:
    try:
        return result()
    except Exception as error:
        error.add_note(f"It happened in member {member} of the ensemble.")
        raise
