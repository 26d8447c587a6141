-- Resampling and re-assignment.
local internal = ...
local kit = internal.kit
local column, option = kit.column, kit.option

local function groups(name, text) return kit.optional(column(name, text, "group")) end

kit.method("bootstrap",
  "How much a statistic varies when rows are drawn again. Table, if wanted: draws.", {
    column("of", "The values.", "number"), kit.optional(kit.two()),
    kit.optional(column("with", "The other column of a correlation or a ratio.", "number")),
    option("statistic", "text", "Which; default: mean, with by difference_of_means.", {
      allowed = {
        "mean", "median", "quantile", "trimmed_mean", "sd", "correlation", "ratio_of_means",
        "difference_of_means", "difference_of_medians", "welch_t",
      },
    }),
    option("interval", "text", "Kind of interval.", {
      default = "bca", allowed = { "percentile", "basic", "normal", "bca", "studentised" },
    }),
    option("draws", "integer", "How often.", { default = 9999, min = 10, max = 10000000 }),
    groups("clusters", "Rows with one value are drawn together."),
    groups("within", "Rows are drawn within its values."),
    option("quantile", "number", "Level of the statistic quantile.",
      { default = 0.5, min = 0, max = 1 }),
    option("trim", "number", "Share cut off at each end of a trimmed mean.",
      { default = 0.1, min = 0, max = 0.5 }),
    option("null", "number", "Value of the hypothesis; default: 0, of a ratio 1."),
    option("keep_draws", "boolean", "Whether the draws become a table.", { default = false }),
    kit.alternative(), kit.conf_level(),
  }, "local b <const> = stats.bootstrap {\n"
    .. "  of = t.y, statistic = \"median\", draws = 199, keep_draws = true,\n}\n"
    .. "assert(b:rows()[1].estimate == 5.125 and b:table():count_rows() == 199)")

kit.method("permutation",
  "Whether groups could have been dealt by chance: with `by` two groups are dealt anew, with `with`"
    .. " the signs of differences flip (or, for a correlation, the order). Table: assignments.", {
    column("of", "The values.", "number"),
    kit.optional(kit.two("Two groups, or any number for anova.")),
    kit.optional(column("with", "The other value of each pair.", "number")),
    option("statistic", "text", "What is compared.", {
      default = "difference_of_means",
      allowed = {
        "difference_of_means", "difference_of_medians", "studentised_means",
        "studentised_medians", "correlation", "anova",
      },
    }),
    option("draws", "integer", "How often; where there are fewer assignments, all are tried.",
      { default = 99999, min = 10, max = 100000000 }),
    groups("clusters", "Rows with one value are dealt together."),
    groups("within", "Rows are dealt within its values."), kit.alternative(),
  }, "local p <const> = stats.permutation { of = t.y, by = t.g }\n"
    .. "assert(p:rows()[1].p_value == 2 / 70 and p:table():rows()[1].assignments == 70)")
