"""A copy of a package without the functions an exercise asks the student to write.

The names are removed from the source text of the copy, and only the copy is mounted in the box:
there is nothing left to import, to read as a file, or to find by any other way.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import shutil
from collections.abc import Iterable
from pathlib import Path


def masked_copy(package: str, names: Iterable[str], folder: Path) -> Path:
    """Copy an installed package into ``folder`` with the names masked; return the copy's folder.

    A name is ``module.function``, ``module.Class`` or ``module.Class.method``, in any module that
    offers it; it is masked where it is defined.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ValueError(f"{package} is not installed")
    copy = folder / package
    shutil.copytree(
        Path(spec.origin).parent, copy, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    modules: dict[str, list[str]] = {}
    for name in names:
        module, inside = _home(package, name)
        modules.setdefault(module, []).append(inside)
    for module, inside_module in modules.items():
        path = copy.joinpath(*module.split(".")[1:]).with_suffix(".py")
        text = path.read_text(encoding="utf-8")
        path.write_text(mask(text, inside_module, module), encoding="utf-8")
    return copy


def _home(package: str, name: str) -> tuple[str, str]:
    """The module that defines a name, and the name inside it."""
    module, first, *rest = [*name.split("."), ""]
    try:
        found = getattr(importlib.import_module(f"{package}.{module}"), first)
        home, inside = found.__module__, found.__qualname__
    except (ImportError, AttributeError):
        raise ValueError(f"MASKED names {name}, which {package} does not have") from None
    return home, ".".join([inside, *rest[:-1]])


def mask(source: str, names: Iterable[str], module: str) -> str:
    """Return the source with each named function, class or method replaced by one that raises."""
    tree = ast.parse(source)
    for name in names:
        body: list[ast.stmt] = tree.body
        found: ast.stmt | None = None
        for part in name.split("."):
            at = [i for i, node in enumerate(body) if getattr(node, "name", None) == part]
            if len(at) != 1:
                raise ValueError(f"MASKED names {name}, which {module} does not define once")
            found = body[at[0]]
            outer, index, body = body, at[0], getattr(found, "body", [])
        outer[index] = _stub(name.split(".")[-1], f"{module}.{name}")
    return ast.unparse(ast.fix_missing_locations(tree))


def _stub(name: str, full: str) -> ast.stmt:
    message = f"{full} is masked while this exercise is graded: the answer has to be your own"
    return ast.parse(f"def {name}(*args, **kwargs):\n    raise RuntimeError({message!r})").body[0]
