-- Where rows come from and what part columns play: source, filter, join, feature, roles, parameter.
local internal = ...
local raise, define = internal.raise, internal.define
local core = internal.core
local option, need, kName, kPrelude = core.option, core.need, core.kName, core.prelude

local function counted(name, text)
  return option(name, "integer|text|list", text, { items = "integer" })
end

core.method("source", core.curried("source", define({
  name = "Study:source",
  text = "Declares a file the study reads, what its columns are and what must hold for it.",
  params = {
    kName,
    option("csv", "text", "CSV file in the data folder."),
    option("parquet", "text", "Parquet file in the data folder."),
    option("jsonl", "text", "File of JSON lines in the data folder."),
    option("key", "text|Column|list", "Columns that identify a row."),
    option("types", "list", "column = \"type\" or category { ... }; the others are inferred.",
      { items = "text|Type", keyed = true }),
    option("delim", "text", "CSV: one character between cells.", { default = "," }),
    option("quote", "text", "CSV: one character around cells.", { default = "\"" }),
    option("header", "boolean",
      "CSV: whether the first row names the columns.", { default = true }),
    option("skip", "integer", "CSV: lines before the header.", { default = 0, min = 0 }),
    option("missing", "text|list", "CSV: texts that mean a missing cell."),
    option("expect", "list", "rows, unique, present, range, allowed; checked in full.",
      { fields = internal.descriptor("Table:expect").params[1].fields }),
    option("otherwise", "function", "Returns a table to use where no data folder was given."),
  },
  returns = "Table",
  example = kPrelude .. "local s <const> = S:source \"videos\" {\n"
    .. "  csv = \"videos.csv\", key = \"x\", expect = { rows = 3 },\n"
    .. "  otherwise = function() return t end,\n"
    .. "}\nS:table \"total\" (s:summarise { total = s.x:sum() })\nreturn S",
}, function(name, csv, parquet, jsonl, key, types, delim, quote, header, skip, absent, expect,
  otherwise)
  local at = core.declare("source", name)
  local file = csv or parquet or jsonl
  if not file or (csv and parquet) or (csv and jsonl) or (parquet and jsonl) then
    raise {
      what = "source '" .. name .. "' needs one file",
      expected = "csv, parquet or jsonl = \"file\"",
    }
  end
  local format = csv and "csv" or parquet and "parquet" or "jsonl"
  local generated = otherwise ~= nil and not internal.has_data() and not internal.has_input(file)
  if generated then
    local made = otherwise()
    if internal.type(made) ~= "Table" then
      raise {
        what = "otherwise of source '" .. name .. "' must return a table",
        got = internal.describe(made), expected = "frame { ... }",
      }
    end
    local first = type(absent) == "table" and absent[1] or absent
    internal.store_generated(made, file, format, delim, first)
  end
  return internal.add_source(
    name, at, file, format, generated, key, types, delim, quote, header, skip, absent, expect)
end)))

core.method("filter", core.curried("filter", define({
  name = "Study:filter",
  text = "Declares the rows that are analysed, and how many may be left out.",
  params = {
    kName,
    need("from", "Table", "The rows to choose from."),
    need("where", "Column|text", "Which rows to keep: a condition, or SQL text."),
    option("expect", "list", "rows and dropped, as 300, { 1, 300 } or \"<= 300\".",
      { fields = { counted("rows", "Rows that stay."), counted("dropped", "Rows left out.") } }),
  },
  returns = "Table",
  example = kPrelude .. "local kept <const> = S:filter \"large\" {\n"
    .. "  from = t, where = t.x:gt(1), expect = { dropped = \"<= 1\" },\n}\n"
    .. "S:table \"kept\" (kept)\nreturn S",
}, function(name, from, where, expect)
  local at = core.declare("filter", name)
  local place = "filter '" .. name .. "'"
  core.expect_counts(expect, { "dropped", "rows" }, place)
  local low, high = core.range(expect and expect.rows, "rows of " .. place)
  local least, most = core.range(expect and expect.dropped, "dropped of " .. place)
  return internal.add_relation(
    name, at, from:filter(where), from, false, low, high, least, most)
end)))

