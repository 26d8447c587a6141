-- What columns say by themselves: about an outcome, about groups of rows, on few axes.
local internal = ...
local kit = internal.learn_kit
local option = kit.option

local function scored(more)
  local params = { kit.of(), kit.features("Columns to rank.") }
  for _, param in ipairs(more or {}) do params[#params + 1] = param end
  params[#params + 1] = kit.task()
  params[#params + 1] = kit.success()
  return params
end

kit.method("mutual_information",
  "What each column alone tells about the outcome, in nats: 0 for nothing, whatever the shape of"
    .. " the relation. Nearest neighbours for numbers, as scikit-learn's mutual_info_regression and"
    .. " mutual_info_classif. Table, ranked: mutual_information.",
  scored {
    option("neighbours", "integer", "Neighbours of each row: fewer is less smooth.",
      { default = 3, min = 1, max = 1000 }),
    option("discrete", "Column|text|list", "Columns of numbers that are classes.",
      { kind = "names" }),
  }, "local s <const> = learn.mutual_information { of = t.y, features = { t.x, t.w, t.k } }\n"
    .. "local first <const> = s:table \"mutual_information\":rows()[1]\n"
    .. "assert(first.feature == \"x\" and first.rank == 1 and first.score > 0.5)")

kit.method("f_test",
  "How well each column of numbers alone goes with the outcome: F of one-way analysis of variance"
    .. " for classes, of a straight line for numbers. p-values are of single tests. Table, ranked:"
    .. " f_test.", scored(),
  "local s <const> = learn.f_test { of = t.y, features = { t.x, t.w } }\n"
    .. "assert(s:table \"f_test\":rows()[1].feature == \"x\")")

kit.method("chi_squared",
  "How much the sums of each column, of counts, differ between classes. p-values are of single"
    .. " tests. Table, ranked: chi_squared.", scored(),
  "local s <const> = learn.chi_squared { of = t.won, features = { t.x, t.w } }\n"
    .. "assert(s:table \"chi_squared\":rows()[1].p_value < 1)")

kit.method("k_means",
  "Groups of rows that lie close together, found without an outcome. Rows: inertia, silhouette."
    .. " Several numbers of clusters: the one with the best silhouette is taken. Tables: clusters"
    .. " (sizes and centres), labels, choice.", {
    kit.features("Columns of numbers."), kit.weights(),
    option("clusters", "integer|list", "How many, or numbers to choose from.", { default = 8 }),
    option("standardise", "boolean", "Columns count in standard deviations.", { default = true }),
    option("restarts", "integer", "Starts from other centres; the best is taken.",
      { default = 10, min = 1, max = 10000 }),
    option("iterations", "integer", "Most of them a start.", { default = 300, min = 1 }),
  }, "local c <const> = learn.k_means { features = { t.x, t.y }, clusters = { 2, 3 } }\n"
    .. "assert(c:table \"labels\":count_rows() == 12 and c:rows()[2].term == \"silhouette\")")

kit.method("principal_components",
  "Principal components (PCA): few axes that hold most of the variance of many columns. Rows: share"
    .. " of the variance. Tables: axes (loadings), variance, scores.", {
    kit.features("Columns of numbers."), kit.weights(),
    option("components", "integer", "How many; left out: by `share`.", { min = 1 }),
    option("share", "number", "As many as hold this share of the variance.",
      { default = 1, min = 0, max = 1 }),
    option("standardise", "boolean", "Columns count in standard deviations.", { default = true }),
  },
  "local p <const> = learn.principal_components { features = { t.x, t.y }, components = 1 }\n"
    .. "assert(p:rows()[1].estimate > 0.9 and p:table \"scores\":count_rows() == 12)")
