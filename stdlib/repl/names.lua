-- Names at the prompt: those the user made, before those of the prompt, before the library's.
local internal = ...
local raise = internal.raise

local M = {
  vars = {},      -- What the user made.
  declared = {},  -- Names among them that hold nil.
  tools = {},     -- What only a prompt has: help, ans, ...
  texts = {},     -- Of tools: signature and what it does, for help.
  written = {},   -- Names the current input gave a value.
  reads = {},     -- Names of the user, and ans, that it read.
  origins = {},   -- Of ans, ans1, ...: the input whose value it is.
}

function M.begin_input() M.written, M.reads = {}, {} end

-- All names that mean something now, in order.
function M.all()
  local seen, list = {}, {}
  for _, names in ipairs { M.vars, M.declared, M.tools, internal.names } do
    for name in next, names do
      if type(name) == "string" and not seen[name] then
        seen[name] = true
        list[#list + 1] = name
      end
    end
  end
  table.sort(list)
  return list
end

-- Value of a name without running anything; nil when there is none.
function M.raw(name)
  local value = rawget(M.vars, name)
  if value ~= nil or M.declared[name] then return value end
  value = rawget(M.tools, name)
  if value ~= nil then return value end
  return rawget(internal.names, name)
end

local function is_ans(name) return type(name) == "string" and name:find("^ans%d?$") ~= nil end

local function read(_, name)
  local value = M.raw(name)
  if rawget(M.vars, name) ~= nil or M.declared[name] or is_ans(name) then M.reads[name] = true end
  if value ~= nil or M.declared[name] then return value end
  if type(name) == "string" then
    local own = {}
    for _, names in ipairs { M.vars, M.tools } do
      for known in next, names do own[#own + 1] = known end
    end
    table.sort(own)
    local hint = internal.suggest(name, own)
    if hint then raise { what = "unknown name '" .. name .. "'", hint = hint } end
  end
  return internal.names[name]  -- Says what is wrong.
end

local function write(_, name, value)
  if type(name) ~= "string" then
    raise { what = "a name is a text", got = internal.describe(name) }
  end
  if is_ans(name) then
    raise { what = "'" .. name .. "' belongs to the prompt", hint = "choose another name" }
  end
  local tool = rawget(M.tools, name) ~= nil
  local hides = tool or rawget(internal.names, name) ~= nil
  if hides and value ~= nil and M.vars[name] == nil then
    internal.write("note: " .. name .. " now hides the " .. (tool and "prompt" or "library")
      .. "'s; " .. name .. " = nil brings it back\n")
  end
  rawset(M.vars, name, value)
  M.declared[name] = value == nil and not hides or nil
  M.written[name] = true
end

M.environment = internal.protect(setmetatable({}, {
  __index = read, __newindex = write, __name = "environment", __metatable = "environment",
}))

-- The latest results: ans is the last one, ans1 the one before it, up to ans9.
function M.remember(value, origin)
  if value == nil or rawequal(value, M.tools.ans) then return end
  for i = 9, 1, -1 do
    local older, newer = "ans" .. i, i == 1 and "ans" or "ans" .. i - 1
    M.tools[older], M.origins[older] = M.tools[newer], M.origins[newer]
  end
  M.tools.ans, M.origins.ans = value, origin
end

return M
