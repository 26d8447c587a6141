#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/stats/inference.h"
#include "engine/stats/linear.h"

namespace impact {

/// Arrays of one length; an empty span means "none". Rows with a missing or infinite number, or a
/// negative cluster, are left out before anything is centred.
struct LinData {
  std::span<const double> y;
  std::span<const std::int32_t> arm;   ///< 1 treated, 0 control, other: row not used.
  std::span<const double> covariates;  ///< rows x columns, column by column; dummies are columns.
  std::size_t columns = 0;
  std::span<const double> weights = {};
  std::span<const std::int32_t> clusters = {};
  std::span<const std::string> names = {};  ///< Of the covariates; none: "x1", "x2", ...
};

struct LinSpec {
  SeType se = SeType::kHc2;  ///< CR2 is the choice with clusters.
  double conf_level = 0.95;
  std::string term = "treatment";  ///< Name of the treatment's row.
  bool explain = true;             ///< False: no warnings in words.
};

/// Lin's estimator of the average effect: least squares of y on the arm, the covariates centred at
/// their (weighted) means over the rows in use, and the products of the two. The coefficient of the
/// arm is consistent for the average effect and never less precise, in large samples, than the
/// difference in means, whatever the true model. Rows in order: the arm ("treatment"), then
/// "(intercept)", the covariates, the products ("treatment:x"); dependent columns are missing, but
/// the arm's row is always there, NaN with a warning when it has no estimate. method "lin".
/// Source: Lin, "Agnostic notes on regression adjustments to experimental data", Annals of Applied
/// Statistics 7 (2013) 295-318. Errors as linear().
[[nodiscard]] std::vector<Estimate> lin(const LinData& data, const LinSpec& spec = {},
                                        const Context& context = {});

/// The arm's coefficient as numbers.
[[nodiscard]] PointEstimate lin_numbers(const LinData& data, const LinSpec& spec = {});

}  // namespace impact
