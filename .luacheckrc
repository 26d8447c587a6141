std = "lua54"
max_line_length = 100
-- Names that the program puts into a script's environment.
read_globals = {
  "count", "csv", "frame", "jsonl", "missing", "parquet", "sql", "study", "use",
}
-- A declaration counts though nobody refers to its handle.
files["scripts"] = { ignore = { "211" } }
files["examples"] = { ignore = { "211" } }
-- Closed at the end of its block.
files["stdlib"] = { ignore = { "211/cleanup" } }
