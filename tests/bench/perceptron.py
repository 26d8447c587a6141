#!/usr/bin/env python3
"""A perceptron of 3 x 64 units (ReLU, dropout 0.2, Adam, mini-batches of 512) on 200,000 rows and
9 columns: PyTorch against the engine, in one run.

    cmake --build --preset release --target perceptron_bench
    python3 tests/bench/perceptron.py [--bench build/release/perceptron_bench] [--rounds 3]
    python3 tests/bench/perceptron.py --seeds 20 --rows 6000 --epochs 30

Seconds an epoch, the least of the rounds, two threads each unless told; PyTorch draws its
mini-batches from tensors by index, without the overhead of a DataLoader. With --seeds, each side is trained from so
many seeds, and what counts is the log loss and the AUC of rows kept apart, paired by seed: the
engine must not be worse at 5 %. Needs numpy and torch; says SKIPPED without them.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time



def network(torch, columns):
    layers, width = [], columns
    for _ in range(3):
        layers += [torch.nn.Linear(width, 64), torch.nn.ReLU(), torch.nn.Dropout(0.2)]
        width = 64
    return torch.nn.Sequential(*layers, torch.nn.Linear(64, 1))


def train(torch, x, y, epochs):
    """Seconds of each epoch, by wall and CPU, and the model."""
    model = network(torch, x.shape[1])
    model.train()
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss = torch.nn.BCEWithLogitsLoss()
    times = []
    for _ in range(epochs):
        wall, cpu = time.monotonic(), time.process_time()
        order = torch.randperm(len(x))
        for part in order.split(512):
            adam.zero_grad()
            loss(model(x[part])[:, 0], y[part]).backward()
            adam.step()
        times.append((time.monotonic() - wall, time.process_time() - cpu))
    model.eval()
    return times, model


def log_loss(numpy, y, p):
    p = numpy.clip(p, 1e-12, 1 - 1e-12)
    return float(-numpy.mean(y * numpy.log(p) + (1 - y) * numpy.log(1 - p)))


def auc(numpy, y, p):
    rank = numpy.empty(len(p))
    rank[numpy.argsort(p)] = numpy.arange(1, len(p) + 1)
    positive = int(y.sum())
    return float((rank[y == 1].sum() - positive * (positive + 1) / 2)
                 / (positive * (len(y) - positive)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", default="build/release/perceptron_bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    try:
        import numpy
        import torch
    except ImportError as missing:
        print(f"SKIPPED: {missing}")
        return
    if not os.path.exists(options.bench):
        print(f"SKIPPED: no {options.bench}")
        return
    torch.set_num_threads(options.threads)

    random = numpy.random.default_rng(5)
    columns, test = 9, 20_000
    rows = options.rows + test
    x = random.standard_normal((rows, columns))
    z = x[:, 0] * x[:, 1] + numpy.sin(2 * x[:, 2]) + 0.5 * x[:, 3] - 0.3 * x[:, 4] ** 2
    y = (random.random(rows) < 1 / (1 + numpy.exp(-1.5 * z))).astype(float)
    count = options.seeds or options.rounds
    with tempfile.NamedTemporaryFile() as file, tempfile.NamedTemporaryFile() as out:
        file.write(numpy.ascontiguousarray(x.T).tobytes())
        file.write(y.tobytes())
        file.flush()
        command = [options.bench, file.name, rows, columns, test, options.epochs,
                   options.threads, count, out.name]
        run = subprocess.run([str(part) for part in command], check=True, capture_output=True,
                             text=True)
        ours = numpy.fromfile(out.name).reshape(count, test)
    times = [float(line) for line in run.stdout.split()]

    kept = slice(0, options.rows)
    scaled = (x - x[kept].mean(axis=0)) / x[kept].std(axis=0)
    X = torch.tensor(scaled[kept], dtype=torch.float32)
    Y = torch.tensor(y[kept], dtype=torch.float32)
    asked = torch.tensor(scaled[options.rows:], dtype=torch.float32)
    peer, theirs = [], []
    for seed in range(count):
        torch.manual_seed(seed)
        # One epoch more, as the engine's first one is not timed either.
        seconds, model = train(torch, X, Y, options.epochs + 1)
        peer += seconds[1:]
        with torch.no_grad():
            theirs.append(torch.sigmoid(model(asked)[:, 0]).numpy().astype(float))
    for what, a, b in zip(("wall", "CPU"), times, map(min, zip(*peer))):
        print(f"{what}: engine {a:.3f} s an epoch, PyTorch {torch.__version__} {b:.3f} s, "
              f"ratio {b / a:.2f}")

    truth = y[options.rows:]
    worse = False
    for name, measure, sign in (("log loss", log_loss, 1), ("AUC", auc, -1)):
        a = numpy.array([measure(numpy, truth, p) for p in ours])
        b = numpy.array([measure(numpy, truth, p) for p in theirs])
        line = f"{name}: engine {a.mean():.5f}, PyTorch {b.mean():.5f}"
        if options.seeds > 1:
            d = sign * (a - b)
            t = d.mean() / (d.std(ddof=1) / math.sqrt(len(d)))
            worse |= t > 1.73
            line += f", t of worse {t:.2f} over {len(d)} seeds"
        print(line)
    if worse:
        sys.exit("worse than PyTorch at 5 %")


if __name__ == "__main__":
    main()
