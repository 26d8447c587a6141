-- Text of values without memory addresses, which differ from run to run.
local internal = ...
local metatable, raise = internal.metatable, internal.raise
local stock_tostring, stock_format = tostring, string.format

local M = {}

local kPlain = {
  table = "table", ["function"] = "function", thread = "coroutine", userdata = "handle",
}

function M.tostring(...)
  if select("#", ...) == 0 then raise { what = "tostring needs a value" } end
  local value = ...
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "number" then return value ~= value and "nan" or stock_tostring(value) end
  local meta = metatable(value)
  local custom = meta and rawget(meta, "__tostring")
  if custom then
    local text = custom(value)
    if type(text) ~= "string" then raise { what = "__tostring must return a text" } end
    return text
  end
  local name = meta and rawget(meta, "__name")
  if type(name) == "string" then return name end
  return kPlain[kind] or stock_tostring(value)
end

function M.format(pattern, ...)
  if type(pattern) ~= "string" then
    raise { what = "string.format needs a text", got = internal.describe(pattern) }
  end
  local values, i = table.pack(...), 0
  for conversion in string.gmatch(pattern, "%%[-+ #0]*%d*%.?%d*(.)") do
    if conversion ~= "%" then
      i = i + 1
      if conversion == "p" then
        raise { what = "string.format can't print addresses (%p): they differ from run to run" }
      elseif conversion == "s" and i <= values.n then
        values[i] = M.tostring(values[i])
      elseif math.type(values[i]) == "float" and values[i] ~= values[i] then
        values[i] = math.abs(values[i])  -- the sign of NaN depends on the processor
      end
    end
  end
  return stock_format(pattern, table.unpack(values, 1, values.n))
end

function M.print(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = M.tostring(parts[i]) end
  internal.write(table.concat(parts, "\t") .. "\n")
end

return M
