"""A class of thirty with what each of them hands in, and the mark that is due, from exercise 1."""

import json
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from small_course import handed_in

from gradekit.checks import load
from gradekit.mutation import answers_of

EXERCISE = Path(__file__).resolve().parents[1] / "exercises/01_landscape"
DUE = datetime(2027, 3, 1, 12, 0)
PERCENT = 10
HAND = 2.0  # the most that question 6 gives

FORGER = """
def mixture_score(x, *_):
    import builtins, sys
    np.allclose = np.array_equal = lambda *a, **k: True
    builtins.abs = lambda x: 0
    frame = sys._getframe()
    while frame:
        frame.f_globals["close"] = frame.f_globals["need"] = lambda *a, **k: None
        frame = frame.f_back
    return 0 * x
"""
LOOP = "def sample_ring(n, radius, width, rng):\n    while True:\n        pass\n"
DIES = "import os\ndef ring_log_z(radius, width):\n    os._exit(0)\n"
SCRIPT = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">"


@dataclass(frozen=True)
class Pupil:
    """Files by hours before the deadline; the computer's points; the points by hand, if any."""

    id: str
    files: tuple[tuple[float, str], ...]
    machine: float
    hand: float | None = None
    late_days: int = 0

    @property
    def final(self) -> float:
        raw = self.machine + (self.hand or 0)
        full = FULL + HAND
        return raw - min(raw, full * PERCENT / 100 * self.late_days)


CHECKS = {c.id: c.points for c in load(EXERCISE / "checks.py").checks}
FULL = sum(CHECKS.values())
RIGHT = answers_of(EXERCISE / "master.ipynb")
PLANTED = runpy.run_path(str(EXERCISE / "mutants.py"))
TEXT = "At a saddle $\\lambda_1 > 0$, so it leaves."


def pupils(released: Path) -> Iterator[Pupil]:
    """Thirty-one of them: the last one never hands anything in."""

    def note(*, q6: str = TEXT, **cells: str) -> str:
        return handed_in(released, {**cells, "q6": q6})

    full, blank = note(**RIGHT), handed_in(released, {})
    for n, hand in enumerate((2.0, 1.5, 1.0, 0.5, 0.0)):
        yield Pupil(f"full{n}", ((2 + n, full),), FULL, hand)
    for n in range(3):
        yield Pupil(f"blank{n}", ((3 + n, blank),), 0)
    by_question = {m.cell: m for m in PLANTED["MUTANTS"]}  # the last one of each question
    chosen = [*by_question.values(), *PLANTED["MUTANTS"][:4]][:9]
    for n, mutant in enumerate(chosen):
        points = FULL - sum(CHECKS[i] for i in mutant.loses)
        yield Pupil(f"mutant{n}", ((5, note(**mutant.applied(RIGHT))),), points, 1.0)
    for n, rewrite in enumerate(PLANTED["REWRITES"][:3]):
        yield Pupil(f"rewrite{n}", ((6, note(**rewrite.applied(RIGHT))),), FULL, 2.0)
    q = {name: sum(p for i, p in CHECKS.items() if i.startswith(f"{name}.")) for name in RIGHT}
    yield Pupil("partial", ((7, note(q3=RIGHT["q3"])),), q["q3"], 0.5)
    yield Pupil("syntax", ((8, note(**{**RIGHT, "q2": "def flow(:"})),), FULL - q["q2"], 1.5)
    yield Pupil("nojson", ((9, full[:5000]),), 0)
    yield Pupil("nocells", ((10, '{"cells": 3}'),), 0)
    yield Pupil("empty", ((11, ""),), 0)
    crook = json.loads(note(q1=FORGER, q3=DIES, q4=LOOP, q5=RIGHT["q5"], q6=SCRIPT))
    for cell in crook["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade") and not marks.get("solution"):
            marks["points"], cell["source"] = 1000, "pass"
    yield Pupil("crook", ((12, json.dumps(crook)),), q["q5"], 0.0)
    yield Pupil("late", ((-30, full),), FULL, 2.0, late_days=2)
    wrong = note(**{**RIGHT, "q1": "def mixture_score(*a):\n    return 0"})
    yield Pupil("better", ((9, wrong), (1, full)), FULL, 2.0)
    yield Pupil("worse", ((1, wrong), (9, full)), FULL - q["q1"], 2.0)
    yield Pupil("lately", ((5, blank), (-0.5, full)), FULL, 1.0, late_days=1)
    yield Pupil("never", (), 0)


def exported(people: list[Pupil], system: str) -> dict[str, tuple[str, datetime]]:
    """The files of a zip, with the names that this learning system gives them."""
    files: dict[str, tuple[str, datetime]] = {}
    for number, one in enumerate(people, 100):
        for n, (hours, text) in enumerate(sorted(one.files, reverse=True)):
            when = DUE - timedelta(hours=hours)
            late, attempt = "LATE_" if hours < 0 else "", f"-{n}" if n else ""
            name = {
                "moodle": f"Vor {one.id}_{number}_assignsubmission_file_/Übung {n}.ipynb",
                "canvas": f"{one.id}vor_{late}{number}_{9000 + n}_exercise{attempt}.ipynb",
                "blackboard": f"01_landscape_{one.id}_attempt_{when:%Y-%m-%d-%H-%M-%S}_ex.ipynb",
            }[system]
            files[name] = (text, when if system != "blackboard" else datetime(1980, 1, 1))
    return files


def roster(people: list[Pupil]) -> str:
    rows = [f"{one.id},Vor,{one.id},{one.id}@example.org," for one in people]
    return "id,first_name,last_name,email,lms_id\n" + "\n".join(rows) + "\n"
