#!/usr/bin/env bash
# The claims study on the real file gives the published numbers (tests/reference/claims).
set -euo pipefail
data=${IMPACT_DATA:-}/tiktok_claims
if [[ ! -f $data/tiktok_dataset.csv ]]; then
  echo "SKIPPED: no tiktok_claims/tiktok_dataset.csv in IMPACT_DATA"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export IMPACT_CACHE=$work/cache
"$IMPACT" run "$IMPACT_SOURCE/scripts/claims" --data "$data" --out "$work/run" --quiet
awk -F'|' '
  # First the results: one row of a table a line, cells split at commas outside quotes.
  FNR == NR {
    if ($0 ~ /^    \{"node"/) {
      row = text_of("node") "/" text_of("term")
      split("estimate std_error statistic p_value n", field, " ")
      for (i in field) found["estimates|" row "|" field[i]] = number_of(field[i])
    }
    if (match($0, /^    "[a-z_.]+": \{/)) { split($0, part, "\""); table = part[2] }
    if ($0 ~ /^      "columns"/) { sub(/^[^[]*\[/, ""); n = cells($0, name) }
    if ($0 ~ /^        \[/) {
      sub(/^ *\[/, ""); n = cells($0, cell)
      for (i = 1; i <= n; i++) {
        found[table "|" cell[1] "|" name[i]] = cell[i]
        found[table "|" cell[1] "/" cell[2] "|" name[i]] = cell[i]
      }
    }
    next
  }
  /^#/ { next }
  {
    key = $1 "|" $2 "|" $3; checked++
    split($4, part, "e")
    digits = index(part[1], ".") ? length(part[1]) - index(part[1], ".") : 0
    # Half a unit of the last printed digit; 1e-12 relative where all digits are printed.
    slack = 0.5001 * 10 ^ (part[2] - digits)
    if (digits > 9) slack = ($4 < 0 ? -$4 : $4) * 1e-12
    if (!(key in found)) { print "missing: " key; bad++ }
    else if (found[key] - $4 > slack || $4 - found[key] > slack) {
      print key ": got " found[key] ", published " $4; bad++
    }
  }
  END { print checked " numbers, " bad + 0 " wrong"; exit bad > 0 || checked < 85 }

  # A field of the object on this line.
  function text_of(name,   at) {
    at = index($0, "\"" name "\": \"") + length(name) + 5
    return substr($0, at, index(substr($0, at), "\"") - 1)
  }
  function number_of(name,   at, rest) {
    at = index($0, "\"" name "\": ") + length(name) + 4
    rest = substr($0, at)
    sub(/[,}].*/, "", rest)
    return rest
  }
  function cells(text, out,   count, i, c, quoted, word) {
    count = 0; word = ""; quoted = 0
    for (i = 1; i <= length(text); i++) {
      c = substr(text, i, 1)
      if (c == "\"") quoted = !quoted
      else if (!quoted && (c == "," || c == "]")) { out[++count] = word; word = ""; if (c == "]") break }
      else word = word c
    }
    return count
  }
' "$work/run/results.json" "$IMPACT_SOURCE/tests/reference/claims/published.psv"
