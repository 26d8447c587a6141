#!/bin/bash
# kill -9 at 200 random moments of the claims study: the run folder is the whole old run, the whole
# new one or absent, the cache stays sound, and the next run resumes with the same bytes. Then two
# runs at once in one folder and one cache.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset IMPACT_DATA
export IMPACT_CACHE=$work/cache TMPDIR=$work/temp WORK=$work
mkdir "$TMPDIR"
python3 - <<'END_OF_PYTHON'
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

WORK = pathlib.Path(os.environ["WORK"])
TEMP = pathlib.Path(os.environ["TMPDIR"])
CACHE = pathlib.Path(os.environ["IMPACT_CACHE"])
STUDY = pathlib.Path(os.environ["IMPACT_SOURCE"]) / "scripts" / "claims"
RUN = WORK / "runs" / "claims"
KILLS = int(os.environ.get("KILLS", 200))
# Builds that check their memory are slow; there the storm is shorter, and says so.
MOST_SECONDS = 150
VARIANTS = ("old", "new", "generated")
chance = random.Random(20240611)


def fail(text):
    print("FAILED:", text)
    sys.exit(1)


def command(variant, out=RUN):
    words = [os.environ["IMPACT"], "run", str(STUDY), "--out", str(out), "--set", "models=false"]
    return words + (["--data", str(WORK / variant)] if variant != "generated" else [])


def start(variant):
    return subprocess.Popen(command(variant), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, label):
    out, err = process.communicate(timeout=120)
    if process.returncode != 0:
        fail(f"{label}: exit code {process.returncode}: {err.decode()}")
    if err:
        fail(f"{label}: said {err.decode()}")
    return out.decode()


def content(folder):
    if not folder.exists():
        return None
    return {str(file.relative_to(folder)): file.read_bytes()
            for file in sorted(folder.rglob("*")) if file.is_file()}


def check_lock(folder, label):
    outputs = json.loads((folder / "study.lock").read_text())["outputs"]
    found = {name: hashlib.sha256(data).hexdigest()
             for name, data in content(folder).items() if name != "study.lock"}
    if found != outputs:
        fail(f"{label}: the files of the run are not those of its lock")


def objects():
    return [file for file in (CACHE / "objects").rglob("*") if file.is_file()]


# Magic, key, size, SHA-256 of the payload, payload: see engine/study/object_store.h.
def check_cache(label):
    for file in objects():
        data = file.read_bytes()
        payload = data[80:]
        sound = (data[:8] == b"IMPOBJ01" and data[8:40].hex() == file.parent.name + file.name and
                 int.from_bytes(data[40:48], "little") == len(payload) and
                 data[48:80] == hashlib.sha256(payload).digest())
        if not sound:
            fail(f"{label}: damaged object {file.name} in the cache")


def check_nothing_left(label):
    left = ([file.name for file in RUN.parent.iterdir() if file != RUN] +
            [file.name for file in TEMP.iterdir()] +
            [file.name for file in (CACHE / "tmp").glob("*")])
    if left:
        fail(f"{label}: left behind: {left}")


# Until the first file of the results is written, or the program has ended.
def wait_for_results(process, out=RUN):
    first = out.parent / f".{out.name}.tmp-{process.pid}" / "results.json"
    while not first.exists() and process.poll() is None:
        time.sleep(0.0005)


