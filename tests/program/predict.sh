#!/bin/bash
# impact predict: a model that a run wrote, used on files, pipes and more rows than fit into memory.
set -u
source "${BASH_SOURCE[0]%/*}/../support/program.sh"
mkdir temp
export TMPDIR=$work/temp

# predict CODE ARGUMENTS...: standard output to out.txt, the rest to err.txt.
predict() {
  local code=$1 got
  shift
  timeout 60 "$IMPACT" predict "$@" >out.txt 2>err.txt
  got=$?
  [ "$got" = "$code" ] || fail "$*: exit code $got, expected $code: $(cat err.txt)"
}

# says TEXT...: on standard error.
says() {
  local text
  for text; do
    grep -qF -- "$text" err.txt || fail "no '$text' in: $(cat err.txt)"
  done
}

awk 'BEGIN { srand(7); split("gold silver tin", tier, " "); print "id,x,tier,y,up"
  for (i = 1; i <= 3000; i++) {
    x = rand() * 10; k = i % 3 + 1; y = x + k + rand()
    printf "%d,%.17g,%s,%.17g,%s\n", i, x, tier[k], y, (y > 7 ? "yes" : "no")
  } }' >rows.csv
cat >study.lua <<'END'
local S <const> = study "likes" { version = "0.1.0", seed = 7 }
local t <const> = S:source "rows" { csv = "rows.csv", key = "id" }
local x <const> = { t.x, t.tier }
local boosted <const> = S:analysis "boosted" (learn.fit {
  learner = learn.boost { rounds = 10 }, of = t.y, features = x })
local called <const> = S:analysis "called" (learn.fit {
  learner = learn.boost { rounds = 10 }, of = t.up, features = x })
local forest <const> = S:analysis "forest" (learn.fit {
  learner = learn.forest { trees = 20, quantiles = true }, of = t.y, features = { t.x } })
S:analysis "said" (learn.predict { model = boosted, features = x })
S:analysis "said_class" (learn.predict { model = called, features = x, threshold = 0.3 })
S:analysis "said_range" (learn.predict {
  model = forest, features = { t.x }, quantiles = { 0.1, 0.9 } })
return S
END
"$IMPACT" run study.lua --data . --quiet >run.txt 2>&1 || {
  echo "FAILED: the study: $(cat run.txt)"
  exit 1
}
models=runs/likes/models

# The table of learn.predict as CSV.
table() {
  python3 - "$1" <<'END'
import json, sys
table = json.load(open("runs/likes/results.json"), parse_float=str)["tables"][sys.argv[1]]
print(",".join(c if isinstance(c, str) else c["name"] for c in table["columns"]))
for row in table["rows"]:
    print(",".join("" if cell is None else str(cell) for cell in row))
END
}

table said.predictions >said.csv
predict 0 $models/boosted.model rows.csv --key id
diff -q out.txt said.csv >/dev/null || fail "numbers: $(diff out.txt said.csv | head -4)"
predict 0 $models/boosted.model --key id --threads 1 <rows.csv
cmp -s out.txt said.csv || fail "a pipe, one thread"
table said_class.predictions >class.csv
predict 0 $models/called.model rows.csv --key id --threshold 0.3
diff -q out.txt class.csv >/dev/null || fail "classes: $(diff out.txt class.csv | head -4)"
table said_range.predictions >range.csv
predict 0 $models/forest.model rows.csv --key id --quantiles 0.1,0.9 --out made.csv
diff -q made.csv range.csv >/dev/null || fail "quantiles: $(diff made.csv range.csv | head -4)"
says "3000 rows -> made.csv"

# Other formats, in and out, with the same numbers.
"$IMPACT" query "select id, x, tier from t" rows.csv --out rows.parquet
"$IMPACT" query "select id, x, tier from t" rows.csv --format jsonl >rows.jsonl
for from in parquet jsonl; do
  predict 0 $models/boosted.model rows.$from --key id
  cmp -s out.txt said.csv || fail "from $from"
done
predict 0 $models/boosted.model rows.parquet --key id --out said.parquet
"$IMPACT" query "select * from t" said.parquet >out.txt
cmp -s out.txt said.csv || fail "Parquet: $(diff out.txt said.csv | head -4)"
predict 0 $models/boosted.model rows.csv --key id --out said.jsonl --quiet
[ ! -s err.txt ] || fail "--quiet: $(cat err.txt)"
"$IMPACT" query "select * from t" said.jsonl >out.txt
cmp -s out.txt said.csv || fail "JSON lines: $(diff out.txt said.csv | head -4)"
predict 0 $models/boosted.model rows.csv --keep all --out kept.csv
[ "$(head -1 kept.csv)" = id,x,tier,y,up,prediction ] || fail "all: $(head -1 kept.csv)"
cut -d, -f1,3-5 rows.csv >a.txt
cut -d, -f1,3-5 kept.csv | cmp -s - a.txt || fail "kept cells are copied"
predict 0 $models/boosted.model rows.csv --json --out j.csv
python3 -c 'import json; s = json.load(open("out.txt")); assert s["rows"] == 3000 and not s["drift"]' ||
  fail "--json: $(cat out.txt)"

