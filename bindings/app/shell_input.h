#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/app/options.h"
#include "bindings/session.h"
#include "engine/render/terminal_text.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"

/// What the commands for shell pipelines share: data from files or standard input, the terminal.
namespace impact::bindings {

/// A table engine without limits of folders: at a shell the user names the files.
class ShellTables {
 public:
  explicit ShellTables(const Options& options);

  [[nodiscard]] const std::shared_ptr<Backend>& backend() const noexcept { return backend_; }
  [[nodiscard]] const Context& context() const noexcept { return session_.context(); }
  /// A file, or standard input for "" and "-". The format is `from` ("csv", "jsonl", "parquet"),
  /// else the ending of the file's name, else what its first bytes say. Delimiter and header of
  /// CSV are found in its first lines: there is no header where the first line is like the second
  /// and holds a number. Throws IoError (missing; standard input empty or a terminal), DataError.
  /// `missing` are texts of a CSV file that are no value; the empty text always is one of them.
  [[nodiscard]] RelationPtr open(const std::string& file, const std::string& from,
                                 const std::vector<std::string>& missing);
  /// The same, not yet looked into.
  [[nodiscard]] FileSource source(const std::string& file, const std::string& from,
                                  const std::vector<std::string>& missing);
  /// A folder that goes away at the end.
  [[nodiscard]] std::filesystem::path scratch() { return session_.scratch(); }

 private:
  [[nodiscard]] std::filesystem::path keep_standard_input();

  Session session_;
  std::shared_ptr<Backend> backend_;
};

/// "videos_2024" of "data/videos-2024.csv".
[[nodiscard]] std::string table_name(const std::string& file);

/// The terminal that standard output is, 80 x 24 for none; --width and --height win. Colours
/// unless NO_COLOR is set, the terminal is dumb or there is none.
[[nodiscard]] TerminalStyle shell_style(const Options& options);
[[nodiscard]] bool output_is_terminal();

/// Writes to standard output; false once its reader is gone, which is no error. Throws IoError.
[[nodiscard]] bool write_output(std::string_view text);

}  // namespace impact::bindings
