"""A headless Chromium by its DevTools protocol over two pipes; Python's library only."""

import base64
import json
import os
import select
import shutil
import subprocess
import time


class Page:
    """One tab. Notes every console message, exception and request."""

    def __init__(self, program, scratch):
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def take_pipes():
            # The browser reads from descriptor 3 and writes to 4; both may be in the way.
            read, write = os.dup(to_browser), os.dup(from_browser)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.downloads = os.path.join(scratch, "downloads")
        os.makedirs(self.downloads)
        self._process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--lang=en",
             "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
             f"--user-data-dir={scratch}/profile", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=take_pipes, env={**os.environ, "HOME": scratch})
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._next = 0
        self.trouble = []  # Console errors and warnings, exceptions, what the policy refused.
        self.requests = []
        self.downloaded = []
        self._session = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send(
            "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)
        self.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=self.downloads,
                  eventsEnabled=True, browser=True)

    def close(self):
        try:
            self.send("Browser.close", browser=True)
            self._process.wait(20)
        except Exception:
            self._process.kill()
            self._process.wait()

    def send(self, method, browser=False, **parameters):
        self._next += 1
        number = self._next
        message = {"id": number, "method": method, "params": parameters}
        if self._session and not browser:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = self._read(deadline)
            if answer is not None and answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
        raise TimeoutError(method)

    def _read(self, deadline):
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return None
            part = os.read(self._in, 1 << 16)
            if not part:
                raise RuntimeError("the browser ended")
            self._buffer += part
        text, self._buffer = self._buffer.split(b"\0", 1)
        message = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method, given):
        if method == "Runtime.consoleAPICalled" and given["type"] in ("error", "warning", "assert"):
            self.trouble.append(" ".join(str(a.get("value", a.get("description"))) for a in given["args"]))
        elif method == "Runtime.exceptionThrown":
            details = given["exceptionDetails"]
            self.trouble.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and given["entry"]["level"] in ("error", "warning"):
            self.trouble.append(given["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
        elif method == "Browser.downloadProgress" and given["state"] == "completed":
            self.downloaded.append(given["guid"])

    def evaluate(self, script):
        """The value of a JavaScript expression; promises are waited for."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True,
                           awaitPromise=True, userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, script, seconds=40):
        """Until the expression is true."""
        deadline = time.monotonic() + seconds
        while not self.evaluate(script):
            if time.monotonic() > deadline:
                raise TimeoutError(f"never true: {script}; {self.trouble}")
            time.sleep(0.05)

    def open(self, path):
        self.send("Page.navigate", url="file://" + path)
        self.wait("document.readyState === 'complete' && location.protocol === 'file:'")

    def download(self, click):
        """The bytes of the file that the script's click brings."""
        before = len(self.downloaded)
        self.evaluate(click)
        deadline = time.monotonic() + 20
        while len(self.downloaded) == before:
            if time.monotonic() > deadline:
                raise TimeoutError("no download")
            self._read(time.monotonic() + 0.2)
        files = sorted(os.scandir(self.downloads), key=lambda entry: entry.stat().st_mtime_ns)
        with open(files[-1].path, "rb") as file:
            return files[-1].name, file.read()

    def key(self, name):
        code = {"Tab": 9, "Enter": 13}[name]
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if name == "Enter" and kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=name, code=name,
                      windowsVirtualKeyCode=code, **text)

    def drag(self, start, end):
        x, y = start
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.send("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left",
                  clickCount=1)
        for part in range(1, 6):
            self.send("Input.dispatchMouseEvent", type="mouseMoved", button="left", buttons=1,
                      x=x + (end[0] - x) * part / 5, y=y + (end[1] - y) * part / 5)
        self.send("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1],
                  button="left", clickCount=1)

    def media(self, scheme="light", kind=""):
        self.send("Emulation.setEmulatedMedia", media=kind,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def size(self, width, height):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def picture(self, path):
        """The whole page as a PNG file; returns its bytes."""
        box = self.send("Page.getLayoutMetrics")["cssContentSize"]
        data = self.send("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": box["width"],
                               "height": min(box["height"], 12000), "scale": 1})["data"]
        return self._save(path, data)

    def paper(self, path):
        """The page as a PDF file; returns its bytes."""
        return self._save(path, self.send("Page.printToPDF", printBackground=True)["data"])

    @staticmethod
    def _save(path, data):
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
        return base64.b64decode(data)


def find_chromium():
    """Name of an installed Chromium, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None
