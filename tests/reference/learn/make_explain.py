"""Writes explain.json here: what peers say of a known function on invented rows.

    python make_explain.py     peers: scikit-learn 1.9.1, shap 0.51.0, PyALE 1.2.0,
                               statsmodels 0.15.0, numpy 2.2.6

f = 2 a + b c + |d| - e^2 / 2 + a d; the probability is 1 / (1 + exp(-f)).
PyALE draws plots, which are not needed here: matplotlib may be missing.
"""
import json
import sys
import types

import numpy as np
import pandas as pd
import shap
import sklearn
import statsmodels
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import partial_dependence
from statsmodels.stats.diagnostic import het_breuschpagan, linear_reset
from statsmodels.stats.stattools import durbin_watson
import statsmodels.api as sm

for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.transforms", "seaborn"):
    if name not in sys.modules:
        sys.modules[name] = types.ModuleType(name)
from PyALE._src.ALE_1D import aleplot_1D_continuous  # noqa: E402
from PyALE._src.ALE_2D import aleplot_2D_continuous  # noqa: E402

rng = np.random.default_rng(20261121)
n = 80
x = np.round(rng.normal(size=(n, 5)) * 64) / 64
x[:, 1] = np.round((0.7 * x[:, 0] + 0.7 * rng.normal(size=n)) * 64) / 64
w = np.round(rng.uniform(0.25, 3, n) * 64) / 64
names = list("abcde")
frame = pd.DataFrame(x, columns=names)


def f(v):
    v = np.asarray(v, dtype=float)
    a, b, c, d, e = v.T
    return 2 * a + b * c + np.abs(d) - 0.5 * e * e + a * d


def p(v):
    return 1 / (1 + np.exp(-f(v)))


class Known(RegressorMixin, BaseEstimator):
    def fit(self, *_):
        self.fitted_ = True
        return self

    def predict(self, v):
        return f(v)

    def __sklearn_is_fitted__(self):
        return True


out = {"source": "make_explain.py", "sklearn": sklearn.__version__, "shap": shap.__version__,
       "statsmodels": statsmodels.__version__, "x": x.T.tolist(), "w": w.tolist()}

model = Known().fit()
grid_a, grid_d = [-1.0, -0.25, 0.5, 1.25], [-0.75, 0.0, 0.8]
one = partial_dependence(model, frame, ["a"], kind="both", method="brute",
                         custom_values={"a": np.array(grid_a)})
both = partial_dependence(model, frame, ["a", "d"], kind="average", method="brute",
                          custom_values={"a": np.array(grid_a), "d": np.array(grid_d)})
heavy = partial_dependence(model, frame, ["a"], kind="average", method="brute", sample_weight=w,
                           custom_values={"a": np.array(grid_a)})
out["partial"] = {"grid_a": grid_a, "grid_d": grid_d, "mean": one["average"][0].tolist(),
                  "curves": one["individual"][0].tolist(), "pair": both["average"][0].tolist(),
                  "weighted": heavy["average"][0].tolist(),
                  "quantiles_c": np.quantile(x[:, 2], np.linspace(0.05, 0.95, 7)).tolist()}

# Numbers of intervals that divide the rows: elsewhere its quantiles are not those of type 1.
single = aleplot_1D_continuous(frame, model, "a", grid_size=8, include_CI=False)
pair = aleplot_2D_continuous(frame, model, ["a", "d"], grid_size=4)
tied = aleplot_2D_continuous(frame, model, ["a", "b"], grid_size=5)
out["ale"] = {"ends": single.index.tolist(), "effect": single["eff"].tolist(),
              "size": single["size"].tolist(), "pair": pair.values.tolist(),
              "pair_ends": [pair.index.tolist(), pair.columns.tolist()],
              "tied": tied.values.tolist()}

