-- Iteration and sorting whose order is the same in every run: stock Lua hashes texts with a random
-- seed and picks sort pivots from the clock.
local internal = ...
local keys, metatable, raise = internal.keys, internal.metatable, internal.raise

local M = {}

function M.pairs(t)
  local meta = metatable(t)
  local custom = meta and rawget(meta, "__pairs")
  if custom then
    local step, state, first = custom(t)
    return step, state, first
  end
  local list, i = keys(t), 0
  return function()
    while true do
      i = i + 1
      local key = list[i]
      if key == nil then return nil end
      local value = rawget(t, key)
      if value ~= nil then return key, value end
    end
  end, t, nil
end

-- next(t) starts a walk; next(t, key) goes on with the walk it belongs to.
local walk_table, walk_keys, walk_place

function M.next(t, key)
  if key == nil then
    walk_table, walk_keys, walk_place = t, keys(t), 0
  elseif not (rawequal(walk_table, t) and rawequal(walk_keys[walk_place], key)) then
    walk_table, walk_keys, walk_place = t, keys(t), nil
    for i, candidate in ipairs(walk_keys) do
      if rawequal(candidate, key) then walk_place = i end
    end
    if not walk_place then
      raise { what = "next was given a key the table does not have", got = internal.describe(key) }
    end
  end
  while true do
    walk_place = walk_place + 1
    local found = walk_keys[walk_place]
    if found == nil then
      walk_table, walk_keys = nil, nil
      return nil
    end
    local value = rawget(t, found)
    if value ~= nil then return found, value end
  end
end

-- Stable merge sort, bottom up: what compares equal keeps its order.
function M.sort(list, before)
  if type(list) ~= "table" then
    raise { what = "table.sort needs a list", got = internal.describe(list), expected = "a list" }
  end
  if before ~= nil and type(before) ~= "function" then
    raise {
      what = "table.sort needs a function that says which of two items comes first",
      got = internal.describe(before), expected = "function(a, b) return a < b end",
    }
  end
  before = before or function(a, b) return a < b end
  local n = #list
  local from, to = {}, {}
  for i = 1, n do from[i] = list[i] end
  local width = 1
  while width < n do
    for low = 1, n, 2 * width do
      local middle, high = math.min(low + width, n + 1), math.min(low + 2 * width, n + 1)
      local left, right = low, middle
      for place = low, high - 1 do
        if left < middle and (right >= high or not before(from[right], from[left])) then
          to[place], left = from[left], left + 1
        else
          to[place], right = from[right], right + 1
        end
      end
    end
    from, to = to, from
    width = 2 * width
  end
  for i = 1, n do list[i] = from[i] end
end

return M
