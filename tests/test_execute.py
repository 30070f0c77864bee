"""Executing twice stores the same bytes, and only a notebook that ran is stored."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import good_notebook
import nbformat.v4 as v4
import pytest
from PIL import Image

from tools import execute, notebooks

# A figure, text in two flushes, a hash that changes from run to run unless it is fixed.
SOURCES = [
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nimport os",
    'print("one", flush=True)\nprint("two")',
    'print({"a", "b", "c", "d"}, os.environ["OMP_NUM_THREADS"])',
    "fig, ax = plt.subplots(figsize=(2, 1))\nax.plot([0, 1]);",
]


def write(path: Path, sources: list[str]) -> Path:
    node = v4.new_notebook(cells=[v4.new_code_cell(s, id=f"c{i}") for i, s in enumerate(sources)])
    node.cells[0].metadata.update({"execution": {"iopub.execute_input": "2020"}, "tags": ["keep"]})
    node.metadata["language_info"] = {"name": "python", "version": "3.0.0"}
    path.parent.mkdir(exist_ok=True)
    path.write_text(v4.writes(node))
    return path


def test_twice_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "chapters" / "00_trial.ipynb", SOURCES)
    assert execute.main(["--check"], tmp_path) == 1
    assert "00_trial.ipynb: was never executed" in capsys.readouterr().out
    assert execute.main([], tmp_path) == 0
    first = path.read_bytes()
    assert " s, " in capsys.readouterr().out
    assert execute.main(["--check"], tmp_path) == 0
    assert execute.main(["00_trial"], tmp_path) == 0
    assert "up to date" in capsys.readouterr().out
    assert execute.main(["--force"], tmp_path) == 0
    assert "unchanged" in capsys.readouterr().out
    assert path.read_bytes() == first

    node = json.loads(first)
    assert node["metadata"]["language_info"] == {"name": "python"}
    assert node["metadata"]["kernelspec"]["name"] == "python3"
    assert [cell["id"] for cell in node["cells"]] == ["c0", "c1", "c2", "c3"]
    assert [cell["metadata"] for cell in node["cells"]] == [{"tags": ["keep"]}, {}, {}, {}]
    assert [cell["execution_count"] for cell in node["cells"]] == [1, 2, 3, 4]
    assert len(node["cells"][1]["outputs"]) == 1
    assert node["cells"][2]["outputs"][0]["text"][0].endswith("} 1\n")
    assert "image/png" in node["cells"][3]["outputs"][0]["data"]


def test_a_failing_cell_stores_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "chapters" / "00_trial.ipynb", ["x = 1", "assert x == 2, 'not two'"])
    before = path.read_bytes()
    assert execute.main([], tmp_path) == 1
    assert path.read_bytes() == before
    said = capsys.readouterr().err
    assert "nothing is stored" in said
    assert "AssertionError" in said
    assert "not two" in said


def test_unknown_name(tmp_path: Path) -> None:
    write(tmp_path / "chapters" / "00_trial.ipynb", ["x = 1"])
    with pytest.raises(SystemExit, match=r"no notebook 09_none\. Chapters: 00_trial"):
        execute.main(["09_none"], tmp_path)


def test_only_stale_ones_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = good_notebook.make()
    good_notebook.write(good, tmp_path / "chapters" / "01_fresh.ipynb", tmp_path)
    path = tmp_path / "chapters" / "02_edited.ipynb"
    good_notebook.write(good, path, tmp_path)
    path.write_text(path.read_text().replace("range(10)", "range(11)"))
    assert execute.main(["--check"], tmp_path) == 1
    said = capsys.readouterr().out
    assert "02_edited.ipynb" in said
    assert "01_fresh" not in said


# ---------------------------------------------------------------------------- figures


def animation(colours: list[str], duration: int = 100, kind: str = "GIF", **options: Any) -> str:
    frames = [Image.new("RGB", (8, 8), colour) for colour in colours]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, kind, save_all=True, append_images=frames[1:], duration=duration, **options
    )
    return base64.b64encode(buffer.getvalue()).decode()


def with_image(kind: str, encoded: str) -> Any:
    output = v4.new_output("display_data", {kind: encoded})
    return v4.new_notebook(cells=[v4.new_code_cell("show()", id="a", outputs=[output])])


PNG = good_notebook.png
EXACT = {"kind": "WEBP", "lossless": True}
SAME = [
    ("image/png", PNG(compress_level=9), PNG(compress_level=0)),
    ("image/gif", animation(["red", "blue"]), animation(["red", "blue"], comment=b"another")),
    (
        "image/webp",
        animation(["red", "blue"], **EXACT),
        animation(["red", "blue"], **EXACT, xmp=b"another"),
    ),
]
DIFFERENT = [
    ("image/png", PNG("teal"), PNG("red")),
    ("image/gif", animation(["red", "blue"]), animation(["red", "green"])),
    ("image/gif", animation(["red", "blue"]), animation(["red", "blue"], duration=200)),
    ("image/gif", animation(["red", "blue"]), animation(["red", "blue", "red"])),
]


@pytest.mark.parametrize(("kind", "old", "new"), SAME, ids=["png", "gif", "webp"])
def test_same_pixels_keep_their_bytes(kind: str, old: str, new: str) -> None:
    assert old != new
    after = with_image(kind, new)
    assert execute.keep_same_images(with_image(kind, old), after) == 1
    assert after.cells[0].outputs[0].data[kind] == old


@pytest.mark.parametrize(("kind", "old", "new"), DIFFERENT)
def test_other_pixels_are_stored(kind: str, old: str, new: str) -> None:
    after = with_image(kind, new)
    assert execute.keep_same_images(with_image(kind, old), after) == 0
    assert after.cells[0].outputs[0].data[kind] == new


def test_a_figure_of_another_cell_is_not_taken() -> None:
    before, after = with_image("image/png", PNG()), with_image("image/png", PNG())
    before.cells[0].id = "b"
    assert execute.keep_same_images(before, after) == 0


def test_hash_is_of_what_was_run(tmp_path: Path) -> None:
    path = write(tmp_path / "chapters" / "00.ipynb", ["x = 1"])
    book = notebooks.read(path)
    node = execute.run(book, tmp_path)
    stored = notebooks.Notebook(path, node)
    assert node.metadata[notebooks.KEY]["inputs"] == notebooks.fingerprint(book, tmp_path)
    assert notebooks.stale(stored, tmp_path) == []
