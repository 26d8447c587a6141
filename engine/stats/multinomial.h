#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/stats/estimate.h"
#include "engine/stats/linear.h"

namespace impact {

/// Rows and columns as GlmData; the outcome is a code of a level, negative where it is missing.
struct MultinomialData {
  std::span<const double> x;
  std::size_t columns = 0;
  std::span<const std::int32_t> y;
  std::size_t levels = 0;  ///< Codes are 0 ... levels - 1; at most kMostLevels.
  std::span<const double> weights = {};
  std::span<const std::int32_t> clusters = {};
  std::span<const std::string> names = {};        ///< Of the columns.
  std::span<const std::string> level_names = {};  ///< Of the levels.
};

inline constexpr std::size_t kMostLevels = 100;

struct MultinomialSpec {
  std::int32_t reference = 0;      ///< The level whose coefficients are 0; it must occur.
  SeType se = SeType::kClassical;  ///< Or HC0, HC1, CR0, CR1.
  bool frequency = false;          ///< As GlmSpec.
  int most_iterations = 100;
  bool explain = true;
};

/// Entry a * columns + k belongs to column k of the a-th level, counted without the reference.
/// Entries without an estimate are NaN: dependent columns, levels that do not occur, separation.
struct MultinomialFit {
  std::vector<std::int32_t> level = {};  ///< Code of each level but the reference.
  std::vector<double> coefficient = {};  ///< Of log(p_a / p_reference).
  std::vector<double> std_error = {};
  std::vector<double> covariance = {};    ///< Of all entries, column by column.
  std::vector<std::size_t> dropped = {};  ///< Columns left out as dependent.
  bool separated = false;
  std::int64_t n = 0;
  std::int64_t parameters = 0;
  std::int64_t clusters = 0;
  double log_likelihood = std::numeric_limits<double>::quiet_NaN();
  double null_log_likelihood = std::numeric_limits<double>::quiet_NaN();  ///< As GlmFit's.
  double deviance = std::numeric_limits<double>::quiet_NaN();             ///< -2 log-likelihood.
  double aic = std::numeric_limits<double>::quiet_NaN();
  double bic = std::numeric_limits<double>::quiet_NaN();
  double mcfadden = std::numeric_limits<double>::quiet_NaN();
  int iterations = 0;
  bool converged = false;
  SeType se = SeType::kClassical;
  std::vector<std::string> warnings = {};
};

/// Multinomial logit: log(p_a / p_reference) = x'beta_a by maximum likelihood, Newton's method on
/// orthonormal combinations of the columns, so that neither their units nor their correlation
/// matter. Stops and detects separation as glm() does; entries that separation moves are NaN, the
/// others are those of the limit to about six digits. A level that does not occur leaves with a
/// warning. Throws ArgumentError for lengths that differ, codes out of range, other errors than
/// those named. O(iterations rows (levels columns)^2); parallel over chunks, bits do not depend on
/// threads.
/// Source: McFadden, "Conditional logit analysis of qualitative choice behavior" (1974).
/// Checked against nnet::multinom.
[[nodiscard]] MultinomialFit multinomial(const MultinomialData& data,
                                         const MultinomialSpec& spec = {},
                                         const Context& context = {});

/// The rows of a fit, terms "level:column"; normal statistics.
[[nodiscard]] std::vector<Estimate> to_estimates(const MultinomialFit& fit,
                                                 std::span<const std::string> names,
                                                 std::span<const std::string> level_names,
                                                 double conf_level = 0.95);

}  // namespace impact
