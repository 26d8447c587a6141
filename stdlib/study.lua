-- The declarative surface: study "name" { ... } and the declarations of a study. Declaring computes
-- nothing but headers; the program computes and writes what was declared when the script is done.
local internal = ...
local raise, define = internal.raise, internal.define

-- One study a run. `nodes` maps names to the line of their declaration.
local current
local nodes, tables, checks = {}, {}, {}
local pending = {}

local function option(name, kind, text, more)
  local param = { name = name, type = kind, text = text, optional = true, named = true }
  for key, value in pairs(more or {}) do param[key] = value end
  return param
end

local kName = { name = "name", type = "text", text = "Name, unique in the study." }

local function declare(kind, name)
  if not name:match("^[%w_][%w _.-]*$") then
    raise {
      what = kind .. " needs a name of letters, digits, '_', '-', '.' and spaces",
      got = "'" .. name .. "'",
    }
  end
  if nodes[name] then
    raise {
      what = "'" .. name .. "' is already declared at " .. nodes[name],
      hint = "choose another name",
    }
  end
  nodes[name] = internal.position()
  return nodes[name]
end

-- checked(name, options), also callable as (name)(options): S:source "videos" { csv = ... }.
local function curried(what, checked)
  return function(name, ...)
    if select("#", ...) > 0 then return checked(name, ...) end
    local promise = { what = what, name = name, at = internal.position() }
    pending[#pending + 1] = promise
    return function(...)
      promise.kept = true
      return checked(name, ...)
    end
  end
end

local function method(what, checked)
  local call = curried(what, checked)
  return function(self, ...)
    if self ~= current then
      raise { what = "'" .. what .. "' is called with a colon: S:" .. what .. " \"name\" ..." }
    end
    return call(...)
  end
end

local kPrelude = "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\n"
  .. "local t <const> = frame { { \"x\", { 1, 2, 3 } }, key = \"x\" }\n"

local Study = {}

Study.source = method("source", define({
  name = "Study:source",
  text = "Declares a file the study reads, what its columns are and what must hold for it.",
  params = {
    kName,
    option("csv", "text", "CSV file in the data folder."),
    option("parquet", "text", "Parquet file in the data folder."),
    option("jsonl", "text", "File of JSON lines in the data folder."),
    option("key", "text|Column|list", "Columns that identify a row."),
    option("types", "list", "column = \"type\" or category { ... }; the others are inferred."),
    option("delim", "text", "CSV: one character between cells.", { default = "," }),
    option("quote", "text", "CSV: one character around cells.", { default = "\"" }),
    option("header", "boolean",
      "CSV: whether the first row names the columns.", { default = true }),
    option("skip", "integer", "CSV: lines before the header.", { default = 0, min = 0 }),
    option("missing", "text|list", "CSV: texts that mean a missing cell."),
    option("expect", "list", "rows, unique, present, range, allowed; checked in full."),
    option("otherwise", "function", "Returns a table to use where no data folder was given."),
  },
  returns = "Table",
  example = kPrelude .. "local s <const> = S:source \"videos\" {\n"
    .. "  csv = \"videos.csv\", key = \"x\", expect = { rows = 3 },\n"
    .. "  otherwise = function() return t end,\n"
    .. "}\nassert(s:count_rows() == 3)\nreturn S",
}, function(name, csv, parquet, jsonl, key, types, delim, quote, header, skip, absent, expect,
  otherwise)
  local at = declare("source", name)
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
end))

Study.table = method("table", define({
  name = "Study:table",
  text = "Declares a table of the results; the report can show it.",
  params = { kName, { name = "table", type = "Table", text = "What it holds." } },
  returns = "Table: the same",
  example = kPrelude
    .. "local total <const> = S:table \"total\" (t:summarise { sum = t.x:sum() })\n"
    .. "return S",
}, function(name, relation)
  local at = declare("table", name)
  internal.add_table(name, at, relation)
  tables[relation] = name
  return relation
end))

local function holds(value, expect)
  if type(expect) ~= "table" then return value == expect end
  if type(value) ~= "number" then return false end
  return (expect[1] == nil or value >= expect[1]) and (expect[2] == nil or value <= expect[2])
end

local function expected_text(expect)
  local text = internal.names.tostring
  if type(expect) ~= "table" then return text(expect) end
  return text(expect[1]) .. " to " .. text(expect[2])
end

Study.check = method("check", define({
  name = "Study:check",
  text = "Declares something that must hold. When it does not, the program ends with code 3.",
  params = {
    kName,
    option("rows", "Table", "Offending rows; there may be at most max."),
    option("max", "integer", "How many offending rows are accepted.", { default = 0, min = 0 }),
    option("value", "number|text|boolean", "A value, instead of rows."),
    option("expect", "number|text|boolean|list", "What the value must be, or { low, high }."),
  },
  returns = "the check, for S:report",
  example = kPrelude .. "S:check \"positive\" { rows = t:filter(t.x:lt(0)) }\n"
    .. "S:check \"three rows\" { value = t:count_rows(), expect = 3 }\nreturn S",
}, function(name, rows, max, value, expect)
  local at = declare("check", name)
  if (rows == nil) == (value == nil) then
    raise {
      what = "check '" .. name .. "' needs rows or value",
      expected = "rows = a table, or value = and expect =",
    }
  end
  if rows then
    internal.add_check_rows(name, at, rows, max)
  else
    if expect == nil then raise { what = "check '" .. name .. "' has a value but no expect" } end
    internal.add_check_value(name, at, value, holds(value, expect), expected_text(expect))
  end
  local meta = { __name = "check " .. name, __metatable = "check" }
  local node = internal.protect(setmetatable({}, meta))
  checks[node] = name
  return node
end))

Study.parameter = method("parameter", define({
  name = "Study:parameter",
  text = "Declares a value that --set name=value overrides.",
  params = {
    kName,
    { name = "default", type = "number|text|boolean", text = "Value without --set.", named = true },
    option("allowed", "list", "The values it may take."),
    option("text", "text", "What it means."),
  },
  returns = "the value",
  example = kPrelude
    .. "local weeks <const> = S:parameter \"weeks\" { default = 4 }\n"
    .. "assert(weeks == 4)\n"
    .. "return S",
}, function(name, default, allowed)
  declare("parameter", name)
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
  internal.add_parameter(name, value)
  return value
end))

Study.report = method("report", define({
  name = "Study:report",
  text = "Declares what the reader sees: prose, tables and checks in order. A text that starts with"
    .. " '# ' is a heading.",
  params = {
    { name = "title", type = "text", text = "Title of the report." },
    { name = "sections", type = "list", text = "Texts, tables declared with S:table, checks." },
  },
  returns = "nothing",
  example = kPrelude
    .. "local all <const> = S:table \"all\" (t)\n"
    .. "S:report \"Everything\" { \"# Data\", \"All rows.\", all }\n"
    .. "return S",
}, function(title, sections)
  internal.add_title(title)
  for i, item in ipairs(sections) do
    if type(item) == "string" then
      local heading = item:match("^#%s+(.*)$")
      internal.add_item(heading and "heading" or "prose", heading or item)
    elseif tables[item] then
      internal.add_item("table", tables[item])
    elseif checks[item] then
      internal.add_item("check", checks[item])
    else
      raise {
        what = "section " .. i .. " of the report can't be shown", got = internal.describe(item),
        expected = "a text, a table declared with S:table, or a check",
        hint = internal.type(item) == "Table" and "declare it: S:table \"name\" (t)" or nil,
      }
    end
  end
end))

local random_of = define({
  name = "Study:random",
  text = "A stream of random numbers that depends on the study's seed and the name only.",
  params = { kName },
  returns = "Random",
  example = kPrelude .. "assert(S:random \"a\":uniform() == S:random \"a\":uniform())\nreturn S",
}, function(name)
  return internal.names.random(name, current and internal.seed() or 0)
end)
function Study.random(self, ...)
  if self ~= current then raise { what = "'random' is called with a colon: S:random \"name\"" } end
  return random_of(...)
end

local function new_study(name, version, seed)
  if current then
    raise { what = "a script declares one study; this is the second", got = "'" .. name .. "'" }
  end
  if not name:match("^[%w_][%w_.-]*$") then
    raise {
      what = "a study's name has letters, digits, '_', '-' and '.'",
      got = "'" .. name .. "'",
    }
  end
  internal.begin_study(name, version, seed)
  local words = {}
  for word in pairs(Study) do words[#words + 1] = word end
  table.sort(words)
  current = internal.protect(setmetatable({}, {
    __index = function(_, key)
      local found = Study[key]
      if found then return found end
      raise {
        what = "a study has no '" .. tostring(key) .. "'", got = tostring(key),
        expected = table.concat(words, ", "), hint = internal.suggest(tostring(key), words),
      }
    end,
    __newindex = function()
      raise { what = "a study can't be changed; declare with S:table, S:check, ..." }
    end,
    __name = "study " .. name,
    __metatable = "study",
  }))
  return current
end

internal.names.study = curried("study", define({
  name = "study",
  text = "Declares a study. The script ends with `return S`.",
  params = {
    { name = "name", type = "text", text = "Name; results go to runs/<name>." },
    {
      name = "version", type = "text",
      text = "Version of the script, as \"0.1.0\".",
      named = true,
    },
    { name = "seed", type = "integer", text = "Seed of every random stream.", named = true },
  },
  returns = "the study",
  example = "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\nreturn S",
}, new_study))

-- Called with the script's result once it is done.
return function(result)
  for _, promise in ipairs(pending) do
    if not promise.kept then
      raise {
        what = promise.what .. " '" .. tostring(promise.name) .. "' lacks its second part",
        hint = "write " .. promise.what .. " \"name\" { ... } or (value)", at = promise.at,
      }
    end
  end
  if current and not rawequal(result, current) then
    raise {
      what = "the script declares a study but does not return it",
      hint = "end it with 'return S'",
    }
  end
end
