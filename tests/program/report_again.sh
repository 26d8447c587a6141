#!/usr/bin/env bash
# impact report draws the page of a run again, byte by byte, and refuses what is not the run's own.
set -uo pipefail
. "$IMPACT_SOURCE/tests/support/program.sh"
unset IMPACT_DATA

"$IMPACT" run "$IMPACT_SOURCE/examples/studies/sponsored_posts" --out run --quiet || fail "run"
cp run/report.html before.html
rm run/report.html
"$IMPACT" report run >out.txt || fail "report"
cmp run/report.html before.html || fail "another page"
grep -q 'byte by byte' out.txt || fail "$(cat out.txt)"
"$IMPACT" report run --out elsewhere.html --json >out.json || fail "report --out"
cmp elsewhere.html before.html || fail "another page elsewhere"
grep -q '"same": true' out.json || fail "$(cat out.json)"
"$IMPACT" verify run >verdict.txt || fail "$(cat verdict.txt)"

# refused NAME TEXT RUN: code 1 and one message.
refused() {
  "$IMPACT" report "$3" >out.txt 2>err.txt
  [ $? = 1 ] || fail "$1: exit code"
  grep -qF -- "$2" err.txt || fail "$1: $(cat err.txt)"
  [ ! -s out.txt ] || fail "$1: $(cat out.txt)"
}
mkdir empty
refused "no run" "no run in 'empty'" empty
sed -i 's/engage/sell/' run/report.json
refused "a report that was changed" "report.json is not the one that the run wrote" run
rm run/report.json
refused "a run without one" "run the study again" run

# Every figure of the run lies beside the report as a specification.
for name in posts_by_tier engagement_by_tier_and_sponsorship coefficients; do
  grep -q 'vega-lite' "run/plots/$name.vl.json" || fail "no plots/$name.vl.json"
done
if command -v node >/dev/null; then
  "$IMPACT" report run --figures svg --out pictures >out.txt || fail "figures: $(cat out.txt)"
  grep -q '<svg' pictures/coefficients.svg || fail "no picture"
fi
PATH=/nowhere "$IMPACT" report run --figures svg >out.txt 2>err.txt
[ $? = 1 ] && grep -q 'need node' err.txt || fail "figures without node: $(cat err.txt)"
# The alarm of the raw gap stands in the report and in the results.
grep -q 'dissolves within tier' before.html || fail "no alarm in the report"
grep -q 'dissolves within tier' run/results.json || fail "no warning in the results"

exit $((failures > 0))
