"""The prompt in terminals of its own: settings of the wrong type, signals, keys, odd terminals.

Usage: prompt_terminal.py PROGRAM; HOME is a folder made for this.
"""

import json
import os
import pty
import re
import select
import signal
import stat
import sys
import termios
import time

PROGRAM = sys.argv[1]
PATIENCE = 20
failures = 0


def fail(text):
    global failures
    failures += 1
    print(f"FAILED: {text}")


class Terminal:
    """A program in a terminal; `said` is what it wrote since the last look."""

    def __init__(self, *command, **environment):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", **environment})
            os.execvp(command[0], command)
        self.said = b""
        self.all = b""

    def look(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.master, 65536)
        except OSError:
            return False
        self.said += got
        self.all += got
        return bool(got)

    def expect(self, name, pattern):
        until = time.monotonic() + PATIENCE
        while not re.search(pattern, self.said, re.DOTALL):
            if not self.look(0.2) and time.monotonic() > until:
                fail(f"{name}: no {pattern!r} in {self.said[-600:]!r}")
                return False
        return True

    def rest(self, seconds=0.3):
        """What it says until it is silent for so long; forgets it."""
        while self.look(seconds):
            pass
        said, self.said = self.said, b""
        return said

    def type(self, keys):
        self.said = b""
        os.write(self.master, keys)

    def modes(self):
        return termios.tcgetattr(self.master)

    def raw(self):
        return not self.modes()[3] & (termios.ICANON | termios.ECHO)

    def wait_raw(self, name, raw):
        until = time.monotonic() + PATIENCE
        while self.raw() != raw:
            self.look(0.05)
            if time.monotonic() > until:
                fail(f"{name}: the terminal is {'cooked' if raw else 'raw'}")
                return False
        return True

    def end(self):
        """The status of its end: it is asked with Ctrl-D, then killed."""
        until = time.monotonic() + PATIENCE
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            self.look(0.05)
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
        while self.look(0):
            pass
        os.close(self.master)
        return status


def prompt(**environment):
    terminal = Terminal(PROGRAM, "--quiet", **environment)
    terminal.expect("open", rb"impact>")
    return terminal


def leave(name, terminal):
    terminal.type(b"\x03")
    terminal.rest(0.2)
    terminal.type(b"\x04")
    if terminal.end() != 0:
        fail(f"{name}: it does not leave at Ctrl-D")


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def settings():
    folder = os.path.join(os.environ["HOME"], ".config", "impactlytics")
    os.makedirs(folder)
    file = os.path.join(folder, "prompt.json")
    with open(file, "w", encoding="utf-8") as out:
        out.write('{"pager": true, "tips": ["off"], "time": null}')
    terminal = prompt()
    terminal.type(b"print(6 * 7)\r")
    terminal.expect("settings of another type", rb"42\r\n")
    terminal.type(b".set tips off\r")
    terminal.rest()
    leave("settings", terminal)
    with open(file, encoding="utf-8") as kept:
        if json.load(kept)["tips"] != "off":
            fail("a choice is not kept")
    if mode_of(file) != 0o600:
        fail(f"prompt.json may be read by others: {mode_of(file):o}")
    history = os.path.join(os.environ["HOME"], ".local", "state", "impactlytics", "history")
    if mode_of(history) != 0o700:
        fail(f"the folder of histories is open to others: {mode_of(history):o}")


for part in [settings]:
    part()
    print(f"{part.__name__}: done")
sys.exit(failures > 0)
