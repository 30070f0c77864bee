"""Every notebook keeps the rules, and each rule sees the defect it is there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import good_notebook
import nbformat.v4 as v4
import pytest
from conftest import ROOT, nothing_wrong

from tools import gates_anatomy, gates_code, gates_outputs, notebooks
from tools.notebooks import Notebook

Gate = Callable[[Notebook], list[str]]
# A master has no stored outputs to judge: it is run below, and its student notebook made from it.
MASTER_GATES: list[Gate] = [
    gates_outputs.errors,
    gates_outputs.stderr,
    gates_outputs.addresses,
    gates_outputs.size,
    gates_outputs.alt_text,
]
CHAPTER_GATES: list[Gate] = [
    *MASTER_GATES,
    gates_outputs.never_executed,
    gates_outputs.out_of_order,
    gates_code.long_cells,
    gates_code.imports,
    gates_code.seeds,
    gates_anatomy.anatomy,
    notebooks.stale,
]
CHAPTERS, MASTERS = notebooks.chapters(), notebooks.masters()


def label(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


# ------------------------------------------------------------------------------ the real ones


def test_there_are_notebooks() -> None:
    assert CHAPTERS
    assert MASTERS


@pytest.mark.parametrize("gate", CHAPTER_GATES, ids=lambda gate: gate.__name__)
@pytest.mark.parametrize("path", CHAPTERS, ids=label)
def test_chapter(path: Path, gate: Gate) -> None:
    nothing_wrong(gate(notebooks.read(path)))


@pytest.mark.parametrize("gate", MASTER_GATES, ids=lambda gate: gate.__name__)
@pytest.mark.parametrize("path", MASTERS, ids=label)
def test_master(path: Path, gate: Gate) -> None:
    nothing_wrong(gate(notebooks.read(path)))


def test_nothing_is_pasted() -> None:
    nothing_wrong(gates_code.pasted([notebooks.read(path) for path in CHAPTERS + MASTERS]))


def nbval(path: Path) -> subprocess.CompletedProcess[str]:
    """Run every cell of a notebook afresh; its assertions are the test."""
    options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300"]
    # The kernel's warnings are not ours to raise; the notebook's own go to stderr, a gate above.
    plain = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", "-o", "filterwarnings="]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *plain, str(path)],
        env={**env, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("path", CHAPTERS + MASTERS, ids=label)
def test_notebook_runs(path: Path) -> None:
    result = nbval(path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_failing_assertion_is_caught(tmp_path: Path) -> None:
    node = v4.new_notebook(cells=[v4.new_code_cell("assert 1 + 1 == 2")])
    good = good_notebook.write(node, tmp_path / "good.ipynb")
    assert nbval(good.path).returncode == 0
    node.cells.append(v4.new_code_cell("assert 1 + 1 == 3"))
    bad = good_notebook.write(node, tmp_path / "bad.ipynb")
    result = nbval(bad.path)
    assert result.returncode == 1
    assert "assert 1 + 1 == 3" in result.stdout


# ------------------------------------------------------------- planted defects, one at a time


def code(node: Any, count: int) -> Any:
    return next(cell for cell in node.cells if cell.get("execution_count") == count)


def replace(node: Any, count: int, old: str, new: str) -> None:
    cell = code(node, count)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)


def retitle(node: Any, old: str, new: str) -> None:
    for cell in node.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace(old, new)


def forget_count(node: Any) -> None:
    code(node, 2).execution_count = None


def run_twice(node: Any) -> None:
    code(node, 4).execution_count = 9


def add_output(node: Any, output: Any) -> None:
    code(node, 3).outputs.append(output)


def set_alt(node: Any, alt: str) -> None:
    code(node, 2).metadata["mystnb"] = {"image": {"alt": alt}}


def same_alt_twice(node: Any) -> None:
    code(node, 3).outputs.append(good_notebook.figure("red"))
    code(node, 3).metadata["mystnb"] = code(node, 2).metadata["mystnb"]


def tag(node: Any, count: int, *names: str) -> None:
    code(node, count).metadata["tags"] = list(names)


ERROR = v4.new_output("error", ename="ValueError", evalue="no such step", traceback=[])
WARNING = v4.new_output("stream", name="stderr", text="RuntimeWarning: overflow")
ADDRESS = v4.new_output("execute_result", {"text/plain": "<function f at 0x7f00deadbeef>"})
BIG = v4.new_output("stream", name="stdout", text="x" * 800_000)
ANIMATION = v4.new_output("display_data", {"image/gif": "R0lGODlhAQABAAAAACw="})

# The gate that must speak, the defect, and words of the sentence it must say.
DEFECTS: list[tuple[Gate, Callable[[Any], None], str]] = [
    (gates_outputs.never_executed, forget_count, "cell 4: was never executed"),
    (gates_outputs.out_of_order, run_twice, "ran in the order [1, 2, 3, 9]"),
    (gates_outputs.errors, lambda nb: add_output(nb, ERROR), "ValueError: no such step"),
    (gates_outputs.stderr, lambda nb: add_output(nb, WARNING), "RuntimeWarning: overflow"),
    (gates_outputs.addresses, lambda nb: add_output(nb, ADDRESS), "memory address"),
    (gates_outputs.size, lambda nb: add_output(nb, BIG), "more than 800 kB"),
    (gates_outputs.alt_text, lambda nb: code(nb, 2).metadata.pop("mystnb"), "no alt text"),
    (gates_outputs.alt_text, lambda nb: set_alt(nb, "A walk."), "no alt text of 20 characters"),
    (gates_outputs.alt_text, lambda nb: set_alt(nb, "_images/the_landscape_2.png"), "of a file"),
    (gates_outputs.alt_text, same_alt_twice, "same alt text as cell 4"),
    (gates_outputs.alt_text, lambda nb: add_output(nb, ANIMATION), "cell 6: its figure has no alt"),
    (
        gates_outputs.alt_text,
        lambda nb: code(nb, 2).outputs.append(good_notebook.figure("red")),
        "2 figures under one alt text",
    ),
    (
        gates_code.long_cells,
        lambda nb: replace(nb, 3, "print", "a = 0\n" * 17 + "print"),
        "21 lines",
    ),
    (gates_code.imports, lambda nb: replace(nb, 3, "print", "import torch\nprint"), "torch"),
    (gates_code.imports, lambda nb: replace(nb, 3, "print", "from skimage.io import x\n"), "skima"),
    (gates_code.imports, lambda nb: replace(nb, 3, "print", "%time print"), "not plain Python"),
    (
        gates_code.seeds,
        lambda nb: replace(nb, 3, "print", "r = np.random.default_rng(2)\nprint"),
        "cell 6: calls default_rng outside the parameters",
    ),
    (gates_code.seeds, lambda nb: replace(nb, 1, "default_rng(1)", "default_rng()"), "a seed"),
    (gates_code.seeds, lambda nb: replace(nb, 1, "default_rng(1)", "Generator(None)"), "0 times"),
    (
        gates_code.seeds,
        lambda nb: replace(nb, 1, "n = ", "other = np.random.default_rng(2)\nn = "),
        "2 times",
    ),
    (gates_anatomy.anatomy, lambda nb: retitle(nb, "# A walk", "A walk"), "begin with its title"),
    (gates_anatomy.anatomy, lambda nb: retitle(nb, "## Summary", "# So\n\n## Summary"), "only"),
    (gates_anatomy.anatomy, lambda nb: tag(nb, 1), "0 cells tagged parameters"),
    (gates_anatomy.anatomy, lambda nb: tag(nb, 3, "parameters"), "2 cells tagged parameters"),
    (gates_anatomy.anatomy, lambda nb: tag(nb, 2), "0 cells tagged from-scratch"),
    (gates_anatomy.anatomy, lambda nb: tag(nb, 4), "0 cells tagged check"),
    (gates_anatomy.anatomy, lambda nb: code(nb, 4).outputs.clear(), "no table of checks"),
    (gates_anatomy.anatomy, lambda nb: retitle(nb, "{solution} first", "{note}"), "1 solutions"),
    (gates_anatomy.anatomy, lambda nb: retitle(nb, "{exercise}", "{note}"), "0 exercises"),
    *(
        (
            gates_anatomy.anatomy,
            lambda nb, name=name: retitle(nb, f"## {name}", "## Other"),
            f"0 sections {name!r}",
        )
        for name in gates_anatomy.HEADINGS
    ),
]


@pytest.mark.parametrize("gate", CHAPTER_GATES, ids=lambda gate: gate.__name__)
def test_good_notebook_passes(gate: Gate, tmp_path: Path) -> None:
    assert gate(good_notebook.write(good_notebook.make(), tmp_path / "good.ipynb")) == []


@pytest.mark.parametrize(
    ("gate", "spoil", "words"),
    DEFECTS,
    ids=[f"{gate.__name__}-{number}" for number, (gate, _, _) in enumerate(DEFECTS)],
)
def test_defect_is_seen(
    gate: Gate, spoil: Callable[[Any], None], words: str, tmp_path: Path
) -> None:
    node = good_notebook.make()
    spoil(node)
    found = gate(good_notebook.write(node, tmp_path / "bad.ipynb"))
    assert len(found) == 1
    assert words in found[0]


def test_every_gate_has_a_planted_defect() -> None:
    assert {gate for gate, _, _ in DEFECTS} | {notebooks.stale} == set(CHAPTER_GATES)


def test_long_cell_may_be_hidden_and_seeds_may_be_compared(tmp_path: Path) -> None:
    node = good_notebook.make()
    replace(node, 3, "print", "other = np.random.default_rng(1)\n" + "a = 0\n" * 17 + "print")
    tag(node, 3, "hide-input", "reseed")
    book = good_notebook.write(node, tmp_path / "good.ipynb")
    assert gates_code.long_cells(book) + gates_code.seeds(book) == []


# -------------------------------------------------------------------------- pasted code


def two_notebooks(folder: Path, first: str, second: str, *names: str) -> list[Notebook]:
    books = []
    for name, source in (("one", first), ("two", second)):
        cell = v4.new_code_cell(source, metadata={"tags": list(names)})
        node = v4.new_notebook(cells=[cell])
        books.append(good_notebook.write(node, folder / f"{name}.ipynb"))
    return books


RESPACED = good_notebook.BREAKS.replace(", ", ",  ").replace("\n", "  # so\n\n")


def test_pasted_code_is_seen_through_spacing_and_comments(tmp_path: Path) -> None:
    books = two_notebooks(tmp_path, good_notebook.BREAKS, "z = 1\n" + RESPACED)
    found = gates_code.pasted(books)
    assert len(found) == 1
    assert "two.ipynb, cell 1" in found[0]
    assert "one.ipynb, cell 1" in found[0]


def test_three_lines_imports_and_brackets_are_no_paste(tmp_path: Path) -> None:
    shared = "import sys\nfrom math import (\n    cos,\n    sin,\n)\na = [\n]\nb = 22\nc = 33\n"
    assert (
        gates_code.pasted(two_notebooks(tmp_path, shared + "first = 1", shared + "two = 2")) == []
    )


def test_an_algorithm_written_out_is_no_paste(tmp_path: Path) -> None:
    books = two_notebooks(tmp_path, good_notebook.WALK, good_notebook.WALK, "from-scratch")
    assert gates_code.pasted(books) == []
    # The same text without the tag is.
    assert gates_code.pasted(two_notebooks(tmp_path, good_notebook.BREAKS, good_notebook.BREAKS))


# ---------------------------------------------------------------------------- freshness


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A chapter beside a package: the chapter imports one, which imports two, which reads data."""
    package = tmp_path / "scorekit"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text('"""Package."""\n\n__version__ = "1"\n')
    (package / "one.py").write_text("from . import two\n\n\ndef f():\n    return two.g()\n")
    (package / "two.py").write_text('def g():\n    """Say one."""\n    # why\n    return 1\n')
    (package / "apart.py").write_text("A = 1\n")
    (package / "data" / "__init__.py").write_text("")
    (package / "data" / "digits.npz").write_bytes(b"0")
    return tmp_path


