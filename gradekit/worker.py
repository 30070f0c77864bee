"""Runs inside the box: executes the answer cells, and calls functions when the grader asks.

One request a line on standard input, one reply a line on what was standard output; both are moved
away before any cell runs, and what the cells print goes nowhere. Everything here shares a process
with the student's code, so none of it can be trusted from outside: see ``boxed``.

Not imported by the rest of the package; it is copied into the box beside ``codec.py``.
"""

from __future__ import annotations

import ast
import json
import os
import re
import resource
import sys
from typing import Any

SETUP = json.loads(sys.argv[1])
sys.path[:0] = ["/box", *SETUP["site"]]

from codec import CodecError, build, decode, encode  # type: ignore[import-not-found]  # noqa: E402


def limit() -> None:
    """Lower the limits of this process for good; an unprivileged process cannot raise them."""
    caps = {
        resource.RLIMIT_AS: SETUP["memory"],
        resource.RLIMIT_FSIZE: SETUP["disk"] // 4,
        resource.RLIMIT_CPU: SETUP["cpu"],
        resource.RLIMIT_NPROC: 0,  # no further process or thread
        resource.RLIMIT_NOFILE: 32,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for what, most in caps.items():
        resource.setrlimit(what, (most, most))


COMMAND = re.compile(r"[%!?]|[\w.*]+\?\??$")


def python_of(source: str) -> tuple[str, int]:
    """Take the notebook commands (``%magic``, ``!command``, ``help?``) out of a cell.

    They are lines at which Python stops; another line may begin with % and be a formula. Returns
    the source, and how many were left out.
    """
    for left_out in range(100):
        try:
            ast.parse(source)
            return source, left_out
        except SyntaxError as error:
            lines = re.split(r"\r\n?|\n", source)  # the lines that Python counts
            at = (error.lineno or 0) - 1
            line = lines[at].strip() if 0 <= at < len(lines) else ""
        if not COMMAND.match(line):
            break
        lines[at] = lines[at][: len(lines[at]) - len(lines[at].lstrip())] + "pass"
        source = "\n".join(lines)
    return source, left_out


def describe(error: BaseException) -> str:
    """One line on an exception."""
    where = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return (type(error).__name__ + (f": {text}{where}" if text else ""))[:300]


def answer(request: dict[str, Any], space: dict[str, Any]) -> dict[str, Any]:
    """Do what one request asks; whatever the student's code raises becomes part of the reply."""
    try:
        if "cell" in request:
            source, left_out = python_of(request["cell"])
            exec(compile(source, "<answer>", "exec", dont_inherit=True), space)
            return {"ok": True, "left_out": left_out}
        if not callable(space.get(request["call"])):
            return {"ok": False, "missing": True}
        args = [build(decode(arg, sources=True)) for arg in request["args"]]
        value = space[request["call"]](*args)
    except NotImplementedError:
        return {"ok": False, "unwritten": True}
    except BaseException as error:
        # SystemExit and its like: the process was to end, and is not to be used again.
        return {"ok": False, "raised": describe(error), "exit": not isinstance(error, Exception)}
    try:
        return {"ok": True, "value": encode(value)}
    except CodecError as error:
        return {"ok": False, "returned": str(error)[:300]}


def main() -> None:
    """Answer requests until there are no more."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    limit()
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP["preamble"], space)  # while what it complains about can still be read
    nowhere = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    replies.write(b"ready\n")
    replies.flush()
    for line in requests:
        request = json.loads(line)
        reply = {"n": request["n"], **answer(request, space)}
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


if __name__ == "__main__":
    main()
