#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bindings/runtime.h"

namespace impact::bindings {

/// The text of a chunk that is no file, by its name in messages; nullopt: look for a file.
using ChunkText = std::function<std::optional<std::string>(const std::string& chunk)>;

/// Text of an error for a terminal: the message, then the line of the script with a caret under the
/// word it is about; control characters written out. `code` is the script's text when it came from
/// -e.
[[nodiscard]] std::string describe_failure(const std::exception& error, std::string_view code);
/// The same for chunks of any name. Where the error is in `here`, one line that its reader has just
/// written, neither its name nor a number of lines is told.
[[nodiscard]] std::string describe_failure(const std::exception& error, const ChunkText& text_of,
                                           const std::string& here);

/// The same error at its line of a SQL text, so that a caret can stand below the word it is about.
[[nodiscard]] ScriptError error_in_sql(const Error& error, const std::string& sql);

/// The same as one JSON object: status, kind, what, where, file, line, got, expected, hint,
/// message.
[[nodiscard]] std::string failure_json(const std::exception& error);

}  // namespace impact::bindings
