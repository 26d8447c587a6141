-- Two samples, one sample, pairs.
local internal = ...
local kit = internal.kit
local column, option = kit.column, kit.option

local function of(text) return column("of", text or "The values.", "number") end

local function null()
  return option("null", "number", "Mean, or difference, of the hypothesis.", { default = 0 })
end

kit.method("t_test",
  "Student's t test: of a mean; with `with` of the mean difference of pairs; with `by` of two"
    .. " means with equal variances. Rows: the difference, Cohen's d, Hedges' g.", {
    of(), kit.optional(kit.two()),
    kit.optional(column("with", "The other value of each pair.", "number")),
    null(), kit.alternative(), kit.conf_level(),
  }, "local row <const> = stats.t_test { of = t.y, by = t.g }:rows()[1]\n"
    .. "assert(row.df == 6 and row.estimate == 2.6875 - 7.625)")

kit.method("welch",
  "Welch's t test of two means whose variances may differ. Rows: the difference of means with its"
    .. " interval, Cohen's d, Hedges' g.",
  { of(), kit.two(), null(), kit.alternative(), kit.conf_level() },
  "local row <const> = stats.welch { of = t.y, by = t.g:between(\"b\", \"a\") }:rows()[1]\n"
    .. "assert(row.term == \"b - a\" and row.estimate == 7.625 - 2.6875)")

local function p_value()
  return option("p_value", "text", "Exact, by its limit, or whichever is feasible.",
    { default = "auto", allowed = { "auto", "exact", "limit" } })
end

local function continuity(text)
  return option("continuity", "boolean", text or "Correct the normal limit for continuity.",
    { default = true })
end

kit.method("mann_whitney",
  "The rank sum test of two groups. Rows: the chance that a value of the first exceeds one of the"
    .. " second, and Cliff's delta.",
  { of(), kit.two(), p_value(), continuity(), kit.alternative(), kit.conf_level() },
  "local row <const> = stats.mann_whitney { of = t.y, by = t.g }:rows()[1]\n"
    .. "assert(row.estimate == 0 and row.statistic == 0)")

kit.method("wilcoxon",
  "The signed rank test of values against `null`, or of the differences to `with`.", {
    of(), kit.optional(column("with", "The other value of each pair.", "number")),
    null(), p_value(), continuity(), kit.alternative(), kit.conf_level(),
  }, "local row <const> = stats.wilcoxon { of = t.y, with = t.x }:rows()[1]\n"
    .. "assert(row.n == 8 and row.estimate > 0)")

kit.method("kolmogorov_smirnov",
  "The largest distance of two distribution functions.",
  { of(), kit.two(), p_value(), kit.alternative(), kit.conf_level() },
  "assert(stats.kolmogorov_smirnov { of = t.y, by = t.g }:rows()[1].estimate == 1)")

kit.method("equivalence",
  "Whether a difference of means, of pairs, or a mean lies within a margin that does not matter."
    .. " Rows: the decision, whose p-value is the larger of both tests; the two tests.", {
    of(), kit.optional(kit.two()),
    kit.optional(column("with", "The other value of each pair.", "number")),
    kit.need("margin", "number", "Largest difference that does not matter.", { min = 0 }),
    option("alpha", "number", "Level of each test.", { default = 0.05, min = 0, max = 0.5 }),
  }, "assert(stats.equivalence { of = t.y, by = t.g, margin = 20 }:rows()[1].p_value < 0.05)")
