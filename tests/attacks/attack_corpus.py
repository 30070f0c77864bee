"""Hostile and broken submissions to exercise 1, each with the honest mark of every question.

Unless an attack says otherwise it replaces the answer to question 1 and leaves the others as the
reference has them: so the table also shows that an attack gains nothing and costs nothing else.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradekit.checks import Inputs, load, run
from gradekit.local import Local
from gradekit.mutation import answers_of

EXERCISE = Path(__file__).resolve().parents[2] / "exercises/01_landscape"
FULL = {"q1": 4.0, "q2": 4.0, "q3": 3.0, "q4": 4.0, "q5": 3.0}
NOTHING = dict.fromkeys(FULL, 0.0)
Notebook = dict[str, Any]


def lost(*questions: str) -> dict[str, float]:
    """Full marks but for these questions."""
    return {q: 0.0 if q in questions else p for q, p in FULL.items()}


@dataclass(frozen=True)
class Attack:
    """One submission. ``says`` is a piece of text that the feedback page must contain."""

    name: str
    cells: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, float] = field(default_factory=lambda: lost("q1"))
    says: str = ""
    blank: bool = False
    change: Callable[[Notebook], None] | None = None
    raw: bytes | None = None
    encode: Callable[[bytes], bytes] = lambda data: data
    link: str = ""

    @property
    def student(self) -> str:
        """The name as it is shown: what cannot be printed is spelt out."""
        return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in self.name)

    def file(self, form: Notebook, reference: Mapping[str, str]) -> bytes:
        """The bytes of the notebook that is handed in."""
        if self.raw is not None:
            return self.raw
        notebook = copy.deepcopy(form)
        sources = dict(self.cells) if self.blank else {**reference, **self.cells}
        for cell in notebook["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in sources:
                cell["source"] = sources[name]
        if self.change is not None:
            self.change(notebook)
        return self.encode(json.dumps(notebook).encode())


BODY = "def mixture_score(x, weights, means, sds):\n"


def in_call(code: str) -> dict[str, str]:
    """Run this code in every call of the answer to question 1."""
    lines = code.strip("\n").splitlines()
    return {"q1": BODY + "\n".join(f"    {line}" for line in lines)}


def cell_of(notebook: Notebook, grade_id: str) -> Notebook:
    """Find a cell by its id."""
    return next(
        c
        for c in notebook["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


# ---- lies

PATCHES = """
import builtins
np.testing.assert_allclose = lambda *a, **k: None
np.allclose = np.array_equal = np.isfinite = lambda *a, **k: True
np.abs = np.hypot = lambda *a: 0.0
builtins.abs = lambda x: 0
builtins.AssertionError = type("Quiet", (BaseException,), {})
def mixture_score(*a): return np.zeros(3)
"""
LIAR = """
class Yes:
    shape, dtype, ndim, size = (7, 2), np.dtype(float), 2, 14
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __bool__(self): return True
    def __len__(self): return 7
    def __iter__(self): return iter([self] * 7)
    def __array__(self, *a, **k): raise TypeError
for name in "lt le gt ge eq ne".split(): setattr(Yes, f"__{name}__", lambda s, o: True)
for name in "add radd sub rsub mul rmul truediv abs".split():
    setattr(Yes, f"__{name}__", lambda s, *o: s)
def mixture_score(*a): return Yes()
"""
SUBCLASS = """
class Liar(np.ndarray):
    def __array_ufunc__(self, *a, **k): return True
    def __eq__(self, other): return True
    def tobytes(self, *a): return b"\\x00" * self.nbytes
def mixture_score(x, *a): return np.full(x.shape, 1.0).view(Liar)
"""


def hard_coded() -> str:
    """The right answers to the practice inputs, which anyone can compute, as a table."""
    names: dict[str, Any] = {}
    exec("import numpy as np\n" + answers_of(EXERCISE / "master.ipynb")["q1"], names)
    right, table = names["mixture_score"], {}

    def remember(x: Any, *rest: Any) -> Any:
        table[x.tobytes()[:64]] = right(x, *rest).tolist()
        return right(x, *rest)

    exercise = load(EXERCISE / "checks.py")
    for check in (c for c in exercise.checks if c.question == "q1"):
        run(check, Local({"mixture_score": remember}), Inputs(exercise.name))
    return (
        f"TABLE = {table!r}\n"
        "def mixture_score(x, *a):\n"
        "    return np.array(TABLE.get(x.tobytes()[:64], np.full(x.shape, 0.5)))\n"
    )


# ---- forgery

EVERY_FD = """
import json, os, sys
def shout(*replies):
    text = b"".join(json.dumps(r).encode() + b"\\n" for r in replies)
    for fd in range(3, 32):
        try: os.write(fd, text)
        except OSError: pass
