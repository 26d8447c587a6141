-- What every part of the study surface uses: names, the two ways to call a declaration, ranges.
local internal = ...
local raise = internal.raise

local core = { count = 0, nodes = {}, tables = {}, pending = {}, methods = {}, current = nil }

core.kName = { name = "name", type = "text", text = "Name, unique in the study." }
core.prelude = "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\n"
  .. "local t <const> = frame { { \"x\", { 1, 2, 3 } }, key = \"x\" }\n"

function core.option(name, kind, text, more)
  local param = { name = name, type = kind, text = text, optional = true, named = true }
  for key, value in pairs(more or {}) do param[key] = value end
  return param
end

-- A parameter that must be given by name.
function core.need(name, kind, text, more)
  local param = core.option(name, kind, text, more)
  param.optional = false
  return param
end

-- At a prompt a new study takes the place of the one before.
function core.begin_again()
  core.count, core.nodes, core.tables, core.pending, core.current = 0, {}, {}, {}, nil
end

-- Far more than anybody writes; a loop that declares without end stops here.
local kMostDeclarations <const> = 10000

-- Takes the name for the study; returns the line of the declaration.
function core.declare(kind, name)
  core.count = core.count + 1
  if core.count > kMostDeclarations then
    raise {
      what = "a study can't have more than " .. kMostDeclarations .. " declarations",
      hint = "look for a loop that does not end", kind = "resource",
    }
  end
  if not name:match("^[%w_][%w _.-]*$") then
    raise {
      what = kind .. " needs a name of letters, digits, '_', '-', '.' and spaces",
      got = "'" .. name .. "'",
    }
  end
  if core.nodes[name] then
    raise {
      what = "'" .. name .. "' is already declared at " .. core.nodes[name],
      hint = "choose another name",
    }
  end
  core.nodes[name] = internal.position()
  return core.nodes[name]
end

-- checked(name, options), also callable as (name)(options): S:source "videos" { csv = ... }.
function core.curried(what, checked)
  local function call(name, ...)
    if select("#", ...) > 0 then return checked(name, ...) end
    local promise = { what = what, name = name, at = internal.position() }
    core.pending[#core.pending + 1] = promise
    return function(...)
      promise.kept = true
      return checked(name, ...)
    end
  end
  internal.document(call, checked, 2)
  return call
end

-- The same with three parts: S:estimator "lin" (ols.lin { ... }) { answers = ATE }.
function core.curried_twice(what, lacks, checked)
  local function call(name, ...)
    local count = select("#", ...)
    if count > 1 then return checked(name, ...) end
    local promise = { what = what, name = name, at = internal.position(), lacks = lacks }
    core.pending[#core.pending + 1] = promise
    local function second(method, ...)
      if select("#", ...) > 0 then
        promise.kept = true
        return checked(name, method, ...)
      end
      return function(...)
        promise.kept = true
        return checked(name, method, ...)
      end
    end
    if count == 1 then return second((...)) end
    return second
  end
  internal.document(call, checked, 3)
  return call
end

-- Makes a declaration a method of the study: S:what(...).
function core.method(what, call)
  local function method(self, ...)
    if self ~= core.current then
      raise { what = "'" .. what .. "' is called with a colon: S:" .. what .. " \"name\" ..." }
    end
    return call(...)
  end
  internal.document(method, call)
  core.methods[what] = method
end

-- { low, high } of numbers, either of which may be nil.
function core.bounds(value, kind, place)
  for _, key in ipairs(internal.keys(value)) do
    local item = value[key]
    if (key ~= 1 and key ~= 2)
      or type(item) ~= "number" or (kind == "integer" and math.type(item) ~= "integer") then
      raise {
        what = place .. " needs bounds that are " .. kind .. "s",
        got = internal.names.tostring(key) .. " = " .. internal.describe(item),
        expected = "{ low, high }",
      }
    end
  end
  if value[1] == nil and value[2] == nil then
    raise { what = place .. " needs at least one bound", got = "{}", expected = "{ low, high }" }
  end
  return value[1], value[2]
end

-- Every item of a list is a number (of the kind given).
function core.numbers(list, kind, place)
  for _, key in ipairs(internal.keys(list or {})) do
    local item = list[key]
    if type(item) ~= "number" or (kind == "integer" and math.type(item) ~= "integer") then
      raise {
        what = place .. " has an item that is no " .. kind, got = internal.describe(item),
        expected = "a list of " .. kind .. "s",
      }
    end
  end
end

-- 5, { 3, 8 }, "<= 300", ">= 1": inclusive bounds of a whole number.
function core.range(value, place)
  if value == nil then return nil, nil end
  if math.type(value) == "integer" then return value, value end
  if type(value) == "table" then return core.bounds(value, "integer", place) end
  if type(value) == "string" then
    local sign, digits = value:match("^%s*([<>=]=?)%s*(%d+)%s*$")
    local number = digits and math.tointeger(tonumber(digits))
    if number and sign == "<=" then return nil, number end
    if number and sign == "<" then return nil, number - 1 end
    if number and sign == ">=" then return number, nil end
    if number and sign == ">" then return number + 1, nil end
    if number and sign == "==" then return number, number end
  end
  raise {
    what = place .. " is no range of whole numbers", got = internal.describe(value),
    expected = "300, { 1, 300 }, \"<= 300\" or \">= 1\"",
  }
end

-- The fields of an `expect` of filters and joins.
function core.expect_counts(expect, fields, place)
  for _, field in ipairs(internal.keys(expect or {})) do
    local known = false
    for _, name in ipairs(fields) do known = known or name == field end
    if not known then
      raise {
        what = "expect of " .. place .. " has no field '" .. internal.names.tostring(field) .. "'",
        got = internal.names.tostring(field), expected = table.concat(fields, ", "),
        hint = type(field) == "string" and internal.suggest(field, fields) or nil,
      }
    end
  end
end

return core
