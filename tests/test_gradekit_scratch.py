"""Temporary folders of the grader: a killed process's is removed by the next, and no other."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from gradekit import scratch as tool
from gradekit.scratch import PREFIX, clear, scratch

HOLDER = """
from gradekit.scratch import scratch
with scratch() as folder:
    (folder / "masked").mkdir()
    (folder / "masked/module.py").write_text("x = 1")
    print(folder, flush=True)
    input()
"""


@pytest.fixture
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@contextmanager
def holder() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process that has such a folder in use."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


def test_a_folder_is_private_and_goes_with_its_block(tmp: Path) -> None:
    with scratch() as folder:
        assert folder.parent == tmp
        assert folder.name.startswith(PREFIX)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "file").write_text("x")
    assert list(tmp.iterdir()) == []
    with pytest.raises(RuntimeError), scratch():
        raise RuntimeError
    assert list(tmp.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_lives_is_not(tmp: Path) -> None:
    with holder() as (first, lost), holder() as (_, kept), scratch() as own:
        clear()
        assert sorted(tmp.iterdir()) == sorted([lost, kept, own])
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert (lost / "masked/module.py").exists()
        with scratch() as other:
            assert sorted(tmp.iterdir()) == sorted([kept, own, other])
        assert (kept / "masked/module.py").read_text() == "x = 1"


def test_links_files_and_others_names_are_left_alone(tmp: Path) -> None:
    precious = tmp / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    (tmp / f"{PREFIX}link").symlink_to(precious)
    (tmp / f"{PREFIX}file").write_text("kept")
    (tmp / "gradekit-of-old").mkdir()
    forgotten = tmp / f"{PREFIX}forgotten"
    forgotten.mkdir()
    (forgotten / "link").symlink_to(precious)
    before = sorted(p for p in tmp.rglob("*") if forgotten not in (p, p.parent))
    clear()
    assert sorted(tmp.rglob("*")) == before
    assert (precious / "file").read_text() == "kept"


def test_another_users_folder_is_left_alone(tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp / f"{PREFIX}theirs"
    folder.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    clear()
    assert folder.exists()
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp))
    clear()
    assert not folder.exists()


def test_a_folder_that_is_removed_before_it_is_locked_is_made_again(
    tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def mkdtemp(prefix: str) -> str:
        made.append(tempfile.mkdtemp(prefix=prefix))
        if len(made) == 1:
            os.rmdir(made[0])  # by another process, just now
        return made[-1]

    monkeypatch.setattr(
        tool, "tempfile", SimpleNamespace(mkdtemp=mkdtemp, gettempdir=tempfile.gettempdir)
    )
    with scratch() as folder:
        assert folder.exists()
        assert [str(folder)] == made[1:]
    assert list(tmp.iterdir()) == []
