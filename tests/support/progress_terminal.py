"""The line about progress on a terminal: python3 progress_terminal.py IMPACT.

Inputs of growing length at the prompt. One of less than a second shows no line, however long the
prompt has been open; of a long one the line is gone before anything is printed.
"""
import os
import pty
import select
import sys
import time

CLEAR = b"\r\x1b[K"
failures = 0


def fail(text):
    global failures
    failures += 1
    print("FAILED: " + text)


unread = b""


def read_until(fd, mark, seconds):
    """What the program writes up to the mark."""
    global unread
    end = time.monotonic() + seconds
    while mark not in unread and time.monotonic() < end:
        if select.select([fd], [], [], 0.05)[0]:
            unread += os.read(fd, 65536)
    if mark not in unread:
        fail("no %r within %d s in %r" % (mark, seconds, unread[-300:]))
    seen, found, unread = unread.partition(mark)
    return seen + found


def main(program):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", NO_COLOR="1")
        os.execv(program, [program])
    read_until(fd, b"impact> ", 20)
    time.sleep(1.2)
    shown = False
    rows = 2000
    for step in range(1, 40):
        code = (
            "xs = {} for i = 1, %d do xs[i] = i end t = frame { { 'x', xs } } "
            "n = t:sql('select count(*) as n from self a, self b where (a.x * b.x) %% 7 = 3')"
            ":column_values('n')[1] print('an' .. 'swer%d ' .. n)\r" % (rows, step)
        )
        start = time.monotonic()
        os.write(fd, code.encode())
        seen = read_until(fd, b"answer%d " % step, 60)
        elapsed = time.monotonic() - start
        at = seen.find(b"\r\x1b[Ktables")
        at = at if at >= 0 else seen.find(b"tables")
        shown = at >= 0
        if shown and elapsed < 0.95:
            fail("progress after %.2f s of an input" % elapsed)
        if shown:
            answer = seen.find(b"answer%d" % step)
            if not seen[:answer].endswith(CLEAR):
                fail("output stands in the line about progress: %r" % seen[-80:])
            break
        if failures or elapsed > 30:
            break
        rows = int(rows * 1.25)
        read_until(fd, b"impact> ", 20)
    if not shown and not failures:
        fail("an input of half a minute shows no progress")
    os.write(fd, b"\x04")
    os.close(fd)
    os.waitpid(pid, 0)
    return 1 if failures else 0


sys.exit(main(sys.argv[1]))
