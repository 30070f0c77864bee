"""The box: how the worker is started so that the student's code in it can do no harm.

Inside there is the system's /usr and one Python, both read-only; the packages an exercise allows,
and no other; the two files of the worker; a small /tmp, which is also the home; a /proc and a /dev
of its own. No network, no environment, no way to a new process, to more memory than agreed or to
new namespaces, and no privilege. The book, its exercises, other submissions and the secret are not
there to be found.

An ordinary user needs user namespaces, which bubblewrap uses. Where the grader runs as root, the
worker gets a real user id of its own (root's processes escape the limit on processes), another
one for every box, and then the same user namespace as above.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .checks import Exercise, NotGraded
from .masking import masked_copy
from .scratch import scratch

HERE = Path(__file__).resolve().parent
# bwrap's own process stays in the box as pid 1 and shows its environment there: so it gets none.
NO_ENVIRONMENT = {"LANG": "C.UTF-8"}
START_SECONDS = 60


@dataclass(frozen=True)
class Box:
    """Everything needed to start workers for one exercise; plain data, so it can be sent about."""

    exercise: Exercise
    masked: tuple[tuple[str, str], ...] = ()

    def command(self) -> list[str]:
        """The command line of one worker."""
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise NotGraded(
                "grading needs bubblewrap, so that submissions run in a box; "
                "on Debian or Ubuntu: sudo apt install bubblewrap"
            )
        python, site, mounts = self._mounts()
        limits = self.exercise.limits
        setup = {
            "site": site,
            "memory": limits.memory,
            "disk": limits.disk,
            "cpu": int(limits.total_seconds) + 1,
            "preamble": self.exercise.preamble,
        }
        worker = [python, "-I", "-S", "-B", "/box/worker.py", json.dumps(setup)]
        shared = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        shared += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--clearenv"]
        shared += ["--hostname", "box", "--setenv", "HOME", "/tmp", "--setenv", "PATH", "/usr/bin"]
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            shared += ["--setenv", name, "1"]
        no_more = ["--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"]
        if os.geteuid() != 0:
            return [bwrap, *no_more, *shared, *mounts, "--", *worker]
        # Root sets up the mounts (its Python may lie where nobody else can look), becomes a user
        # without any capability, and that user closes the door to further namespaces.
        keep = [arg for c in ("SETUID", "SETGID", "SETPCAP") for arg in ("--cap-add", f"CAP_{c}")]
        uid = _spare_uid()
        drop = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs"]
        drop += ["--bounding-set=-all", "--inh-caps=-all"]
        inner = [bwrap, *no_more, "--die-with-parent", "--bind", "/", "/", "--dev-bind", "/dev"]
        inner += ["/dev", "--chdir", "/tmp", "--", *worker]
        return [bwrap, *shared, *mounts, "--cap-drop", "ALL", *keep, "--", *drop, *inner]

    def _mounts(self) -> tuple[str, list[str], list[str]]:
        """The Python to run, its package folders, and the arguments that mount what is needed."""
        python = os.path.realpath(sys.executable)
        prefix = os.path.realpath(sys.base_prefix)
        disk = str(self.exercise.limits.disk)
        mounts = ["--ro-bind", "/usr", "/usr"]
        mounts += ["--perms", "1777", "--size", disk, "--tmpfs", "/tmp", "--chdir", "/tmp"]
        for name in ("bin", "lib", "lib64"):
            if os.path.islink(f"/{name}"):
                mounts += ["--symlink", os.readlink(f"/{name}").lstrip("/"), f"/{name}"]
            elif os.path.isdir(f"/{name}"):
                mounts += ["--ro-bind", f"/{name}", f"/{name}"]
        if not prefix.startswith("/usr"):
            mounts += [*_folders(prefix), "--ro-bind", prefix, prefix]
        # Whatever else is installed on this machine, scorekit perhaps among it, is covered up.
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        base = {"base": prefix, "platbase": prefix}
        installed = {
            sysconfig.get_path("purelib", vars=base),
            sysconfig.get_path("platlib", vars=base),
            f"{prefix}/lib/{version}/site-packages",
            f"{prefix}/lib/{version}/dist-packages",
            "/usr/lib/python3/dist-packages",
            f"/usr/local/lib/{version}",
        }
        covered = [p for p in sorted(installed) if os.path.isdir(p) and p != f"{prefix}/lib"]
        if prefix == "/usr/local":
            covered.remove(f"/usr/local/lib/{version}")
        for path in covered:
            mounts += ["--size", "65536", "--perms", "0755", "--tmpfs", path]
        site, visible = self._packages()
        for source, target in visible:
            mounts += [*_folders(os.path.dirname(target)), "--ro-bind", source, target]
        for path in covered:
            mounts += ["--remount-ro", path]
        for name in ("worker.py", "codec.py"):
            mounts += [*_folders("/box"), "--ro-bind", str(HERE / name), f"/box/{name}"]
        mounts += ["--proc", "/proc", "--dev", "/dev"]
        # Both are file systems in memory without a limit, and would be writable.
        mounts += ["--remount-ro", "/dev", "--remount-ro", "/"]
        return python, site, mounts

    def _packages(self) -> tuple[list[str], list[tuple[str, str]]]:
        masked = dict(self.masked)
        site: list[str] = []
        visible: list[tuple[str, str]] = []
        for name in self.exercise.packages:
            if name in masked:
                folder, sources = "/box/site", {f"/box/site/{name}": masked[name]}
            else:
                spec = importlib.util.find_spec(name)
                if spec is None or spec.origin is None:
                    raise NotGraded(f"the exercise allows {name}, which is not installed")
                package = os.path.dirname(os.path.realpath(spec.origin))
                folder = os.path.dirname(package)
                libs = f"{folder}/{name}.libs"  # where wheels keep their shared libraries
                sources = {p: p for p in (package, libs) if os.path.isdir(p)}
            site += [folder] if folder not in site else []
            visible += [(source, target) for target, source in sources.items()]
        return site, visible


@contextmanager
def box_for(exercise: Exercise) -> Iterator[Box]:
    """Make the box of an exercise, with a copy of scorekit that lacks what the exercise masks."""
    with scratch() as folder:
        yield Box(exercise, masked_packages(exercise, folder))


def masked_packages(exercise: Exercise, folder: Path) -> tuple[tuple[str, str], ...]:
    """Copy into a folder, without what the exercise masks, the packages that hold answers."""
    if "scorekit" not in exercise.packages:
        return ()
    return (("scorekit", str(masked_copy("scorekit", exercise.masked, folder))),)


def try_out(box: Box) -> None:
    """Start one worker and stop it again; raise ``NotGraded`` with the reason if it cannot run."""
    try:
        tried = subprocess.run(
            box.command(), input=b"", capture_output=True, env=NO_ENVIRONMENT, timeout=START_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise NotGraded(
            f"the box for submissions did not start in {START_SECONDS} seconds"
        ) from None
    if tried.stdout != b"ready\n":
        said = tried.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[-1] if said else f"exit status {tried.returncode}"
        raise NotGraded(f"the box for submissions cannot be started: {reason}")


def _folders(path: str) -> list[str]:
    """Make a folder and those above it readable; by itself bwrap makes them for root only."""
    made: list[str] = []
    for folder in [*reversed(Path(path).parents), Path(path)]:
        if str(folder) not in ("/", "/tmp") and not str(folder).startswith("/usr"):
            made += ["--perms", "0755", "--dir", str(folder)]
    return made


def _spare_uid() -> int:
    """Return a user id that no other box has, drawn from so many that two will not meet."""
    first, span = 1 << 30, 1 << 30  # bwrap writes a user id as 31 bits
    with open("/proc/self/uid_map") as lines:
        known = max(int(inside) + int(length) for inside, _, length in map(str.split, lines))
    if known < first + span:  # root of a container that knows fewer users
        first, span = 20_000, known - 20_000
        if span < 1000:
            raise NotGraded("root in this container has too few user ids to give each box its own")
    return first + secrets.randbelow(span)
