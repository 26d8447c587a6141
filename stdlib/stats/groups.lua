-- Several groups at once, and their pairs.
local internal = ...
local kit = internal.kit
local column, option = kit.column, kit.option

local function of() return column("of", "The values.", "number") end
local function by() return column("by", "The groups.", "group") end

kit.method("anova",
  "One-way analysis of variance. Rows: F with eta squared, omega squared. Table: anova.",
  { of(), by(), kit.conf_level() },
  "local a <const> = stats.anova { of = t.y, by = t.k }\n"
    .. "assert(a:rows()[1].df == 2 and a:table \"anova\":count_rows() == 2)")

kit.method("welch_anova", "Analysis of variance for groups whose variances differ.",
  { of(), by() },
  "assert(stats.welch_anova { of = t.y, by = t.k }:rows()[1].method == \"anova_welch\")")

kit.method("levene", "Whether groups vary equally.",
  {
    of(), by(),
    option("centre", "text", "What deviations are taken from.",
      { default = "median", allowed = { "median", "mean" } }),
  },
  "assert(stats.levene { of = t.y, by = t.g }:rows()[1].p_value > 0.05)")

kit.method("kruskal_wallis", "Analysis of variance of ranks.", { of(), by() },
  "assert(stats.kruskal_wallis { of = t.y, by = t.g }:rows()[1].df == 1)")

kit.method("tukey_hsd", "All pairs of means, with intervals that hold together.",
  { of(), by(), kit.conf_level() },
  "assert(#stats.tukey_hsd { of = t.y, by = t.k }:rows() == 3)")

kit.method("games_howell", "All pairs of means whose variances differ, with joint intervals.",
  { of(), by(), kit.conf_level() },
  "assert(stats.games_howell { of = t.y, by = t.k }:rows()[1].term == \"q - p\")")

kit.method("dunn", "All pairs of mean ranks.", {
    of(), by(),
    option("adjust", "text", "How p-values are adjusted.", {
      default = "holm",
      allowed = { "none", "bonferroni", "holm", "hochberg", "bh", "by" },
    }),
  }, "assert(stats.dunn { of = t.y, by = t.k }:table \"pairs\":count_rows() == 3)")
