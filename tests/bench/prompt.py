"""How long until the prompt is ready, Tab answers on a table of 1,000 columns, 1,000,000 rows are shown, and Ctrl-C is obeyed.

Usage: prompt.py PROGRAM [REPETITIONS]
Times are medians as seen through a terminal of its own; a plain interpreter (lua5.4, python3 -q) is timed for comparison.
"""

import os
import pty
import select
import shutil
import statistics
import sys
import tempfile
import time


class Terminal:
    def __init__(self, arguments):
        self.started = time.monotonic()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.environ["NO_COLOR"] = "1"
            os.execvp(arguments[0], arguments)

    def until(self, wanted, limit=60.0):
        """Seconds until the bytes appear."""
        said, begun = b"", time.monotonic()
        while wanted not in said:
            left = begun + limit - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise SystemExit(f"no {wanted!r} within {limit} s: {said[-500:]!r}")
            said += os.read(self.master, 65536)
        return time.monotonic() - begun

    def send(self, text):
        os.write(self.master, text)

    def end(self):
        os.write(self.master, b"\x15\x04")
        time.sleep(0.05)
        os.close(self.master)
        os.waitpid(self.pid, 0)


def ready(arguments, prompt, times):
    seconds = []
    for _ in range(times):
        terminal = Terminal(arguments)
        terminal.until(prompt)
        seconds.append(time.monotonic() - terminal.started)
        terminal.end()
    return statistics.median(seconds)


def asked(terminal, text, answer, times, prepare=None):
    seconds = []
    for _ in range(times):
        if prepare:
            terminal.send(prepare)
            time.sleep(0.3)
        terminal.send(text)
        seconds.append(terminal.until(answer))
        terminal.send(b"\x03")
        terminal.until(b"impact> ")
    return statistics.median(seconds)


def main():
    program = os.path.abspath(sys.argv[1])
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    os.environ["HOME"] = tempfile.mkdtemp()
    os.chdir(os.environ["HOME"])
    rows = [("prompt ready", ready([program, "--quiet"], b"impact> ", times))]
    for peer, prompt in (("lua5.4", b"> "), ("python3", b">>> ")):
        if shutil.which(peer):
            rows.append((f"  {peer} for comparison", ready([peer], prompt, times)))
    terminal = Terminal([program, "--quiet"])
    terminal.until(b"impact> ")
    terminal.send(b"local c = {} for i = 1, 1000 do c[i] = { 'column_' .. i, { i } } end wide = frame(c)\r")
    terminal.until(b"impact> ")
    rows.append(("Tab on 1,000 columns", asked(terminal, b"wide.column_99\t\t", b"column_999", times)))
    terminal.send(b"long = sql('SELECT range AS id, range * 0.5 AS half FROM range(1000000)', {}):collect()\r")
    terminal.until(b"impact> ")
    rows.append(("echo of 1,000,000 rows", asked(terminal, b"long\r", b"1,000,000 rows", times)))
    rows.append(("Ctrl-C in Lua", asked(terminal, b"\x03", b"interrupted", times, b"while true do end\r")))
    query = b"sql('SELECT count(*) AS n FROM range(3000000) a, range(300000) b WHERE a.range > b.range', {}):rows()\r"
    rows.append(("Ctrl-C in the engine", asked(terminal, b"\x03", b"interrupted", times, query)))
    terminal.end()
    for name, seconds in rows:
        print(f"{name:28} {1000 * seconds:8.1f} ms")


main()
