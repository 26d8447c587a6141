#!/usr/bin/env python3
"""What a user waits for while a study is written: wall and processor time of whole processes.

    python3 tests/bench/plan.py --impact build/release/impact [--nodes 200] [--repeat 15]

A generated study of many nodes: its plan with nothing and with everything in the cache, and a warm
rerun; the claims study (scripts/claims, generated data): a cold run, a warm rerun and its plan, and
the warm rerun with the same data as a file. Least and median of the repetitions; beside each the
goal, where there is one, for a quiet machine.
"""

import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLAIMS = ROOT / "scripts" / "claims"


def wide_study(folder, nodes):
    """One source, then filters with a table, a check and an estimator each, until there are enough."""
    lines = ['local S <const> = study "wide" { version = "0.1.0", seed = 7 }',
             'local v <const> = S:source "videos" { csv = "videos.csv", key = "id" }',
             'local z <const> = S:assignment "z" {',
             '  units = v, arms = { "control", "treated" }, given = v.arm,',
             '}',
             'local Q <const> = S:inquiry "Q" {',
             '  of = v.y, contrast = z:between("treated", "control"),',
             '}']
    made, i = 3, 0
    while made < nodes:
        i += 1
        block = [f'S:table "sums {i}" (f:summarise {{ by = f.g, f.y:mean():as "mean" }})',
                 f'S:check "few {i}" {{ rows = f:filter(f.y:lt(-{i})), max = 1000 }}',
                 f'S:estimator "lin {i}" (ols.lin {{ covariates = v.x + {i} }}) {{ answers = Q }}']
        made += 1
        lines.append(f'do local f <const> = S:filter "kept {i}" {{ from = v, where = v.x:lt({i + 50}) }}')
        block = block[:nodes - made]
        lines += ["  " + text for text in block]
        made += len(block)
        lines.append("end")
    folder.mkdir()
    (folder / "study.lua").write_text("\n".join(lines + ["return S", ""]))
    rows = (f"{k},{'treated' if k % 2 else 'control'},{k * 37 % 101},{k * 7919 % 997},{'abc'[k % 3]}\n"
            for k in range(1, 2001))
    (folder / "videos.csv").write_text("id,arm,x,y,g\n" + "".join(rows))


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Bench:
    def __init__(self, impact, repeat, folder):
        self.impact, self.repeat, self.folder = impact, repeat, folder
        self.environment = {k: v for k, v in os.environ.items() if k != "IMPACT_DATA"}

    def run(self, *words, cache="cache"):
        words = [self.impact, *map(str, words), "--cache", str(self.folder / cache)]
        done = subprocess.run(words, cwd=self.folder, env=self.environment, capture_output=True,
                              text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)}: code {done.returncode}\n{done.stderr}")
        return done.stdout

    def measure(self, label, *words, goal=None, cold=False):
        wall, processor = [], []
        for _ in range(self.repeat):
            if cold:
                shutil.rmtree(self.folder / "cold", ignore_errors=True)
            begin, used = time.monotonic(), processor_seconds()
            self.run(*words, cache="cold" if cold else "cache")
            wall.append(1000 * (time.monotonic() - begin))
            processor.append(1000 * (processor_seconds() - used))
        target = f"   goal {goal} ms" if goal else ""
        print(f"{label:44} wall {min(wall):5.0f} / {statistics.median(wall):5.0f} ms,"
              f" processor {min(processor):5.0f} / {statistics.median(processor):5.0f} ms{target}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--impact", default=str(ROOT / "build" / "release" / "impact"))
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        bench = Bench(str(pathlib.Path(options.impact).resolve()), options.repeat, folder)
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        bench.measure("the program starts and ends", "-e", "local x <const> = 1")

        wide_study(folder / "wide", options.nodes)
        if f", {options.nodes} nodes, " not in bench.run("plan", "wide"):
            sys.exit("the generated study has another number of nodes")
        # A file younger than two seconds is read at each run: see engine/study/fingerprint.h.
        time.sleep(2.5)
        bench.measure(f"plan of {options.nodes} nodes, nothing in the cache", "plan", "wide", goal=100,
                      cold=True)
        bench.run("run", "wide")
        bench.measure(f"plan of {options.nodes} nodes, all in the cache", "plan", "wide", goal=100)
        bench.measure(f"warm rerun of {options.nodes} nodes", "run", "wide")

        bench.measure("claims, cold run", "run", CLAIMS, cold=True)
        bench.run("run", CLAIMS)
        bench.measure("claims, warm rerun", "run", CLAIMS, goal=300)
        bench.measure("claims, plan", "plan", CLAIMS)
        (folder / "make.lua").write_text('local S <const> = study "look-alike" { version = "1", '
                                         'seed = 20240611 }\nuse "generator"(S):write '
                                         '{ csv = "tiktok_dataset.csv" }\nreturn S\n')
        shutil.copy(CLAIMS / "generator.lua", folder)
        bench.run("run", "make.lua", "--out", "made")
        time.sleep(2.5)
        bench.run("run", CLAIMS, "--data", "made")
        bench.measure("claims, warm rerun, data in a file", "run", CLAIMS, "--data", "made", goal=300)


if __name__ == "__main__":
    main()
