-- How columns move together, and what several tests say together.
local internal = ...
local kit = internal.kit
local columns, option = kit.columns, kit.option

kit.method("correlation",
  "Correlations of every pair of columns. Table, for three columns or more: matrix.", {
    columns("of", "Two columns or more.", "number"),
    option("method", "text", "Which.",
      { default = "pearson", allowed = { "pearson", "spearman", "kendall" } }),
    kit.alternative(), kit.conf_level(),
  }, "local c <const> = stats.correlation { of = { t.y, t.x }, method = \"spearman\" }\n"
    .. "assert(c:rows()[1].term == \"y ~ x\" and c:rows()[1].estimate > 0.9)")

kit.method("partial_correlation", "The correlation of two columns that others leave unexplained.", {
    columns("of", "Two columns.", "number"), columns("given", "What is held fixed.", "number"),
    kit.alternative(), kit.conf_level(),
  }, "local c <const> = stats.partial_correlation { of = { t.y, t.x }, given = t.w }\n"
    .. "assert(c:rows()[1].df == 5)")

kit.method("adjust",
  "Adjusts the p-values of declared analyses, the first row of each, as one family. Table:"
    .. " p_values.", {
    kit.need("of", "list", "Analyses and estimators.", { items = "Finding|Estimator" }),
    option("method", "text", "bonferroni, holm and hochberg bound the chance of any false"
      .. " discovery, bh and by the share of false ones.", {
      default = "holm",
      allowed = { "none", "bonferroni", "holm", "hochberg", "bh", "by" },
    }),
  }, "local S <const> = study \"example\" { version = \"0.1.0\", seed = 7 }\n"
    .. "local one <const> = S:analysis \"one\" (stats.welch { of = t.y, by = t.g })\n"
    .. "local two <const> = S:analysis \"two\" (stats.welch { of = t.x, by = t.g })\n"
    .. "S:analysis \"family\" (stats.adjust { of = { one, two } })\nreturn S")
