"""Writes rows.txt (an invented sample) and sklearn.txt (what scikit-learn says of it) here.

    python make.py            peer: scikit-learn 1.9.1, numpy 2.4.6
rows.txt: a row a line: score a, score b (ties, less good), probability, label, weight.
sklearn.txt: case, field, value.
"""
import numpy as np
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(20240613)
n = 160
y = (rng.random(n) < 0.35).astype(int)
a = np.round(y * 1.1 + rng.normal(size=n), 3)
b = np.round(2 * (y * 0.7 + rng.normal(size=n)))
p = np.round(1 / (1 + np.exp(-(1.2 * a - 1.3))), 4)
w = np.round(rng.uniform(0.2, 3, n), 2)
with open("rows.txt", "w") as out:
    for row in zip(a, b, p, y, w):
        out.write("%.3f %g %.4f %d %.2f\n" % row)

out = open("sklearn.txt", "w")
out.write("# Written by make.py.\n")


def put(case, **values):
    for name, value in values.items():
        out.write("%s %s %.17g\n" % (case, name, value))


for weighted in (False, True):
    sw = w if weighted else None
    end = "_w" if weighted else ""
    for name, s in (("a", a), ("b", b)):
        case = name + end
        put(case, auc=metrics.roc_auc_score(y, s, sample_weight=sw),
            ap=metrics.average_precision_score(y, s, sample_weight=sw))
        fpr, tpr, thr = metrics.roc_curve(y, s, sample_weight=sw, drop_intermediate=False)
        put(case, roc_points=len(thr))
        for i in (1, 7, 12):
            put(case, **{"fpr%d" % i: fpr[i], "tpr%d" % i: tpr[i], "thr%d" % i: thr[i]})
        pr, rc, thr = metrics.precision_recall_curve(y, s, sample_weight=sw)
        put(case, pr_points=len(thr))
        for i in (0, 5, 11):  # lowest threshold first
            put(case, **{"precision%d" % i: pr[i], "recall%d" % i: rc[i], "pr_thr%d" % i: thr[i]})
    called = (a >= 0.7).astype(int)
    tn, fp, fn, tp = metrics.confusion_matrix(y, called, sample_weight=sw).ravel()
    put("at0.7" + end, tn=tn, fp=fp, fn=fn, tp=tp,
        accuracy=metrics.accuracy_score(y, called, sample_weight=sw),
        balanced_accuracy=metrics.balanced_accuracy_score(y, called, sample_weight=sw),
        precision=metrics.precision_score(y, called, sample_weight=sw),
        recall=metrics.recall_score(y, called, sample_weight=sw),
        specificity=metrics.recall_score(y, called, pos_label=0, sample_weight=sw),
        negative_value=metrics.precision_score(y, called, pos_label=0, sample_weight=sw),
        f1=metrics.f1_score(y, called, sample_weight=sw),
        f_beta=metrics.fbeta_score(y, called, beta=2, sample_weight=sw),
        mcc=metrics.matthews_corrcoef(y, called, sample_weight=sw),
        kappa=metrics.cohen_kappa_score(y, called, sample_weight=sw))
    put("p" + end, brier_score=metrics.brier_score_loss(y, p, sample_weight=sw),
        log_loss=metrics.log_loss(y, p, sample_weight=sw))

for strategy, bins in (("uniform", 8), ("quantile", 5)):
    true, pred = calibration_curve(y, p, n_bins=bins, strategy=strategy)
    put(strategy, bins=len(true))
    for i in range(len(true)):
        put(strategy, **{"true%d" % i: true[i], "pred%d" % i: pred[i]})

# Logistic models of two scores on standardised columns; C = 1 / penalty.
x = np.column_stack([a, b])
for name, c in (("none", np.inf), ("ridge", 0.5)):
    scaler = StandardScaler().fit(x[:100])
    model = LogisticRegression(C=c, tol=1e-14, max_iter=100000, solver="newton-cholesky")
    model.fit(scaler.transform(x[:100]), y[:100])
    put("logit_" + name, intercept=model.intercept_[0], b1=model.coef_[0, 0], b2=model.coef_[0, 1])
    pred = model.predict_proba(scaler.transform(x[100:]))[:, 1]
    put("logit_" + name, p0=pred[0], p30=pred[30], p59=pred[59])
    model.fit(scaler.transform(x[:100]), y[:100], sample_weight=w[:100])
    put("logit_" + name, wintercept=model.intercept_[0], wb1=model.coef_[0, 0],
        wb2=model.coef_[0, 1])
