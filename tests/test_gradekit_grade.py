"""The grader from end to end, and the box it needs."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradekit import grade, jobs, submissions
from gradekit.box import Box, box_for, try_out
from gradekit.boxed import Boxed, plain
from gradekit.checks import Exercise, Failed, Limits, NotGraded, check, close, run
from gradekit.feedback import Trouble
from gradekit.mutation import answers_of

EXERCISE = Path(__file__).resolve().parents[1] / "exercises/01_landscape"


def hand_in(path: Path, **cells: str) -> None:
    notebook = json.loads((EXERCISE / "exercise.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = cells.get(name, cell["source"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    right = answers_of(EXERCISE / "master.ipynb")
    hand_in(tmp_path / "in/zoe.ipynb", **right, q6="A saddle throws them out.")
    hand_in(tmp_path / "in/ann/exercise.ipynb", q3=right["q3"])
    hand_in(tmp_path / "in/bob.ipynb", **{**right, "q2": "def flow(:"})
    (tmp_path / "in/eve.ipynb").write_text("no notebook")
    return tmp_path / "in"


@pytest.mark.box
def test_a_class_is_graded(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--exercise", str(EXERCISE), "--secret", str(tmp_path / "secret"), str(folder)]
    assert grade.main(["--workers", "2", *arguments]) == 0
    said = capsys.readouterr()
    assert "Graded 4 submissions: mean 8.75 of 18; 1 unreadable." in said.out
    secret = (tmp_path / "secret").read_text().strip()
    assert secret not in said.out + said.err
    out = tmp_path / "in_graded"
    text = (out / "grades.csv").read_text(encoding="utf-8")
    assert text.splitlines() == [
        "student,score,max_score,q1,q2,q3,q4,q5,q6,reason",
        "ann,3,18,0,0,3,0,0,,",
        "bob,14,18,4,0,3,4,3,,",
        "eve,0,18,0,0,0,0,0,,the file is not a notebook (it is not valid JSON)",
        "zoe,18,18,4,4,3,4,3,,",
    ]
    pages = {p.stem: p.read_text(encoding="utf-8") for p in (out / "feedback").iterdir()}
    assert pages.keys() == {"ann", "bob", "eve", "zoe"}
    assert "A saddle throws them out." in pages["zoe"]
    assert "Your mixture_score is not written yet." in pages["ann"]
    assert "Answer cell q2 stopped with SyntaxError" in pages["bob"]
    assert "could not be graded: the file is not a notebook" in pages["eve"]
    # The same for another number of workers, to the byte.
    assert grade.main(["--workers", "1", "--out", str(tmp_path / "again"), *arguments]) == 0
    assert (tmp_path / "again/grades.csv").read_text(encoding="utf-8") == text
    for name, shown in pages.items():
        again = (tmp_path / f"again/feedback/{name}.html").read_text(encoding="utf-8")
        assert again == shown


@pytest.mark.box
def test_what_is_not_graded_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ann/exercise.ipynb", "bob.ipynb", "eve.ipynb"):
        (folder / name).unlink()
    (folder / "zoe.ipynb").rename(folder / "zoe.IPYNB")  # as Windows may write it
    (folder / "dan.pdf").write_bytes(b"%PDF")
    (folder / "__MACOSX").mkdir()
    arguments = ["--exercise", str(EXERCISE), "--secret", str(tmp_path / "secret"), str(folder)]
    assert grade.main(["--workers", "1", *arguments]) == 0
    said = capsys.readouterr()
    assert "Graded 1 submissions: mean 18.00 of 18; 0 unreadable." in said.out
    assert said.err.splitlines() == [
        f"Look at this: {name} is not graded, no notebook is directly in it."
        for name in ("ann", "dan.pdf")
    ]


def test_a_file_that_the_machine_cannot_read_is_no_mark(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = submissions.find(folder)
    monkeypatch.setattr(os, "open", lambda *_: exec("raise PermissionError(13, 'denied')"))
    made, results = grade.jobs_of(grade.assignment(EXERCISE), folder, found, b"secret" * 4)
    assert made == []
    assert {type(result) for result in results} == {Trouble}
    assert "bob.ipynb cannot be read (denied)" in results[1].reason


@pytest.mark.box
def test_any_executor_will_do(folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = list(grade.grade(EXERCISE, folder, b"a secret of the teacher", pool))
    assert [(r.student, r.earned()) for r in results] == [
        ("ann", 3), ("bob", 14), ("eve", 0), ("zoe", 18)
    ]  # fmt: skip


def test_a_worker_that_dies_when_it_is_tried_is_reported(folder: Path) -> None:
    class Lost(ThreadPoolExecutor):
        def submit(self, *_: Any, **__: Any) -> Any:
            raise BrokenProcessPool("connection lost")

    with Lost() as executor, pytest.raises(NotGraded, match=r"it was tried .*connection lost"):
        list(grade.grade(EXERCISE, folder, b"a secret of the teacher", executor))


def test_without_bubblewrap_nothing_is_graded(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    arguments = ["--exercise", str(EXERCISE), "--secret", str(tmp_path / "secret"), str(folder)]
    assert grade.main(arguments) == 1
    assert "grading needs bubblewrap" in capsys.readouterr().err
    assert not (tmp_path / "in_graded").exists()


@pytest.mark.parametrize("option", ["--secret", "--out"])
def test_secret_and_results_stay_out_of_the_submissions(
    folder: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--exercise", str(EXERCISE), option, str(folder / "x"), str(folder)]
    assert grade.main(arguments) == 1
    assert "outside the folder of submissions" in capsys.readouterr().err
    assert not (folder / "x").exists()


def exercise(**options: Any) -> Exercise:
    return Exercise("test", (), **options)


@pytest.mark.box
def test_values_and_functions_pass_through_the_box() -> None:
    cell = "def f(x, k): return k * x, None, 'text'\ndef g(): return undefined"
    with box_for(exercise()) as box, Boxed(box, {"q1": cell}) as backend:
        x = np.arange(6, dtype=np.float32).reshape(2, 3)
        doubled, nothing, text = backend.call("f", x, 2)
        assert doubled.dtype == np.float32
        assert np.array_equal(doubled, 2 * x)
        assert (nothing, text) == (None, "text")
        hint = "is not defined (of the notebook, only the answer cells are run)"
        with pytest.raises(Failed, match=re.escape(f"raised NameError: name 'undefined' {hint}")):
            backend.call("g")
        with pytest.raises(Failed, match="your h is not defined"):
            backend.call("h")


EVERY_FD = """
import json, os
def shout(reply):
    for fd in range(3, 8):
        try: os.write(fd, json.dumps(reply).encode() + b"\\n")
        except OSError: pass
