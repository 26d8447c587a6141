-- The library `check`: alarms before conclusions. check.leakage { ... } makes an Analysis that
-- finds something or nothing; S:check declares it as a promise that it finds nothing.
local internal = ...
local kit = internal.kit
local column, columns, option = kit.column, kit.columns, kit.option

local checks = { names = {} }

-- Adds a check. `params` are those of the descriptor, columns among them.
local function add(name, text, params, example)
  local slots = {}
  for i, param in ipairs(params) do
    slots[i] = param.kind and param.name .. ":" .. param.kind or param.name
  end
  checks.names[name] = internal.define({
    name = "check." .. name, text = text, params = params, returns = "Analysis",
    example = checks.sample .. example,
  }, function(...) return internal.recipe("check." .. name, slots, ...) end)
end

-- Sample data of examples: 60 posts whose label is a threshold of likes + comments, in two parts.
checks.sample = "local rows <const> = {}\n"
  .. "for i = 1, 60 do\n"
  .. "  local likes <const>, comments <const> = (i * 7) % 60, (i * 11) % 59\n"
  .. "  rows[i] = { id = i, likes = likes, comments = comments, liked = likes + comments > 60,\n"
  .. "    part = i % 3 == 0 and \"new\" or \"old\", creator = \"c\" .. i % 6 }\n"
  .. "end\n"
  .. "local function cells(name)\n"
  .. "  local list <const> = {}\n"
  .. "  for i, row in ipairs(rows) do list[i] = row[name] end\n"
  .. "  return { name, list }\n"
  .. "end\n"
  .. "local t <const> = frame { cells \"id\", cells \"likes\", cells \"comments\",\n"
  .. "  cells \"liked\", cells \"part\", cells \"creator\", key = \"id\" }\n"

local function label(text)
  return column("of", text or "The label: a boolean, 0 and 1, or any column with success =.",
    "group")
end

local function features(text)
  return columns("features", text or "Columns a model would learn from.", "group")
end

local function success()
  return option("success", "text", "The value of a column of texts that is the positive class.")
end

local function scores(more)
  return column("scores", "Scores of the rows: the higher, the rather positive.", "number", more)
end

add("leakage",
  "Features that give the label away: one column, or a sum, difference, product, ratio or weighted"
    .. " sum of a few, whose threshold is the label; or an exact formula of what the label comes"
    .. " from. Table: rules, the best one of each column.", {
    column("of", "The label, or what it is cut from: t.rate:gt(0.05) shows both.", "group"),
    features(), success(),
    option("limit", "number", "Balanced accuracy of a rule that is too good to be true.",
      { default = 0.99, min = 0.51, max = 1 }),
    option("terms", "integer", "Most columns in a sum.", { default = 3, min = 2, max = 3 }),
  }, "local c <const> = check.leakage { of = t.liked, features = { t.likes, t.comments } }\n"
    .. "assert(c:table(\"findings\"):rows()[1].found == \"likes + comments > 60\")")

add("one_rule",
  "Whether one rule of one column does as well as a model, both judged on rows they did not learn"
    .. " from (McNemar's and DeLong's tests). Table: comparison.", {
    label(), features(), success(),
    option("learner", "Learner", "The model; left out: learn.forest {}."),
    option("scores", "Column|Finding", "Instead: a column of out-of-fold scores, or a declared"
      .. " learn.evaluate of the same `of` and success, whose predictions and folds are taken.",
      { kind = "number" }),
    option("threshold", "number", "Scores are called positive from here on.", { default = 0.5 }),
    option("margin", "number", "Accuracy that a model must gain over the rule.",
      { default = 0.01, min = 0, max = 0.99 }),
    option("folds", "integer", "Parts of the cross-validation.",
      { default = 5, min = 2, max = 100 }),
  }, "local c <const> = check.one_rule {\n"
    .. "  of = t.likes:gt(30), features = { t.likes, t.comments },\n}\n"
    .. "assert(c:table(\"findings\"):rows()[1].rule == \"one rule does as well as the model\")")

add("target_encoding",
  "Columns that were made from the label of all rows: its mean within groups, plain, smoothed or"
    .. " without the row itself.", {
    label("The label: numbers, a boolean, or any column with success ="), features(),
    kit.optional(columns("groups", "Columns whose groups an encoding may come from.", "group")),
    success(),
  }, "local n <const> = t:derive { y = if_else(t.liked, 1, 0) }\n"
    .. "local rate <const> = n:summarise { by = n.creator, rate = n.y:mean() }\n"
    .. "local all <const> = n:join(rate, { on = \"creator\" })\n"
    .. "local c <const> = check.target_encoding {\n"
    .. "  of = all.liked, features = all.rate, groups = all.creator,\n}\n"
    .. "assert(c:table():rows()[1].found == \"rate\")")

