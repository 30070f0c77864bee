"""The check API: a checks file says what a right answer does, once, for practice and for marks.

A checks file holds functions like ::

    @check("q1", points=2)
    def far_tails(S):
        "Far from every centre the score is still finite."
        x = S.rng.uniform(200, 300, (5, 1))
        close(S.call("my_score", x), -x, "far out")

``S`` is a back end: ``S.call(name, *arguments)`` calls the learner's function and returns plain
numbers, ``S.rng`` draws the inputs. In the notebook the function runs on inputs that anyone can
compute, and earns nothing. When a teacher grades, the same function runs on inputs drawn from a
secret, other ones for each student, and that run earns the points. So the code of a check is no
secret, and a check must compare with an answer of its own: never one function of the learner's
with another one, for both may be made to agree.
"""

from __future__ import annotations

import hashlib
import hmac
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

PRACTICE = b"practice"


class Failed(Exception):
    """The answer fails a check; the message is one plain sentence for the learner."""


class NotGraded(Exception):
    """The grader itself is in trouble; never the learner's fault, so never a mark."""


class BackEnd(Protocol):
    """What a check function may use."""

    rng: np.random.Generator

    def call(self, name: str, *args: Any) -> Any:
        """Call the learner's function and return plain arrays, scalars, text or tuples of them."""


CheckFunction = Callable[[BackEnd], None]


@dataclass(frozen=True)
class Check:
    """One check of one question."""

    question: str
    points: float
    function: CheckFunction

    @property
    def id(self) -> str:
        """For example ``q1.far_tails``."""
        return f"{self.question}.{self.function.__name__}"

    @property
    def title(self) -> str:
        """The first line of the function's docstring: what a right answer does."""
        return (self.function.__doc__ or self.id).strip().splitlines()[0]


def check(question: str, points: float = 0) -> Callable[[CheckFunction], Check]:
    """Make a check function into a ``Check``. One without points only informs."""
    return lambda function: Check(question, points, function)


@dataclass(frozen=True)
class Limits:
    """What one submission may use; bytes are of one process.

    Seconds are of the clock, less those in which the worker waits for a processor. After ten times
    as many by the plain clock the machine is too busy to grade, and there is no mark.
    """

    cell_seconds: float = 10
    call_seconds: float = 10
    total_seconds: float = 100
    memory: int = 1 << 30
    disk: int = 64 << 20
    reply: int = 12 << 20


@dataclass(frozen=True)
class Exercise:
    """A checks file, read."""

    name: str
    checks: tuple[Check, ...]
    preamble: str = "import numpy as np"
    packages: tuple[str, ...] = ("numpy",)
    masked: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions that have checks, in order."""
        return tuple(dict.fromkeys(c.question for c in self.checks))


def load(path: str | Path) -> Exercise:
    """Read a checks file: its checks in order, and PREAMBLE, PACKAGES, MASKED, LIMITS if set."""
    path = Path(path).resolve()
    names = runpy.run_path(str(path), run_name="checks")
    checks = tuple(value for value in names.values() if isinstance(value, Check))
    ids = [c.id for c in checks]
    if not checks or len(set(ids)) != len(ids):
        raise ValueError(f"{path} defines no checks, or two with one name: {ids}")
    options = {
        key: names[key.upper()]
        for key in ("preamble", "packages", "masked", "limits")
        if key.upper() in names
    }
    return Exercise(path.parent.name, checks, **options)


@dataclass(frozen=True)
class Inputs:
    """Where the random inputs of a check come from: a secret, a student, an exercise."""

    exercise: str
    student: str = ""
    secret: bytes = field(default=PRACTICE, repr=False)

    def seed(self, check_id: str) -> int:
        """Return the seed for one check; nothing about it can be told without the secret."""
        text = "\0".join((self.exercise, self.student, check_id))
        digest = hmac.new(self.secret, text.encode("utf-8", "surrogateescape"), hashlib.sha256)
        return int.from_bytes(digest.digest(), "big")

    def rng(self, check_id: str) -> np.random.Generator:
        """Return the generator that this seed makes."""
        return np.random.default_rng(self.seed(check_id))


@dataclass(frozen=True)
class Outcome:
    """What one check found; ``message`` is empty when it passed."""

    id: str
    question: str
    title: str
    points: float
    message: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is right as far as this check can tell."""
        return not self.message

    @property
    def earned(self) -> float:
        """The points, or none: a check is passed or it is not."""
        return self.points if self.passed else 0.0


def run(one: Check, backend: BackEnd, inputs: Inputs | int) -> Outcome:
    """Run one check. Whatever goes wrong in it, the learner gets a sentence and no points.

    ``inputs`` is where its seed comes from, or that seed.
    """
    seed = inputs if isinstance(inputs, int) else inputs.seed(one.id)
    backend.rng = np.random.default_rng(seed)
    message = ""
    try:
        with np.errstate(all="ignore"):
            one.function(backend)
    except Failed as failure:
        message = str(failure) or "the answer is not right yet"
    except NotGraded:
        raise
    except Exception as error:
        # The check could not work with what came back: one number where a pair was due, and so on.
        message = f"the result could not be judged ({type(error).__name__}: {error})"[:300]
    return Outcome(one.id, one.question, one.title, one.points, message)


def need(condition: object, message: str) -> None:
    """Fail the check with this sentence unless the condition holds."""
    if not condition:
        raise Failed(message)


def numbers(got: Any, shape: tuple[int, ...], what: str) -> np.ndarray[Any, Any]:
    """Return the result as an array of finite real numbers of this shape, or fail saying why not.

    The array is always float64, so that a result of small integers cannot wrap round in a sum.
    """
    need(got is not None, f"{what}: the function returned nothing; is a return missing?")
    need(not isinstance(got, str | tuple), f"{what}: expected numbers, got {_kind(got)}")
    array = np.asarray(got)
    need(
        array.shape == shape,
        f"{what}: expected {_shape(shape)}, got {_shape(array.shape)}",
    )
    need(array.dtype.kind in "iuf", f"{what}: expected real numbers, got dtype {array.dtype}")
    bad = int(array.size - np.isfinite(array).sum())
    need(not bad, f"{what}: {bad} of {array.size} values are NaN or infinite")
    return array.astype(np.float64)


def close(got: Any, want: ArrayLike, what: str, rtol: float = 1e-6, atol: float = 1e-8) -> None:
    """Fail unless the result has the wanted shape and values."""
    wanted = np.asarray(want, dtype=np.float64)
    error = np.abs(numbers(got, wanted.shape, what) - wanted)
    if np.all(error <= atol + rtol * np.abs(wanted)):
        return
    worst = float(error.max())
    need(False, f"{what}: the largest error is {worst:.3g}, for values up to {_top(wanted):.3g}")


def within(got: Any, want: float, se: float, what: str, sigmas: float = 5) -> None:
    """Fail unless an average over random draws lies within ``sigmas`` standard errors."""
    off = float(numbers(got, (), what)) - want
    need(
        abs(off) <= sigmas * se,
        f"{what}: expected {want:.4g} ± {se:.2g}, got {want + off:.4g}",
    )


def _top(values: np.ndarray[Any, Any]) -> float:
    return float(np.abs(values).max(initial=0.0))


def _shape(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "one number"


def _kind(got: Any) -> str:
    return f"{len(got)} results" if isinstance(got, tuple) else "text"


def namespace_of(names: Mapping[str, Any], name: str) -> Any:
    """Return the learner's function, or fail with the reason why there is none."""
    need(name in names, f"your {name} is not defined; run the cell that defines it")
    need(callable(names[name]), f"your {name} is not a function")
    return names[name]