def chapter(tree: Path, source: str = "from scorekit.one import f\n\nf()") -> Notebook:
    node = v4.new_notebook(cells=[v4.new_markdown_cell("# T"), v4.new_code_cell(source)])
    return good_notebook.write(node, tree / "chapters" / "00.ipynb", tree)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_fresh(tree: Path) -> None:
    assert notebooks.stale(chapter(tree), tree) == []


def test_never_hashed_is_stale(tree: Path) -> None:
    book = chapter(tree)
    del book.node.metadata[notebooks.KEY]
    assert "never executed by `make execute`" in notebooks.stale(book, tree)[0]


def test_edited_cell_is_stale(tree: Path) -> None:
    book = chapter(tree)
    book.node.cells[1].source += " + 1"
    assert "changed since it was executed" in notebooks.stale(book, tree)[0]


def test_edited_prose_is_fresh(tree: Path) -> None:
    book = chapter(tree)
    book.node.cells[0].source = "# Another title"
    assert notebooks.stale(book, tree) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("one.py", "two.g()", "two.g() + 0"),
        ("two.py", "return 1", "return 2"),  # through one
        ("__init__.py", '"1"', '"1"\nimport os'),
    ],
)
def test_edited_function_is_stale(tree: Path, file: str, old: str, new: str) -> None:
    book = chapter(tree)
    edit(tree / "scorekit" / file, old, new)
    assert "changed since it was executed" in notebooks.stale(book, tree)[0]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("two.py", "Say one.", "Return the number one."),
        ("two.py", "# why", "# because"),
        ("two.py", "return 1", "return (1)\n\n"),
        ("__init__.py", '"1"', '"2"'),  # a release
        ("apart.py", "A = 1", "A = 2"),  # not imported
        ("data/digits.npz", "0", "1"),  # not read
    ],
)
def test_other_edits_leave_it_fresh(tree: Path, file: str, old: str, new: str) -> None:
    book = chapter(tree)
    edit(tree / "scorekit" / file, old, new)
    assert notebooks.stale(book, tree) == []