def timed(variant, out):
    begin = time.monotonic()
    finish(subprocess.Popen(command(variant, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE),
           f"undisturbed {variant} run")
    return time.monotonic() - begin


# Runs that differ: the generated data as a file, the same with one more view in one row, and made
# anew by the run itself, which takes a scratch folder.
(WORK / "make.lua").write_text('''local S <const> = study "look-alike" { version = "1", seed = 20240611 }
use "generator"(S):write { csv = "tiktok_dataset.csv" }
return S
''')
shutil.copy(STUDY / "generator.lua", WORK)
finish(subprocess.Popen([os.environ["IMPACT"], "run", str(WORK / "make.lua"), "--out",
                         str(WORK / "made"), "--quiet"],
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE), "the generator")
rows = (WORK / "made" / "tiktok_dataset.csv").read_text().split("\n")
cells = rows[1].split(",")
cells[-5] = str(int(cells[-5]) + 1)
for variant, first in (("old", rows[1]), ("new", ",".join(cells))):
    (WORK / variant).mkdir()
    (WORK / variant / "tiktok_dataset.csv").write_text("\n".join([rows[0], first] + rows[2:]))

whole, cold, warm = {}, {}, {}
for variant in VARIANTS:
    out = WORK / "whole" / variant
    shutil.rmtree(CACHE, ignore_errors=True)
    cold[variant] = timed(variant, out)
    warm[variant] = timed(variant, out)
    check_lock(out, f"undisturbed {variant} run")
    whole[variant] = content(out)
if whole["old"]["results.json"] == whole["new"]["results.json"]:
    fail("the two runs do not differ")
node_count = len(json.loads(whole["old"]["study.lock"])["nodes"])
process = start("old")
wait_for_results(process)
writing = time.monotonic()
finish(process, "a run in another place")
writing = time.monotonic() - writing
shutil.rmtree(RUN.parent)
print(f"cold run {cold['old']:.2f} s, warm run {warm['old']:.2f} s, writing {writing:.3f} s")


def state(label):
    found = content(RUN)
    if found is None:
        return None
    for variant, files in whole.items():
        if found == files:
            check_lock(RUN, label)
            return variant
    fail(f"{label}: the folder is no whole run: {sorted(found)}")


# A third of the kills hits a run from an empty cache anywhere; a third one that finds what earlier
# ones left; a third waits for the first file of the results and hits the writing of the folder.
RUN.parent.mkdir()
counts, steps = {"working": 0, "done": 0}, {"absent": 0, "kept": 0, "replaced": 0}
begin, kill = time.monotonic(), 0
while kill < KILLS and time.monotonic() - begin < MOST_SECONDS:
    kill += 1
    kind = chance.choice(["cold", "warm", "writing"])
    variant = chance.choices(VARIANTS, [4, 4, 1])[0]
    label = f"kill {kill} ({kind}, {variant})"
    if kind == "cold":
        shutil.rmtree(CACHE, ignore_errors=True)
    # Without an earlier run, or over one.
    shutil.rmtree(RUN, ignore_errors=True)
    before = chance.choice([None, *VARIANTS])
    if before is not None:
        shutil.copytree(WORK / "whole" / before, RUN)
    process = start(variant)
    if kind == "writing":
        wait_for_results(process)
        time.sleep(chance.uniform(0, writing))
    else:
        time.sleep(chance.uniform(0, cold[variant] if kind == "cold" else warm[variant]))
    counts["working" if process.poll() is None else "done"] += 1
    process.send_signal(signal.SIGKILL)
    _, err = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL) or err:
        fail(f"{label}: exit code {process.returncode}: {err.decode()}")
    after = state(label)
    if after not in (before, variant):
        fail(f"{label}: the folder was {before} and is {after}")
    if process.returncode == 0 and after != variant:
        fail(f"{label}: a run that ended well left {after}")
    steps["absent" if after is None else "kept" if after == before else "replaced"] += 1
    check_cache(label)
    if kill % 20 == 0:
        variant = chance.choice(VARIANTS)
        finish(start(variant), f"run after {label}")
        if state(f"run after {label}") != variant:
            fail(f"run after {label}: the folder holds another run")
        check_nothing_left(f"run after {label}")
print(f"{kill} kills: {counts['working']} while the program worked, {counts['done']} after its end;",
      f"folder absent {steps['absent']}, as before {steps['kept']}, new {steps['replaced']}")
if kill < KILLS:
    print(f"not all of {KILLS} kills fitted into {MOST_SECONDS} s: a slow build or machine")
if counts["working"] < kill / 2 or steps["kept"] < kill / 10:
    fail("the kills came at moments that test nothing")

# A run that was killed half-way is resumed. The moment is found by watching the cache.
for attempt in range(20):
    shutil.rmtree(CACHE, ignore_errors=True)
    process = start("old")
    while process.poll() is None and not 2 <= len(objects()) < node_count:
        time.sleep(0.0005)
    process.kill()
    process.communicate()
    kept = len(objects())
    if 0 < kept < node_count:
        break
else:
    fail("no run could be killed half-way")
said = finish(start("old"), "the resumed run")
if f"; {kept} of {node_count} nodes from the cache" not in said:
    fail(f"{kept} results were kept, but the run said: {said}")
if content(RUN) != whole["old"]:
    fail("the resumed run differs from an undisturbed one")
check_nothing_left("the resumed run")
print(f"resumed: {re.search('[0-9]+ of [0-9]+ nodes from the cache', said).group()}")

# Two at once, every other time from an empty cache.
for again in range(10):
    if again % 2 == 0:
        shutil.rmtree(CACHE, ignore_errors=True)
    if again % 3 == 0:
        shutil.rmtree(RUN)
    pair = [start("old"), start("new" if again % 5 else "old")]
    for process in pair:
        finish(process, f"two at once, round {again + 1}")
    if state(f"two at once, round {again + 1}") is None:
        fail(f"two at once, round {again + 1}: no run folder")
    check_cache(f"two at once, round {again + 1}")
    check_nothing_left(f"two at once, round {again + 1}")
print("two at once: 10 rounds")
END_OF_PYTHON
