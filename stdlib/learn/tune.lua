-- Choosing options, and learners made of learners.
local internal = ...
local kit = internal.learn_kit
local option = kit.option

local function search()
  return {
    kit.need("learner", "Learner", "The learner whose options are chosen."),
    kit.need("space", "list", "option = values: a list of choices, { integers = { low, high } } or"
      .. " { numbers = { low, high }, log = true }. Options of parts by path: [\"model.trees\"],"
      .. " [\"steps.1.components\"].", { keyed = true }),
    option("metric", "text", "What is made best; left out: log_loss of classes, rmse of numbers."),
    option("folds", "integer", "Parts of the cross-validation that scores a candidate.",
      { default = 5, min = 2, max = 1000 }),
    option("repeats", "integer", "Cross-validations of each.", { default = 1, min = 1 }),
    option("resource", "text", "What halving gives little of at first: rows, or the path of an"
      .. " option such as trees.", { default = "rows" }),
  }
end

local function tuner()
  return {
    option("method", "text", "Every combination; at random; halving and hyperband drop bad"
      .. " candidates early; parzen and gaussian_process learn where good ones lie.", {
      default = "parzen",
      allowed = { "parzen", "gaussian_process", "random", "grid", "halving", "hyperband" },
    }),
    option("trials", "integer", "Candidates tried; left out: the whole grid, one pass of halving,"
      .. " else 50.", { min = 1 }),
    option("seconds", "number", "No new candidates after this time. How many that makes differs"
      .. " from run to run; a warning says how to repeat it.", { min = 0 }),
    option("batch", "integer", "Candidates chosen together; 4.", { min = 1 }),
    option("levels", "integer", "Values of a range in a grid; 5.", { min = 2 }),
    option("startup", "integer", "Candidates at random before a model chooses; 10.", { min = 1 }),
    option("factor", "integer", "Of halving: one in so many goes on; 3.", { min = 2 }),
    option("least_resource", "number", "Of halving: the first share; 1/27.", { min = 0, max = 1 }),
    option("candidates", "integer", "Of halving: on the first rung.", { min = 2 }),
    option("good_share", "number", "Of parzen: share of trials that count as good; 0.1.",
      { min = 0, max = 1 }),
    option("multivariate", "boolean", "Of parzen: options together; true."),
    option("draws", "integer", "Of parzen: candidates for each choice; 64.", { min = 1 }),
  }
end

local function joined(first, ...)
  for _, more in ipairs { ... } do
    for _, param in ipairs(more) do first[#first + 1] = param end
  end
  return first
end

kit.method("tune",
  "Chooses options of a learner by cross-validation, then fits it to all rows. Tables: history (one"
    .. " row a candidate), chosen, best, and what the learner tells. The answer does not depend on"
    .. " threads; with model = an earlier search of the same name goes on as if it had never"
    .. " stopped.", joined(search(), tuner(), {
    kit.of(), kit.features(), kit.weights(),
    kit.groups(), kit.task(), kit.success(),
    option("model", "FittedModel", "Go on from this search, of the same space."),
  }),
  "local s <const> = learn.tune { learner = learn.ridge {}, space = { lambda = { 0.01,"
    .. " 0.1, 1 } },\n"
    .. "  method = \"grid\", of = t.y, features = { t.x, t.w }, folds = 3 }\n"
    .. "assert(s:table(\"history\"):count_rows() == 3 and s:table(\"chosen\"):count_rows() == 1)")

kit.learner("tuned",
  "A learner that chooses its own options by cross-validation inside its training rows: judged by"
    .. " learn.evaluate, the choice is judged too (nested cross-validation).", joined(search(), {
    option("tuner", "list", "method, trials, batch, ... as of learn.tune.", { keyed = true }),
  }),
  "local l <const> = learn.tuned { learner = learn.tree {}, space = { max_depth = { 1, 2 } },\n"
    .. "  tuner = { method = \"grid\" }, folds = 2 }\n"
    .. "assert(learn.evaluate { learner = l, of = t.y, features = t.x, folds = 2 }:rows()[1])")

kit.learner("stack",
  "A learner of what other learners predict on rows they did not learn from.", {
    kit.need("learners", "list", "{ name = learner, ... } or a list.", { items = "Learner" }),
    option("last", "Learner",
      "Learns from their predictions; left out: ridge, of classes logistic."),
    option("passthrough", "boolean", "It sees the columns too.", { default = false }),
    option("folds", "integer", "Parts of the training rows.", { default = 5, min = 2, max = 1000 }),
  },
  "local l <const> = learn.stack { learners = { learn.linear {}, learn.tree {} }, folds = 2 }\n"
    .. "assert(learn.fit { learner = l, of = t.y, features = { t.x, t.w } }:rows()[1])")

kit.learner("super_learner",
  "The mix of learners that predicts rows they did not learn from best: weights of sum 1.", {
    kit.need("learners", "list", "{ name = learner, ... } or a list.", { items = "Learner" }),
    option("loss", "text", "What weights make least: squared errors, or of classes the log"
      .. " likelihood's loss.", { default = "squared_error",
        allowed = { "squared_error", "log_likelihood" } }),
    option("discrete", "boolean", "All weight to the best learner.", { default = false }),
    option("folds", "integer", "Parts of the training rows.",
      { default = 10, min = 2, max = 1000 }),
  },
  "local l <const> = learn.super_learner { learners = { line = learn.linear {},\n"
    .. "  mean = learn.baseline {} }, folds = 3 }\n"
    .. "assert(learn.fit { learner = l, of = t.y, features = t.x }:table(\"weights\"):count_rows()"
    .. " == 2)")
