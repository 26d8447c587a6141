-- Turns columns into rows.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:derive { y = t.x * 2 }:pivot_longer { columns = { "x", "y" } }:count_rows() == 8)
