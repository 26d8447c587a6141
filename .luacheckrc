std = "lua54"
max_line_length = 100
-- Names that the program puts into a script's environment.
read_globals = {
  "csv", "parquet", "jsonl", "table_of", "sql", "study", "plot", "report", "help",
}
