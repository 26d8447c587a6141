#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bindings/repl/console.h"

namespace impact::bindings {

/// Reads lines from a terminal, with editing, history and completion. What it may ask of the
/// evaluator comes as functions, so that it knows nothing of Lua.
struct LineEditorOptions {
  /// Whether Enter ends the text; else it begins another line of it.
  std::function<bool(const std::string&)> whole;
  std::function<Completion(const std::string&, std::size_t)> complete;
  std::filesystem::path history;  ///< File of earlier texts; empty: none is kept.
};

class LineEditor {
 public:
  virtual ~LineEditor() = default;
  /// One text, of several lines perhaps, without its last line end. An empty text after Ctrl-C;
  /// nullopt at the end of the input (Ctrl-D on an empty line).
  [[nodiscard]] virtual std::optional<std::string> read(const std::string& prompt) = 0;
};

/// The editor of libedit on standard input and output, for a terminal that understands where the
/// cursor shall go. The locale's LC_CTYPE becomes UTF-8; numbers keep their point. The terminal is
/// as it was before whenever no line is read, and when a signal ends or stops the program.
[[nodiscard]] std::unique_ptr<LineEditor> make_line_editor(LineEditorOptions options);

/// For other terminals: no keys, no history, nothing written but the prompt.
[[nodiscard]] std::unique_ptr<LineEditor> make_plain_lines(LineEditorOptions options);

}  // namespace impact::bindings
