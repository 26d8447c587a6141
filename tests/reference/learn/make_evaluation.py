"""Writes evaluation.json here: invented samples and what peers say of them.

    python make_evaluation.py      peers: scikit-learn, scipy, MAPIE in the versions it records; the
fit of Platt and the temperature also in numpy, beyond the tolerance of scikit-learn
"""
import json
import warnings

import mapie
import numpy as np
import scipy
import sklearn
from scipy import optimize, special, stats
from sklearn import metrics
from sklearn.calibration import _SigmoidCalibration, _TemperatureScaling
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import TimeSeriesSplit

rng = np.random.default_rng(20260918)
out = {"source": "tests/reference/learn/make_evaluation.py: scikit-learn %s, scipy %s, MAPIE %s, "
                 "numpy %s" % (sklearn.__version__, scipy.__version__, mapie.__version__,
                               np.__version__)}


def plain(x):
    return [float(v) for v in np.asarray(x).ravel()]


# Numbers: outcomes and predictions above 0, so that every deviance is defined.
n = 48
y = np.round(np.exp(rng.normal(1, 0.8, n)), 3)
f = np.round(y ** 0.7 * np.exp(rng.normal(0.3, 0.4, n)), 3)
w = np.round(rng.uniform(0.2, 3, n), 2)
numbers = {"outcome": plain(y), "prediction": plain(f), "weights": plain(w)}
for name, sw in (("plain", None), ("weighted", w)):
    k = {"sample_weight": sw}
    one = np.ones(n) if sw is None else sw
    numbers[name] = {
        "r2": metrics.r2_score(y, f, **k),
        "explained_variance": metrics.explained_variance_score(y, f, **k),
        "rmse": metrics.root_mean_squared_error(y, f, **k),
        "mae": metrics.mean_absolute_error(y, f, **k),
        "median_ae": metrics.median_absolute_error(y, f, **k),
        "mape": metrics.mean_absolute_percentage_error(y, f, **k),
        "smape": float(np.average(2 * abs(y - f) / (abs(y) + abs(f)), weights=one)),
        "wape": float((one * abs(y - f)).sum() / (one * abs(y)).sum()),
        "max_error": metrics.max_error(y, f),
        "bias": float(np.average(f - y, weights=one)),
        "pinball(0.1)": metrics.mean_pinball_loss(y, f, alpha=0.1, **k),
        "pinball(0.9)": metrics.mean_pinball_loss(y, f, alpha=0.9, **k)}
    for term, power in (("normal", 0), ("poisson", 1), ("gamma", 2), ("tweedie(1.5)", 1.5),
                        ("tweedie(3)", 3), ("tweedie(-1)", -1)):
        numbers[name]["deviance_" + term] = metrics.mean_tweedie_deviance(y, f, power=power, **k)
        numbers[name]["d2_" + term] = metrics.d2_tweedie_score(y, f, power=power, **k)
out["numbers"] = numbers

# Classes: four of them, the last one rare.
n = 60
label = rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
logit = rng.normal(size=(n, 4)) + 1.3 * np.eye(4)[label]
prob = np.round(special.softmax(logit, axis=1), 4)
prob[:, 0] += 1 - prob.sum(axis=1)
prob = np.round(prob, 4)
w = np.round(rng.uniform(0.2, 3, n), 2)
called = prob.argmax(axis=1)
classes = {"label": [int(v) for v in label], "probability": plain(prob), "weights": plain(w)}
for name, sw in (("plain", None), ("weighted", w)):
    k = {"sample_weight": sw}
    one = np.ones(n) if sw is None else sw
    pl = prob[np.arange(n), label]
    classes[name] = {
        "matrix": plain(metrics.confusion_matrix(label, called, **k)),
        "accuracy": metrics.accuracy_score(label, called, **k),
        "balanced_accuracy": metrics.balanced_accuracy_score(label, called, **k),
        "macro_precision": metrics.precision_score(label, called, average="macro", **k),
        "macro_f1": metrics.f1_score(label, called, average="macro", **k),
        "micro_f1": metrics.f1_score(label, called, average="micro", **k),
        "weighted_f1": metrics.f1_score(label, called, average="weighted", **k),
        "mcc": metrics.matthews_corrcoef(label, called, **k),
        "kappa": metrics.cohen_kappa_score(label, called, **k),
        "log_loss": float(np.average(-np.log(pl), weights=one)),
        "sklearn_log_loss": metrics.log_loss(label, prob, **k),
        "brier_score": metrics.brier_score_loss(label, prob, **k),
        "macro_auc": float(np.mean([metrics.roc_auc_score(label == c, prob[:, c], **k)
                                    for c in range(4)])),
        "top_2_accuracy": metrics.top_k_accuracy_score(label, prob, k=2, **k),
        "top_3_accuracy": metrics.top_k_accuracy_score(label, prob, k=3, **k)}
