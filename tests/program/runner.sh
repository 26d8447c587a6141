#!/bin/bash
# The runner as its user meets it: exit codes, one clear message for each bad input, and never a
# half-written run folder.
set -u
source "${BASH_SOURCE[0]%/*}/../support/program.sh"

# expect CODE TEXT ARGUMENTS...: exit code, a text on standard error, no leftovers.
expect() {
  local code=$1 text=$2
  shift 2
  timeout 60 "$IMPACT" "$@" >out.txt 2>err.txt
  local got=$?
  [ "$got" = "$code" ] || fail "$*: exit code $got, expected $code: $(cat err.txt)"
  [ -z "$text" ] || grep -qF -- "$text" err.txt || fail "$*: no '$text' in: $(cat err.txt)"
  [ -z "$(find . -name '*.partial' -o -name '.*.tmp')" ] || fail "$*: leftovers"
}

study() {
  mkdir -p "$1"
  { echo 'local S <const> = study "s" { version = "0.1.0", seed = 7 }'; cat; echo 'return S'; } >"$1/study.lua"
}

expect 0 "" -e 'print(1)'
expect 2 "" --threads 0 -e 'print(1)'
expect 2 "at least 64MB" --memory 5 -e 'print(1)'
expect 2 "--memory" --memory lots -e 'print(1)'
expect 0 "" --memory 64MB -e 'print(frame { { "x", { 1, 2 } } }:count_rows())'
expect 2 "" nonsense
expect 1 "no script" run nowhere.lua
mkdir empty && expect 1 "has no study.lua" run empty
expect 1 "no folder" --data nowhere -e 'print(1)'

echo 'local x = = 1' >syntax.lua
expect 1 "syntax.lua:1: unexpected symbol" run syntax.lua
printf 'local function a() local x\n return x.y end\nlocal function b() a() end\nlocal function c() b() end\nc()\n' >deep.lua
expect 1 "deep.lua:2: attempt to index a nil value" run deep.lua
grep -q "called from deep.lua:4 in function 'c'" err.txt || fail "deep: frames of the script"
grep -q stdlib err.txt && fail "deep: frames of the library"
expect 1 "needs more memory than it may use" --memory 64MB -e 'local t = {} while true do t[#t+1] = ("x"):rep(1000) .. #t end'
expect 1 "no column 'y'" -e 'local t = frame { { "x", { 1 } } } print(t.y)'
expect 1 "no file 'none.csv'" -e 'csv "none.csv"'
mkdir folder.csv && expect 1 "folder.csv" -e 'print(csv "folder.csv")'
: >empty.csv && expect 1 "empty.csv" -e 'print(csv "empty.csv")'

# An infinite loop with Ctrl-C.
(timeout --foreground --preserve-status -s INT 1 "$IMPACT" -e 'while true do pcall(function() while true do end end) end' 2>err.txt)
[ $? = 130 ] || fail "Ctrl-C: exit code"
grep -q interrupted err.txt || fail "Ctrl-C: message"

# Checks, the run folder, and what may be replaced.
study good <<'E2'
local t <const> = frame { { "x", { 1, 2, 9007199254740993 } }, key = "x" }
S:table "all" (t)
S:check "no negatives" { rows = t:filter(t.x:lt(0)) }
E2
expect 0 "" run good
grep -q 9007199254740993 runs/s/results.json || fail "64-bit integers"
cp -r runs/s first
expect 0 "" run good --threads 1
diff -r runs/s first >/dev/null || fail "the same study gives the same bytes"
expect 0 "" run good --json
python3 -m json.tool out.txt >/dev/null || fail "--json prints one object"
study bad <<'E2'
local t <const> = frame { { "x", { -1, 2 } }, key = "x" }
S:check "no negatives" { rows = t:filter(t.x:lt(0)) }
E2
expect 3 "check 'no negatives' failed" run bad --out bad_run
[ -f bad_run/results.json ] || fail "a failed check is reported"
mkdir mine && touch mine/precious
expect 1 "mine" run good --out mine
[ -f mine/precious ] || fail "a foreign folder was replaced"
ln -s first link && expect 1 "symbolic link" run good --out link

# A study that fails leaves the earlier run alone.
study late <<'E2'
S:table "all" (frame { { "x", { "a" } } }:derive { y = sql("select 1 as a", {}).a })
E2
expect 1 "" run late
[ ! -e runs/late ] || fail "a failed study left a folder"
expect 1 "--set names no parameter" run good --set nothing=1

# A script without a study that writes files can be run again, with the same bytes.
printf 'x\n1\n2\n' >in.csv
echo 'csv("in.csv"):write { csv = "deep/copy.csv" }' >plain.lua
expect 0 "" run plain.lua
cp -r runs/plain first_plain
expect 0 "" run plain.lua
diff -r runs/plain first_plain || fail "a rerun of a script gives the same bytes"
python3 - <<'E2' || fail "the lock of a script names its inputs and outputs"
import hashlib, json
lock = json.load(open("runs/plain/study.lock"))
digest = lambda path: hashlib.sha256(open(path, "rb").read()).hexdigest()
assert lock["engine"] and lock["script"] == "plain"
assert lock["inputs"] == [{"file": "in.csv", "sha256": digest("in.csv")}]
assert lock["outputs"] == {"deep/copy.csv": digest("runs/plain/deep/copy.csv")}
E2
for _ in 1 2; do
  expect 0 "" -e 'frame { { "x", { 1 } } }:write { csv = "a.csv" }' --out text_run
done
[ -f text_run/study.lock ] || fail "-e marks its run folder"

if [ "$(id -u)" = 0 ] && mkdir disk && mount -t tmpfs -o size=64k tmpfs disk 2>/dev/null; then
  study large <<'E2'
local values <const> = {}
for i = 1, 20000 do values[i] = "row number " .. i end
S:table "all" (frame { { "x", values } })
E2
  expect 1 "space" run large --out disk/run
  [ -z "$(ls -A disk)" ] || fail "full disk: $(ls -A disk)"
  mount -o remount,ro disk
  expect 1 "ead-only" run good --out disk/run
  umount disk
else
  echo "full and read-only disk not tested: needs root"
fi

exit $((failures > 0))
