-- Tokens of Lua text, for what looks at text without running it: input, completion, .save. It never
-- fails: of a text cut anywhere the last token may be `broken`.
local M = {}

M.keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
return then true until while]]):gmatch("%a+") do
  M.keywords[word] = true
end

local function short_string(text, at)
  local quote, i = text:sub(at, at), at + 1
  while true do
    i = text:find("[\\\n" .. quote .. "]", i)
    if not i then return #text, true end
    local c = text:sub(i, i)
    if c == quote then return i, false end
    if c == "\n" then return i - 1, true end
    i = i + 2
  end
end

-- Last byte of a long string or comment that begins at `at`, and whether its end is missing; nil
-- when none begins there.
local function long_bracket(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, last = text:find("]" .. level .. "]", at + #level + 2, true)
  return last or #text, last == nil
end

-- As the interpreter reads them: digits and letters, a sign after an exponent.
local function number(text, at)
  local exponent = text:find("^0[xX]", at) and "[pP]" or "[eE]"
  local i = at
  while i <= #text do
    if text:find("^" .. exponent .. "[+-]", i) then
      i = i + 2
    elseif text:find("^[%w_.]", i) then
      i = i + 1
    else
      break
    end
  end
  return i - 1
end

local kOperators <const> = { "...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>" }

local function operator(text, at)
  for _, word in ipairs(kOperators) do
    if text:sub(at, at + #word - 1) == word then return at + #word - 1 end
  end
  return at
end

local function next_token(text, at)
  if text:find("^%-%-", at) then
    local last, broken = long_bracket(text, at + 2)
    if last then return "comment", last, broken end
    last = text:find("\n", at, true)
    return "comment", last and last - 1 or #text, last == nil
  end
  local c = text:sub(at, at)
  if c == "\"" or c == "'" then
    local last, broken = short_string(text, at)
    return "string", last, broken
  end
  local last, broken = long_bracket(text, at)
  if last then return "string", last, broken end
  last = select(2, text:find("^[%a_][%w_]*", at))
  if last then return M.keywords[text:sub(at, last)] and "keyword" or "name", last end
  if text:find("^%.?%d", at) then return "number", number(text, at) end
  return "op", operator(text, at)
end

-- List of { kind, text, from, to, broken }; kind is name, keyword, string, number, op or comment.
function M.tokens(text)
  local list, at = {}, 1
  while true do
    at = text:find("%S", at)
    if not at then return list end
    local kind, last, broken = next_token(text, at)
    list[#list + 1] = {
      kind = kind, text = text:sub(at, last), from = at, to = last, broken = broken or false,
    }
    at = last + 1
  end
end

-- The same without comments.
function M.code(text)
  local list = {}
  for _, token in ipairs(M.tokens(text)) do
    if token.kind ~= "comment" then list[#list + 1] = token end
  end
  return list
end

local kDeeper <const> = {
  ["function"] = 1, ["do"] = 1, ["if"] = 1, ["repeat"] = 1, ["end"] = -1, ["until"] = -1,
  ["("] = 1, ["{"] = 1, ["["] = 1, [")"] = -1, ["}"] = -1, ["]"] = -1,
}

-- What a token adds to the depth of blocks and brackets.
function M.depth_of(token)
  if token.kind ~= "keyword" and token.kind ~= "op" then return 0 end
  return kDeeper[token.text] or 0
end

return M
