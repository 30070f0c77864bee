"""Firefox and WebKit as Debian has them, driven by their own WebDriver, without Playwright.

Both know the same commands. Firefox takes them on a socket of its own (Marionette, for which
geckodriver only translates); WebKit, the engine of Safari, has a small web server for them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

MINIBROWSER = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), Path("/none"))
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver marks an element among values
CONTROL, SHIFT, ENTER = "\ue009", "\ue008", "\ue007"
MINUTE = 60.0
# Firefox is to do nothing by itself. What leaves this machine goes to a proxy that is not there.
PREFERENCES: dict[str, Any] = {
    "marionette.port": 0,
    "app.update.disabledForTesting": True,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
}
CAPABILITIES = {"timeouts": {"script": 60_000, "pageLoad": 60_000, "implicit": 0}}


class Failed(Exception):
    """The browser refused a command."""


def wait_for(what: Callable[[], Any], told: Callable[[], str], seconds: float = MINUTE) -> Any:
    """Ask until the answer is true, and return it."""
    end = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < end, told()
        time.sleep(0.05)
    return answer


class Marionette:
    """Firefox's own socket: a message is its length, a colon, and JSON."""

    def __init__(self, port: int) -> None:
        self.stream = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        self.number = 0
        self.read()  # a greeting

    def read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self.stream.read(1)
        return json.loads(self.stream.read(int(length[:-1])))

    def __call__(self, command: str, **arguments: Any) -> Any:
        self.number += 1
        message = json.dumps([0, self.number, f"WebDriver:{command}", arguments]).encode()
        self.stream.write(b"%d:%b" % (len(message), message))
        self.stream.flush()
        _, _, error, result = self.read()
        if error:
            raise Failed(f"{command}: {error['message']}")
        return result.get("value", result) if isinstance(result, dict) else result


# WebDriver's addresses for the commands that the tests give.
ADDRESSES = {
    "Navigate": "url",
    "Refresh": "refresh",
    "ExecuteScript": "execute/sync",
    "ElementClick": "element/{id}/click",
    "ElementSendKeys": "element/{id}/value",
    "SetWindowRect": "window/rect",
    "SwitchToFrame": "frame",
    "TakeScreenshot": "screenshot",
}


class Http:
    """A session of a WebDriver that is a web server."""

    def __init__(self, port: int, options: dict[str, Any]) -> None:
        self.root = f"http://127.0.0.1:{port}/session"
        answer = self.ask(self.root, {"capabilities": {"alwaysMatch": CAPABILITIES | options}})
        self.root += f"/{answer['sessionId']}"

    def ask(self, address: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=2 * MINUTE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Failed(f"{address}: {error.read().decode()}") from None

    def __call__(self, command: str, **arguments: Any) -> Any:
        address = f"{self.root}/{ADDRESSES[command].format(**arguments)}"
        return self.ask(address, None if command == "TakeScreenshot" else arguments)


class Browser:
    """What a reader does, in either browser."""

    def __init__(self, command: Callable[..., Any]) -> None:
        self.command = command

    def goto(self, address: str) -> None:
        self.command("Navigate", url=address)

    def js(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page."""
        return self.command("ExecuteScript", script=script, args=list(arguments))

    def until(self, expression: str, *arguments: Any, seconds: float = MINUTE) -> Any:
        """Wait until an expression is true in the page."""
        script = f"return ({expression});"
        return wait_for(
            lambda: self.js(script, *arguments),
            lambda: f"never true: {expression}\n{self.js('return document.body.innerText')[:3000]}",
            seconds,
        )

    def find(self, selector: str, name: str = "") -> dict[str, str]:
        """The first visible element of a selector, with this accessible name if one is given."""
        found: dict[str, str] = self.until(
            "[...document.querySelectorAll(arguments[0])].find(e => e.checkVisibility() && "
            "(!arguments[1] || (e.ariaLabel ?? e.textContent).trim() === arguments[1]))",
            selector,
            name,
        )
        return found

    def press(self, name: str = "", selector: str = "button") -> None:
        """Click on what has this name, once it lies where a click reaches it."""
        told = ""

        def clicked() -> bool:
            nonlocal told
            try:
                self.command("ElementClick", id=self.find(selector, name)[ELEMENT])
            except Failed as failed:
                told = str(failed)
                return False
            return True

        wait_for(clicked, lambda: told)

    @contextmanager
    def frame(self, address: str, width: int) -> Iterator[None]:
        """A page in a frame of this width: windows have a least width, frames have none."""
        self.goto(f"{address.rpartition('/')[0]}/")  # anything of the same site
        self.js(
            "document.body.innerHTML = `<iframe width=${arguments[0]} height=800 frameborder=0 "
            "src=${arguments[1]}>`",
            width,
            address,
        )
        self.command("SwitchToFrame", id=self.find("iframe"))
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")
        yield
        self.command("SwitchToFrame", id=None)

    def type(self, element: dict[str, str], *chords: str) -> None:
        """Type into an element; control and the like are held to the end of their chord."""
        for keys in chords:
            self.command("ElementSendKeys", id=element[ELEMENT], text=keys)


def free_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return int(holder.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def process(*command: str, home: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is ended with its children; what it says is kept in a file."""
    environment = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), **variables}
    with (home / f"{Path(command[0]).name}.log").open("wb") as log:
        running = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield running
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)  # it has nothing to keep
            running.wait()


@contextmanager
def firefox() -> Iterator[Browser]:
    """Debian's Firefox."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
        (home / "user.js").write_text("\n".join(lines))
        program = str(shutil.which("firefox-esr"))
        options = ("--headless", "--marionette", "--no-remote", "--profile", folder)
        with process(program, *options, home=home):
            port = home / "MarionetteActivePort"
            wait_for(lambda: port.exists() and port.read_text(), lambda: "Firefox did not start")
            command = Marionette(int(port.read_text()))
            command("NewSession", **CAPABILITIES)
            yield Browser(command)


@contextmanager
def webkit() -> Iterator[Browser]:
    """WebKit's small browser, on a screen that nobody sees."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        home = Path(folder)
        seen, told = os.pipe()
        screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(told), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
            pass_fds=[told], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(screen.wait)
        stack.callback(screen.terminate)
        os.close(told)
        with os.fdopen(seen) as display:
            number = display.readline().strip()
        port = free_port()
        driver = process(
            "WebKitWebDriver", f"--port={port}", home=home, DISPLAY=f":{number}",
            LIBGL_ALWAYS_SOFTWARE="1", NO_AT_BRIDGE="1",
        )  # fmt: skip
        stack.enter_context(driver)
        wait_for(lambda: listens(port), lambda: "WebKitWebDriver did not start")
        options = {"binary": str(MINIBROWSER), "args": ["--automation"]}
        yield Browser(Http(port, {"webkitgtk:browserOptions": options}))
