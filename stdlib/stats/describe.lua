-- One column at a time.
local internal = ...
local kit = internal.kit
local columns, option = kit.columns, kit.option

local function of() return columns("of", "One column or several.", "number") end

kit.method("describe",
  "Centre, spread and shape of columns, robust figures among them. Table: description.", {
    of(), kit.optional(kit.column("by", "Within each of its values.", "group")),
    option("trim", "number", "Share cut off, or pulled in, at each end.",
      { default = 0.1, min = 0, max = 0.5 }),
  }, "local row <const> = stats.describe { of = { t.y, t.x }, by = t.g }:table():rows()[1]\n"
    .. "assert(row.column == \"y\" and row.g == \"a\" and row.mean == 2.6875)")

kit.method("weighted", "Weighted mean, standard deviation and median. Table: weighted.", {
    of(), kit.column("weights", "The weight of each row.", "number"),
    option("kind", "text", "What a weight stands for: precision, or that many equal rows.",
      { default = "reliability", allowed = { "reliability", "frequency" } }),
  }, "local row <const> = stats.weighted { of = t.y, weights = t.w }:table():rows()[1]\n"
    .. "assert(row.n == 8)")

kit.method("quantiles", "Quantiles by one of nine definitions. Table: quantiles.", {
    of(), option("p", "number|list", "Which; left out: 0, 0.25, 0.5, 0.75, 1."),
    option("type", "integer", "Definition of Hyndman & Fan.", { default = 7, min = 1, max = 9 }),
  }, "assert(stats.quantiles { of = t.y, p = 0.5 }:table():rows()[1].quantile == 5.125)")

kit.method("outliers", "Values beyond a fence around the middle. Table: outliers.", {
    of(),
    option("rule", "text",
      "tukey: k interquartile ranges beyond the quartiles; median_iqr: beyond the median; mad: k"
        .. " median absolute deviations.",
      { default = "tukey", allowed = { "tukey", "median_iqr", "mad" } }),
    option("k", "number", "How far; 1.5, with mad 3.", { min = 0 }),
  }, "assert(stats.outliers { of = t.y }:table():rows()[1].above == 0)")

kit.method("shapiro_wilk", "Whether values could be normal, for 3 to 5000 of them.", { of() },
  "assert(stats.shapiro_wilk { of = t.y }:rows()[1].p_value > 0.05)")

kit.method("anderson_darling", "Whether values could be normal, with weight on the tails.",
  { of() }, "assert(stats.anderson_darling { of = t.y }:rows()[1].p_value > 0.05)")
