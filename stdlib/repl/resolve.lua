-- What an expression is, by its tokens: names are looked up raw, calls are followed by the types
-- their descriptors promise. Nothing is run, not even __index of a table the user made.
--
-- A place is { value = v }, { type = "Table" } or { fn = "Table:head" }; `self` is what a method
-- was taken from, `call_of` the function a result came from, `columns` names that are known.
local internal = ...
local names = internal.repl.names

local M = {}

local kMostLevels <const> = 50

-- Methods of a handle's type, by its descriptors.
local methods_of = {}
function M.methods(kind)
  if methods_of[kind] then return methods_of[kind] end
  local known, list = internal.descriptor(kind), {}
  for _, name in ipairs(known and known.methods or {}) do
    list[#list + 1] = name:match(":(.+)$")
  end
  methods_of[kind] = list
  return list
end

local function has_method(kind, method)
  for _, name in ipairs(M.methods(kind)) do
    if name == method then return true end
  end
  return false
end

local function is_study(value) return value ~= nil and rawequal(value, internal.core.current) end

-- Tables a raw read of `value` goes through: itself, then what __index names, unless it is a
-- function.
function M.layers(value)
  if is_study(value) then return { internal.core.methods } end
  local list = {}
  while type(value) == "table" and #list < kMostLevels do
    list[#list + 1] = value
    local meta = internal.metatable(value)
    value = type(meta) == "table" and rawget(meta, "__index") or nil
  end
  return list
end

-- The type of a handle or of a place that promises one.
function M.kind(place)
  if place.type then return place.type end
  if type(place.value) == "userdata" then return internal.type(place.value) end
  if type(place.value) == "string" then return "text" end
  return nil
end

-- Names of the columns of a table or model; nil when they are not known.
function M.columns(place)
  if place.columns then return place.columns end
  if type(place.value) ~= "userdata" then return nil end
  local found = internal.columns_of(place.value)
  if not found then return nil end
  local list = {}
  for i, column in ipairs(found) do list[i] = column.name end
  return list
end

local function has_column(place, name)
  for _, column in ipairs(M.columns(place) or {}) do
    if column == name then return true end
  end
  return false
end

local function member(base, name, colon)
  local kind = M.kind(base)
  if kind then
    if not colon and (kind == "Table" or kind == "Model") and has_column(base, name) then
      return { type = "Column", self = base }
    end
    if has_method(kind, name) then return { fn = kind .. ":" .. name, self = base } end
    if not colon and (kind == "Table" or kind == "Model") then return { type = "Column" } end
    return nil
  end
  for _, layer in ipairs(M.layers(base.value)) do
    local value = rawget(layer, name)
    if value ~= nil then return { value = value, self = base } end
  end
  return nil
end

-- Name of the function a place stands for.
function M.callee(place)
  if not place then return nil end
  if place.fn then return place.fn end
  if type(place.value) == "function" then return internal.documented(place.value) end
  return place.call_of  -- The second part of a declaration: S:source "name" { ... }.
end

local kSameColumns <const> = {
  filter = true, head = true, sort = true, sample = true, distinct = true, drop_missing = true,
  fill_missing = true, fill_forward = true, expect = true, with_key = true, collect = true,
}

local function call(place)
  local name = M.callee(place)
  local known = name and internal.descriptor(name)
  if not known or known.kind ~= "function" then return nil end
  local result = { type = known.returns:match("^%a+"), call_of = name }
  if place.call_of then result.columns = place.columns end
  local method = name:match("^Table:(.+)$")
  if method and kSameColumns[method] and place.self then result.columns = M.columns(place.self) end
  return result
end

local kOpen <const> = { [")"] = "(", ["}"] = "{", ["]"] = "[" }

-- Index of the bracket that tokens[i] closes; nil when there is none.
function M.opening(tokens, i)
  local depth = 0
  for k = i, 1, -1 do
    local token = tokens[k]
    if token.kind == "op" and kOpen[token.text] then depth = depth + 1 end
    if token.kind == "op" and (token.text == "(" or token.text == "{" or token.text == "[") then
      depth = depth - 1
      if depth == 0 then return k end
    end
  end
  return nil
end

-- Whether a call may stand behind the token.
function M.callable(token)
  return token ~= nil
    and (token.kind == "name" or token.kind == "string" or kOpen[token.text] ~= nil)
end

-- The place of the expression that ends with tokens[i]; nil when it can't be told.
function M.expression(tokens, i)
  local token = tokens[i]
  if not token then return nil end
  if token.kind == "name" then
    local before = tokens[i - 1]
    if before and (before.text == "." or before.text == ":") then
      local base = M.expression(tokens, i - 2)
      return base and member(base, token.text, before.text == ":")
    end
    local value = names.raw(token.text)
    if value == nil then return nil end
    return { value = value }
  end
  local open = token.kind == "string" and i or M.opening(tokens, i)
  if not open then return nil end
  if token.text == "]" then
    -- A literal key: cfg["a"].
    local key = tokens[open + 1]
    local base = open + 2 == i and key.kind == "string" and M.expression(tokens, open - 1)
    if not base or key.text:find("^%[") or key.text:find("\\", 1, true) then return nil end
    return member(base, key.text:sub(2, -2), false)
  end
  if M.callable(tokens[open - 1]) then
    local place = M.expression(tokens, open - 1)
    return place and call(place)
  end
  if token.kind == "string" then return { type = "text" } end
  if token.text == ")" then return M.expression(tokens, i - 1) end
  return nil
end

-- The innermost bracket that is open at the end of the tokens: its index, or nil.
function M.inside(tokens)
  local depth = 0
  for k = #tokens, 1, -1 do
    local token = tokens[k]
    if token.kind == "op" then
      if kOpen[token.text] then depth = depth + 1 end
      if token.text == "(" or token.text == "{" or token.text == "[" then
        if depth == 0 then return k end
        depth = depth - 1
      end
    end
  end
  return nil
end

return M
