"""What students and teachers get: one page a student, and a table of marks."""

from __future__ import annotations

import csv
import hashlib
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

from .checks import Exercise, Outcome
from .submissions import Form

STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
th:last-child { width: 15% }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
  border-bottom: 1px solid #8886 }
td:last-child, th:last-child { text-align: right; white-space: nowrap }
.no td:nth-child(2) { font-weight: 600 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid #8886;
  padding-left: 1rem }
"""


@dataclass(frozen=True)
class Result:
    """The marks of one submission, with the reasons."""

    student: str
    outcomes: tuple[Outcome, ...] = ()
    remarks: tuple[str, ...] = ()
    written: tuple[tuple[str, str], ...] = ()
    unreadable: str = ""

    def earned(self, question: str | None = None) -> float:
        """Points for one question, or for all that the computer marks."""
        return sum(o.earned for o in self.outcomes if question in (None, o.question))


@dataclass(frozen=True)
class Trouble:
    """Why a submission has no mark through no fault of its own: the grader failed."""

    student: str
    reason: str


def possible(exercise: Exercise, question: str | None = None) -> float:
    """The most points there are for one question, or for all that the computer marks."""
    return sum(c.points for c in exercise.checks if question in (None, c.question))


def table(exercise: Exercise, form: Form, results: Sequence[Result | Trouble]) -> str:
    """The marks as CSV. Columns of questions that a person marks are left empty.

    So are all marks of a submission that the grader failed on: that is no 0.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "score", "max_score", *exercise.questions, *form.written, "reason"])
    most, by_hand = f"{possible(exercise):g}", ["" for _ in form.written]
    for r in results:
        if isinstance(r, Trouble):
            score, marks, reason = "", ["" for _ in exercise.questions], f"not graded: {r.reason}"
        else:
            score, reason = f"{r.earned():g}", r.unreadable
            marks = [f"{r.earned(q):g}" for q in exercise.questions]
        writer.writerow([_cell(r.student), score, most, *marks, *by_hand, _cell(reason)])
    return out.getvalue()


def _cell(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def file_name(student: str) -> str:
    """A name for a student's page that no other student can have.

    It is the student's own, unless that could not be a file's: then a hash tells them apart.
    """
    name = student.replace("/", "__")
    if name == student and "~" not in name and len(name.encode("utf-8")) <= 200:
        return name
    tail = hashlib.sha256(student.encode("utf-8")).hexdigest()[:16]
    return name.encode("utf-8")[:150].decode("utf-8", "ignore") + f"~{tail}"


def page(exercise: Exercise, form: Form, result: Result) -> str:
    """The feedback page: plain HTML without scripts, everything from the student escaped."""
    e = html.escape
    score = f"{result.earned():g} of {possible(exercise):g} points"
    body = [f"<h1>{e(exercise.name)}: {e(result.student)}</h1>", f"<p>{score}</p>"]
    if form.written:
        hand = sum(form.written.values())
        body.append(
            f"<p>Questions marked by hand, {hand:g} points in all, are not in this sum.</p>"
        )
    if result.unreadable:
        body.append(f"<p>The submission could not be graded: {e(result.unreadable)}.</p>")
    for remark in result.remarks:
        body.append(f"<p>{e(remark)}.</p>")
    for question in exercise.questions if result.outcomes else ():
        mark = f"{result.earned(question):g} of {possible(exercise, question):g}"
        body.append(f"<h2>{e(question)}: {mark}</h2><table>")
        body.append(
            '<tr><th scope="col">What a right answer does</th>'
            '<th scope="col">What yours does</th><th scope="col">Points</th></tr>'
        )
        for o in (o for o in result.outcomes if o.question == question):
            said = "It does." if o.passed else e(_sentence(o.message))
            points = f"{o.earned:g} of {o.points:g}"
            row = "<tr>" if o.passed else '<tr class="no">'
            body.append(f"{row}<td>{e(o.title)}</td><td>{said}</td><td>{points}</td></tr>")
        body.append("</table>")
    for name, text in result.written:
        body.append(f"<h2>{e(name)}: marked by hand</h2><pre>{e(text)}</pre>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{e(exercise.name)}: {e(result.student)}</title>"
        f"<style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:].rstrip(".") + "."
