-- Declares the key; checked when the table is first computed.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:with_key("x"):count_rows() == 4)
