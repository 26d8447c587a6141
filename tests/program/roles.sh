#!/usr/bin/env bash
# What roles forbid and allow, what is blinded through another door, and groups that come with the
# units of an assignment.
set -uo pipefail
source "${BASH_SOURCE[0]%/*}/../support/program.sh"
export TMPDIR=$work
unset IMPACT_DATA

# study BLIND LINES: a study of 200 units in ten clusters with more lines.
study() {
  cat >study.lua <<END
local S <const> = study "roles" { version = "0.1.0", seed = 42, blind = $1 }
local function made()
  local r <const> = S:random "people"
  local ids, g, x, x2, y = {}, {}, {}, {}, {}
  for i = 1, 200 do
    ids[i], g[i], x[i], x2[i] = i, i % 10, r:normal(0, 1), r:normal(0, 1)
    y[i] = 3 * x[i] + r:normal(0, 1)
  end
  return frame { { "id", ids }, { "g", g }, { "x", x }, { "x2", x2 }, { "y", y }, key = "id" }
end
local d <const> = S:source "d" { csv = "people.csv", key = "id", otherwise = made }
local z <const> = S:assignment "z" { units = d, arms = { "c", "t" }, clusters = d.g }
local query <const> = d:sql("SELECT id, y, x * 2 AS twice FROM self"):with_key "id"
$2
return S
END
}

# refused NAME WORDS LINES
refused() {
  study false "$3"
  if "$IMPACT" check study.lua >out.txt 2>&1; then fail "$1: was not refused"; fi
  grep -q "$2" out.txt || { fail "$1"; cat out.txt; }
}

# accepted NAME LINES
accepted() {
  study false "$2"
  "$IMPACT" run study.lua --out run >out.txt 2>&1 || { fail "$1"; cat out.txt; }
}

ate='local q <const> = S:inquiry "q" { of = d.y, contrast = z:between("t", "c")'
refused "where after treatment" "'where' of inquiry 'q' chooses units by 'x2'" \
  "S:roles { post_treatment = d.x2 } $ate, where = d.x2:gt(0) }"
refused "by after treatment" "'by' of inquiry 'q' chooses units by 'x2'" \
  "S:roles { post_treatment = d.x2 } $ate, by = d.x2 }"
refused "covariate through SQL" "adjusts for 'y', which is an outcome" \
  "$ate }
   S:estimator \"e\" (ols { covariates = d.y }) { answers = q }"
refused "change score without a role" "which is an outcome" \
  "local q <const> = S:inquiry \"q\" { of = d.y - d.x, contrast = z:between(\"t\", \"c\") }
   S:estimator \"e\" (ols { covariates = d.x }) { answers = q }"
accepted "change score with a role" \
  "S:roles { covariate = d.x }
   local q <const> = S:inquiry \"q\" { of = d.y - d.x, contrast = z:between(\"t\", \"c\") }
   S:estimator \"e\" (ols { covariates = d.x }) { answers = q }"
accepted "SQL column beside the outcome" \
  "local q <const> = S:inquiry \"q\" { of = query.y, contrast = z:between(\"t\", \"c\") }
   S:estimator \"e\" (ols { covariates = query.twice }) { answers = q }"
# The SQL table has no column g: the clusters come with the units.
grep -q '"se_type": "CR2"' run/results.json || fail "clusters of the units"
refused "a second S:roles" "roles are already declared at" "S:roles { unit = d.id } S:roles { unit = d.id }"
refused "another table" "belongs to another table" \
  "local other <const> = d:derive { x = d.x * d.x2 }
   $ate }
   S:estimator \"e\" (ols { covariates = other.x }) { answers = q }"

# A second source of the same file does not show what the first hides.
study true 'local again <const> = S:source "again" { csv = "people.csv", key = "id", otherwise = made }
S:roles { outcome = d.y }
S:check "nothing to see" {
  value = again:summarise { c = again.x:correlation(again.y) }, expect = { -0.5, 0.5 },
}'
"$IMPACT" run study.lua --out run >out.txt 2>&1 || { fail "a second source of the file"; cat out.txt; }

printf 'while true do end\n' >loop.lua
if timeout 100 "$IMPACT" check loop.lua >out.txt 2>&1; then fail "a loop passes"; fi
grep -q "runs on and on" out.txt || { fail "a loop outside a study"; cat out.txt; }

exit $((failures > 0))
