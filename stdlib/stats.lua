-- The library `stats`: one function a statistical method. stats.welch { of = ..., by = ... } makes
-- an Analysis; S:analysis declares it in a study, :rows() computes it at once.
local internal = ...
local core = internal.core

local kit = { methods = {} }

-- A parameter that takes columns; `kind` is what they must hold: "number", "group" or nil.
function kit.column(name, text, kind, more)
  local param = core.need(name, "Column", text, more)
  param.kind = kind
  return param
end

function kit.columns(name, text, kind, more)
  local param = core.need(name, "Column|list", text, more)
  param.kind = kind
  return param
end

-- The groups of a comparison of two.
function kit.two(text)
  local param = core.need("by", "Column|Contrast",
    text or "Two groups: a column with two values, or column:between(first, second).")
  param.kind = "group"
  return param
end

function kit.optional(param)
  param.optional = true
  return param
end

kit.option = core.option
kit.need = core.need

function kit.conf_level()
  return core.option("conf_level", "number", "Coverage of the interval.",
    { default = 0.95, min = 0, max = 1 })
end

function kit.alternative(text)
  return core.option("alternative", "text", text or "Which side of the hypothesis counts.",
    { default = "two_sided", allowed = { "two_sided", "greater", "less" } })
end

-- Sample data of examples: three columns of numbers, two of groups, an outcome.
kit.sample = "local t <const> = frame {\n"
  .. "  { \"y\", { 1.5, 2, 4.25, 7, 3, 8.5, 6, 9 } }, { \"x\", { 2, 1, 3, 5, 2.5, 6, 4, 8 } },\n"
  .. "  { \"w\", { 1, 3, 2, 2, 1, 3, 2, 1 } },\n"
  .. "  { \"g\", { \"a\", \"a\", \"a\", \"b\", \"a\", \"b\", \"b\", \"b\" } },\n"
  .. "  { \"k\", { \"p\", \"q\", \"r\", \"p\", \"q\", \"r\", \"p\", \"q\" } },\n"
  .. "  { \"won\", { true, false, false, true, false, true, true, true } },\n}\n"

-- Adds a method to the library. `params` are those of the descriptor, columns among them.
function kit.method(name, text, params, example)
  local slots = {}
  for i, param in ipairs(params) do
    slots[i] = param.kind and param.name .. ":" .. param.kind or param.name
  end
  kit.methods[name] = internal.define({
    name = "stats." .. name, text = text, params = params, returns = "Analysis",
    example = kit.sample .. example,
  }, function(...) return internal.recipe(name, slots, ...) end)
end

internal.kit = kit
local kFamilies <const> = {
  "compare", "groups", "counts", "relate", "describe", "classify", "regress", "resample",
  "power",
}
for _, family in ipairs(kFamilies) do
  internal.load("stats/" .. family .. ".lua")
end
internal.value("stats", "library",
  "Statistical methods. Each makes an Analysis: S:analysis declares it, :rows() computes it now.")
internal.names.stats = internal.read_only("stats", kit.methods)
