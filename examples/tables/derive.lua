-- Adds or replaces computed columns.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:derive { y = t.x + 1 }:column_values("y")[1] == 4)
