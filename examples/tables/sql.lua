-- The result of a SQL query over this table.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:sql("select sum(x) as s from self"):column_values("s")[1] == 10)
