-- Questions and answers: model, assignment, inquiry, estimator, sweep.
local internal = ...
local raise, define = internal.raise, internal.define
local core = internal.core
local option, need, kName = core.option, core.need, core.kName

local kDesign = "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\n"
  .. "local people <const> = S:model \"people\" {\n"
  .. "  rows = 20, variables = { u = normal(), y = col \"u\" + col \"z\":eq(\"treated\") * 0.5 },\n"
  .. "}\n"
  .. "local z <const> = S:assignment \"z\" {\n"
  .. "  units = people, arms = { \"control\", \"treated\" },\n}\n"
local kInquiry = kDesign
  .. "local ATE <const> = S:inquiry \"ATE\" {\n"
  .. "  of = people.y, contrast = z:between(\"treated\", \"control\"),\n}\n"

-- ols { ... } fits; ols.lin { ... } is Lin's estimator.
local family = internal.ols
internal.names.ols = internal.protect(setmetatable({}, {
  __call = function(_, ...) return family.fit(...) end,
  __index = function(_, key)
    if key == "lin" then return family.lin end
    return internal.fail {
      what = "ols has no '" .. internal.names.tostring(key) .. "'", expected = "lin",
      hint = type(key) == "string" and internal.suggest(key, { "lin" }) or nil,
    }
  end,
  __newindex = function() raise { what = "ols can't be changed: the library is shared" } end,
  __name = "ols",
  __metatable = "ols",
}))
internal.document(internal.names.ols, "ols")

core.method("model", core.curried("model", define({
  name = "Study:model",
  text = "Declares how data might arise, so that the study can be diagnosed before there are any.",
  params = {
    kName,
    option("rows", "integer", "Number of units.", { min = 1 }),
    option("unit", "text", "Name of the column that numbers the units.", { default = "unit" }),
    option("levels", "list", "Nested units: { { \"village\", 25 }, { \"person\", 4 } }.",
      { items = "list" }),
    need("variables", "list", "name = expression over other variables (col \"name\"), the units'"
      .. " numbers, arms of assignments and random draws.",
      { items = "Column|number|text|boolean", keyed = true }),
    option("of", "Table", "The source whose columns the model imitates."),
  },
  returns = "Model",
  example = kDesign .. "return S",
}, function(name, rows, unit, levels, variables, of)
  local at = core.declare("model", name)
  if (rows == nil) == (levels == nil) then
    raise {
      what = "model '" .. name .. "' needs rows or levels",
      expected = "rows = 400, or levels = { { \"village\", 25 }, { \"person\", 4 } }",
    }
  end
  return internal.add_model(name, at, rows, unit, levels, variables, of)
end)))

local function probabilities(name, prob, arms)
  if type(prob) == "table" then
    core.numbers(prob, "number", "prob of assignment '" .. name .. "'")
  end
  if prob == nil or type(prob) == "table" then return prob end
  if #arms ~= 2 then
    raise {
      what = "prob of assignment '" .. name .. "' is one number, but there are "
        .. #arms .. " arms",
      expected = "a list with the probability of each arm",
    }
  end
  return { 1 - prob, prob }
end

core.method("assignment", core.curried("assignment", define({
  name = "Study:assignment",
  text = "Declares who gets what by chance. The result stands for the arm of each unit.",
  params = {
    kName,
    need("units", "Table|Model", "The units, one row each, with a key."),
    need("arms", "list", "Names of the arms.", { items = "text" }),
    option("prob", "number|list", "Of each arm; with two arms that of the second. Default: equal.",
      { min = 0, max = 1 }),
    option("counts", "list", "Units in each arm, instead of prob.", { items = "integer" }),
    option("method", "text", "complete fixes the numbers in each arm, simple does not.",
      { default = "complete", allowed = { "complete", "simple" } }),
    option("within", "Column", "Assigned anew within each of its values (blocks)."),
    option("clusters", "Column", "Units with one value share an arm."),
    option("given", "Column", "Holds the arms, where they were drawn elsewhere."),
  },
  returns = "Column",
  result = "the arms",
  example = kDesign .. "return S",
}, function(name, units, arms, prob, counts, method, within, clusters, given)
  local at = core.declare("assignment", name)
  core.numbers(counts, "integer", "counts of assignment '" .. name .. "'")
  return internal.add_assignment(
    name, at, arms, probabilities(name, prob, arms), counts, method, units, within, clusters, given)
end)))

