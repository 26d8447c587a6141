#!/bin/bash
# Blinded studies: what an inquiry asks about is blinded without roles too, no result outlives its
# blinding in the cache, and a blinded run says that it is one.
set -u
source "${BASH_SOURCE[0]%/*}/../support/program.sh"

mkdir data study
{
  echo id,z,y
  for i in $(seq 1 200); do echo "$i,$((i % 2)),$((10 * (i % 2) + i % 7))"; done
} >data/units.csv

# study BLIND [DECLARATION]
study() {
  cat >study/study.lua <<END
local S <const> = study "blinded" { version = "0.1.0", seed = 7$1 }
local d <const> = S:source "units" { csv = "units.csv", key = "id" }
${2:-}
local Q <const> = S:inquiry "Q" { of = d.y, contrast = d.z:between(1, 0) }
S:estimator "difference" (difference_in_means {}) { answers = Q }
S:table "products" (d:summarise { (d.y * d.z):sum():as "sum" })
return S
END
}

# run OUT OPTIONS...: the estimate is then in $estimate.
run() {
  local out=$1
  shift
  "$IMPACT" --data data --out "$out" "$@" run study >"$out.txt" 2>&1 ||
    fail "$out: $(cat "$out.txt")"
  estimate=$(sed -n 's/.*"estimate": \([^,]*\),.*/\1/p' "$out/results.json")
}

study ''
run open
truth=$estimate
"$IMPACT" --data data --out json --json run study | grep -q '"blinded": false' ||
  fail 'open run, --json'
grep -q 'outcomes are' open.txt && fail 'an open run calls itself blinded'

study ', blind = true'
run inquiry
[ "$estimate" != "$truth" ] || fail 'an outcome that only an inquiry names was shown'
grep -q 'outcomes are shuffled until the plan is frozen' inquiry.txt || fail 'shuffled, not said'
inquiry=$estimate
cmp -s <(sed -n '/"tables"/,$p' inquiry/results.json) <(sed -n '/"tables"/,$p' open/results.json) &&
  fail 'a table of the outcome was shown'
"$IMPACT" --data data --out json --json run study | grep -q '"blinded": true' || fail '--json'

study ', blind = "hide"'
run hidden
[ "$estimate" = '"NaN"' ] || fail "hidden, but from the cache of the shuffled run: $estimate"
grep -q 'outcomes are hidden' hidden.txt || fail 'hidden, not said'

# A column that becomes an outcome later is taken from no earlier result.
study ', blind = true' 'S:roles { outcome = { d.y, d.z } }'
run later
cold=$estimate
run again --no-cache
[ "$estimate" = "$cold" ] || fail "the cache knew another blinding: $cold, without it $estimate"
[ "$cold" != "$inquiry" ] || fail 'two outcomes are shuffled like one'

study ', blind = true'
"$IMPACT" --data data freeze study >/dev/null || fail 'freeze'
run frozen
[ "$estimate" = "$truth" ] || fail "frozen, but $estimate instead of $truth"

[ "$failures" = 0 ]
