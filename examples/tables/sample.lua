-- Draws rows at random. Which ones depends on the stream and the rows' keys only.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
assert(t:with_key("x"):sample { n = 2, stream = random("draw", 7) }:count_rows() == 2)
