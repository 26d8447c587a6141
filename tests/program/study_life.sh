#!/bin/bash
# The life of a study as its user lives it: plan, run, what becomes stale and why, freeze, deviations,
# blinding, verify, diff, and a new study that runs at once.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export IMPACT_CACHE=$work/cache TMPDIR=$work/temp
unset IMPACT_DATA
cd "$work" || exit 1
mkdir temp data captions
failures=0

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

# impact CODE ARGUMENTS...: what it wrote is in out.txt and err.txt.
impact() {
  local expected=$1
  shift
  timeout 120 "$IMPACT" --data data "$@" >out.txt 2>err.txt
  local code=$?
  [ "$code" = "$expected" ] || fail "$*: exit code $code, expected $expected: $(cat out.txt err.txt)"
}

# says LABEL TEXT...: standard output holds every text.
says() {
  local label=$1 text
  shift
  for text; do
    grep -qF -- "$text" out.txt || fail "$label: no '$text' in: $(cat out.txt)"
  done
}

# ask CODE FILES...: Python with the files as `a`, `b`, ... read as JSON; an assertion fails the test.
ask() {
  local code=$1
  shift
  python3 - "$@" <<END_OF_PYTHON || fail "not true: $code"
import json, sys
files = [json.load(open(path)) for path in sys.argv[1:]]
a, b = (files + [None, None])[:2]
$code
END_OF_PYTHON
}

