#!/usr/bin/env python3
"""Random forests of 200,000 rows and 20 columns: scikit-learn against the engine, in one run.

    cmake --build --preset release --target forest_bench
    python3 tests/bench/forest.py [--bench build/release/forest_bench] [--trees 200]

Two threads each, trees grown to the end, the same number of columns a node. Prints wall and CPU
time of the fit, wall time of the prediction of 50,000 new rows, and what the predictions are worth
(squared error against the true mean or probability). Needs numpy and scikit-learn; says SKIPPED
without them. `--peer-trees` lets the peer grow fewer trees, whose time is then scaled.
"""

import argparse
import os
import subprocess
import tempfile
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", default="build/release/forest_bench")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--peer-trees", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--tasks", default="classes,numbers")
    options = parser.parse_args()
    try:
        import numpy
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    except ImportError as missing:
        print(f"SKIPPED: {missing}")
        return
    if not os.path.exists(options.bench):
        print(f"SKIPPED: no {options.bench}")
        return
    peer_trees = options.peer_trees or options.trees

    random = numpy.random.default_rng(5)
    columns, extra = 20, 50_000
    rows = options.rows + extra
    x = random.standard_normal((rows, columns))
    eta = x[:, 0] + x[:, 1] * x[:, 2] + 0.5 * numpy.abs(x[:, 3]) - 0.4
    for task in options.tasks.split(","):
        if task == "classes":
            truth = 1 / (1 + numpy.exp(-2 * eta))
            y = (random.random(rows) < truth).astype(float)
            mtry, peer = 4, RandomForestClassifier
        else:
            truth, y = eta, eta + random.standard_normal(rows)
            mtry, peer = 7, RandomForestRegressor
        with tempfile.NamedTemporaryFile() as file:
            numpy.asfortranarray(x).ravel(order="K").tofile(file)
            y.tofile(file)
            file.flush()
            command = [options.bench, file.name, rows, columns, options.rows, task, options.trees,
                       mtry, 2, options.rounds]
            run = subprocess.run([str(part) for part in command], check=True, capture_output=True,
                                 text=True)
        numbers = [float(line) for line in run.stdout.split("\n") if line]
        ours, said = numbers[:5], numpy.array(numbers[5:])

        def error(prediction):
            return numpy.mean((prediction - truth[options.rows:]) ** 2)

        print(f"{task}, mtry {mtry}, {options.trees} trees")
        print(f"  engine        fit {ours[0]:8.2f} s  cpu {ours[1]:8.2f} s  predict {ours[2]:6.2f} s"
              f"  nodes {ours[3] / options.trees:9.0f}  error {error(said):.5f}")
        model = peer(peer_trees, max_features=mtry, n_jobs=2, random_state=1)
        scale = options.trees / peer_trees
        wall, cpu = time.monotonic(), time.process_time()
        model.fit(x[:options.rows], y[:options.rows])
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        begin = time.monotonic()
        new = x[options.rows:]
        said = model.predict_proba(new)[:, 1] if task == "classes" else model.predict(new)
        predict = time.monotonic() - begin
        nodes = sum(tree.tree_.node_count for tree in model.estimators_) / peer_trees
        print(f"  scikit-learn  fit {wall * scale:8.2f} s  cpu {cpu * scale:8.2f} s"
              f"  predict {predict * scale:6.2f} s  nodes {nodes:9.0f}  error {error(said):.5f}"
              + (f"  ({peer_trees} trees)" if scale != 1 else ""))
        print(f"  ratio         fit {wall * scale / ours[0]:8.1f}    cpu {cpu * scale / ours[1]:8.1f}"
              f"    predict {predict * scale / ours[2]:6.1f}")


if __name__ == "__main__":
    main()
