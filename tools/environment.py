"""Write environment.yml, which is requirements.lock in conda's words.

    python -m tools.environment

It names the direct dependencies of the package and of the extras that a reader needs (book, lab),
with the versions of the lock; the lock itself decides everything below them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "3.12"
EXTRAS = ("book", "lab")
HEAD = f"""\
# Written by `python -m tools.environment` from pyproject.toml and requirements.lock.
#   conda env create -f environment.yml && conda activate scorekit
name: scorekit
channels:
  - conda-forge
dependencies:
  - python={PYTHON}
  - pip
  - pip:
      - --constraint requirements.lock
      - --editable .
"""


def pins(root: Path = ROOT) -> dict[str, str]:
    """The lock: the version of each distribution by its normalised name."""
    lines = (root / "requirements.lock").read_text("utf8").split()
    pairs = [line.partition("==") for line in lines]
    return {canonicalize_name(name): version for name, _, version in pairs}


def named(root: Path = ROOT, extras: tuple[str, ...] | None = None) -> list[Requirement]:
    """What pyproject.toml asks for by name: the package's needs and those of its extras."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf8"))["project"]
    optional = project["optional-dependencies"]
    texts = list(project["dependencies"])
    for extra in optional if extras is None else extras:
        texts += optional[extra]
    found = {str(r): r for r in map(Requirement, texts) if r.name != project["name"]}
    return list(found.values())


def environment(root: Path = ROOT) -> str:
    """The text of environment.yml."""
    locked = pins(root)
    names = sorted({canonicalize_name(r.name) for r in named(root, EXTRAS)})
    return HEAD + "".join(f"      - {name}=={locked[name]}\n" for name in names)


if __name__ == "__main__":
    (ROOT / "environment.yml").write_text(environment(), "utf8")
