"""Runs a page of the documentation in the current folder.

A block ```lua whose first line is "-- folder/name.lua" becomes that file. In a block ```console
every "$ command" runs, in one shell for the whole page, and must print the lines below it. "..."
stands for any lines or, inside a line, for any text; digits of hashes and times may differ.
"""

import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
MARK = "\x1e"


def plain(line):
    line = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", line.rstrip())
    return re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b", "HASH", line)


def pattern(expected):
    """Lines as they must be; "..." alone takes any number of lines."""
    out = ""
    for line in expected:
        if line.strip() == "...":
            out += r"(?:.*\n)*?"
        else:
            out += ".*".join(re.escape(part) for part in plain(line).split("...")) + r"\n"
    return out


def commands_of(text):
    for line in text.splitlines():
        if line.startswith("$ "):
            yield [line[2:], []]
        elif line.strip():
            yield [None, line]


def main(page):
    steps = []  # (command, expected lines); files are written on the way.
    script = []
    for kind, text in BLOCK.findall(pathlib.Path(page).read_text(encoding="utf-8")):
        if kind == "lua":
            name = re.match(r"-- ([\w./-]+\.lua)", text)
            if not name:
                continue
            script.append(f"mkdir -p $(dirname {name[1]}); cat >{name[1]} <<'END_OF_FILE'\n"
                          f"{text}END_OF_FILE")
        elif kind == "console":
            for command, line in commands_of(text):
                if command is None:
                    steps[-1][1].append(line)
                    continue
                script.append(f"printf '{MARK}'\n( exit ${{status:-0}} )\n{command}\nstatus=$?")
                steps.append((command, []))
    done = subprocess.run(["bash", "-c", "\n".join(script)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    outputs = done.stdout.split(MARK)[1:]
    failures = 0
    for (command, expected), output in zip(steps, outputs):
        got = "".join(plain(line) + "\n" for line in output.splitlines() if line.strip())
        if not re.fullmatch(pattern(expected), got):
            failures += 1
            print(f"$ {command}\nthe page says:\n" + "\n".join(expected) + f"\nit printed:\n{got}")
    print(f"{page}: {len(steps)} commands, {failures} differ")
    return 1 if failures or len(outputs) != len(steps) else 0


sys.exit(main(sys.argv[1]))
