#pragma once

#include <string>
#include <vector>

#include "engine/analysis/analysis.h"

/// Whether a difference between two groups is one of what the groups consist of.
namespace impact {

struct Stratum {
  std::string level;
  Estimate estimate;  ///< The headline's method on the rows of the level.
};

/// The headline again within the values of one column. With d_l the difference in level l and n_l
/// its rows, `within` is sum w_l d_l, w_l = n_l / sum n, over the levels that hold both groups, and
/// its variance sum w_l^2 se_l^2.
struct StrataFinding {
  std::string column;
  std::vector<Stratum> strata = {};
  Estimate within = {};
  /// "": nothing to say. "reverses": `within` has the other sign and its interval excludes 0, or a
  /// level has (its p-value times the levels below 0.05). "dissolves": `within` is less than half
  /// the headline and its interval holds 0.
  std::string rule = {};
  std::string text = {};  ///< For a reader, with the numbers; "" without a rule.
};

/// Levels a column may have to be looked at.
inline constexpr std::size_t kMostStrata = 20;

/// For a method that compares groups and a headline with p < 0.05; empty otherwise. Where the
/// method's own estimate has no standard error to average (ranks, ratios, resampling), means or
/// shares are compared instead (AnalysisMethod::compared_by). `columns` are columns of the input's
/// frame; measures are cut at their quintiles, and columns with one level or more than kMostStrata
/// are passed over.
[[nodiscard]] std::vector<StrataFinding> compare_strata(const AnalysisMethod& method,
                                                        const AnalysisInput& input,
                                                        const AnalysisResult& result,
                                                        const std::vector<std::string>& columns,
                                                        const Context& context);

/// The findings as one table: column, level, n, estimate, std_error, p, conf_low, conf_high; the
/// level "(all levels)" is `within`.
[[nodiscard]] Frame strata_table(const std::vector<StrataFinding>& findings);

}  // namespace impact
