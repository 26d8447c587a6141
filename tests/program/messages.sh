#!/bin/bash
# Messages as a person reads them, whole: compared with tests/reference/messages. A wording that
# changed on purpose is written there with UPDATE=1 IMPACT=... bash tests/program/messages.sh
set -u
reference=${IMPACT_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/reference/messages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export IMPACT_CACHE=$work/cache
cd "$work" || exit 1
mkdir data
failures=0

# message NAME ARGUMENTS...: what the program writes to standard error.
message() {
  local name=$1 text=$reference/$1.txt
  shift
  timeout 60 "$IMPACT" --data data "$@" >out.txt 2>err.txt
  local code=$?
  { cat err.txt; echo "exit code $code"; } >"$name.txt"
  if [ "${UPDATE:-0}" = 1 ]; then
    mkdir -p "$reference"
    cp "$name.txt" "$text"
  elif ! diff -u "$text" "$name.txt"; then
    echo "FAILED: $name"
    failures=$((failures + 1))
  fi
}

printf 'id,views,day\n1,10,2024-01-01\n2,20,2024-01-02\n3,many,2024-01-03\n' >data/videos.csv
printf 'id,views\n7,10\n8,20\n7,30\n' >data/repeated.csv
printf 'id;views\n1;10\n' >data/semicolon.csv
printf 'id,views,day\n1,10,2024-01-01\n2,20\n' >data/short.csv

message missing_file -e 'local t <const> = csv "vidoes.csv"'
message wrong_delimiter -e 'local t <const> = csv "semicolon.csv"'
message short_row -e 'print(csv("short.csv"):glimpse())'
message wrong_type -e 'print(csv("videos.csv", { types = { views = "integer" } }):glimpse())'
message repeated_key -e 'print(csv("repeated.csv", { key = "id" }):glimpse())'
message no_column -e 'local t <const> = csv "videos.csv"
print(t:select("id", "viws"):glimpse())'
message not_whole -e 'local t <const> = frame { { "x", { 1.0, 2.5 } } }
print(t:cast { x = "integer" }:glimpse())'
message unknown_option -e 'local t <const> = csv("videos.csv", { delimiter = ";" })'
message unknown_name -e 'prnt(1)'
message no_library -e 'local f <const> = io.open "secret"'
message memory --memory 64MiB -e 'local t <const> = {}
while true do t[#t + 1] = ("x"):rep(1000) .. #t end'

cat >deep.lua <<'END'
local function inner(t) return t.x.y end
local function middle(t) return (inner(t)) end
local function outer() return (middle {}) end
outer()
END
message deep_error run deep.lua
printf 'local x <const> = {\n  1,\n  = 2,\n}\n' >syntax.lua
message syntax_error run syntax.lua
cat >check.lua <<'END'
local S <const> = study "views" { version = "0.1.0", seed = 7 }
local t <const> = S:source "videos" {
  csv = "repeated.csv",
  expect = { rows = 3, allowed = { views = { 10, 20 } } },
}
S:table "all" (t)
return S
END
message expectation run check.lua
cat >study.lua <<'END'
local S <const> = study "views" { version = "0.1.0", seeds = 7 }
return S
END
message study_option run study.lua

[ "$failures" = 0 ] || echo "UPDATE=1 accepts the new wording"
exit $((failures > 0))
