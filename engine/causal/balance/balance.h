#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/context.h"

/// How alike two arms are in their covariates, before and after weighting or matching. Results do
/// not depend on the order of the rows. What is not defined is NaN with a warning; lengths that
/// differ, negative weights and options out of range throw ArgumentError.
namespace impact {

/// What a difference in means is divided by. Deviations are those of the unadjusted sample unless
/// told otherwise, so that weighting cannot improve balance by spreading a covariate.
enum class SmdDenominator {
  kTreated,  ///< SD of the treated: for effects on the treated.
  kControl,  ///< SD of the controls: for effects on the controls.
  kPooled,   ///< sqrt((s1^2 + s0^2) / 2): for average effects.
  kAll,      ///< SD of both arms as one sample.
  kNone,     ///< 1: differences stay in units of the covariate.
};
[[nodiscard]] std::string_view smd_denominator_name(SmdDenominator denominator);
[[nodiscard]] SmdDenominator parse_smd_denominator(std::string_view name);

/// Variance of a covariate that only takes 0 and 1.
enum class BinaryVariance {
  kPopulation,  ///< p (1 - p), as in MatchIt and cobalt.
  kSample,      ///< n / (n - 1) of it, as of other covariates (Matching).
};

struct BalanceSpec {
  SmdDenominator denominator = SmdDenominator::kPooled;
  bool standardize_binary = true;  ///< False: differences of 0/1 covariates stay raw (cobalt).
  BinaryVariance binary_variance = BinaryVariance::kPopulation;
  /// Deviations of the weighted sample in the adjusted figures.
  bool adjusted_denominator = false;
  double smd_limit = 0.1;             ///< |SMD| above it is called out of balance; > 0.
  double variance_ratio_limit = 2.0;  ///< Ratios above it, or below its inverse, too; > 1.
};

/// The conventions of "matchit" (treated, 0/1 standardised, as for the treated), "cobalt" (0/1 raw,
/// pooled) and "matching" (treated, sample variance of 0/1). Throws ArgumentError for another name.
[[nodiscard]] BalanceSpec balance_convention(std::string_view like);

struct BalanceCovariate {
  std::string name = {};
  std::span<const double> values;  ///< NaN: the row is left out for this covariate, and counted.
};

struct BalanceData {
  std::vector<BalanceCovariate> covariates = {};
  std::span<const std::int32_t> arm;  ///< 1 treated, 0 control; another code: row not used.
  /// Of the adjustment (matching: 0 for units without a match); empty: no adjusted figures.
  std::span<const double> weights = {};
  std::span<const double> base_weights = {};  ///< Of the survey, in both figures.
};

/// One covariate in one sample.
struct BalanceFigures {
  double mean_treated = std::numeric_limits<double>::quiet_NaN();
  double mean_control = std::numeric_limits<double>::quiet_NaN();
  double sd_treated = std::numeric_limits<double>::quiet_NaN();
  double sd_control = std::numeric_limits<double>::quiet_NaN();
  double difference = std::numeric_limits<double>::quiet_NaN();  ///< Treated less control.
  double smd = std::numeric_limits<double>::quiet_NaN();  ///< Over the denominator asked for.
  double variance_ratio = std::numeric_limits<double>::quiet_NaN();  ///< s1^2/s0^2; NaN for 0/1.
  double ks = std::numeric_limits<double>::quiet_NaN();         ///< Largest distance of the ECDFs.
  double ecdf_mean = std::numeric_limits<double>::quiet_NaN();  ///< Mean one, over the values.
  /// Shared area of the two densities, 1 - total variation: of 0/1 exactly, else Gaussian kernels
  /// of width 0.9 min(sd, IQR / 1.34) n^-0.2 (Silverman 1986, eq. 3.31), the unadjusted sample's.
  double overlap = std::numeric_limits<double>::quiet_NaN();
  /// difference / sqrt(s1^2 / n1 + s0^2 / n0), Welch's statistic; n are effective sample sizes. It
  /// grows with the sample: no measure of balance, though it is sometimes used as one.
  double welch_t = std::numeric_limits<double>::quiet_NaN();
};

struct BalanceRow {
  std::string name = {};
  bool binary = false;       ///< Takes only 0 and 1.
  std::int64_t missing = 0;  ///< Rows left out.
  BalanceFigures before = {};
  BalanceFigures after = {};  ///< NaN without weights.
  bool balanced = true;       ///< |SMD| and variance ratio within limits, in the last sample.
};

struct ArmSizes {
  std::int64_t treated = 0;  ///< Rows of weight above 0.
  std::int64_t control = 0;
  double effective_treated = 0.0;  ///< (sum w)^2 / sum w^2 (Kish 1965).
  double effective_control = 0.0;
};

struct Balance {
  std::vector<BalanceRow> rows = {};
  ArmSizes before = {};
  ArmSizes after = {};
  double max_smd_before = std::numeric_limits<double>::quiet_NaN();  ///< Largest |SMD|.
  double max_smd_after = std::numeric_limits<double>::quiet_NaN();
  std::int64_t unbalanced = 0;  ///< Covariates out of balance.
  std::vector<std::string> warnings = {};
};

/// Weighted variances are sum w (x - m)^2 / (W - sum w^2 / W), of equal weights those with n - 1.
[[nodiscard]] Balance balance(const BalanceData& data, const BalanceSpec& spec = {},
                              const Context& context = {});

/// (sum w)^2 / sum w^2; 0 for no weight at all.
[[nodiscard]] double effective_sample_size(std::span<const double> weights);

}  // namespace impact
