"""Numbers of DoubleML 0.11.4 for fixed out-of-fold predictions (Python 3.11, scikit-learn 1.9).

    python dml_sensitivity.py > dml_sensitivity.json

Data come from sines, so that there is nothing random in them; predictions are handed in, so that no
learner is part of the comparison.
"""
import json

import numpy as np
import doubleml as dml
from doubleml.utils import DMLDummyClassifier, DMLDummyRegressor
from doubleml.utils.gain_statistics import gain_statistics

n = 120
i = np.arange(n)
x = np.sin(1.7 * i + 0.3)
z = np.cos(2.9 * i)
e = np.exp(np.sin(5.3 * i)) - 1.27          # skewed on purpose
v = np.sin(7.1 * i + 1.0) + 0.2 * np.cos(11.3 * i)
d = 0.5 * x + 0.3 * z + v
y = 0.4 * d + x + 0.5 * z + e
binary = (d > 0.1).astype(float)
yb = 0.6 * binary + x + 0.5 * z + e

predictions = {
    "l": [1.2 * x + 0.55 * z, 1.1 * x + 0.6 * z, 1.25 * x + 0.5 * z, 1.2 * x + 0.62 * z],
    "m": [0.5 * x + 0.28 * z, 0.48 * x + 0.3 * z, 0.52 * x + 0.3 * z, 0.45 * x + 0.25 * z],
    "l_short": [1.2 * x], "m_short": [0.5 * x],
    "g0": [x + 0.45 * z], "g1": [0.65 + 1.05 * x + 0.5 * z],
    "e": [1.0 / (1.0 + np.exp(-(0.8 * x + 0.5 * z)))],
}


def numbers(model, treatment, external, spec, normalize=None):
    model.fit(external_predictions={treatment: external})
    model.sensitivity_analysis(**spec)
    s = model.sensitivity_params
    el = model.sensitivity_elements
    return {
        "theta": [float(t) for t in model.all_coef[0]],
        "sigma2": [float(t) for t in el["sigma2"][0, :, 0]],
        "nu2": [float(t) for t in el["nu2"][0, :, 0]],
        "theta_low": float(s["theta"]["lower"][0]), "theta_high": float(s["theta"]["upper"][0]),
        "se_low": float(s["se"]["lower"][0]), "se_high": float(s["se"]["upper"][0]),
        "conf_low": float(s["ci"]["lower"][0]), "conf_high": float(s["ci"]["upper"][0]),
        "rv": float(s["rv"][0]), "rva": float(s["rva"][0]),
    }


def columns(names):
    return np.column_stack(names)


out = {"data": {"y": y.tolist(), "d": d.tolist(), "binary": binary.tolist(),
                "yb": yb.tolist()},
       "predictions": {k: [p.tolist() for p in v] for k, v in predictions.items()}}
specs = [dict(cf_y=0.03, cf_d=0.03, rho=1.0, level=0.95, null_hypothesis=0.0),
         dict(cf_y=0.1, cf_d=0.2, rho=-0.6, level=0.9, null_hypothesis=0.7)]
frame = dml.DoubleMLData.from_arrays(columns([x, z]), y, d)
frame_b = dml.DoubleMLData.from_arrays(columns([x, z]), yb, binary)


def plr(reps, l, m):
    np.random.seed(1)
    return dml.DoubleMLPLR(frame, DMLDummyRegressor(), DMLDummyRegressor(), n_folds=2, n_rep=reps), {
        "ml_l": columns(l), "ml_m": columns(m)}


out["plr"] = [numbers(*(lambda p: (p[0], "d", p[1]))(plr(1, predictions["l"][:1],
                                                       predictions["m"][:1])), s) for s in specs]
out["plr_repeated"] = [numbers(*(lambda p: (p[0], "d", p[1]))(
    plr(k, predictions["l"][:k], predictions["m"][:k])), s) for k in (3, 4) for s in specs]
for score in ("ATE", "ATTE"):
    rows = []
    for s in specs:
        model = dml.DoubleMLIRM(frame_b, DMLDummyRegressor(), DMLDummyClassifier(), n_folds=2,
                                score=score)
        rows.append(numbers(model, "d", {"ml_g0": columns(predictions["g0"]),
                                         "ml_g1": columns(predictions["g1"]),
                                         "ml_m": columns(predictions["e"])}, s))
    out["irm_" + score.lower()] = rows
long_model, p = plr(1, predictions["l"][:1], predictions["m"][:1])
long_model.fit(external_predictions={"d": p})
short_model, p = plr(1, predictions["l_short"], predictions["m_short"])
short_model.fit(external_predictions={"d": p})
out["benchmark"] = {k: float(v[0]) for k, v in gain_statistics(long_model, short_model).items()}
print(json.dumps(out))
