"""Writes penalised_sklearn.txt: what scikit-learn says of penalised_rows.txt (see penalised.R).

Peer: Python 3, scikit-learn 1.9.1.
"""

import numpy
from sklearn.linear_model import (ElasticNet, Lasso, LogisticRegression, PoissonRegressor, Ridge)

d = numpy.loadtxt("penalised_rows.txt")
n = len(d)
x, gaussian, binomial, poisson, classes = d[:, :8], d[:, 8], d[:, 9], d[:, 10], d[:, 11]
tight = {"tol": 1e-14, "max_iter": 10_000_000}
with open("penalised_sklearn.txt", "w") as out:
    out.write("# Written by penalised.py.\n")

    def put(case, intercept, b):
        out.write(f"{case} i {float(intercept):.17g}\n")
        for j, value in enumerate(b):
            out.write(f"{case} b{j + 1} {float(value):.17g}\n")

    fit = Lasso(alpha=0.07, **tight).fit(x, gaussian)
    put("sk_lasso", fit.intercept_, fit.coef_)
    fit = ElasticNet(alpha=0.07, l1_ratio=0.35, **tight).fit(x, gaussian)
    put("sk_net", fit.intercept_, fit.coef_)
    fit = Ridge(alpha=0.05 * n, solver="cholesky").fit(x, gaussian)
    put("sk_ridge", fit.intercept_, fit.coef_)
    newton = {"solver": "newton-cholesky", "tol": 1e-12, "max_iter": 1000}
    fit = LogisticRegression(C=1 / (0.05 * n), **newton).fit(x, binomial)
    put("sk_logit", fit.intercept_[0], fit.coef_[0])
    fit = LogisticRegression(C=1 / (0.05 * n), **newton).fit(x, classes)
    for a in range(3):
        put(f"sk_classes_{a + 1}", fit.intercept_[a], fit.coef_[a])
    fit = PoissonRegressor(alpha=0.05, **newton).fit(x, poisson)
    put("sk_poisson", fit.intercept_, fit.coef_)
