"""What a notebook's stored outputs depend on, and how to tell when they are out of date.

The outputs of a chapter follow from its own code cells, from the scorekit modules that it imports
(directly or through one another), and from the data files the package reads. A hash of these is
stored in the notebook when it is executed. Comments and docstrings of scorekit are left out, so
that better prose there makes no chapter stale; so are the versions of NumPy and its friends, which
are pinned and whose effect the checks in each chapter watch.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "scorekit"
DATA_MODULE = f"{PACKAGE}.data"
KEY = "scorekit"  # nb.metadata[KEY]["inputs"] holds the hash


@dataclass(frozen=True)
class Notebook:
    """A notebook and the name by which messages call it."""

    path: Path
    node: Any

    @property
    def name(self) -> str:
        """Its folder and file, which is enough to find it."""
        return f"{self.path.parent.name}/{self.path.name}"

    def code(self) -> list[tuple[int, Any]]:
        """The code cells that hold something, each with its place in the notebook (from 1)."""
        return [
            (place, cell)
            for place, cell in enumerate(self.node.cells, start=1)
            if cell.cell_type == "code" and cell.source.strip()
        ]


def read(path: Path) -> Notebook:
    """Read one notebook."""
    return Notebook(path, nbformat.read(path, as_version=4))


def chapters(root: Path = ROOT) -> list[Path]:
    """Every chapter, in reading order."""
    return sorted((root / "chapters").glob("*.ipynb"))


def masters(root: Path = ROOT) -> list[Path]:
    """Every exercise's master notebook, in reading order."""
    return sorted((root / "exercises").glob("*/master.ipynb"))


def tags(cell: Any) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def parse(source: str) -> ast.Module | None:
    """The syntax tree of a cell; None when it is not plain Python (a magic, a shell line)."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


# ---------------------------------------------------------------- which modules a notebook uses


def module_path(name: str, root: Path) -> Path | None:
    """The file of a module of the package, or None if there is none of that name."""
    base = root.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def all_modules(root: Path) -> set[str]:
    """Every module of the package."""
    paths = [p.relative_to(root).with_suffix("") for p in (root / PACKAGE).rglob("*.py")]
    return {".".join(p.parent.parts if p.name == "__init__" else p.parts) for p in paths}


def imported(tree: ast.Module, root: Path, inside: str | None = None) -> set[str]:
    """Modules of the package that this code imports, at the top or within a function.

    ``inside`` is the module the code belongs to, which relative imports start from. When a name
    is taken from the package itself and is no module, any module may stand behind it: all count.
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == PACKAGE:
                    found |= all_modules(root)
                elif alias.name.startswith(PACKAGE + "."):
                    found.add(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = _relative_base(inside, node, root)
            if base != PACKAGE and not base.startswith(PACKAGE + "."):
                continue
            found.add(base)
            for alias in node.names:
                if module_path(f"{base}.{alias.name}", root):
                    found.add(f"{base}.{alias.name}")
                elif base == PACKAGE and inside is None:
                    found |= all_modules(root)
    return found


def _relative_base(inside: str | None, node: ast.ImportFrom, root: Path) -> str:
    """The absolute name that ``from ..name import`` starts from; "" outside a package."""
    if inside is None:
        return ""
    parts = inside.split(".")
    path = module_path(inside, root)
    up = node.level - (path is not None and path.name == "__init__.py")
    parts = parts[: len(parts) - up]
    return ".".join(parts + ([node.module] if node.module else []))


def dependencies(trees: Iterable[ast.Module], root: Path) -> set[str]:
    """Modules of the package that this code needs, through any chain of imports."""
    waiting = set().union(*(imported(tree, root) for tree in trees))
    done: set[str] = set()
    while waiting:
        name = waiting.pop()
        path = module_path(name, root)
        if name in done or path is None:
            continue
        done.add(name)
        # Importing a.b runs a's __init__ too.
        waiting |= imported(ast.parse(path.read_text("utf8")), root, inside=name)
        waiting |= {name.rpartition(".")[0]} - {""}
    return done


# ------------------------------------------------------------------------------------ the hash


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_version(node: ast.AST) -> bool:
    """``__version__ = ...``: a release by itself changes no output."""
    return isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == [
        "__version__"
    ]


def outline(node: Any) -> Iterator[str]:
    """A syntax tree as words, without docstrings, positions or empty fields.

    Not ``ast.dump``, whose text differs between Python versions for the same code.
    """
    if isinstance(node, ast.AST):
        yield f"({type(node).__name__}"
        for name, value in ast.iter_fields(node):
            if value is not None and value != []:
                yield name
                yield from outline(value)
        yield ")"
    elif isinstance(node, list):
        for item in node:
            if not _is_docstring(item) and not _is_version(item):
                yield from outline(item)
    else:
        yield repr(node)


def fingerprint(book: Notebook, root: Path = ROOT) -> str:
    """The hash of everything the outputs of this notebook depend on."""
    digest = hashlib.sha256()

    def feed(label: str, content: bytes) -> None:
        digest.update(f"{label}\0{len(content)}\0".encode() + content)

    cells = [cell.source for _, cell in book.code()]
    for source in cells:
        feed("cell", source.rstrip().encode())
    trees = [tree for tree in map(parse, cells) if tree is not None]
    needed = dependencies(trees, root)
    for name in sorted(needed):
        path = module_path(name, root)
        assert path is not None
        feed(name, " ".join(outline(ast.parse(path.read_text("utf8")))).encode())
    if DATA_MODULE in needed:
        for data in sorted((root / PACKAGE / "data").glob("*.npz")):
            feed(data.name, data.read_bytes())
    return digest.hexdigest()


def stale(book: Notebook, root: Path = ROOT) -> list[str]:
    """One sentence if the stored outputs do not belong to the code as it is now."""
    stored = book.node.metadata.get(KEY, {}).get("inputs")
    if stored is None:
        return [f"{book.name}: was never executed by `make execute`."]
    if stored != fingerprint(book, root):
        return [f"{book.name}: its code, scorekit or its data changed since it was executed."]
    return []
