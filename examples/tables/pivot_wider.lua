-- Turns rows into columns.
local t = frame { { "x", { 3, 1, 4, 2 } }, { "y", { 1.5, missing, 2.5, 3.5 } },
  { "g", { "a", "a", "b", "b" } } }
local long = t:select("x", "g"):derive { y = t.x * 2 }:pivot_longer { columns = { "x", "y" } }
local top = long:summarise { by = { "g", "name" }, value = long.value:max() }
local wide = top:pivot_wider { names_from = "name", values_from = "value" }
assert(wide:count_rows() == 2)
