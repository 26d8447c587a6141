"""Writes prepare_steps.json: small tables and what scikit-learn's transformers make of them.

Peers: Python 3.11, scikit-learn 1.7.2, numpy 2.4.6, scipy 1.17.1.
"""

import json

import numpy
from scipy.interpolate import BSpline
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

r = numpy.random.default_rng(20240611)
x = r.normal(size=(40, 5)) @ r.normal(size=(5, 5)) + numpy.array([0, 10, -3, 0, 1])
x = numpy.round(x, 4)
new = numpy.round(r.normal(size=(6, 5)) * 2, 4)


def table(a):
    return [list(map(float, column)) for column in numpy.asarray(a).T]


def signed(axes, scores):
    s = numpy.sign(axes[numpy.arange(len(axes)), numpy.argmax(numpy.abs(axes), axis=1)])
    return {"axes": (axes * s[:, None]).tolist(), "scores": table(scores * s)}


def poly(degree, only):
    p = PolynomialFeatures(degree, interaction_only=only, include_bias=False).fit(x[:, :3])
    return {"names": [n.replace(" ", " * ") for n in p.get_feature_names_out(["a", "b", "c"])[3:]],
            "columns": table(p.transform(new[:, :3])[:, 3:])}


scaler = StandardScaler().fit(x)
pca = PCA().fit(x)
scaled = PCA(n_components=0.9, svd_solver="full").fit(scaler.transform(x))
svd = TruncatedSVD(3, algorithm="arpack", tol=1e-14).fit(x)
wide = x[:4]
wide_pca = PCA(3).fit(wide)

# B-splines with two inner knots at the thirds of the data, clamped at its ends.
v = x[:, 0]
inner = numpy.quantile(v, [1 / 3, 2 / 3])
knots = numpy.concatenate([[v.min()] * 4, inner, [v.max()] * 4])
inside = numpy.clip(new[:, 0], v.min(), v.max())

texts = ["Good movie, GOOD plot!", "not a good movie", "did not like it; l'été à Paris", "",
         "like like like the plot", "Ünïcode words_and 2024 numbers 7", "good"]
queries = ["the plot was good good unseen", "", "PARIS l'ÉTÉ"]
tf_idf = []
for options in [{}, {"sublinear_tf": True, "smooth_idf": False}, {"norm": None, "use_idf": False},
                {"min_df": 2}, {"max_df": 0.4, "ngram_range": (1, 2)}, {"max_features": 3},
                {"norm": "l1", "binary": True}]:
    t = TfidfVectorizer(**options).fit(texts)
    tf_idf.append({"options": options, "words": list(t.get_feature_names_out()),
                   "columns": table(t.transform(queries).toarray())})

with open("prepare_steps.json", "w") as file:
    json.dump({
        "source": "make_prepare_steps.py, scikit-learn 1.7.2, scipy 1.17.1",
        "x": table(x), "new": table(new),
        "poly": {"2": poly(2, False), "3": poly(3, False), "products": poly(3, True)},
        "pca": signed(pca.components_, pca.transform(new)) | {
            "variance": list(map(float, pca.explained_variance_)),
            "share": list(map(float, pca.explained_variance_ratio_))},
        "pca_share": signed(scaled.components_, scaled.transform(scaler.transform(new))),
        "svd": signed(svd.components_, svd.transform(new)) | {
            # Over n here, over n - 1 in PCA and everywhere else.
            "variance": list(map(float, svd.explained_variance_ * 40 / 39)),
            "share": list(map(float, svd.explained_variance_ratio_)),
            "singular": list(map(float, svd.singular_values_))},
        "wide": signed(wide_pca.components_, wide_pca.transform(new)),
        "spline": {"inside": list(map(float, inside)),
                   "columns": table(BSpline.design_matrix(inside, knots, 3).toarray()[:, 1:])},
        "texts": texts, "queries": queries, "tf_idf": tf_idf,
    }, file)
