-- Fails with the offending rows unless the table is as expected.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
t:expect { rows = 4, unique = "x", range = { x = { 1, 4 } } }
