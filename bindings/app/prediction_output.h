#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "bindings/app/shell_input.h"

/// Where the rows of a stream go: standard output, a device, or a file that appears whole.
namespace impact::bindings {

class RowOutput {
 public:
  RowOutput() = default;
  RowOutput(const RowOutput&) = delete;
  RowOutput& operator=(const RowOutput&) = delete;
  virtual ~RowOutput() = default;  ///< Without finish() no file stays.

  /// False once nobody reads any more, which is no error. Throws IoError (disk full, ...).
  [[nodiscard]] virtual bool write(const Frame& frame) = 0;
  virtual void finish() = 0;
};

/// "csv", "jsonl" or "parquet": the format asked for, else the ending of `out`, else CSV. Throws
/// ArgumentError for another ending, and for Parquet that goes to standard output.
[[nodiscard]] std::string row_format(const std::string& format, const std::filesystem::path& out);

/// Parquet is written by the table engine from a copy in `tables`' scratch folder, the rest as it
/// comes. An empty `out` is standard output.
[[nodiscard]] std::unique_ptr<RowOutput> open_row_output(const std::string& format,
                                                         const std::filesystem::path& out,
                                                         ShellTables& tables);

}  // namespace impact::bindings
