-- Numbers of rows, of columns and of rows with a missing cell.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:shape().rows == 4 and t:shape().incomplete_rows == 1)