"""
SLEEPER = """
import json, os, sys, time
def answers_and_sleeps():
    frame = sys._getframe()
    while "request" not in frame.f_locals: frame = frame.f_back
    reply = json.dumps({"n": frame.f_locals["request"]["n"], "ok": True, "value": 5})
    for fd in range(3, 8):
        try: os.write(fd, reply.encode() + b"\\n")
        except OSError: pass
    time.sleep(1000)
def size(x): return x.size
"""


@pytest.mark.box
def test_a_worker_that_does_not_read_cannot_block_the_grader() -> None:
    limits = Limits(cell_seconds=5, call_seconds=1, total_seconds=20)
    with box_for(exercise(limits=limits)) as box, Boxed(box, {"q1": SLEEPER}) as backend:
        assert backend.call("answers_and_sleeps") == 5
        with pytest.raises(Failed, match="took longer than 1 seconds"):
            backend.call("size", np.zeros(1 << 20))  # far more than a pipe holds


@pytest.mark.box
def test_a_worker_is_lost_with_its_answer_only() -> None:
    cells = {
        "q1": "import os\ndef dies(): os._exit(1)\ndef loops():\n    while True: pass",
        "q2": "import os\nos._exit(1)",
        "q3": "def works(): return 7\ndef late(): os.close(4); return 8",
    }
    limits = Limits(cell_seconds=5, call_seconds=1, total_seconds=60)
    with box_for(exercise(limits=limits)) as box, Boxed(box, cells) as backend:
        for _ in range(2):
            for name, message in (("dies", "ended its Python process"), ("loops", "1 seconds")):
                with pytest.raises(Failed, match=message):
                    backend.call(name)
                assert backend.call("works") == 7
        assert list(backend.troubles) == ["q2"]


LATE_ALARM = """
import signal, time
def ring(*_): raise SystemExit("all points, please")
def leaves_an_alarm(exits):
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    if exits: raise SystemExit("bye")
def slow():
    time.sleep(0.6)
    return 7
