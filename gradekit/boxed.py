"""Grading: the checks of an exercise run on a student's functions, which live in a box.

The student's code runs in a worker inside bubblewrap (``box``). This process never runs it: it
sends the answer cells and the inputs of a call, gets back plain arrays, and judges them here.

What a forged reply can win. The worker and the student's code share a process, so that code can
find the reply channel and write to it, replace the worker's functions, or lie in any other way.
It gains nothing by that. A reply carries numbers and never a verdict; it is read by a codec that
cannot execute code; the right numbers depend on inputs that are drawn from a secret, differ from
student to student, and reach the box only with the call. So whoever forges the right numbers has
computed them from the inputs, which is what was asked for. A reply that comes too early, too
late, twice, in pieces or not at all costs the forger that answer.

Defended: the marks; the files, network, processes and memory of the machine, as far as bubblewrap
and the limits in ``checks.Limits`` reach. Not defended: a hole in the kernel or in bubblewrap,
which every process on the machine shares; the processor's caches and timing; how fast a machine
is (limits are seconds of the clock, less those in which the worker waits for a processor: so an
answer that needs nearly all of its time may fail on a slow machine, but not on a busy one; where a
worker hardly runs at all, which a submission that gives up its own priority can bring about on a
busy machine, there is no mark at all, and never a better one); memory in the kernel that belongs
to no process (System V segments), unless the grader itself runs under a memory limit; and an
answer that another person wrote.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
from typing import Any

import numpy as np

from .box import NO_ENVIRONMENT, START_SECONDS, Box
from .checks import Failed, NotGraded
from .codec import CodecError, decode, encode
from .fair_clock import Deadline, FairClock


class Died(Exception):
    """The worker is gone; the message says how, as the end of a sentence about an answer."""


class OutOfTime(Died):
    """The worker was stopped because it took too long."""


class Boxed:
    """A back end that calls functions in a box. Use it as a context manager."""

    rng: np.random.Generator

    def __init__(self, box: Box, cells: dict[str, str]):
        self.box, self.cells, self.limits = box, dict(cells), box.exercise.limits
        self.troubles: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self._lost: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._count = 0
        self._again: set[str] = set()
        self._clock = FairClock()
        self._end = self._clock.deadline(self.limits.total_seconds)
        self._over = f"was not done after the submission's {self.limits.total_seconds:g} seconds"

    def __enter__(self) -> Boxed:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def call(self, name: str, *args: Any) -> Any:
        """Call the student's function. Losing the worker costs this answer and no other."""
        if name in self._lost:
            raise Failed(self._lost[name])
        request = {"call": name, "args": [encode(arg) for arg in args]}
        try:
            reply = self._ask(request)
        except OutOfTime as death:  # asking this function again would cost as much time again
            self._lost[name] = f"your {name} {death}"
            raise Failed(self._lost[name]) from None
        except Died as death:
            raise Failed(f"your {name} {death}") from None
        except (OSError, ValueError, MemoryError) as error:  # no process, no memory, no open file
            raise NotGraded(f"the box could not be used ({error or 'no memory'})") from error
        if reply.get("ok") is True:
            try:
                return decode(reply.get("value"))
            except CodecError:
                raise Failed(f"your {name} sent a result that cannot be read") from None
        raise Failed(self._sentence(name, reply))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request, and once more if the worker dies: it may not be this call's fault.

        An earlier call may have broken it, or left an alarm that rings in this one; or the kernel
        ended it for want of memory elsewhere. An exit that Python caught counts as a death too.
        """
        for last in (False, True):
            self._start()
            try:
                reply = self._exchange(request, self.limits.call_seconds)
            except OutOfTime:
                raise
            except Died:
                if last:
                    raise
                continue
            if reply.get("exit") is not True:
                break
            self.stop()
        return reply

    def _sentence(self, name: str, reply: dict[str, Any]) -> str:
        if reply.get("unwritten"):
            return f"your {name} is not written yet"
        if reply.get("missing"):
            why = "; ".join(f"cell {cell} {trouble}" for cell, trouble in self.troubles.items())
            return f"your {name} is not defined" + (f" ({why})" if why else "")
        if "returned" in reply:
            return f"your {name} returned {plain(reply['returned'])}"
        raised = plain(reply.get("raised"))
        hint = " (of the notebook, only the answer cells are run)"
        return f"your {name} raised {raised}{hint * raised.startswith('NameError')}"

    def _start(self) -> None:
        """See that a worker runs and has executed every cell that does not kill it."""
        while self._process is None:
            if not self._end.left():
                raise OutOfTime(self._over)
            self._launch()
            for cell, source in self.cells.items():
                if self.troubles.get(cell, "").startswith("ended"):
                    continue
                try:
                    reply = self._exchange({"cell": source}, self.limits.cell_seconds)
                except Died as death:
                    if cell in self._again or isinstance(death, OutOfTime):
                        self.troubles[cell] = f"ended: it {death}"
                    self._again.add(cell)
                    break
                if reply.get("ok") is not True:
                    raised = "NotImplementedError" if reply.get("unwritten") else "an error"
                    self.troubles[cell] = f"stopped with {plain(reply.get('raised', raised))}"
                elif type(left_out := reply.get("left_out")) is int and left_out > 0:
                    self.notes[cell] = f"left out {left_out} notebook command(s) such as %magic"

    def _launch(self) -> None:
        self._process = subprocess.Popen(
            self.box.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=NO_ENVIRONMENT,
            bufsize=0,
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._unread = b""
        try:  # nothing of the student's has run yet, so what goes wrong here is not theirs
            line = self._line(b"", self._clock.deadline(START_SECONDS))
        except Died as death:
            raise NotGraded(f"a worker {death} before it was ready") from None
        except TimeoutError:
            line = b"nothing"
        if line != b"ready":
            self.stop()
            raise NotGraded(f"a worker did not start as it should within {START_SECONDS} seconds")
        self._clock.follow(self._process.pid)

    def _exchange(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        self._count += 1
        message = json.dumps({"n": self._count, **request}).encode() + b"\n"
        try:
            line = self._line(message, self._clock.deadline(seconds, self._end))
        except TimeoutError:
            self.stop()
            late = f"took longer than {seconds:g} seconds and was stopped"
            raise OutOfTime(late if self._end.left() else self._over) from None
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        # More than one line, or the number of another request: the channel has been tampered with.
        if self._unread or type(reply) is not dict or reply.get("n") != self._count:
            self.stop()
            raise Died("sent a reply that cannot be read")
        return reply

    def _line(self, message: bytes, deadline: Deadline) -> bytes:
        """Write a message and read one line, both in this time, however slowly they trickle."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        writer, reader = process.stdin.fileno(), process.stdout.fileno()
        left, pieces, size = memoryview(message), [], 0
        while wait := deadline.left():
            readable, writable, _ = select.select([reader], [writer] if left else [], [], wait)
            if writable:
                try:
                    left = left[os.write(writer, left[: 1 << 16]) :]
                except BrokenPipeError:
                    left = memoryview(b"")
            if readable:
                piece = os.read(reader, 1 << 20)
                size += len(piece)
                if not piece or size > self.limits.reply:
                    self.stop()
                    ended = "ended its Python process (an exit, a crash or no memory)"
                    raise Died("sent a reply that is too large" if piece else ended)
                pieces.append(piece)
                if b"\n" in piece:
                    line, _, self._unread = b"".join(pieces).partition(b"\n")
                    return line
        raise TimeoutError

    def stop(self) -> None:
        """End the worker and everything in its box."""
        process, self._process = self._process, None
        if process is None:
            return
        self._clock.forget()
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def plain(text: object, most: int = 200) -> str:
    """Text from the box as one printable line of bounded length."""
    line = " ".join(text[: 4 * most].split()) if type(text) is str else "something else"
    line = "".join(c if c.isprintable() else "?" for c in line)
    return line if len(line) <= most else line[: most - 1] + "…"
