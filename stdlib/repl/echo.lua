-- What values look like at the prompt.
local internal = ...
local console = internal.console

local M = {}

local kMostItems <const>, kMostDepth <const>, kMostText <const> = 20, 4, 200
-- Of all items together, however they are nested.
local kMostParts <const> = 200
-- Of a table or a plot: a glance, not the whole of a tall screen.
local kMostLines <const> = 24

local kEscapes <const> = {
  ["\n"] = "\\n", ["\t"] = "\\t", ["\""] = "\\\"", ["\\"] = "\\\\",
}

local function quoted(text)
  local valid = utf8.len(text) ~= nil
  local cut = valid and utf8.offset(text, kMostText + 1) or not valid and kMostText + 1
  local more = cut and cut <= #text and "…" or ""
  if more ~= "" then text = text:sub(1, cut - 1) end
  text = text:gsub(valid and "[%c\"\\]" or "[%c\"\\\128-\255]", function(c)
    return kEscapes[c] or ("\\%d"):format(c:byte())
  end)
  return "\"" .. internal.printable(text) .. more .. "\""
end

local function plain(value)
  return type(value) == "table" and internal.metatable(value) == nil
end

local inspect
local left = kMostParts

local function key_text(key)
  if type(key) == "string" and key:find("^[%a_][%w_]*$") then return key end
  return "[" .. inspect(key, kMostDepth) .. "]"
end

local function inspect_list(value, depth, indent)
  local parts, inner = {}, indent .. "  "
  local ok, keys = pcall(internal.keys, value)
  if not ok then return "{ ... }" end
  for _, key in ipairs(keys) do
    left = left - 1
    if #parts == kMostItems or left < 0 then
      parts[#parts + 1] = "… " .. #keys - #parts .. " more"
      break
    end
    local text = inspect(rawget(value, key), depth + 1, inner)
    parts[#parts + 1] = math.type(key) == "integer" and key == #parts + 1 and text
      or key_text(key) .. " = " .. text
  end
  if #parts == 0 then return "{}" end
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if utf8.len(line) and utf8.len(line) + #indent <= 76 and not line:find("\n") then return line end
  return "{\n" .. inner .. table.concat(parts, ",\n" .. inner) .. ",\n" .. indent .. "}"
end

function inspect(value, depth, indent)
  if type(value) == "string" then return depth == 0 and value or quoted(value) end
  if plain(value) then
    if depth >= kMostDepth then return "{ ... }" end
    return inspect_list(value, depth, indent)
  end
  if type(value) == "function" then
    local name = internal.documented(value)
    return name and "function " .. name or "function"
  end
  return internal.names.tostring(value)
end

function M.style(code, text)
  local _, _, colour = console.screen()
  return colour and "\27[" .. code .. "m" .. text .. "\27[0m" or text
end
function M.bold(text) return M.style(1, text) end
function M.dim(text) return M.style(2, text) end

-- Text of any value for the terminal, without a line end.
function M.text(value)
  local columns, rows, colour = console.screen()
  local shown = internal.display(value, {
    columns = columns, rows = math.min(rows, kMostLines), color = colour,
  })
  if shown then return (shown:gsub("\n+$", "")) end
  if type(value) == "string" then return quoted(value) end
  left = kMostParts
  local text, known = inspect(value, 0, ""), internal.documented(value)
  if not known or (type(value) ~= "function" and type(value) ~= "table") then return text end
  return text .. M.dim("   (?" .. known .. " tells what it does)")
end

-- Writes to the terminal, through the pager where that is wanted and the screen too small.
function M.write(text)
  local _, rows = console.screen()
  local _, lines = text:gsub("\n", "")
  if internal.repl.settings.pager and lines >= rows then
    console.page(text .. "\n")
  else
    internal.write(text .. "\n")
  end
end

-- Breaks a paragraph into lines of the terminal's width, each behind `indent`.
function M.wrap(text, indent)
  local columns = console.screen()
  local width, lines, line = math.max(20, math.min(columns, 100) - #indent), {}, ""
  for word in text:gmatch("%S+") do
    local length = (utf8.len(line) or #line) + (utf8.len(word) or #word) + 1
    if line ~= "" and length > width then
      lines[#lines + 1] = indent .. line
      line = word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  if line ~= "" then lines[#lines + 1] = indent .. line end
  return table.concat(lines, "\n")
end

-- A word and what it means, in two columns; `width` is that of the first.
function M.item(word, text, width)
  local indent = (" "):rep(width + 4)
  local wrapped = M.wrap(text, indent)
  local pad = (" "):rep(math.max(2, width + 2 - (utf8.len(word) or #word)))
  return "  " .. M.bold(word) .. pad .. wrapped:sub(#indent + 1)
end

-- The same for a call: its first line at the margin, the others behind `indent`.
function M.hang(text, indent)
  return (M.wrap(text, indent):gsub("^" .. indent, ""))
end

return M
