-- What was typed, what each input read and wrote: for .who, .why and .save.
local internal = ...
local lexer, names = internal.repl.lexer, internal.repl.names

-- An input: text; reads and writes, sets of names, as they happened; values it gave its names;
-- touches, names of Lua tables it may have changed inside; expression, and its first value;
-- ans, what `ans` and its like stood for; failed, when it did not run to its end.
local M = { inputs = {} }

-- Names that occur in the text, other than fields and methods.
function M.words(text)
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

local function is_table(value)
  return type(value) == "table" and not internal.protected(value)
end

-- An input begins: until it is kept it counts as failed.
function M.begin(text)
  if M.open then M.keep(false, nil, true) end
  M.open = { text = text, ans = {} }
  names.begin_input()
  for i = 0, 9 do
    local name = i == 0 and "ans" or "ans" .. i
    M.open.ans[name] = names.origins[name]
  end
end

-- The open input ran to its end, or failed.
function M.keep(expression, value, failed)
  local input = M.open
  M.open = nil
  input.reads, input.writes = names.reads, names.written
  input.expression, input.value, input.failed = expression, value, failed or false
  input.values, input.touches = {}, {}
  for name in next, input.writes do input.values[name] = names.vars[name] end
  local may_change = not expression or type(value) ~= "userdata"
  for name in next, M.words(input.text) do
    if may_change and is_table(names.vars[name]) then input.touches[name] = true end
  end
  for name in next, input.reads do
    if may_change and is_table(names.vars[name]) then input.touches[name] = true end
  end
  names.begin_input()  -- What commands read belongs to no input.
  M.inputs[#M.inputs + 1] = input
  return #M.inputs
end

-- What was begun and neither kept nor given up failed.
function M.settle()
  if M.open then M.keep(false, nil, true) end
end

-- Index of the last input that gave a name its value; nil when none did.
function M.maker(name, before)
  for i = (before or #M.inputs + 1) - 1, 1, -1 do
    if M.inputs[i].writes[name] then return i end
  end
  return nil
end

function M.input_of(name)
  local at = M.maker(name)
  return at and M.inputs[at].text
end

-- Whether an input does nothing but give names their values.
local function only_assigns(input)
  local tokens = lexer.code(input.text)
  local first = tokens[1] and tokens[1].text == "local" and 2 or 1
  local name, equals = tokens[first], tokens[first + 1]
  if equals and equals.text == "<" then equals = tokens[first + 4] end
  return not input.failed and name ~= nil and name.kind == "name" and equals ~= nil
    and equals.text == "="
end

-- The inputs that `wanted` (a set of indices) depends on, as a set that holds them: an input is
-- needed when it last wrote, or may have changed, a name that is read later.
function M.needed(wanted)
  local live, needed = {}, {}
  for i = #M.inputs, 1, -1 do
    local input = M.inputs[i]
    local matters = wanted[i] or false
    for name in next, input.writes do matters = matters or live[name] == true end
    for name in next, input.touches do matters = matters or live[name] == true end
    if matters then
      needed[i] = true
      if only_assigns(input) then
        for name in next, input.writes do
          if not input.reads[name] then live[name] = nil end
        end
      end
      for name in next, input.reads do live[name] = true end
      for name in next, M.words(input.text) do
        if names.vars[name] ~= nil and not input.writes[name] then live[name] = true end
      end
      for name, origin in next, input.ans do
        if input.reads[name] then wanted[origin] = true end
      end
    end
  end
  return needed
end

-- Inputs that lead to the input at `at`, in order, itself last.
function M.history_of(at)
  local list, inputs = {}, M.inputs
  M.inputs = { table.unpack(inputs, 1, at) }
  local needed = M.needed { [at] = true }
  M.inputs = inputs
  for i = 1, at do
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
