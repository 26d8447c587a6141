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
    terminal.wait_raw("open", True)
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


def child_of(pid):
    """The process that it started and waits for."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            pids = children.read().split()
        if pids:
            return int(pids[-1])
        time.sleep(0.02)
    raise TimeoutError("it starts no process")


def in_shell(name, *shell):
    """The prompt as a child of a shell: the terminal outlives it."""
    terminal = Terminal(*shell, PS1="$ ")
    if shell[-1] == "-i":
        terminal.expect(name, rb"\$ ")
        terminal.type(PROGRAM.encode() + b" --quiet\r")
    terminal.expect(name, rb"impact>")
    terminal.wait_raw(name, True)
    return terminal


def ended_by_signals():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        terminal = in_shell(
            number.name, "sh", "-c", f"stty -g; '{PROGRAM}' --quiet; echo status $?; stty -g; read it"
        )
        terminal.type(b"x = 'half")
        terminal.expect(number.name, b"half")
        os.kill(child_of(terminal.pid), number)
        terminal.expect(number.name, rb"status %d\r\n[0-9a-f:]+\r\n" % (128 + number))
        if terminal.all.rfind(b"\033[?2004l") < terminal.all.rfind(b"\033[?2004h"):
            fail(f"{number.name}: pastes stay marked: {terminal.all[-200:]!r}")
        modes = re.findall(rb"[0-9a-f]+(?::[0-9a-f]+){8,}", terminal.all)
        if len(modes) != 2 or modes[0] != modes[1]:
            fail(f"{number.name}: the terminal's modes change: {modes}")
        terminal.type(b"\r")
        terminal.end()


def signals_of_lines():
    # An interrupt from elsewhere gives the line up, however often.
    terminal = prompt()
    for _ in range(4):
        terminal.type(b"nonsense(")
        terminal.expect("SIGINT", rb"nonsense")
        os.kill(terminal.pid, signal.SIGINT)
        terminal.expect("SIGINT", rb"\^C.*impact>")
        terminal.wait_raw("SIGINT", True)
    terminal.type(b"print(6 * 7)\r")
    terminal.expect("after SIGINT", rb"42\r\n")
    leave("SIGINT", terminal)


def stopped_and_continued():
    terminal = in_shell("stop", "bash", "--norc", "--noprofile", "-i")
    child = child_of(terminal.pid)
    for name in ("Ctrl-Z", "SIGTSTP", "SIGSTOP"):
        terminal.type(b"one = 6\x1b[200~\ntwo = 7\nprint(one * two)\x1b[201~\x1b[D")
        terminal.expect(name, rb"print\(one")
        terminal.rest()
        if name == "Ctrl-Z":
            terminal.type(b"\x1a")
        else:
            os.kill(child, getattr(signal, name))
        terminal.expect(name, rb"Stopped.*\$ ")
        said = terminal.rest()
        if name != "SIGSTOP" and b"\033[?2004l" not in said.split(b"Stopped")[0]:
            fail(f"{name}: pastes stay marked: {said!r}")
        # An interactive shell edits, too: what it gives its programs is looked at.
        terminal.type(b"stty -a\r")
        terminal.expect(name, rb"[^-]icanon.*\$ ")
        if re.search(rb"-isig|-icanon|-echo\b|-ixon", terminal.rest()):
            fail(f"{name}: the terminal stays raw")
        terminal.type(b"fg\r")
        terminal.expect(name, rb"impact>.{0,9} one = 6.*two = 7.*print\(one \* two\)")
        terminal.wait_raw(name, True)
        if terminal.rest().count(b"one = 6") != 1:
            fail(f"{name}: the line is drawn twice")
        # The cursor is where it was, before the parenthesis.
        terminal.type(b" + 0\r")
        terminal.expect(name, rb"42\r\n.*impact>")
    # Ended in the background, without a terminal.
    terminal.type(b"\x1a")
    terminal.expect("background", rb"Stopped.*\$ ")
    terminal.rest()
    terminal.type(b"kill %1; fg; stty -a\r")
    terminal.expect("background", rb"[^-]icanon.*\$ ")
    terminal.type(b"exit\r")
    terminal.end()
    # Nobody could continue it: it goes on.
    terminal = prompt()
    terminal.type(b"print(6 *")
    terminal.expect("no shell", rb"6 \*")
    terminal.type(b"\x1a")
    terminal.expect("no shell", rb"impact>.{0,9} print\(6 \*")
    terminal.type(b" 7)\r")
    terminal.expect("no shell", rb"42\r\n")
    leave("no shell", terminal)


def plain_terminals():
    whole = f"'{PROGRAM}' --quiet"
    for name, command in (
        ("TERM=dumb", f"TERM=dumb exec {whole}"),
        ("no TERM", f"unset TERM; exec {whole}"),
        ("| cat", f"{whole} | (trap '' INT; cat)"),
    ):
        terminal = Terminal("bash", "-c", command)
        terminal.expect(name, rb"^impact> ")
        terminal.type(b"for i = 6, 6 do\r")
        terminal.type(b"print('turn', i * 7)\rend\r")
        terminal.expect(name, rb"turn\s+42\r\nimpact> ")
        terminal.type(b"for i = 1, 2 do\r")
        terminal.rest()
        terminal.type(b"nonsense\x03")
        terminal.expect(name, rb"\^C\r\nimpact> ")
        terminal.type(b"while true do end\r")
        time.sleep(0.5)
        terminal.type(b"\x03")
        terminal.expect(name, rb"interrupted\r\nimpact> ")
        terminal.type(b"print(6 * 7)\r")
        terminal.expect(name, rb"\n42\r\nimpact> ")
        terminal.type(b"\x04")
        if terminal.end() != 0 and name != "| cat":
            fail(f"{name}: it does not leave at Ctrl-D")
        if b"\033" in terminal.all:
            fail(f"{name}: an escape sequence: {terminal.all!r}")


def names_that_command():
    # Names of files and columns are listed written out, and never typed.
    for name in ("evil\x1b]0;title\x07.csv", "evil\u202ebidi.csv", "evil\x9b2J.csv", "alone\x1b[2J.csv"):
        with open(name, "w", encoding="utf-8") as out:
            out.write("a,b\n1,2\n")
    terminal = prompt()
    terminal.type(b't = csv "evi\t\t\t')
    terminal.expect("evil files", rb"x1b\]0;title")
    said = terminal.rest()
    for raw in (b"\x1b]0", b"\x07.csv", "\u202e".encode(), "\x9b".encode()):
        if raw in said:
            fail(f"a file's name commands the terminal: {said!r}")
    if rb"\u{202e}" not in said or rb"\u{9b}" not in said:
        fail(f"a file's name is not written out: {said!r}")
    terminal.type(b'\x03t = csv "alo\t\t')
    terminal.expect("one evil file", rb"alone\\x1b\[2J")
    if b"alone\x1b" in terminal.rest():
        fail("a file's name is typed with what commands the terminal")
    terminal.type(b'\x03')
    terminal.rest()
    terminal.type(b"print(6 * 7)\r")
    terminal.expect("after evil files", rb"42\r\n")
    leave("evil files", terminal)


def arrows():
    up, down = b"\x1b[A", b"\x1b[B"
    terminal = prompt()
    for line in (b"first = 6", b"print('single', first * 7)"):
        terminal.type(line + b"\r")
        terminal.expect("arrows", rb"\n.*impact>")
        terminal.rest()
    terminal.type(b"for i = 5, 5 do\rprint('old', i)\rend\r")
    terminal.expect("arrows", rb"old\s+5.*impact>")
    terminal.rest()
    # The text of three lines comes back, and a line in its middle is changed.
    terminal.type(up + 3 * b"\x1b[D" + up + b"print('new', i * 3);" + down + b"\r")
    terminal.expect("arrows in a text", rb"new\s+15.*old\s+5.*impact>")
    terminal.rest()
    # The search looks for what begins alike; back again waits what was typed.
    terminal.type(b"print('s" + up)
    terminal.expect("arrows by beginning", rb"ingle', first")
    terminal.rest()
    terminal.type(down + b"even')\r")
    terminal.expect("what was typed", rb"seven\r\n.*impact>")
    terminal.rest()
    # Beyond the first line of a text of several the walk goes on: two of three lines and one.
    terminal.type(up * 8 + b"\r")
    terminal.expect("beyond a text of lines", rb"single\s+42\r\n")
    terminal.rest()
    leave("arrows", terminal)


for part in [
    settings,
    ended_by_signals,
    signals_of_lines,
    stopped_and_continued,
    plain_terminals,
    names_that_command,
    arrows,
]:
    part()
    print(f"{part.__name__}: done")
sys.exit(failures > 0)