"""


@pytest.mark.box
@pytest.mark.parametrize("exits", [True, False])
def test_an_exit_costs_the_call_that_asked_for_it(exits: bool) -> None:
    with box_for(exercise()) as box, Boxed(box, {"q1": LATE_ALARM}) as backend:
        if exits:
            with pytest.raises(Failed, match="your leaves_an_alarm raised SystemExit: bye"):
                backend.call("leaves_an_alarm", exits)
        else:
            backend.call("leaves_an_alarm", exits)
        assert backend.call("slow") == 7


@pytest.mark.box
def test_when_the_time_of_a_submission_is_up_it_is_up() -> None:
    cell = "import time\ndef f(): time.sleep(1)\ndef g(): return 1"
    limits = Limits(cell_seconds=5, call_seconds=5, total_seconds=3)
    with box_for(exercise(limits=limits)) as box, Boxed(box, {"q1": cell}) as backend:
        with pytest.raises(Failed, match="seconds"):
            [backend.call("f") for _ in range(4)]
        with pytest.raises(Failed, match="after the submission's 3 seconds"):
            backend.call("g")


@pytest.mark.box
def test_memory_is_limited_and_other_packages_are_not_there() -> None:
    cell = """
import importlib
def hog(): return np.zeros(1 << 28).sum()
def have(name): return importlib.util.find_spec(name) is not None
import importlib.util
"""
    with box_for(exercise(packages=("numpy", "scipy"))) as box, Boxed(box, {"q1": cell}) as backend:
        with pytest.raises(Failed, match="MemoryError"):
            backend.call("hog")
        there = [n for n in ("numpy", "scipy", "json") if backend.call("have", n)]
        assert there == ["numpy", "scipy", "json"]
        for name in ("scorekit", "gradekit", "autograd", "pytest", "pip", "nbgrader"):
            assert backend.call("have", name) is False


@pytest.mark.box
def test_a_package_that_is_not_installed_is_the_teachers_problem() -> None:
    with (
        box_for(exercise(packages=("numpy", "nosuchpackage"))) as box,
        pytest.raises(NotGraded, match="nosuchpackage"),
    ):
        try_out(box)


@pytest.mark.box
def test_a_box_that_does_not_start_is_not_the_students_fault() -> None:
    with box_for(exercise(preamble="import nothing_of_the_kind")) as box:
        with pytest.raises(NotGraded, match="nothing_of_the_kind"):
            try_out(box)
        with Boxed(box, {}) as backend, pytest.raises(NotGraded):
            backend.call("f")


@pytest.mark.box
@pytest.mark.parametrize("error", [BlockingIOError("no more processes"), MemoryError()])
def test_a_machine_that_cannot_start_a_worker_costs_no_mark(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    with box_for(exercise()) as box, Boxed(box, {"q1": "def f(): return 1"}) as backend:
        assert backend.call("f") == 1
        backend.stop()
        monkeypatch.setattr("gradekit.boxed.subprocess.Popen", fails)
        one = check("q1", 1)(lambda S: close(S.call("f"), 1, "f"))
        with pytest.raises(NotGraded, match="the box could not be used"):
            run(one, backend, 1)


@pytest.mark.box
def test_a_box_that_hangs_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradekit.box.START_SECONDS", 0.2)
    monkeypatch.setattr(Box, "command", lambda _: ["sleep", "1000"])
    with pytest.raises(NotGraded, match=r"did not start in 0\.2 seconds"):
        try_out(Box(exercise()))


COMMANDS = """%matplotlib inline
!pip install numpy
help?
?np.mean
def f(x):
    %time
    text = '''
%d
'''
    return (x
        % 3)
