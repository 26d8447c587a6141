-- Counts, means and quantiles of every column.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:describe():count_rows() == 3)
