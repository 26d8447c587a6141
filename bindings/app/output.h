#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace impact::bindings {

/// Text of an error for a terminal: the message, then the line of the script with a caret under the
/// word it is about. `code` is the script's text when it came from -e.
[[nodiscard]] std::string describe_failure(const std::exception& error, std::string_view code);

/// The same as one JSON object: status, kind, what, where, file, line, got, expected, hint,
/// message.
[[nodiscard]] std::string failure_json(const std::exception& error);

}  // namespace impact::bindings
