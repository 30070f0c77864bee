"""The parts that every chapter has: headings, tagged cells, exercises."""

from __future__ import annotations

import re

from tools.notebooks import Notebook, tags

CHECKS_MIME = "application/vnd.scorekit.checks+json"
HEADINGS = ("Where it breaks", "Checks", "Exercises", "Summary", "Further reading")
PARTS = {"parameters": (1, 1), "check": (1, 9), "from-scratch": (1, 9)}  # tag: least, most
EXERCISES = range(2, 5)  # in the page, each with its solution


def headings(book: Notebook) -> list[tuple[int, str]]:
    """The level and text of every heading in the prose."""
    found = []
    for cell in book.node.cells:
        if cell.cell_type == "markdown":
            # What stands between fences is code or a directive.
            prose = re.sub(r"^(`{3,}|:{3,}|~{3,}).*?^\1", "", cell.source, flags=re.M | re.S)
            found += [
                (len(marks), text.strip())
                for marks, text in re.findall(r"^(#{1,6})\s+(.+?)\s*#*$", prose, flags=re.M)
            ]
    return found


def anatomy(book: Notebook) -> list[str]:
    """The parts that every chapter has."""
    found = []
    cells = book.node.cells
    titles = [text for level, text in headings(book) if level == 1]
    if len(titles) != 1 or not cells or not cells[0].source.lstrip().startswith("# "):
        found.append(f"{book.name}: must begin with its title, its only heading of level 1.")
    sections = [text for level, text in headings(book) if level == 2]
    for name in HEADINGS:
        if sections.count(name) != 1:
            found.append(f"{book.name}: has {sections.count(name)} sections {name!r}, not one.")
    tagged = {name: [c for _, c in book.code() if name in tags(c)] for name in PARTS}
    for name, (least, most) in PARTS.items():
        if not least <= len(tagged[name]) <= most:
            found.append(f"{book.name}: has {len(tagged[name])} cells tagged {name}.")
    tables = [o for cell in tagged["check"] for o in cell.get("outputs", [])]
    if tagged["check"] and not any(CHECKS_MIME in table.get("data", {}) for table in tables):
        found.append(f"{book.name}: its check cell shows no table of checks.")
    return found + _exercises(book)


def _exercises(book: Notebook) -> list[str]:
    prose = "\n".join(c.source for c in book.node.cells if c.cell_type == "markdown")
    asked = len(re.findall(r"\{exercise(?:-start)?\}", prose))
    solved = len(re.findall(r"\{solution(?:-start)?\}", prose))
    if asked in EXERCISES and solved == asked:
        return []
    return [f"{book.name}: has {asked} exercises and {solved} solutions; 2 to 4 of each, please."]
