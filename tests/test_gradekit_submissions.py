"""What is taken from a submission, and from which files."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gradekit import secret, submissions
from gradekit.feedback import Result, page, table
from gradekit.submissions import Form, Unreadable

FORM = Form(("q1", "q2"), {"q3": 2.0})


def cell(name: str, source: Any, kind: str = "code") -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {"nbgrader": {"grade_id": name}}}


def notebook(path: Path, *cells: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return path


def test_only_answer_cells_are_taken(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "a.ipynb",
        cell("q2", ["x = 1\n", "y = 2"]),
        cell("q1", "first"),
        cell("q1", "second"),
        cell("q1_check", "check('q1')"),
        cell("q3", "words", "markdown"),
        cell("q2", "text in the wrong kind of cell", "markdown"),
        cell("q1", 7),
        {"cell_type": "code", "source": "evil()", "metadata": {}},
        {"cell_type": "code"},
        3,
    )
    answers = submissions.read(path, tmp_path, FORM)
    assert answers.code == {"q1": "first", "q2": "x = 1\ny = 2"}
    assert list(answers.code) == ["q1", "q2"]
    assert answers.text == {"q3": "words"}
    assert answers.missing == ()


def test_missing_cells_are_named(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", cell("q2", "x"), cell("q1", "x" * 200_000))
    assert submissions.read(path, tmp_path, FORM).missing == ("q1", "q3")


def test_links_pipes_and_folders_are_not_read(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    notebook(outside / "x.ipynb", cell("q1", "another student's"))
    folder.mkdir()
    (folder / "link.ipynb").symlink_to(outside / "x.ipynb")
    (folder / "linked").symlink_to(outside)
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "folder.ipynb").mkdir()
    (folder / "nowhere.ipynb").symlink_to("nothing")
    found = submissions.find(folder)
    names = {s.student for s in found}
    assert names == {"link", "linked", "pipe", "folder", "nowhere"}
    for one in found:
        with pytest.raises(Unreadable):
            submissions.read(one.path, folder, FORM)


def test_a_link_that_leads_to_itself_is_no_submission(tmp_path: Path) -> None:
    (tmp_path / "loop.ipynb").symlink_to("loop.ipynb")
    (tmp_path / "round").symlink_to("round")
    (one,) = submissions.find(tmp_path)
    with pytest.raises(Unreadable, match="a link"):
        submissions.read(one.path, tmp_path, FORM)
    assert submissions.left_out(tmp_path, [one]) == ["round"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"cells": ["José"]}'.encode("latin-1"), "not UTF-8"),
        (b'{"cells": [', "not valid JSON"),
        (b'{"cells": []}', "none of the answer cells"),
    ],
)
def test_why_a_file_is_not_graded(text: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(text)
    with pytest.raises(Unreadable, match=says):
        submissions.read(tmp_path / "a.ipynb", tmp_path, FORM)


def test_one_answer_cell_is_enough_to_be_graded(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", cell("q3", "words", "markdown"))
    assert submissions.read(path, tmp_path, FORM).missing == ("q1", "q2")


def test_students_are_files_or_folders(tmp_path: Path) -> None:
    for name in ("b.ipynb", "a/exercise.ipynb", ".hidden.ipynb", "b/.x/a.ipynb",
                 "b/exercise.ipynb", ".ipynb_checkpoints/x.ipynb", "deep/er/x.ipynb",
                 "c/X.IPYNB", "notes.txt", "__MACOSX/x.txt"):  # fmt: skip
        notebook(tmp_path / name)
    # The same student handed in twice: both are graded, and a person decides.
    found = submissions.find(tmp_path)
    assert [s.student for s in found] == ["a", "b", "b.ipynb", "c"]
    assert submissions.left_out(tmp_path, found) == ["deep", "notes.txt"]
    with pytest.raises(FileNotFoundError):
        submissions.find(tmp_path / "none")


def test_odd_file_names_are_printable(tmp_path: Path) -> None:
    for name in (b"\xff.ipynb", b"new\nline.ipynb", "é.ipynb".encode()):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_text("{}")
    assert [s.student for s in submissions.find(tmp_path)] == ["new\\x0aline", "é", "\\xff"]


def test_the_table_and_the_page_hold_no_formula_and_no_markup(tmp_path: Path) -> None:
    from gradekit.checks import Check, Exercise, Outcome

    exercise = Exercise("e", (Check("q1", 2, lambda S: None),))
    bad = Outcome("q1.x", "q1", "Title.", 2, "your f raised <b>")
    result = Result("=cmd|x", (bad,), ("A <i>remark",), (("q3", "</pre><script>"),))
    text = table(exercise, FORM, [result, Result("b", unreadable="@no")])
    assert text.splitlines() == [
        "student,score,max_score,q1,q3,reason",
        "'=cmd|x,0,2,0,,",
        "b,0,2,0,,'@no",
    ]
    shown = page(exercise, FORM, result)
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert "Your f raised &lt;b&gt;." in shown


def test_the_secret_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(secret.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    first = secret.read()
    assert secret.read() == first
    assert len(first) == 64
    assert (tmp_path / "gradekit/secret").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv(secret.VARIABLE, "from the environment")
    assert secret.read() == b"from the environment"
    assert secret.read(tmp_path / "other") not in (first, b"from the environment")
    monkeypatch.setenv(secret.VARIABLE, "short")
    with pytest.raises(ValueError, match="16 characters"):
        secret.read()
    (tmp_path / "empty").write_text("")
    with pytest.raises(ValueError, match="16 characters"):
        secret.read(tmp_path / "empty")