core.method("inquiry", core.curried("inquiry", define({
  name = "Study:inquiry",
  text = "Declares a question: a contrast of an outcome between two arms or values.",
  params = {
    kName,
    need("of", "Column", "The outcome."),
    option("contrast", "Contrast", "column:between(treated, control)."),
    option("kind", "text", "What the answer may be called.",
      { default = "causal", allowed = { "causal", "association", "descriptive" } }),
    option("target", "text", "Whose effect: everybody (ATE), the treated (ATT), the controls (ATC),"
      .. " those whose treatment is least certain (ATO), or those who can be matched (ATM).",
      { default = "ATE", allowed = { "ATE", "ATT", "ATC", "ATO", "ATM" } }),
    option("by", "Column", "One answer for each of its values."),
    option("where", "Column", "Only units for which this is true."),
  },
  returns = "Inquiry",
  example = kInquiry .. "return S",
}, function(name, of, contrast, kind, target, by, where)
  local at = core.declare("inquiry", name)
  if not contrast and kind ~= "descriptive" then
    raise {
      what = "inquiry '" .. name .. "' contrasts nothing",
      expected = "contrast = z:between(\"treated\", \"control\")",
      hint = "a question without a contrast is kind = \"descriptive\"",
    }
  end
  return internal.add_inquiry(name, at, kind, of, contrast, target, by, where)
end)))

core.method("estimator", core.curried_twice("estimator", "answers no inquiry", define({
  name = "Study:estimator",
  text = "Declares a method that answers an inquiry:"
    .. " S:estimator \"lin\" (method) { answers = ATE }.",
  params = {
    kName,
    { name = "method", type = "Method", text = "ols { ... }, difference_in_means {}, ..." },
    need("answers", "Inquiry", "The question it answers."),
    option("primary", "boolean", "Whether it is the answer the study stands by.",
      { default = false }),
  },
  returns = "Estimator",
  example = kInquiry
    .. "S:estimator \"dim\" (difference_in_means {}) { answers = ATE, primary = true }\nreturn S",
}, function(name, method, answers, primary)
  local at = core.declare("estimator", name)
  return internal.add_estimator(name, at, method, answers, primary)
end)))

core.method("sweep", core.curried("sweep", define({
  name = "Study:sweep",
  text = "Declares values of parameters that diagnose runs the design under: every combination.",
  params = {
    kName,
    { name = "parameters", type = "list", text = "name = { values }.", items = "list",
      keyed = true },
  },
  returns = "nothing",
  example = "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\n"
    .. "S:parameter \"n\" { default = 100 }\nS:sweep \"size\" { n = { 50, 100, 200 } }\nreturn S",
}, function(name, parameters)
  local at = core.declare("sweep", name)
  local known = internal.parameter_names()
  for _, key in ipairs(internal.keys(parameters)) do
    local found = false
    for _, word in ipairs(known) do found = found or word == key end
    if not found then
      raise {
        what = "sweep '" .. name .. "' names no parameter: '"
          .. internal.names.tostring(key) .. "'",
        got = internal.names.tostring(key), expected = table.concat(known, ", "),
        hint = type(key) == "string" and internal.suggest(key, known)
          or "declare it before the sweep: S:parameter \"name\" { default = ... }",
      }
    end
    if type(parameters[key]) ~= "table" or #parameters[key] == 0 then
      raise {
        what = "'" .. key .. "' of sweep '" .. name .. "' needs a list of values",
        got = internal.describe(parameters[key]), expected = "{ 50, 100, 200 }",
      }
    end
  end
  internal.add_sweep(name, at, parameters)
end)))
