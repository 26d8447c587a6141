#!/usr/bin/env bash
# Data that statistics stumble over: whatever they hold, a method answers with rows whose warnings
# say what is wrong, or with one error in words; never silence, never a number from nothing.
set -uo pipefail
. "$IMPACT_SOURCE/tests/support/program.sh"
unset IMPACT_DATA

cat >trouble.lua <<'END'
local inf <const> = math.huge
local tables <const> = {
  empty = frame { { "y", {} }, { "g", {} }, types = { y = "number", g = "text" } },
  one = frame { { "y", { 1.0 } }, { "g", { "a" } } },
  flat = frame { { "y", { 2, 2, 2, 2 } }, { "g", { "a", "a", "b", "b" } } },
  gone = frame {
    { "y", { missing, missing } }, { "g", { "a", "b" } }, types = { y = "number" },
  },
  wild = frame { { "y", { 1, inf, 3, 4 } }, { "g", { "a", "a", "b", "b" } } },
}
-- A number without a warning must come from data that have one.
local kFine <const> = {
  ["wild mann_whitney"] = true, ["wild kolmogorov_smirnov"] = true, ["wild kruskal_wallis"] = true,
  ["wild dunn"] = true, ["flat kolmogorov_smirnov"] = true,
}
for name, t in pairs(tables) do
  for _, method in ipairs {
    "welch", "t_test", "mann_whitney", "kolmogorov_smirnov", "anova", "welch_anova",
    "kruskal_wallis", "levene", "tukey_hsd", "games_howell", "dunn", "permutation",
  } do
    local rows <const> = stats[method] { of = t.y, by = t.g }:rows()
    assert(#rows > 0, name .. " " .. method .. " says nothing")
    local first <const> = rows[1]
    assert(first.p_value ~= first.p_value or kFine[name .. " " .. method]
      or first.p_value == 1, name .. " " .. method .. " has a p-value of " .. first.p_value)
    assert(#first.warnings > 0 or kFine[name .. " " .. method] or first.p_value == 1,
      name .. " " .. method .. " warns of nothing")
  end
  for _, a in ipairs {
    stats.describe { of = t.y }, stats.shapiro_wilk { of = t.y },
    stats.bootstrap { of = t.y, draws = 99 },
    stats.classifier { of = t.y:gt(1), features = t.y, folds = 2 },
  } do
    local rows <const> = a:rows()
    assert(#rows > 0 and #rows[1].warnings > 0, name .. ": " .. tostring(a) .. " warns of nothing")
  end
end

local function warned(analysis, text)
  local all = ""
  for _, row in ipairs(analysis:rows()) do
    for _, warning in ipairs(row.warnings) do all = all .. warning .. "\n" end
  end
  assert(all:find(text, 1, true), "no '" .. text .. "' in: " .. all)
end
local line <const> = frame {
  { "y", { 1, 2, 4, 3, 7 } }, { "x", { 1, 2, 3, 4, 5 } }, { "x2", { 2, 4, 6, 8, 10 } },
}
warned(stats.ols(line.y ~ line.x + line.x2), "'x2' left out")
warned(stats.poisson(line.y ~ line.x + line.x2), "'x2' left out")
local apart <const> = frame { { "y", { 0, 0, 0, 1, 1, 1 } }, { "x", { 1, 2, 3, 4, 5, 6 } } }
warned(stats.logit(apart.y ~ apart.x), "'x'")
local few <const> = frame { { "y", { 1, 2 } }, { "a", { 1, 2 } }, { "b", { 2, 5 } } }
warned(stats.ols(few.y ~ few.a + few.b), "2 rows for 2 coefficients")

-- Names and labels that break what they are put into.
local odd <const> = frame {
  { "it's \"odd\"", { 1, 2, 3, 4 } },
  { "<b>", { "</script>", "😀", "</script>", "😀" } },
}
local row <const> = stats.welch { of = odd:col "it's \"odd\"", by = odd:col "<b>" }:rows()[1]
assert(row.term == "</script> - 😀", row.term)

-- Ten thousand groups.
local y, g = {}, {}
for i = 1, 20000 do y[i], g[i] = i % 97, "group " .. (i % 10000) end
local many <const> = frame { { "y", y }, { "g", g } }
assert(stats.anova { of = many.y, by = many.g }:rows()[1].df == 9999)
END
"$IMPACT" run trouble.lua >out.txt 2>err.txt || fail "trouble.lua: $(cat err.txt)"

# refused NAME CODE TEXT: one error with the text.
refused() {
  "$IMPACT" -e "$2" >out.txt 2>err.txt && fail "$1: no error"
  grep -qF -- "$3" err.txt || fail "$1: no '$3' in: $(cat err.txt)"
  [ "$(grep -c '^[^ ]' err.txt)" = 1 ] || fail "$1: not one message: $(cat err.txt)"
}
t='local t = frame { { "y", { -1, 2, 3, 4 } }, { "g", { "a", "b", "c", "a" } },
  { "d", { "1850-01-01", "1850-01-02", "1850-01-03", "1850-01-04" } }, types = { d = "date" } }
'
refused "negative counts" "$t stats.poisson(t.y ~ t.g):rows()" "must not be negative"
refused "three groups" "$t stats.welch { of = t.y, by = t.g }:rows()" "makes 3 groups"
refused "texts as numbers" "$t stats.welch { of = t.g, by = t.y }" "'of' of welch must hold numbers"
refused "dates as groups" "$t stats.welch { of = t.y, by = t.d }" "must be groups"
refused "a misspelt method" "$t stats.welsh { of = t.y }" "did you mean 'welch'"
refused "a misspelt option" "$t stats.welch { of = t.y, bye = t.g }" "did you mean 'by'"
refused "columns of two tables" \
  "$t local u = frame { { 'g', { 'a', 'b', 'a', 'b' } } } stats.welch { of = t.y, by = u.g }" \
  "another table"
refused "a level out of range" "$t stats.t_test { of = t.y, conf_level = 95 }" "conf_level"

exit $((failures > 0))
