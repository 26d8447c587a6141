-- Writes the table to a file in the run folder.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
t:write { csv = "t.csv" }
