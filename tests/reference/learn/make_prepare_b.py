"""Writes feature_scores.json and k_means.json: small samples and what scikit-learn says of them.

Peer: Python 3.11, scikit-learn 1.7.2, numpy 2.4.6, scipy 1.17.1.
"""

import json

import numpy
from sklearn.cluster import KMeans
from sklearn.feature_selection import (chi2, f_classif, f_regression, mutual_info_classif,
                                       mutual_info_regression)
from sklearn.metrics import mutual_info_score, silhouette_samples, silhouette_score

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

# Five clouds that overlap, weights, and scikit-learn's best of 50 starts.
centres = r.normal(size=(5, 3)) * 3
points = numpy.round(centres[r.integers(0, 5, 300)] + r.normal(size=(300, 3)), 3)
weights = r.integers(1, 4, 300)
fits = {str(k): KMeans(k, n_init=50, random_state=1, tol=0).fit(points) for k in (2, 5)}
nine = [KMeans(9, n_init=10, random_state=s, tol=0).fit(points).inertia_ for s in range(40)]
weighted = KMeans(5, n_init=50, random_state=1, tol=0).fit(points, sample_weight=weights)
labels = (points[:, 0] > 0).astype(int) + 2 * (points[:, 1] > 1.0)
with open("k_means.json", "w") as file:
    json.dump({
        "source": "make_prepare_b.py, scikit-learn 1.7.2",
        "x": [list(map(float, v)) for v in points.T],
        "weights": list(map(float, weights)),
        # Mean and standard error of the best of ten starts, over 40 seeds.
        "nine": [float(numpy.mean(nine)), float(numpy.std(nine) / 40 ** 0.5)],
        "inertia": {k: float(f.inertia_) for k, f in fits.items()},
        # The largest cluster first.
        "centres": fits["5"].cluster_centers_[
            numpy.argsort(-numpy.bincount(fits["5"].labels_))].tolist(),
        "sizes": sorted(map(int, numpy.bincount(fits["5"].labels_)), reverse=True),
        "weighted": float(weighted.inertia_),
        "labels": list(map(int, labels)),
        "silhouette": float(silhouette_score(points, labels)),
        "silhouettes": [float(silhouette_samples(points, labels)[labels == k].mean())
                        for k in range(labels.max() + 1)],
    }, file)
