-- What may be typed next. It reads raw and never runs code of the user: see resolve.lua.
local internal = ...
local console = internal.console
local repl = internal.repl
local lexer, names, resolve = repl.lexer, repl.names, repl.resolve

local M = {}

local function is_name(text) return text:find("^[%a_][%w_]*$") and not lexer.keywords[text] end

-- Words that begin as `begun`, in order, each once.
local function matching(begun, words)
  local list, seen = {}, {}
  for _, word in ipairs(words) do
    if not seen[word] and word:sub(1, #begun) == begun then
      seen[word] = true
      list[#list + 1] = word
    end
  end
  table.sort(list)
  return list
end

-- The descriptor of the function a place stands for; nil when there is none.
local function descriptor_of(place)
  local name = resolve.callee(place)
  local known = name and internal.descriptor(name)
  return known and known.kind == "function" and known or nil
end

local function found(start, words) return { start, table.unpack(words) } end

local function members(place, colon)
  local kind = resolve.kind(place)
  if kind then
    if colon then
      if kind ~= "text" then return resolve.methods(kind) end
      return internal.keys(internal.metatable("").__index)
    end
    local list = {}
    for _, column in ipairs(resolve.columns(place) or {}) do
      if is_name(column) then list[#list + 1] = column end
    end
    return list
  end
  local list = {}
  for _, layer in ipairs(resolve.layers(place.value)) do
    for key, value in next, layer do
      if type(key) == "string" and is_name(key) and (not colon or type(value) == "function") then
        list[#list + 1] = key
      end
    end
  end
  return list
end

-- The function whose arguments are being written, its bracket, and whether that is a table of
-- options.
local function open_call(tokens)
  local open = resolve.inside(tokens)
  if not open or tokens[open].text == "[" then return nil end
  local braces = tokens[open].text == "{"
  local outer = open
  if braces and not resolve.callable(tokens[open - 1]) then
    -- f(a, { option = ... }): the call's bracket is one further out.
    outer = resolve.inside({ table.unpack(tokens, 1, open - 1) })
    if not outer or tokens[outer].text ~= "(" then return nil end
  end
  if not resolve.callable(tokens[outer - 1]) then return nil end
  local place = resolve.expression(tokens, outer - 1)
  local known = descriptor_of(place)
  if not known then return nil end
  return known, open, braces, place
end

-- Names that stand before "=" directly inside the bracket at `open`, and the commas there.
local function given(tokens, open)
  local seen, commas, depth = {}, 0, 0
  for i = open + 1, #tokens do
    local token = tokens[i]
    if depth == 0 and token.kind == "name" and tokens[i + 1] and tokens[i + 1].text == "=" then
      seen[token.text] = true
    end
    if depth == 0 and token.text == "," then commas = commas + 1 end
    depth = depth + lexer.depth_of(token)
  end
  return seen, commas
end

local function option_words(tokens)
  local known, open, braces = open_call(tokens)
  local last = tokens[#tokens]
  if not known or not braces or (last.text ~= "{" and last.text ~= "," and last.text ~= ";") then
    return {}
  end
  local seen, words = given(tokens, open), {}
  for _, param in ipairs(known.params) do
    if not seen[param.name] and not (known.parts and known.parts > 1 and not param.named) then
      words[#words + 1] = param.name .. " = "
    end
  end
  return words
end

-- The parameter that stands at the end of the tokens.
local function current_param(tokens)
  local known, open, braces, place = open_call(tokens)
  if not known then
    -- csv "...": a text right behind the function.
    if not resolve.callable(tokens[#tokens]) then return nil end
    place = resolve.expression(tokens, #tokens)
    known = descriptor_of(place)
    return known and known.params[1], known, place
  end
  local last, before = tokens[#tokens], tokens[#tokens - 1]
  if last.text == "=" and before and before.kind == "name" then
    for _, param in ipairs(known.params) do
      if param.name == before.text then return param, known, place end
    end
    return nil
  end
  if resolve.callable(last) and last.text ~= "}" then
    local inner = resolve.expression(tokens, #tokens)
    local other = descriptor_of(inner)
    if other then return other.params[1], other, inner end
  end
  local _, commas = given(tokens, open)
  local at = commas + 1
  local first = known.params[at]
  local variadic = known.params[#known.params]
  if (not first or first.named) and variadic and variadic.variadic then first = variadic end
  if first and first.named and braces then return nil end
  return first, known, place
end

local kFileParams <const> = { path = true, csv = true, parquet = true, jsonl = true, file = true }

-- Words as they stand in a text with these quotes; a folder goes on.
local function close(words, quote)
  for i, word in ipairs(words) do
    local text = word:gsub("\\", "\\\\"):gsub(quote, "\\" .. quote)
    words[i] = text:sub(-1) == "/" and text or text .. quote
  end
  return words
end

local function file_words(begun, quote) return close(console.list_files(begun), quote) end

-- Columns that a text argument may name: those of the handle the method belongs to.
local function column_words(place)
  local at = place
  while at do
    local columns = resolve.columns(at)
    if columns then return columns end
    at = at.self
  end
  return nil
end

local function in_string(tokens, text)
  local token = tokens[#tokens]
  local quote = token.text:sub(1, 1)
  if quote == "[" then return nil end
  local begun, start = token.text:sub(2), token.from + 1
  local before = { table.unpack(tokens, 1, #tokens - 1) }
  local last = before[#before]
  if last and last.kind == "name" and names.texts[last.text] then return nil end
  if #before > 0 then
    local param, known, place = current_param(before)
    if param then
      if param.allowed then
        return found(start, matching(begun, close({ table.unpack(param.allowed) }, quote)))
      end
      if known.name == "use" then
        local words = {}
        for _, file in ipairs(console.list_files(begun)) do
          local stem = file:match("^(.*)%.lua$")
          words[#words + 1] = stem or (file:sub(-1) == "/" and file) or nil
        end
        return found(start, close(words, quote))
      end
      if kFileParams[param.name] and param.type:find("text", 1, true) then
        return found(start, file_words(begun, quote))
      end
      local columns = (param.type:find("Column", 1, true) or known.name == "Table:col")
        and column_words(place)
      if columns then
        return found(start, close(matching(begun, { table.unpack(columns) }), quote))
      end
      if known.name == "col" then
        local words = {}
        for _, value in next, names.vars do
          if type(value) == "userdata" then
            for _, column in ipairs(resolve.columns { value = value } or {}) do
              words[#words + 1] = column
            end
          end
        end
        return found(start, close(matching(begun, words), quote))
      end
    end
  end
  return text and found(start, file_words(begun, quote))
end

local function after_equals(tokens, begun, start)
  local last = tokens[#tokens]
  if not last or last.text ~= "=" then return nil end
  local param = current_param(tokens)
  if not param then return nil end
  local words = {}
  for _, word in ipairs(param.allowed or {}) do words[#words + 1] = "\"" .. word .. "\"" end
  if param.type:find("boolean", 1, true) then
    words[#words + 1] = "false"
    words[#words + 1] = "true"
  end
  words = matching(begun, words)
  return #words > 0 and found(start, words) or nil
end

local function lua_words(text)
  local tokens = lexer.tokens(text)
  local last = tokens[#tokens]
  if last and last.kind == "comment" and last.broken then return nil end
  tokens = lexer.code(text)
  last = tokens[#tokens]
  if last and last.kind == "string" and last.broken then return in_string(tokens, text) end
  local begun, start = "", #text + 1
  if last and last.to == #text and (last.kind == "name" or last.kind == "keyword") then
    begun, start = last.text, last.from
    tokens[#tokens] = nil
    last = tokens[#tokens]
  end
  if last and last.kind == "op" and (last.text == "." or last.text == ":") then
    local place = resolve.expression(tokens, #tokens - 1)
    return found(start, place and matching(begun, members(place, last.text == ":")) or {})
  end
  local values = after_equals(tokens, begun, start)
  if values then return values end
  local options = #tokens > 0 and matching(begun, option_words(tokens)) or {}
  if begun == "" then return found(start, options) end
  local words = matching(begun, names.all())
  for keyword in next, lexer.keywords do
    if #begun > 1 and keyword:sub(1, #begun) == begun then words[#words + 1] = keyword end
  end
  table.sort(words)
  table.move(words, 1, #words, #options + 1, options)
  return found(start, options)
end

local function command_words(text)
  local lead, rest = text:match("^%s*[.:](%a*)()")
  if rest == #text + 1 then
    local words = {}
    for i, word in ipairs(matching(lead, repl.commands.words())) do words[i] = word end
    return found(#text + 1 - #lead, words)
  end
  local start = text:match("^%s*[.:]%a+%s+()")
  if not start then return nil end
  local begun = text:sub(start)
  if lead == "save" then return found(start, console.list_files(begun)) end
  if lead == "set" then return found(start, matching(begun, repl.settings.words())) end
  local result = lua_words(begun)
  if not result then return nil end
  result[1] = result[1] + start - 1
  return result
end

-- { start, words... } for the text before the cursor; start is where the completed word begins.
function M.complete(text)
  if repl.input.is_command(text) or text:find("^%s*[.:]$") then return command_words(text) end
  local start = text:match("^%s*%?%??%s*()")
  if repl.input.is_question(text) then
    local begun = text:sub(start)
    local words = {}
    for _, name in ipairs(internal.descriptors()) do
      if not name:find(":__", 1, true) then words[#words + 1] = name end
    end
    for _, name in ipairs(names.all()) do words[#words + 1] = name end
    words = matching(begun, words)
    if #words > 0 then return found(start, words) end
    -- A method or a column of something the user made.
    local own = lua_words(begun)
    if own then own[1] = own[1] + start - 1 end
    return own
  end
  return lua_words(text)
end

return M
