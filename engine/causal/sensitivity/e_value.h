#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

/// E-values: how strongly an unobserved confounder must be associated with both treatment and
/// outcome, as risk ratios and beyond the measured covariates, to move an estimate to a value
/// (VanderWeele & Ding, Annals of Internal Medicine 167, 2017). Trouble is NaN with a warning;
/// options out of range throw ArgumentError. All functions are pure.
namespace impact {

/// An estimate with its limits; a limit that is not known is NaN.
struct EValueEstimate {
  double estimate = std::numeric_limits<double>::quiet_NaN();
  double conf_low = std::numeric_limits<double>::quiet_NaN();
  double conf_high = std::numeric_limits<double>::quiet_NaN();
};

/// What the estimate is. Each is turned into an approximate risk ratio first.
enum class EffectMeasure {
  kRiskRatio,
  kRareOddsRatio,      ///< Outcome below 15 % at the end of follow-up: read as a risk ratio.
  kCommonOddsRatio,    ///< sqrt(OR).
  kRareHazardRatio,    ///< Read as a risk ratio.
  kCommonHazardRatio,  ///< (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1 / HR)).
};

struct EValue {
  EValueEstimate risk_ratio = {};  ///< The estimate and limits as risk ratios.
  double null_value = 1.0;         ///< The value to reach, as a risk ratio.
  double point = std::numeric_limits<double>::quiet_NaN();  ///< E-value of the estimate.
  /// Of the limit nearer to the null value; 1 when the interval holds it; NaN without limits.
  double limit = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

/// RR + sqrt(RR (RR - 1)) for RR >= 1, of 1 / RR below; 1 at 1. NaN unless RR > 0.
[[nodiscard]] double e_value(double risk_ratio);

/// Of a ratio; with r = RR / null value the E-value of r. null_value is on the scale of `measure`.
[[nodiscard]] EValue e_value(const EValueEstimate& ratio,
                             EffectMeasure measure = EffectMeasure::kRiskRatio,
                             double null_value = 1.0);

/// Of a standardised mean difference d: RR = exp(0.91 d), limits exp(0.91 d -+ 1.78 se), which are
/// 95 % limits (Chinn 2000; VanderWeele & Ding 2017). NaN se: no limits.
[[nodiscard]] EValue e_value_of_difference(double d, double std_error, double null_value = 0.0);

/// Of a regression coefficient of a numeric outcome with standard deviation `sd`, for an increase
/// of the treatment by `delta`: d = estimate delta / sd.
[[nodiscard]] EValue e_value_of_coefficient(double estimate, double std_error, double sd,
                                            double delta = 1.0, double null_value = 0.0);

/// Counts by arm and outcome.
struct EventCounts {
  std::int64_t treated_events = 0;
  std::int64_t treated_others = 0;
  std::int64_t control_events = 0;
  std::int64_t control_others = 0;
};

/// Of a risk difference. A confounder of bias factor B leaves at least (p1 - p0 B) (f + (1 - f) /
/// B) of it, f the share treated (Ding & VanderWeele, Epidemiology 27, 2016); point and limit are
/// E-values of the B, solved, at which that, and its lower limit by the delta method, reach the
/// null value. A negative difference is that of the arms exchanged. risk_ratio is that of the
/// table.
[[nodiscard]] EValue e_value_of_risk_difference(const EventCounts& counts, double null_value = 0.0,
                                                double conf_level = 0.95);

/// B = a b / (a + b - 1): by how much a confounder can move a risk ratio that is associated with
/// the treatment by a and with the outcome by b, both >= 1 (Ding & VanderWeele 2016).
[[nodiscard]] double bias_factor(double treatment_ratio, double outcome_ratio);

/// The ratio and limits moved towards 1 and beyond by that factor.
[[nodiscard]] EValueEstimate bias_corrected_ratio(const EValueEstimate& ratio,
                                                  double treatment_ratio, double outcome_ratio);

/// Selection bias (Smith & VanderWeele, Epidemiology 30, 2019): size that each of the associations
/// behind it must have.
enum class SelectionBias {
  kGeneral,             ///< Two bias factors: the E-value of sqrt(RR).
  kSelectedPopulation,  ///< Inference in the selected population: one factor, the E-value of RR.
};
[[nodiscard]] double selection_e_value(double risk_ratio,
                                       SelectionBias kind = SelectionBias::kGeneral);

}  // namespace impact
