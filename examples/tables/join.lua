-- Puts rows of two tables side by side.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
local names = frame { { "g", { "a", "b" } }, { "name", { "A", "B" } } }
assert(t:join(names, { on = "g", expect = "many-to-one", rows = 4 }):count_rows() == 4)
