-- What begins with a dot (or a colon): about the session, not about data.
local internal = ...
local console, raise, repl = internal.console, internal.raise, internal.repl
local echo, names, journal = repl.echo, repl.names, repl.journal

local M = {}

local kTexts <const> = {
  help = { "", "these commands" },
  who = { "", "names you made" },
  why = { "NAME", "how a name came to be; whether a run would compute it" },
  time = { "[on|off|EXPRESSION]", "how long inputs take, or this one" },
  save = { "FILE.lua", "write what was tried as a study script" },
  open = { "VALUE", "show a table, plot or analysis in the browser" },
  schema = { "TABLE", "its columns and their types" },
  pager = { "[on|off]", "long output a screen at a time" },
  set = { "[NAME on|off]", "choices: pager, time, tips" },
  sample = { "FILE.csv", "write a file of invented videos to try things on" },
  tip = { "", "another tip" },
  quit = { "", "leave; so does Ctrl-D" },
}
local kOrder <const> = {
  "help", "who", "why", "schema", "open", "save", "sample", "time", "pager", "set", "tip", "quit",
}

function M.words()
  local list = {}
  for name, text in next, kTexts do
    list[#list + 1] = text[1] == "" and name or name .. " "
  end
  table.sort(list)
  return list
end

-- The value of an expression typed behind a command.
local function value_of(rest, command)
  if rest == "" then
    raise { what = "." .. command .. " needs a value", expected = "." .. command .. " "
      .. kTexts[command][1] }
  end
  local run, message = repl.input.compile(rest, "." .. command, names.environment)
  if not run then raise { what = message:match(":%d+: (.*)$") or message, got = rest } end
  return (run())
end

local run = {}

-- Help on one command; nil when there is none of that name.
function M.help(name)
  local text = kTexts[name]
  return text and echo.bold("." .. name .. " " .. text[1]) .. "\n\n" .. text[2]
end

function run.help()
  local lines = {}
  for _, name in ipairs(kOrder) do
    lines[#lines + 1] = echo.item("." .. name .. " " .. kTexts[name][1], kTexts[name][2], 26)
  end
  return table.concat(lines, "\n")
end

local function summary(value)
  local kind = internal.type(value)
  if kind == "Table" or kind == "Model" then
    local columns, shown = internal.columns_of(value) or {}, {}
    for i = 1, math.min(4, #columns) do
      shown[i] = internal.printable(columns[i].name)
    end
    return kind, #columns .. " columns: " .. table.concat(shown, ", ")
      .. (#columns > 4 and ", …" or "")
  end
  -- Showing a handle would compute it, and a table's own text is code of the user.
  local text
  if type(value) == "userdata" then
    text = internal.names.tostring(value)
  elseif type(value) == "table" and internal.metatable(value) then
    text = internal.documented(value) or "with a metatable"
  else
    text = echo.text(value)
  end
  text = text:find("^{\n") and "{ … }" or internal.printable(text:match("^[^\n]*"))
  if utf8.len(text) and utf8.len(text) > 60 then
    text = text:sub(1, utf8.offset(text, 60) - 1) .. "…"
  end
  return type(value) == "table" and internal.documented(value) or kind, text
end

function run.who()
  local list = journal.current()
  if #list == 0 then return "no names yet; try t = csv \"file.csv\", or tutorial()" end
  local rows, width, kinds = {}, 0, 0
  for i, name in ipairs(list) do
    local kind, text = summary(names.vars[name])
    rows[i] = { name, kind, text }
    width, kinds = math.max(width, #name), math.max(kinds, #kind)
  end
  for i, row in ipairs(rows) do
    rows[i] = "  " .. echo.bold(row[1]) .. (" "):rep(width - #row[1] + 2)
      .. row[2] .. (" "):rep(kinds - #row[2] + 2) .. row[3]
  end
  return table.concat(rows, "\n")
end

function run.why(rest)
  local lines, at = {}, journal.maker(rest)
  if at then
    for _, i in ipairs(journal.history_of(at)) do
      lines[#lines + 1] = echo.dim(("%3d "):format(i))
        .. journal.inputs[i].text:gsub("\n", "\n    ")
    end
  end
  local node = internal.core.nodes[rest] and rest
    or (names.vars[rest] ~= nil and (internal.node_name(names.vars[rest])
      or internal.core.tables[names.vars[rest]]))
  if node then lines[#lines + 1] = console.why_node(node) end
  if #lines == 0 then
    raise {
      what = rest == "" and ".why needs a name" or "nothing here is called '" .. rest .. "'",
      hint = internal.suggest(rest, journal.current()), expected = "a name that .who lists",
    }
  end
  return table.concat(lines, "\n")
end

function run.schema(rest)
  local value = value_of(rest, "schema")
  local columns = internal.columns_of(value)
  if not columns then
    raise { what = ".schema shows tables and models", got = internal.describe(value) }
  end
  local width, lines = 0, {}
  for _, column in ipairs(columns) do
    column.name = internal.printable(column.name)
    width = math.max(width, utf8.len(column.name))
  end
  for i, column in ipairs(columns) do
    lines[i] = "  " .. column.name .. (" "):rep(width - utf8.len(column.name) + 2)
      .. echo.dim(column.type)
  end
  return table.concat(lines, "\n")
end

function run.open(rest)
  local path, found = console.open(value_of(rest, "open"))
  return found and "opened " .. path or "no browser was found; the page is " .. path
end

function run.save(rest) return repl.save.save(rest) end
function run.sample(rest) return repl.tutorial.write_sample(rest) end
function run.pager(rest) return repl.settings.switch("pager", rest) end
function run.tip() return repl.tips.next() end

function run.time(rest)
  if rest == "" or rest == "on" or rest == "off" then
    return repl.settings.switch("time", rest)
  end
  local started = console.clock()
  repl.evaluate(rest, ".time")
  return echo.dim(("%.3f s"):format(console.clock() - started))
end

function run.set(rest)
  if rest == "" then return repl.settings.text() end
  local name, word = rest:match("^(%S+)%s*=?%s*(.-)$")
  return repl.settings.switch(name, word)
end

-- Runs a command line; returns true when the prompt shall end.
function M.run(line)
  local name, rest = line:match("^%s*[.:](%a+)%s*(.-)%s*$")
  if name == "quit" or name == "exit" or name == "q" then return true end
  if not run[name] then
    local words = {}
    for known in next, run do words[#words + 1] = known end
    table.sort(words)
    raise {
      what = "no command '." .. name .. "'", got = name,
      expected = "." .. table.concat(words, " ."),
      hint = internal.suggest(name, words),
    }
  end
  local text = run[name](rest)
  if text then echo.write(text) end
  return false
end

return M
