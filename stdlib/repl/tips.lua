-- One tip a day, in turn; .set tips off ends them.
local internal = ...

local M = {}

M.list = {
  "a ; at the end of a line computes without showing",
  "ans is the last value, ans1 the one before it",
  "?stats.welch tells what a test does; ??stats.welch where it is written",
  "Tab after `t.` lists columns, after `t:` methods, inside { } options",
  ".time EXPRESSION tells how long it takes; .time on tells it of every line",
  ".why NAME lists the lines that made it",
  ".save study.lua writes what you tried as a study that runs again anywhere",
  ".open plot.histogram { of = t.views } draws it in the browser",
  "Ctrl-R searches everything you ever typed in this project",
  "Ctrl-C stops a query that takes too long; your names are still there",
  "impact query \"select count(*) from data\" FILE asks a file without a script",
  "t:describe() shows count, mean, spread and quantiles of every column",
  "missing cells are never zero: t:drop_missing() and t:fill_missing { } are explicit",
  "a column is an expression: t:filter(t.views:gt(1000)), t:derive { rate = t.likes / t.views }",
  "t:sql \"select ... from self\" is welcome where SQL is shorter",
  "apropos \"rank\" finds functions by what they do",
  "S:model lets impact diagnose simulate a study before there is data",
  "impact verify RUN repeats a run and compares it to the last bit",
  "trace() shows where the last error came from",
  "random(\"name\", seed) gives the same numbers on every machine",
}

local shown = 0

local function tip(i) return "tip: " .. M.list[i % #M.list + 1] end

function M.today() return tip(internal.console.today()) end

function M.next()
  shown = shown + 1
  return tip(internal.console.today() + shown)
end

return M
