#!/usr/bin/env bash
# Models inside a study: every kind of learner with its preparation gives the same results, model
# files and predictions on 1, 2, 3 and 8 threads, from a cold and a warm cache and for shuffled
# rows; a run verifies; and what goes wrong is said at the script's line.
set -uo pipefail
# shellcheck source=tests/support/program.sh
source "$IMPACT_SOURCE/tests/support/program.sh"

mkdir data shuffled
awk 'BEGIN { srand(3); print "id,creator,tier,followers,duration,hour,likes,viral"
  for (i = 1; i <= 240; ++i) {
    f = int(100 + 5000 * rand()); d = int(5 + 55 * rand()); t = substr("smallmediumlarge", 1, 5)
    t = f < 1500 ? "small" : f < 3500 ? "medium" : "large"
    likes = f / 100 + d + 10 * rand()
    printf "%d,c%d,%s,%s,%d,%d,%.3f,%s\n", i, i % 40, t, i % 17 ? f : "", d, int(24 * rand()),
      likes, (likes + 20 * rand() > 65 ? "hit" : "miss")
  } }' >data/posts.csv
cat >study.lua <<'LUA'
local S <const> = study "learners" { version = "0.1.0", seed = 11 }
local posts <const> = S:source "posts" { csv = "posts.csv", key = "id" }
local x <const> = { posts.followers, posts.duration, posts.hour, posts.tier }
local function prepared(model)
  return learn.pipeline {
    learn.impute { how = "median", indicator = true }, learn.one_hot {}, learn.scale {}, model,
  }
end
local learners <const> = {
  baseline = learn.baseline {}, logistic = prepared(learn.logistic {}),
  lasso = prepared(learn.lasso { folds = 3, lambdas = 20 }),
  forest = prepared(learn.forest { trees = 20 }), extra = prepared(learn.extra_trees { trees = 20 }),
  tree = prepared(learn.tree { max_depth = 3 }),
  boost = learn.boost { rounds = 20, max_depth = 3, patience = 5 },
  network = prepared(learn.perceptron { layers = { 8 }, epochs = 10, patience = 5, dropout = 0.1 }),
}
local compared <const> = S:analysis "model_comparison" (learn.compare {
  learners = learners, of = posts.viral, success = "hit", features = x, folds = 3,
  groups = posts.creator,
})
S:analysis "chosen" (learn.evaluate {
  learner = learners.boost, of = posts.viral, success = "hit", features = x, folds = 3,
  threshold = "recall", least = 0.9, inner_folds = 3,
})
for name in pairs(learners) do
  local fit <const> = S:analysis("model " .. name, learn.fit {
    learner = learners[name], of = posts.viral, success = "hit", features = x,
  })
  S:analysis("said by " .. name, learn.predict { model = fit })
