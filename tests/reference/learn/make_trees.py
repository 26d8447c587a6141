"""Writes trees.json here: what scikit-learn's trees and forests and shap say of an invented sample.

    python make_trees.py      peers: scikit-learn 1.9.1, shap 0.51.0, numpy 2.4.6
All values are multiples of 1/64, so that single precision, in which scikit-learn keeps columns and
thresholds, holds them exactly.
"""
import json

import numpy as np
import shap
import sklearn
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier,
                              RandomForestRegressor)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

rng = np.random.default_rng(20261121)
n, p = 240, 4


def grid(a, steps):
    return np.round(a * steps) / steps


x = grid(rng.normal(size=(n, p)), 8)
x[:, 3] = rng.integers(0, 4, n)
eta = x[:, 0] - np.abs(x[:, 1]) + 0.7 * x[:, 2] * (x[:, 3] > 1)
y = grid(eta + 0.5 * rng.normal(size=n), 64)
two = (eta + 0.8 * rng.normal(size=n) > 0).astype(int)
three = np.digitize(eta + 0.5 * rng.normal(size=n), [-0.8, 0.4])
w = grid(rng.uniform(0.25, 3, n), 64)
holes = x.copy()
holes[rng.random(n) < 0.25, 0] = np.nan
holes[rng.random(n) < 0.1, 2] = np.nan
train = 160

out = {"sklearn": sklearn.__version__, "shap": shap.__version__, "numpy": np.__version__,
       "train": train, "x": x.T.tolist(), "y": y.tolist(), "two": two.tolist(),
       "three": three.tolist(), "w": w.tolist(),
       "holes": [[None if np.isnan(v) else v for v in column] for column in holes.T]}

trees = []
limits = dict(max_depth=4, min_samples_leaf=6)
for name, peer, outcome, options, weighted, columns in [
        ("numbers", DecisionTreeRegressor, y, limits, False, x),
        ("numbers weighted", DecisionTreeRegressor, y, limits, True, x),
        ("numbers deep", DecisionTreeRegressor, y, dict(min_samples_leaf=3), False, x),
        ("numbers leaves", DecisionTreeRegressor, y, dict(max_leaf_nodes=7, min_samples_leaf=3),
         False, x),
        ("numbers holes", DecisionTreeRegressor, y, limits, False, holes),
        ("two gini", DecisionTreeClassifier, two, limits, False, x),
        ("two gini weighted", DecisionTreeClassifier, two, limits, True, x),
        ("two entropy", DecisionTreeClassifier, two, dict(limits, criterion="entropy"), False, x),
        ("two balanced", DecisionTreeClassifier, two, dict(limits, class_weight="balanced"), False,
         x),
        ("three gini", DecisionTreeClassifier, three, limits, False, x),
        ("three entropy", DecisionTreeClassifier, three, dict(limits, criterion="entropy"), True,
         x)]:
    # Columns that split equally well are taken by chance: the first limit where there are none.
    for least in range(options["min_samples_leaf"], 40):
        options = dict(options, min_samples_leaf=least)
        models = [peer(random_state=seed, **options).fit(
            columns[:train], outcome[:train], sample_weight=w[:train] if weighted else None)
            for seed in range(12)]
        answers = [model.predict(columns) if peer is DecisionTreeRegressor
                   else model.predict_proba(columns)[:, 1] if outcome is two
                   else model.predict_proba(columns) for model in models]
        if all(np.allclose(said, answers[0]) for said in answers):
            break
    else:
        raise SystemExit(f"{name}: always a tie")
    model, said = models[0], answers[0]
    trees.append({"name": name, "predict": said.ravel().tolist(), "min_leaf": least,
                  "leaves": int(model.get_n_leaves()),
                  "importance": model.feature_importances_.tolist()})
out["trees"] = trees


def structure(model):
    t = model.tree_
    return {"feature": t.feature.tolist(), "threshold": t.threshold.tolist(),
            "left": t.children_left.tolist(), "right": t.children_right.tolist(),
            "cover": t.weighted_n_node_samples.tolist(), "value": t.value[:, 0, 0].tolist()}


asked = x[train:train + 12]
cases = []
for name, model in [
        ("one deep tree", DecisionTreeRegressor(min_samples_leaf=2, random_state=0)),
        ("forest", RandomForestRegressor(8, max_features=2, random_state=0))]:
    model.fit(x[:train], y[:train])
    parts = [model] if name == "one deep tree" else model.estimators_
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    cases.append({"name": name, "trees": [structure(part) for part in parts],
                  "expectation": float(np.ravel(explainer.expected_value)[0]),
                  "shap": explainer.shap_values(asked).tolist(),
                  "predict": model.predict(asked).tolist()})
out["shap_cases"] = cases

# Forests of 60 seeds (so that the noise of the comparison is mostly ours) on 300 rows, judged on 300
# others.
big = 600
bx = grid(rng.normal(size=(big, 6)), 64)
beta = bx[:, 0] + bx[:, 1] * bx[:, 2] + 0.5 * np.abs(bx[:, 3])
by = grid(beta + rng.normal(size=big), 64)
b2 = (rng.random(big) < 1 / (1 + np.exp(-1.5 * beta))).astype(int)
half = big // 2
out["forest"] = {"x": bx.T.tolist(), "y": by.tolist(), "two": b2.tolist(), "errors": {}}
for name, peer, outcome, options in [
        ("numbers", RandomForestRegressor, by, dict(max_features=2)),
        ("numbers extra", ExtraTreesRegressor, by, dict(max_features=2)),
        ("two", RandomForestClassifier, b2, dict(max_features=2)),
        ("two extra", ExtraTreesClassifier, b2, dict(max_features=2, min_samples_leaf=3))]:
    errors = []
    for seed in range(60):
        model = peer(100, random_state=seed, n_jobs=2, **options).fit(bx[:half], outcome[:half])
        said = (model.predict_proba(bx[half:])[:, 1] if outcome is b2 else model.predict(bx[half:]))
        errors.append(float(np.mean((said - outcome[half:]) ** 2)))
    out["forest"]["errors"][name] = errors
    print(name, np.mean(errors), np.std(errors, ddof=1))

with open("trees.json", "w") as file:
    json.dump(out, file, separators=(",", ":"))
    file.write("\n")
