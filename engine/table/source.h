#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/table/schema.h"

namespace impact {

enum class FileFormat { kCsv, kParquet, kJsonLines };

/// How a file becomes rows. Everything that changes what is read is here, so that it can be hashed.
struct FileSource {
  FileFormat format = FileFormat::kCsv;
  std::filesystem::path path;  ///< As resolved on this machine.
  std::string declared_path;   ///< As the user wrote it; what plans and messages show.
  char delimiter = ',';        ///< CSV: one byte. A file that plainly uses another is an error.
  char quote = '"';            ///< CSV.
  bool header = true;          ///< CSV: first row names the columns.
  std::int64_t skip = 0;       ///< CSV: lines before the header.
  std::vector<std::string> missing = {""};  ///< CSV: texts that mean missing, whole cell.
  std::map<std::string, Type> types;        ///< Declared types; the rest is inferred from the first
                                      ///< 20,480 rows (CSV, JSON) or the file's schema (Parquet).
};

/// What must hold for one column. Checked in full when the source is first read.
struct ColumnExpectation {
  std::string column;
  bool present = false;        ///< No missing cells.
  bool unique = false;         ///< No repeated value (missing cells aside).
  std::optional<Value> min;    ///< Inclusive.
  std::optional<Value> max;    ///< Inclusive.
  std::vector<Value> allowed;  ///< Empty: anything goes.
};

/// What must hold for a table. A violation is a DataError that shows the first offending rows.
struct Expectations {
  std::optional<std::int64_t> min_rows;
  std::optional<std::int64_t> max_rows;
  std::vector<std::string> key;  ///< Together unique and never missing.
  std::vector<ColumnExpectation> columns;
};

}  // namespace impact
