-- The declarative surface: study "name" { ... } and the declarations of a study. Declaring computes
-- nothing but headers; the program computes and writes what was declared when the script is done.
local internal = ...
local raise, define = internal.raise, internal.define

local core = internal.load("study/core.lua")
internal.core = core
for _, part in ipairs { "data", "design", "results" } do
  internal.load("study/" .. part .. ".lua")
end
internal.load("stats.lua")
internal.load("learn.lua")
internal.load("check.lua")
internal.load("causal.lua")

internal.kind { name = "Study", text = "A study: S:table, S:check and so on declare its parts." }

local function new_study(name, version, seed, question, blind, engine)
  if internal.interactive then core.begin_again() end
  if core.current then
    raise { what = "a script declares one study; this is the second", got = "'" .. name .. "'" }
  end
  if not name:match("^[%w_][%w_.-]*$") then
    raise {
      what = "a study's name has letters, digits, '_', '-' and '.'",
      got = "'" .. name .. "'",
    }
  end
  if type(blind) == "boolean" then blind = blind and "shuffle" or nil end
  internal.begin_study(name, version, seed, blind, engine)
  if question then internal.add_title(question) end
  local words = {}
  for word in pairs(core.methods) do words[#words + 1] = word end
  table.sort(words)
  local self <const> = {}
  internal.document(self, "Study")
  core.current = internal.protect(setmetatable(self, {
    __index = function(_, key)
      local found = core.methods[key]
      if found then return found end
      return internal.fail {
        what = "a study has no '" .. internal.names.tostring(key) .. "'",
        got = internal.names.tostring(key),
        expected = table.concat(words, ", "),
        hint = internal.suggest(internal.names.tostring(key), words),
      }
    end,
    __newindex = function()
      raise { what = "a study can't be changed; declare with S:table, S:check, ..." }
    end,
    __name = "study " .. name,
    __metatable = "study",
  }))
  return core.current
end

internal.names.study = core.curried("study", define({
  name = "study",
  text = "Declares a study. The script ends with `return S`.",
  params = {
    { name = "name", type = "text", text = "Name; results go to runs/<name>." },
    core.need("version", "text", "Version of the script, as \"0.1.0\"."),
    core.need("seed", "integer", "Seed of every random stream."),
    core.option("question", "text", "What the study asks; the report's title."),
    core.option("blind", "boolean|text",
      "Outcomes are shuffled (true, \"shuffle\") or hidden (\"hide\") until the plan is frozen.",
      { allowed = { "shuffle", "hide" } }),
    core.option("engine", "text", "Versions of Impactlytics it runs on, as \">= 0.1\"."),
  },
  returns = "Study",
  example = "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\nreturn S",
}, new_study))

-- Called with the script's result once it is done.
return function(result)
  for _, promise in ipairs(core.pending) do
    if not promise.kept then
      local name = promise.what .. " '" .. internal.names.tostring(promise.name) .. "'"
      internal.fail {
        what = name .. " " .. (promise.lacks or "lacks its second part"),
        hint = promise.lacks
            and "write S:" .. promise.what .. " \"name\" (method) { answers = ... }"
          or "write " .. promise.what .. " \"name\" { ... } or (value)",
        at = promise.at,
      }
    end
  end
  if core.current and not rawequal(result, core.current) then
    internal.fail {
      what = "the script declares a study but does not return it",
      hint = "end it with 'return S'",
    }
  end
end
