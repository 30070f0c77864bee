"""The page for instructors: every command on it is one that exists, and the first ones are run."""

import os
import re
import shlex
from datetime import datetime
from pathlib import Path

import pytest
from small_course import handed_in, zipped

from gradekit import course as command, grade
from gradekit.mutation import answers_of
from gradekit.tables import read_table, write_table

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "book/instructors.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE, flags=re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines()]
COURSE = [line for line in LINES if line.startswith("python -m gradekit.course ")]
GRADE = [line for line in LINES if line.startswith("python -m gradekit.grade ")]


def test_every_command_of_the_page_exists() -> None:
    assert len(COURSE) >= 12
    for line in COURSE:
        assert command._parser().parse_args(shlex.split(line)[3:]).course
    assert len(GRADE) == 2
    for line in GRADE:
        assert grade._options(shlex.split(line)[3:]).exercise == Path("exercises/01_landscape")
    others = [x for x in LINES if x not in COURSE and x not in GRADE]
    assert [x.split()[0] for x in others] == [
        "sudo", "python3", ".venv/bin/pip", "source", "pip"
    ]  # fmt: skip


def test_the_page_names_every_command_of_a_course() -> None:
    used = {shlex.split(line)[3] for line in COURSE}
    assert used == {
        "new", "release", "collect", "grade", "marks", "feedback", "export", "formgrader"
    }  # fmt: skip


def test_every_chapter_is_in_the_plan_once() -> None:
    plan = PAGE.partition("| week (of 15)")[2].partition("In **13 weeks**")[0]
    rows = re.findall(r"^\| (\d+) \| (\d+) ", plan, flags=re.MULTILINE)
    assert rows == [(str(n), str(n)) for n in range(1, 16)]


@pytest.mark.long
@pytest.mark.box
@pytest.mark.xdist_group("class")
def test_the_ten_minutes_do_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GRADEKIT_SECRET", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(ROOT)
    first = COURSE[: next(i for i, x in enumerate(COURSE) if " export " in x) + 1]
    assert len(first) == 8
    for line in first:
        arguments = [os.path.expanduser(word) for word in shlex.split(line)[3:]]
        if arguments[0] == "collect":  # what the teacher has downloaded
            (tmp_path / "Downloads").mkdir()
            answers = answers_of(ROOT / "exercises/01_landscape/master.ipynb")
            note = handed_in(tmp_path / "scores/release/01_landscape", {**answers, "q6": "So."})
            files = {"Ada Lovelace_1_assignsubmission_file_/x.ipynb": (note, datetime(2027, 3, 1))}
            zipped(tmp_path / "Downloads/submissions.zip", files)
        if "--from" in arguments:  # what the teacher writes into the table
            rows = read_table(tmp_path / "answers.csv")
            rows[0]["points"] = "1.5"
            write_table(tmp_path / "answers.csv", [list(rows[0]), list(rows[0].values())])
        assert command.main(arguments) == 0, line
        if arguments[0] == "new":  # the row in the page's table
            row = re.findall(r"^\| (ada \| .*?) \|$", PAGE, flags=re.MULTILINE)[0]
            with open(tmp_path / "scores/students.csv", "a", encoding="utf-8") as file:
                file.write(row.replace(" | ", ",") + "\n")
    assert "Look at this" not in capsys.readouterr().out
    assert read_table(tmp_path / "marks.csv")[0]["01_landscape"] == "19.5"
    assert (tmp_path / "scores/feedback/ada/01_landscape/exercise.html").is_file()
    assert (tmp_path / ".config/gradekit/secret").stat().st_mode & 0o77 == 0
