#include "engine/stats/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sorting.h"

namespace impact::detail {

Sample sorted_sample(std::span<const double> values) {
  Sample sample;
  sample.values.reserve(values.size());
  for (const double value : values) {
    if (std::isnan(value)) {
      ++sample.missing;
    } else {
      if (std::isinf(value)) ++sample.infinite;
      sample.values.push_back(value + 0.0);  // -0.0 becomes 0.0: equal values have equal bits
    }
  }
  sort_numbers(sample.values);
  return sample;
}

std::int64_t GroupedSample::n() const {
  std::int64_t total = 0;
  for (const Sample& group : groups) total += group.n();
  return total;
}

GroupedSample grouped_sample(std::span<const double> values, std::span<const std::int32_t> codes) {
  require_length("group", codes.size(), values.size());
  GroupedSample sample;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (codes[i] < 0 || std::isnan(values[i])) {
      ++sample.missing;
      continue;
    }
    const auto group = static_cast<std::size_t>(codes[i]);
    if (group >= sample.groups.size()) sample.groups.resize(group + 1);
    sample.groups[group].values.push_back(values[i] + 0.0);
    if (std::isinf(values[i])) {
      ++sample.groups[group].infinite;
      ++sample.infinite;
    }
  }
  for (Sample& group : sample.groups) sort_numbers(group.values);
  return sample;
}

double mean_about(std::span<const double> values, double origin) {
  ExactSum sum;
  for (const double value : values) {
    sum.add(value);
    sum.add(-origin);
  }
  return sum.round() / static_cast<double>(values.size());
}

Ranks midranks(std::span<const double> sorted) {
  Ranks ranks;
  ranks.rank.resize(sorted.size());
  for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    while (end < sorted.size() && sorted[end] == sorted[begin]) ++end;
    const auto ties = static_cast<double>(end - begin);
    const double rank = static_cast<double>(begin) + 0.5 * (ties + 1.0);
    std::fill(ranks.rank.begin() + static_cast<std::ptrdiff_t>(begin),
              ranks.rank.begin() + static_cast<std::ptrdiff_t>(end), rank);
    ranks.tie_sum += ties * ties * ties - ties;
  }
  return ranks;
}

std::string pair_name(std::span<const std::string> names, std::size_t b, std::size_t a) {
  return names.empty() ? fmt::format("{} - {}", b, a) : fmt::format("{} - {}", names[b], names[a]);
}

void require_names(std::span<const std::string> names, std::size_t groups) {
  if (names.empty() || names.size() >= groups) return;
  throw ArgumentError({.what = "a group has no name",
                       .where = "names",
                       .got = std::to_string(names.size()),
                       .expected = std::to_string(groups) + ", one a code"});
}

std::string plural(std::int64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

void warn_missing(std::vector<std::string>& warnings, std::int64_t missing) {
  if (missing == 0) return;
  warnings.push_back(plural(missing, "row was", "rows were") +
                     " left out because a value is missing");
}

void warn_infinite(std::vector<std::string>& warnings, std::int64_t infinite) {
  if (infinite == 0) return;
  warnings.push_back(plural(infinite, "value is", "values are") +
                     " infinite, so the result is undefined");
}

}  // namespace impact::detail