end
S:analysis "numbers" (learn.compare {
  learners = {
    line = prepared(learn.linear {}), ridge = prepared(learn.ridge { folds = 3, lambdas = 10 }),
    rigorous = prepared(learn.rigorous_lasso {}), forest = prepared(learn.forest { trees = 20 }),
  },
  of = posts.likes, features = x, folds = 3, repeats = 2,
})
S:analysis "tiers" (learn.evaluate {
  learner = learn.forest { trees = 20 }, of = posts.tier, features = { posts.duration, posts.likes },
  folds = 3,
})
S:analysis "in time" (learn.evaluate {
  learner = prepared(learn.linear {}), of = posts.likes, features = x, time = posts.id, folds = 3,
  gap = 5,
})
local forest <const> = S:analysis "forest" (learn.fit {
  learner = prepared(learn.forest { trees = 20 }), of = posts.viral, success = "hit", features = x,
})
local boosted <const> = S:analysis "boosted" (learn.fit {
  learner = learn.boost { rounds = 20, max_depth = 3 }, of = posts.likes, features = x,
})
local intervals <const> = S:analysis "intervals" (learn.fit {
  learner = learn.conformal { learner = prepared(learn.linear {}), how = "cv_plus", folds = 4 },
  of = posts.likes, features = x,
})
S:analysis "intervals said" (learn.predict { model = intervals })
S:analysis "calibrated" (learn.evaluate {
  learner = learn.calibrated { learner = prepared(learn.forest { trees = 20 }), how = "isotonic" },
  of = posts.viral, success = "hit", features = x, folds = 3,
})
local relies <const> = S:analysis "relies" (learn.importance { model = forest, repeats = 3 })
local depends <const> = S:analysis "depends" (learn.partial_dependence {
  model = forest, at = { posts.followers, posts.duration }, ice = 5, grid = 8,
})
local effects <const> = S:analysis "effects" (learn.accumulated_effects {
  model = boosted, at = posts.followers, intervals = 8,
})
S:analysis "together" (learn.interactions { model = boosted, rows = 30 })
local shap <const> = S:analysis "shap" (learn.shap { model = boosted, rows = 100, interactions = true })
local kernel <const> = S:analysis "kernel" (learn.shap {
  model = forest, method = "kernel", rows = 40, background = 10,
})
local growth <const> = S:analysis "growth" (learn.learning_curve {
  learner = prepared(learn.logistic {}), of = posts.viral, success = "hit", features = x, folds = 3,
  shares = { 0.5, 1 },
})
local depth <const> = S:analysis "depth" (learn.validation_curve {
  learner = prepared(learn.tree {}), of = posts.likes, features = x, folds = 3,
  option = "max_depth", values = { 1, 3 },
})
local left <const> = S:analysis "left" (learn.residuals {
  learner = prepared(learn.linear {}), of = posts.likes, features = x, folds = 3,
})
local told <const> = S:analysis "told" (learn.mutual_information { of = posts.viral, features = x })
S:analysis "lines" (learn.f_test { of = posts.likes, features = { posts.followers, posts.hour } })
S:analysis "sums" (learn.chi_squared { of = posts.viral, features = { posts.duration, posts.hour } })
S:analysis "groups" (learn.k_means {
  features = { posts.followers, posts.duration }, clusters = { 2, 3 },
})
S:analysis "axes" (learn.principal_components {
  features = { posts.followers, posts.duration, posts.likes },
})
S:report "Learners" {
  compared:table "model_comparison", compared:table "differences",
  figure "Importance" (plot.importance { from = relies:table "importance" }),
  figure "Dependence" (plot.partial_dependence { from = depends:table "ice", facet = "feature" }),
  figure "Effects" (plot.ale { from = effects:table "accumulated_effects" }),
  figure "SHAP" (plot.shap_beeswarm { from = shap:table "shap" }),
  figure "One column" (plot.shap_dependence {
    from = kernel:table "dependence", by = "partner_value",
  }),
  figure "Growth" (plot.learning_curve { from = growth:table "learning_curve", by = "part" }),
  figure "Depth" (plot.validation_curve { from = depth:table "validation_curve", by = "part" }),
  figure "Left" (plot.residuals { from = left:table "residuals" }),
  figure "Told" (plot.importance { from = told:table "mutual_information", importance = "score" }),
}
return S
LUA

"$IMPACT" run study.lua --data data --out base --threads 1 --quiet || fail "the run"
[[ $(find base/models -name '*.model' | wc -l) == 11 ]] || fail "not eleven models: $(ls base/models)"
for case in "2 cold" "2 warm" "3 cold" "8 cold"; do
  read -r threads cache <<<"$case"
  [[ $cache == warm ]] || rm -rf "$IMPACT_CACHE"
  "$IMPACT" run study.lua --data data --out other --threads "$threads" --quiet || fail "run, $case"
  diff -r base other >/dev/null || fail "differs: $case: $(diff -rq base other | head -3)"
done
said=$("$IMPACT" verify base --data data --threads 3) || fail "verify: $said"
[[ $said == identical:* ]] || fail "verify says: $said"
{ head -n 1 data/posts.csv; tail -n +2 data/posts.csv | sort -t, -k8,8 -k5,5n; } >shuffled/posts.csv
"$IMPACT" run study.lua --data shuffled --out other --threads 2 --quiet || fail "shuffled"
cmp base/results.json other/results.json || fail "shuffled rows give other results"
diff -r base/models other/models || fail "shuffled rows give other models"
python3 - base/results.json <<'PYTHON' || fail "results"
import json, math, sys
results = json.load(open(sys.argv[1]))
table = results["tables"]["model_comparison"]
rows = [dict(zip(table["columns"], row)) for row in table["rows"]]
assert [row["model"] for row in rows] == sorted(row["model"] for row in rows), rows
by = {row["model"]: row for row in rows}
assert by["baseline"]["auc"] == 0.5 or by["baseline"]["auc"] < 0.6, by["baseline"]
for name in ("boost", "forest", "logistic", "lasso"):
    assert by[name]["auc"] > 0.75, by[name]
    assert by[name]["auc_low"] < by[name]["auc"] < by[name]["auc_high"], by[name]