logits = np.log(prob)
slope = lambda b: (logits[np.arange(n), label] -  # noqa: E731
                   (special.softmax(b * logits, axis=1) * logits).sum(axis=1)).mean()
classes["inverse_temperature"] = optimize.brentq(slope, 0.01, 100, xtol=1e-15, rtol=1e-14)
classes["sklearn_inverse_temperature"] = float(_TemperatureScaling().fit(prob, label).beta_)
out["classes"] = classes

# Two classes: rows.txt.
rows = np.loadtxt("rows.txt")
a, b, p, y, w = (np.ascontiguousarray(c) for c in rows.T)
y = y.astype(int)
two = {}
for name, s in (("a", a), ("b", b)):
    ks = stats.ks_2samp(s[y == 1], s[y == 0], method="asymp")
    two["ks_" + name] = float(ks.statistic)


def platt(s, sw):
    n1, n0 = sw[y == 1].sum(), sw[y == 0].sum()
    t = np.where(y == 1, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    theta = np.array([0.0, np.log((n0 + 1) / (n1 + 1))])
    x = np.column_stack([s, np.ones(len(s))])
    for _ in range(60):  # Newton, far beyond convergence
        q = special.expit(-x @ theta)
        theta -= np.linalg.solve((x * (sw * q * (1 - q))[:, None]).T @ x, x.T @ (sw * (t - q)))
    return theta


for name, sw in (("plain", np.ones(len(a))), ("weighted", w)):
    peer = _SigmoidCalibration().fit(a, y, sample_weight=None if name == "plain" else sw)
    two["platt_" + name] = {"newton": plain(platt(a, sw)), "sklearn": [peer.a_, peer.b_]}
    iso = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    iso.fit(b + 0.1 * np.round(3 * a), y, sample_weight=sw)
    ask = np.linspace(-7, 7, 57)
    two["isotonic_" + name] = {"x": plain(iso.X_thresholds_), "y": plain(iso.y_thresholds_),
                               "at": plain(iso.predict(ask))}
out["two"] = two

# Folds in time.
folds = {}
for name, k in (("default", {"n_splits": 4}),
                ("gap", {"n_splits": 3, "gap": 2, "test_size": 3}),
                ("sliding", {"n_splits": 3, "gap": 1, "max_train_size": 4})):
    folds[name] = [[[int(i) for i in part] for part in split]
                   for split in TimeSeriesSplit(**k).split(np.zeros(23))]
out["time_folds"] = folds

# Conformal intervals: CV+ of a line, five folds.
from mapie.regression import CrossConformalRegressor  # noqa: E402
from sklearn.linear_model import LinearRegression  # noqa: E402
from sklearn.model_selection import KFold  # noqa: E402

n, m = 40, 6
x = np.round(rng.normal(size=(n + m, 1)), 3)
y = np.round(x[:, 0] + rng.normal(size=n + m), 3)
kf = KFold(5)
fold = np.empty(n, int)
oof, at_new = np.empty(n), np.empty((m, 5))
for k, (train, test) in enumerate(kf.split(x[:n])):
    model = LinearRegression().fit(x[train], y[train])
    fold[test], oof[test] = k, model.predict(x[test])
    at_new[:, k] = model.predict(x[n:])
peer = CrossConformalRegressor(LinearRegression(), confidence_level=0.8, cv=kf, method="plus")
peer.fit_conformalize(x[:n], y[:n])
_, interval = peer.predict_interval(x[n:])
out["cv_plus"] = {"outcome": plain(y[:n]), "fold": [int(v) for v in fold],
                  "out_of_fold": plain(oof), "prediction": plain(at_new),
                  "low": plain(interval[:, 0, 0]), "high": plain(interval[:, 1, 0])}

with open("evaluation.json", "w") as file:
    json.dump(out, file, separators=(",", ":"))
    file.write("\n")