@pytest.mark.parametrize(
    "source",
    [
        "from scorekit import data",
        "import scorekit.data",
        "import scorekit",  # any module may be used through it
        "from scorekit import *",
        "def later():\n    from scorekit.data import load",
    ],
)
def test_edited_data_is_stale(tree: Path, source: str) -> None:
    book = chapter(tree, source)
    assert notebooks.stale(book, tree) == []
    edit(tree / "scorekit" / "data" / "digits.npz", "0", "1")
    assert "changed since it was executed" in notebooks.stale(book, tree)[0]


def test_relative_imports_are_followed(tree: Path) -> None:
    package = tree / "scorekit"
    (package / "sub").mkdir()
    (package / "sub" / "__init__.py").write_text("from .deep import D\nfrom ..apart import A\n")
    (package / "sub" / "deep.py").write_text("D = 1\n")
    source = notebooks.parse("from scorekit.sub import D")
    assert source is not None
    assert notebooks.dependencies([source], tree) == {
        "scorekit", "scorekit.sub", "scorekit.sub.deep", "scorekit.apart",
    }  # fmt: skip


def test_the_real_package_is_followed(tmp_path: Path) -> None:
    """The chapter goes stale when a module is edited that it only uses through another."""
    shutil.copytree(ROOT / "scorekit", tmp_path / "scorekit")
    book = chapter(tmp_path, "from scorekit.checks import Checks")
    with (tmp_path / "scorekit" / "diagnostics.py").open("a") as module:
        module.write("\nX = 1\n")
    assert notebooks.stale(book, tmp_path)
