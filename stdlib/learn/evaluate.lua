-- Judging models on rows they did not learn from.
local internal = ...
local kit = internal.learn_kit
local option = kit.option

local function judging()
  local params = kit.splitting()
  for i, param in ipairs { kit.of(), kit.weights() } do table.insert(params, i, param) end
  for _, param in ipairs {
    option("threshold", "number|text", "Of two classes: positive from this probability on; or how"
      .. " it"
      .. " is chosen in each fold's training rows: youden, f, cost, recall, precision.",
      { default = 0.5 }),
    option("beta", "number", "Weight of recall in F.", { default = 1, min = 0 }),
    option("cost_false_positive", "number", "Cost of a false alarm.", { default = 1, min = 0 }),
    option("cost_false_negative", "number", "Cost of a miss.", { default = 1, min = 0 }),
    option("least", "number", "Recall or precision wanted.", { default = 0.9, min = 0, max = 1 }),
    option("inner_folds", "integer", "Folds inside the training rows that choose the threshold.",
      { default = 5, min = 2, max = 100 }),
    option("quantiles", "number|list", "Of numbers: levels that the predictions are meant for."),
    kit.task(), kit.success(), kit.conf_level(),
  } do
    params[#params + 1] = param
  end
  return params
end

local function with(first, more)
  for _, param in ipairs(more) do first[#first + 1] = param end
  return first
end

kit.method("evaluate",
  "How good a learner is on rows that it did not learn from (cross-validation), or how good a"
    .. " fitted"
    .. " model is on other rows. Rows: AUC, average precision, Brier score, log loss and what"
    .. " follows"
    .. " from the confusion matrix; of numbers R2, RMSE, MAE and others, of learn.conformal also"
    .. " the coverage and width of its intervals. Tables: roc,"
    .. " precision_recall, calibration, gain, confusion, or residuals; folds, predictions. A column"
    .. " that separates the classes alone, or a label that is computed from the features, raises an"
    .. " alarm.", with({
    option("learner", "Learner", "What to fit in each fold, such as learn.forest {}."),
    option("model", "Finding|FittedModel", "Instead: a fitted model, judged on the rows as given."),
    kit.optional(kit.features()),
  }, judging()),
  "local e <const> = learn.evaluate { learner = learn.linear {}, of = t.y, features = t.x, folds"
    .. " = 3 }\n"
    .. "assert(e:rows()[1].term == \"r2\" and e:table(\"predictions\"):count_rows() == 12)")

kit.method("compare",
  "Several learners on the same folds, and on several sets of columns. Table model_comparison: one"
    .. " row a model and set, each score with its interval; scores: one row a score, for plots;"
    .. " differences: a test of every pair; roc, precision_recall, calibration, gain, or residuals"
    .. " of all.", with({
    kit.need("learners", "Learner|list", "{ name = learner, ... } or a list of learners."),
    kit.optional(kit.features("Columns to learn from, for all; or feature_sets.")),
    kit.option("feature_sets", "list", "{ name = { columns }, ... }: each learner with each set.",
      { kind = "sets", items = "list", keyed = true }),
  }, judging()),
  "local c <const> = learn.compare { learners = { line = learn.linear {}, mean = learn.baseline"
    .. " {} },\n"
    .. "  of = t.y, feature_sets = { one = { t.x }, both = { t.x, t.w } }, folds = 3 }\n"
    .. "assert(c:table(\"model_comparison\"):count_rows() == 4)")
