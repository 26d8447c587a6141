#!/bin/bash
# What an estimate says of the rows it rests on, and declarations that would have been misread.
set -u
source "${BASH_SOURCE[0]%/*}/../support/program.sh"

mkdir data
cat >data/units.csv <<'END'
id,dose,arm,block
1,1.0,yes,a
2,0.0,no,a
3,1.0,yes,b
4,0.5,no,b
5,1.0,,a
6,0.0,no,b
7,1.0,yes,a
8,0.0,no,b
END
cat >data/outcomes.csv <<'END'
id,y
1,5
2,1
3,6
6,2
7,7
8,4
99,100
END

# study LINE...: the outcome's table is u, or o.
study() {
  {
    echo 'local S <const> = study "answers" { version = "0.1.0", seed = 7 }'
    echo 'local u <const> = S:source "units" { csv = "units.csv", key = "id" }'
    echo 'local o <const> = S:source "outcomes" { csv = "outcomes.csv", key = "id" }'
    printf '%s\n' "$@"
    echo 'return S'
  } >study.lua
}

# says NAME CODE TEXT...: of the run or its results.
says() {
  local name=$1 wanted=$2 text
  shift 2
  rm -rf out
  "$IMPACT" --data data --out out run study.lua >out.txt 2>&1
  local code=$?
  [ "$code" = "$wanted" ] || fail "$name: exit code $code: $(cat out.txt)"
  [ ! -f out/results.json ] || cat out/results.json >>out.txt
  for text; do
    grep -qF -- "$text" out.txt || fail "$name: no '$text' in: $(cat out.txt)"
  done
}

question() { echo "local Q <const> = S:inquiry \"Q\" { $1 }"; }
means='S:estimator "e" (difference_in_means {}) { answers = Q }'

# (1 + 3 + 5 + 7) / 4 - (2 + 6 + 8) / 3
study "$(question 'of = u.id, contrast = u.dose:between(1, 0)')" "$means"
says 'whole numbers of a column of numbers' 0 '"estimate": -1.333333333333333' '"n": 7'
study "$(question 'of = u.id, contrast = u.arm:between("yes", "no")')" "$means"
says 'missing exposure' 0 "1 row was left out because 'arm' is missing"
study "$(question 'of = u.id, contrast = u.arm:between("yess", "no")')" "$means"
says 'value that does not occur' 0 \
  "no row has arm = 'yess'; its values: no, yes" "did you mean 'yes'"

assigned='local z <const> = S:assignment "z" { units = u, arms = { "no", "yes" }, given = u.arm }'
study "$assigned" "$(question 'of = o.y, contrast = z:between("yes", "no")')" "$means"
says 'attrition' 0 '1 row was left out: they belong to no unit of assignment' \
  "1 unit of assignment 'z' in these arms has no row in the outcome's table" '"n": 6'

study "$(question 'of = u.id, contrast = u.arm:between("yes", "no"), target = "ATT"')" \
  'S:estimator "e" (blocked_difference_in_means { blocks = u.block }) { answers = Q }'
says 'effect on the treated' 0 'the inquiry asks for the effect on the treated'

study "$(question 'of = u.id, contrast = u.arm:between("yes", "no"), where = u.dose')"
says 'where is no condition' 1 'study.lua:4:' "must be a condition" 'dose (number)'
study "$(question 'of = o.y, contrast = u.arm:between("yes", "no")')"
says 'exposure of another table' 1 'study.lua:4:' "no column 'arm' in 'outcomes'"

clustered='local z <const> = S:assignment "z" {
  units = u, arms = { "no", "yes" }, clusters = u.block }'
study "$clustered" "$(question 'of = u.id, contrast = z:between("yes", "no")')" \
  'S:estimator "e" (ols { se = "HC2" }) { answers = Q }'
says "clusters left out of the error" 0 \
  "HC2 standard errors ignore that 'block' holds units together"
study 'S:roles { post_treatment = u.dose }' \
  "$(question 'of = u.id, contrast = u.arm:between("yes", "no")')" \
  'S:estimator "e" (ols { weights = u.dose + 1 }) { answers = Q }'
says 'weights after the treatment' 1 'study.lua:6:' 'which comes after the treatment'

for check in '{ value = 600, expect = {} }' '{ value = 600, expect = { low = 1, high = 2 } }' \
  '{ value = 600, expect = { "a", "b" } }'; do
  study "S:check \"c\" $check"
  says "check $check" 1 'study.lua:4:' "expect of check 'c' needs"
done
study 'S:filter "f" { from = u, where = u.id:gt(2), expect = { rows = { "a", 3.5 } } }'
says 'rows that are no numbers' 1 'study.lua:4:' "rows of filter 'f' needs bounds"
study 'S:assignment "a" { units = u, arms = { "x", "y" }, counts = { 0.5, 8 } }'
says 'half a unit' 1 'study.lua:4:' "counts of assignment 'a'" '0.5'
study 'S:assignment "a" { units = u, arms = { "x", "y" }, prob = { "0.5", 0.5 } }'
says 'a text as a probability' 1 'study.lua:4:' "prob of assignment 'a'"

# Two runs on different data: what follows from a filter of the same size differs by its inputs.
study 'local f <const> = S:filter "kept" { from = o, where = o.y:gt(4) }' \
  'S:table "mean" (f:summarise { f.y:mean():as "mean" })'
says 'first data' 0
mv out before
sed -i 's/^1,5$/1,9/' data/outcomes.csv
says 'other data' 0
"$IMPACT" diff before out >diff.txt
[ "$?" = 4 ] || fail 'diff of two data sets'
grep -q "table 'mean': its inputs differ: kept" diff.txt || fail "diff: $(cat diff.txt)"

[ "$failures" = 0 ]
