#!/bin/bash
# What can be wrong about a study, its files and its folders: each ends with its exit code and one
# message that says what, where and what should be, at the user's line, and leaves nothing half done.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export IMPACT_CACHE=$work/cache TMPDIR=$work/temp
unset IMPACT_DATA
cd "$work" || exit 1
mkdir temp data script
there="data err.txt out.txt script temp "  # What may lie here.
failures=0

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

impact() {
  timeout 120 "$IMPACT" --data data "$@" >out.txt 2>err.txt
  code=$?
}

# expect NAME CODE TEXT...: how the last call ended, and what it said on standard error.
expect() {
  local name=$1 expected=$2 text
  shift 2
  [ "$code" = "$expected" ] || fail "$name: exit code $code, expected $expected: $(cat out.txt err.txt)"
  for text; do
    grep -qF -- "$text" err.txt || fail "$name: no '$text' in: $(cat err.txt)"
  done
  [ -z "$(ls -A temp)" ] || fail "$name: temporary files: $(ls -A temp)"
  [ -z "$(find . -name '.*.tmp*')" ] || fail "$name: leftovers: $(find . -name '.*.tmp*')"
  [ ! -d cache/tmp ] || [ -z "$(ls -A cache/tmp)" ] || fail "$name: leftovers in the cache"
}

# refused NAME TEXT...: code 1, one message, and no run folder or anything else new.
refused() {
  local name=$1
  expect "$1" 1 "${@:2}"
  [ ! -s out.txt ] || fail "$name: standard output: $(cat out.txt)"
  [ "$(grep -c '^[^ ]' err.txt)" = 1 ] || fail "$name: not one message: $(cat err.txt)"
  grep -v ' | ' err.txt | grep -q stdlib && fail "$name: a line of the library: $(cat err.txt)"
  [ "$(ls -A | tr '\n' ' ')" = "$there" ] ||
    fail "$name: left behind: $(ls -A | tr '\n' ' ')"
}

python3 - <<'END_OF_PYTHON'
rows = [f"{i},{'treated' if i % 2 else 'control'},{i * 37 % 101},{i * 53 % 97},{i * 29 % 89}"
        for i in range(1, 61)]
open("data/units.csv", "w").write("id,z,x,y,m\n" + "\n".join(rows) + "\n")
END_OF_PYTHON
head='local S <const> = study "bad" { version = "0.1.0", seed = 7 }
local u <const> = S:source "units" { csv = "units.csv", key = "id" }'
asked='local z <const> = S:assignment "z" { units = u, arms = { "control", "treated" }, given = u.z }
local Q <const> = S:inquiry "Q" { of = u.y, contrast = z:between("treated", "control") }'

study() {
  printf '%s\n' "$@" 'return S' >script/study.lua
}

# line NUMBER WHAT TEXT...: run and check say the same at that line of script/study.lua.
line() {
  local at=$1 what=$2
  shift 2
  impact run script
  refused "$what" "script/study.lua:$at: $what" "$@"
  cp err.txt run.txt
  impact check script
  diff run.txt err.txt >/dev/null || fail "$what: check says otherwise: $(cat err.txt)"
  rm run.txt
  refused "$what (check)" "$what"
}

# The declarations ---------------------------------------------------------------------------------
study "$head" 'S:filter "large" { form = u, where = u.x:gt(1) }'
line 3 "Study:filter has no option 'form'" "did you mean 'from'?" "^^^^"
study "$head" 'S:table "all" (units)'
line 3 "unknown name 'units'"
study "$head" 'S:tabel "all" (u)'
line 3 "a study has no 'tabel'" "did you mean 'table'?"
study "$head" 'S:table "all" (u:select(u.xx))'
line 3 "no column 'xx' in 'units'" "expected: id, z, x, y, m"
study "$head" 'S:table "all" (u)' '' 'S:check "all" { rows = u }'
line 5 "'all' is already declared at script/study.lua:3"
study "$head" 'S:estimator "dim" (difference_in_means {})'
line 3 "estimator 'dim' answers no inquiry" "{ answers = ... }"
study "$head" 'S:estimator "dim" (difference_in_means {}) { primary = true }'
line 3 "Study:estimator needs 'answers'"
study "$head" 'S:roles { outcome = u.y, post_treatment = u.m }' "$asked" \
  'S:estimator "lin" (ols.lin { covariates = { u.x, u.m } }) { answers = Q }'
line 6 "estimator 'lin' adjusts for 'm', which comes after the treatment" \
  "columns fixed before the treatment" "see script/study.lua:3"
