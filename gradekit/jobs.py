"""One submission as a job: plain data that any executor can send to any process or machine.

A job carries all that grading it needs: the text of the checks, the student's answer cells, and
the seeds of this student's inputs. It does not carry the secret they were drawn from, and no path:
a worker needs gradekit, the packages of the exercise and bubblewrap, but no shared folder. Not
even the seeds enter the box: only the inputs of a call do, with the call.
"""

from __future__ import annotations

import atexit
import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import json
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from .box import Box, masked_packages, try_out
from .boxed import Boxed
from .checks import Exercise, Inputs, NotGraded, load, run
from .feedback import Result
from .scratch import scratch
from .submissions import Answers


@dataclass(frozen=True)
class Job:
    """One submission to grade, and the version of the code that is to grade it."""

    exercise: str
    student: str
    answers: Answers = field(repr=False)
    checks: str = field(repr=False)
    seeds: tuple[int, ...] = field(repr=False)
    code: str = field(repr=False)

    @cached_property
    def key(self) -> str:
        """What the result depends on, as a hash: two jobs with one key have the same result."""
        text = json.dumps(dataclasses.astuple(self), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()


def job(exercise: Exercise, checks: str, student: str, answers: Answers, secret: bytes) -> Job:
    """Make the job of one student. Here the secret is turned into seeds, and stays behind."""
    inputs = Inputs(exercise.name, student, secret)
    seeds = tuple(inputs.seed(check.id) for check in exercise.checks)
    return Job(exercise.name, student, answers, checks, seeds, code())


def grade_one(job: Job) -> Result:
    """Grade one submission. It depends on nothing but the job, in whatever process it runs."""
    box = _box(job)
    checks = box.exercise.checks
    with Boxed(box, job.answers.code) as backend:
        outcomes = tuple(run(c, backend, seed) for c, seed in zip(checks, job.seeds, strict=True))
    remarks = [f"The answer cell {name} is not in the notebook" for name in job.answers.missing]
    remarks += [f"Answer cell {name} {trouble}" for name, trouble in backend.troubles.items()]
    remarks += [f"In answer cell {name} the grader {note}" for name, note in backend.notes.items()]
    return Result(job.student, outcomes, tuple(remarks), tuple(job.answers.text.items()))


def ready(job: Job) -> None:
    """See that the process this runs in can grade such a job, or raise ``NotGraded``."""
    try_out(_box(job))


def _box(job: Job) -> Box:
    if job.code != code():
        raise NotGraded(
            "a worker has another version of gradekit, scorekit, NumPy or SciPy than this machine; "
            "install the same on both"
        )
    return box_of(job.exercise, job.checks)


_BOXES: dict[tuple[str, str], Box] = {}
_MAKING = threading.RLock()
_FOLDERS = ExitStack()
atexit.register(_FOLDERS.close)


def box_of(exercise: str, checks: str) -> Box:
    """Return the box of an exercise given by its name and the text of its checks.

    It is made once in a process, with its masked packages in a folder that lives as long.
    """
    with _MAKING:  # threads of one worker share it, and reading a checks file is not for two
        if (exercise, checks) not in _BOXES:
            folder = _FOLDERS.enter_context(scratch())
            read = exercise_of(exercise, checks)
            _BOXES[exercise, checks] = Box(read, masked_packages(read, folder))
        return _BOXES[exercise, checks]


def share(exercise: str, checks: str, masked: tuple[tuple[str, str], ...]) -> None:
    """Use the masked packages that another process of this machine has made, and keeps as long."""
    with _MAKING:
        if (exercise, checks) not in _BOXES:
            _BOXES[exercise, checks] = Box(exercise_of(exercise, checks), masked)


def exercise_of(name: str, checks: str) -> Exercise:
    """Read a checks file from its text."""
    with scratch() as folder:
        path = folder / name / "checks.py"
        path.parent.mkdir()
        path.write_text(checks, encoding="utf-8")
        return load(path)


# The modules of this package that a mark depends on.
MARKING = (
    "box", "boxed", "checks", "codec", "fair_clock", "jobs", "masking", "scratch", "shared",
    "submissions", "worker",
)  # fmt: skip


@lru_cache(maxsize=1)
def code() -> str:
    """The version of everything that marks depend on here, as a hash."""
    here = Path(__file__).parent
    files = {f"gradekit {name}": here / f"{name}.py" for name in MARKING}
    spec = importlib.util.find_spec("scorekit")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        data = (p for p in package.rglob("*") if p.suffix in (".py", ".npz"))
        files |= {f"scorekit {p.relative_to(package)}": p for p in data}
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name} {hashlib.sha256(files[name].read_bytes()).hexdigest()}\n".encode())
    for name in ("numpy", "scipy"):
        digest.update(f"{name} {importlib.metadata.version(name)}\n".encode())
    return digest.hexdigest()
