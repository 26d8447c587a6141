"""Reference numbers of boosting: XGBoost's own Python package, 1.7.4, numpy any.

    python make_boosting.py [FOLDER]

Writes boosting_rows.txt (numbers, a category, some missing, outcomes, weights), boosting.json (a
case a model: options, XGBoost's names of them, predictions, sums, importance, contributions) and
boosting_dart.json, boosting_category.json, boosting_classes.json: models it saved.
"""

import json
import pathlib
import sys

import numpy as np
import xgboost as xgb

assert xgb.__version__.startswith("1.7."), xgb.__version__
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__)
folder = folder if folder.is_dir() else folder.parent

# The seed that the tests' stream gives.
SEED = 954333090
n, held = 240, 80
rng = np.random.default_rng(20240611)
x = np.round(rng.normal(size=(n, 4)), 4)
x[:, 2] = rng.integers(0, 7, n)
x[rng.random(n) < 0.15, 1] = np.nan
x[rng.random(n) < 0.05, 2] = np.nan
base = x[:, 0] + np.where(np.isnan(x[:, 1]), 0.5, x[:, 1] * x[:, 0]) + np.isin(x[:, 2], [1, 4, 6])
y = np.round(base + 0.3 * rng.normal(size=n), 4)
label = (y > np.median(y)).astype(float)
count = rng.poisson(np.exp(np.clip(0.4 * y, -3, 3))).astype(float)
positive = np.round(np.exp(0.5 * y) + 0.01, 4)
group = np.digitize(y, np.quantile(y, [0.3, 0.7])).astype(float)
w = np.round(rng.exponential(size=n) + 0.1, 4)
names = ["a", "b", "c", "d"]
outcomes = {"y": y, "label": label, "count": count, "positive": positive, "group": group}

with open(folder / "boosting_rows.txt", "w") as file:
    for i in range(n):
        row = list(x[i]) + [v[i] for v in outcomes.values()] + [w[i]]
        file.write(" ".join("nan" if np.isnan(v) else repr(float(v)) for v in row) + "\n")


def huber(sum_, _):
    # In double precision, outcomes too: XGBoost's own copy of them is single.
    z = sum_.astype(float) - y[: n - held]
    s = np.sqrt(1 + z * z)
    return z / s, 1 / s**3


