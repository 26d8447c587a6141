"""Writes ensembles.json: rows, and what scikit-learn, scipy and R's SuperLearner make of them.

    python3 make_ensembles.py > ensembles.json      (make_ensembles.R beside it, R in PATH)

Folds are single rows, so no draw of folds matters. Options of the peers that differ from ours are
named where they stand.
"""
import json
import subprocess
import sys
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize, nnls
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.pipeline import make_pipeline

rng = np.random.default_rng(11)
n = 40
x = np.round(rng.normal(size=(n, 3)), 3)
y = np.round(x[:, 0] - 0.5 * x[:, 1] ** 2 + 0.7 * x[:, 2] + rng.normal(size=n), 3)
label = (y + rng.normal(size=n) > np.median(y)).astype(int)


def on(columns):
    return make_pipeline(ColumnTransformer([("kept", "passthrough", columns)]), LinearRegression())


bases = [("ab", on([0, 1])), ("c", on([2])), ("b", on([1]))]
out = {"x": x.T.tolist(), "y": y.tolist(), "label": label.tolist()}
new = np.round(rng.normal(size=(6, 3)), 3)
out["new"] = new.T.tolist()
for name, passthrough in (("stack", False), ("stack_passthrough", True)):
    # Our passthrough holds all columns; a base's columns and ours are then collinear, so c alone is
    # stacked there.
    use = bases[1:2] if passthrough else bases
    model = StackingRegressor(use, LinearRegression(), cv=LeaveOneOut(), passthrough=passthrough)
    out[name] = model.fit(x, y).predict(new).tolist()
z = np.column_stack([cross_val_predict(base, x, y, cv=LeaveOneOut()) for _, base in bases])
coefficient, residual = nnls(z, y)
out["nnls"] = {"coefficient": coefficient.tolist(), "residual": residual}
a = rng.normal(size=(30, 6))
b = a @ np.array([1.0, -2.0, 0.5, 0.0, -0.1, 3.0]) + rng.normal(size=30)
coefficient, residual = nnls(a, b)
out["nnls_general"] = {"a": a.T.tolist(), "b": b.tolist(), "coefficient": coefficient.tolist(),
                       "residual": residual}
here = pathlib.Path(__file__).parent
rows = "\n".join(" ".join(map(repr, map(float, (*x[i], y[i], label[i])))) for i in range(n))
more = "\n".join(" ".join(map(repr, map(float, row))) for row in new)
done = subprocess.run(["Rscript", str(here / "make_ensembles.R")], input=rows + "\n\n" + more,
                      capture_output=True, text=True, check=True)
out.update(json.loads(done.stdout))
# Mixture of the probabilities of what happened, best on the simplex.
p = np.array(out["super_learner_logistic"]["z"]).T
q = np.where(label[:, None] == 1, p, 1 - p)
best = minimize(lambda w: -np.log(q @ w).sum(), np.full(q.shape[1], 1 / q.shape[1]),
                jac=lambda w: -(q / (q @ w)[:, None]).sum(axis=0), method="SLSQP",
                bounds=[(0, 1)] * q.shape[1], tol=1e-14, options={"maxiter": 1000},
                constraints={"type": "eq", "fun": lambda w: w.sum() - 1})
out["log_likelihood_weights"] = best.x.tolist()
out["source"] = ("make_ensembles.py: scikit-learn %s, scipy %s; make_ensembles.R: %s" %
                 (sklearn.__version__, scipy.__version__, out.pop("version")))
json.dump(out, sys.stdout)
