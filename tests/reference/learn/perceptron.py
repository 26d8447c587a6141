#!/usr/bin/env python3
"""Writes perceptron.txt: what PyTorch makes of small networks from given weights, in double
precision and in the order of the rows. Rows and weights are formulas, the same in the tests."""

import math

import torch

ROWS, COLUMNS, BATCH, EPOCHS = 26, 3, 8, 3
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

x = [[math.sin(0.9 * i + 2.1 * j + 0.3 * i * j) for j in range(COLUMNS)] for i in range(ROWS)]
number = [r[0] - 0.5 * r[1] * r[2] + 0.3 * math.cos(i) for i, r in enumerate(x)]
X = torch.tensor(x)
Y = {
    "number": torch.tensor(number),
    "two": torch.tensor([1.0 if v > 0 else 0.0 for v in number]),
    "three": torch.tensor([(0 if v < -0.3 else 1 if v < 0.3 else 2) for v in number]),
    "count": torch.tensor([float(i % 5) for i in range(ROWS)]),
}


def network(activation, outputs, norm):
    units = [COLUMNS, 5, 4, outputs]
    layers = []
    for l in range(3):
        linear = torch.nn.Linear(units[l], units[l + 1])
        with torch.no_grad():
            size = units[l] * units[l + 1]
            w = [0.5 * math.sin(1.7 * i + l) for i in range(size)]
            linear.weight.copy_(torch.tensor(w).reshape(units[l + 1], units[l]))
            linear.bias.copy_(torch.tensor([0.1 * math.cos(i + l) for i in range(units[l + 1])]))
        layers.append(linear)
        if l < 2:
            if norm:
                layers.append(torch.nn.BatchNorm1d(units[l + 1]))
            layers.append(activation())
    return torch.nn.Sequential(*layers)


sgd, adam, adamw = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
relu, tanh, gelu = torch.nn.ReLU, torch.nn.Tanh, torch.nn.GELU
flat = lambda loss: lambda f, y: loss(f[:, 0], y)
CASES = {
    "sgd": (tanh, "number", flat(torch.nn.MSELoss()), False,
            lambda p: sgd(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01), None, 0),
    "momentum": (gelu, "number", flat(torch.nn.MSELoss()), True,
                 lambda p: sgd(p, lr=0.05, momentum=0.9), None, 0),
    "adam": (relu, "two", flat(torch.nn.BCEWithLogitsLoss()), False,
             lambda p: adam(p, lr=0.01, weight_decay=0.01), None, 0),
    "adamw": (gelu, "three", torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5])),
              False, lambda p: adamw(p, lr=0.01, weight_decay=0.1), None, 0),
    "norm": (relu, "two", flat(torch.nn.BCEWithLogitsLoss()), True,
             lambda p: adam(p, lr=0.01), None, 0),
    "huber": (tanh, "number", flat(torch.nn.HuberLoss(delta=0.5)), False,
              lambda p: sgd(p, lr=0.2),
              lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=1, gamma=0.5), 0),
    "absolute": (gelu, "number", flat(torch.nn.L1Loss()), False,
                 lambda p: sgd(p, lr=0.05), None, 0.1),
    "poisson": (tanh, "count", flat(torch.nn.PoissonNLLLoss()), False,
                lambda p: adam(p, lr=0.02),
                lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=3), 0),
}

with open("perceptron.txt", "w") as out:
    out.write(f"# PyTorch {torch.__version__}; perceptron.py\n")
    for name, (activation, target, loss, norm, optimiser, schedule, clip) in CASES.items():
        model = network(activation, 3 if target == "three" else 1, norm)
        steps = optimiser(model.parameters())
        rates = schedule(steps) if schedule else None
        y = Y[target]
        for epoch in range(EPOCHS):
            model.train()
            total = 0.0
            for begin in range(0, ROWS, BATCH):
                part = slice(begin, begin + BATCH)
                value = loss(model(X[part]), y[part])
                steps.zero_grad()
                value.backward()
                if clip:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
                steps.step()
                total += float(value.detach()) * len(X[part])
            if rates:
                rates.step()
            out.write(f"{name} loss{epoch} {total / ROWS!r}\n")
        model.eval()
        with torch.no_grad():
            f = model(X)
        if target == "two":
            f = torch.sigmoid(f)
        elif target == "three":
            f = torch.softmax(f, dim=1)
        elif target == "count":
            f = torch.exp(f)
        for i, value in enumerate(f.flatten().tolist()):
            out.write(f"{name} p{i} {value!r}\n")
        for i, value in enumerate(model[0].weight.flatten().tolist()):
            out.write(f"{name} w{i} {value!r}\n")
