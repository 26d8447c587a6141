"""TreeSHAP against XGBoost's own pred_contribs on one model, in one run: the XGBoost we link (in
shap_bench) and the package installed here.

    python shap.py BUILD [ROWS=10000 COLUMNS=20 TREES=500 DEPTH=6 THREADS=2 REPEATS=3]
"""
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import xgboost as xgb

build = pathlib.Path(sys.argv[1])
rows, columns, trees, depth, threads, repeats = [
    int(v) for v in sys.argv[2:] + ["10000", "20", "500", "6", "2", "3"][len(sys.argv) - 2:]]
with tempfile.TemporaryDirectory() as folder:
    lines = subprocess.run(
        [build / "tests/bench/shap_bench",
         *map(str, (rows, columns, trees, depth, threads, repeats)), folder],
        check=True, capture_output=True, text=True).stdout
    print(lines, end="")
    us = float(lines.split("us ")[1].split()[0])
    model = xgb.Booster({"nthread": threads})
    model.load_model(f"{folder}/model.json")
    x = np.fromfile(f"{folder}/rows.f32", np.float32).reshape(rows, columns)
    ours = np.fromfile(f"{folder}/ours.f64").reshape(rows, columns)
    asked = xgb.DMatrix(x, feature_names=model.feature_names, nthread=threads)
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        theirs = model.predict(asked, pred_contribs=True)
        best = min(best, time.perf_counter() - begin)
    print(f"xgboost {xgb.__version__}  shap {best:.4f} s, we are {best / us:.2f} times as fast; "
          f"largest difference {np.abs(ours - theirs[:, :-1]).max():.2g}", flush=True)
    some = min(rows, 25)
    begin = time.perf_counter()
    model.predict(xgb.DMatrix(x[:some], feature_names=model.feature_names, nthread=threads),
                  pred_interactions=True)
    print(f"  interactions of {some} rows {time.perf_counter() - begin:.4f} s")
