-- Keeps the rows for which the condition is true.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:filter(t.x:gt(1)):count_rows() == 3)
assert(t:filter("x > 1"):count_rows() == 3)
