-- What fitted models rely on, and how a learner's score depends on rows and options.
local internal = ...
local kit = internal.learn_kit
local option = kit.option

local function with(first, more)
  for _, param in ipairs(more) do first[#first + 1] = param end
  return first
end

-- The model and the rows it is asked about.
local function asked(more)
  return with({
    kit.model(), kit.optional(kit.features("Rows to ask about, the columns that the model learned"
      .. " from; left out: the rows it was fitted to.")), kit.weights(),
    option("class", "text|boolean|number", "Of more than two classes: whose probability is"
      .. " explained."),
  }, more)
end

local function at(text)
  return option("at", "Column|text|list", text, { kind = "names" })
end

local fitted <const> = "local m <const> = learn.fit { learner = learn.tree { min_leaf = 1 },"
  .. " of = t.y, features = { t.x, t.w } }:model()\n"

kit.method("importance",
  "How much worse a model predicts when a column's cells change places among the rows: what it"
    .. " relies on, not what causes the outcome. Give rows it did not learn from. Columns that say"
    .. " the same hide each other: shuffle them together. Intervals are those over rows. Table:"
    .. " importance.", {
    kit.model(), kit.optional(kit.of()), kit.optional(kit.features("Rows to judge by, the columns"
      .. " that the model learned from; left out: the rows it was fitted to.")), kit.weights(),
    option("metric", "text", "What gets worse. Numbers: mse, mae. Classes: auc (two), log_loss,"
      .. " brier, error.", { allowed = { "mse", "mae", "auc", "log_loss", "brier", "error" } }),
    option("repeats", "integer", "Shuffles a column.", { default = 10, min = 1, max = 10000 }),
    option("together", "Column|list", "Columns that are shuffled together: { { t.likes, t.shares"
      .. " }, { t.tier } }; left out: each on its own.", { kind = "names" }),
    kit.conf_level(),
  }, fitted .. "local i <const> = learn.importance { model = m, of = t.y, features = { t.x, t.w }"
    .. " }\nassert(i:table \"importance\":rows()[1].feature == \"x\")")

kit.method("partial_dependence",
  "What a model says on average when a column is set to a value. It also asks about rows that"
    .. " can't exist where columns go together: learn.accumulated_effects does not. Tables:"
    .. " partial_dependence (low and high: one sd of the single curves), and ice with `ice`.",
  asked {
    at("Columns, one after the other; left out: all."),
    option("with", "Column|text", "A second column: both are set, which gives a heat map.",
      { kind = "names" }),
    option("grid", "integer", "Values of a column of numbers, at even quantiles.",
      { default = 20, min = 2, max = 1000 }),
    option("low", "number", "Quantile where the grid begins.",
      { default = 0.05, min = 0, max = 1 }),
    option("high", "number", "Quantile where it ends.", { default = 0.95, min = 0, max = 1 }),
    option("values", "number|list", "A grid of one's own, of one column of numbers."),
    option("ice", "integer", "Rows drawn whose single curves are kept.",
      { default = 0, min = 0, max = 10000 }),
    option("centred", "boolean", "Curves begin at 0.", { default = false }),
    option("rows", "integer", "Rows drawn to average over; 0: all.", { default = 0, min = 0 }),
  }, fitted .. "local p <const> = learn.partial_dependence { model = m, features = { t.x, t.w },"
    .. " at = t.x, ice = 3 }\n"
    .. "local rows <const> = p:table \"partial_dependence\":rows()\n"
    .. "assert(rows[#rows].prediction > rows[1].prediction)")

kit.method("accumulated_effects",
  "How a model's prediction changes as a column of numbers passes through its values (ALE), by the"
    .. " rows that are there, less its mean. Table: accumulated_effects.",
  asked {
    at("Columns of numbers, one after the other; left out: all."),
    option("with", "Column|text", "A second column: what both do that neither does alone.",
      { kind = "names" }),
    option("intervals", "integer", "Parts between quantiles of the column.",
      { default = 20, min = 1, max = 1000 }),
    kit.conf_level(),
  }, fitted .. "local a <const> = learn.accumulated_effects { model = m, features = { t.x, t.w },"
    .. " at = t.x, intervals = 4 }\n"
    .. "local rows <const> = a:table \"accumulated_effects\":rows()\n"
    .. "assert(rows[#rows].effect > rows[1].effect)")

kit.method("interactions",
  "How much of a prediction columns make together: Friedman's H, 0 where they only add up, of each"
    .. " column with all others and of each pair. Asks for rows^2 predictions a pair. Table:"
    .. " interactions.",
  asked {
    at("Columns; left out: all."),
    option("rows", "integer", "Rows drawn; 0: all.", { default = 200, min = 0 }),
  }, fitted .. "local h <const> = learn.interactions { model = m, features = { t.x, t.w } }\n"
    .. "assert(h:table \"interactions\":count_rows() == 3)")

kit.method("shap",
  "Each prediction shared out among the columns by Shapley values. Trees, forests and boosting are"
    .. " explained exactly, over the columns that their pipeline prepares (of boosted classes the"
    .. " log odds); other models by coalitions of columns. Tables: shap (a row a row and column),"
    .. " importance, explained, dependence (of the column that matters most), \"dependence"
    .. " <column>\" of each column in `at`, interactions.",
  asked {
    option("rows", "integer", "Rows drawn to be explained; 0: all.", { default = 1000, min = 0 }),
    option("method", "text", "tree, kernel, or what fits.",
      { default = "auto", allowed = { "auto", "tree", "kernel" } }),
    at("Columns to draw dependence of."),
    option("partner", "Column|text", "Their second column; left out: the strongest one.",
      { kind = "names" }),
    option("interactions", "boolean", "Of trees: mean absolute interaction of each pair.",
      { default = false }),
    option("background", "integer", "Kernel: rows to average over; 0: all. Left out: 100.",
      { min = 0 }),
    option("samples", "integer", "Kernel: coalitions a row above 12 columns; 0: by their number.",
      { min = 0 }),
    option("link", "text", "Kernel: what values add up to; left out: identity.",
      { allowed = { "identity", "logit" } }),
  }, fitted .. "local s <const> = learn.shap { model = m, features = { t.x, t.w } }\n"
    .. "local all <const> = s:table \"explained\":rows()[1]\n"
    .. "local sum = all.expectation\n"
    .. "for _, row in ipairs(s:table \"shap\":rows()) do\n"
    .. "  if row.id == 1 then sum = sum + row.shap end\nend\n"
    .. "assert(math.abs(sum - all.prediction) < 1e-9)")

local function curve(more)
  local params = with({ kit.learner_param(), kit.of(), kit.features(), kit.weights() }, more)
  with(params, kit.splitting(5))
  return with(params, {
    option("metric", "text", "Numbers: rmse, mae, r2. Classes: auc, log_loss, brier, accuracy.",
      { allowed = { "rmse", "mae", "r2", "auc", "log_loss", "brier", "accuracy" } }),
    kit.task(), kit.success(), kit.conf_level(),
  })
end

kit.method("learning_curve",
  "Score by the number of training rows, on these and on others: does more data help, is the model"
    .. " too free or too stiff? Tables: learning_curve (part: train, test), fits.",
  curve {
    option("shares", "number|list", "Of the training rows, in increasing order; left out: a tenth"
      .. " to all."),
  }, "local c <const> = learn.learning_curve { learner = learn.linear {}, of = t.y, features = t.x,"
    .. " folds = 3,\n  shares = { 0.5, 1 } }\n"
    .. "assert(c:table \"learning_curve\":count_rows() == 4)")

kit.method("validation_curve",
  "Score by the value of one option of a learner, on training rows and on others. The best value is"
    .. " chosen on the rows that show it: learn.tune judges the choice too. Tables:"
    .. " validation_curve"
    .. " (part: train, test), fits.",
  curve {
    kit.need("option", "text", "Name of the option; of a pipeline its model's, or the way to"
      .. " another one."),
    kit.need("values", "any", "Its values, in order."),
  }, "local c <const> = learn.validation_curve { learner = learn.tree { min_leaf = 1 }, of = t.y,"
    .. "\n  features = { t.x, t.w }, folds = 3, option = \"max_depth\", values = { 1, 2, 3 } }\n"
    .. "assert(c:table \"validation_curve\":count_rows() == 6)")

kit.method("residuals",
  "What a model leaves unexplained, out of fold for a learner. Rows: tests of constant variance,"
    .. " curvature, normal shape, order in time; of two classes Hosmer and Lemeshow's. Tables:"
    .. " residuals, qq, binned, outliers; of two classes residuals (deviance), binned, groups.",
  with({
    option("learner", "Learner", "What to fit in each fold, such as learn.forest {}."),
    option("model", "Finding|FittedModel", "Instead: a fitted model, and rows as given."),
    kit.optional(kit.of()), kit.optional(kit.features()), kit.weights(),
    option("bins", "integer", "Bins of the smooths.", { min = 2, max = 1000 }),
    option("parameters", "integer", "Of the model, taken off the rows for the residuals' df.",
      { default = 1, min = 1 }),
    option("held_out", "boolean", "With model: it did not learn from these rows.",
      { default = false }),
  }, with(kit.splitting(10), { kit.task(), kit.success(), kit.conf_level() })),
  "local r <const> = learn.residuals { learner = learn.linear {}, of = t.y, features = t.x, folds"
    .. " = 3 }\n"
    .. "assert(r:table \"residuals\":count_rows() == 12)")
