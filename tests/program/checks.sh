#!/usr/bin/env bash
# Checks with a method in a study: what fails ends the program with code 3 unless the study says
# otherwise, and is in the results and the report either way. Numbers: SOURCE.txt of each data set.
set -uo pipefail
. "$IMPACT_SOURCE/tests/support/program.sh"
data=${IMPACT_DATA:-}
for name in tiktok_claims tiktok_profiles; do
  [ -d "$data/$name" ] || { echo "SKIPPED: no $name in IMPACT_DATA"; exit 77; }
done

# study NAME: the script on standard input.
study() {
  mkdir -p "$1"
  { echo 'local S <const> = study "checks" { version = "0.1.0", seed = 7 }'; cat; echo 'return S'; } \
    >"$1/study.lua"
}

# The label of the published study is the sum of two of its features.
profiles='local p <const> = S:source "profiles" { csv = "tiktok_profiles.csv" }
local engaged <const> = p.awg_engagement_rate:gt(0.05)
local published <const> = {
  p.comment_engagement_rate, p.like_engagement_rate, p.followers, p.following, p.likes,
  p.videos_count, p.is_verified,
}
local honest <const> = { p.followers, p.following, p.likes, p.videos_count, p.is_verified }'
study published <<END
$profiles
S:check "leakage" (check.leakage { of = engaged, features = published }, { stop = false })
S:check "honest" (check.leakage { of = engaged, features = honest })
END
for command in "check published" "run published --out run/published"; do
  # shellcheck disable=SC2086
  "$IMPACT" $command --data "$data/tiktok_profiles" --quiet >out.txt 2>&1 ||
    fail "$command: $? $(cat out.txt)"
  grep -q "check 'leakage' failed, which does not stop the study" out.txt ||
    fail "$command: silent about leakage: $(cat out.txt)"
  grep -qF 'comment_engagement_rate + like_engagement_rate > 0.05: F1 1.000' out.txt ||
    fail "$command: no rule: $(cat out.txt)"
done
python3 - <<'PY' || fail "results of published"
import json
results = json.load(open("run/published/results.json"))
checks = {check["node"]: check for check in results["checks"]}
leak, honest = checks["leakage"], checks["honest"]
assert leak["passed"] is False and honest["passed"] is True, checks
columns = leak["rows"]["columns"]
rules = [dict(zip(columns, row)) for row in leak["rows"]["rows"]]
found = [rule["found"] for rule in rules]
assert "comment_engagement_rate + like_engagement_rate > 0.05" in found, found
assert any(rule["rule"] == "the label is computed from the features" for rule in rules), rules
assert leak["value"] == len([rule for rule in rules if rule["rule"] != "note"]), leak
assert "leakage.rules" in results["tables"], list(results["tables"])
PY
grep -q 'class="alarm"' run/published/report.html || fail "published: no alarm in the report"

# The same without stop = false ends with code 3, in check and in run.
sed 's/, { stop = false })/)/' published/study.lua >published/stops.lua
mkdir -p stops && mv published/stops.lua stops/study.lua
for command in "check stops" "run stops --out run/stops"; do
  # shellcheck disable=SC2086
  "$IMPACT" $command --data "$data/tiktok_profiles" --quiet >out.txt 2>&1
  [ $? = 3 ] || fail "$command: not code 3: $(cat out.txt)"
done
[ -f run/stops/results.json ] || fail "a failed check leaves no results"

# views > 9999 does what a forest of all columns does.
study claims <<'END'
local all <const> = S:source "videos" {
  csv = "tiktok_dataset.csv", missing = { "", "#N/A" },
}
local v <const> = S:filter "complete" { from = all, where = "claim_status IS NOT NULL" }
S:check "one rule" {
  method = check.one_rule {
    of = v.claim_status, success = "claim", learner = learn.forest { trees = 50 },
    features = { v.video_view_count, v.video_like_count, v.video_duration_sec },
  }, stop = false,
}
END
"$IMPACT" run claims --data "$data/tiktok_claims" --out run/claims --quiet >out.txt 2>&1 ||
  fail "claims: $(cat out.txt)"
grep -q 'one rule does as well as the model: video_view_count > 10000' run/claims/results.json ||
  fail "claims: $(cat out.txt)"

# The scores of a declared analysis: x decides, so one rule is as good as the trees.
study scored <<'END'
local id, x, w, y = {}, {}, {}, {}
for i = 1, 120 do
  id[i], x[i], w[i] = i, (i * 37) % 120 / 120, (i * 11) % 17
  y[i] = x[i] > 0.5
end
local t <const> = frame { { "id", id }, { "x", x }, { "w", w }, { "y", y }, key = "id" }
local judged <const> = S:analysis "judged" (learn.evaluate {
  learner = learn.tree { max_depth = 2 }, of = t.y, features = { t.x, t.w }, folds = 4,
})
S:check "rule" (check.one_rule { of = t.y, features = { t.x, t.w }, scores = judged }, {
  stop = false,
})
END
"$IMPACT" run scored --out run/scored --quiet >out.txt 2>&1 || fail "scored: $(cat out.txt)"
grep -q 'one rule does as well as the model: x > ' run/scored/results.json ||
  fail "scored: $(cat out.txt)"

# What can't be a check says so at its line.
study wrong <<'END'
local t <const> = frame { { "x", { 1, 2 } }, { "g", { "a", "b" } } }
S:check "welch" (stats.welch { of = t.x, by = t.g })
END
"$IMPACT" check wrong >out.txt 2>&1 && fail "a test passed as a check"
grep -q "check.leakage" out.txt || fail "wrong: $(cat out.txt)"

# The same bytes on any number of threads.
for threads in 1 3; do
  IMPACT_CACHE=$PWD/cache$threads "$IMPACT" run published --data "$data/tiktok_profiles" \
    --threads $threads --out run/threads$threads --quiet >/dev/null 2>&1
done
cmp run/threads1/results.json run/threads3/results.json || fail "results depend on threads"

exit $((failures > 0))
