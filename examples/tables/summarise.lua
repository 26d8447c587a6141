-- One row a group, with the aggregates of its rows.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
local s = t:summarise { by = t.g, t.x:sum():as "total", n = count() }
assert(s:count_rows() == 2)
