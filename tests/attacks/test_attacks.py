"""Every hostile submission gets its honest mark, and nothing happens outside its box."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attack_corpus import ATTACKS as FIRST, EVERY_FD, EXERCISE, FULL, Attack
from more_attacks import MORE

from gradekit.feedback import file_name
from gradekit.local import checker
from gradekit.mutation import answers_of

ATTACKS = (*FIRST, *MORE)
ROOT = Path(__file__).resolve().parents[2]
# Shorter limits, and a text by which a worker can be told from any other.
SHORT = """
from gradekit import Limits
LIMITS = Limits(3, 3, 60)
PREAMBLE = "import numpy as np  # {}"
"""
CANARY = "canary-in-the-environment-4711"

pytestmark = [pytest.mark.box, pytest.mark.long, pytest.mark.xdist_group("attacks")]


@dataclass(frozen=True)
class Graded:
    folder: Path
    marks: dict[str, dict[str, str]]
    token: str
    before: dict[str, str]
    listener: socket.socket

    def page(self, name: str) -> str:
        return (self.folder / "out/feedback" / f"{file_name(name)}.html").read_text(
            encoding="utf-8"
        )


def hashes(folder: Path) -> dict[str, str]:
    found = (p for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink())
    files = (p for p in found if "__pycache__" not in p.parts)
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    folder = tmp_path_factory.mktemp("attacks")
    exercise, handed_in, out = folder / "01_landscape", folder / "in", folder / "out"
    token = f"token{os.getpid()}"
    exercise.mkdir()
    handed_in.mkdir()
    shutil.copy(EXERCISE / "exercise.ipynb", exercise)
    checks = (EXERCISE / "checks.py").read_text(encoding="utf-8")
    (exercise / "checks.py").write_text(checks + SHORT.format(token), encoding="utf-8")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    form = json.loads((EXERCISE / "exercise.ipynb").read_text(encoding="utf-8"))
    reference = answers_of(EXERCISE / "master.ipynb")
    names = {
        "MARKER": f"/tmp/{token}-marker",
        "MARKED": f"{token}-marked",
        "ROOT": str(ROOT),
        "SUBMISSIONS": str(handed_in),
        "SECRET": str(folder / "secret"),
        "CANARY": CANARY,
        "PORT": str(listener.getsockname()[1]),
    }
    for attack in ATTACKS:
        path = handed_in / f"{attack.name}.ipynb"
        if attack.link:
            target = attack.link
            for name, value in names.items():
                target = target.replace(name, value)
            path.symlink_to(target)
            continue
        data = attack.file(form, reference)
        for name, value in names.items():
            data = data.replace(name.encode(), value.encode()) if attack.raw is None else data
        path.write_bytes(data)
    before = hashes(folder) | hashes(EXERCISE)
    environment = {**os.environ, "SOME_SECRET": CANARY}
    command = [sys.executable, "-m", "gradekit.grade", "--exercise", str(exercise)]
    command += ["--secret", str(folder / "secret"), "--out", str(out), "--workers", "2"]
    subprocess.run([*command, str(handed_in)], check=True, env=environment, capture_output=True)
    with open(out / "grades.csv", encoding="utf-8") as file:
        marks = {row["student"]: row for row in csv.DictReader(file)}
    yield Graded(folder, marks, token, before, listener)
    listener.close()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: ascii(a.name)[1:40])
def test_the_honest_mark(graded: Graded, attack: Attack) -> None:
    # A spreadsheet would take some names for formulas: they are quoted.
    formula = attack.student.startswith(("=", "@"))
    row = graded.marks[f"'{attack.student}" if formula else attack.student]
    assert {q: float(row[q]) for q in FULL} == dict(attack.marks)
    assert float(row["score"]) == sum(attack.marks.values())
    assert row["q6"] == ""  # a person marks it
    page = graded.page(attack.student)
    assert attack.says in page
    assert "<script" not in page


def test_nothing_was_written_outside(graded: Graded) -> None:
    after = hashes(graded.folder) | hashes(EXERCISE)
    assert {p: after.get(p) for p in graded.before} == graded.before
    new = {Path(p).relative_to(graded.folder).parts[0] for p in after.keys() - graded.before.keys()}
    assert new <= {"out", "secret"}
    marked = f"{graded.token}-marked"
    for place in (ROOT, ROOT / "gradekit", graded.folder, "/", "/usr", "/etc", "/root", "/var/tmp"):
        assert not (Path(place) / marked).exists()
    assert not Path(f"/tmp/{graded.token}-marker").exists()


def test_the_same_writing_succeeds_without_a_box(tmp_path: Path) -> None:
    """Otherwise the test above would pass with an attack that does not work."""
    source = next(a for a in ATTACKS if a.name == "write-outside").cells["q1"]
    source = source.replace("MARKER", str(tmp_path / "marker")).replace("ROOT", str(tmp_path))
    source = source.replace("SUBMISSIONS", str(tmp_path)).replace("MARKED", "marked")
    source = source.replace('"/', '"/nowhere/').replace(f'"/nowhere{tmp_path}', f'"{tmp_path}')
    work = tmp_path / "work"
    work.mkdir()
    subprocess.run([sys.executable, "-c", source], check=True, cwd=work, env={"HOME": str(work)})
    assert (tmp_path / "marker").exists()
    assert (tmp_path / "marked").exists()


def test_the_same_forgery_reaches_a_reader_without_numbers() -> None:
    """The forger does find the reply channel; it is the judging outside that makes it useless."""
    reader, writer = os.pipe()
    code = EVERY_FD + "shout({'ok': True})"
    subprocess.run([sys.executable, "-c", code], check=True, pass_fds=[writer])
    os.close(writer)
    with os.fdopen(reader) as file:
        assert json.loads(file.readline()) == {"ok": True}


def test_hard_coded_answers_pass_in_practice(capsys: pytest.CaptureFixture[str]) -> None:
    """The table of answers is right, for the inputs that anyone can compute; it earns nothing."""
    names: dict[str, Any] = {"np": np}
    exec(next(a for a in ATTACKS if a.name == "hard-coded").cells["q1"], names)
    checker(EXERCISE / "checks.py", names)("q1")
    assert capsys.readouterr().out == "q1: all 3 checks pass.\n"


def test_no_worker_is_left_and_nobody_called(graded: Graded) -> None:
    with pytest.raises(BlockingIOError):
        graded.listener.accept()
    for _ in range(100):  # the kernel may need a moment to take a namespace down
        left = []
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                text = process.read_bytes()
            except OSError:
                continue
            if graded.token.encode() in text and b"/box/worker.py" in text:
                left.append(process)
        if not left:
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {left}")


def test_the_secret_is_private_and_never_shown(graded: Graded) -> None:
    path = graded.folder / "secret"
    assert path.stat().st_mode & 0o077 == 0
    secret = path.read_bytes().strip()
    assert len(secret) == 64
    for file in (graded.folder / "out").rglob("*.*"):
        assert secret not in file.read_bytes()


def test_the_corpus_is_large_and_every_name_is_used_once() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names) >= 40
