-- Replaces missing cells by the last present one before.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:fill_forward("y", { order = t.x }):count_rows() == 4)
