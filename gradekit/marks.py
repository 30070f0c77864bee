"""Marks by a person, in a table, and what late submissions cost."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

from .course_folder import Course, CourseError, form
from .submissions import Unreadable, read
from .tables import read_table, write_table

HAND = ("student", "question", "points", "out_of", "comment", "answer", "version")
DAY = 24 * 3600


def write_hand(course: Course, exercise: str, path: Path) -> int:
    """Write the answers that a person marks, with the marks so far; return how many want one."""
    asked, rows, waiting = form(course, exercise).written, [list(HAND)], 0
    with course.gradebook() as gradebook:
        for submission in submissions_of(gradebook, exercise):
            student = submission.student.id
            text = _answers(course, exercise, student)
            comments = {c.name: c.manual_comment or "" for c in submission.notebooks[0].comments}
            for one in submission.notebooks[0].grades:
                if one.name not in asked:
                    continue
                waiting += one.needs_manual_grade
                points = "" if one.manual_score is None else f"{one.manual_score:g}"
                answer = text.get(one.name, "")
                row = [student, one.name, points, f"{asked[one.name]:g}"]
                rows.append([*row, comments.get(one.name, ""), answer, _version(answer)])
    write_table(path, rows)
    return waiting


def _version(answer: str) -> str:
    """A short name for one wording of an answer; the letter keeps it from looking like a number."""
    return "v" + hashlib.sha256(answer.encode("utf-8", "replace")).hexdigest()[:10]


def _answers(course: Course, exercise: str, student: str) -> dict[str, str]:
    path = course.submission(exercise, student)
    try:
        return read(path, path.parent, form(course, exercise)).text
    except (Unreadable, OSError):
        return {}


def submissions_of(gradebook: Any, exercise: str) -> list[Any]:
    """Return the submissions of an exercise, in the order of the students' ids."""
    found = gradebook.assignment_submissions(exercise)
    return sorted(found, key=lambda s: s.student.id)


def read_hand(course: Course, exercise: str, path: Path) -> int:
    """Enter the marks of such a table: all of them, or none if one is not right."""
    asked, wrong, entered = form(course, exercise).written, [], 0
    with course.gradebook() as gradebook:
        grades = {
            (s.student.id, one.name): one
            for s in submissions_of(gradebook, exercise)
            for one in s.notebooks[0].grades
        }
        comments = {
            (s.student.id, one.name): one
            for s in submissions_of(gradebook, exercise)
            for one in s.notebooks[0].comments
        }
        seen = set()
        rows = read_table(path)
        if rows and not {"student", "question", "points"} <= rows[0].keys():
            raise CourseError(f"{path} must have the columns {', '.join(HAND)}")
        for number, row in enumerate(rows, 2):
            at = (row["student"].strip(), row["question"].strip())
            points = row["points"].strip()
            if not points:
                continue
            if at not in grades or at[1] not in asked:
                wrong.append(f"row {number}: there is no answer {at[1]} of {at[0]} to mark by hand")
            elif at in seen:
                wrong.append(f"row {number}: {at[0]} has a mark for {at[1]} already")
            elif (score := _number(points)) is None or not 0 <= score <= asked[at[1]]:
                wrong.append(
                    f"row {number}: points must be from 0 to {asked[at[1]]:g}, got {points}"
                )
            elif row.get("version") and row["version"] != _version(
                _answers(course, exercise, at[0]).get(at[1], "")
            ):
                wrong.append(f"row {number}: {at[0]} has handed in another answer since")
            else:
                grades[at].manual_score, grades[at].needs_manual_grade = score, False
                if "comment" in row:
                    comments[at].manual_comment = row["comment"].strip() or None
                entered += 1
            seen.add(at)
        if wrong:
            gradebook.db.rollback()
            raise CourseError(f"no mark was entered from {path}:\n" + "\n".join(wrong))
        gradebook.db.commit()
    return entered


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", ".", 1))  # 1,5 where the comma is decimal
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def settle(course: Course, exercise: str) -> None:
    """Set the late penalties anew, since a mark or an extension may have changed them.

    Each day begun after a student's deadline costs its percentage of the exercise's points, and
    never more than the student has.
    """
    with course.gradebook() as gradebook:
        for submission in submissions_of(gradebook, exercise):
            days = math.ceil(submission.total_seconds_late / DAY)
            full = submission.max_score * course.late_percent_per_day / 100 * days
            for notebook in submission.notebooks:
                penalty = min(full, notebook.score)
                notebook.late_submission_penalty = penalty or None
        gradebook.db.commit()
