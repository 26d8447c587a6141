"""Writes explain_boosting.json here: XGBoost's contributions and interactions, of its own package
1.7.4, for models that make_boosting.py fits too (its rows, its seed).

    python make_explain_boosting.py
"""
import json
import pathlib

import numpy as np
import xgboost as xgb

assert xgb.__version__.startswith("1.7."), xgb.__version__
folder = pathlib.Path(__file__).parent
table = np.array([[float(v) for v in line.split()]
                  for line in (folder / "boosting_rows.txt").read_text().splitlines()])
x, y = table[:, :4], table[:, 4]
out = {"source": f"make_explain_boosting.py, xgboost {xgb.__version__}"}
cases = {"squared": ({}, False), "onehot": ({"max_cat_to_onehot": 100}, True),
         "partition": ({"max_cat_to_onehot": 1, "max_cat_threshold": 3}, True)}
for name, (options, categories) in cases.items():
    kinds = ["q", "q", "c", "q"] if categories else ["q"] * 4

    def matrix(rows):
        return xgb.DMatrix(x[rows], y[rows], feature_names=list("abcd"), feature_types=kinds,
                           enable_categorical=categories, nthread=1)

    model = xgb.train({"tree_method": "hist", "seed": 954333090, "seed_per_iteration": True,
                       "nthread": 1, **options}, matrix(slice(0, 160)), 12)
    asked = matrix(slice(0, 20))
    out[name] = {"contributions": model.predict(asked, pred_contribs=True).astype(float).tolist(),
                 "interactions": model.predict(asked, pred_interactions=True).astype(float)[:10]
                 .tolist(),
                 "sums": model.predict(asked, output_margin=True).astype(float).tolist()}
(folder / "explain_boosting.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