study "$head" "$asked" 'S:estimator "lin" (ols.lin { covariates = u.y + u.x }) { answers = Q }'
line 5 "estimator 'lin' adjusts for 'y', which is an outcome"
study "$head" 'S:model "m" {' '  rows = 10, variables = { a = col "b" + 1, b = col "c", c = col "a" * 2 },' '}'
line 3 "the model goes round in a circle" "a <- b <- c <- a"
printf 'use "two"\nreturn 1\n' >script/one.lua
printf 'use "one"\nreturn 2\n' >script/two.lua
study 'use "one"' "$head"
impact run script
refused "files that use each other" "use each other in a circle" "one -> two -> one"
rm script/one.lua script/two.lua
study "$head" "$asked" 'S:inquiry "P" { of = u.y, contrast = z:between("treatd", "control") }'
line 5 "assignment 'z' has no arm 'treatd'" "expected: control, treated" "did you mean 'treated'?"
study 'local S <const> = study "bad" { version = "0.1.0", seed = 7, engine = ">= 9" }'
line 1 "the study needs another version of Impactlytics" "expected: >= 9"
study "$head" 'local most <const> = S:parameter "most" { default = 3 }' 'S:table "t" (u:filter(u.x:lt(most)))'
impact run --set moot=3 script
refused "--set" "--set names no parameter of the script: 'moot'" "did you mean 'most'?"
impact run --set most=many script
refused "--set of a type" "script/study.lua:3: --set most has the wrong type" "got:      many"

# Names with a path in them ------------------------------------------------------------------------
for name in a/b ../a /tmp/a . .. ''; do
  study "$head" "S:table \"$name\" (u)"
  line 3 "table needs a name of letters" "got:      '$name'"
  study "$head" "S:assignment \"$name\" { units = u, arms = { \"a\", \"b\" } }"
  line 3 "assignment needs a name of letters" "got:      '$name'"
  study "local S <const> = study \"$name\" { version = \"0.1.0\", seed = 7 }"
  line 1 "a study's name has letters" "got:      '$name'"
done
rm script/study.lua
for name in ../x a/b .. . .hidden /tmp/x; do
  impact new "$name"
  refused "new $name" "a study's name has letters" "got:      '$name'"
done
[ ! -e ../x ] && [ ! -e /tmp/x ] || fail "new: a folder elsewhere"
for file in ../secret.csv /etc/passwd data/../../x.csv; do
  study 'local S <const> = study "bad" { version = "0.1.0", seed = 7 }' "S:source \"s\" { csv = \"$file\" }"
  line 2 "'$file' is no path to read" "a relative path without '..'"
done
study "$head" 'use "../../elsewhere"'
line 3 "" "../../elsewhere"

# A study that does not end while it declares ------------------------------------------------------
study 'local S <const> = study "bad" { version = "0.1.0", seed = 7 }' \
  'while true do' '  pcall(function() while true do end end)' 'end'
impact check script
refused "an endless loop" "the script runs on and on while it declares the study" "study.lua:3" \
  "look for a loop that does not end"
study 'local S <const> = study "bad" { version = "0.1.0", seed = 7 }' 'local i = 0' \
  'while true do' '  i = i + 1' '  S:parameter("p" .. i, { default = i })' 'end'
line 5 "a study can't have more than 10000 declarations" "look for a loop that does not end"

# Six mistakes at once: each told once, in the order of the lines, and nothing that only follows ----
cat >script/study.lua <<'END_OF_LUA'
local S <const> = study "bad" { version = "0.1.0", seed = 7 }
local u <const> = S:source "units" { csv = "units.csv", key = "id" }
local none <const> = S:source "none" { csv = "unitz.csv" }
S:roles { outcome = u.y, post_treatment = u.m }
local kept <const> = S:filter "kept" { from = none, where = none.x:gt(1) }
local z <const> = S:assignment "z" { units = u, arms = { "control", "treated" }, given = u.z }
local Q <const> = S:inquiry "Q" { of = u.yy, contrast = z:between("treated", "control") }
local P <const> = S:inquiry "P" { of = u.y, contrast = z:between("treatd", "control") }
local R <const> = S:inquiry "R" { of = u.y, contrast = z:between("treated", "control") }
S:estimator "one" (difference_in_means {}) { answers = Q }
S:estimator "two" (ols.lin { covariates = u.m }) { answers = R }
S:estimator "three" (difference_in_means {})
S:table "kept rows" (kept:summarise { by = kept.g, count():as "n" })
S:table "widths" (u:sumarise { by = u.z })
S:check "fine" { rows = kept }
return S
END_OF_LUA
impact check script
expect "six mistakes" 1 "no file 'unitz.csv'" "no column 'yy'" "no arm 'treatd'" \
  "adjusts for 'm'" "answers no inquiry" "did you mean 'summarise'?" "6 errors"
