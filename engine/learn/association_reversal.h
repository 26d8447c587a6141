#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/learn/feature_columns.h"

namespace impact {

struct ReversalStratum {
  std::string level = {};
  double correlation = std::numeric_limits<double>::quiet_NaN();
  double p_value = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n = 0;
};

/// The rank correlation of a feature with the label, over all rows and within the values of one
/// column (Simpson's paradox).
struct AssociationReversal {
  std::string feature = {};
  std::string within = {};
  double overall = std::numeric_limits<double>::quiet_NaN();  ///< Spearman's rho.
  double overall_p = std::numeric_limits<double>::quiet_NaN();
  std::vector<ReversalStratum> strata = {};
  double pooled = std::numeric_limits<double>::quiet_NaN();  ///< Of the strata, see below.
  double conf_low = std::numeric_limits<double>::quiet_NaN();
  double conf_high = std::numeric_limits<double>::quiet_NaN();
  std::int64_t opposite = 0;  ///< Strata with the other sign,
  std::int64_t compared = 0;  ///< of those with an answer.
  /// "": nothing to say. "reverses": pooled has the other sign and its interval excludes 0.
  /// "dissolves": the interval holds 0 and |pooled| is less than half of |overall|.
  std::string rule = {};
  std::string text = {};
};

struct ReversalSpec {
  double alpha = 0.05;           ///< Of the overall association, and 1 - coverage of the interval.
  std::int64_t least_rows = 10;  ///< Smaller strata have no answer.
};

/// Strata of one column: codes of each row, below 0 missing.
struct StrataColumn {
  std::string name = {};
  std::span<const std::int32_t> codes = {};
  std::span<const std::string> levels = {};
};

/// One a feature and strata column, features first. With r_l Spearman's rho in stratum l and
/// z_l = atanh r_l, pooled = tanh(sum w_l z_l / sum w_l), w_l = (n_l - 3) / (1 + r_l^2 / 2) the
/// inverse of its variance (Bonett & Wright 2000), interval tanh(z -+ q / sqrt(sum w_l)). A rule is
/// given only where the overall correlation is significant at alpha. Label: numbers or 0 and 1, NaN
/// missing. Throws ArgumentError for shapes that differ.
/// Source: Simpson, JRSS B 13 (1951); Bonett & Wright, Psychometrika 65 (2000).
[[nodiscard]] std::vector<AssociationReversal> find_reversals(const FeatureColumns& features,
                                                              std::span<const double> label,
                                                              std::span<const StrataColumn> strata,
                                                              const ReversalSpec& spec = {});

}  // namespace impact
