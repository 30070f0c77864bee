"""The notebook that formgrader and nbgrader's feedback show, and its text made safe for a page."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import bleach
from nbconvert.filters import markdown2html_mistune
from nbformat.v4 import new_output

from .checks import Exercise
from .course_folder import question_of
from .feedback import Result, possible
from .submissions import Answers

TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "hr"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "i", "img", "li", "ol", "p", "pre", "s", "span"),
    *("strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
# Not the address of an image: whoever opens the page would call it.
ALLOWED = {"a": ["href", "title"], "img": ["alt"], "*": ["class"]}
LONG = 20_000
HINT = re.compile(r"^:::\{dropdown\}.*?^:::\s*?$\n?", re.MULTILINE | re.DOTALL)


def safe_markdown(source: str) -> str:
    """Return Markdown as HTML without scripts, styles, forms, frames or addresses that run.

    A text so long that nobody wrote it by hand is shown as it is: the time for some texts (nested
    tags, rows of blanks) grows as the square of their length.
    """
    if len(source) > LONG:
        return f"<pre>{escape(source)}</pre>"
    html = markdown2html_mistune(source)
    return str(bleach.clean(html, TAGS, ALLOWED, protocols={"http", "https", "mailto"}))


def show(blank: Any, answers: Answers, result: Result, exercise: Exercise) -> Any:
    """Return our notebook with a student's answers in it, and what the grader says below each."""
    given = {**answers.code, **answers.text}
    for cell in blank.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution") and name in given:
            cell.source = given[name].encode("utf-8", "replace").decode("utf-8")
        elif cell.cell_type == "markdown":
            cell.source = HINT.sub("", cell.source)
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if marks.get("grade") and not marks.get("solution"):
            question = question_of(name)
            cell.outputs = [
                new_output("stream", name="stdout", text=_said(question, result, exercise))
            ]
    return blank


def _said(question: str, result: Result, exercise: Exercise) -> str:
    if result.unreadable:
        return f"The submission could not be graded: {result.unreadable}.\n"
    lines = [f"{question}: {result.earned(question):g} of {possible(exercise, question):g} points"]
    lines += [f"{r}." for r in result.remarks if re.search(rf"\b{re.escape(question)}\b", r)]
    for one in (o for o in result.outcomes if o.question == question):
        lines.append(f"[{one.earned:g} of {one.points:g}] {one.title}")
        lines += [] if one.passed else [f"         Not yet: {one.message}."]
    return "\n".join(lines) + "\n"
