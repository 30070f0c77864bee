"""Which outside packages and data the book's modules use, read without running anything.

A page loads a package when a cell needs it. That a cell imports ``scorekit.stationary`` does not
show that SciPy will be wanted; this table does.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass
class Imports:
    """What one module imports: at once, and later, inside its functions."""

    now: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)


def imported_names(node: ast.AST, package: str) -> Iterator[str]:
    """The dotted names an import statement may load."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        parts = package.split(".")[: 1 - node.level or None] if node.level else []
        module = ".".join([*parts, *([node.module] if node.module else [])])
        yield module
        yield from (f"{module}.{alias.name}" for alias in node.names)


def module_imports(path: Path, package: str) -> Imports:
    """Read a module's import statements without running it."""
    found = Imports()

    def walk(node: ast.AST, names: set[str]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                walk(child, found.later)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            else:
                names.update(imported_names(child, package))
                walk(child, names)

    walk(ast.parse(path.read_text(encoding="utf-8")), found.now)
    return found


def module_needs(folders: list[Path]) -> dict[str, dict[str, list[str]]]:
    """For each module of the book's packages, the outside packages it needs now and later."""
    modules: dict[str, Imports] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            parts = [folder.name, *path.relative_to(folder).with_suffix("").parts]
            if parts[-1] == "__init__":
                parts.pop()
                package = ".".join(parts)
            else:
                package = ".".join(parts[:-1])
            modules[".".join(parts)] = module_imports(path, package)

    def closure(name: str, lazily: bool) -> set[str]:
        outside: set[str] = set()
        todo, seen = [name], set()
        while todo:
            module = todo.pop()
            # Importing a.b runs a as well, and `from a import x` may name a module or not.
            for known in (module, module.rpartition(".")[0]):
                if known in modules and known not in seen:
                    seen.add(known)
                    found = modules[known]
                    todo += found.now | (found.later if lazily else set())
            if module.partition(".")[0] not in {folder.name for folder in folders}:
                outside.add(module.partition(".")[0])
        return outside - set(sys.stdlib_module_names) - {""}

    return {
        name: {
            "now": sorted(closure(name, lazily=False)),
            "later": sorted(closure(name, lazily=True) - closure(name, lazily=False)),
        }
        for name in sorted(modules)
    }


def data_pattern(path: Path) -> str:
    """A regular expression, for JavaScript too, that finds in code the calls that open this file.

    A network ``name_prior.npz`` is opened by ``load_prior("name")``; any other file by the public
    functions of the package that name it, and by those that call them.
    """
    if path.stem.endswith("_prior"):
        name = re.escape(path.stem.removesuffix("_prior"))
        return rf"\bload_prior\(\s*[\"']{name}[\"']"
    words = _function_words(path.parents[1])
    openers: set[str] = set()
    more = {path.stem, path.name}
    while more:
        more = {name for name, used in words.items() if used & more} - openers
        openers |= more
    public = sorted(name for name in openers if not name.startswith("_"))
    if not public:
        raise ValueError(f"no public function of {path.parents[1].name} opens {path.name}")
    return rf"\b({'|'.join(public)})\b"


@cache
def _function_words(package: Path) -> dict[str, set[str]]:
    """What each function of a package uses; read once for all of its data files."""
    return {
        node.name: set(_words(node))
        for module in sorted(package.rglob("*.py"))
        for node in ast.parse(module.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


def _words(node: ast.AST) -> Iterator[str]:
    """The strings and the names that code uses."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        elif isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
