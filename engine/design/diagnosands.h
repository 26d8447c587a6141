#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

namespace impact {

/// What one estimator said in one simulation, and what was true.
struct SimulatedResult {
  double estimand;
  double estimate;
  double std_error;
  double df;
  double p_value;
  double conf_low;
  double conf_high;

  [[nodiscard]] bool failed() const {
    return std::isnan(estimand) || std::isnan(estimate) || std::isnan(std_error) ||
           std::isnan(p_value);
  }
};

/// A property of the estimator and the standard error of having simulated it only so often.
struct Diagnosand {
  double value = std::numeric_limits<double>::quiet_NaN();
  double mcse = std::numeric_limits<double>::quiet_NaN();
};

/// See diagnose.h for the formulas.
struct Diagnosands {
  std::int64_t simulations = 0;
  std::int64_t failed = 0;
  Diagnosand mean_estimand = {};
  Diagnosand mean_estimate = {};
  Diagnosand sd_estimate = {};
  Diagnosand mean_std_error = {};
  Diagnosand bias = {};
  Diagnosand rmse = {};
  Diagnosand power = {};
  Diagnosand coverage = {};
  Diagnosand type_s = {};
  Diagnosand type_m = {};
  Diagnosand mean_width = {};
};

using DiagnosandMember = std::pair<const char*, Diagnosand Diagnosands::*>;
/// The diagnosands by name, in the order of the table.
[[nodiscard]] const std::array<DiagnosandMember, 11>& diagnosand_members();

/// Sums run over the simulations in order.
[[nodiscard]] Diagnosands diagnosands(std::span<const SimulatedResult> results, double alpha);

}  // namespace impact
