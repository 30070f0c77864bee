"""More of the corpus: time and signals, what is left behind, odd values, odd text, odd files."""

from __future__ import annotations

import json
from collections.abc import Callable

from attack_corpus import BODY, FULL, NOTHING, Attack, Notebook, cell_of, in_call, lost

# ---- clocks, signals, what outlives a call

CLOCK = """
import time
for attempt in (lambda: time.clock_settime(time.CLOCK_REALTIME, 0), lambda: time.sleep(-1)):
    try: attempt()
    except (OSError, ValueError): continue
    raise SystemExit("turned the clock")
for name in "time monotonic perf_counter process_time".split(): setattr(time, name, lambda: 0.0)
while time.monotonic() == 0: pass
"""
ALARM = """
import signal
def ring(*_): raise SystemExit("all points, please")
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while True: pass
"""
STOP_ITSELF = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass"
AT_EXIT = """
import atexit, gc, os, sys, threading, weakref
def shout(*_):
    for fd in range(3, 32):
        try: os.write(fd, b'{"n": 1, "ok": true, "value": 1}\\n')
        except OSError: pass
atexit.register(shout)
class Last:
    def __del__(self): shout()
keep = Last()
keep.me = keep
left = 0
try: threading.Thread(target=shout, daemon=True).start(); left += 1
except RuntimeError: pass
gc.callbacks.append(lambda *_: None)
sys.settrace(lambda *_: None)
def mixture_score(x, *a): raise RuntimeError(f"left {left} threads behind")
"""
FRAMES = """
import gc, sys
seen = []
frame = sys._getframe()
while frame is not None:
    seen += [n for n in frame.f_locals if n in ("S", "want", "wanted", "inputs", "seed", "secret")]
    frame = frame.f_back
for thing in gc.get_objects():
    if type(thing).__name__ in ("Check", "Exercise", "Inputs", "Outcome", "Job", "Boxed"):
        seen.append(type(thing).__name__)
    if type(thing) is dict:
        seen += [k for k in ("seeds", "secret", "points", "check") if k in thing and
                 thing is not globals() and "grade" in str(thing.get("__name__", ""))]
raise RuntimeError(f"seen {seen}")
"""
READ_REQUESTS = """
import os
got = b""
for fd in range(32):
    try:
        os.set_blocking(fd, False)
        got += os.read(fd, 1 << 20)
    except OSError: pass
raise RuntimeError(f"{len(got)} bytes of questions to come")
"""
NOTE = """
import glob, os
found = glob.glob("/tmp/note*") + glob.glob("/dev/shm/*") + glob.glob("/var/tmp/note*")
try: open(f"/tmp/note{os.getpid()}", "w").write("the answer is 42")
except OSError: pass
def mixture_score(x, *a): raise RuntimeError(f"found {found}")
"""

# ---- force

SYSCALLS = """
import ctypes, os, socket, stat
libc, done = ctypes.CDLL(None, use_errno=True), []
tries = {
    "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0 or 1 / 0,
    "unmount": lambda: libc.umount2(b"/usr", 2) == 0 or 1 / 0,
    "chroot": lambda: os.chroot("/tmp"),
    "device": lambda: os.mknod("/tmp/disk", stat.S_IFBLK | 0o666, os.makedev(8, 0)),
    "root": lambda: os.setuid(0),
    "name": lambda: socket.sethostname("mine"),
    "setns": lambda: libc.setns(os.open("/proc/1/ns/user", 0), 0) == 0 or 1 / 0,
    "ptrace": lambda: libc.ptrace(16, os.getppid(), None, None) == 0 and os.getppid() > 1 or 1 / 0,
    "nice": lambda: os.nice(-5),
    "raw": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
}
for name, attempt in tries.items():
    try: attempt()
    except (OSError, ZeroDivisionError): continue
    done.append(name)
raise RuntimeError(f"could do {done}")
"""
LINKS = """
import os
for n, target in enumerate(("MARKER", "ROOT", "SUBMISSIONS/aaa-right.ipynb", "SECRET",
                            "/etc/passwd", "/proc/1/root/MARKER", "../../../MARKER")):
    try:
        os.symlink(target, f"/tmp/link{n}")
        open(f"/tmp/link{n}", "a").write("through a link")
    except OSError: pass
    try: os.link(target, f"/tmp/hard{n}")
    except OSError: pass
def mixture_score(x, *a): return 0 * x
"""
MEMFD = """
import os
total = 0
for n in range(64):
    try:
        fd = os.memfd_create(f"m{n}")
        while True: total += os.write(fd, bytes(1 << 20))
    except OSError: pass
os.closerange(10, 32)
raise RuntimeError("less than a gigabyte" if total < 1 << 30 else f"{total} bytes")
"""
BIG_POWER = "return 9 ** 9 ** 9"
RECURSION = """
import sys
sys.setrecursionlimit(10**9)
def deeper(n): return deeper(n + 1) + 1
return deeper(0)
"""
ALL_SIGNALS = """
import os, signal
for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT): signal.signal(number, signal.SIG_IGN)
os.abort()
"""

