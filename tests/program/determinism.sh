#!/usr/bin/env bash
# The claims study gives the same bytes, whole folders, on 1, 2, 3 and 8 threads, from an empty and a
# full cache, in another locale, time zone and directory, and for shuffled rows: twenty runs without
# its compared models, each verified from its own folder, and four with them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work/temp
mkdir "$TMPDIR"
study=$IMPACT_SOURCE/scripts/claims
real=${IMPACT_DATA:-}/tiktok_claims/tiktok_dataset.csv
unset IMPACT_DATA
runs=0

die() {
  echo "FAILED: $1"
  exit 1
}

# A locale with a decimal comma, made here where its sources are installed; else only the zone counts.
if ! localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" 2>/dev/null; then
  echo "not checked: no sources of a locale with a decimal comma on this machine"
fi
mkdir -p "$work/a folder"
home() { "$@"; }
abroad() { LOCPATH=$work LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 TZ=Asia/Kolkata "$@"; }
elsewhere() { (cd "$work/a folder" && LC_ALL=C TZ=America/St_Johns "$@"); }

# one PLACE THREADS CACHE OPTIONS...: the run in $work/other, with a cache that is cold or warm.
one() {
  local place=$1 threads=$2 cache=$3
  shift 3
  [[ $cache == warm ]] || rm -rf "$work/cache"
  "$place" "$IMPACT" run "$study" --out "$work/other" --threads "$threads" --cache "$work/cache" \
    --set models=false "$@" >"$work/said"
  local from_cache=cold
  grep -q "; \([0-9]*\) of \1 nodes from the cache;" "$work/said" && from_cache=warm
  [[ $from_cache == "$cache" ]] || die "not a $cache cache: $(cat "$work/said")"
  runs=$((runs + 1))
}

# verified LABEL PLACE THREADS OPTIONS...: everything computed anew says identical, with code 0.
verified() {
  local label=$1 place=$2 threads=$3 said
  shift 3
  said=$("$place" "$IMPACT" verify "$work/other" --threads "$threads" "$@") ||
    die "verify, $label: code $?: $said"
  [[ $said == identical:* ]] || die "verify, $label: $said"
}

# Every file of the run folder, on each number of threads, from a cold and a warm cache.
one home 1 cold
cp -r "$work/other" "$work/base"
for case in "1 home warm" "2 home cold" "2 abroad warm" "3 elsewhere cold" "3 home warm" \
  "8 abroad cold" "8 elsewhere warm" "1 abroad cold" "1 elsewhere warm" "2 elsewhere cold" \
  "3 abroad warm"; do
  read -r threads place cache <<<"$case"
  one "$place" "$threads" "$cache"
  diff -r "$work/base" "$work/other" || die "differs: $threads threads, $place, $cache cache"
  verified "$case" "$place" "$((threads % 3 + 1))"
done
echo "same: threads, cache, locale, time zone and directory"

# A file with its rows in another order is another file: its hash differs, and with it the report's
# and the lock's facts about it. Every result and every node must be as before.
data=$work/data
mkdir -p "$data" "$work/ordered"
if [[ -f $real ]]; then
  cp "$real" "$work/ordered/"
else
  cat >"$work/make.lua" <<'LUA'
local S <const> = study "look-alike" { version = "1", seed = 20240611 }
use "generator"(S):write { csv = "tiktok_dataset.csv" }
return S
LUA
  cp "$study/generator.lua" "$work/"
  "$IMPACT" run "$work/make.lua" --out "$work/made" --quiet
  cp "$work/made/tiktok_dataset.csv" "$work/ordered/"
fi
nodes() {
  python3 - "$1/study.lock" "$2/study.lock" <<'PYTHON'
import json, sys
one, two = (json.load(open(path)) for path in sys.argv[1:])
for a, b in zip(one["nodes"], two["nodes"], strict=True):
    del a["inputs"], b["inputs"]  # They name the file's hash.
    assert a == b, (a, b)
assert one["plan_hash"] == two["plan_hash"]
assert one["inputs"][0]["sha256"] != two["inputs"][0]["sha256"], "not shuffled"
PYTHON
}
rm -rf "$work/base"
one home 2 cold --data "$work/ordered"
cp -r "$work/other" "$work/base"
for case in "1 home 7" "2 abroad 8" "3 elsewhere 9" "8 home 10"; do
  read -r threads place seed <<<"$case"
  {
    head -n 1 "$work/ordered/tiktok_dataset.csv"
    tail -n +2 "$work/ordered/tiktok_dataset.csv" | shuf --random-source=<(yes "$seed")
  } >"$data/tiktok_dataset.csv"
  one "$place" "$threads" cold --data "$data"
  cmp "$work/base/results.json" "$work/other/results.json" || die "differs: shuffled rows, $case"
  nodes "$work/base" "$work/other" || die "nodes differ: shuffled rows, $case"
  verified "shuffled rows, $case" "$place" "$((threads % 3 + 1))" --data "$data"
done
echo "same: shuffled rows"

# And back again, from the cache of another order: keyed by content, so nothing of it is taken.
cp -r "$work/cache" "$work/kept"
one abroad 3 cold --data "$work/ordered"
diff -r "$work/base" "$work/other" || die "differs: the first order again"
rm -rf "$work/cache"
mv "$work/kept" "$work/cache"
for place in home elsewhere; do
  "$place" "$IMPACT" run "$study" --out "$work/other" --cache "$work/cache" --data "$work/ordered" \
    --set models=false --quiet
  diff -r "$work/base" "$work/other" || die "differs: beside the cache of another order, $place"
  runs=$((runs + 1))
done
verified "the first order again" home 8 --data "$work/ordered"

# With the models: results and model files, the whole folder.
for threads in 1 2 3 8; do
  rm -rf "$work/cache"
  "$IMPACT" run "$study" --out "$work/models$threads" --cache "$work/cache" --data "$work/ordered" \
    --threads "$threads" --quiet
  [[ -s $work/models$threads/models/forest.model ]] || die "no model, $threads threads"
  diff -r "$work/models1" "$work/models$threads" || die "differs: models, $threads threads"
done
echo "same: models on 1, 2, 3 and 8 threads"
[[ -z $(ls -A "$TMPDIR") ]] || die "left in TMPDIR: $(ls -A "$TMPDIR")"
echo "$runs runs"
((runs == 20)) || die "not twenty runs"