cases = {
    "squared": ("y", {"objective": "reg:squarederror"}, {}),
    "weighted": ("y", {"objective": "reg:squarederror"}, {"weights": True}),
    "absolute": ("y", {"objective": "reg:absoluteerror"}, {}),
    "huber": ("y", {"objective": "reg:pseudohubererror", "huber_slope": 0.7}, {}),
    "log": ("positive", {"objective": "reg:squaredlogerror"}, {}),
    "logistic": ("label", {"objective": "binary:logistic", "scale_pos_weight": 2.0,
                           "base_score": 0.3}, {}),
    "softprob": ("group", {"objective": "multi:softprob", "num_class": 3}, {}),
    "softmax": ("group", {"objective": "multi:softmax", "num_class": 3}, {}),
    "poisson": ("count", {"objective": "count:poisson"}, {}),
    "gamma_loss": ("positive", {"objective": "reg:gamma"}, {}),
    "tweedie": ("count", {"objective": "reg:tweedie", "tweedie_variance_power": 1.3}, {}),
    "penalties": ("y", {"lambda": 3.0, "alpha": 0.5, "gamma": 0.2, "min_child_weight": 4.0,
                        "max_depth": 3, "learning_rate": 0.1, "max_bin": 16}, {}),
    "leaves": ("y", {"max_depth": 0, "max_leaves": 5, "grow_policy": "lossguide"}, {}),
    "sampled": ("y", {"subsample": 0.6, "colsample_bytree": 0.75, "colsample_bylevel": 0.7,
                      "colsample_bynode": 0.7}, {}),
    "exact": ("y", {"tree_method": "exact", "max_depth": 4}, {}),
    "approx": ("y", {"tree_method": "approx", "max_depth": 4}, {}),
    "monotone": ("y", {"monotone_constraints": "(1,0,0,-1)"}, {}),
    "interactions": ("y", {"interaction_constraints": "[[0,2],[1,3]]"}, {}),
    "dart": ("y", {"booster": "dart", "rate_drop": 0.3, "skip_drop": 0.2}, {}),
    "own": ("y", {}, {"own": True}),
    "onehot": ("y", {"max_cat_to_onehot": 100}, {"categories": True}),
    "partition": ("y", {"max_cat_to_onehot": 1, "max_cat_threshold": 3}, {"categories": True}),
    "stopped": ("y", {"learning_rate": 0.4}, {"patience": 5}),
    "stopped_auc": ("label", {"objective": "binary:logistic", "eval_metric": "auc"},
                    {"patience": 4}),
}
for name, objective, outcome in [
    ("mlogloss", "multi:softprob", "group"), ("merror", "multi:softprob", "group"),
    ("rmse", "reg:squarederror", "y"), ("mae", "reg:absoluteerror", "y"),
    ("mphe", "reg:pseudohubererror", "y"), ("rmsle", "reg:squaredlogerror", "positive"),
    ("logloss", "binary:logistic", "label"), ("error", "binary:logistic", "label"),
    ("poisson-nloglik", "count:poisson", "count"), ("gamma-nloglik", "reg:gamma", "positive"),
    ("gamma-deviance", "reg:gamma", "positive"), ("tweedie-nloglik", "reg:tweedie", "count"),
]:
    options = {"objective": objective, "eval_metric": name}
    if objective.startswith("multi"):
        options["num_class"] = 3
    if name == "tweedie-nloglik":
        options["eval_metric"] = "tweedie-nloglik@1.5"
    cases["metric " + name] = (outcome, options, {"patience": 100, "weights": True})

result = {}
for name, (outcome, options, more) in cases.items():
    kinds = ["q", "q", "c" if more.get("categories") else "q", "q"]

    def matrix(rows):
        return xgb.DMatrix(x[rows], outcomes[outcome][rows],
                           weight=w[rows] if more.get("weights") else None, feature_names=names,
                           feature_types=kinds if more.get("categories") else None,
                           enable_categorical=bool(more.get("categories")), nthread=1)

    train, test = matrix(slice(0, n - held)), matrix(slice(n - held, n))
    settings = {"tree_method": "hist", "seed": SEED, "seed_per_iteration": True, "nthread": 1,
                "validate_parameters": True, "verbosity": 0, **options}
    log = {}
    stop = {}
    if "patience" in more:
        stop = {"evals": [(test, "test")], "early_stopping_rounds": more["patience"],
                "evals_result": log}
    model = xgb.train(settings, train, 12, obj=huber if more.get("own") else None,
                      verbose_eval=False, **stop)
    case = {"outcome": outcome, "options": options, **more}
    if stop:
        case["history"] = list(log["test"].values())[0]
        case["best"] = model.best_iteration
        model = model[: model.best_iteration + 1]
    everything = matrix(slice(0, n))
    # Nine digits name a single-precision number; sums are left out where there is no link.
    case["prediction"], sums = (
        [float(f"{v:.9g}") for v in model.predict(everything, output_margin=margin).ravel()]
        for margin in (False, True))
    if sums != case["prediction"]:
        case["sums"] = sums
    if name in ("squared", "logistic"):
        case["contributions"] = (model.predict(everything, pred_contribs=True)[:40]
                                 .astype(float).tolist())
    if "c" not in kinds:
        for kind in ("weight", "gain", "cover", "total_gain", "total_cover"):
            case[kind] = model.get_score(importance_type=kind)
    result[name] = case
    if name in ("dart", "partition", "softprob"):
        (folder / f"boosting_{name}.json").write_bytes(bytes(model.save_raw("json")))

with open(folder / "boosting.json", "w") as file:
    file.write(json.dumps(result).replace('"metric ', '\n"metric ').replace("}, ", "},\n"))
