-- What was typed, and which names each input made: for .who, .why and .save.
local internal = ...
local lexer, names = internal.repl.lexer, internal.repl.names

local M = { inputs = {} }

-- Names that occur in the text, other than fields and methods.
local function used_names(text)
  local tokens, used = lexer.code(text), {}
  for i, token in ipairs(tokens) do
    local before, after = tokens[i - 1], tokens[i + 1]
    local field = before and (before.text == "." or before.text == ":")
    local key = after and after.text == "=" and before
      and (before.text == "{" or before.text == ",")
    if token.kind == "name" and not field and not key then used[token.text] = true end
  end
  return used
end

-- Keeps an input that ran: the names it wrote, whether it was an expression and its first value.
function M.keep(text, written, expression, value)
  local values = {}
  for name in next, written do values[name] = names.vars[name] end
  M.inputs[#M.inputs + 1] = {
    text = text, written = written, values = values, expression = expression, value = value,
    used = used_names(text),
  }
end

-- Index of the input that made a name what it is; nil when none did.
function M.maker(name, before)
  for i = (before or #M.inputs + 1) - 1, 1, -1 do
    if M.inputs[i].written[name] then return i end
  end
  return nil
end

function M.input_of(name)
  local at = M.maker(name)
  return at and M.inputs[at].text
end

-- Inputs that lead to the input at `at`, in order, itself last.
function M.history_of(at)
  local needed = {}
  local function visit(i)
    if needed[i] then return end
    needed[i] = true
    for name in next, M.inputs[i].used do
      local maker = M.maker(name, i)
      if maker then visit(maker) end
    end
  end
  visit(at)
  local list = {}
  for i = 1, #M.inputs do
    if needed[i] then list[#list + 1] = i end
  end
  return list
end

-- Names the user made that still mean something, in order.
function M.current()
  local list = {}
  for name in next, names.vars do list[#list + 1] = name end
  table.sort(list)
  return list
end

return M
