-- Run with: impact run study-name/test.lua
local measures <const> = use "measures"

local t <const> = frame { { "effect", { 0.0, 0.1 } }, key = "effect" }
local percent <const> = measures.percent(t):column_values("percent")
assert(percent[1] == 0)
assert(math.abs(percent[2] - 10.517) < 0.001, "a tenth of a log unit is 10.5 per cent")
print("study-name: all tests passed")
