#!/usr/bin/env bash
# The creators study without its data: profiles that look like the file's, the same alarm, and the
# same bytes on another number of threads.
set -uo pipefail
# shellcheck source=tests/support/program.sh
source "$IMPACT_SOURCE/tests/support/program.sh"
unset IMPACT_DATA
study=$IMPACT_SOURCE/scripts/creators
"$IMPACT" run "$study" --out run --threads 1 >said 2>&1 || fail "the run ends with code $?: $(cat said)"
cat said
said=$("$IMPACT" verify run --threads 3) || fail "verify: code $?"
[[ $said == identical:* ]] || fail "verify: $said"
python3 - run/results.json <<'PYTHON' || fail "results"
import json, sys

results = json.load(open(sys.argv[1]))


def rows(name):
    table = results["tables"][name]
    return [dict(zip(table["columns"], row)) for row in table["rows"]]


# As the file: half of the profiles engaged, means far above medians, fewer followers, higher rates.
assert 0.46 < rows("shape")[0]["share_engaged"] < 0.56, rows("shape")
spread = {r["column"]: r for r in rows("description")}
for name, median in (("followers", 5241), ("likes", 38950), ("awg_engagement_rate", 0.0536)):
    assert median / 2 < spread[name]["median"] < median * 2, spread[name]
    assert spread[name]["mean"] > 5 * spread[name]["median"], spread[name]
ranks = next(e for e in results["estimates"] if e["node"] == "followers_engagement")
assert -0.6 < ranks["estimate"] < -0.4, ranks
checks = {c["node"]: c["passed"] for c in results["checks"]}
assert checks["leakage"] is False and all(v for k, v in checks.items() if k != "leakage"), checks
models = {(r["model"], r["feature_set"]): r for r in rows("model_comparison")}
assert models["network", "published"]["f1_low"] > models["network", "honest"]["f1_high"], models
assert rows("one_rule")[0]["f1"] == 1, rows("one_rule")
# Words of the invented biographies say something, and not much.
text = next(e for e in results["estimates"] if e["node"] == "biographies" and e["term"] == "auc")
assert 0.5 < text["conf_low"] and text["estimate"] < 0.8, text
PYTHON
exit $((failures > 0))
