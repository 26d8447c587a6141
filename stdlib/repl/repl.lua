-- The prompt: what is typed goes to submit(), what may be typed next comes from complete().
local internal = ...
local raise, console = internal.raise, internal.console

internal.interactive = true
local repl = {}
internal.repl = repl
for _, part in ipairs {
  "lexer", "input", "names", "settings", "echo", "resolve", "journal", "complete", "help",
  "draft", "save", "tips", "tutorial", "commands",
} do
  repl[part] = internal.load("repl/" .. part .. ".lua")
end
local input, names, echo, help = repl.input, repl.names, repl.echo, repl.help

local function tool(name, signature, text, body)
  names.tools[name] = body
  names.texts[name] = { signature, text }
end

tool("help", "help(value)",
  "Help on a function or handle under any name; help() tells how to use the prompt.",
  function(value) echo.write(help.of_value(value)) end)
tool("apropos", "apropos \"word\"", "Functions that speak of a word.", function(word)
  if type(word) ~= "string" or word == "" then
    raise { what = "apropos needs a word", expected = "apropos \"median\"" }
  end
  echo.write(help.apropos(word))
end)
tool("trace", "trace()", "Where the last error came from, with the frames of the library.",
  function()
    local frames = console.trace()
    if console.failure() == "" then return echo.write("there was no error yet") end
    echo.write(console.failure():match("^[^\n]*") .. "\n  "
      .. (#frames > 0 and table.concat(frames, "\n  ") or "no frames: the text was not run"))
  end)
tool("tutorial", "tutorial(screen)", "Five screens on generated data.", function(screen)
  echo.write(repl.tutorial.screen(screen))
end)
names.texts.ans = { "ans, ans1 ... ans9", "The last value that was shown, and the nine before it." }

local function show(results, expression, text)
  for i = 1, results.n do
    if results[i] ~= nil or results.n > 1 then echo.write(echo.text(results[i])) end
  end
  local last = text:match("(%S)%s*$")
  if expression and results.n == 1 and results[1] == nil and last ~= ")" and last ~= "}" then
    echo.write("nil")
  end
end

-- Runs text that was typed and shows its values.
function repl.evaluate(text, chunk)
  local code, silent = input.silent(text)
  local run, expression = input.compile(code, chunk, names.environment)
  if not run then
    local line, message = expression:match(":(%d+): (.*)$")
    raise { what = message or expression, at = chunk .. ":" .. (line or "1"), kind = "syntax" }
  end
  repl.journal.begin(text)
  local results = table.pack(run())
  -- What could not be shown, or was given up, is nothing to come back to.
  if not silent then show(results, expression, code) end
  local origin = repl.journal.keep(expression, results[1])
  for i = results.n, 1, -1 do names.remember(results[i], results.n == 1 and origin or nil) end
end

local function submit(text, chunk)
  if not text:find("%S") then return false end
  repl.journal.settle()
  if (input.is_command(text) or input.is_question(text)) and text:find("%S%s*\n%s*%S") then
    raise {
      what = "a command or a question stands alone", got = text:match("^%s*([^\n]*)"),
      hint = "give its line first, then the others",
    }
  end
  if input.is_command(text) then return repl.commands.run(text) end
  if input.is_question(text) then
    local marks, name = text:match("^%s*(%?%??)%s*(.-)%s*$")
    name = name:gsub("%(%)$", "")
    echo.write(marks == "??" and help.source_of(name) or help.of_name(name))
    return false
  end
  local started = console.clock()
  repl.evaluate(text, chunk)
  if repl.settings.time then
    echo.write(echo.dim(("%.3f s"):format(console.clock() - started)))
  end
  return false
end

local function banner()
  local text = "Impactlytics " .. console.version() .. "   "
    .. echo.dim("tutorial() to begin, help() for help, Ctrl-D to leave")
  if repl.settings.tips then text = text .. "\n" .. echo.dim(repl.tips.today()) end
  return text
end

return {
  submit = submit, banner = banner, whole = input.whole, complete = repl.complete.complete,
}
