#!/usr/bin/env python3
"""Lasso path of 100 lambdas on 100,000 x 200: glmnet against the engine, in one run.

    cmake --build --preset release --target lasso_bench
    python3 tests/bench/lasso.py [--bench build/release/lasso_bench] [--rounds 3]

The least of the rounds, by wall time and by CPU time of all threads; the engine has two, glmnet
knows one. Columns are
correlated, so that both work for it. glmnet runs at its own tolerance (1e-7), whose distance from
the engine's fits is printed, and at one where both agree to 1e-6. Needs R with glmnet; says SKIPPED
without.
"""

import argparse
import os
import subprocess
import tempfile

PEER = """
library(glmnet, quietly = TRUE)
a <- commandArgs(TRUE)
n <- as.numeric(a[2]); p <- as.numeric(a[3])
file <- file(a[1], "rb")
x <- matrix(readBin(file, "double", n * p), n)
y <- readBin(file, "double", n)
lambda <- scan(a[5], quiet = TRUE)
ours <- matrix(scan(a[6], quiet = TRUE), p)
for (thresh in c(1e-7, as.numeric(a[7]))) {
  least <- c(Inf, Inf)
  for (k in 1:as.numeric(a[4])) {
    took <- system.time(fit <- glmnet(x, y, lambda = lambda, thresh = thresh, maxit = 1e8))
    least <- pmin(least, c(took[["elapsed"]], took[["user.self"]] + took[["sys.self"]]))
  }
  cat(thresh, least, max(abs(as.matrix(fit$beta) - ours)), "\\n")
}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", default="build/release/lasso_bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=200)
    options = parser.parse_args()
    if not os.path.exists(options.bench):
        print(f"SKIPPED: no {options.bench}")
        return
    have = subprocess.run(["Rscript", "-e", "library(glmnet)"], capture_output=True, check=False)
    if have.returncode != 0:
        print("SKIPPED: no R with glmnet")
        return
    with tempfile.TemporaryDirectory() as folder:
        data, lambdas, fits = (os.path.join(folder, name) for name in ("data", "lambda", "fits"))
        shape = [options.rows, options.columns]
        command = [options.bench, data, *shape, 2, options.rounds, lambdas, fits]
        run = subprocess.run([str(part) for part in command], check=True, capture_output=True,
                             text=True)
        ours = [float(cell) for cell in run.stdout.split()]
        script = os.path.join(folder, "peer.R")
        with open(script, "w", encoding="utf-8") as file:
            file.write(PEER)
        command = ["Rscript", script, data, *shape, options.rounds, lambdas, fits, 1e-16]
        run = subprocess.run([str(part) for part in command], check=True, capture_output=True,
                             text=True)
    for line in run.stdout.strip().split("\n"):
        thresh, wall, cpu, apart = (float(cell) for cell in line.split())
        print(f"glmnet at {thresh:g}: coefficients apart by {apart:.1e}")
        for what, a, b in zip(("wall", "CPU"), ours, (wall, cpu)):
            print(f"  {what}: engine {a:.3f} s, glmnet {b:.3f} s, ratio {b / a:.2f}")
    if apart > 1e-6:
        raise SystemExit("the fits differ")


if __name__ == "__main__":
    main()
