#!/usr/bin/env python3
"""Simulating a design: DeclareDesign (R) against the engine, the same designs in one run.

    cmake --build --preset release --target diagnose_bench
    python3 tests/bench/diagnose.py --bench build/release/diagnose_bench [--simulations 200]

One thread on either side, CPU time, so that a busy machine tells the same ratio; the engine's time
includes the diagnosands, R's only the simulations. R finds its packages by
R_LIBS. Says SKIPPED where R, DeclareDesign or the bench program is missing.
"""

import argparse
import json
import os
import subprocess
import sys


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(0)


def declaredesign(simulations):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "diagnose.R")
    try:
        subprocess.run(["Rscript", "-e", "library(DeclareDesign)"], check=True, capture_output=True)
    except FileNotFoundError:
        skip("R is not installed")
    except subprocess.CalledProcessError:
        skip("R has no package DeclareDesign")
    run = subprocess.run(["Rscript", script, str(simulations)], check=True, capture_output=True, text=True)
    return {(name, n): float(seconds) for name, n, seconds in (line.split() for line in run.stdout.splitlines())}


def engine(bench):
    if not os.access(bench, os.X_OK):
        skip(f"no program {bench}; build it with --target diagnose_bench")
    run = subprocess.run([bench, "--benchmark_format=json"], check=True, capture_output=True, text=True)
    out = {}
    for item in json.loads(run.stdout)["benchmarks"]:
        _, name, n = item["name"].split("/")
        out[name, n] = 1.0 / item["items_per_second"]
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", default="build/release/diagnose_bench")
    parser.add_argument("--simulations", type=int, default=200)
    options = parser.parse_args()
    ours = engine(options.bench)
    theirs = declaredesign(options.simulations)
    print(f"{'design':<16} {'n':>5} {'DeclareDesign':>14} {'engine':>12} {'ratio':>8}")
    for (name, n), seconds in theirs.items():
        mine = ours[name, n]
        print(f"{name:<16} {n:>5} {seconds * 1e6:>11.0f} us {mine * 1e6:>9.2f} us {seconds / mine:>8.0f}")


if __name__ == "__main__":
    main()
