-- Tables of counts, and shares.
local internal = ...
local kit = internal.kit
local column, option = kit.column, kit.option

local function groups(name, text) return column(name, text, "group") end

local function continuity(default)
  return option("continuity", "boolean", "Yates' correction.", { default = default })
end

kit.method("chi_square",
  "Pearson's test that two groupings are independent. Rows: chi-squared with Cramer's V, V without"
    .. " its bias. Table: counts.",
  {
    groups("of", "Rows of the table."), groups("by", "Its columns."), continuity(true),
    kit.conf_level(),
  },
  "local c <const> = stats.chi_square { of = t.g, by = t.won }\n"
    .. "assert(c:rows()[1].df == 1 and c:table():rows()[1][\"true\"] == 1)")

kit.method("fisher_exact",
  "Fisher's exact test that two groupings are independent; of 2 x 2 the odds ratio.",
  { groups("of", "Rows of the table."), groups("by", "Its columns."), kit.conf_level() },
  "assert(stats.fisher_exact { of = t.g, by = t.won }:rows()[1].p_value < 0.2)")

kit.method("mcnemar", "Whether paired answers shift.", {
    groups("of", "The first answer."), groups("with", "The second answer."),
    option("exact", "boolean", "Binomial instead of chi-squared; 2 x 2 only.", { default = false }),
    continuity(true), kit.conf_level(),
  }, "assert(stats.mcnemar { of = t.won, with = t.won }:rows()[1].n == 8)")

kit.method("goodness_of_fit", "Whether values occur with expected shares.", {
    groups("of", "The values."),
    option("expected", "list", "value = share; left out: all equal.",
      { items = "number", keyed = true }), kit.conf_level(),
  }, "local fit <const> = stats.goodness_of_fit { of = t.g, expected = { a = 0.5, b = 0.5 } }\n"
    .. "assert(fit:rows()[1].statistic == 0)")

local function happened()
  return column("of", "Whether it happened: a boolean, 0 and 1, or any column with success =.")
end

local function success()
  return option("success", "text", "The value of a column of texts that counts as success.")
end

local function interval()
  return option("interval", "text", "Interval of the difference.",
    { default = "newcombe", allowed = { "newcombe", "wald" } })
end

local function add_half()
  return option("add_half", "boolean", "Adds 1/2 to each count, which an empty one needs.",
    { default = false })
end

kit.method("share", "A share with its interval, tested against `null`.", {
    happened(), success(),
    option("null", "number", "Share of the hypothesis.", { default = 0.5, min = 0, max = 1 }),
    option("method", "text", "Score test with Wilson's interval, or exact.",
      { default = "score", allowed = { "score", "exact" } }),
    continuity(false), kit.alternative(), kit.conf_level(),
  }, "assert(stats.share { of = t.won }:rows()[1].estimate == 5 / 8)")

kit.method("share_difference", "The difference of two shares.",
  { happened(), kit.two(), success(), interval(), continuity(false), kit.alternative(),
    kit.conf_level() },
  "local d <const> = stats.share_difference { of = t.won, by = t.g }:rows()[1]\n"
    .. "assert(d.term == \"a - b\" and d.estimate == -0.75)")

kit.method("odds_ratio", "The ratio of the odds in two groups.",
  { happened(), kit.two(), success(), add_half(), kit.alternative(), kit.conf_level() },
  "assert(stats.odds_ratio { of = t.won, by = t.g, add_half = true }:rows()[1].estimate < 1)")

kit.method("risk_ratio", "The ratio of the shares in two groups.",
  { happened(), kit.two(), success(), add_half(), kit.alternative(), kit.conf_level() },
  "assert(stats.risk_ratio { of = t.won, by = t.g }:rows()[1].estimate == 0.25)")

kit.method("share_equality", "Whether several groups have the same share. Table: shares.",
  { happened(), groups("by", "The groups."), success(), kit.conf_level() },
  "assert(stats.share_equality { of = t.won, by = t.k }:table():count_rows() == 3)")

kit.method("share_trend", "Whether a share rises or falls along ordered groups. Table: shares.", {
    happened(), groups("by", "The groups, in order."), success(),
    option("scores", "list", "Numbers for the groups; left out: 1, 2, 3, ...",
      { items = "number" }),
    kit.alternative(), kit.conf_level(),
  }, "assert(stats.share_trend { of = t.won, by = t.w }:rows()[1].df == 1)")
