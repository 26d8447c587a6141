#!/usr/bin/env bash
# The committed lock of the creators study: a rerun on the real data gives the same bytes, and the
# plan is the frozen one.
set -uo pipefail
# shellcheck source=tests/support/program.sh
source "$IMPACT_SOURCE/tests/support/program.sh"
export TMPDIR=$work
data=${IMPACT_DATA:-}/tiktok_profiles
if [[ ! -f $data/tiktok_profiles.csv ]]; then
  echo "SKIPPED: no real data (IMPACT_DATA)"
  exit 77
fi
study=$IMPACT_SOURCE/scripts/creators
for threads in 1 3; do
  said=$("$IMPACT" verify "$study" --data "$data" --threads "$threads") || fail "code $?"
  echo "$said"
  [[ $said == identical* ]] || fail "not identical on $threads threads"
done
"$IMPACT" run "$study" --data "$data" --out run >said 2>&1 || fail "the run ends with code $?"
cat said
grep -q deviation said && fail "the study differs from its frozen plan"
exit $((failures > 0))
