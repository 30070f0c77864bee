"""What a killed run leaves behind is read again, whole lines only."""

import json
from pathlib import Path

import pytest

from gradekit.checks import Outcome
from gradekit.feedback import Result
from gradekit.journal import NAME, InUse, Journal

RESULT = Result(
    "ann",
    (Outcome("q1.a", "q1", "Title.", 2.0), Outcome("q1.b", "q1", "Title.", 1.5, "no \ud800")),
    ("A remark",),
    (("q6", "words\nand 分数"),),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    with Journal(tmp_path / "new/folder") as journal:
        journal.add("k1", RESULT)
        journal.add("k2", Result("bob", unreadable="no notebook"))
    with Journal(tmp_path / "new/folder") as journal:
        assert journal.done == {"k1": RESULT, "k2": Result("bob", unreadable="no notebook")}


def test_a_torn_line_is_dropped_and_the_next_is_whole(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add("k1", RESULT)
        journal.add("k2", RESULT)
    whole = (tmp_path / NAME).read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole), 5):
        (tmp_path / NAME).write_bytes(whole[:cut])
        with Journal(tmp_path) as journal:
            assert journal.done == {"k1": RESULT}
            journal.add("k3", RESULT)
        assert (tmp_path / NAME).read_bytes()[:first] == whole[:first]
        with Journal(tmp_path) as journal:
            assert journal.done.keys() == {"k1", "k3"}


def test_a_damaged_line_counts_for_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add("k1", RESULT)
        journal.add("k2", RESULT)
    lines = (tmp_path / NAME).read_bytes().splitlines(keepends=True)
    for at in range(0, len(lines[0]) - 1, 7):
        spoilt = bytearray(lines[0])
        spoilt[at] = 0x37 if spoilt[at] != 0x37 else 0x38
        (tmp_path / NAME).write_bytes(bytes(spoilt) + lines[1])
        with Journal(tmp_path) as journal:
            assert journal.done == {"k2": RESULT}


def test_points_cannot_be_edited_by_hand_unnoticed(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add("k1", RESULT)
    entry = json.loads((tmp_path / NAME).read_text())
    entry["result"] = entry["result"].replace("1.5", "9.5")
    (tmp_path / NAME).write_text(json.dumps(entry) + "\n[]\n7\nnull\n{}\n")
    with Journal(tmp_path) as journal:
        assert journal.done == {}


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(InUse, match="another run is writing"):
        Journal(tmp_path)
    with Journal(tmp_path) as journal:
        journal.add("k1", RESULT)
        journal.forget()
        journal.add("k2", RESULT)
    with Journal(tmp_path) as journal:
        assert journal.done.keys() == {"k2"}


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(tmp_path) as journal:
        journal.add("k1", RESULT)
        real = journal._file

        class Full:
            def write(self, line: bytes) -> int:
                return real.write(line[: len(line) // 2]) or 0

            def __getattr__(self, name: str) -> object:
                return getattr(real, name)

        monkeypatch.setattr(journal, "_file", Full())
        with pytest.raises(OSError, match="disk full"):
            journal.add("k2", RESULT)
        monkeypatch.setattr(journal, "_file", real)
        journal.add("k3", RESULT)
    with Journal(tmp_path) as journal:
        assert journal.done.keys() == {"k1", "k3"}