[ "$(grep -o '^script/study.lua:[0-9]*' err.txt | cut -d: -f2 | tr '\n' ' ')" = "3 7 8 11 12 14 " ] ||
  fail "six mistakes: other lines: $(grep '^[^ ]' err.txt)"
impact check script --json
expect "six mistakes as JSON" 1
python3 - <<'END_OF_PYTHON' || fail "six mistakes as JSON: $(cat out.txt)"
import json
found = json.load(open("out.txt"))
assert found["status"] == "error"
assert [e["line"] for e in found["errors"]] == [3, 7, 8, 11, 12, 14]
assert len({e["what"] for e in found["errors"]}) == 6
END_OF_PYTHON
impact run script
refused "six mistakes, run" "script/study.lua:3: no file 'unitz.csv'" "did you mean 'units.csv'?"

# The files of a run -------------------------------------------------------------------------------
study "$head" "$asked" 'S:estimator "dim" (difference_in_means {}) { answers = Q }' 'S:table "all" (u)'
impact run script
expect "a good study" 0
cp -r runs/bad good
there="cache data err.txt good out.txt runs script temp "

# A missing source: while declaring, for a run that was there, and for verify.
mv data/units.csv data/united.csv
impact run script
refused "a missing source" "script/study.lua:2: no file 'units.csv'" "did you mean 'united.csv'?"
diff -r good runs/bad || fail "a missing source: the earlier run was touched"
impact verify runs/bad
refused "a missing source, verify" "no file 'units.csv'"
mv data/united.csv data/units.csv

