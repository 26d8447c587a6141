-- The environment of scripts: an allow list of globals, libraries that can't be written to, and an
-- error instead of nil for a misspelt name.
local internal = ...
local raise, metatable = internal.raise, internal.metatable
local order, text = internal.load("sandbox/order.lua"), internal.load("sandbox/text.lua")
local names = internal.names

local function suggest(word, list)
  return type(word) == "string" and internal.suggest(word, internal.keys(list)) or nil
end

for name, what in next, {
  coroutine = "Coroutines, as in Lua.",
  math = "Functions of numbers, as in Lua; random numbers come from S:random and random.",
  string = "Functions of texts, as in Lua, also as methods of texts.",
  table = "Functions of lists, as in Lua; sort keeps the order of what compares equal.",
  utf8 = "Functions of characters, as in Lua.",
} do
  internal.value(name, "library", what)
end

-- A view of `members` that scripts can read but not change.
local function read_only(name, members)
  setmetatable(members, {
    __index = function(_, key)
      raise {
        what = "no '" .. text.tostring(key) .. "' in " .. name,
        hint = suggest(key, members),
      }
    end,
  })
  local view <const> = {}
  internal.document(view, name)
  return internal.protect(setmetatable(view, {
    __index = members,
    __newindex = function(_, key)
      raise {
        what = name .. "." .. text.tostring(key) .. " can't be changed: the library is shared",
      }
    end,
    __pairs = function() return order.pairs(members) end,
    __name = name,
    __metatable = name,
  }))
end
internal.read_only = read_only

local function copy(library, ...)
  local out = {}
  for key, value in next, library do out[key] = value end
  for _, key in ipairs { ... } do out[key] = nil end
  return out
end

local function no_random()
  raise {
    what = "math.random is not available: its numbers differ from run to run",
    hint = "use S:random \"name\" in a study, or random(\"name\", seed)",
  }
end

-- Strings reach the same safe library through their methods.
local strings = copy(string, "dump")
strings.format = text.format
local string_library = read_only("string", strings)
local string_meta = metatable("")
string_meta.__index = strings
string_meta.__metatable = "string"

local tables = copy(table)
tables.sort = order.sort
local numbers = copy(math)
numbers.random, numbers.randomseed = no_random, no_random

local function set_metatable(t, meta)
  if type(t) ~= "table" or internal.protected(t) then
    raise {
      what = "setmetatable works on tables of the script only",
      got = internal.describe(t), expected = "a Lua table",
    }
  end
  for _, field in ipairs { "__gc", "__mode" } do
    if type(meta) == "table" and rawget(meta, field) ~= nil then
      raise {
        what = "metatables can't have " .. field .. ": when it acts differs from run to run",
        hint = field == "__gc" and "use __close with a <close> variable" or nil,
      }
    end
  end
  return setmetatable(t, meta)
end

-- The handler runs once the stack is unwound: inside the failing call no hook would run, and a
-- handler that loops could not be interrupted.
local function handled_call(body, handler, ...)
  local results = table.pack(pcall(body, ...))
  if results[1] then return table.unpack(results, 1, results.n) end
  return false, handler(results[2])
end

local function raw_set(t, key, value)
  if internal.protected(t) then
    raise { what = "rawset can't change what all scripts share" }
  end
  return rawset(t, key, value)
end

for _, name in ipairs {
  "assert", "error", "getmetatable", "ipairs", "pcall", "rawequal", "rawget", "rawlen", "select",
  "tonumber", "type", "_VERSION",
} do
  names[name] = _G[name]
end
names.xpcall = handled_call
names.pairs, names.next = order.pairs, order.next
names.tostring, names.print = text.tostring, text.print
names.setmetatable, names.rawset = set_metatable, raw_set
names.string, names.table = string_library, read_only("table", tables)
names.math, names.utf8 = read_only("math", numbers), read_only("utf8", copy(utf8))
names.coroutine = read_only("coroutine", copy(coroutine))
internal.load("sandbox/described.lua")(tables, strings)
names.use = internal.load("sandbox/use.lua")

local kAbsent = {
  _G = "every name a script defines is local; shared ones come from the library",
  collectgarbage = "handles have :release() and work with <close>",
  debug = "error messages carry the line",
  dofile = "use \"name\" runs another file of the study's folder",
  io = "read files with S:source or csv \"file\", write them with table:write",
  load = "code comes from files: use \"name\"",
  loadfile = "use \"name\" runs another file of the study's folder",
  loadstring = "code comes from files: use \"name\"",
  os = "scripts see no clock, environment or shell; declare such facts with S:parameter",
  package = "use \"name\" runs another file of the study's folder",
  require = "use \"name\" runs another file of the study's folder",
}

setmetatable(names, {
  __index = function(_, key)
    raise {
      what = kAbsent[key] and "'" .. key .. "' is not available to scripts"
        or "unknown name '" .. text.tostring(key) .. "'",
      hint = kAbsent[key] or suggest(key, names),
    }
  end,
})

return internal.protect(setmetatable({}, {
  __index = names,
  __newindex = function(_, key)
    key = text.tostring(key)
    if rawget(names, key) ~= nil then
      raise {
        what = "'" .. key .. "' belongs to the library and can't be changed",
        hint = "write 'local " .. key .. " = ...'",
      }
    end
    raise { what = "global '" .. key .. "'", hint = "write 'local " .. key .. " = ...'" }
  end,
  __name = "environment",
  __metatable = "environment",
}))
