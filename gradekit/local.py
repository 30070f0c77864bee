"""Practice: the checks of an exercise run on the learner's own functions, at once, for no marks.

Used by the notebook, in JupyterLab and in the page. Only the standard library and NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import numpy as np

from .checks import Failed, Inputs, load, namespace_of, run
from .codec import CodecError, build, decode, encode


class Local:
    """A back end that calls the learner's function in this process.

    Arguments and results go through the codec, as they do in grading: so the function gets
    copies, and a result that could not be graded says so here already.
    """

    rng: np.random.Generator

    def __init__(self, names: MutableMapping[str, Any]):
        self.names = names

    def call(self, name: str, *args: Any) -> Any:
        """Call ``names[name]``; anything it raises becomes one sentence."""
        function = namespace_of(self.names, name)
        given = [build(decode(encode(arg), sources=True)) for arg in args]
        try:
            return decode(encode(function(*given)))
        except CodecError as error:
            raise Failed(f"your {name} returned {error}") from None
        except NotImplementedError:
            raise Failed(f"your {name} is not written yet") from None
        except Exception as error:
            raise Failed(f"your {name} raised {type(error).__name__}: {error}"[:300]) from error


def checker(path: str | Path, names: MutableMapping[str, Any]) -> Callable[[str], None]:
    """Make the notebook's ``check("q1")``, which prints one line on the state of a question."""
    exercise = load(path)

    def check(question: str) -> None:
        print(verdict(question))

    def verdict(question: str) -> str:
        chosen = [c for c in exercise.checks if c.question == question]
        if not chosen:
            return f"There is no question {question}; there are {', '.join(exercise.questions)}."
        inputs = Inputs(exercise.name)
        outcomes = [run(c, Local(names), inputs) for c in chosen]
        failed = [o for o in outcomes if not o.passed]
        if not failed:
            return f"{question}: all {len(outcomes)} checks pass."
        passed = len(outcomes) - len(failed)
        return f"{question}: {passed} of {len(outcomes)} checks pass; {failed[0].message}."

    return check
