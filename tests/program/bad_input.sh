#!/bin/bash
# Bad data files, read by `csv` and declared with `S:source`: each gives one message that says what,
# where, what was there and what should be, ends with 1, and leaves nothing behind.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work" "$work-cache"' EXIT
export IMPACT_CACHE=$work-cache
cd "$work" || exit 1
mkdir cache data temp script
export TMPDIR=$work/temp
failures=0

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

# refused NAME TEXT...: the last call ended with 1 and one message that holds every text.
refused() {
  local name=$1 text
  shift
  [ "$code" = 1 ] || fail "$name: exit code $code: $(cat err.txt)"
  [ ! -s out.txt ] || fail "$name: standard output: $(cat out.txt)"
  [ "$(grep -c '^[^ ]' err.txt)" = 1 ] || fail "$name: not one message: $(cat err.txt)"
  for text; do
    grep -qF -- "$text" err.txt || fail "$name: no '$text' in: $(cat err.txt)"
  done
  grep -v ' | ' err.txt | grep -qE 'SELECT|read_csv|INT64|VARCHAR|stdlib' &&
    fail "$name: words of the machine"
  [ -z "$(ls -A temp)" ] || fail "$name: temporary files: $(ls -A temp)"
  [ "$(ls -A | tr '\n' ' ')" = "cache data err.txt out.txt script temp " ] ||
    fail "$name: left behind: $(ls -A)"
}

impact() {
  timeout 60 "$IMPACT" --data data "$@" >out.txt 2>err.txt
  code=$?
}

# bad FILE OPTIONS TEXT...: through both doors. OPTIONS go into the table of options.
bad() {
  local file=$1 options=$2
  shift 2
  impact -e "local t <const> = csv(\"$file\", { $options })
print(t:shape().rows)"
  refused "csv $file" "-e:" "$@"
  cat >script/study.lua <<END
local S <const> = study "bad" { version = "0.1.0", seed = 7 }
local t <const> = S:source "videos" { csv = "$file", $options }
S:table "all" (t)
return S
END
  impact run script
  refused "source $file" "script/study.lua:" "$@"
}

printf 'id,views,day\n1,10,2024-01-01\n2,20,2024-01-02\n' >data/videos.csv
impact -e 'assert(csv("videos.csv", { key = "id" }):count_rows() == 2)'
[ "$code" = 0 ] || fail "a good file: $(cat err.txt)"

bad vidoes.csv "" "no file 'vidoes.csv'" "where:    data/vidoes.csv" "did you mean 'videos.csv'?"
bad elsewhere.csv "" "no file 'elsewhere.csv'" "hint:" "--data"

mkdir data/folder.csv
bad folder.csv "" "'folder.csv' is a folder, not a file" "where:    data/folder.csv" "hint:"

: >data/empty.csv
bad empty.csv "" "'empty.csv' is empty" "where:    data/empty.csv" "expected: at least a header" \
  "hint:"
printf '\n \n\n' >data/blank.csv
bad blank.csv "" "'blank.csv' holds only blank lines" "expected: at least a header"

printf 'id;views\n1;10\n2;20\n' >data/semicolon.csv
bad semicolon.csv "" "'semicolon.csv' is not separated by ','" "'semicolon.csv', line 1" \
  "got:      id;views" "expected: columns separated by ','" 'delim = ";"'
bad videos.csv 'delim = ";"' "'videos.csv' is not separated by ';'" 'delim = ","'

printf 'id,views,day\n1,10,2024-01-01\n2,20\n' >data/short.csv
bad short.csv "" "line 3 of 'short.csv' has fewer cells than the header" "'short.csv', line 3" \
  "got:      2 cells: '2,20'" "expected: 3 cells" "is the line cut off?"
printf 'id,text\n1,a\n2,b, and c\n' >data/long.csv
bad long.csv "" "line 3 of 'long.csv' has more cells than the header" "'long.csv', line 3" \
  "got:      3 cells: '2,b, and c'" "expected: 2 cells" "must be quoted"
printf 'id,text\n1,"open\n2,b\n' >data/quote.csv
bad quote.csv "" "line 2 of 'quote.csv' has a quote in the wrong place" "got:      '1,\"open'" \
  "is a quote left open?"

printf 'id,views\n1,\0\1\2\377\n' >data/binary.csv
bad binary.csv "" "'binary.csv' is a binary file, not text" "'binary.csv', line 2, byte" \
  "expected: text in UTF-8" "hint:"
printf 'id,text\n1,caf\351\n' >data/latin.csv
bad latin.csv "" "'latin.csv' is not UTF-8 text" "line 2" "byte 0xE9" "convert it to UTF-8"
printf 'id,id\n1,2\n' >data/twice.csv
bad twice.csv "" "two columns of 'twice.csv' are named 'id'" "columns 1 and 2" "rename one"

# Row 1,000,000 is line 1,000,001 of the file.
awk 'BEGIN {
  print "id,views,status"
  for (i = 1; i < 1000000; i++) print i "," i % 97 ",claim"
  print "1000000,many,claim"
}' >data/million.csv
bad million.csv "" "a cell of column 'views' is not of type integer" \
  "'million.csv', line 1000001, column 'views'" "got:      'many'" "expected: integer" \
  'types = { views = "text" }' 'missing = { "", "many" }'
rm data/million.csv

printf 'id,views\n7,10\n8,20\n7,30\n9,40\n' >data/repeated.csv
bad repeated.csv 'key = "id"' "the key (id) of" "repeats: 1 value in 2 rows" "'repeated.csv'" \
  "row 1: id = 7, views = 10; row 3: id = 7, views = 30" "expected: one row a key" \
  "add a column to the key"
printf 'id,views\n7,10\n,20\n' >data/keyless.csv
bad keyless.csv 'key = "id"' "is missing in 1 row" "'keyless.csv'" \
  "row 2: id = missing, views = 20" "expected: a key in every row" \
  "choose another key"

# Columns that do not exist, wherever they are named.
bad videos.csv 'key = "idd"' "no column 'idd'" "expected: id, views, day" "did you mean 'id'?"
bad videos.csv 'types = { vews = "text" }' "a type is declared for 'vews'" "'videos.csv'" \
  "expected: id, views, day" "did you mean 'views'?"
for use in 't.viws' 't:select("viws")' 't:sort("viws")' 't:filter("viws > 3")' \
  't:count("viws")' 'sql("SELECT viws FROM t", { t = t })'; do
  impact -e "local t <const> = csv \"videos.csv\" print($use)"
  refused "$use" "-e:1: no column 'viws'" "got:      viws" "expected: id, views, day" \
    "did you mean 'views'?" "^^^^"
  cat >script/study.lua <<END
local S <const> = study "bad" { version = "0.1.0", seed = 7 }
local t <const> = S:source "videos" { csv = "videos.csv" }
print($use)
return S
END
  impact run script
  refused "source, $use" "script/study.lua:3: no column 'viws'" "did you mean 'views'?"
done

# Conversions name the value.
impact -e 'local t <const> = csv "videos.csv"
print(t:derive { x = (t.views / 4):to_integer() }:glimpse())'
refused "to_integer" "a number is not an integer" "got:      2.5" "expected:" "round"

exit $((failures > 0))