# ---- values

SELF = "a = []\na.append(a)\nreturn a"
DEEP = "a = (1.0,)\nfor _ in range(10**5): a = (a,)\nreturn a"
LONG_NUMBER = "return 10 ** 5000"
BAD_NAME = "return type('<img src=x onerror=alert(1)>', (), {})()"
INFINITE = """
class Endless:
    def __len__(self): return 10**9
    def __getitem__(self, n): return self
def mixture_score(*a): return Endless()
"""
ANSI = "raise ValueError('\\x1b[2J\\x07\\u202e\\u2028red\\x00')"
OVERFLOW = "return np.full(x.shape, np.inf)"
INTEGERS = "return np.full(x.shape, 255, dtype=np.uint8)"
BROADCAST = "return np.broadcast_to(np.zeros(1), (1 << 40,))"
RECORDS = "return np.zeros(7, dtype=[('<b>', 'f8'), ('y', 'O')])"

ENDLESS_MESSAGE = """
class Endless(Exception):
    def __str__(self):
        while True: pass
raise Endless
"""
NAMELESS = """
class Meta(type):
    @property
    def __name__(self): raise RuntimeError("no name")
class Nameless(Exception, metaclass=Meta): pass
raise Nameless
"""
REAL_SOURCE = "import codec\nreturn codec.Source(\"open('MARKER', 'w')\")"

# ---- text and files


def other_lines(end: str) -> Callable[[Notebook], None]:
    """Lines that end as on Windows, or as on a very old Macintosh."""

    def change(nb: Notebook) -> None:
        for cell in nb["cells"]:
            lines = "".join(cell["source"]).splitlines()
            cell["source"] = [line + end for line in lines]

    return change


def no_names(nb: Notebook) -> None:
    """A program that does not know nbgrader has dropped its metadata."""
    for cell in nb["cells"]:
        cell["metadata"] = {}


def one_id(nb: Notebook) -> None:
    """Every cell has the same id, and each has megabytes of output and another attachment."""
    for cell in nb["cells"]:
        cell.update(id="x", attachments={"a.png": {"image/png": "AAAA"}}, execution_count=-1)
    cell_of(nb, "q1")["outputs"] = [{"output_type": "stream", "text": "x" * (7 << 20)}]
    nb.update(nbformat=4, nbformat_minor=99)


def not_utf_8(data: bytes) -> bytes:
    return data[:-1] + b', "author": "Jos\xe9"}'


def half_pairs(nb: Notebook) -> None:
    """Half a surrogate pair, in code and in text: JSON has it, UTF-8 has not."""
    cell_of(nb, "q1")["source"] = "x = '\ud800'"
    cell_of(nb, "q6")["source"] = "a saddle \udfff throws"


def odd_sources(nb: Notebook) -> None:
    """A source too long to be one, a list with something else in it, and a null byte."""
    cell_of(nb, "q1")["source"] = "#" * 200_000
    cell_of(nb, "q2")["source"] = ["def flow(*a):\n", 7]
    cell_of(nb, "q3")["source"] = "x = 1\x00"


def own_preamble(nb: Notebook) -> None:
    """Cells of one's own before and after, and a changed setup: they are not run."""
    extra = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    nb["cells"].insert(0, {**extra, "source": "raise SystemExit('first')"})
    nb["cells"].append({**extra, "source": "raise SystemExit('last')"})
    for cell in nb["cells"]:
        if cell["cell_type"] == "code" and not cell["metadata"].get("nbgrader"):
            cell["source"] = "raise SystemExit('setup')"


def swapped_kinds(nb: Notebook) -> None:
    """An answer in a cell of another kind."""
    cell_of(nb, "q1")["cell_type"] = "markdown"
    cell_of(nb, "q2")["cell_type"] = "raw"


def encoded(codec: str) -> Callable[[bytes], bytes]:
    return lambda data: data.decode("utf-8").encode(codec)


