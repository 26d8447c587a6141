-- The library `learn`: learners and steps of preparation are data; learn.fit and its like are
-- Analyses, which S:analysis declares in a study and :rows() computes at once.
local internal = ...
local stats_kit = internal.kit

local kit = { names = { load = internal.load_model } }
for _, name in ipairs { "column", "columns", "optional", "option", "need", "conf_level" } do
  kit[name] = stats_kit[name]
end

-- Sample data of examples: a number, a class, three columns to learn from.
kit.sample = "local t <const> = frame {\n"
  .. "  { \"id\", { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 } },\n"
  .. "  { \"y\", { 1.5, 2, 4.25, 7, 3, 8.5, 6, 9, 2.5, 5, 7.5, 4 } },\n"
  .. "  { \"x\", { 2, 1, 3, 5, 2.5, 6, 4, 8, 1.5, 4.5, 6.5, 3.5 } },\n"
  .. "  { \"w\", { 1, 3, 2, 2, 1, 3, 2, 1, 3, 2, 1, 3 } },\n"
  .. "  { \"k\", { \"p\", \"q\", \"r\", \"p\", \"q\", \"r\", \"p\", \"q\", \"r\", \"p\", \"q\","
  .. " \"r\" } },\n"
  .. "  { \"won\", { true, false, false, true, false, true, true, true, false, false, true, false"
  .. " } },\n"
  .. "  key = \"id\" }\n"

local function names_of(params)
  local names = {}
  for i, param in ipairs(params) do names[i] = param.name end
  return names
end

-- Adds a learner. `params` are those of the descriptor, all of them options.
function kit.learner(name, text, params, example)
  local names = names_of(params)
  kit.names[name] = internal.define({
    name = "learn." .. name, text = text, params = params, returns = "Learner",
    example = kit.sample .. (example or "assert(tostring(learn." .. name .. " {}):find(\"" .. name
      .. "\", 1, true) == 1)"),
  }, function(...) return internal.learner(name, names, ...) end)
end

-- Adds a step of preparation.
function kit.step(name, text, params, example)
  local names = names_of(params)
  kit.names[name] = internal.define({
    name = "learn." .. name, text = text, params = params, returns = "Step",
    example = kit.sample .. (example or "assert(tostring(learn." .. name .. " {}):find(\"" .. name
      .. "\", 1, true) == 1)"),
  }, function(...) return internal.step(name, names, ...) end)
end

-- Adds a method that is declared by S:analysis, as stats has them. `kind = "sets"` marks a
-- parameter that takes named lists of columns.
function kit.method(name, text, params, example)
  local slots = {}
  for i, param in ipairs(params) do
    slots[i] = param.kind and param.name .. ":" .. param.kind or param.name
  end
  kit.names[name] = internal.define({
    name = "learn." .. name, text = text, params = params, returns = "Analysis",
    example = kit.sample .. example,
  }, function(...) return internal.recipe("learn." .. name, slots, ...) end)
end

function kit.of(text)
  return kit.column("of", text or "What is predicted: numbers, or classes (texts, booleans, 0 and"
    .. " 1).")
end

function kit.features(text)
  return kit.columns("features", text or "Columns to learn from.")
end

-- Which columns a step works on.
function kit.some(text)
  return kit.option("of", "Column|text|list",
    text or "Columns, names or patterns such as \"likes*\"; left out: all that fit.")
end

function kit.learner_param(text)
  return kit.need("learner", "Learner", text or "What to fit, such as learn.forest {}.")
end

function kit.task()
  return kit.option("task", "text",
    "What `of` holds. auto: texts, booleans, and numbers that are 0 or 1 are classes.",
    { default = "auto", allowed = { "auto", "numbers", "classes" } })
end

function kit.success()
  return kit.option("success", "text|boolean|number",
    "The positive class of two, or one class against all others.")
end

function kit.weights()
  return kit.optional(kit.column("weights", "Weight of each row.", "number"))
end

function kit.groups(text)
  return kit.optional(kit.column("groups",
    text or "Rows of one group (a creator's videos) stay in the same fold.", "group"))
end

-- How rows are split into folds.
function kit.folds(default)
  return kit.option("folds", "integer|text",
    "Parts of the cross-validation; each: every row, or group, alone.", { default = default or 10 })
end

function kit.repeats()
  return kit.option("repeats", "integer", "Cross-validations, each with other folds.",
    { default = 1, min = 1, max = 1000 })
end

function kit.stratified()
  return kit.option("stratified", "boolean", "Each fold gets its share of each class.",
    { default = true })
end

-- How rows are split: everything that methods which judge learners share.
function kit.splitting(default)
  return {
    kit.groups(), kit.folds(default), kit.repeats(), kit.stratified(),
    kit.option("split", "number", "Instead of folds: this share of the rows is judged, once.",
      { min = 0, max = 1 }),
    kit.optional(kit.column("time",
      "When a row happened: folds follow each other, and no model learns from later rows.")),
    kit.option("gap", "integer", "With time: moments left out between training and test.",
      { min = 0 }),
    kit.option("window", "integer", "With time: learn from so many moments at most.", { min = 1 }),
    kit.option("test", "integer", "With time: moments a fold is judged by.", { min = 1 }),
  }
end

-- A fitted model: declared, computed or from a file.
function kit.model(text)
  return kit.need("model", "Finding|FittedModel",
    text or "The model: a declared learn.fit, its :model(), or learn.load.")
end

internal.learn_kit = kit
local kFamilies <const> = {
  "prepare", "models", "fit", "evaluate", "tune", "explain", "columns",
}
for _, family in ipairs(kFamilies) do
  internal.load("learn/" .. family .. ".lua")
end
internal.value("learn", "library",
  "Models that predict: learners, preparation of columns, fitting, judging and explaining.")
internal.names.learn = internal.read_only("learn", kit.names)
