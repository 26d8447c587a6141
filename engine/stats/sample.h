#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// What the hypothesis tests share: cleaning, ranking, wording.
namespace impact::detail {

/// The values of a span that are not missing (NaN), in increasing order, so that nothing computed
/// from them depends on the order of the rows. Infinite ones are kept: ranks and quantiles have a
/// use for them, moments have not.
struct Sample {
  std::vector<double> values = {};
  std::int64_t missing = 0;
  std::int64_t infinite = 0;

  [[nodiscard]] std::int64_t n() const { return static_cast<std::int64_t>(values.size()); }
  /// All values are one value (true also of none).
  [[nodiscard]] bool constant() const { return values.empty() || values.front() == values.back(); }
};

[[nodiscard]] Sample sorted_sample(std::span<const double> values);

/// One Sample a group code; a row whose code is negative counts as missing. Groups are numbered
/// 0 ... largest code; those without a row stay empty. Throws ArgumentError when lengths differ.
struct GroupedSample {
  std::vector<Sample> groups = {};
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  [[nodiscard]] std::int64_t n() const;
};

[[nodiscard]] GroupedSample grouped_sample(std::span<const double> values,
                                           std::span<const std::int32_t> codes);

/// Mean of values - origin, rounded once: no digit is lost where values lie far from zero. NaN for
/// no values; infinite and missing ones decide by IEEE rules.
[[nodiscard]] double mean_about(std::span<const double> values, double origin);

/// Ranks of the values of increasing `sorted`, ties sharing their mean rank, and sum t^3 - t over
/// the groups of t ties.
struct Ranks {
  std::vector<double> rank = {};
  double tie_sum = 0.0;
  [[nodiscard]] bool tied() const { return tie_sum > 0.0; }
};

[[nodiscard]] Ranks midranks(std::span<const double> sorted);

/// Name of a pair of groups, "b - a"; by code where there are no names.
[[nodiscard]] std::string pair_name(std::span<const std::string> names, std::size_t b,
                                    std::size_t a);
/// Names are none, or at least one a group; else ArgumentError.
void require_names(std::span<const std::string> names, std::size_t groups);

/// "1 row was", "3 rows were".
[[nodiscard]] std::string plural(std::int64_t count, const char* one, const char* many);

/// Sentences for what was left out, and for infinite values that make a moment undefined.
void warn_missing(std::vector<std::string>& warnings, std::int64_t missing);
void warn_infinite(std::vector<std::string>& warnings, std::int64_t infinite);

}  // namespace impact::detail