core.method("join", core.curried("join", define({
  name = "Study:join",
  text = "Declares a join of two tables, and what is known about its matches.",
  params = {
    kName,
    need("left", "Table", "The table whose rows come first."),
    need("right", "Table", "The table that is looked up."),
    option("on", "text|Column|list", "Key columns; left = \"right\" where names differ."),
    option("kind", "text", "Which rows stay.",
      { default = "left", allowed = { "inner", "left", "right", "full", "semi", "anti" } }),
    option("match", "text", "What must hold for the keys.", {
      default = "many-to-one",
      allowed = { "any", "one-to-one", "one-to-many", "many-to-one" },
    }),
    option("expect", "list", "rows, as 300, { 1, 300 } or \"<= 300\".",
      { fields = { counted("rows", "Rows of the result.") } }),
  },
  returns = "Table",
  example = kPrelude .. "local names <const> = frame { { \"x\", { 1, 2, 3 } }, "
    .. "{ \"n\", { \"a\", \"b\", \"c\" } } }\n"
    .. "local named <const> = S:join \"named\" { left = t, right = names, on = \"x\" }\n"
    .. "S:table \"named rows\" (named)\nreturn S",
}, function(name, left, right, on, kind, match, expect)
  local at = core.declare("join", name)
  local place = "join '" .. name .. "'"
  core.expect_counts(expect, { "rows" }, place)
  local low, high = core.range(expect and expect.rows, "rows of " .. place)
  local joined = left:join(right, { on = on, kind = kind, expect = match })
  return internal.add_relation(name, at, joined, nil, true, low, high, nil, nil)
end)))

core.method("feature", core.curried("feature", define({
  name = "Study:feature",
  text = "Declares a named column computed from others.",
  params = { kName, { name = "column", type = "Column", text = "What it is computed from." } },
  returns = "Column",
  example = kPrelude .. "local twice <const> = S:feature \"twice\" (t.x * 2)\n"
    .. "S:table \"all\" (t:select(t.x, twice))\nreturn S",
}, function(name, column)
  return internal.add_feature(name, core.declare("feature", name), column)
end)))

local roles = define({
  name = "Study:roles",
  text = "Says what part columns play. What comes after the treatment, and outcomes, can't become"
    .. " covariates.",
  params = {
    option("unit", "Column|list", "What identifies a unit."),
    option("outcome", "Column|list", "What is asked about; blinded until the plan is frozen."),
    option("exposure", "Column|list", "What is compared."),
    option("covariate", "Column|list", "Fixed before the treatment."),
    option("post_treatment", "Column|list", "Comes after the treatment."),
    option("block", "Column|list", "Units were assigned within these."),
    option("cluster", "Column|list", "Units that were assigned together."),
    option("weight", "Column|list", "How much each unit counts."),
  },
  returns = "nothing",
  example = kPrelude .. "S:roles { outcome = t.x }\nreturn S",
}, function(unit, outcome, exposure, covariate, post_treatment, block, cluster, weight)
  if core.nodes.roles then
    raise {
      what = "the roles are already declared at " .. core.nodes.roles,
      hint = "declare all of them in one S:roles { ... }",
    }
  end
  local at = core.declare("roles", "roles")
  internal.add_roles("roles", at, {
    unit = unit, outcome = outcome, exposure = exposure, covariate = covariate,
    post_treatment = post_treatment, block = block, cluster = cluster, weight = weight,
  })
end)
core.method("roles", roles)

core.method("parameter", core.curried("parameter", define({
  name = "Study:parameter",
  text = "Declares a value that --set name=value overrides.",
  params = {
    kName,
    need("default", "number|text|boolean", "Value without --set."),
    option("allowed", "list", "The values it may take."),
    option("text", "text", "What it means."),
  },
  returns = "any",
  result = "the value, of the type of default",
  example = kPrelude
    .. "local weeks <const> = S:parameter \"weeks\" { default = 4 }\n"
    .. "assert(weeks == 4)\n"
    .. "return S",
}, function(name, default, allowed)
  local at = core.declare("parameter", name)
  local value = default
  local setting = internal.setting(name)
  if setting then
    value = setting
    if type(default) == "number" then value = tonumber(setting) end
    if math.type(default) == "integer" then value = math.tointeger(value) end
    if type(default) == "boolean" then value = ({ ["true"] = true, ["false"] = false })[setting] end
    if value == nil then
      raise {
        what = "--set " .. name .. " has the wrong type", got = setting,
        expected = internal.type(default) .. ", as " .. tostring(default),
      }
    end
  end
  if allowed then
    local found, words = false, {}
    for i, item in ipairs(allowed) do
      found, words[i] = found or item == value, tostring(item)
    end
    if not found then
      raise {
        what = "parameter '" .. name .. "' can't be '" .. tostring(value) .. "'",
        got = tostring(value), expected = table.concat(words, ", "),
      }
    end
  end
  internal.add_parameter(name, at, value)
  return value
end)))

local random_of = define({
  name = "Study:random",
  text = "A stream of random numbers that depends on the study's seed and the name only.",
  params = { kName },
  returns = "Random",
  example = kPrelude .. "assert(S:random \"a\":uniform() == S:random \"a\":uniform())\nreturn S",
}, function(name)
  return internal.names.random(name, core.current and internal.seed() or 0)
end)
core.method("random", random_of)
