#!/bin/bash
# impact query and impact plot in shell pipelines.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir temp
export TMPDIR=$work/temp
failures=0

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

# same NAME EXPECTED: what the last call printed.
same() {
  [ "$out" = "$2" ] || fail "$1: $out"
}

# refused NAME TEXT...: one message on standard error, exit code 1, nothing printed.
refused() {
  local name=$1 text
  shift
  [ "$code" = 1 ] || fail "$name: exit code $code"
  [ -z "$out" ] || fail "$name: printed $out"
  for text; do
    grep -qF -- "$text" err.txt || fail "$name: no '$text' in: $(cat err.txt)"
  done
}

run() {
  out=$(timeout 60 "$IMPACT" "$@" 2>err.txt)
  code=$?
}

printf 'id,views,g\n3,10,b\n1,20,a\n2,30,"b, c"\n' >posts-1.csv
run query "select * from posts_1" posts-1.csv
same "file order" 'id,views,g
3,10,b
1,20,a
2,30,"b, c"'
run query "select id from data limit 2" posts-1.csv
same "limit" 'id
3
1'
printf 'x\n1\nNA\n#N/A\n4\n' >holes.csv
run query --missing NA --missing '#N/A' "select avg(x) as m, count(x) as n from t" holes.csv
same "texts that are no value" 'm,n
2.5,2'
run query "select g, sum(views) as s from t group by g limit 1" - <posts-1.csv
same "limit of groups" 'g,s
a,20'
run query --format jsonl "select id, null as none from t limit 1" posts-1.csv
same "JSON lines" '{"id":3,"none":null}'
run query --json "select id from t where id > 9" posts-1.csv
same "no rows as JSON" '[]'
run query --format table --width 40 "select id, g from t" posts-1.csv
same "table" '     id  g
integer  text
      3  b
      1  a
      2  b, c
3 rows × 2 columns'
run query --out out.parquet "select id from t" posts-1.csv
run query "select sum(id) as s from t" - <out.parquet
same "Parquet through a pipe" 's
6'
printf '{"a":1}\n{"a":2}\n' | "$IMPACT" query "select max(a) as m from data" >lines.txt
[ "$(cat lines.txt)" = 'm
2' ] || fail "JSON lines by their first bytes: $(cat lines.txt)"
seq 100000 | "$IMPACT" query "select column1 from t" 2>pipe.txt | head -1 >first.txt
[ "${PIPESTATUS[1]}" = 0 ] && [ ! -s pipe.txt ] || fail "a reader that leaves: $(cat pipe.txt)"
[ "$(cat first.txt)" = column1 ] || fail "numbers without a header: $(cat first.txt)"

run query "select * form data" posts-1.csv
refused "syntax" "syntax error" "1 | select * form data" "^^^^"
run query "select veiws from data" posts-1.csv
refused "column" "no column 'veiws'" "did you mean 'views'?" "^^^^^"
run query "select random() as r from data" posts-1.csv
refused "chance" "gives another value on another run"
run query "select 1" gone.csv
refused "missing file" "no file 'gone.csv'"
run query "select 1" </dev/null
refused "empty input" "standard input is empty"

run plot bar --width 40 --height 8 posts-1.csv g
[ "$code" = 0 ] && [[ $out == *█* ]] || fail "bars: $out $(cat err.txt)"
[[ $out == *$'\x1b'* ]] && fail "colours without a terminal"
out=$(seq 50 | "$IMPACT" plot hist --width 40 --height 9 2>err.txt)
[[ $out == *column1* ]] || fail "numbers from a pipe: $out $(cat err.txt)"
run plot scatter posts-1.csv --x id --y views --json
[[ $out == *vega-lite* ]] || fail "specification: $out"
run plot line posts-1.csv id views --html page.html
grep -q '<html' page.html || fail "page: $(cat err.txt)"
run plot scater posts-1.csv
refused "kind" "no kind of plot 'scater'" "did you mean 'scatter'?"
run plot hist posts-1.csv --of vews
refused "column of a plot" "did you mean 'views'?"
run plot hist posts-1.csv --y views
refused "role" "has no --y"
[ -z "$(ls -A temp)" ] || fail "temporary files: $(ls -A temp)"
exit $((failures > 0))
