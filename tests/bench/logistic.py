#!/usr/bin/env python3
"""Logistic regression of a million rows on 20 columns: statsmodels against the engine, in one run.

    cmake --build --preset release --target logistic_bench
    python3 tests/bench/logistic.py [--bench build/release/logistic_bench] [--rounds 3]

The least of the rounds, two threads, by wall time and by CPU time of all threads; coefficients and
standard errors must agree to 1e-6. Needs numpy and statsmodels; says SKIPPED without them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
os.environ.setdefault("OMP_NUM_THREADS", "2")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", default="build/release/logistic_bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    try:
        import numpy
        import statsmodels.api as sm
    except ImportError as missing:
        print(f"SKIPPED: {missing}")
        return
    if not os.path.exists(options.bench):
        print(f"SKIPPED: no {options.bench}")
        return

    random = numpy.random.default_rng(5)
    columns = 20
    x = random.standard_normal((options.rows, columns))
    x[:, 0] = 1.0
    beta = numpy.linspace(-0.5, 0.5, columns)
    y = (random.random(options.rows) < 1 / (1 + numpy.exp(-x @ beta))).astype(float)
    with tempfile.NamedTemporaryFile() as file:
        numpy.asfortranarray(x).ravel(order="K").tofile(file)
        y.tofile(file)
        file.flush()
        command = [options.bench, file.name, options.rows, columns, 2, options.rounds]
        run = subprocess.run([str(part) for part in command], check=True, capture_output=True,
                             text=True)
    lines = run.stdout.split("\n")
    ours = [float(lines[0]), float(lines[1])]
    numbers = numpy.array([[float(cell) for cell in line.split()] for line in lines[2:] if line])

    theirs = [float("inf")] * 2
    for _ in range(options.rounds):
        wall, cpu = time.monotonic(), time.process_time()
        fit = sm.Logit(y, x).fit(disp=0)
        errors = fit.bse
        theirs[0] = min(theirs[0], time.monotonic() - wall)
        theirs[1] = min(theirs[1], time.process_time() - cpu)
    apart = max(abs(numbers[:, 0] / fit.params - 1).max(), abs(numbers[:, 1] / errors - 1).max())
    for what, a, b in zip(("wall", "CPU"), ours, theirs):
        print(f"{what}: engine {a:.3f} s, statsmodels {b:.3f} s, ratio {b / a:.2f}")
    print(f"apart by {apart:.1e}")
    if apart > 1e-6:
        sys.exit("the fits differ")


if __name__ == "__main__":
    main()
