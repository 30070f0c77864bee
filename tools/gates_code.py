"""Rules for the code of the chapters.

Each returns plain sentences, none when nothing is wrong.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize

from tools.notebooks import Notebook, parse, tags

# The design asks for cells of about 15 lines; a few more are let through, but not a page.
LONGEST_CELL = 20
PASTED_LINES = 4
# All of these exist in the page too. mpl_toolkits is a part of matplotlib.
IMPORTS = {"numpy", "scipy", "matplotlib", "mpl_toolkits", "autograd", "sklearn", "scorekit"}


def long_cells(book: Notebook) -> list[str]:
    """A cell that a reader sees can be read at one sitting."""
    found = []
    for place, cell in book.code():
        length = len([line for line in cell.source.splitlines() if line.strip()])
        if length > LONGEST_CELL and "hide-input" not in tags(cell):
            found.append(
                f"{book.name}, cell {place}: {length} lines; more than {LONGEST_CELL} need a tag "
                "hide-input, or a home in scorekit."
            )
    return found


def imports(book: Notebook) -> list[str]:
    """A chapter imports only what also exists in the page."""
    allowed = IMPORTS | set(sys.stdlib_module_names)
    found = []
    for place, cell in book.code():
        tree = parse(cell.source)
        if tree is None:
            found.append(f"{book.name}, cell {place}: is not plain Python.")
            continue
        for name in sorted(_imported(tree) - allowed):
            found.append(f"{book.name}, cell {place}: imports {name}, which the page lacks.")
    return found


def _imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def seeds(book: Notebook) -> list[str]:
    """One seed a chapter, in its parameters; others only where two runs must be compared."""
    found, counted = [], 0
    for place, cell in book.code():
        calls = [node for node in _calls(cell.source) if _called(node) == "default_rng"]
        if "parameters" in tags(cell):
            counted += len(calls)
        elif calls and not {"from-scratch", "reseed"} & set(tags(cell)):
            found.append(f"{book.name}, cell {place}: calls default_rng outside the parameters.")
        if any(not (call.args or call.keywords) for call in calls):
            found.append(f"{book.name}, cell {place}: calls default_rng without a seed.")
    if counted != 1:
        found.append(f"{book.name}: calls default_rng {counted} times in its parameters, not once.")
    return found


def _calls(source: str) -> list[ast.Call]:
    tree = parse(source)
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree else []


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def code_lines(source: str) -> list[str]:
    """The lines of a cell that could be pasted: spaced alike, without comments and imports.

    Lines of brackets alone say nothing and are left out.
    """
    tree = parse(source)
    if tree is None:
        return []
    skip: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            skip |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    rows: dict[int, list[str]] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT and token.string.strip():
            rows.setdefault(token.start[0], []).append(token.string)
    lines = [" ".join(words) for row, words in sorted(rows.items()) if row not in skip]
    return [line for line in lines if re.search(r"\w\W*\w", line)]


def pasted(books: list[Notebook]) -> list[str]:
    """Nothing stands in two notebooks: what two need belongs in scorekit."""
    first: dict[tuple[str, ...], tuple[Notebook, int]] = {}
    found = []
    for book in books:
        for place, cell in book.code():
            if "from-scratch" in tags(cell):
                continue
            lines = code_lines(cell.source)
            for start in range(len(lines) - PASTED_LINES + 1):
                block = tuple(lines[start : start + PASTED_LINES])
                other, there = first.setdefault(block, (book, place))
                if other.path != book.path:
                    found.append(
                        f"{book.name}, cell {place}: {block[0]!r} and the lines after it stand in "
                        f"{other.name}, cell {there}, too."
                    )
                    break
    return found
