#pragma once

#include <span>
#include <string>

#include "engine/stats/estimate.h"

namespace impact {

/// Whose mean, or difference of means, is looked at; as the functions of t_test.h.
enum class MeanDesign { kOneSample, kPaired, kPooled, kWelch };

struct EquivalenceSpec {
  std::string term = "difference";
  double low = 0.0;  ///< The mean (difference) is equivalent within low ... high; low < high.
  double high = 0.0;
  double alpha = 0.05;  ///< Of each of the two tests, in (0, 1/2).
  MeanDesign design = MeanDesign::kWelch;
};

struct EquivalenceTest {
  /// p_value: the larger of the two; statistic: that test's t. The interval is that of level
  /// 1 - 2 alpha, which lies within low ... high exactly when p_value < alpha. method
  /// "equivalence".
  Estimate row = {};
  Estimate above_low = {};   ///< One-sided test that the target exceeds low.
  Estimate below_high = {};  ///< One-sided test that it is less than high.
};

/// Two one-sided t tests (Schuirmann 1987). kOneSample reads x only. Trouble and errors as in
/// t_test.h; ArgumentError unless low < high are finite.
[[nodiscard]] EquivalenceTest equivalence_test(std::span<const double> x, std::span<const double> y,
                                               const EquivalenceSpec& spec);

}  // namespace impact
