"""A headless Chromium over its debugging pipe: pages are opened, measured, asked and photographed.

Law: only tests drive it. It keeps its profile in the folder it is given, resolves no name, and is stopped with its `with` block.
The subtle thing: what a page says (console), asks for (requests) and breaks (exceptions, policy) is collected from before the
page is opened, so nothing that happens while it loads is missed.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Browser", "Page", "find_chromium"]

_DEADLINE = 60.0
_OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def find_chromium() -> str | None:
    """The program, if this machine has it."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass
class Page:
    """What one page did while it was open, and how much of a processor it took to load, in seconds.

    `requests` are the addresses it asked for, without those that its own policy refused before anything was sent.
    """

    session: str
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    busy_s: float = 0.0


class Browser:
    """One Chromium with one page at a time."""

    def __init__(self, program: str, profile: Path) -> None:
        self._command = [program, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        self._number = 0
        self._left = b""
        self._target = ""
        self._asked: dict[str, str] = {}
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        # The browser reads commands from descriptor 3 and writes to 4; both ends move there in a shell that becomes it.
        move = f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}'
        self._process = subprocess.Popen(
            ["bash", "-c", move, *self._command],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def open(self, address: str, *, width: int = 1400, height: int = 1000, **features: str) -> Page:
        """Open a page in the place of the one before, and wait until it is shown.

        Args:
            address: of the page.
            width: of the window; below 600 it is a phone's.
            height: of the window.
            features: of the media, as `prefers_color_scheme="dark"`.
        """
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        if self._target:
            self.call("Target.closeTarget", targetId=self._target)
        self._target = target
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable", session)
        self.call("Performance.enable", session, timeDomain="threadTicks")
        self.size(page, width, height)
        media = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", session, features=media)
        self._events.clear()
        self.call("Page.navigate", session, url=address)
        self._until(lambda event: event.get("method") == "Page.loadEventFired")
        self.ask(page, "new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
        metrics = self.call("Performance.getMetrics", session)["metrics"]
        page.busy_s = next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")
        self.note(page)
        return page

    def size(self, page: Page, width: int, height: int) -> None:
        """Make the window so large."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", page.session, **metrics)

    def ask(self, page: Page, script: str) -> Any:
        """The value of an expression, waited for if it is a promise.

        Raises:
            RuntimeError: it threw.
        """
        said = self.call("Runtime.evaluate", page.session, expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in said:
            raise RuntimeError(json.dumps(said["exceptionDetails"]))
        return said["result"].get("value")

    def press(self, page: Page, key: str, text: str = "") -> None:
        """A key goes down and up."""
        code = {"Tab": 9, "Enter": 13, " ": 32}.get(key, 0)
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code, **({"text": text} if text else {})}
        self.call("Input.dispatchKeyEvent", page.session, type="keyDown", **about)
        self.call("Input.dispatchKeyEvent", page.session, type="keyUp", **about)

    def photograph(self, page: Page, *, whole: bool = False) -> bytes:
        """A PNG of the window, or of the whole page."""
        shot = self.call("Page.captureScreenshot", page.session, format="png", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])

    def print(self, page: Page) -> bytes:
        """The page as a PDF."""
        return base64.b64decode(self.call("Page.printToPDF", page.session, printBackground=True)["data"])

    def note(self, page: Page) -> None:
        """Take down what the page has said and asked for until now."""
        for event in self._events:
            about = event.get("params", {})
            match event.get("method"):
                case "Runtime.consoleAPICalled":
                    page.console.append(
                        " ".join(str(each.get("value", each.get("description"))) for each in about["args"])
                    )
                case "Runtime.exceptionThrown":
                    page.console.append(json.dumps(about["exceptionDetails"]))
                case "Log.entryAdded":
                    page.console.append(f"{about['entry']['level']}: {about['entry']['text']}")
                case "Network.requestWillBeSent":
                    page.requests.append(about["request"]["url"])
                    self._asked[about["requestId"]] = about["request"]["url"]
                case "Network.loadingFailed" if about.get("blockedReason") == "csp":
                    page.requests.remove(self._asked.pop(about["requestId"]))
                case _:
                    pass
        self._events.clear()

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """One command and its answer.

        Raises:
            RuntimeError: it was refused.
        """
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            command["sessionId"] = session
        os.write(self._write, json.dumps(command).encode() + b"\0")
        answer = self._until(lambda event, number=self._number: event.get("id") == number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _until(self, wanted: Any) -> dict[str, Any]:
        """The first message that is wanted; events before it are kept."""
        end = time.monotonic() + _DEADLINE
        while True:
            event = self._message(end)
            if wanted(event):
                return event
            self._events.append(event)

    def _message(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._left:
            if not select.select([self._read], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError("chromium does not answer")
            data = os.read(self._read, 1 << 20)
            if not data:
                raise ConnectionError("chromium has ended")
            self._left += data
        message, _, self._left = self._left.partition(b"\0")
        event: dict[str, Any] = json.loads(message)
        return event
