#!/usr/bin/env python3
"""Logistic regression of a million rows on 20 columns, and on 50 with --columns 50: statsmodels and
scikit-learn (lbfgs) against the engine, in one run.

    cmake --build --preset release --target logistic_bench
    python3 tests/bench/logistic.py [--bench build/release/logistic_bench] [--rounds 3]

The least of the rounds, two threads, by wall time and by CPU time of all threads. Coefficients and
statsmodels' standard errors must agree to 1e-6. statsmodels is compared with the regression,
scikit-learn with the learner, both without penalty. scikit-learn runs at its default tolerance, which
leaves its coefficients off by what is printed, and at --tolerance, where they agree to 1e-6. Needs
numpy and statsmodels, scikit-learn or both; says SKIPPED without them.
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
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--tolerance", type=float, default=1e-9)
    options = parser.parse_args()
    peers = {}
    try:
        import numpy
    except ImportError as missing:
        print(f"SKIPPED: {missing}")
        return
    try:
        import statsmodels.api as sm

        def by_statsmodels(x, y):
            fit = sm.Logit(y, x).fit(disp=0)
            return fit.params, fit.bse

        peers["statsmodels"] = by_statsmodels
    except ImportError as missing:
        print(f"statsmodels SKIPPED: {missing}")
    try:
        from sklearn.linear_model import LogisticRegression

        def by_sklearn(tolerance):
            def fit(x, y):
                model = LogisticRegression(C=numpy.inf, tol=tolerance, max_iter=10_000)
                model.fit(x[:, 1:], y)
                return numpy.append(model.intercept_, model.coef_[0]), None
            return fit

        peers["scikit-learn"] = by_sklearn(1e-4)
        peers[f"scikit-learn at {options.tolerance:g}"] = by_sklearn(options.tolerance)
    except ImportError as missing:
        print(f"scikit-learn SKIPPED: {missing}")
    if not os.path.exists(options.bench):
        print(f"SKIPPED: no {options.bench}")
        return

    random = numpy.random.default_rng(5)
    columns = options.columns
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
    cells = [[float(cell) for cell in line.split()] for line in run.stdout.split("\n") if line]
    regression, learner = cells[:columns + 1], cells[columns + 1:]

    for name, fit in peers.items():
        theirs = [float("inf")] * 2
        for _ in range(options.rounds):
            wall, cpu = time.monotonic(), time.process_time()
            coefficients, errors = fit(x, y)
            theirs[0] = min(theirs[0], time.monotonic() - wall)
            theirs[1] = min(theirs[1], time.process_time() - cpu)
        ours = regression if errors is not None else learner
        numbers = numpy.array(ours[1:])
        apart = abs(numbers[:, 0] / coefficients - 1).max()
        if errors is not None:
            apart = max(apart, abs(numbers[:, 1] / errors - 1).max())
        for what, a, b in zip(("wall", "CPU"), ours[0], theirs):
            print(f"{what}: engine {a:.3f} s, {name} {b:.3f} s, ratio {b / a:.2f}")
        print(f"apart by {apart:.1e}")
        if apart > 1e-6 and name != "scikit-learn":
            sys.exit("the fits differ")


if __name__ == "__main__":
    main()
