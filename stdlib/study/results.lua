-- What a run computes for the reader: table, check, report.
local internal = ...
local raise, define = internal.raise, internal.define
local core = internal.core
local option, kName, kPrelude = core.option, core.kName, core.prelude

core.method("table", core.curried("table", define({
  name = "Study:table",
  text = "Declares a table of the results; the report can show it.",
  params = { kName, { name = "table", type = "Table", text = "What it holds." } },
  returns = "Table",
  result = "the same",
  example = kPrelude
    .. "local total <const> = S:table \"total\" (t:summarise { sum = t.x:sum() })\n"
    .. "return S",
}, function(name, relation)
  local at = core.declare("table", name)
  internal.add_table(name, at, relation)
  core.tables[relation] = name
  return relation
end)))

core.method("analysis", core.curried("analysis", define({
  name = "Study:analysis",
  text = "Declares a test, a regression or a description: S:analysis \"name\" (stats.welch {})."
    .. " Its rows go to the estimates, its tables to the tables, as <name>.<table>.",
  params = {
    kName, { name = "analysis", type = "Analysis", text = "stats.welch { ... }, ..." },
  },
  returns = "Finding",
  example = "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\n"
    .. "local t <const> = frame { { \"y\", { 1, 2, 4, 7 } }, { \"g\", { 1, 1, 2, 2 } } }\n"
    .. "S:analysis \"gap\" (stats.welch { of = t.y, by = t.g })\nreturn S",
}, function(name, analysis)
  return internal.add_analysis(name, core.declare("analysis", name), analysis)
end)))

local checks = {}

core.method("check", core.curried("check", define({
  name = "Study:check",
  text = "Declares something that must hold: that a method finds nothing, that rows are none or"
    .. " few, that a value is what it should be. When it does not, the program ends with code 3.",
  params = {
    kName,
    {
      name = "method", type = "Analysis", optional = true,
      text = "check.leakage { ... }, ...: nothing that it looks for may be there.",
    },
    option("rows", "Table", "Offending rows; there may be at most max."),
    option("max", "integer", "How many offending rows are accepted.", { default = 0, min = 0 }),
    option("value", "number|text|boolean|Table", "A value, or a table of one cell."),
    option("expect", "number|text|boolean|list", "What the value must be, or { low, high }.",
      { items = "number" }),
    option("stop", "boolean", "Whether the program ends with code 3 when the check fails; the"
      .. " report and the results say that it failed either way.", { default = true }),
  },
  returns = "Check",
  example = kPrelude .. "S:check \"positive\" { rows = t:filter(t.x:lt(0)) }\n"
    .. "S:check \"sum\" { value = t:summarise { sum = t.x:sum() }, expect = { 5, 7 } }\n"
    .. "S:check \"copies\" (check.duplicates { features = t.x }, { stop = false })\nreturn S",
}, function(name, method, rows, max, value, expect, stop)
  local at = core.declare("check", name)
  local given = (method and 1 or 0) + (rows and 1 or 0) + (value ~= nil and 1 or 0)
  if given ~= 1 then
    raise {
      what = "check '" .. name .. "' needs " .. (given == 0 and "a method, rows or value"
        or "one of a method, rows and value"),
      expected = "(check.leakage { ... }), rows = a table, or value = and expect =",
    }
  end
  local node
  if method then
    node = internal.add_check_method(name, at, method, stop)
  elseif rows then
    node = internal.add_check_rows(name, at, rows, max, stop)
  else
    if expect == nil then raise { what = "check '" .. name .. "' has a value but no expect" } end
    local low, high
    if type(expect) == "table" then
      low, high = core.bounds(expect, "number", "expect of check '" .. name .. "'")
      expect = nil
    end
    node = internal.add_check_value(name, at, value, expect, low, high, stop)
  end
  checks[node] = name
  return node
end)))

core.check_names = checks
internal.load("study/report.lua")
