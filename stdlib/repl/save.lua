-- .save: a study script from what was tried. Files become sources, analyses and plots are declared
-- and reported, what they need comes along; what a study can't do while it is declared stays as a
-- comment.
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

-- "name = expression", with or without local: name, text of the expression.
local function assignment(text)
  local tokens, i = lexer.code(text), 1
  if tokens[1] and tokens[1].text == "local" then i = 2 end
  local name = tokens[i]
  if not name or name.kind ~= "name" then return nil end
  local equals = tokens[i + 1]
  if equals and equals.text == "<" and tokens[i + 3] then equals = tokens[i + 4] end
  if not equals or equals.text ~= "=" then return nil end
  local code = repl.input.silent(text:sub(equals.to + 1))
  code = code:match("^%s*(.-)%s*$")
  if not console.compile("return " .. code .. "\n", "save", nil) then return nil end
  return name.text, code
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

-- Declarations under construction.
local function new_draft()
  return { lines = {}, taken = {}, items = {}, folders = {}, sources = 0 }
end

local function free_name(draft, wanted)
  local name, count = wanted, 1
  while draft.taken[name] do
    count = count + 1
    name = wanted .. "_" .. count
  end
  draft.taken[name] = true
  return name
end

local function add(draft, text, makes, needs)
  draft.lines[#draft.lines + 1] = { text = text, makes = makes, needs = needs or {} }
  return draft.lines[#draft.lines]
end

-- A file named by a path of this machine is named by its last part; the folder is for --data.
local function portable(draft, literal)
  local path = literal:match("^[\"'](.*)[\"']$")
  if not path or not (path:find("^/") or path:find("%.%.")) then return literal end
  local folder, file = path:match("^(.*)/([^/]*)$")
  draft.folders[#draft.folders + 1] = folder == "" and "/" or folder
  return "\"" .. file .. "\""
end

local function add_source(draft, name, format, literal, options, rest, needs)
  local declared = free_name(draft, name)
  local variable = rest == "" and name or name .. "_file"
  local text = ("local %s <const> = S:source %q { %s = %s%s }"):format(
    variable, declared, format, portable(draft, literal),
    options == "" and "" or ", " .. options)
  draft.sources = draft.sources + 1
  add(draft, text, { [variable] = true }, needs)
  if rest ~= "" then
    add(draft, ("local %s <const> = %s%s"):format(name, variable, rest), { [name] = true },
      { [variable] = true })
  end
end

local function add_assignment(draft, input, name, code)
  local value = input.values[name]
  local kind = internal.type(value)
  local format, literal, options, rest = reader_call(code)
  if kind == "Table" and format then
    return add_source(draft, name, format, literal, options, rest, input.used)
  end
  if kind == "Analysis" then
    local declared = free_name(draft, name)
    add(draft, ("local %s <const> = S:analysis %q (%s)"):format(name, declared, code),
      { [name] = true }, input.used)
    draft.items[#draft.items + 1] = { text = name, needs = name }
    return
  end
  add(draft, ("local %s <const> = %s"):format(name, code), { [name] = true }, input.used)
  if kind == "Plot" then
    draft.items[#draft.items + 1] = {
      text = ("figure %q (%s)"):format(caption_of(value), name),
      needs = name,
    }
  end
end

local function add_expression(draft, input)
  local kind = internal.type(input.value)
  local code = repl.input.silent(input.text):match("^%s*(.-)%s*$")
  if kind == "Analysis" then
    local wanted = internal.names.tostring(input.value):match("^[%w_]+") or "analysis"
    local name = free_name(draft, wanted)
    local variable = name:match("^[%a_][%w_]*$") and not rawget(internal.names, name) and name
      or "analysis_" .. #draft.lines
    add(draft, ("local %s <const> = S:analysis %q (%s)"):format(variable, name, code),
      { [variable] = true }, input.used)
    draft.items[#draft.items + 1] = { text = variable, needs = variable }
  elseif kind == "Plot" then
    draft.items[#draft.items + 1] = {
      text = ("figure %q (%s)"):format(caption_of(input.value), code),
      uses = input.used,
    }
  elseif kind == "Table" then
    local name = free_name(draft, "answer")
    add(draft, ("local %s <const> = S:table %q (%s)"):format(name, name, code),
      { [name] = true }, input.used)
    draft.items[#draft.items + 1] = { text = name, needs = name }
  end
end

-- An expression that makes something to show: not just the name of what was made before.
local function shows_something(input)
  if not input.expression or #lexer.code(input.text) < 2 then return false end
  local kind = internal.type(input.value)
  return kind == "Analysis" or kind == "Plot" or (kind == "Table" and is_answer(input.text))
end

-- Statements as they were typed; a name of the prompt becomes a local.
local function add_statement(draft, input)
  local text = input.text:match("^%s*(.-)%s*$")
  local first = lexer.code(text)[1]
  if first and first.text ~= "local" and (first.text == "function" or first.kind == "name") then
    text = "local " .. text
  end
  add(draft, text, input.written, input.used)
end

local function wanted_inputs()
  local wanted = {}
  local function want(i)
    for _, k in ipairs(journal.history_of(i)) do wanted[k] = true end
  end
  for i, input in ipairs(journal.inputs) do
    if shows_something(input) then want(i) end
    for name in next, input.written do
      if journal.maker(name) == i and names.vars[name] ~= nil then want(i) end
    end
  end
  return wanted
end

-- Named tables are results where they are answers; where nothing else is, all of them are.
local function add_tables(draft)
  local nothing = #draft.items == 0
  for _, name in ipairs(journal.current()) do
    local i = journal.maker(name)
    if i and internal.type(names.vars[name]) == "Table" and not draft.taken[name]
      and (nothing or is_answer(journal.inputs[i].text)) then
      draft.taken[name] = true
      add(draft, ("S:table %q (%s)"):format(name, name), {}, { [name] = true }).shows = name
      draft.items[#draft.items + 1] = { text = name, needs = name }
    end
  end
end

local function commented(text) return "-- " .. text:gsub("\n", "\n-- ") end

-- The script, and the line each statement begins at.
local function render(draft, study)
  local lines = {
    "-- What was tried at the prompt, as a study. Change its names and texts; the question first.",
    ("local S <const> = study %q {"):format(study),
    "  version = \"0.1.0\", seed = 1,  -- any whole number: the seed of every random stream",
    "  question = \"What was asked?\",",
    "}",
    "",
  }
  local count = #lines
  local function push(text)
    lines[#lines + 1] = text
    count = count + 1 + select(2, text:gsub("\n", ""))
  end
  for _, line in ipairs(draft.lines) do
    line.at = count + 1
    push(line.out and commented(line.text) .. "  -- " .. line.out or line.text)
    line.last = count
  end
  push("")
  push("S:report \"What was found\" {")
  for _, item in ipairs(draft.items) do
    if not item.out then push("  " .. item.text .. ",") end
  end
  push("}")
  push("return S")
  return table.concat(lines, "\n") .. "\n"
end

-- Takes out what can't stand in a study, and what needs it. Returns whether anything changed.
local function take_out(draft, line, why)
  local changed, gone = false, {}
  for _, item in ipairs(draft.lines) do
    if not item.out and item.at <= line and line <= item.last then
      item.out = why
      changed = true
    end
  end
  for _, item in ipairs(draft.lines) do
    if not item.out then
      for name in next, item.needs do
        if gone[name] and not (item.makes and item.makes[name]) then
          item.out = "needs " .. name
        end
      end
    end
    for name in next, item.makes or {} do gone[name] = item.out and true or nil end
  end
  for _, item in ipairs(draft.items) do
    if item.needs and gone[item.needs] then item.out = true end
    for name in next, item.uses or {} do item.out = item.out or gone[name] end
  end
  return changed
end

local kMostRounds <const> = 50

local function draft_study(study)
  local draft = new_draft()
  local wanted = wanted_inputs()
  for i, input in ipairs(journal.inputs) do
    if wanted[i] then
      local name, code = assignment(input.text)
      if input.expression then
        if shows_something(input) then add_expression(draft, input) end
      elseif name and input.written[name] then
        add_assignment(draft, input, name, code)
      else
        add_statement(draft, input)
      end
    end
  end
  add_tables(draft)
  for _ = 1, kMostRounds do
    local text = render(draft, study)
    local errors = console.check_script(text, draft.folders[1] or "")
    local changed = false
    for _, found in ipairs(errors) do
      changed = take_out(draft, found.line, found.what) or changed
    end
    if not changed then return text, draft, errors end
  end
  return render(draft, study), draft, {}
end

-- Writes the study; returns what to tell the user.
function M.save(path)
  if path == "" then
    internal.raise { what = ".save needs a file", expected = ".save study.lua" }
  end
  if not path:find("%.lua$") then path = path .. ".lua" end
  if #journal.inputs == 0 then
    internal.raise { what = "there is nothing to save yet", hint = "tutorial() shows a start" }
  end
  local stem = path:match("([^/]*)%.lua$"):gsub("[^%w_.-]", "-")
  local study = stem:match("^[%w_]") and stem or "study"
  local text, draft, errors = draft_study(study)
  console.write_new_file(path, text)
  local kept, out = 0, 0
  for _, line in ipairs(draft.lines) do
    if line.out then out = out + 1 else kept = kept + 1 end
  end
  local said = { ("%s: %d of %d lines became a study"):format(path, kept, kept + out) }
  if out > 0 then said[#said + 1] = "  what a study can't do while it is declared is a comment" end
  for _, found in ipairs(errors) do
    said[#said + 1] = "  line " .. found.line .. ": " .. found.what
  end
  local data = draft.folders[1] and " --data " .. draft.folders[1] or ""
  said[#said + 1] = "  run it: impact run " .. path .. data
  return table.concat(said, "\n")
end

return M
