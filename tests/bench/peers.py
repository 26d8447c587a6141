#!/usr/bin/env python3
"""Least squares with HC2, Mann-Whitney and Kendall: statsmodels and scipy against the engine, in one run.

    cmake --build --preset release --target peers_bench
    python3 tests/bench/peers.py [--bench build/release/tests/bench/peers_bench] [--rounds 3]

The least of the rounds, engine and peer in turn, two threads where a program can use them; by wall
time and by CPU time of all threads, which a busy machine changes less. Needs numpy, scipy and statsmodels in the Python that runs it; says SKIPPED where they or the
bench program are missing.
"""

import argparse
import json
import os
import subprocess
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
os.environ.setdefault("OMP_NUM_THREADS", "2")


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(0)


def peers():
    try:
        import numpy
        import statsmodels.api
        from scipy import stats
    except ImportError as missing:
        skip(str(missing))
    random = numpy.random.default_rng(5)

    def ols(_):
        x = random.standard_normal((1_000_000, 20))
        x[:, 0] = 1.0
        y = random.standard_normal(1_000_000)
        return lambda: statsmodels.api.OLS(y, x).fit(cov_type="HC2").bse

    def values(n, whole):
        numbers = random.standard_normal(n)
        return numpy.trunc(10 * numbers) if whole else numbers

    def mann_whitney(whole):
        x, y = values(5_000_000, whole), values(5_000_000, whole)
        return lambda: stats.mannwhitneyu(x, y, method="asymptotic")

    def kendall(whole):
        x, y = values(1_000_000, whole), values(1_000_000, whole)
        return lambda: stats.kendalltau(x, x + y, method="asymptotic")

    return {
        "ols_hc2": (ols, False),
        "mann_whitney_test/continuous": (mann_whitney, False),
        "mann_whitney_test/ties": (mann_whitney, True),
        "kendall/continuous": (kendall, False),
        "kendall/ties": (kendall, True),
    }


def engine(bench, name):
    command = [bench, "--benchmark_format=json", f"--benchmark_filter=^{name}"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(run.stdout)["benchmarks"][0]
    return found["real_time"] / 1e3, found["cpu_time"] / 1e3


def timed(work):
    wall, cpu = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - wall, time.process_time() - cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", default="build/release/tests/bench/peers_bench")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not os.access(options.bench, os.X_OK):
        skip(f"no program {options.bench}; build it with --target peers_bench")
    print(f"{'':<30} {'':<5} {'peer':>9} {'engine':>9} {'ratio':>7}")
    for name, (make, whole) in peers().items():
        work = make(whole)
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(engine(options.bench, name))
            theirs.append(timed(work))
        for clock, label in enumerate(("wall", "CPU")):
            peer, mine = (min(times[clock] for times in side) for side in (theirs, ours))
            print(f"{name:<30} {label:<5} {peer:>7.2f} s {mine:>7.2f} s {peer / mine:>7.1f}")


if __name__ == "__main__":
    main()
