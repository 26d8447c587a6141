"""Writes regression_margins.txt: marginal effects of statsmodels on regression_data.txt.

Peer: statsmodels 0.15.0.   python regression_margins.py
A line: case, field, value.
"""

import pathlib

import numpy as np
import statsmodels.api as sm

here = pathlib.Path(__file__).parent
data = {}
for line in (here / "regression_data.txt").read_text().splitlines():
    name, *values = line.split()
    if name != "#":
        data[name] = np.array([float(v) for v in values])
x = np.column_stack([np.ones(160), data["x"], data["v"] / 5000, data["d"]])
exact = dict(disp=0, tol=1e-14, maxiter=200)
lines = ["# Written by regression_margins.py."]
fits = {
    "logistic": sm.Logit(data["b"], x).fit(**exact),
    "logistic_hc0": sm.Logit(data["b"], x).fit(cov_type="HC0", **exact),
    "poisson": sm.Poisson(data["cnt"], x).fit(**exact),
}
for name, fit in fits.items():
    for at in ("overall", "mean"):
        effects = fit.get_margeff(at=at, dummy=True)
        for i, term in enumerate(("x", "v", "d")):
            scale = 5000 if term == "v" else 1
            lines.append(f"{name}_{at} {term} {effects.margeff[i] / scale:.17g}")
            lines.append(f"{name}_{at} se_{term} {effects.margeff_se[i] / scale:.17g}")
(here / "regression_margins.txt").write_text("\n".join(lines) + "\n")
