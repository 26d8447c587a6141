-- help(value), ?name, ??name, apropos "word": all from the descriptors.
local internal = ...
local repl = internal.repl
local echo, names, resolve = repl.echo, repl.names, repl.resolve

local M = {}

local function range_text(param)
  local low, high = param.min, param.max
  local function show(x) return (("%.14g"):format(x)) end
  if low and high then return show(low) .. " to " .. show(high) end
  if low then return "at least " .. show(low) end
  if high then return "at most " .. show(high) end
  return nil
end

local function value_text(value)
  if type(value) == "string" then return "\"" .. value:gsub("\n", "\\n") .. "\"" end
  return internal.names.tostring(value)
end

local function param_lines(param)
  local notes = {}
  if param.default ~= nil then
    notes[#notes + 1] = "default " .. value_text(param.default)
  elseif param.optional then
    notes[#notes + 1] = "optional"
  end
  if param.allowed then
    local words = {}
    for i, word in ipairs(param.allowed) do words[i] = value_text(word) end
    notes[#notes + 1] = "one of " .. table.concat(words, ", ")
  end
  notes[#notes + 1] = range_text(param)
  local head = "  " .. echo.bold(param.name .. (param.variadic and " ..." or "")) .. "  "
    .. echo.dim(param.type .. (#notes > 0 and "; " .. table.concat(notes, "; ") or ""))
  return head .. "\n" .. echo.wrap(param.text, "      ")
end

local function indented(text)
  return (("\n" .. text:gsub("\n+$", "")):gsub("\n", "\n    "):sub(2))
end

function M.of_function(known)
  local parts, calls = {}, {}
  for i, call in ipairs(known.calls) do calls[i] = echo.hang(call, "    ") end
  parts[1] = echo.bold(table.concat(calls, "\n")) .. echo.dim("  -> " .. known.returns
    .. (known.result and known.result ~= "" and ": " .. known.result or ""))
  parts[#parts + 1] = echo.wrap(known.text, "")
  local params = {}
  for _, param in ipairs(known.params) do params[#params + 1] = param_lines(param) end
  if #params > 0 then parts[#parts + 1] = table.concat(params, "\n") end
  parts[#parts + 1] = echo.dim("Example") .. "\n" .. indented(known.example)
  return table.concat(parts, "\n\n")
end

-- A library or a kind of handle: its members with the first sentence of each.
local function listing(title, text, members)
  local lines, width = {}, 0
  for _, item in ipairs(members) do width = math.max(width, utf8.len(item[1])) end
  local columns = internal.console.screen()
  for _, item in ipairs(members) do
    local sentence = item[2]:match("^(.-[.:])%s") or item[2]
    local room = math.max(10, columns - width - 4)
    if utf8.len(sentence) and utf8.len(sentence) > room then
      sentence = sentence:sub(1, utf8.offset(sentence, room) - 1) .. "…"
    end
    lines[#lines + 1] = "  " .. echo.bold(item[1]) .. (" "):rep(width - utf8.len(item[1]) + 2)
      .. sentence
  end
  return echo.bold(title) .. "\n" .. echo.wrap(text, "") .. "\n\n" .. table.concat(lines, "\n")
end

local function members_with(prefix)
  local members = {}
  for _, name in ipairs(internal.descriptors()) do
    if name:sub(1, #prefix) == prefix and not name:find(":__", 1, true) then
      members[#members + 1] = { name, internal.descriptor(name).text }
    end
  end
  return members
end

local function of_library(name)
  local known = internal.descriptor(name)
  return listing(name, (known and known.text or "A library.") .. " ?" .. name
    .. ".name tells about one function.", members_with(name .. "."))
end

function M.of_type(name)
  local known = internal.descriptor(name)
  if not known or known.kind ~= "type" then return nil end
  local members = members_with(name .. ":")
  for _, field in ipairs(known.fields or {}) do
    members[#members + 1] = { name .. "." .. field.name, field.text }
  end
  local more = #members > 0 and " ?" .. members[1][1] .. " tells about one of them." or ""
  return listing(name, known.text .. more, members)
end

local function of_tool(name)
  local text = names.texts[name]
  return text and echo.bold(text[1]) .. "\n\n" .. echo.wrap(text[2], "")
end

local kStart <const> = [[
Type Lua, see values. `t = csv "file.csv"` reads a table, `t` shows it, `t:` and Tab what it can do.
]]

local kOverview <const> = {
  { "tutorial()", "five screens on generated data" },
  { "?name", "what a function does; ??name where it is written" },
  { "apropos \"word\"", "functions that speak of a word" },
  { "help(value)", "help on any function or handle" },
  { "Tab", "completes names, methods, columns, options, files" },
  { "ans, ans1 ... ans9", "the last values; a ; at the end shows none" },
  { ".help", "the commands: .who .time .why .save .open .schema .pager .set" },
  { "trace()", "where the last error came from" },
  { "Ctrl-R, Ctrl-C, Ctrl-D", "search the history, stop, leave" },
}

function M.overview()
  local lines = { echo.wrap(kStart, ""), "" }
  for _, item in ipairs(kOverview) do
    lines[#lines + 1] = echo.item(item[1], item[2], 22)
  end
  return table.concat(lines, "\n")
end

local function unknown(name)
  local words = { table.unpack(internal.descriptors()) }
  for _, word in ipairs(names.all()) do words[#words + 1] = word end
  local hint = internal.suggest(name, words)
  return "nothing is called '" .. name .. "'" .. (hint and "; " .. hint or "")
    .. "; try apropos \"" .. name .. "\""
end

local function is_function(name)
  local known = name and internal.descriptor(name)
  return known ~= nil and known.kind == "function"
end

-- Name of a descriptor by any name it goes by: "csv", "t:head", "views:mean", "S:source".
local function by_path(name)
  if internal.descriptor(name) then return name end
  local tokens = repl.lexer.code(name)
  if #tokens == 0 then return nil end
  local place = resolve.expression(tokens, #tokens)
  return place and (resolve.callee(place) or nil), place
end

-- Functions whose name ends so: ?head finds Table:head.
local function by_ending(name)
  local list = {}
  for _, known in ipairs(internal.descriptors()) do
    if known:match("[:.]([%w_]+)$") == name then list[#list + 1] = known end
  end
  return list
end

function M.of_name(name)
  if name == "" then return M.overview() end
  local command = name:match("^[.:](%a+)$")
  if command then return repl.commands.help(command) or "no command '." .. command .. "'; .help" end
  local path, place = by_path(name)
  if is_function(path) then return M.of_function(internal.descriptor(path)) end
  if names.texts[name] then return of_tool(name) end
  if #members_with(name .. ".") > 0 then return of_library(name) end
  local kind = place and resolve.kind(place)
  local text = M.of_type(name) or (kind and M.of_type(kind))
  if text then return text end
  local ending = by_ending(name)
  if #ending == 1 then return M.of_function(internal.descriptor(ending[1])) end
  if #ending > 1 then
    local members = {}
    for i, known in ipairs(ending) do members[i] = { known, internal.descriptor(known).text } end
    return listing(name, "Several functions are called so.", members)
  end
  if place and type(place.value) == "function" then
    return "function " .. name .. (names.vars[name:match("^[%w_]+")] == nil
      and ": Lua's own, as in its manual" or "")
  end
  if place and place.value ~= nil then return echo.text(place.value) end
  return unknown(name)
end

function M.of_value(value)
  if value == nil then return M.overview() end
  if type(value) == "string" then return M.of_name(value) end
  local name = internal.documented(value)
  if is_function(name) then return M.of_function(internal.descriptor(name)) end
  if name and #members_with(name .. ".") > 0 then return of_library(name) end
  if name then return M.of_type(name) or unknown(name) end
  for tool, known in next, names.tools do
    if rawequal(known, value) and names.texts[tool] then return of_tool(tool) end
  end
  return "help knows functions and handles; this is " .. internal.describe(value)
end

-- Where a function is written: Lua text of the library, the file of the engine's border, or what
-- was typed.
function M.source_of(name)
  local path, place = by_path(name)
  if is_function(path) then
    local known = internal.descriptor(path)
    local file, first, last = (known.source or ""):match("^stdlib/(.-):(%d+)-?(%d*)$")
    local head = M.of_function(known) .. "\n\n"
    if not file then
      return head .. echo.dim("Written in C++"
        .. (known.source and known.source ~= "" and ": " .. known.source or ""))
    end
    return head .. echo.dim("stdlib/" .. file .. ":" .. first) .. "\n"
      .. internal.console.library_lines(file, math.tointeger(tonumber(first)),
        math.tointeger(tonumber(last)) or 0)
  end
  if place and place.value ~= nil and names.vars[name] ~= nil then
    local input = repl.journal.input_of(name)
    if input then return echo.dim("typed as") .. "\n" .. input end
  end
  return M.of_name(name)
end

function M.apropos(word)
  local wanted, found = word:lower(), {}
  for _, name in ipairs(internal.descriptors()) do
    local known = internal.descriptor(name)
    local rank
    if name:lower():find(wanted, 1, true) then
      rank = 1
    elseif known.text:lower():find(wanted, 1, true) then
      rank = 2
    else
      for _, param in ipairs(known.params or {}) do
        if (param.name .. " " .. param.text):lower():find(wanted, 1, true) then rank = 3 end
      end
    end
    if rank and not name:find(":__", 1, true) then
      found[#found + 1] = { name, known.text, rank = rank }
    end
  end
  for name, text in next, names.texts do
    if (name .. " " .. text[2]):lower():find(wanted, 1, true) then
      found[#found + 1] = { name, text[2], rank = 1 }
    end
  end
  if #found == 0 then return "nothing speaks of '" .. word .. "'" end
  table.sort(found, function(a, b)
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a[1] < b[1]
  end)
  return listing("apropos " .. word, #found .. " found; ?name tells more.", found)
end

return M
