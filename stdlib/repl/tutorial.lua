-- tutorial(): five screens, each with lines to type. The data are invented, by named streams, so
-- that everybody sees the same numbers.
local internal = ...
local console, raise = internal.console, internal.raise
local echo = internal.repl.echo

local M = {}

-- A line that begins with "> " is to be typed; lines marked "$ " belong to the shell.
M.screens = {
  {
    "Tables",
    "Everything is Lua, and a value is shown when you type it. First some invented data: 400 "
      .. "videos, each with a neutral or a positive caption drawn by lot.",
    "> .sample videos.csv",
    "> videos = csv \"videos.csv\"",
    "> videos",
    "Nothing was read until it was shown. A table knows what it can do: type `videos:` and press "
      .. "Tab; after `videos.` Tab lists its columns.",
    "> .schema videos",
    "> ?Table:head",
  },
  {
    "Exploring",
    "Verbs give new tables and leave the old one as it is; columns are expressions.",
    "> videos:describe()",
    "> videos:count(videos.tier)",
    "> long = videos:filter(videos.duration_s:gt(60))",
    "> long:summarise { by = videos.tier, mean = videos.views:mean(), n = count() }",
    "> videos:derive { rate = videos.likes / videos.views }:head(5)",
    "A semicolon at the end shows nothing; ans is the last value. A typo is an error with a hint:",
    "> videos.vievs",
  },
  {
    "Plots",
    "A plot is drawn with characters here; .open shows it in the browser, with tooltips.",
    "> plot.histogram { of = videos.views, x_scale = \"log\" }",
    "> plot.box { of = videos.log_views, by = videos.caption }",
    "> ?plot",
  },
  {
    "Answers",
    "A method takes columns and options and gives rows with their standard error, interval and "
      .. "warnings.",
    "> gap = stats.welch { of = videos.log_views, by = videos.caption }",
    "> gap",
    "> fit = stats.ols(videos.log_views ~ videos.caption + videos.tier)",
    "> fit",
    "> apropos \"regression\"",
  },
  {
    "A study",
    "What you tried becomes a script that anybody can rerun: files are declared as sources, "
      .. "analyses are named, plots get captions.",
    "> .save first.lua",
    "> .why gap",
    "Leave with Ctrl-D and run it; the report opens in any browser.",
    "$ impact run first.lua",
    "$ impact verify runs/first",
    "Next: impact new NAME makes a study with a model, to diagnose it before there are data.",
  },
}

function M.screen(number)
  number = number == nil and 1 or number
  local screen = math.type(number) == "integer" and M.screens[number]
  if not screen then
    raise {
      what = "the tutorial has " .. #M.screens .. " screens", got = internal.describe(number),
      expected = "tutorial(1) to tutorial(" .. #M.screens .. ")",
    }
  end
  local parts = { echo.bold(("%d of %d  %s"):format(number, #M.screens, screen[1])), "" }
  for i = 2, #screen do
    local mark, code = screen[i]:match("^([>$]) (.*)$")
    if mark then
      parts[#parts + 1] = "    " .. echo.dim(mark .. " ") .. code
    else
      if i > 2 then parts[#parts + 1] = "" end
      parts[#parts + 1] = echo.wrap(screen[i], "  ")
      parts[#parts + 1] = ""
    end
  end
  if number < #M.screens then
    parts[#parts + 1] = "\n  " .. echo.dim("tutorial(" .. number + 1 .. ") goes on")
  end
  return table.concat(parts, "\n")
end

local kTiers <const> = { "small", "medium", "large" }

local function sample_text()
  local names = internal.names
  local function stream(name) return names.random("tutorial " .. name, 1) end
  local tier, caption = stream "tier", stream "caption"
  local noise, length, like = stream "views", stream "duration", stream "likes"
  local lines = { "video_id,tier,caption,duration_s,views,log_views,likes" }
  for id = 1, 400 do
    local t = tier:integer(1, 3)
    local positive = caption:integer(0, 1) == 1
    local log_views = 6 + 1.2 * t + (positive and 0.25 or 0) + 0.8 * noise:normal()
    local views = math.floor(math.exp(log_views) + 0.5)
    local likes = math.floor(views * (0.02 + 0.06 * like:uniform()))
    -- One length in forty is not known.
    local duration = id % 40 == 7 and "" or tostring(length:integer(8, 180))
    lines[#lines + 1] = ("%d,%s,%s,%s,%d,%.4f,%d"):format(
      1000 + id, kTiers[t], positive and "positive" or "neutral", duration, views, log_views,
      likes)
  end
  return table.concat(lines, "\n") .. "\n"
end

function M.write_sample(path)
  if not path:find("%.csv$") then
    raise { what = ".sample writes a CSV file", got = path, expected = ".sample videos.csv" }
  end
  console.write_new_file(path, sample_text())
  return path .. ": 400 invented videos"
end

return M