# seal FILE CODE: changes the lock (`r`) with CODE and seals it as the program would; see
# engine/study/sealed_json.h.
seal() {
  python3 - "$1" "$2" <<'END_OF_PYTHON'
import hashlib, json, sys
r = json.load(open(sys.argv[1]))
del r["seal"]
exec(sys.argv[2])
text = json.dumps(r, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
r["seal"] = hashlib.sha256(text.encode()).hexdigest()
json.dump(r, open(sys.argv[1], "w"), indent=2, sort_keys=True, ensure_ascii=False)
END_OF_PYTHON
}
seal runs/bad/study.lock pass
impact verify runs/bad
expect "sealed as the program does" 0
# A lock of another version: the same results, but not the same engine.
seal runs/bad/study.lock 'r["engine"]["impactlytics"] = "0.0.9"'
impact verify runs/bad
grep -qF "0.0.9 -> " out.txt || fail "lock of another version: $(cat out.txt)"
grep -q "^identical" out.txt || fail "lock of another version, same results: $(cat out.txt)"
expect "a lock of another version" 0
seal runs/bad/study.lock 'r["nodes"][-1]["result"] = "0" * 64
r["outputs"]["results.json"] = "0" * 64'
impact verify runs/bad
expect "a lock of another version with other results" 4
grep -qF "another engine" out.txt || grep -qF "0.0.9" out.txt ||
  fail "other results of another version: $(cat out.txt)"
seal runs/bad/study.lock 'r["format"] = 99'
impact verify runs/bad
refused "a lock of another format" "has a format that this version does not know" "got:      99" \
  "runs/bad/study.lock"
seal runs/bad/study.lock 'r["format"] = 1; del r["nodes"]'
impact verify runs/bad
refused "a lock without nodes" "'nodes' is missing" "runs/bad/study.lock"
cp good/study.lock runs/bad/
# Edited by hand: a digit of a hash, the seed, a text that is no JSON, nothing at all.
for edit in 's/"seed": 7/"seed": 8/' 's/"rows": 60/"rows": 61/' '/"seal"/s/[0-9]/x/'; do
  sed -i "$edit" runs/bad/study.lock
  cmp -s good/study.lock runs/bad/study.lock && fail "$edit changed nothing"
  impact verify runs/bad
  refused "a lock edited by hand, $edit" "was edited by hand or damaged" "runs/bad/study.lock" "hint:"
  impact diff good runs/bad
  refused "diff, $edit" "was edited by hand or damaged"
  # A plan needs no lock: it only can't say what changed. A new run puts things right.
  impact plan script
  expect "plan beside a lock edited by hand" 0
  cp good/study.lock runs/bad/
done
head -c 200 good/study.lock >runs/bad/study.lock
impact verify runs/bad
refused "half a lock" "runs/bad/study.lock"
: >runs/bad/study.lock
impact verify runs/bad
refused "an empty lock" "runs/bad/study.lock"
rm runs/bad/study.lock
impact verify runs/bad
refused "no lock" "no run in 'runs/bad'"
cp good/study.lock runs/bad/
# results.json edited after the run.
sed -i 's/"n": 60/"n": 61/' runs/bad/results.json
impact verify runs/bad
[ "$code" = 4 ] || fail "results edited by hand: exit code $code: $(cat out.txt err.txt)"
grep -q "results.json" out.txt || fail "results edited by hand: $(cat out.txt)"
cp good/results.json runs/bad/

# A source that changed under a frozen plan: no error, but a deviation that names both hashes.
impact freeze script
expect "freeze" 0
cp data/units.csv kept.csv
sed -i '$s/.$/&1/' data/units.csv
impact run script
expect "a source changed under a frozen plan" 0
grep -q "1 deviation from the frozen plan" out.txt || fail "no deviation: $(cat out.txt)"
for file in kept.csv data/units.csv; do
  digest=$(sha256sum $file | cut -c1-12)
  grep -q "content of units.csv" runs/bad/report.html && grep -q "$digest" runs/bad/report.html ||
    fail "the report does not list the hash of $file"
done
mv kept.csv data/units.csv
rm script/study.plan.json
impact run script --quiet
diff -r good runs/bad || fail "back again, another run"

# A cache with a flipped byte: noticed, said, computed anew, and put right -------------------------
rm -rf cache
impact run script
python3 - <<'END_OF_PYTHON'
import pathlib
for file in pathlib.Path("cache/objects").rglob("*"):
    if file.is_file():
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
END_OF_PYTHON
impact run script
expect "a damaged cache" 0 "4 results in the cache were damaged and computed anew"
diff -r good runs/bad || fail "a damaged cache changed the run"
impact run script
expect "the cache put right" 0
[ ! -s err.txt ] || fail "the cache is still damaged: $(cat err.txt)"
grep -q "4 of 4 nodes from the cache" out.txt || fail "nothing was put right: $(cat out.txt)"
# A byte anywhere in one object, and objects cut short.
python3 - <<'END_OF_PYTHON' || fail "flipped bytes"
import os, pathlib, random, subprocess
chance = random.Random(20240611)
objects = sorted(f for f in pathlib.Path("cache/objects").rglob("*") if f.is_file())
good = {f: f.read_bytes() for f in objects}
run = pathlib.Path("runs/bad/results.json").read_bytes()
for i in range(12):
    file = chance.choice(objects)
    data = bytearray(good[file])
    if i % 3 == 2:
        data = data[:chance.randrange(len(data))]
    else:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)
    done = subprocess.run([os.environ["IMPACT"], "--data", "data", "run", "script"],
                          capture_output=True, text=True)
    assert done.returncode == 0 and "1 result in the cache was damaged" in done.stderr, (i, done)
    assert "; 3 of 4 nodes from the cache" in done.stdout, (i, done)
    assert pathlib.Path("runs/bad/results.json").read_bytes() == run
    assert {f: f.read_bytes() for f in objects} == good
END_OF_PYTHON
# The record of fingerprints: a flipped byte only means that files are read again.
printf 'x' | dd of=cache/fingerprints bs=1 seek=30 conv=notrunc status=none
impact run script
expect "damaged fingerprints" 0
diff -r good runs/bad || fail "damaged fingerprints changed the run"

# Folders that are not what they seem --------------------------------------------------------------
mkdir elsewhere
touch elsewhere/precious
ln -s elsewhere link
ln -s nowhere dangling
there="cache dangling data elsewhere err.txt good link out.txt runs script temp "
for out in link link/ dangling; do
  impact run script --out $out
  refused "--out $out" "the output folder is a symbolic link" "$work/${out%/}" "hint:"
done
impact run script --out elsewhere
refused "a foreign folder" "the output folder holds something else" "nothing there was touched"
impact run script --out err.txt/run
[ "$code" = 1 ] || fail "a file above the output: exit code $code"
impact verify good --out link
refused "verify into a link" "the output folder is a symbolic link"
mv runs/bad runs/other
ln -s ../elsewhere runs/bad
impact run script
refused "runs/bad is a link" "the output folder is a symbolic link"
[ "$(ls -A elsewhere)" = precious ] || fail "something was written through a link"

exit $((failures > 0))
