#include "engine/learn/left_out.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/stats/sample.h"

namespace impact::detail {

void LeftOutRows::add(std::size_t row, double outcome) {
  std::string found;
  if (std::isinf(outcome)) found = "what is predicted";
  for (std::size_t j = 0; found.empty() && j < features_.columns; ++j) {
    if (!skipped_.empty() && skipped_[j] != 0) continue;
    if (std::isinf(features_.column(j)[row])) found = fmt::format("'{}'", features_.name(j));
  }
  if (found.empty()) {
    ++missing_;
    return;
  }
  if (infinite_++ == 0) first_ = std::move(found);
}

void LeftOutRows::warn(std::vector<std::string>& warnings) const {
  warn_missing(warnings, missing_);
  if (infinite_ == 0) return;
  warnings.push_back(
      fmt::format("{} left out because a number is infinite, first in {}: make such numbers "
                  "missing, or filter the rows out",
                  plural(infinite_, "row was", "rows were"), first_));
}

void warn_infinite_column(std::vector<std::string>& warnings, const std::string& column,
                          std::span<const double> numbers) {
  std::int64_t count = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (std::isinf(numbers[i]) && count++ == 0) first = i;
  }
  if (count == 0) return;
  warnings.push_back(fmt::format(
      "'{}' is infinite in {}, first in row {}: make such numbers missing, or filter the rows out",
      column, plural(count, "row", "rows"), first + 1));
}

void warn_unjudged(std::vector<std::string>& warnings, std::int64_t missing,
                   std::int64_t unpredicted) {
  warn_missing(warnings, missing);
  if (unpredicted == 0) return;
  warnings.push_back(plural(unpredicted, "row was", "rows were") +
                     " left out because there is no prediction for " +
                     (unpredicted == 1 ? "it" : "them"));
}

}  // namespace impact::detail
