-- use "name": another file of the study's folder, run once, in the same environment.
local internal = ...
local raise = internal.raise

local results, running, chain = {}, {}, {}

return internal.define({
  name = "use",
  text = "Runs another Lua file of the study's folder once and returns what it returns.",
  params = { { name = "name", type = "text", text = "Path inside the folder, without .lua." } },
  returns = "any",
  result = "what the file returns, true when nothing",
  example = "assert(not pcall(use, '../secrets'))",
}, function(name)
  local path = internal.resolve(name)
  if results[path] then return results[path].value end
  if running[path] then
    raise {
      what = "the files of the study use each other in a circle",
      got = table.concat(chain, " -> ") .. " -> " .. name,
      hint = "move what both need into a third file",
    }
  end
  local chunk = internal.compile(path)
  running[path] = true
  chain[#chain + 1] = name
  local cleanup <close> = setmetatable({}, {
    __close = function()
      running[path] = nil
      chain[#chain] = nil
    end,
  })
  local value = chunk(name)
  if value == nil then value = true end
  results[path] = { value = value }
  return value
end)
