"""A headless Chromium over its DevTools pipe: no driver and no further package is needed."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
WIRED = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""  # Chromium listens to descriptor 3 and speaks through 4
PATIENCE_SECONDS = 60
KEYS = {  # the code that Windows gives them, and what they type
    "Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), "ArrowLeft": (37, ""),
    "ArrowRight": (39, ""),
}  # fmt: skip


class Page:
    """One tab. ``complaints`` are the console's errors and warnings, and what was not loaded."""

    def __init__(self, answers: int, questions: int) -> None:
        """Take the two ends of the pipe, and open a tab."""
        self._answers, self._questions, self._rest = answers, questions, b""
        self._number = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        self.requested: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Send one command and wait for its answer; what happens meanwhile is noted."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": arguments}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._questions, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._next()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard["error"]
                return dict(heard["result"])

    def open(self, file: Path, *, width: int, is_dark: bool = False) -> None:
        """Open a file at a width in CSS pixels, and wait until it is laid out."""
        self.visit(file.resolve().as_uri(), width=width, is_dark=is_dark)

    def visit(self, url: str, *, width: int, is_dark: bool = False) -> None:
        """Open an address likewise."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=844, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.value("window.isGone = true")
        gone = self.ask("Page.navigate", url=url)
        assert "errorText" not in gone, gone
        self.wait_for("document.readyState === 'complete' && !window.isGone")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression of JavaScript is true.

        Raises:
            TimeoutError: it never is.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if self.value(f"Boolean({expression})"):
                return
            time.sleep(0.02)
        raise TimeoutError(f"{expression} was not true in {PATIENCE_SECONDS} s")

    def choose_files(self, selector: str, files: Sequence[Path]) -> None:
        """Give files to an input, as a person does in the dialog that it opens."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        names = [str(file.resolve()) for file in files]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=names)

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript gives in the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def click(self, selector: str) -> None:
        """Press and release the left button in the middle of what a selector finds first."""
        x, y = self.value(
            f"(e => {{ e.scrollIntoView({{block: 'center', behavior: 'instant'}}); "
            "const r = e.getBoundingClientRect(); "
            "return [r.x + r.width / 2, r.y + r.height / 2]; })"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )  # fmt: skip

    def press(self, key: str, *, code: int = 0) -> None:
        """Press and release a key.

        Args:
            key: Its name in JavaScript, such as "3", "Enter" or "ArrowRight".
            code: Its number, where ``KEYS`` does not have it and it writes nothing.
        """
        usual = code or ord(key.upper()[0]), key if len(key) == 1 else ""
        number, text = KEYS.get(key, usual)
        named = {"key": key, "windowsVirtualKeyCode": number} | (
            {"code": key} if key in KEYS else {}
        )
        typed = {"text": text} if text else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **named, **typed)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **named)

    def screenshot(self, file: Path, selector: str = "html") -> bytes:
        """A PNG of one element, or of all of the page, also written to a file."""
        box = self.value(
            f"(r => [r.x + scrollX, r.y + scrollY, r.width, r.height])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        clip = dict(zip(("x", "y", "width", "height"), box, strict=True)) | {"scale": 1}
        shot = self.ask("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        content = base64.b64decode(shot["data"])
        file.write_bytes(content)
        return content

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._answers, 1 << 16)
            assert more, "the browser has ended"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        heard: dict[str, Any] = json.loads(line)
        self._note(heard.get("method", ""), heard.get("params", {}))
        return heard

    def _note(self, method: str, what: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requested.append(what["request"]["url"])
        elif method == "Log.entryAdded" and what["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(what["entry"]["text"])
        elif method in {"Runtime.exceptionThrown", "Runtime.consoleAPICalled"}:
            self.complaints.append(json.dumps(what)[:2000])


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """A tab of a browser of its own, with an empty profile.

    Args:
        profile: A new folder.
    """
    assert CHROMIUM is not None
    to_browser, questions = os.pipe()
    answers, from_browser = os.pipe()

    process = subprocess.Popen(
        [sys.executable, "-c", WIRED, str(to_browser), str(from_browser),
         CHROMIUM, *FLAGS, f"--user-data-dir={profile}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        pass_fds=(to_browser, from_browser),
    )  # fmt: skip
    os.close(to_browser)
    os.close(from_browser)
    try:
        yield Page(answers, questions)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        os.close(questions)
        os.close(answers)
