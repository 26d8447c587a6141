#!/usr/bin/env bash
# Errors of published analyses that the engine sees by itself, on the data they were made with: a gap
# that is all composition, a label that is the sum of two features, one column that knows the class;
# and silence where nothing is wrong. Numbers: SOURCE.txt of each data set.
set -uo pipefail
. "$IMPACT_SOURCE/tests/support/program.sh"
data=${IMPACT_DATA:-}
for name in tiktok_claims tiktok_profiles roi_synthetic hillstrom_email; do
  [ -d "$data/$name" ] || { echo "SKIPPED: no $name in IMPACT_DATA"; exit 77; }
done

# study NAME FOLDER: the script on standard input, run on the data.
study() {
  mkdir -p "$1"
  { echo 'local S <const> = study "alarms" { version = "0.1.0", seed = 7 }'; cat; echo 'return S'; } \
    >"$1/study.lua"
  "$IMPACT" run "$1" --data "$data/$2" --out "run/$1" --quiet >out.txt 2>&1 ||
    fail "$1: $(cat out.txt)"
}
# raised NAME TEXT...: in the results' warnings and on the report's page.
raised() {
  local name=$1 text
  shift
  for text; do
    grep -qF -- "$text" "run/$name/results.json" || fail "$name: no '$text' in the results"
    grep -qF -- "$text" "run/$name/report.html" || fail "$name: no '$text' in the report"
  done
  grep -q 'class="alarm"' "run/$name/report.html" || fail "$name: no alarm in the report"
}

# Sponsored posts look worse by 2.8 points; by construction sponsorship does nothing.
study sponsored roi_synthetic <<'END'
local posts <const> = S:source "posts" { csv = "posts.csv", key = "post_id" }
local people <const> = S:source "influencers" { csv = "influencers.csv", key = "influencer_id" }
local all <const> = S:join "all" {
  left = posts, right = people, on = "influencer_id", match = "many-to-one",
}
local rate <const> = S:feature "rate" (
  (all.likes + all.comments + all.shares + all.saves) / all.reach * 100)
S:roles { exposure = all.is_sponsored, covariate = { all.tier } }
S:analysis "gap" (stats.welch { of = rate, by = all.is_sponsored:between("false", "true") })
local Q <const> = S:inquiry "Q" {
  of = rate, contrast = all.is_sponsored:between("true", "false"), kind = "association",
}
S:estimator "plain" (difference_in_means {}) { answers = Q }
S:estimator "within tiers" (ols { fixed_effects = all.tier }) { answers = Q }
END
raised sponsored 'within tier'
grep -q '"node": "gap".*"statistic": 10.07396' run/sponsored/results.json ||
  fail "sponsored: another t than the published one: $(grep '"node": "gap"' run/sponsored/results.json | head -1)"
grep '"node": "plain"' run/sponsored/results.json | grep -q 'within tier' ||
  fail "sponsored: the estimator raises nothing"
grep '"node": "within tiers"' run/sponsored/results.json | grep -q 'within tier:' &&
  fail "sponsored: the adjusted estimator raises an alarm"

# The label is a rate above 0.05, and the rate the sum of two features.
study label tiktok_profiles <<'END'
local p <const> = S:source "profiles" { csv = "tiktok_profiles.csv" }
S:analysis "engaged" (stats.classifier {
  of = p.awg_engagement_rate:gt(0.05), folds = 5,
  features = { p.comment_engagement_rate, p.like_engagement_rate, p.followers },
})
END
raised label 'comment_engagement_rate + like_engagement_rate in all 1000 complete rows' \
  'one column alone separates the classes: like_engagement_rate'

# An experiment: groups alike by design, no alarm.
study experiment hillstrom_email <<'END'
local h <const> = S:source "mails" { csv = "hillstrom.csv" }
local two <const> = S:filter "two" { from = h, where = h.segment:ne "Womens E-Mail" }
S:roles {
  exposure = two.segment, covariate = { two.zip_code, two.channel, two.history_segment },
}
S:analysis "visit" (stats.welch {
  of = two.visit, by = two.segment:between("Mens E-Mail", "No E-Mail"),
})
END
grep -q 'class="alarm"' run/experiment/report.html && fail "experiment: a false alarm"
grep -q '"visit.strata"' run/experiment/results.json || fail "experiment: strata were not looked at"

exit $((failures > 0))
