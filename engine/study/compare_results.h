#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace impact {

/// Numbers that differ by no more than this, relative to the larger one, are what another machine
/// may give.
inline constexpr double kCloseRelative = 1e-9;

/// One value that differs between two results.json.
struct ValueDifference {
  std::string where = {};   ///< "table 'outliers', row 3, column 'median'", rows of the first run.
  std::string before = {};  ///< Short text; "" for what only the second run has.
  std::string after = {};   ///< Short text; "" for what only the first run has.
  /// |a - b| / max(|a|, |b|) where both are floating-point numbers, infinite where one of them is
  /// NaN or infinite; nothing for whole numbers, texts, missing cells and anything else.
  std::optional<double> relative = std::nullopt;
  bool operator==(const ValueDifference&) const = default;
};

struct ResultsComparison {
  std::size_t count = 0;                     ///< Of values that differ.
  std::vector<ValueDifference> values = {};  ///< The first of them.
  double largest_relative = 0;               ///< Of floating-point numbers.
  std::string largest_where = {};
  bool only_numbers = true;  ///< Every difference has a `relative`.
  /// Every difference is in a floating-point number and small.
  [[nodiscard]] bool close() const { return only_numbers && largest_relative <= kCloseRelative; }
};

/// Value by value: estimates matched by node, inquiry and term, checks by node, tables by name,
/// columns by name, rows by position or, where their number differs, aligned. "NaN" and "Infinity"
/// are numbers where the other value is one. Keeps the first `most` differences. Throws DataError
/// naming `where_a` or `where_b` for a text that is no JSON.
[[nodiscard]] ResultsComparison compare_results(std::string_view a, std::string_view where_a,
                                                std::string_view b, std::string_view where_b,
                                                std::size_t most = 20);

}  // namespace impact
