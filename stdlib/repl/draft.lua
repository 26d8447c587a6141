-- The statements of a study, made of what was typed: which inputs matter, which names they share,
-- and how each becomes a declaration.
local internal = ...
local console, repl = internal.console, internal.repl
local lexer, journal, names = repl.lexer, repl.journal, repl.names

local M = {}

local kReaders <const> = { csv = true, parquet = true, jsonl = true }

-- Verbs whose result is an answer and no longer rows of the data.
local kAnswers <const> = {
  summarise = true, count = true, describe = true, sql = true, pivot_wider = true,
  resample = true, info = true,
}

local function is_answer(code)
  for _, token in ipairs(lexer.code(code)) do
    if token.kind == "name" and kAnswers[token.text] then return true end
  end
  return false
end

-- The text without comments and without a semicolon at its end.
local function bare(text)
  local parts, at = {}, 1
  for _, token in ipairs(lexer.tokens(text)) do
    if token.kind == "comment" then
      parts[#parts + 1] = text:sub(at, token.from - 1)
      at = token.to + 1
    end
  end
  local code = repl.input.silent(table.concat(parts) .. text:sub(at))
  return code:match("^%s*(.-)%s*$")
end

-- "name = expression", with or without local: name, text of the expression.
local function assignment(text)
  local tokens, i = lexer.code(text), 1
  if tokens[1] and tokens[1].text == "local" then i = 2 end
  local name, equals = tokens[i], tokens[i + 1]
  if not name or name.kind ~= "name" then return nil end
  if equals and equals.text == "<" and tokens[i + 3] then equals = tokens[i + 4] end
  if not equals or equals.text ~= "=" then return nil end
  local code = bare(text:sub(equals.to + 1))
  if not console.compile("return " .. code .. "\n", "save", nil) then return nil end
  return name.text, code
end

-- "function name(...)", with or without local: the name.
local function function_name(text)
  local tokens = lexer.code(text)
  local i = tokens[1] and tokens[1].text == "local" and 2 or 1
  local word, name, open = tokens[i], tokens[i + 1], tokens[i + 2]
  if not word or word.text ~= "function" or not open or open.text ~= "(" then return nil end
  return name.text
end

-- csv "file", csv("file", { ... }): format, text of the file's name, text of other options, what
-- follows the call.
local function reader_call(code)
  local tokens = lexer.code(code)
  local first, second = tokens[1], tokens[2]
  if not second or not kReaders[first.text] then return nil end
  if second.kind == "string" then
    return first.text, second.text, "", code:sub(second.to + 1)
  end
  local depth, last = 0, nil
  for i = 2, #tokens do
    depth = depth + lexer.depth_of(tokens[i])
    if depth == 0 then
      last = i
      break
    end
  end
  if not last or not tokens[3] or tokens[3].kind ~= "string" then return nil end
  local inside = code:sub(tokens[3].to + 1, tokens[last].from - 1):match("^%s*,?%s*(.-)%s*$")
  if second.text == "(" then inside = inside:match("^{%s*(.-)%s*}$") or inside end
  return first.text, tokens[3].text, inside, code:sub(tokens[last].to + 1)
end

-- "Histogram of views" of a plot.
local function caption_of(plot)
  local text = internal.names.tostring(plot):gsub("^plot%.", ""):gsub("_", " ", 1)
  return (text:gsub("^%l", string.upper))
end

-- An expression that makes something to show: not just the name of what was made before.
local function shows_something(input)
  if not input.expression or input.failed or #lexer.code(bare(input.text)) < 2 then return false end
  local kind = internal.type(input.value)
  return kind == "Analysis" or kind == "Plot" or (kind == "Table" and is_answer(input.text))
end

-- Results: what was shown, and the names that hold an analysis, a plot or an answer.
local function wanted_inputs()
  local wanted = {}
  for i, input in ipairs(journal.inputs) do
    if shows_something(input) then wanted[i] = true end
    for name in next, input.writes do
      local kind = internal.type(names.vars[name])
      if journal.maker(name) == i and (kind == "Analysis" or kind == "Plot"
        or (kind == "Table" and is_answer(input.text))) then
        wanted[i] = true
      end
    end
  end
  if next(wanted) then return wanted end
  for _, name in ipairs(journal.current()) do
    local i = journal.maker(name)
    if i then wanted[i] = true end
  end
  return wanted
end

local Draft = {}
Draft.__index = Draft

local function free(taken, wanted)
  local name, count = wanted, 1
  while taken[name] do
    count = count + 1
    name = wanted .. "_" .. count
  end
  taken[name] = true
  return name
end

function Draft:node(wanted) return free(self.nodes, wanted) end

-- A variable that no name of the user, of the library or of the script hides.
function Draft:variable(wanted)
  if not wanted:find("^[%a_][%w_]*$") or lexer.keywords[wanted] then wanted = "result" end
  if rawget(internal.names, wanted) ~= nil then wanted = wanted .. "_1" end
  return free(self.variables, wanted)
end

function Draft:add(text, makes, needs, more)
  local line = { text = text, makes = makes, needs = needs or {} }
  for key, value in next, more or {} do line[key] = value end
  self.lines[#self.lines + 1] = line
  return line
end

function Draft:show(text, needs) self.items[#self.items + 1] = { text = text, needs = needs } end

-- A file named by a path of this machine is named by its last part; the folder is for --data.
function Draft:portable(literal)
  local path = literal:match("^[\"'](.*)[\"']$")
  if not path or not (path:find("^/") or path:find("%.%.")) then return literal end
  local folder, file = path:match("^(.*)/([^/]*)$")
  if folder == "" then folder = "/" end
  if not self.data then self.data = folder end
  if self.data ~= folder then self.scattered = true end
  self.paths[path] = file
  return ("%q"):format(file)
end

-- `local name <const> = value`, or `name = value` of a name that has several values.
function Draft:bind(name, value)
  if self.shared[name] then return name .. " = " .. value end
  return "local " .. name .. " <const> = " .. value
end

function Draft:source(input, name, format, literal, options, rest)
  local declared = self:node(name)
  local value = ("%s:source %q { %s = %s%s }"):format(self.study, declared, format,
    self:portable(literal), options == "" and "" or ", " .. options)
  if rest == "" then
    self:add(self:bind(name, value), { [name] = true }, input.reads, { resets = true })
  else
    local file = self:variable(name .. "_file")
    self:add("local " .. file .. " <const> = " .. value, { [file] = true }, input.reads)
    self:add(self:bind(name, file .. rest), { [name] = true }, { [file] = true },
      { resets = true })
  end
end

-- A declaration whose handle the report shows; `name` is the user's, if there is one.
function Draft:declare(what, input, name, wanted, code, value)
  local node = self:node(wanted)
  local variable = name and not self.shared[name] and name or self:variable(node)
  self:add(
    ("local %s <const> = %s:%s %q (%s)"):format(variable, self.study, what, node, code),
    { [variable] = true }, input.reads, { node = node, value = value, resets = true })
  if name and variable ~= name then
    self:add(name .. " = " .. variable, { [name] = true }, { [variable] = true },
      { resets = true })
  end
  self:show(variable, { [variable] = true })
end

function Draft:assign(input, name, code)
  local value = input.values[name]
  local kind = internal.type(value)
  local format, literal, options, rest = reader_call(code)
  if kind == "Table" and format then
    return self:source(input, name, format, literal, options, rest)
  end
  if kind == "Analysis" then return self:declare("analysis", input, name, name, code, value) end
  if kind == "Table" and is_answer(code) then
    return self:declare("table", input, name, name, code, value)
  end
  self:add(self:bind(name, code), { [name] = true }, input.reads, { resets = true })
  if kind == "Plot" then
    self:show(("%s %q (%s)"):format(self.figure, caption_of(value), name), { [name] = true })
  end
end

function Draft:result(input)
  local kind, code = internal.type(input.value), bare(input.text)
  if kind == "Analysis" then
    local method = internal.names.tostring(input.value):match("^[%w_]+") or "analysis"
    self:declare("analysis", input, nil, method, code, input.value)
  elseif kind == "Table" then
    self:declare("table", input, nil, "answer", code, input.value)
  else
    self:show(("%s %q (%s)"):format(self.figure, caption_of(input.value), code), input.reads)
  end
end

-- What `ans` stood for becomes a name of its own.
function Draft:name_ans(input)
  local parts, at, text = {}, 1, input.text
  for _, token in ipairs(lexer.code(text)) do
    local origin = token.kind == "name" and input.reads[token.text] and input.ans[token.text]
    if origin then
      parts[#parts + 1] = text:sub(at, token.from - 1) .. self.ans[origin]
      at = token.to + 1
    end
  end
  return table.concat(parts) .. text:sub(at)
end

function Draft:statement(input)
  local makes = {}
  for name in next, input.writes do makes[name] = true end
  for name in next, input.touches do makes[name] = true end
  local text = repl.input.without_locals(input.text):match("^%s*(.-)%s*$")
  local name = function_name(text)
  if name and not self.shared[name] then text = "local " .. text end
  self:add(text, makes, input.reads, { out = input.failed and "failed at the prompt" or nil })
end

-- Names that more than one line gives a value, or that stand in a line before: they are declared
-- first, so that functions and loops see one variable, as at the prompt.
local function shared_names(needed)
  local writers, seen, shared = {}, {}, {}
  for i, input in ipairs(journal.inputs) do
    if needed[i] then
      local name = assignment(input.text) or function_name(input.text)
      for word in next, journal.words(input.text) do
        if not writers[word] then seen[word] = true end
      end
      for written in next, input.writes do
        if writers[written] or written ~= name or input.failed then shared[written] = true end
        writers[written] = true
      end
      if name and input.writes[name] and not input.reads[name] then seen[name] = nil end
    end
  end
  for name in next, writers do
    if seen[name] then shared[name] = true end
  end
  return shared
end

-- The statements of a study for everything that was found.
function M.make()
  local needed = journal.needed(wanted_inputs())
  local draft = setmetatable({
    lines = {}, items = {}, nodes = {}, variables = {}, paths = {},
    ans = {}, shared = shared_names(needed),
  }, Draft)
  for i in next, needed do
    local input = journal.inputs[i]
    for name in next, input.writes do draft.variables[name] = true end
    for name, origin in next, input.ans do
      if input.reads[name] then draft.ans[origin] = "ans_" .. origin end
    end
  end
  draft.study = draft.variables.S and draft:variable("the_study") or "S"
  draft.figure = draft.variables.figure and draft:variable("new_figure") or "figure"
  for i = 1, #journal.inputs do
    local input = journal.inputs[i]
    if needed[i] then
      input = setmetatable({ text = draft:name_ans(input) }, { __index = input })
      local name, code = assignment(input.text)
      if input.failed then
        draft:statement(input)
      elseif shows_something(input) then
        draft:result(input)
      elseif input.expression and draft.ans[i] then
        draft:add(draft:bind(draft.ans[i], bare(input.text)), { [draft.ans[i]] = true },
          input.reads, { resets = true })
      elseif name and input.writes[name] then
        draft:assign(input, name, code)
      elseif not (input.expression and type(input.value) == "userdata") then
        draft:statement(input)
      end
    end
  end
  return draft
end

return M
