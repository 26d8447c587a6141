std = "lua54"
max_line_length = 100
-- Names that the program puts into a script's environment.
read_globals = {
  "all_of", "any_of", "bernoulli", "beta", "binomial", "blocked_difference_in_means",
  "categorical", "category", "causal", "check", "coalesce", "col", "concat", "count", "csv", "cume_dist",
  "dense_rank", "desc", "design_card", "difference_in_means", "exponential", "figure", "frame",
  "gamma", "greatest", "if_else", "jsonl", "learn", "least", "lognormal", "missing", "normal",
  "not_", "ntile", "ols", "parquet", "percent_rank", "plot", "poisson", "provenance", "random",
  "rank", "row_number", "say", "sql", "stats", "study", "summary", "uniform", "uniform_integer",
  "use", "values",
}
-- A declaration counts though nobody refers to its handle.
files["scripts"] = { ignore = { "211" } }
files["examples"] = { ignore = { "211" } }
-- Closed at the end of its block.
files["stdlib"] = { ignore = { "211/cleanup" } }
-- Attacks do what nobody should.
files["tests/bindings/attacks.lua"] = { ignore = { "11.", "12.", "14.", "512" } }
