-- A learner that chooses its own options.
local internal = ...
local kit = internal.learn_kit
local option = kit.option

kit.learner("tuned",
  "A learner whose options are chosen by cross-validation inside its training rows, then fitted to"
    .. " all of them: judging it judges the choice too. Fitted, its tables are chosen and history.",
  {
    kit.learner_param("The learner whose options are chosen; a pipeline's are named model.trees,"
      .. " steps.0.how."),
    kit.need("space", "list", "option = { values }, { integers = { 2, 8 } } or { numbers ="
      .. " { 0.01, 1 }, log = true }.", { items = "list", keyed = true }),
    option("tuner", "list", "{ method =, trials = }: grid, random, halving, hyperband, parzen or"
      .. " gaussian_process.", { items = "text|number|boolean", keyed = true }),
    option("metric", "text", "What is made best: auc, f1, r2, ...; left out: log_loss of classes,"
      .. " rmse of numbers."),
    option("folds", "integer", "Folds of the training rows.", { default = 5, min = 2 }),
    option("repeats", "integer", "Cross-validations of them.", { default = 1, min = 1 }),
    option("resource", "text", "What halving gives little of at first: rows, or an option that is a"
      .. " number.", { default = "rows" }),
  },
  "local own <const> = learn.tuned { learner = learn.tree {}, folds = 2,\n"
    .. "  space = { max_depth = { 1, 2, 3 } }, tuner = { method = \"grid\" } }\n"
    .. "local m <const> = learn.fit { learner = own, of = t.y, features = { t.x, t.w } }\n"
    .. "assert(m:table(\"history\"):count_rows() == 3)")
