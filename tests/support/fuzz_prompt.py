"""Keys at random, in a terminal of its own: the prompt must still answer. Seeded; ends by itself.

Usage: fuzz_prompt.py PROGRAM [SECONDS]
"""

import os
import pty
import random
import select
import sys
import time

WORDS = [
    b"t.", b"t:", b"stats.", b"{ ", b" }", b"(", b")", b'"', b"'", b"[[", b"--", b"local x = 1", b"end", b"1 + 1",
    b"\t", b"\t\t", b"\r", b"\n", b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1b[F", b"\x1b[3~",
    b"\x1b[200~", b"\x1b[201~", b"\x1b[200~a = 1\nb = 2\x1b[201~", b"\x7f", b"\x15", b"\x0b", b"\x17", b"\x19", b"\x12",
    b"\x07", b"\x0c", b"\x1b", "é漢🙂".encode(), b"\xff\xc3", b"?csv\r", b".who\r", b".help\r", b"frame { { 'x', { 1 } } }\r",
]


def drain(master, seconds):
    """What the program says until it is silent for so long."""
    said = b""
    while select.select([master], [], [], seconds)[0]:
        try:
            got = os.read(master, 65536)
        except OSError:
            return said, False
        if not got:
            return said, False
        said += got
    return said, True


def main():
    program = sys.argv[1]
    end = time.monotonic() + float(sys.argv[2] if len(sys.argv) > 2 else 15)
    rng = random.Random(7)
    rounds = 0
    while time.monotonic() < end and rounds < 40:
        rounds += 1
        pid, master = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execv(program, [program, "--quiet"])
        alive = drain(master, 0.5)[1]
        for _ in range(60):
            if rng.random() < 0.7:
                keys = rng.choice(WORDS)
            else:
                # Neither Ctrl-C nor Ctrl-D nor Ctrl-\: those may end it.
                keys = bytes(b for b in rng.randbytes(6) if b not in (3, 4, 28))
            os.write(master, keys)
            said, alive = drain(master, 0.002)
            if not alive:
                print(f"round {rounds}: it ended after {keys!r}: {said[-500:]!r}")
                return 1
        os.write(master, b"\x11\x1b[201~")  # Ctrl-Q: a Ctrl-S while something ran froze the terminal.
        drain(master, 0.1)
        os.write(master, b"\x07\x03")
        drain(master, 0.2)
        os.write(master, b"\x03")
        drain(master, 0.2)
        os.write(master, b"print('answer', 6 * 7)\r")
        said, until = b"", time.monotonic() + 20
        while b"answer" not in said.split(b"\n", 1)[-1] and alive and time.monotonic() < until:
            more, alive = drain(master, 0.2)
            said += more
        if b"answer\t42" not in said and b"answer  42" not in said.replace(b"\x1b[8C", b"  "):
            print(f"round {rounds}: no answer: {said[-800:]!r}")
            return 1
        os.write(master, b"\x15\x04")
        drain(master, 0.3)
        os.close(master)
        status = os.waitpid(pid, 0)[1]
        if status != 0:
            print(f"round {rounds}: it ended with status {status}")
            return 1
    print(f"{rounds} rounds of keys at random")
    return 0


sys.exit(main())
