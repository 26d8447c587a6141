"""Writes prepare.json here: what scikit-learn's transformers say of an invented sample.

    python make_prepare.py      peers: scikit-learn 1.9.1, scipy, numpy, mpmath
Learned from the first 30 rows, applied to all 40. The powers of Yeo and Johnson are maximised with
30 digits by mpmath too, since scikit-learn's minimiser finds half of a double's.
"""
import json
import warnings

import mpmath
import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.preprocessing import (KBinsDiscretizer, MaxAbsScaler, MinMaxScaler, OneHotEncoder,
                                   PowerTransformer, QuantileTransformer, RobustScaler,
                                   StandardScaler, TargetEncoder)

warnings.simplefilter("ignore")
rng = np.random.default_rng(20261121)
n, train = 40, 30
z = rng.normal(size=(n, 4))
z[:, 1] += 0.8 * z[:, 0]
z[:, 2] = 10 * np.exp(0.7 * z[:, 2] + 0.3 * z[:, 0])
z[:, 3] = np.round(2 * z[:, 3] + z[:, 1])  # Ties and negative numbers.
x = np.round(z * 64) / 64
holes = x.copy()
holes[rng.random((n, 4)) < 0.18] = np.nan
holes[35] = np.nan
tier = rng.choice(["gold", "silver", "bronze", "iron"], n, p=[0.35, 0.3, 0.25, 0.1])
tier[33] = "tin"  # Unseen.
assert "tin" not in tier[:train]
y = np.round((x[:, 0] + (tier == "gold") + 0.5 * rng.normal(size=n)) * 64) / 64
two = (y > 0.4).astype(int)
three = np.digitize(y, [-0.3, 0.9])


def cells(a):
    return [[None if np.isnan(v) else float(v) for v in column] for column in np.asarray(a).T]


out = {"source": "make_prepare.py: scikit-learn %s, scipy %s, numpy %s, mpmath %s" % (
           sklearn.__version__, scipy.__version__, np.__version__, mpmath.__version__),
       "train": train, "x": cells(x), "holes": cells(holes), "tier": tier.tolist(),
       "y": y.tolist(), "two": two.tolist(), "three": three.tolist()}


def fitted(transformer, data=holes):
    return transformer.fit(data[:train]).transform(data)


for name, strategy in (("mean", "mean"), ("median", "median"), ("mode", "most_frequent")):
    out["impute_" + name] = SimpleImputer(strategy=strategy).fit(holes[:train]).statistics_.tolist()
scaler = StandardScaler().fit(holes[:train])
unit = scaler.transform(holes)


def back(a):
    """Only the cells that were filled."""
    return [float(v) for v in scaler.inverse_transform(a).T[np.isnan(holes.T)]]


out["knn"] = back(fitted(KNNImputer(n_neighbors=3), unit))
out["knn_raw"] = [float(v) for v in fitted(KNNImputer(n_neighbors=5, weights="distance")).T[
    np.isnan(holes.T)]]
chain = IterativeImputer(Ridge(alpha=0.5), max_iter=4, tol=0)
out["iterative"] = back(fitted(chain, unit))
settled = IterativeImputer(LinearRegression(), max_iter=400, tol=0)
out["iterative_ols"] = back(fitted(settled, unit))

out["standard"] = cells(fitted(StandardScaler()))
out["robust"] = cells(fitted(RobustScaler(quantile_range=(10, 80))))
out["min_max"] = cells(fitted(MinMaxScaler((-1, 2))))
out["min_max_clip"] = cells(fitted(MinMaxScaler(clip=True)))
out["max_abs"] = cells(fitted(MaxAbsScaler()))
out["uniform"] = cells(fitted(QuantileTransformer(n_quantiles=11, subsample=None)))
# Without holes: scikit-learn takes as many quantiles as there are rows, we as there are numbers.
# Its quantiles of ties differ by rounding (3.6e-15), which moves a tie by half a row (.054 in the
# result): they are put back to the sample's multiples of 1/64.
normal = QuantileTransformer(output_distribution="normal", subsample=None).fit(x[:train])
normal.quantiles_ = np.round(normal.quantiles_ * 64) / 64
out["normal"] = cells(normal.transform(x))


def exact_lambda(column):
    mpmath.mp.dps = 30
    values = [mpmath.mpf(float(v)) for v in column if not np.isnan(v)]

    def psi(v, lam):
        if v >= 0:
            return ((1 + v) ** lam - 1) / lam
        return -((1 - v) ** (2 - lam) - 1) / (2 - lam)

    def loglik(lam):
        p = [psi(v, lam) for v in values]
        m = sum(p) / len(p)
        var = sum((q - m) ** 2 for q in p) / len(p)
        return (-mpmath.mpf(len(p)) / 2 * mpmath.log(var)
                + (lam - 1) * sum(mpmath.sign(v) * mpmath.log(1 + abs(v)) for v in values))

    def slope(lam):
        return mpmath.diff(loglik, lam)
    start = stats.yeojohnson(column[~np.isnan(column)])[1]
    return float(mpmath.findroot(slope, (start - 1e-3, start + 1e-3), tol=1e-22))


power = PowerTransformer().fit(holes[:train])
out["lambda_sklearn"] = power.lambdas_.tolist()
out["lambda"] = [exact_lambda(holes[:train, j]) for j in range(4)]
shaped = np.column_stack([stats.yeojohnson(holes[:, j], out["lambda"][j]) for j in range(4)])
out["yeo_johnson"] = cells(fitted(StandardScaler(), shaped))
# At powers where the formula has its limits.
points = np.array([-3.5, -0.25, -1e-9, 0.0, 1e-9, 0.75, 40.0])
out["yeo_points"] = points.tolist()
out["yeo_values"] = {str(lam): stats.yeojohnson(points, lam).tolist()
                     for lam in (-1.5, 0.0, 1e-3, 1.0, 2.0, 1.999, 3.25)}

encoder = OneHotEncoder(min_frequency=6, handle_unknown="infrequent_if_exist", sparse_output=False)
out["one_hot"] = cells(encoder.fit(tier[:train, None]).transform(tier[:, None]))
out["one_hot_names"] = encoder.get_feature_names_out(["tier"]).tolist()
for name, target, smooth in (("target", y, "auto"), ("target_5", y, 5.0), ("target_two", two, "auto"),
                             ("target_three", three, "auto")):
    encoder = TargetEncoder(smooth=smooth).fit(tier[:train, None], target[:train])
    out[name] = cells(encoder.transform(tier[:, None]))
for name, strategy in (("bin_width", "uniform"), ("bin_count", "quantile")):
    bins = KBinsDiscretizer(4, encode="ordinal", strategy=strategy, quantile_method="linear",
                            subsample=None)
    out[name] = cells(bins.fit(x[:train]).transform(x))
with open("prepare.json", "w") as file:
    json.dump(out, file, separators=(",", ":"))
