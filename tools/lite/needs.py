"""What a cell needs before it runs in JupyterLite. Run by loader.mjs inside Pyodide."""

import ast
import os
import sys
from collections.abc import Iterator
from typing import Any


def imported(tree: ast.Module) -> Iterator[str]:
    """The dotted names that the import statements of a piece of code may load."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def scripts(tree: ast.Module) -> Iterator[str]:
    """The texts of the Python files in the working folder that a piece of code names."""
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and value.endswith(".py") and os.path.isfile(value):
            with open(value, encoding="utf-8") as file:
                yield file.read()


def parsed(code: str) -> ast.Module:
    """The syntax tree of a cell; lines that only IPython understands are passed over."""
    lines = [line for line in code.splitlines() if not line.lstrip().startswith(("%", "!"))]
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return ast.Module([], [])


def needs(code: str, modules: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    """Top-level names to load, and all the text in which a data file may be named.

    ``modules`` says of each of the book's modules what it imports, at once and later.
    """
    texts = [code, *scripts(parsed(code))]
    found: set[str] = set()
    for text in texts:
        for name in imported(parsed(text)):
            known = modules.get(name, {})
            found |= {name.partition(".")[0], *known.get("now", []), *known.get("later", [])}
    return {"names": sorted(found - sys.modules.keys()), "text": "\n".join(texts)}


def tell(text: str) -> None:
    """Show the reader, under the cell, why something did not come."""
    sys.stderr.write(text)
