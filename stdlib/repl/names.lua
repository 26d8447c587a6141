-- Names at the prompt: those the user made, before those of the prompt, before the library's.
local internal = ...
local raise = internal.raise

local M = {
  vars = {},      -- What the user made.
  declared = {},  -- Names among them that hold nil.
  tools = {},     -- What only a prompt has: help, ans, ...
  texts = {},     -- Of tools: signature and what it does, for help.
  written = {},   -- Names the current input gave a value.
}

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

local function read(_, name)
  local value = M.raw(name)
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

local kFixed <const> = { ans = true, help = true, apropos = true, trace = true, tutorial = true }

local function write(_, name, value)
  if type(name) ~= "string" then
    raise { what = "a name is a text", got = internal.describe(name) }
  end
  if kFixed[name] or name:find("^ans%d$") then
    raise { what = "'" .. name .. "' belongs to the prompt", hint = "choose another name" }
  end
  local hides = rawget(internal.names, name) ~= nil
  if hides and value ~= nil and M.vars[name] == nil then
    internal.write("note: " .. name .. " now hides the library's; " .. name
      .. " = nil brings it back\n")
  end
  rawset(M.vars, name, value)
  M.declared[name] = value == nil and not hides or nil
  M.written[name] = true
end

M.environment = internal.protect(setmetatable({}, {
  __index = read, __newindex = write, __name = "environment", __metatable = "environment",
}))

-- The latest results: ans is the last one, ans1 the one before it, up to ans9.
function M.remember(value)
  if value == nil then return end
  for i = 9, 2, -1 do M.tools["ans" .. i] = M.tools["ans" .. i - 1] end
  M.tools.ans1 = M.tools.ans
  M.tools.ans = value
end

return M