# stale NAME...: exactly these nodes of the plan are stale.
stale() {
  impact 0 plan captions --json
  local found
  found=$(python3 -c 'import json, sys
print(" ".join(n["name"] for n in json.load(sys.stdin)["nodes"] if n["computed"] and not n["fresh"]))' <out.txt)
  [ "$found" = "$*" ] || fail "stale: '$found', expected '$*'"
}

python3 - <<'END_OF_PYTHON'
# Whole numbers, so that nothing here depends on how anybody prints a float.
units = ["id,z,x,w,y,m,g"]
state = 20240611
def draw(n):
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % n
for i in range(1, 81):
    z = draw(2)
    x = draw(100)
    units.append(f"{i},{'treated' if z else 'control'},{x},{draw(50)},{x + 20 * z + draw(40)},"
                 f"{5 * z + draw(9)},{'abc'[draw(3)]}")
open("data/units.csv", "w").write("\n".join(units) + "\n")
open("data/authors.csv", "w").write("g,followers\na,10\nb,200\nc,3000\n")
END_OF_PYTHON
cat >captions/study.lua <<'END_OF_LUA'
local S <const> = study "captions" { version = "0.1.0", seed = 7 }
local units <const> = S:source "units" { csv = "units.csv", key = "id" }
local authors <const> = S:source "authors" { csv = "authors.csv", key = "g" }
local most <const> = S:parameter "most" { default = 90 }
local kept <const> = S:filter "kept" { from = units, where = units.x:lt(most) }
S:roles { unit = units:col "id", outcome = units.y, covariate = units.x, post_treatment = units.m }
local z <const> = S:assignment "z" { units = kept, arms = { "control", "treated" }, given = kept.z }
local ATE <const> = S:inquiry "ATE" { of = kept.y, contrast = z:between("treated", "control") }
S:estimator "dim" (difference_in_means {}) { answers = ATE }
S:estimator "lin" (ols.lin { covariates = kept.x }) { answers = ATE, primary = true }
S:table "widths" (units:summarise { by = units.g, units.w:mean():as "w" })
S:table "followers" (authors:summarise { authors.followers:sum():as "followers" })
S:check "no negative width" { rows = units:filter(units.w:lt(0)) }
return S
END_OF_LUA
cp captions/study.lua first.lua
cp -r data first_data

# Plan: before and after a run, as text, graph and JSON -------------------------------------------
impact 0 plan captions
says "plan before a run" "captions 0.1.0, plan " "12 nodes, 9 stale" "never run" "<- ATE, kept"
[ ! -e runs ] || fail "plan made a folder"
[ ! -e cache/objects ] || fail "plan computed something"
stale units authors kept z dim lin widths followers "no negative width"
cp out.txt before.json
impact 0 run captions
says "first run" "captions: 2 tables, 2 estimates, 1 of 1 check passed; results in runs/captions"
grep -q cache out.txt && fail "the first run took something from the cache"
stale
cp out.txt after.json
ask 'assert a["plan_hash"] == b["plan_hash"] and a["plan"] == b["plan"]' before.json after.json
ask 'assert a["plan_hash"] == b["plan_hash"]' before.json runs/captions/results.json
impact 0 plan captions
says "plan after a run" "12 nodes, 0 stale" "fresh"
impact 0 plan captions --dot
says "graph" 'digraph "captions" {' '"kept" -> "lin";' '"lin" [label="estimator\nlin"];'
impact 0 run captions
says "warm run" "; 9 of 9 nodes from the cache; "

# What does not count: comments, layout, the order of fields, names of locals, threads, a folder ---
cp -r runs/captions first_run
sed -e 's/kept/rows_that_stay/g; s/"rows_that_stay"/"kept"/; 1i -- A comment.' \
  -e 's/version = "0.1.0", seed = 7/seed = 7,\n\n    version = "0.1.0"/' first.lua >captions/study.lua
cmp -s first.lua captions/study.lua && fail "the script was not reformatted"
stale
cp out.txt after.json
ask 'assert a["plan_hash"] == b["plan_hash"]' before.json after.json
impact 0 run captions --threads 1
says "reformatted" "; 9 of 9 nodes from the cache; "
cmp first_run/results.json runs/captions/results.json || fail "a reformatted script, other results"
touch data/units.csv
stale
cp first.lua captions/study.lua
impact 0 run captions --quiet

# What counts: one byte of data, and exactly what hangs on it --------------------------------------
sed -i 's/b,200/b,201/' data/authors.csv
stale authors followers
impact 0 plan captions
says "changed data" "the file authors.csv changed" "'authors' changed" "12 nodes, 2 stale"
impact 0 run captions
says "changed data" "; 7 of 9 nodes from the cache; "
stale
sed -i '2s/,[0-9]*,\([abc]\)$/,4711,\1/' data/units.csv
stale units kept z dim lin widths "no negative width"
cp first_data/* data/
stale
impact 0 run captions --quiet

# --set reaches what uses the parameter ------------------------------------------------------------
impact 0 plan captions --set most=80
says "--set" "12 nodes, 4 stale" "its declaration changed" "'kept' changed"
grep -q "not in the cache" out.txt && fail "--set: a cause that is none: $(cat out.txt)"
impact 0 run captions --set most=80 --out eighty
says "--set" "; 5 of 9 nodes from the cache; "
ask 'assert a["parameters"]["most"] == 80 and b["parameters"]["most"] == 90' eighty/study.lock \
  runs/captions/study.lock
stale
# A change of one declaration, and of a question, which has no result of its own.
sed -i 's/ols.lin { covariates = kept.x }/ols.lin { covariates = kept.w }/' captions/study.lua
stale lin
sed 's/of = kept.y/of = kept.w/' first.lua >captions/study.lua
stale dim lin
impact 0 plan captions
says "another question" "'ATE' changed"
cp first.lua captions/study.lua
# Only chance depends on the seed.
sed 's/seed = 7/seed = 8/' first.lua >captions/study.lua
stale z dim lin
cp first.lua captions/study.lua
impact 0 run captions --quiet
cmp first_run/results.json runs/captions/results.json || fail "back again, other results"

# Verify: identical, different with the node and the input, close within a tolerance ---------------
impact 0 verify runs/captions
says "verify" "identical: same plan, same files, and the results of all 9 nodes byte by byte"
impact 0 verify runs/captions --threads 1 --json
ask 'assert a["verdict"] == "identical"' out.txt
sed -i 's/b,200/b,201/' data/authors.csv
impact 4 verify runs/captions
says "verify, changed data" "different" "authors.csv: SHA-256" "followers" "2 of 9 differ"
impact 4 verify runs/captions --json
ask 'assert a["verdict"] == "different" and a["first"]["name"] == "authors"
assert [i["name"] for i in a["inputs"]] == ["authors"]
assert {n["name"] for n in a["nodes"] if n["change"] != "same"} == {"authors", "followers"}
assert a["first"]["inputs"] == ["file authors.csv"]' out.txt
cp first_data/* data/
mv data/authors.csv away.csv
impact 1 verify runs/captions
grep -q "no file 'authors.csv'" err.txt || fail "verify without a file: $(cat err.txt)"
mv away.csv data/authors.csv
sed 's/units.w:mean()/units.w:max()/' first.lua >captions/study.lua
impact 0 verify runs/captions
impact 4 verify runs/captions --script captions
says "verify with another script" "different" "widths"
cp first.lua captions/study.lua
impact 0 verify eighty
# A run whose numbers were a little different, as another machine's might be: made by changing the
# last digits, and sealing anew.
cp -r runs/captions near
python3 - <<'END_OF_PYTHON'
import hashlib, json, re
path = "near/results.json"
text = open(path).read()
old = re.search(r'"node": "lin".*?"estimate": ([0-9.]+)', text).group(1)
text = text.replace(f'"estimate": {old}', f'"estimate": {float(old) * (1 + 1e-12)!r}')
open(path, "w").write(text)
lock = json.load(open("near/study.lock"))
lock["outputs"]["results.json"] = hashlib.sha256(text.encode()).hexdigest()
for node in lock["nodes"]:
    if node["name"] == "lin":
        node["result"] = hashlib.sha256(b"another").hexdigest()
del lock["seal"]
canonical = json.dumps(lock, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
lock["seal"] = hashlib.sha256(canonical.encode()).hexdigest()
json.dump(lock, open("near/study.lock", "w"))
END_OF_PYTHON
impact 4 verify near
says "close" "close: " "lin"
impact 0 verify near --tolerance 1e-9
says "close within the tolerance" "close: "
impact 4 verify near --tolerance 1e-13
impact 0 verify near --tolerance 1e-9 --json
ask 'assert a["verdict"] == "close" and 1e-13 < a["largest_relative"] < 1e-11
assert "lin" in a["largest_where"] and "estimate" in a["largest_where"]' out.txt

# Diff of two runs ---------------------------------------------------------------------------------
impact 0 diff runs/captions first_run
says "diff of the same" "identical" "0 of 9 differ"
impact 4 diff runs/captions eighty
says "diff" "different" "4 of 9 differ" "kept" "parameter 'most': 90 -> 80" "estimator 'dim': its inputs differ: ATE"
impact 4 diff runs/captions eighty --json
ask 'assert [n["name"] for n in a["nodes"] if n["change"] != "same"] == ["kept", "z", "dim", "lin"]
assert a["first"]["name"] == "kept" and a["first"]["change"] == "definition"' out.txt
impact 1 diff runs/captions nowhere
grep -q "no run in 'nowhere'" err.txt || fail "diff with nothing: $(cat err.txt)"

# Freeze, a run without deviations, changes and their list -----------------------------------------
impact 0 freeze captions
says "freeze" "captions: plan " "frozen on 20" "captions/study.plan.json"
[ -f captions/study.plan.json ] || fail "no frozen plan"
cp captions/study.plan.json sealed.json
impact 0 freeze captions
ask 'assert a["sealed"] == b["sealed"] and a["seal"] == b["seal"]' sealed.json captions/study.plan.json
impact 0 run captions
grep -q deviation out.txt && fail "deviations from the plan that was just frozen: $(cat out.txt)"
grep -q "This run follows it" runs/captions/report.html || fail "the report does not say so"
cmp sealed.json runs/captions/script/study.plan.json || fail "the run does not keep the frozen plan"
sed -i 's/covariates = kept.x/covariates = kept.w/; s/default = 90/default = 95/' captions/study.lua
sed -i 's/b,200/b,202/' data/authors.csv
impact 0 run captions
says "deviations" "deviations from the frozen plan; the report lists them"
python3 - <<'END_OF_PYTHON' || fail "the report does not list what deviates: $(cat out.txt)"
import hashlib, html, re
text = html.unescape(re.sub("<[^>]*>", " ", open("runs/captions/report.html").read()))
text = re.sub(r"\s+", " ", text)
start = text.index("Deviations")
for word in ("estimator 'lin'", "covariates", "filter 'kept'", "parameter 'most'", "90", "95",
             "source 'authors'", "content of authors.csv"):
    assert word in text[start:], word
for folder in ("first_data", "data"):
    digest = hashlib.sha256(open(f"{folder}/authors.csv", "rb").read()).hexdigest()
    assert digest[:12] in text[start:], folder
END_OF_PYTHON
impact 1 freeze captions
for text in "has changed since" "estimator 'lin'" "--again"; do
  grep -qF -- "$text" err.txt || fail "freeze again: no '$text' in: $(cat err.txt)"
done
cmp sealed.json captions/study.plan.json || fail "a refused freeze changed the plan"
impact 0 freeze captions --again
ask 'assert b["earlier"] == [{"plan_hash": a["plan_hash"], "sealed": a["sealed"]}], b["earlier"]
assert a["plan_hash"] != b["plan_hash"]' sealed.json captions/study.plan.json
impact 0 run captions
grep -q deviation out.txt && fail "deviations after --again: $(cat out.txt)"
impact 0 verify runs/captions
says "verify of a frozen study" "identical"
sed -i 's/"sealed": "20/"sealed": "19/' captions/study.plan.json
impact 1 run captions
grep -q "was edited by hand" err.txt || fail "a frozen plan edited by hand: $(cat err.txt)"
rm captions/study.plan.json
cp first_data/* data/

# Blinding -----------------------------------------------------------------------------------------
cat >captions/study.lua <<'END_OF_LUA'
local S <const> = study "captions" { version = "0.1.0", seed = 7, blind = true }
local units <const> = S:source "units" { csv = "units.csv", key = "id" }
S:roles { unit = units:col "id", outcome = units.y, covariate = units.x }
local z <const> =
  S:assignment "z" { units = units, arms = { "control", "treated" }, given = units.z }
local ATE <const> = S:inquiry "ATE" { of = units.y, contrast = z:between("treated", "control") }
S:estimator "dim" (difference_in_means {}) { answers = ATE }
S:table "outcomes" (units:select(units:col "id", units.y))
S:table "others" (units:drop "y")
return S
END_OF_LUA
for blind in true '"hide"'; do
  sed -i "s/blind = [^ ]*/blind = $blind/" captions/study.lua
  rm -f captions/study.plan.json
  impact 0 run captions --out blinded
  impact 0 verify blinded
  says "verify of a blinded run" "identical"
  grep -q "Outcomes are .* until the plan is frozen" blinded/report.html || fail "blind = $blind: the report does not say so"
  impact 0 freeze captions
  impact 0 run captions --out open
  impact 0 verify open
  says "verify of an opened run" "identical"
  ask "hide = '$blind' != 'true'
assert a['tables']['others'] == b['tables']['others']
blinded, seen = ([r[1] for r in t['tables']['outcomes']['rows']] for t in (a, b))
assert all(v is None for v in blinded) if hide else blinded != seen
assert hide or sorted(blinded) == sorted(seen), 'shuffled: the same values elsewhere'
assert a['estimates'] != b['estimates']
estimate = b['estimates'][0]['estimate']
rows = b['tables']['others']['rows']
arm = {r[0]: r[1] for r in rows}
mean = lambda want: (lambda v: sum(v) / len(v))(
    [y for i, y in b['tables']['outcomes']['rows'] if arm[i] == want])
assert abs(estimate - mean('treated') + mean('control')) < 1e-9, 'opened: the true outcomes'" \
    blinded/results.json open/results.json
done

# A new study runs at once, with its own test ------------------------------------------------------
mkdir fresh
cd fresh || exit 1
mkdir data
impact 0 new my-study
says "new" "my-study: a study that runs" "impact run my-study"
for file in study.lua measures.lua test.lua .luarc.json; do
  [ -f "my-study/$file" ] || fail "new: no $file"
done
grep -rq study-name my-study && fail "new: a placeholder was left"
python3 -m json.tool my-study/.luarc.json >/dev/null || fail "new: editor settings"
impact 0 check my-study
says "check of a new study" "nothing wrong"
impact 0 plan my-study
impact 0 run my-study
impact 0 run my-study/test.lua
says "test of a new study" "all tests passed"
impact 0 verify runs/my-study
impact 0 diagnose my-study --simulations 50
impact 1 new my-study
grep -q "is there already" err.txt || fail "new over an old one: $(cat err.txt)"
cd ..

[ -z "$(ls -A temp)" ] || fail "temporary files: $(ls -A temp)"
[ -z "$(find . -name '.*.tmp*' -o -name '*.partial')" ] || fail "leftovers"
exit $((failures > 0))
