"""Workers on other machines: the same grading over a ``dask.distributed`` cluster.

Start a scheduler and workers in the usual way (``dask scheduler``, ``dask worker``), in an
environment that has the same gradekit, NumPy and bubblewrap on every machine; no folder need be
shared. A job brings the text of the checks, one student's answers and the seeds of that student's
inputs. The secret stays on the machine that starts the run. Whoever can reach the scheduler can
run code on its workers, so it belongs in a closed network or behind dask's own TLS settings.

A worker that dies costs nothing: dask gives its jobs to another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from .checks import NotGraded
from .runner import Workers

CONNECT_SECONDS = 30


def cluster(address: str, window: int = 256, seconds: float = CONNECT_SECONDS) -> Workers:
    """Return the workers of the scheduler at this address, for example ``tcp://10.0.0.5:8786``."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise NotGraded(
            "a scheduler needs dask.distributed; install the extra scale: pip install -e .[scale]"
        ) from None
    return Workers(lambda: _connected(address, seconds), window)


@contextmanager
def _connected(address: str, seconds: float) -> Iterator[Executor]:
    from distributed import Client

    try:
        client = Client(address, timeout=seconds, set_as_default=False)
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        raise NotGraded(f"no scheduler answers at {address} ({error})") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=seconds)
        except TimeoutError:
            raise NotGraded(f"the scheduler at {address} has no worker") from None
        executor: Executor = client.get_executor(pure=False)
        yield executor