def number():
    frame = sys._getframe()
    while frame is not None:
        request = frame.f_locals.get("request")
        if isinstance(request, dict) and "n" in request: return request["n"]
        frame = frame.f_back
"""
ZEROS = (
    '{"dtype": "<f8", "shape": [7, 2], "data": __import__("base64").b64encode(bytes(112)).decode()}'
)
FORGED_VALUE = (
    EVERY_FD
    + f"""
def mixture_score(*a):
    shout({{"n": number(), "ok": True, "value": {ZEROS}}})
    os._exit(0)
"""
)
FORGED_VERDICT = (
    EVERY_FD
    + """
def mixture_score(*a):
    shout({"n": number(), "ok": True, "value": True, "passed": True, "points": 18, "score": 18,
           "message": "", "earned": 18})
    os._exit(0)
"""
)
FORGED_EARLY = (
    EVERY_FD
    + """
shout(*({"n": n, "ok": True, "value": 0.0} for n in range(200)))
def mixture_score(*a): return 0
"""
)
PICKLE = (
    EVERY_FD
    + """
import base64, io, pickle
class Boom:
    def __reduce__(self):
        import os
        return os.system, ("touch MARKER",)
buffer = io.BytesIO()
np.save(buffer, np.array([Boom()], dtype=object), allow_pickle=True)
payload = base64.b64encode(buffer.getvalue()).decode()
def mixture_score(*a):
    shout({"n": number(), "ok": True, "value": {"npy": payload, "pickle": payload}})
    os._exit(0)
"""
)
FAKE_SHAPE = (
    EVERY_FD
    + """
def mixture_score(*a):
    shout({"n": number(), "ok": True,
           "value": {"dtype": "<f8", "shape": [1 << 24, 1 << 24], "data": "AAAA"}})
    os._exit(0)
"""
)
DEEP_REPLY = (
    EVERY_FD
    + """
def mixture_score(*a):
    for fd in range(3, 32):
        try: os.write(fd, b"[" * 60000 + b"\\n")
        except OSError: pass
    os._exit(0)
"""
)
NEW_WORKER = """
import sys
worker = sys.modules["__main__"]
worker.encode = lambda value: {"dtype": "<f8", "shape": [7, 2], "data": ""}
worker.answer = lambda request, space: {"ok": True, "value": True}
def mixture_score(*a): return 0
"""
SOURCE_BACK = (
    EVERY_FD
    + """
def mixture_score(*a):
    shout({"n": number(), "ok": True, "value": {"source": "open('MARKER', 'w')", "names": {}}})
    os._exit(0)
"""
)

# ---- force

LOOP = "while True: pass"
STUBBORN_LOOP = """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True:
    try:
        while True: pass
    except BaseException: pass
"""
SLOW_DRIP = """
import os, time
while True:
    for fd in range(3, 32):
        try: os.write(fd, b"[")
        except OSError: pass
    time.sleep(0.05)
"""
FLOOD = """
import os
while True:
    for fd in range(1, 32):
        try: os.write(fd, b"x" * 65536)
        except OSError: pass
"""
HOG = """
kept = []
while True: kept.append(np.ones(1 << 24))
"""
FORKS = """
import os, subprocess, sys, threading
started = 0
for attempt in range(200):
    for start in (os.fork, lambda: subprocess.Popen([sys.executable, "-c", "while True: pass"]),
                  lambda: threading.Thread(target=lambda: None).start()):
        try: start()
        except (OSError, RuntimeError): continue
        started += 1
raise RuntimeError(f"started {started} others")
"""
DISK = """
import os
for folder in ("/tmp", "/dev/shm", "/dev", "/box", "/", "/var/tmp", "/proc"):
    for number in range(100):
        try:
            with open(f"{folder}/full{number}", "wb") as file:
                while True: file.write(b"x" * (1 << 20))
        except OSError: pass
raise MemoryError
"""
KILL = """
import os, signal
for target in (-1, 1, os.getppid(), 0):
    try: os.kill(target, signal.SIGKILL)
    except OSError: pass
return 0
"""
HUGE_RESULT = "return np.zeros(40_000_000)"
CRASH = "import ctypes\nctypes.string_at(0)"
NEW_LIMITS = """
import resource, ctypes
for limit in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_CPU):
    try: resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError): continue
    raise SystemExit("raised a limit")