background, asked = x[:20], x[30:36]
kernel = {}
for name, link in (("identity", "identity"), ("logit", "logit")):
    explainer = shap.KernelExplainer(f if name == "identity" else p, background, link=link)
    kernel[name] = {"shap": explainer.shap_values(asked, nsamples=2**5, l1_reg=False,
                                                  silent=True).tolist(),
                    "expectation": float(explainer.expected_value)}
out["kernel"] = kernel

forest = RandomForestRegressor(4, max_depth=4, min_samples_leaf=3, random_state=1)
forest.fit(x.astype(np.float32), np.round(f(x) * 64) / 64)
interactions = shap.TreeExplainer(
    forest, feature_perturbation="tree_path_dependent").shap_interaction_values(x[:8])
trees = []
for member in forest.estimators_:
    t = member.tree_
    trees.append({"left": t.children_left.tolist(), "right": t.children_right.tolist(),
                  "feature": t.feature.tolist(), "threshold": t.threshold.tolist(),
                  "cover": t.weighted_n_node_samples.tolist(),
                  "value": t.value[:, 0, 0].tolist()})
out["tree"] = {"trees": trees, "interactions": interactions.tolist()}

# Residuals: a line that misses a curve, with errors that grow.
fitted = np.round((1 + x[:, 0]) * 64) / 64
noise = rng.normal(size=n)
outcome = np.round((fitted + 0.2 * fitted**2 + np.exp(0.4 * fitted) * noise) * 64) / 64
fit = sm.OLS(outcome, sm.add_constant(fitted)).fit()
koenker = het_breuschpagan(fit.resid, fit.model.exog)
normal = het_breuschpagan(fit.resid, fit.model.exog, robust=False)
reset = linear_reset(fit, power=3, use_f=True)
t = (outcome - fitted)
probability = np.round(1 / (1 + np.exp(-1.5 * x[:, 1])) * 512 + 0.5) / 513
label = (rng.random(n) < np.clip(probability + 0.1, 0, 1)).astype(int)
order = np.argsort(probability, kind="stable")
cuts = np.quantile(probability, np.linspace(0, 1, 11))
group = pd.cut(probability, np.unique(cuts), include_lowest=True, labels=False)
chi = 0.0
for g in range(group.max() + 1):
    at = group == g
    for seen, meant in ((label[at].sum(), probability[at].sum()),
                        ((1 - label[at]).sum(), (1 - probability[at]).sum())):
        chi += (seen - meant) ** 2 / meant
pearson = (label - probability) / np.sqrt(probability * (1 - probability))
glm = sm.families.Binomial()
deviance = glm.resid_dev(label.astype(float), probability)
# Gelman's binned plot as R's arm::binnedplot has it, with 10 groups.
s = np.sort(probability)
at = (n * np.arange(1, 10)) // 10
breaks = np.concatenate([[-np.inf], np.unique((s[at - 1] + s[at]) / 2), [np.inf]])
bins = pd.cut(probability, breaks, labels=False)
rows = []
for b in range(bins.max() + 1):
    e = (label - probability)[bins == b]
    rows.append([float(probability[bins == b].mean()), float(e.mean()), int(e.size),
                 float(2 * e.std(ddof=1) / np.sqrt(e.size))])
out["residuals"] = {
    "fitted": fitted.tolist(), "outcome": outcome.tolist(),
    "koenker": [koenker[0], koenker[1]], "normal": [normal[0], normal[1]],
    "reset": [float(reset.fvalue), float(reset.pvalue)],
    "durbin_watson": float(durbin_watson(fit.resid)),
    "probability": probability.tolist(), "label": label.tolist(),
    "hosmer_lemeshow": [chi, float(stats.chi2.sf(chi, group.max() - 1)),
                        float(stats.chi2.sf(chi, group.max() + 1))],
    "pearson": pearson.tolist(), "deviance": deviance.tolist(), "binned": rows}

with open("explain.json", "w") as file:
    json.dump(out, file, separators=(",", ":"))
    file.write("\n")
