-- Choices of the user: .set. Those that outlive the session are kept by the host.
local internal = ...
local console, raise = internal.console, internal.raise

local M = { pager = false, time = false, tips = true }

local kTexts <const> = {
  pager = "long output a screen at a time (PAGER, else less)",
  time = "how long every input took",
  tips = "a tip of the day at the start",
}
local kKept <const> = { pager = true, tips = true }

for name in next, kKept do
  local kept = console.setting(name)
  if kept ~= "" then M[name] = kept == "on" end
end

function M.words()
  local list = {}
  for name in next, kTexts do list[#list + 1] = name .. " " end
  table.sort(list)
  return list
end

function M.switch(name, word)
  if kTexts[name] == nil then
    raise {
      what = "no setting '" .. name .. "'", got = name, expected = "pager, time or tips",
      hint = internal.suggest(name, { "pager", "time", "tips" }),
    }
  end
  if word == "" then
    M[name] = not M[name]
  elseif word == "on" or word == "off" then
    M[name] = word == "on"
  else
    raise { what = "a setting is on or off", got = word, expected = ".set " .. name .. " on" }
  end
  if kKept[name] then console.keep_setting(name, M[name] and "on" or "off") end
  return name .. " is " .. (M[name] and "on" or "off")
end

function M.text()
  local lines = {}
  for _, name in ipairs { "pager", "time", "tips" } do
    lines[#lines + 1] = ("  %-6s %-4s %s"):format(name, M[name] and "on" or "off", kTexts[name])
  end
  return table.concat(lines, "\n")
end

return M