if ctypes.CDLL(None).unshare(0x10000000) == 0: raise SystemExit("made a user namespace")
import os; raise SystemExit(f"no way out for uid {os.getuid()}")
"""

# ---- theft

SEARCH = """
import glob, importlib, os, sys
seen = glob.glob("ROOT/*") + glob.glob("SUBMISSIONS/*") + glob.glob("SECRET")
seen = [path for path in seen if not path.endswith("/.venv")]
for folder, folders, files in os.walk("/"):
    if folder in ("/", sys.prefix):
        folders[:] = [name for name in folders if name not in ("proc", "usr", "lib")]
    wanted = ("master.ipynb", "exercise.ipynb", "mutants.py", "grade.py", "secret")
    seen += [os.path.join(folder, name) for name in files if name in wanted]
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "maps"):
        try: text = open(f"/proc/{pid}/{name}").read()
        except OSError: continue
        if "CANARY" in text or "gradekit/checks" in text: seen.append(f"/proc/{pid}/{name}")
    for place in ("cwd", "root", "rootROOT", "root/tmp", "root/home", "root/srv"):
        try: seen += [f"{pid}/{place}" for f in os.listdir(f"/proc/{pid}/{place}") if "01_" in f]
        except OSError: pass
for name in ("gradekit", "gradekit.checks", "exercises", "nbgrader"):
    try: importlib.import_module(name); seen.append(name)
    except ImportError: pass
raise RuntimeError(f"found {seen}")
"""
REFERENCE = """
import importlib, inspect
densities = importlib.import_module("scorekit.densities")
mixtures = importlib.import_module("scorekit.mixtures")
source = inspect.getsource(mixtures) + inspect.getsource(densities)
if "responsibilities" in source or "math.erf" in source: raise SystemExit("read the source")
def mixture_score(x, weights, means, sds):
    return densities.GaussianMixture(weights, means, np.asarray(sds)**2).score(x)
"""
OUTSIDE = """
import os, pathlib
for path in ("MARKER", "ROOT/MARKED", "SUBMISSIONS/MARKED", "../MARKED", "/MARKED", "/usr/MARKED",
             "/etc/MARKED", "/root/MARKED", "/var/tmp/MARKED", "~/MARKED", "ROOT/gradekit/MARKED",
             "SUBMISSIONS/aaa-right.ipynb"):
    try: pathlib.Path(os.path.expanduser(path)).write_text("I was here")
    except OSError: pass
def mixture_score(x, *a): return 0 * x
"""
NETWORK = """
import socket
got = []
for family, address in ((socket.AF_INET, ("127.0.0.1", PORT)), (socket.AF_UNIX, "\\0port-PORT")):
    try:
        with socket.socket(family) as s:
            s.settimeout(1)
            s.connect(address)
            s.sendall(b"the inputs")
        got.append(address)
    except OSError: pass
def mixture_score(x, *a): raise RuntimeError(f"reached {got}")
"""

# ---- the notebook


def delete_cells(nb: Notebook) -> None:
    """Delete an answer, and every test."""
    keep = lambda m: m.get("grade_id") != "q1" and not m.get("locked")  # noqa: E731
    nb["cells"] = [c for c in nb["cells"] if keep(c["metadata"].get("nbgrader", {}))]


def duplicate_cells(nb: Notebook) -> None:
    """A wrong first cell and a right second one, and the other way round: the first counts."""
    for name, first, second in (("q1", "mixture_score = len", None), ("q2", None, "flow = len")):
        at = nb["cells"].index(cell_of(nb, name))
        other = copy.deepcopy(nb["cells"][at])
        nb["cells"].insert(at, other)
        if first:
            other["source"] = first
        if second:
            nb["cells"][at + 1]["source"] = second


def more_points(nb: Notebook) -> None:
    """Award oneself a thousand points and drop the tests."""
    for cell in nb["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade"):
            marks.update(points=1000, grade=False, solution=True, locked=False)
            cell["source"] = "pass"


def look_alike(nb: Notebook) -> None:
    """A grade_id that looks like q1 and is not: full-width, and a zero-width space."""
    cell_of(nb, "q1")["metadata"]["nbgrader"]["grade_id"] = "q\uff11"
    cell_of(nb, "q2")["metadata"]["nbgrader"]["grade_id"] = "q2\u200b"


def strange_metadata(nb: Notebook) -> None:
    """Metadata of every wrong type."""
    for n, cell in enumerate(nb["cells"]):
        cell["metadata"] = [None, [], "x", {"nbgrader": 3}, {"nbgrader": {"grade_id": [1]}}][n % 5]
    nb["metadata"] = None


def written_script(nb: Notebook) -> None:
    """HTML in the answer that a person reads."""
    cell_of(nb, "q6")["source"] = "</pre><script>alert('written')</script>"


MAGIC = """%matplotlib inline
!pip install numpy
if True:
    %timeit 1
def flow(score, x, step, steps):
    for _ in range(steps):
        %time
        ahead = x + step * score(x)
        x = x + step / 2 * (score(x) + score(ahead))
    return x
