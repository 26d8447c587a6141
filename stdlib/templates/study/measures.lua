-- Functions of this study, in a file of their own so that test.lua can try them.
local measures <const> = {}

-- A difference of logarithms as a change in per cent.
function measures.percent(t)
  return t:derive { percent = (t.effect:exp() - 1) * 100 }
end

return measures
