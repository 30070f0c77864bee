"""Checks for graded exercises: instant in the learner's notebook, boxed when a teacher grades.

What is imported here needs the standard library and NumPy only, so that it also runs in the page.
Grading itself is ``python -m gradekit.grade``, and making the student notebooks from their
masters ``python -m gradekit.build``.
"""

from .checks import Exercise, Failed, Limits, check, close, load, need, numbers, within
from .codec import Source
from .local import checker
from .shared import generator, need_own_generator, seeded, spd

__all__ = [
    "Exercise",
    "Failed",
    "Limits",
    "Source",
    "check",
    "checker",
    "close",
    "generator",
    "load",
    "need",
    "need_own_generator",
    "numbers",
    "seeded",
    "spd",
    "within",
]