"""

ATTACKS = (
    Attack("aaa-right", marks=FULL),
    Attack("blank", marks=NOTHING, blank=True, says="Your mixture_score is not written yet"),
    Attack("wrong-and-partial", {"q1": BODY + "    return means[0] - x", "q3":
           "def ring_log_z(r, w): return np.log(2 * np.pi * r * w * np.sqrt(2 * np.pi))"},
           {**FULL, "q1": 0.0, "q3": 1.0}),
    Attack("syntax-error", {"q1": BODY + "    return (x"}, says="SyntaxError"),
    Attack("patched-numpy", {"q1": PATCHES}, NOTHING, blank=True),
    Attack("lying-objects", {"q1": LIAR}, says="holds no numbers"),
    Attack("lying-array", {"q1": SUBCLASS}),
    Attack("hard-coded", {"q1": hard_coded()}, says="the largest error is"),
    Attack("constant", {"q1": BODY + "    return np.zeros_like(x)"}),
    Attack("nan", {"q1": BODY + "    return x * np.nan"}, says="values are NaN or infinite"),
    Attack("objects", {"q1": BODY + "    return np.array([object()] * 14).reshape(7, 2)"}),
    Attack("forged-value", {"q1": FORGED_VALUE}, says="the largest error is"),
    Attack("forged-verdict", {"q1": FORGED_VERDICT}),
    Attack("forged-early", {"q1": FORGED_EARLY}, says="a reply that cannot be read"),
    Attack("forged-pickle", {"q1": PICKLE}, says="a result that cannot be read"),
    Attack("forged-source", {"q1": SOURCE_BACK}, says="a result that cannot be read"),
    Attack("forged-shape", {"q1": FAKE_SHAPE}, says="a result that cannot be read"),
    Attack("forged-depth", {"q1": DEEP_REPLY}, says="a reply that cannot be read"),
    Attack("replaced-worker", {"q1": NEW_WORKER}, NOTHING),
    Attack("exit-in-cell", {"q1": "import os\nos._exit(0)"}, says="ended its Python process"),
    Attack("exit-in-call", in_call("import os\nos._exit(0)"), says="ended its Python process"),
    Attack("polite-exit", in_call("raise SystemExit('all right')"), says="SystemExit"),
    Attack("crash", in_call(CRASH), says="ended its Python process"),
    Attack("loop-in-cell", {"q1": LOOP}, says="was stopped"),
    Attack("loop-in-call", in_call(LOOP), says="was stopped"),
    Attack("stubborn-loop", in_call(STUBBORN_LOOP), says="was stopped"),
    Attack("slow-drip", in_call(SLOW_DRIP), says="was stopped"),
    Attack("flood", in_call(FLOOD), says="a reply that is too large"),
    Attack("print-flood", in_call("while True: print('x' * 10**6)"), says="was stopped"),
    Attack("huge-result", in_call(HUGE_RESULT), says="too large"),
    Attack("memory-hog", in_call(HOG)),
    Attack("fork-storm", in_call(FORKS), says="started 0 others"),
    Attack("disk-filler", in_call(DISK), says="MemoryError"),
    Attack("kill-everything", in_call(KILL)),
    Attack("raise-limits", in_call(NEW_LIMITS), says="no way out for uid 65534"),
    Attack("search", {"q1": BODY + "    " + SEARCH.strip().replace("\n", "\n    ")},
           says="found []"),
    Attack("import-reference", {"q1": REFERENCE}, says="is masked while this exercise is graded"),
    Attack("write-outside", {"q1": OUTSIDE}),
    Attack("network", {"q1": NETWORK}, says="reached []"),
    Attack("magics", {"q2": MAGIC}, FULL, says="left out 4 notebook command(s)"),
    Attack("deleted-cells", change=delete_cells, says="The answer cell q1 is not in the notebook"),
    Attack("duplicate-cells", change=duplicate_cells),
    Attack("more-points", marks=FULL, change=more_points),
    Attack("look-alike-ids", marks=lost("q1", "q2"), change=look_alike),
    Attack("strange-metadata", marks=NOTHING, change=strange_metadata),
    Attack("script-in-error", in_call("raise ValueError('<script>alert(1)</script>')"),
           says="&lt;script&gt;alert(1)"),
    Attack("script-in-text", marks=FULL, change=written_script, says="&lt;script&gt;alert("),
    Attack("not-json", raw=b"{", marks=NOTHING, says="not valid JSON"),
    Attack("binary", raw=bytes(range(256)) * 20, marks=NOTHING, says="not valid JSON"),
    Attack("empty", raw=b"", marks=NOTHING, says="not valid JSON"),
    Attack("deep-json", raw=b"[" * 200_000, marks=NOTHING, says="not valid JSON"),
    Attack("other-json", raw=b'{"cells": {"a": 1}}', marks=NOTHING, says="not a notebook"),
    Attack("many-cells", raw=json.dumps({"cells": [{}] * 5000}).encode(), marks=NOTHING,
           says="not a notebook"),
    Attack("huge", raw=b" " * (9 << 20), marks=NOTHING, says="larger than 8 MB"),
)  # fmt: skip
