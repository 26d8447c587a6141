#!/usr/bin/env bash
# The committed lock of the claims study: a rerun on the real data gives the same bytes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work IMPACT_CACHE=$work/cache
data=${IMPACT_DATA:-}/tiktok_claims
if [[ ! -f $data/tiktok_dataset.csv ]]; then
  echo "SKIPPED: no real data (IMPACT_DATA)"
  exit 77
fi
study=$IMPACT_SOURCE/scripts/claims
for threads in 1 3; do
  "$IMPACT" verify "$study" --data "$data" --threads "$threads" | tee "$work/verdict"
  grep -q '^identical' "$work/verdict"
done

# The plan is the frozen one: a run has no deviations to tell of.
"$IMPACT" run "$study" --data "$data" --out "$work/run" >"$work/said"
cat "$work/said"
if grep -q deviation "$work/said"; then
  echo "FAILED: the study differs from its frozen plan"
  exit 1
fi

# A lock that tells of other data is told apart, with the input's name.
mkdir "$work/data"
sed '2s/,[0-9]*,/,59,/' "$data/tiktok_dataset.csv" >"$work/data/tiktok_dataset.csv"
if cmp -s "$work/data/tiktok_dataset.csv" "$data/tiktok_dataset.csv"; then
  echo "FAILED: the file was not changed"
  exit 1
fi
code=0
"$IMPACT" verify "$study" --data "$work/data" >"$work/verdict" || code=$?
cat "$work/verdict"
[[ $code == 4 ]] && grep -q '^different' "$work/verdict" && grep -q tiktok_dataset.csv "$work/verdict"