add("duplicates",
  "Rows of which a copy, or a row that agrees to a few digits, stands on the other side of the"
    .. " split, and groups with rows on both sides. Table: shared.", {
    features("Columns in which copies agree: those a model learns from."),
    kit.optional(column("split", "Says of each row whether it trains or tests; left out: folds as"
      .. " cross-validation draws them.", "group")),
    kit.optional(column("group", "Rows of one group (a creator's videos) belong together.",
      "group")),
    option("digits", "integer", "Digits in which near copies agree.",
      { default = 3, min = 1, max = 15 }),
    option("limit", "number", "Share of rows with a copy that raises the alarm.",
      { default = 0.01, min = 0, max = 1 }),
    option("folds", "integer", "Without a split: parts of the cross-validation.",
      { default = 5, min = 2, max = 100 }),
  }, "local c <const> = check.duplicates {\n"
    .. "  features = { t.likes, t.comments }, split = t.part, group = t.creator,\n}\n"
    .. "assert(c:table(\"shared\"):count_rows() == 3)")

add("drift",
  "Whether new rows are like those a model learned from: stability index, Kolmogorov-Smirnov and"
    .. " chi-squared tests (Holm), ranges left, new values, missing cells, and a forest that tries"
    .. " to tell them apart. Tables: columns, two_sample.", {
    features("Columns of the model."),
    kit.two("Which rows are which: column:between(\"old\", \"new\"), or a column with two values,"
      .. " the first in order being the old rows."),
    option("psi", "number", "Stability index that raises the alarm.",
      { default = 0.25, min = 0.001 }),
    option("outside", "number", "Share of numbers outside of the old range, or of new values.",
      { default = 0.05, min = 0, max = 1 }),
    option("missing", "number", "Rise of the share of missing cells.",
      { default = 0.05, min = 0, max = 1 }),
    option("auc", "number", "Lower limit of the forest's AUC that raises the alarm.",
      { default = 0.6, min = 0.5, max = 1 }),
    option("bins", "integer", "Bins of the stability index.", { default = 10, min = 2, max = 100 }),
  }, "local c <const> = check.drift {\n"
    .. "  features = { t.likes, t.comments }, by = t.part:between(\"old\", \"new\"),\n}\n"
    .. "assert(c:table(\"columns\"):count_rows() == 2)")

add("threshold",
  "Whether a threshold is the one that the rows it is judged by choose, and by how much that"
    .. " flatters: the same choice on other parts of the rows. Table: optimism.", {
    label(), scores(), success(),
    option("threshold", "number", "The one that was reported; left out: the rows choose it."),
    option("rule", "text", "How it was chosen.",
      { default = "f", allowed = { "youden", "f", "cost", "recall", "precision" } }),
    option("beta", "number", "Weight of recall in F.", { default = 1, min = 0 }),
    option("cost_false_positive", "number", "Cost of a false positive.", { default = 1, min = 0 }),
    option("cost_false_negative", "number", "Cost of a miss.", { default = 1, min = 0 }),
    option("least", "number", "Recall or precision wanted.", { default = 0.9, min = 0, max = 1 }),
    option("folds", "integer", "Parts of the rows.", { default = 10, min = 2, max = 100 }),
    option("repeats", "integer", "Draws of the parts.", { default = 20, min = 1, max = 1000 }),
  }, "local c <const> = check.threshold { of = t.liked, scores = t.likes, rule = \"youden\" }\n"
    .. "assert(c:table(\"optimism\"):rows()[5].optimism > 0)")

add("class_names",
  "Signs that two classes' names were exchanged: scores that rank the wrong way round, reported"
    .. " numbers that are those of the other class. Table: classes.", {
    label(), scores(), success(),
    option("precision", "number", "Precision as reported.", { min = 0, max = 1 }),
    option("recall", "number", "Recall as reported.", { min = 0, max = 1 }),
    option("f1", "number", "F1 as reported.", { min = 0, max = 1 }),
    option("rate", "number", "Share of positives as declared.", { min = 0, max = 1 }),
    option("threshold", "number", "Scores are called positive from here on.", { default = 0.5 }),
    option("rounding", "number", "Largest rounding error of what is reported.",
      { default = 0.005, min = 0, max = 0.1 }),
  }, "local c <const> = check.class_names { of = t.likes:lt(20), scores = t.likes }\n"
    .. "assert(c:table(\"findings\"):rows()[1].rule == \"scores rank the wrong way round\")")

add("reversal",
  "Whether a feature's association with the label turns around, or dissolves, within the values of"
    .. " other columns (Simpson's paradox). Table: strata.", {
    label("The label or any outcome: numbers, a boolean, or any column with success ="), features(),
    columns("within", "Columns whose values are the strata.", "group"), success(),
  }, "local c <const> = check.reversal { of = t.liked, features = t.likes, within = t.part }\n"
    .. "assert(c:table(\"findings\"):count_rows() == 0)")

internal.value("check", "library",
  "Alarms before conclusions. Each makes an Analysis: S:check declares that it finds nothing.")
internal.names.check = internal.read_only("check", checks.names)
