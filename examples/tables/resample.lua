-- One row a group and period, which is named by its first day.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
local d = frame { { "day", { "2024-01-31", "2024-02-01" } }, { "n", { 1, 2 } } }
  :cast { day = "date" }
assert(d:resample { time = "day", period = "month", total = d.n:sum() }:count_rows() == 2)
