-- Gives columns other types; a cell that can't be converted is an error.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:cast { x = "text" }:column_values("x")[1] == "3")