"""
EVALUATED = """
def typed(x: 3) -> None: pass
def annotation(): return typed.__annotations__["x"]
"""


@pytest.mark.box
def test_notebook_commands_are_left_out_and_formulas_stay() -> None:
    lies = EVERY_FD + 'shout({"n": 3, "ok": True, "left_out": "full marks, said the teacher"})'
    cells = {"q1": COMMANDS, "q2": EVALUATED, "q3": lies, "q4": "x = (1\n    %time"}
    with box_for(exercise()) as box, Boxed(box, cells) as backend:
        assert backend.call("f", 11) == 2
        assert backend.call("annotation") == 3  # as in a notebook
        assert backend.notes == {"q1": "left out 5 notebook command(s) such as %magic"}
        assert "SyntaxError" in backend.troubles["q4"]


USER = """
import sys
sys.path[:0] = [sys.argv[1]]
from gradekit.box import box_for, try_out
from gradekit.boxed import Boxed
from gradekit.checks import Exercise
CELL = '''
import os, socket
def f():
    wrote = []
    for p in ("/x", "/dev/x", "/dev/shm/x", "/box/x", "/usr/x", "/proc/x"):
        try: open(p, "w"); wrote.append(p)
        except OSError: pass
    try: os.fork(); wrote.append("forked")
    except OSError: pass
    return f"{os.getuid()} {wrote} {len(socket.if_nameindex())}"
'''
with box_for(Exercise("test", ())) as box:
    try_out(box)
    with Boxed(box, {"q1": CELL}) as backend:
        print(backend.call("f"))
"""


def system_python() -> str | None:
    """A Python of our version that any user can run (our own may lie where others cannot look)."""
    python, code = "/usr/bin/python3", "import sys; print(sys.version_info[:2])"
    if not os.path.exists(python):
        return None
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return python if run.stdout.strip() == str(sys.version_info[:2]) else None


@pytest.mark.box
@pytest.mark.parametrize("user", [None, 54321], ids=["as we are", "as an ordinary user"])
def test_root_and_ordinary_users_get_the_same_box(user: int | None) -> None:
    python = system_python() if user else sys.executable
    if user and (os.geteuid() != 0 or python is None):
        pytest.skip("Needs root, and a system Python of this version for the other user.")
    numpy = Path(np.__file__).parent
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        for source in (numpy, numpy.with_name("numpy.libs"), Path(grade.__file__).parent):
            if source.exists():
                shutil.copytree(source, Path(folder, source.name))
        for path in [Path(folder), *Path(folder).rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        run = subprocess.run(
            [str(python), "-B", "-c", USER, folder],
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd="/tmp",
            env={"PATH": "/usr/bin:/bin", "HOME": "/tmp"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.stdout == "65534 [] 1\n", run.stderr


def test_text_from_the_box_is_one_short_line() -> None:
    assert plain("a\nb\x1b[31m\u202ec") == "a b?[31m?c"
    assert len(plain("x" * 10_000)) == 200
    assert plain({"a": [1]}) == "something else"


@pytest.mark.box
def test_no_seed_is_in_the_command() -> None:
    what = grade.assignment(EXERCISE)
    path = EXERCISE / "exercise.ipynb"
    answers = submissions.read(path, EXERCISE, what.form)
    job = jobs.job(what.exercise, what.checks, "ann", answers, b"very secret")
    command = " ".join(Box(exercise()).command())
    assert "very secret" not in command
    assert not any(str(seed) in command for seed in job.seeds)


def test_csv_is_plain(tmp_path: Path) -> None:
    grade.write(EXERCISE, [grade.Result('a,"b')], tmp_path)
    with open(tmp_path / "grades.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1][0] == 'a,"b'
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.box
@pytest.mark.parametrize("drawn", [0, -1], ids=["the first", "the last"])
def test_every_user_id_that_can_be_drawn_works(drawn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda span: range(span)[drawn])
    with box_for(exercise()) as box:
        try_out(box)
