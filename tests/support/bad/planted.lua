-- Mistakes an editor must report, each at the line that says so; nothing else may be reported.
local S <const> = study "planted" { version = "0.1.0", seed = 1 }
local t <const> = frame { { "x", { 1, 2, 3 } }, { "g", { "a", "b", "b" } }, key = "x" }
local gap <const> = stats.welch { of = t.x, by = t.g }
local sum <const> = 2 * t.x + t.x * 2 - 1
local ate <const> = S:inquiry "ATE" { of = t.x, contrast = t.g:between("a", "b") }
local n <const> = t:count_rows()
local v <const> = { t:derive { y = t.x + 1, z = missing }, stats.ols(t.x ~ t.g, { se = "HC3" }) }

S:tabel "counts" (t:count(t.g))  -- planted: a method that a study lacks
print(gap:row())  -- planted: a method that an analysis lacks
print(sum:meen())  -- planted: a method that an expression lacks
print(stats.welsh { of = t.x, by = t.g })  -- planted: a function that a library lacks
print(ols.linn)  -- planted: a field that a function with fields lacks
print(gap:rows()[1].estimat)  -- planted: a field that a row lacks
print(framee { { "x", { 1 } } })  -- planted: an unknown name
print(t:head("two"))  -- planted: the type of an argument
print(stats.welch { of = t.x, by = t.g, conf_level = "high" })  -- planted: the type of an option
S:source "s" { csv = 5 }  -- planted: the type of an option of a curried call
print(stats.welch { of = t.x, by = t.g, alternative = "bigger" })  -- planted: a value of a few
print(t:join(t, { on = "x", kind = "lefty" }))  -- planted: a value of a few, of a method
print(t:head(2, { ofset = 1 }))  -- planted: a misspelt option
print(csv { "file.csv", delimiter = ";" })  -- planted: a misspelt option beside a first argument
print(stats.welch { of = t.x, by = t.g, confidence = { 0.9 } })  -- planted: the same with a list
S:filter "f" { from = t, where = t.x:gt(1), expect = { row = 3 } }  -- planted: a misspelt field
print(stats.welch { off = t.x, by = t.g })  -- planted: a misspelt option that is needed
S:estimator "d" (difference_in_means {}) { answer = ate }  -- planted: the same in a third piece
S:estimator "e" (t) { answers = ate }  -- planted: the type of a second piece
S:table "rows" (n)  -- planted: a result that is no table
S:check "c" { rows = t:shape() }  -- planted: a result that is no table, as an option

return S, v
