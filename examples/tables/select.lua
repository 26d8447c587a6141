-- Keeps exactly these columns, in this order.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(#t:select("x", (t.x * 2):as "twice"):rows() == 4)