# What is wrong is said by name; nothing is written.
refused() {
  predict 1 "$@" --out bad.csv
  [ ! -e bad.csv ] || fail "$*: left a file"
}
refused $models/boosted.model none.csv
says "no file 'none.csv'"
sed 's/^id,x,/id,X,/' rows.csv >renamed.csv
refused $models/boosted.model renamed.csv
says "missing: x" "renamed.csv" "did you mean 'X'?"
sed '2500s/^\([0-9]*\),[^,]*/\1,many/' rows.csv >typed.csv
refused $models/boosted.model typed.csv
says "typed.csv" "many" "'x'"
: >empty.csv
refused $models/boosted.model empty.csv
says "empty"
refused $models/boosted.model - </dev/null
says "standard input is empty"
refused $models/boosted.model rows.csv --keep idd
says "did you mean 'id'?"
refused $models/boosted.model rows.csv --threshold 0.4
says "two classes"
refused $models/boosted.model rows.csv --quantiles 0.5
says "knows no quantiles"
refused $models rows.csv
says "is a folder"
refused none.model rows.csv
says "none.model"
head -c 3000 $models/boosted.model >cut.model
refused cut.model rows.csv
says "damaged"
sed '1s/1$/2/' $models/boosted.model >newer.model
refused newer.model rows.csv
says "newer version"
printf '{"version":[1,7,4]}' >x.json
refused x.json rows.csv
says "XGBoost"
predict 1 $models/boosted.model rows.csv --json
says "--out FILE"
predict 1 $models/boosted.model rows.csv --out no/such/folder.csv
says "no folder"
predict 1 $models/boosted.model rows.csv --out said.xlsx
says "csv, jsonl or parquet"
predict 2 $models/boosted.model rows.csv --threshold 2
predict 2

# Header only, cells without a number, levels and numbers that training had not.
echo id,x,tier >header.csv
predict 0 $models/called.model header.csv --key id
[ "$(cat out.txt)" = id,prediction,probability ] || fail "header only: $(cat out.txt)"
printf 'id,x,tier\n1,,gold\n2,NaN,wood\n3,inf,tin\n4,99,\n' >odd.csv
predict 0 $models/boosted.model odd.csv --key id
[ "$(wc -l <out.txt)" = 5 ] || fail "odd cells: $(cat out.txt)"
says "1 row of 4 without a prediction" "'tier' holds what no training row had in 1 row: wood" \
  "'x' leaves the range of training" "2 rows"

# Full disks and readers that leave.
"$IMPACT" predict $models/boosted.model rows.csv >/dev/full 2>err.txt && fail "a full pipe"
says "No space left"
predict 1 $models/boosted.model rows.csv --out /dev/full
says "No space left"
[ -c /dev/full ] || fail "/dev/full was replaced"
"$IMPACT" predict $models/boosted.model rows.csv 2>err.txt | head -1 >first.txt
[ "${PIPESTATUS[0]}" = 0 ] && [ ! -s err.txt ] || fail "a reader that leaves: $(cat err.txt)"

# Three million rows in bounded memory, then killed and interrupted half-way.
awk 'BEGIN { print "id,x,tier,note"; for (i = 1; i <= 3000000; i++)
  print i "," i % 977 / 97.7 ",gold,abcdefghijklmnopqrstuvwxyz" }' >big.csv
python3 - "$IMPACT" $models/boosted.model <<'END' || fail "three million rows"
import os, resource, subprocess, sys, time
began = time.monotonic()
words = [sys.argv[1], "predict", sys.argv[2], "big.csv", "--key", "id", "--memory", "400MB"]
subprocess.run(words + ["--out", "big_out.csv"], check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(f"3 M rows: {time.monotonic() - began:.1f} s, peak {peak / 1e6:.0f} MB")
assert peak < 400e6 or os.environ.get("IMPACT_SANITIZED"), peak
END
[ "$(wc -l <big_out.csv)" = 3000001 ] || fail "rows of the large file"
[ "$(tail -1 big_out.csv | cut -d, -f1)" = 3000000 ] || fail "order of the large file"
rm big_out.csv
for signal in KILL INT; do
  "$IMPACT" predict $models/boosted.model big.csv --out stopped.csv >/dev/null 2>err.txt &
  pid=$!
  sleep 1
  kill -$signal $pid 2>/dev/null
  wait $pid 2>/dev/null
  code=$?
  [ $signal = KILL ] || [ "$code" = 130 ] || fail "Ctrl-C: exit code $code"
  [ -z "$(ls -A | grep stopped)" ] || fail "$signal: left $(ls -A | grep stopped)"
done
[ -z "$(find . -name '.*.[0-9]*' -o -name '*.csv.*')" ] || fail "leftovers: $(ls -A)"
exit $((failures > 0))
