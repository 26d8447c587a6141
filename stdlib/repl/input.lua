-- What was typed, made ready to run. A name declared at the prompt must live on, so `local` at the
-- outermost level becomes an assignment to a name of the prompt; nothing else is changed, and lines
-- and columns stay where they were.
local internal = ...
local console = internal.console
local lexer = internal.repl.lexer

local M = {}

local function spaces(n) return (" "):rep(n) end

-- The end of `name <attribute>, name` from token i on: index behind it, attributes as tokens,
-- whether a variable is to be closed; nil when it is no list of names.
local function name_list(tokens, i)
  local attributes, closes = {}, false
  while true do
    if not tokens[i] or tokens[i].kind ~= "name" then return nil end
    i = i + 1
    local open, word, close = tokens[i], tokens[i + 1], tokens[i + 2]
    if open and open.text == "<" and word and word.kind == "name" and close
      and close.text == ">" then
      attributes[#attributes + 1] = { from = open.from, to = close.to }
      closes = closes or word.text == "close"
      i = i + 3
    end
    if not tokens[i] or tokens[i].text ~= "," then return i, attributes, closes end
    i = i + 1
  end
end

-- Cuts of one `local` at token i: { from, to, text } each.
local function cuts_of(tokens, i)
  local word = tokens[i]
  local blank = { from = word.from, to = word.to, text = spaces(5) }
  if tokens[i + 1] and tokens[i + 1].text == "function" then return { blank } end
  local behind, attributes, closes = name_list(tokens, i + 1)
  if not behind or closes then return {} end
  local cuts = { blank }
  for _, place in ipairs(attributes) do
    cuts[#cuts + 1] = { from = place.from, to = place.to, text = spaces(place.to - place.from + 1) }
  end
  if not tokens[behind] or tokens[behind].text ~= "=" then
    local last = tokens[behind - 1].to
    cuts[#cuts + 1] = { from = last + 1, to = last, text = " = nil" }
  end
  return cuts
end

function M.without_locals(text)
  local tokens, depth, parts, at = lexer.code(text), 0, {}, 1
  for i, token in ipairs(tokens) do
    if depth == 0 and token.kind == "keyword" and token.text == "local" then
      for _, cut in ipairs(cuts_of(tokens, i)) do
        parts[#parts + 1] = text:sub(at, cut.from - 1)
        parts[#parts + 1] = cut.text
        at = cut.to + 1
      end
    end
    depth = math.max(0, depth + lexer.depth_of(token))
  end
  return table.concat(parts) .. text:sub(at)
end

-- The text as a function, and whether it is an expression; nil and the interpreter's message.
function M.compile(text, chunk, environment)
  local run = console.compile("return " .. text .. "\n", chunk, environment)
  if run then return run, true end
  -- A line end behind it, so that an open quote is wrong and not just unfinished.
  local message
  run, message = console.compile(M.without_locals(text) .. "\n", chunk, environment)
  return run, run and false or message
end

function M.is_command(text) return text:find("^%s*[.:]%a") ~= nil end
function M.is_question(text) return text:find("^%s*%?") ~= nil end

local function unfinished(text)
  local run, message = console.compile(text, "input", nil)
  return run == nil and message:find("<eof>", -5, true) ~= nil
end

-- By the rule of the reference interpreter, for expressions too: what fails at its very end goes on
-- in the next line.
function M.whole(text)
  if not text:find("%S") or M.is_command(text) or M.is_question(text) then return true end
  if M.compile(text, "input", nil) then return true end
  return not unfinished(M.without_locals(text) .. "\n")
    and not unfinished("return " .. text .. "\n")
end

-- Whether the last thing typed is a semicolon: its value is then not shown.
function M.silent(text)
  local tokens = lexer.code(text)
  local last = tokens[#tokens]
  if not last or last.text ~= ";" then return text, false end
  return text:sub(1, last.from - 1) .. " " .. text:sub(last.to + 1), true
end

return M
