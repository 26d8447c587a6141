-- Keeps the rows without a missing cell.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:drop_missing("y"):count_rows() == 3)
