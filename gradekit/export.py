"""The marks of a course as tables, and what is not ready in them."""

from __future__ import annotations

from pathlib import Path

from .course_folder import Course, CourseError
from .marks import settle, submissions_of
from .tables import read_table, write_table


def problems(course: Course) -> list[str]:
    """Say what in the gradebook is not as it must be before marks are given out."""
    found = []
    with course.gradebook() as gradebook:
        for exercise in course.all_released():
            stored = gradebook.find_assignment(exercise).notebooks[0]
            cells = sorted(c.name for c in stored.grade_cells)
            collected = {
                p.parents[1].name for p in course.root.glob(f"submitted/*/{exercise}/*.ipynb")
            }
            entered = {s.student.id: s for s in submissions_of(gradebook, exercise)}
            for student in sorted(collected | entered.keys()):
                if student not in entered:
                    found.append(f"{exercise}: {student} is not graded yet")
                    continue
                grades = entered[student].notebooks[0].grades
                if sorted(g.name for g in grades) != cells:
                    found.append(f"{exercise}: {student} has other questions than the exercise")
                found += [
                    f"{exercise}: {student}'s {g.name} waits for a person's mark"
                    for g in grades if g.needs_manual_grade
                ]  # fmt: skip
                found += [
                    f"{exercise}: {student}'s {g.name} has {g.score:g} of {g.max_score:g} points"
                    for g in grades
                    if not 0 <= g.score <= g.max_score + (g.extra_credit or 0)
                ]
    return found


def totals(course: Course) -> dict[str, dict[str, float]]:
    """The final mark of each student for each exercise: points less the penalty for lateness."""
    marks: dict[str, dict[str, float]] = {}
    with course.gradebook() as gradebook:
        for exercise in course.all_released():
            settle(course, exercise)
            for submission in submissions_of(gradebook, exercise):
                penalty = submission.late_submission_penalty or 0.0
                mark = round(max(0.0, submission.score - penalty), 6)
                marks.setdefault(submission.student.id, {})[exercise] = mark
    return marks


def export(course: Course, path: Path, missing: str = "") -> None:
    """Write one row a student and one column an exercise."""
    exercises, marks = course.all_released(), totals(course)
    known = {s.id: s for s in course.students()}
    rows = [["id", "first_name", "last_name", "email", "lms_id", *exercises, "total"]]
    for student in sorted(known.keys() | marks.keys()):
        one, own = known.get(student), marks.get(student, {})
        about = [one.first_name, one.last_name, one.email, one.lms_id] if one else [""] * 4
        points = [f"{own[e]:g}" if e in own else missing for e in exercises]
        rows.append([student, *about, *points, f"{sum(own.values()):g}"])
    write_table(path, rows)


def fill(course: Course, like: Path, path: Path, missing: str = "") -> list[str]:
    """Fill the marks into a table that the learning system exported; return who has no row in it.

    A row is a student's where the cell in one column is the student's id, email or lms_id. A column
    is an exercise's where its title has the exercise's name in it; one is added if none has.
    """
    marks, table = totals(course), read_table(like)
    if not table:
        raise CourseError(f"{like} has no rows")
    titles = list(table[0])
    keys: dict[str, set[str]] = {}
    for one in course.students():
        for key in {one.id, one.email, one.lms_id} - {""}:
            keys.setdefault(key.casefold(), set()).add(one.id)
    columns = {e: next((t for t in titles if e in t), e) for e in course.all_released()}
    titles += [t for t in columns.values() if t not in titles]

    def whose(row: dict[str, str], title: str) -> set[str]:
        return keys.get(row.get(title, "").strip().casefold(), set())

    def knows(title: str) -> float:
        """How many students a column names; half as many if one comes twice, as points do."""
        found = [student for row in table for student in whose(row, title)]
        return len(set(found)) / (1 if len(set(found)) == len(found) else 2)

    by = max(titles, key=knows)  # in another column, points may look like a student's number
    reached = set()
    for row in table:
        if len(ids := whose(row, by)) != 1:
            continue
        (student,) = ids
        reached.add(student)
        for exercise, title in columns.items():
            mark = marks.get(student, {}).get(exercise)
            row[title] = missing if mark is None else f"{mark:g}"
    write_table(path, [titles, *([row.get(t, "") for t in titles] for row in table)])
    return sorted(marks.keys() - reached)