MORE = (
    Attack("clock", in_call(CLOCK), says="was stopped"),
    Attack("alarm", in_call(ALARM), says="SystemExit"),
    Attack("stop-itself", in_call(STOP_ITSELF), says="was stopped"),
    Attack("at-exit", {"q1": AT_EXIT}, says="left 0 threads behind"),
    Attack("frames", in_call(FRAMES), says="seen []"),
    Attack("read-requests", in_call(READ_REQUESTS), says="0 bytes of questions to come"),
    Attack("note-left", {"q1": NOTE}, says="found []"),
    Attack("note-read", {"q1": NOTE}, says="found []"),
    Attack("system-calls", in_call(SYSCALLS), says="could do []"),
    Attack("links", {"q1": LINKS}),
    Attack("memory-files", in_call(MEMFD), says="less than a gigabyte"),
    Attack("big-power", in_call(BIG_POWER), says="was stopped"),
    Attack("recursion", in_call(RECURSION)),
    Attack("abort", in_call(ALL_SIGNALS), says="ended its Python process"),
    Attack("self-containing", in_call(SELF)),
    Attack("deep-result", in_call(DEEP), says="too long or too deep"),
    Attack("long-number", in_call(LONG_NUMBER), says="holds no numbers"),
    Attack("markup-in-type", in_call(BAD_NAME), says="&lt;img src=x"),
    Attack("endless-sequence", {"q1": INFINITE}),
    Attack("terminal-codes", in_call(ANSI), says="?[2J??"),
    Attack("infinite", in_call(OVERFLOW), says="NaN or infinite"),
    Attack("small-integers", in_call(INTEGERS), says="the largest error is"),
    Attack("huge-view", in_call(BROADCAST), says="too large"),
    Attack("records", in_call(RECORDS), says="holds no numbers"),
    Attack("endless-message", in_call(ENDLESS_MESSAGE), says="was stopped"),
    Attack("long-message", in_call("raise ValueError('x' * 10**8)"), says="raised ValueError: xxx"),
    Attack("nameless-error", in_call(NAMELESS), says="ended its Python process"),
    Attack("real-source", in_call(REAL_SOURCE), says="a result that cannot be read"),
    Attack("deep-source", {"q1": "-" * 90_000 + "1"}),
    Attack("deep-brackets", {"q1": "(" * 90_000}, says="SyntaxError"),
    Attack("half-pairs", change=half_pairs, says="a saddle ? throws"),
    Attack("odd-sources", marks=lost("q1", "q2", "q3"), change=odd_sources,
           says="The answer cell q1 is not in the notebook"),
    Attack("own-cells", marks=FULL, change=own_preamble),
    Attack("swapped-kinds", marks=lost("q1", "q2"), change=swapped_kinds),
    Attack("byte-order-mark", marks=FULL, encode=encoded("utf-8-sig")),
    Attack("utf-16", marks=FULL, encode=encoded("utf-16")),
    Attack("latin-1", marks=NOTHING, encode=not_utf_8, says="its text is not UTF-8"),
    Attack("windows-lines", marks=FULL, change=other_lines("\r\n")),
    Attack("macintosh-lines", marks=FULL, change=other_lines("\r")),
    Attack("no-names", marks=NOTHING, change=no_names, says="none of the answer cells"),
    Attack("one-id", marks=FULL, change=one_id),
    Attack("worksheets", raw=b'{"worksheets": [{"cells": []}], "nbformat": 3}', marks=NOTHING,
           says="not a notebook"),
    Attack("big-number", raw=b'{"cells": ' + b"1" * 2_000_000 + b"}", marks=NOTHING,
           says="not valid JSON"),
    Attack("many-lists", raw=b'{"cells": [' + b"[]," * 2_000_000 + b"[]]}", marks=NOTHING,
           says="not a notebook"),
    Attack("truncated", raw=json.dumps({"cells": []}).encode()[:-1], marks=NOTHING,
           says="not valid JSON"),
    Attack("link-to-another", link="SUBMISSIONS/aaa-right.ipynb", marks=NOTHING,
           says="a link to somewhere else"),
    Attack("link-to-itself", link="SUBMISSIONS/link-to-itself.ipynb", marks=NOTHING,
           says="a link to somewhere else"),
    Attack("link-to-secret", link="SECRET", marks=NOTHING, says="a link to somewhere else"),
    Attack("link-to-zeros", link="/dev/zero", marks=NOTHING, says="a link to somewhere else"),
    Attack("=1+cmd|'calc'!A1", {"q1": BODY + "    return x"}),
    Attack("@SUM(A1)", {"q1": BODY + "    return x"}),
    Attack("<script>alert(1)<", marks=FULL),
    Attack("n" * 249, marks=FULL),
    Attack("\x01\x1b[31m" * 40, marks=FULL),
    Attack("a~b", marks=FULL),
    Attack("\u202egnp.exe", marks=FULL),
)  # fmt: skip
