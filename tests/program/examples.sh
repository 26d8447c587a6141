#!/usr/bin/env bash
# The example studies as a reader would try them, without data: check, plan, run, verify, and
# diagnose where there is a model.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export IMPACT_CACHE=$work/cache TMPDIR=$work
unset IMPACT_DATA
cd "$work"

found=0
for script in "$IMPACT_SOURCE"/examples/studies/*/study.lua; do
  study=$(dirname "$script")
  name=$(basename "$study")
  "$IMPACT" check "$study" --quiet
  "$IMPACT" plan "$study" >plan.txt
  "$IMPACT" run "$study" --out "run/$name" --quiet
  "$IMPACT" verify "run/$name" >verdict.txt || { cat verdict.txt; exit 1; }
  grep -q '^identical' verdict.txt || { echo "$name: $(cat verdict.txt)"; exit 1; }
  if grep -q 'S:model' "$script"; then
    "$IMPACT" diagnose "$study" --simulations 50 --out "diagnosis/$name" --quiet
  fi
  found=$((found + 1))
done
[ "$found" -ge 5 ] || { echo "only $found studies found"; exit 1; }

# Two studies use one file beside them, and each run keeps its copy.
for name in posting_day caption_length; do
  cmp "$IMPACT_SOURCE/examples/studies/shared/posts.lua" "run/$name/script/shared/posts.lua"
done
# A question that was asked otherwise makes its answers stale, and is named as the reason.
cp -r "$IMPACT_SOURCE/examples/studies/caption_length" "$IMPACT_SOURCE/examples/studies/shared" .
sed -i 's/between("short", "long")/between("long", "short")/' caption_length/study.lua
"$IMPACT" plan caption_length --out run/caption_length >plan.txt
grep -q "plain *stale: 'gap' changed" plan.txt || { cat plan.txt; exit 1; }
"$IMPACT" run caption_length --out run/turned --quiet
"$IMPACT" diff run/caption_length run/turned >verdict.txt && { cat verdict.txt; exit 1; }
grep -q "estimator 'plain': its inputs differ: gap" verdict.txt || { cat verdict.txt; exit 1; }

# The estimator that forgets the clusters covers less than it says.
python3 - <<'PY' || exit 1
import json
table = json.load(open("diagnosis/creators_needed/results.json"))["tables"]["diagnosis"]
rows = {row[table["columns"].index("estimator")]: row for row in table["rows"]}
coverage = table["columns"].index("coverage")
assert rows["naive"][coverage] < rows["adjusted"][coverage], rows
PY
echo "$found studies"
