"""The oldest versions that pyproject.toml allows, for `make test-versions`.

    python -m tools.versions            pip constraints: lower bounds, else the lock
    python -m tools.versions installed  the versions in this environment, on one line

A lower bound counts where it is a promise: on what the package needs, and on what the chapters
need beside it (the extra lab). So `numpy>=2.0` becomes `numpy==2.0.*`, of which pip takes the last.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import environment

# Pinned by the lock to a version that refuses the oldest ones: pip finds an older one.
LOOSE = {"powerbox": "1.0.0 needs NumPy 2.2"}


def lowest(requirement: Requirement) -> str | None:
    """The release series of the lower bound, `name==2.0.*`; None if there is no such bound."""
    bounds = [s.version for s in requirement.specifier if s.operator == ">="]
    return f"{canonicalize_name(requirement.name)}=={bounds[0]}.*" if bounds else None


def oldest(root: Path = environment.ROOT) -> dict[str, str]:
    """The constraint of each distribution whose lower bound is tested, by its name.

    Raises ValueError when the package needs something without saying since which version.
    """
    found: dict[str, str] = {}
    package = environment.named(root, ())
    for requirement in environment.named(root, ("lab",)):
        line = lowest(requirement)
        if line is not None:
            found[canonicalize_name(requirement.name)] = line
        elif requirement in package:
            raise ValueError(f"pyproject.toml gives no lower bound for {requirement.name}.")
    return found


def constraints(root: Path = environment.ROOT) -> str:
    """The text of a pip constraints file: the oldest versions, and the lock for the rest."""
    old = oldest(root)
    rest = [
        f"{name}=={version}"
        for name, version in environment.pins(root).items()
        if name not in old and name not in LOOSE
    ]
    return "\n".join([*old.values(), *rest, ""])


def installed(root: Path = environment.ROOT) -> str:
    """What this environment has of the distributions whose lower bound is tested."""
    found = [f"{name} {importlib.metadata.version(name)}" for name in oldest(root)]
    return ", ".join([f"Python {platform.python_version()}", *found])


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="tools.versions", description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="?", choices=["oldest", "installed"], default="oldest")
    chosen = parser.parse_args(arguments).what
    sys.stdout.write(constraints() if chosen == "oldest" else installed() + "\n")


if __name__ == "__main__":
    main()
