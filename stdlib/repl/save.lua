-- .save: a study script from what was tried. What a study can't do while it is declared, and what
-- would not compute what the prompt showed, stays as a comment with the reason.
local internal = ...
local console, repl, raise = internal.console, internal.repl, internal.raise
local journal = repl.journal

local M = {}

local function commented(text) return "-- " .. text:gsub("\n", "\n-- ") end

-- Names in order.
local function sorted(set)
  local list = {}
  for name in next, set do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- The script; notes at which line each statement begins and ends.
local function render(draft, study)
  local lines, count = {}, 0
  local function push(text)
    lines[#lines + 1] = text
    count = count + 1 + select(2, text:gsub("\n", ""))
  end
  push("-- What was tried at the prompt, as a study. Change names and texts; the question first.")
  push(("local %s <const> = study %q {"):format(draft.study, study))
  push("  version = \"0.1.0\", seed = 1,  -- any whole number: the seed of every random stream")
  push("  question = \"What was asked?\",")
  push("}")
  if draft.figure ~= "figure" then push("local " .. draft.figure .. " <const> = figure") end
  local shared = sorted(draft.shared)
  if #shared > 0 then push("local " .. table.concat(shared, ", ")) end
  push("")
  for _, line in ipairs(draft.lines) do
    line.from = count + 1
    push(line.out and commented(line.text) .. "  -- " .. line.out:gsub("\n.*", "") or line.text)
    line.to = count
  end
  push("")
  push(draft.study .. ":report \"What was found\" {")
  for _, item in ipairs(draft.items) do
    if not item.out then push("  " .. item.text .. ",") end
  end
  push("}")
  push("return " .. draft.study)
  return table.concat(lines, "\n") .. "\n"
end

-- What needs a statement that is out goes, too.
local function spread(draft)
  local gone = {}
  for _, line in ipairs(draft.lines) do
    if not line.out then
      for _, name in ipairs(sorted(line.needs)) do
        if gone[name] then line.out = line.out or "needs " .. name end
      end
    end
    for name in next, line.makes do
      if line.out then gone[name] = true elseif line.resets then gone[name] = nil end
    end
  end
  for _, item in ipairs(draft.items) do
    for name in next, item.needs do item.out = item.out or gone[name] end
  end
end

local function take_out(draft, number, why)
  for _, line in ipairs(draft.lines) do
    if not line.out and line.from <= number and number <= line.to then
      line.out = why
      return true
    end
  end
  return false
end

-- Declarations that would compute something else than what the prompt showed.
local function compare(draft, definitions)
  local changed = false
  for _, line in ipairs(draft.lines) do
    local saved = line.node and not line.out and definitions[line.node]
    if saved then
      local shown = console.definition(line.value)
      for path, file in next, draft.paths do
        local from = shown:find("\"" .. path .. "\"", 1, true)
        while from do
          shown = shown:sub(1, from) .. file .. shown:sub(from + 1 + #path)
          from = shown:find("\"" .. path .. "\"", from, true)
        end
      end
      if shown ~= saved then
        line.out = "would not be what the prompt showed: its lines can't be told apart"
        changed = true
      end
    end
  end
  return changed
end

local kMostRounds <const> = 50

-- Text of the script, the draft and what is still wrong with it.
local function checked(study)
  local draft = repl.draft.make()
  local text, errors
  for _ = 1, kMostRounds do
    spread(draft)
    text = render(draft, study)
    local definitions
    errors, definitions = console.check_script(text, draft.data or "")
    local changed = false
    for _, found in ipairs(errors) do
      changed = take_out(draft, found.line, found.what) or changed
    end
    if #errors == 0 then changed = compare(draft, definitions) end
    if not changed then break end
  end
  return text, draft, errors
end

-- How the study is run from here.
local function command(path, draft)
  local data = draft.data
  if not data and console.data() ~= "" then data = console.data() end
  if not data and path:find("/", 1, true) and journal.inputs[1] then data = "." end
  return "impact run " .. path .. (data and " --data " .. data or "")
end

-- Writes the study; returns what to tell the user.
function M.save(path)
  if path == "" then raise { what = ".save needs a file", expected = ".save study.lua" } end
  if not path:find("%.lua$") then path = path .. ".lua" end
  if internal.core.current then
    raise {
      what = "a study was declared at the prompt: its lines are the script already",
      hint = "put them into " .. path .. ", which ends with 'return S'",
    }
  end
  if #journal.inputs == 0 then
    raise { what = "there is nothing to save yet", hint = "tutorial() shows a start" }
  end
  local stem = path:match("([^/]*)%.lua$"):gsub("[^%w_.-]", "-")
  local text, draft, errors = checked(stem:match("^[%w_]") and stem or "study")
  console.write_new_file(path, text)
  local kept = 0
  for _, line in ipairs(draft.lines) do
    if not line.out then kept = kept + 1 end
  end
  local said = { ("%s: %d of %d lines became a study"):format(path, kept, #draft.lines) }
  if kept < #draft.lines then said[2] = "  the others are comments, with the reason" end
  if draft.scattered then
    said[#said + 1] = "  its files lie in several folders: put them into one"
  end
  for _, found in ipairs(errors) do
    said[#said + 1] = "  line " .. found.line .. ": " .. found.what
  end
  if #errors == 0 then said[#said + 1] = "  run it: " .. command(path, draft) end
  return table.concat(said, "\n")
end

return M
