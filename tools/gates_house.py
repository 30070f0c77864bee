"""Rules for the repository as a whole: pins, versions, commands, pages, traces of a machine.

Each takes the root of a tree and returns plain sentences, none when nothing is wrong.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from packaging.utils import canonicalize_name

from tools import environment

LONGEST_MODULE = 250  # lines
PACKAGES = ("scorekit", "gradekit", "tools", "book/_ext")
# Where somebody worked, and where a machine gets its packages from. In the page, the reader's
# files are under /home/reader; names under .example and the like are nobody's.
TRACES = re.compile(
    r"/(?:work|Users)/\w+"
    r"|/home/(?!reader\b)\w+"
    r"|https?://(?![^\s\"'/]*\.(?:example|invalid|test)\b)"
    r"[^\s\"'/]*(?:registry|mirror|proxy|artifact|nexus|pythonhosted)[^\s\"'/]*"
    r"|https?://(?!127\.0\.0\.1)\d+\.\d+\.\d+\.\d+"
)


def environment_file(root: Path) -> list[str]:
    """environment.yml says what the lock says."""
    if (root / "environment.yml").read_text("utf8") == environment.environment(root):
        return []
    return ["environment.yml differs from the lock: run `python -m tools.environment`."]


def lock_form(root: Path) -> list[str]:
    """The lock is a sorted list of exact versions, and names no place to get them from."""
    lines = (root / "requirements.lock").read_text("utf8").splitlines()
    form = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.!+]+")
    found = [f"requirements.lock: {x!r} is no pin." for x in lines if not form.fullmatch(x)]
    if lines != sorted(lines, key=str.upper):
        found.append("requirements.lock is not sorted.")
    if len(environment.pins(root)) != len(lines):
        found.append("requirements.lock names a distribution twice.")
    return found


def lock_covers(root: Path) -> list[str]:
    """Every dependency that pyproject.toml names is pinned, to a version that it allows."""
    locked, found = environment.pins(root), []
    for requirement in environment.named(root):
        version = locked.get(canonicalize_name(requirement.name))
        if version is None:
            found.append(f"requirements.lock does not pin {requirement.name}.")
        elif not requirement.specifier.contains(version):
            found.append(f"requirements.lock has {requirement.name} {version}, not {requirement}.")
    return found


def versions(root: Path) -> list[str]:
    """The four places that state the version agree, and the two that state its date."""
    citation = yaml.safe_load((root / "CITATION.cff").read_text("utf8"))
    package = (root / "scorekit" / "__init__.py").read_text("utf8")
    changes = (root / "CHANGELOG.md").read_text("utf8")
    newest = re.search(r"^## (\S+) \((\S+)\)$", changes, flags=re.M)
    stated = {
        "pyproject.toml": tomllib.loads((root / "pyproject.toml").read_text("utf8"))["project"][
            "version"
        ],
        "CITATION.cff": str(citation["version"]),
        "scorekit.__version__": _assigned(package, "__version__"),
        "CHANGELOG.md": newest[1] if newest else None,
    }
    found = [] if len(set(stated.values())) == 1 else [f"The versions differ: {stated}."]
    if newest and newest[2] != str(citation["date-released"]):
        found.append(
            f"CHANGELOG.md is of {newest[2]}, CITATION.cff of {citation['date-released']}."
        )
    return found


def _assigned(source: str, name: str) -> Any:
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    return None


def targets(root: Path) -> list[str]:
    """Every command of the Makefile stands in README, and every `make` of README is there."""
    made = (root / "Makefile").read_text("utf8")
    readme = (root / "README.md").read_text("utf8")
    phony = set(re.findall(r"^\.PHONY:(.*)$", made, flags=re.M)[0].split())
    rules = set(re.findall(r"^([a-z][\w-]*):(?!=)", made, flags=re.M))
    told = set(re.findall(r"(?:`|^)make ([a-z][\w-]*)", readme, flags=re.M))
    return (
        [f"Makefile: {name} is in .PHONY or has a rule, not both." for name in phony ^ rules]
        + [f"README.md does not mention `make {name}`." for name in sorted(rules - told)]
        + [f"README.md tells of `make {name}`, which is no target." for name in told - rules]
    )


def contents(root: Path) -> list[str]:
    """The table of contents lists every chapter and every exercise."""
    listed = (root / "_toc.yml").read_text("utf8")
    files = set(re.findall(r"file: (\S+)", listed))
    notebooks = [*root.glob("chapters/*.ipynb"), *root.glob("exercises/*/exercise.ipynb")]
    names = sorted(path.relative_to(root).with_suffix("").as_posix() for path in notebooks)
    return [f"_toc.yml does not list {name}." for name in names if name not in files]


def long_modules(root: Path) -> list[str]:
    """A module can be read at one sitting."""
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            length = len(path.read_text("utf8").splitlines())
            if length > LONGEST_MODULE and "node_modules" not in path.parts:
                found.append(f"{path.relative_to(root)}: {length} lines, over {LONGEST_MODULE}.")
    return found


def repository_files(root: Path) -> list[Path]:
    """The files under version control, and new ones that are not ignored."""
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        # An unpacked archive: all but environments and what was built.
        return [
            path
            for path in sorted(root.rglob("*"))
            if path.is_file()
            and not any(
                part == "_build" or part.startswith(".venv")
                for part in path.relative_to(root).parts
            )
        ]
    listed = subprocess.run(
        [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [root / name for name in listed.split("\0") if name and (root / name).is_file()]


def traces(root: Path) -> list[str]:
    """No file tells on which machine it was written, or through which registry."""
    found = []
    for path in repository_files(root):
        try:
            text = path.read_text("utf8")
        except UnicodeDecodeError:
            continue
        for hit in sorted({str(root), *TRACES.findall(text)}):
            if hit in text:
                found.append(f"{path.relative_to(root)}: names {hit}.")
    return found
