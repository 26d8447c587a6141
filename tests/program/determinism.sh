#!/usr/bin/env bash
# The claims study gives the same bytes on any number of threads, for shuffled rows, in another
# locale, time zone and directory, and on every repetition.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export IMPACT_CACHE=$work/cache
export TMPDIR=$work
study=$IMPACT_SOURCE/scripts/claims
real=${IMPACT_DATA:-}/tiktok_claims/tiktok_dataset.csv
unset IMPACT_DATA
"$IMPACT" run "$study" --out "$work/base" --threads 1 --quiet

same() { # LABEL FILE…: equal to the base run
  local label=$1
  shift
  for file in "$@"; do
    cmp "$work/base/$file" "$work/other/$file" || { echo "differs: $label, $file"; exit 1; }
  done
  echo "same: $label"
}
everything=(results.json report.html study.lock)

for threads in 1 2 3 8; do
  "$IMPACT" run "$study" --out "$work/other" --threads "$threads" --quiet
  same "$threads threads" "${everything[@]}"
done
# A locale with a decimal comma, made here where its sources are installed; else only the zone counts.
zone="time zone"
if localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" 2>/dev/null; then
  zone="locale and time zone"
else
  echo "not checked: no sources of a locale with a decimal comma on this machine"
fi
LOCPATH=$work LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 TZ=Asia/Kolkata \
  "$IMPACT" run "$study" --out "$work/other" --quiet
same "$zone" "${everything[@]}"
mkdir -p "$work/a folder"
(cd "$work/a folder" && "$IMPACT" run "$study" --out "$work/other" --quiet)
same "directory" "${everything[@]}"

# Real files: rows in another order, and the values as before. Without the data, the generated file.
data=$work/data
mkdir -p "$data"
if [[ -f $real ]]; then
  cp "$real" "$data/"
else
  cat >"$work/make.lua" <<'LUA'
local S <const> = study "look-alike" { version = "1", seed = 20240611 }
use "generator"(S):write { csv = "tiktok_dataset.csv" }
return S
LUA
  cp "$study/generator.lua" "$work/"
  "$IMPACT" run "$work/make.lua" --out "$work/made" --quiet
  cp "$work/made/tiktok_dataset.csv" "$data/"
fi
rm -rf "$work/base"
"$IMPACT" run "$study" --data "$data" --out "$work/base" --threads 2 --quiet
{
  head -n 1 "$data/tiktok_dataset.csv"
  tail -n +2 "$data/tiktok_dataset.csv" | shuf --random-source=<(yes 7)
} >"$work/shuffled.csv"
cmp -s "$work/shuffled.csv" "$data/tiktok_dataset.csv" && { echo "not shuffled"; exit 1; }
mv "$work/shuffled.csv" "$data/tiktok_dataset.csv"
for threads in 1 3 8; do
  "$IMPACT" run "$study" --data "$data" --out "$work/other" --threads "$threads" --quiet
  same "shuffled rows, $threads threads" results.json
done
