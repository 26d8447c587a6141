-- How many rows a test needs, and what it finds with those there are.
local internal = ...
local kit = internal.kit
local option = kit.option

local function positive(name, text, more)
  local param = option(name, "number", text, { min = 0 })
  for key, value in pairs(more or {}) do param[key] = value end
  return param
end

-- Of effect, n, alpha and power one is left out, and found.
local function power(name, text, effect, more, example)
  local params = {
    option("effect", "number", effect .. " Left out: the smallest that is found."),
    positive("n", "Rows, of two groups those of the first. Left out: how many are needed."),
    option("power", "number", "Chance to find the effect. Left out: what it is.",
      { min = 0, max = 1 }),
    option("alpha", "number", "Level of the test; default 0.05.", { min = 0, max = 1 }),
  }
  for _, param in ipairs(more) do params[#params + 1] = param end
  kit.method(name, text .. " One of effect, n, power and alpha is left out and found. Table:"
    .. " design.", params, example)
end

local function second()
  return positive("n2", "Rows of the second group."),
    positive("ratio", "Rows of the second group for each of the first.", { default = 1 })
end

local n2, ratio = second()

power("power_t_test", "Power of a t test.", "Difference in standard deviations.", {
    option("design", "text", "What is compared.",
      { default = "two_samples", allowed = { "one_sample", "paired", "two_samples" } }),
    n2, ratio, kit.alternative("Which side counts."),
  }, "local row <const> = stats.power_t_test { effect = 0.5, power = 0.8 }:rows()[1]\n"
    .. "assert(row.term == \"n\" and row.estimate > 63.7 and row.estimate < 63.8)")

power("power_share", "Power of the test of a share.", "The share.", {
    option("null", "number", "Share of the hypothesis.", { default = 0.5, min = 0, max = 1 }),
    kit.alternative("Which side counts."),
  }, "assert(stats.power_share { effect = 0.6, power = 0.8 }:rows()[1].estimate > 190)")

power("power_share_difference", "Power of the test of two shares.", "Share of the second group.", {
    kit.need("base", "number", "Share of the first group.", { min = 0, max = 1 }),
    option("pooled", "boolean", "Variance of the hypothesis, or of each group.",
      { default = true }),
    n2, ratio, kit.alternative("Which side counts."),
  }, "local design <const> = { base = 0.1, effect = 0.15, power = 0.8 }\n"
    .. "assert(stats.power_share_difference(design):rows()[1].estimate > 680)")

power("power_anova", "Power of analysis of variance.",
  "Standard deviation of the group means, in those within groups.",
  { kit.need("groups", "integer", "How many groups.", { min = 2 }) },
  "assert(stats.power_anova { groups = 3, effect = 0.25, n = 52 }:rows()[1].estimate > 0.79)")

power("power_chi_square", "Power of a chi-squared test.", "Cohen's w.",
  { kit.need("df", "integer", "Degrees of freedom.", { min = 1 }) },
  "assert(stats.power_chi_square { df = 2, effect = 0.3, power = 0.8 }:rows()[1].estimate > 100)")

power("power_correlation", "Power of the test of a correlation.", "The correlation.",
  { kit.alternative("Which side counts.") },
  "assert(stats.power_correlation { effect = 0.3, power = 0.8 }:rows()[1].estimate > 80)")

power("power_linear_model", "Power of the F test of regressors.", "Cohen's f squared.", {
    kit.need("tested", "integer", "Regressors tested.", { min = 1 }),
    option("others", "integer", "Regressors beside them.", { default = 0, min = 0 }),
  }, "local design <const> = { tested = 3, effect = 0.15, power = 0.8 }\n"
    .. "assert(stats.power_linear_model(design):rows()[1].estimate > 75)")

power("power_mann_whitney", "Power of the rank sum test.",
  "Chance that a value of the first group exceeds one of the second.",
  { n2, ratio, kit.alternative("Which side counts.") },
  "assert(stats.power_mann_whitney { effect = 0.6, power = 0.8 }:rows()[1].estimate > 120)")

power("power_clusters", "Power where whole clusters are assigned; n counts clusters.",
  "Difference in standard deviations.", {
    kit.need("size", "number", "Rows of a cluster.", { min = 1 }),
    kit.need("icc", "number", "Correlation of rows of a cluster.", { min = 0, max = 1 }),
    positive("size_cv", "Coefficient of variation of the sizes.", { default = 0 }),
    n2, ratio, kit.alternative("Which side counts."),
  }, "local design <const> = { size = 20, icc = 0.05, effect = 0.3, power = 0.8 }\n"
    .. "assert(stats.power_clusters(design):rows()[1].estimate > 15)")
