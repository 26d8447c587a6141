#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace impact {

/// How p-values of several tests are adjusted. The first three bound the chance of any false
/// rejection (family-wise error), the last two the expected share of false ones among the rejected.
enum class Adjustment {
  kNone,
  kBonferroni,  ///< m p.
  kHolm,        ///< Steps down from the smallest (Holm 1979); never worse than Bonferroni.
  kHochberg,    ///< Steps up from the largest; independent or positively dependent (Hochberg 1988).
  kBh,          ///< False discovery rate under the same (Benjamini & Hochberg 1995).
  kBy,          ///< The same under any dependence (Benjamini & Yekutieli 2001).
};

[[nodiscard]] std::string_view adjustment_name(Adjustment method);  ///< "none", "bonferroni", ...
/// Inverse of adjustment_name. Throws ArgumentError with a suggestion.
[[nodiscard]] Adjustment parse_adjustment(std::string_view name);

/// Adjusted p-values in the order given, at most 1. NaN stays NaN and does not count as a test.
/// Throws ArgumentError for a number outside [0, 1]. O(m log m).
[[nodiscard]] std::vector<double> adjust_p_values(std::span<const double> p, Adjustment method);

}  // namespace impact
