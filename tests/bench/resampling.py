#!/usr/bin/env python3
"""Resampling: a numpy loop and scipy.stats.permutation_test against the engine, in one run.

    cmake --build --preset release --target resampling_bench
    python3 tests/bench/resampling.py --bench build/release/resampling_bench [--draws 1000]

The bootstrap draws 10,000 times from 20,000 rows (half of them in each arm), the permutation tests
100,000 times from two groups of 1,000 and from 1,000 pairs. The peers make --draws of them (scipy
vectorised, in the batches that suit it) and are scaled up. Two ratios: CPU time of one thread on
either side, so that a busy machine tells the same, and elapsed time with two threads of the engine.
Says SKIPPED where numpy, scipy or the bench program is missing.
"""

import argparse
import json
import os
import subprocess
import sys
import time


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(0)


try:
    import numpy as np
    from scipy import stats
except ImportError as missing:
    skip(f"python has no module {missing.name}")


def timed(work):
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def loop(statistic, *columns):
    """A draw: indices with replacement, gather, statistic."""

    def run(draws, rng):
        out = np.empty(draws)
        for b in range(draws):
            picked = []
            for group in columns:
                rows = rng.integers(0, len(group[0]), len(group[0]))
                picked += [column[rows] for column in group]
            out[b] = statistic(*picked)
        return out

    return run


def welch(a, b):
    return (a.mean() - b.mean()) / np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def welch_rows(a, b, axis):
    error = a.var(ddof=1, axis=axis) / a.shape[axis] + b.var(ddof=1, axis=axis) / b.shape[axis]
    return (a.mean(axis=axis) - b.mean(axis=axis)) / np.sqrt(error)


def peers(draws):
    rng = np.random.default_rng(7)
    y = rng.normal(size=20_000)
    x = y + rng.normal(size=20_000)
    one, zero = y[::2], y[1::2]
    loops = {
        "bootstrapped/mean": loop(np.mean, (y,)),
        "bootstrapped/welch": loop(welch, (one,), (zero,)),
        "bootstrapped/median": loop(np.median, (y,)),
        "bootstrapped/correlation": loop(lambda a, b: np.corrcoef(a, b)[0, 1], (x, y)),
    }
    out = {}
    for name, run in loops.items():
        cpu, wall = timed(lambda run=run: run(draws, rng))
        out[name] = (cpu * 10_000 / draws, wall * 10_000 / draws)
    a, b = rng.normal(size=1_000), rng.normal(size=1_000)
    c = a + rng.normal(size=1_000)

    def test(data, statistic, kind="independent"):
        return lambda: stats.permutation_test(data, statistic, permutation_type=kind, vectorized=True,
                                              n_resamples=draws, batch=100, rng=rng)

    def pearson(v, axis):
        v = v - v.mean(axis=axis, keepdims=True)
        w = c - c.mean()
        return (v * w).sum(axis=axis) / np.sqrt((v * v).sum(axis=axis) * (w * w).sum())

    tests = {
        "permuted/means": test((a, b), lambda v, w, axis: v.mean(axis=axis) - w.mean(axis=axis)),
        "permuted/studentised": test((a, b), welch_rows),
        "permuted/medians": test((a, b), lambda v, w, axis: np.median(v, axis=axis) - np.median(w, axis=axis)),
        "permuted_pairs": test((a,), pearson, "pairings"),
    }
    for name, run in tests.items():
        cpu, wall = timed(run)
        out[name] = (cpu * 100_000 / draws, wall * 100_000 / draws)
    return out


def engine(bench):
    if not os.access(bench, os.X_OK):
        skip(f"no program {bench}; build it with --target resampling_bench")
    run = subprocess.run([bench, "--benchmark_format=json"], check=True, capture_output=True, text=True)
    out = {}
    for row in json.loads(run.stdout)["benchmarks"]:
        name, threads = row["name"].split("/process_time")[0].rsplit("/", 1)
        out[name, int(threads)] = (row["cpu_time"] / 1e3, row["real_time"] / 1e3)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--draws", type=int, default=1000)
    arguments = parser.parse_args()
    ours = engine(arguments.bench)
    theirs = peers(arguments.draws)
    print(f"{'':26}{'peer s':>9}{'cpu, 1 thread':>16}{'ratio':>7}{'elapsed, 2':>13}{'ratio':>7}")
    for name, (cpu, wall) in theirs.items():
        one, two = ours[name, 1][0], ours[name, 2][1]
        print(f"{name:26}{wall:9.2f}{one:16.3f}{cpu / one:7.1f}{two:13.3f}{wall / two:7.1f}")


main()
