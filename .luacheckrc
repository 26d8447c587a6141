std = "lua54"
max_line_length = 100
-- Names that the program puts into a script's environment.
read_globals = {
  "all_of", "any_of", "category", "coalesce", "concat", "count", "csv", "cume_dist", "dense_rank",
  "desc", "frame", "greatest", "if_else", "jsonl", "least", "missing", "not_", "ntile", "parquet",
  "percent_rank", "random", "rank", "row_number", "sql", "study", "use",
}
-- A declaration counts though nobody refers to its handle.
files["scripts"] = { ignore = { "211" } }
files["examples"] = { ignore = { "211" } }
-- Closed at the end of its block.
files["stdlib"] = { ignore = { "211/cleanup" } }
-- Attacks do what nobody should.
files["tests/bindings/attacks.lua"] = { ignore = { "11.", "12.", "14.", "512" } }
