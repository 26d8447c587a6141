#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json.hpp>

namespace impact {

/// Options given as a JSON object, read one by one. What is out of range, of another type or, at
/// done(), not known to the reader is an ArgumentError that names it.
class OptionReader {
 public:
  /// `owner`: whose options, "forest". `options` must outlive the reader.
  OptionReader(std::string owner, const nlohmann::json& options);

  [[nodiscard]] bool given(std::string_view name);
  [[nodiscard]] double number(std::string_view name, double otherwise,
                              double least = -std::numeric_limits<double>::infinity(),
                              double most = std::numeric_limits<double>::infinity());
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t otherwise,
                                     std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                                     std::int64_t most = std::numeric_limits<std::int64_t>::max());
  [[nodiscard]] bool flag(std::string_view name, bool otherwise);
  [[nodiscard]] std::string text(std::string_view name, std::string otherwise);
  /// One of `allowed`.
  [[nodiscard]] std::string choice(std::string_view name, std::string otherwise,
                                   std::initializer_list<std::string_view> allowed);
  /// Place of the one given in `allowed`; otherwise 0 ... as named by `otherwise`.
  [[nodiscard]] std::size_t place(std::string_view name, std::string_view otherwise,
                                  std::initializer_list<std::string_view> allowed);
  /// A list, or one value as a list of one; none when not given.
  [[nodiscard]] std::vector<double> numbers(std::string_view name);
  [[nodiscard]] std::vector<std::string> texts(std::string_view name);
  /// Anything; null when not given.
  [[nodiscard]] const nlohmann::json& value(std::string_view name);
  /// Throws for options that nobody asked for, with a suggestion.
  void done() const;

  [[noreturn]] void fail(std::string_view name, std::string what, std::string expected) const;

 private:
  [[nodiscard]] const nlohmann::json* find(std::string_view name);

  std::string owner_;
  const nlohmann::json& options_;
  std::set<std::string, std::less<>> asked_ = {};
};

}  // namespace impact
