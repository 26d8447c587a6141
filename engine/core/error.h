#pragma once

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace impact {

/// The parts of an error message. Only `what` is mandatory; empty parts are not printed.
struct ErrorInfo {
  /// One sentence: what is wrong, naming the thing ("no column 'veiws' in table 'claims'").
  std::string what = {};
  /// File and line, column, row, parameter name: whatever locates it for the user.
  std::string where = {};
  std::string got = {};       ///< The offending value as the user wrote or sent it.
  std::string expected = {};  ///< What would have been accepted.
  std::string hint = {};      ///< The next thing to try.
};

/// Base of every exception thrown by the engine. Immutable.
///
/// `what()` is the whole message, ready to print, without a trailing newline:
///     no column 'veiws' in table 'claims'
///       where:    claims.csv
///       got:      veiws
///       expected: video_id, views
///       hint:     did you mean 'views'?
/// Further lines of a part are indented to stand under the first.
/// Statistical trouble (separation, poor overlap) is never an exception: it is a warning in a
/// result.
class Error : public std::exception {
 public:
  Error(std::string_view kind, ErrorInfo info);
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  /// Stable machine-readable name: "argument", "data", "io", "resource", "cancelled", "internal".
  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
  [[nodiscard]] const ErrorInfo& info() const noexcept { return info_; }

 private:
  std::string kind_;
  ErrorInfo info_;
  std::string text_;
};

/// A caller passed something that can never work: wrong option, unknown column, bad range.
struct ArgumentError : Error {
  explicit ArgumentError(ErrorInfo info) : Error("argument", std::move(info)) {}
};
/// The data does not hold what was declared or what the operation needs.
struct DataError : Error {
  explicit DataError(ErrorInfo info) : Error("data", std::move(info)) {}
};
/// The outside world refused: missing file, no permission, disk full.
struct IoError : Error {
  explicit IoError(ErrorInfo info) : Error("io", std::move(info)) {}
};
/// A limit given by the user was reached: memory, rows, time.
struct ResourceError : Error {
  explicit ResourceError(ErrorInfo info) : Error("resource", std::move(info)) {}
};
/// The user interrupted. Nothing is wrong; partial results are discarded.
struct Cancelled : Error {
  Cancelled() : Error("cancelled", {.what = "interrupted"}) {}
};
/// A promise of the engine itself was broken; always a defect worth reporting.
struct InternalError : Error {
  explicit InternalError(ErrorInfo info) : Error("internal", std::move(info)) {}
};

/// The message `Error::what()` returns for these parts.
[[nodiscard]] std::string format_error(const ErrorInfo& info);

/// Nearest candidate to `word` by Damerau-Levenshtein distance (optimal string alignment over code
/// points, ASCII case ignored, so a candidate that differs only in case always wins), or "" when
/// even the nearest is further than a third of the word's length, rounded; words of one or two
/// letters allow no difference but case. Ties go to the earlier candidate.
[[nodiscard]] std::string nearest_word(std::string_view word,
                                       std::span<const std::string> candidates);

/// "did you mean 'views'?" or "" when nothing is near; the usual content of ErrorInfo::hint.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string> candidates);

/// "a, b, c" with at most `most` names, then ", ... (12 in all)"; for ErrorInfo::expected.
[[nodiscard]] std::string list_words(std::span<const std::string> words, std::size_t most = 12);

}  // namespace impact