said = results["tables"]["said by boost.predictions"]
assert len(said["rows"]) == 240 and said["columns"] == ["id", "prediction", "probability"], said["columns"]
assert {row[1] for row in said["rows"]} <= {"hit", "miss"}
recall = next(e for e in results["estimates"] if e["node"] == "chosen" and e["term"] == "recall")
assert recall["estimate"] > 0.8, recall
def rows_of(name):
    table = results["tables"][name]
    return [dict(zip(table["columns"], row)) for row in table["rows"]]
assert rows_of("relies.importance")[0]["feature"] in ("followers", "duration")
for row in rows_of("kernel.explained"):
    parts = sum(c["shap"] for c in rows_of("kernel.shap") if c["id"] == row["id"])
    assert abs(row["expectation"] + parts - row["prediction"]) < 1e-9, row
inside = rows_of("intervals said.predictions")
assert len(inside) == 240 and all(row["low"] < row["prediction"] < row["high"] for row in inside)
assert rows_of("told.mutual_information")[0]["feature"] in ("followers", "duration")
assert [row["feature"] for row in rows_of("lines.f_test")] == ["followers", "hour"]
later = results["tables"]["in time.predictions"]
ids = [row[later["columns"].index("id")] for row in later["rows"]]
assert len(ids) == 180 and min(ids) == 61, (len(ids), min(ids))
PYTHON

# bad LABEL WANTED LINE CODE: the script fails at its line with a message that says so.
bad() {
  local label=$1 wanted=$2 line=$3
  cat >bad.lua
  "$IMPACT" run bad.lua --data data --out bad --quiet 2>bad.txt && fail "$label: no error"
  grep -q "$wanted" bad.txt || fail "$label: $(cat bad.txt)"
  grep -q "bad.lua:$line" bad.txt || fail "$label: another line: $(head -1 bad.txt)"
  [[ ! -e bad ]] || fail "$label: left a folder"
}
start='local S <const> = study "bad" { version = "1", seed = 1 } local t <const> = S:source "t" { csv = "posts.csv", key = "id" }'
bad "unknown option" "did you mean 'trees'" 2 <<<"$start
S:analysis \"a\" (learn.fit { learner = learn.forest { tress = 3 }, of = t.likes, features = t.hour }) return S"
bad "out of range" "trees" 2 <<<"$start
S:analysis \"a\" (learn.fit { learner = learn.forest { trees = 0 }, of = t.likes, features = t.hour }) return S"
bad "a text column" "'tier'" 2 <<<"$start
S:analysis \"a\" (learn.fit { learner = learn.forest { trees = 3 }, of = t.likes, features = t.tier }) return S"
bad "numbers for a classifier" "can't predict" 2 <<<"$start
S:analysis \"a\" (learn.fit { learner = learn.logistic {}, of = t.likes, features = t.hour }) return S"
bad "not a learner" "learner" 2 <<<"$start
S:analysis \"a\" (learn.fit { learner = 3, of = t.likes, features = t.hour }) return S"
bad "pipeline without a model" "needs a learner" 2 <<<"$start
S:analysis \"a\" (learn.fit { learner = learn.pipeline { learn.scale {} }, of = t.likes, features = t.hour }) return S"
bad "a class that is not there" "never is 'maybe'" 2 <<<"$start
S:analysis \"a\" (learn.fit { learner = learn.forest {}, of = t.viral, success = \"maybe\", features = t.hour }) return S"
bad "threshold" "threshold" 2 <<<"$start
S:analysis \"a\" (learn.evaluate { learner = learn.tree {}, of = t.viral, features = t.hour, threshold = 2 }) return S"
exit $((failures > 0))
