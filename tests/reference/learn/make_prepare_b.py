"""Writes feature_scores.json: small samples and what scikit-learn says of them.

Peer: Python 3.11, scikit-learn 1.7.2, numpy 2.4.6, scipy 1.17.1.
"""

import json

import numpy
from sklearn.feature_selection import (chi2, f_classif, f_regression, mutual_info_classif,
                                       mutual_info_regression)
from sklearn.metrics import mutual_info_score

r = numpy.random.default_rng(20240611)
n = 120


def short(v, digits=6):
    return [float(f"{x:.{digits}g}") for x in v]


# Numbers without ties, of unlike sizes; one bound to the outcome by a curve, one by nothing.
a = numpy.array(short(r.normal(size=n)))
b = numpy.array(short(1000 * r.gamma(1.0, size=n)))
c = numpy.array(short(r.normal(size=n) * 1e-3))
y = numpy.array(short(numpy.sin(2 * a) + 0.0003 * b + 0.1 * r.normal(size=n)))
label = numpy.digitize(y, numpy.quantile(y, [0.3, 0.75]))
x = numpy.column_stack([a, b, c])
tier = numpy.where(r.random(n) < 0.6, label, r.integers(0, 4, n))
count = r.poisson(1 + 2 * label, n)
counts = numpy.column_stack([count, r.poisson(3, n)])
tied = numpy.round(x / x.std(axis=0), 1)
out = {
    "source": "make_prepare_b.py, scikit-learn 1.7.2",
    "x": [list(map(float, v)) for v in x.T],
    "y": list(map(float, y)),
    "label": list(map(int, label)),
    "tier": list(map(int, tier)),
    "counts": [list(map(int, v)) for v in counts.T],
    "tied": [list(map(float, v)) for v in tied.T],
    "mi_regression": {str(k): list(mutual_info_regression(x, y, n_neighbors=k, random_state=1))
                      for k in (1, 3, 7)},
    "mi_classif": {str(k): list(mutual_info_classif(x, label, n_neighbors=k, random_state=1))
                   for k in (1, 3, 7)},
    "mi_tier_y": float(mutual_info_regression(tier.reshape(-1, 1), y, discrete_features=True)[0]),
    "mi_tier_label": float(mutual_info_score(tier, label)),
    # Noise of 1e-10 parts the ties: the mean over 200 of scikit-learn's seeds and their sd.
    "mi_tied": [[float(f(v)) for v in numpy.array(
        [mutual_info_regression(tied, y, random_state=s) for s in range(200)]).T]
        for f in (numpy.mean, numpy.std)],
    "f_classif": [list(map(float, v)) for v in f_classif(x, label)],
    "f_regression": [list(map(float, v)) for v in f_regression(x, y)],
    "variance": list(map(float, x.var(axis=0))),
    "chi2": [list(map(float, v)) for v in chi2(counts, label)],
}
with open("feature_scores.json", "w") as file:
    json.dump(out, file)
