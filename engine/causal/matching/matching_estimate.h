#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/causal/effect.h"
#include "engine/causal/matching/matching_metric.h"
#include "engine/causal/moment_model.h"
#include "engine/core/context.h"
#include "engine/stats/estimate.h"

namespace impact {

/// Rows of a study with one treatment: arrays of one length, every number finite, tables column by
/// column. Ties that have to be broken go to the earlier row: hand rows over in the order of their
/// keys and the order of a file never matters.
struct MatchingData {
  std::span<const double> y;
  std::span<const std::int32_t> treated;  ///< 1 or 0.
  std::span<const double> weights = {};   ///< Of sampling, > 0.
  std::span<const double> x = {};         ///< Columns that the distance is made of.
  std::size_t columns = 0;
  std::span<const std::string> names = {};   ///< Of x.
  std::span<const std::int32_t> exact = {};  ///< Codes >= 0 that a row shares with its matches.
  std::span<const double> score = {};        ///< A propensity or the like, known or from elsewhere.
  /// The score's model where none is given: logit on these columns, ones first.
  std::span<const double> x_treatment = {};
  std::size_t treatment_columns = 0;
  std::span<const std::string> treatment_names = {};
  std::span<const double> x_adjust = {};  ///< For the bias correction, ones first; none: none.
  std::size_t adjust_columns = 0;
};

/// What the errors are about, and where the outcome's variance comes from.
enum class MatchingVariance {
  /// One variance for all, from the differences within matches; the effect is that on the sample
  /// at hand (Abadie & Imbens 2006; the SATE of their program).
  kSample,
  kPopulation,        ///< One variance for all; the effect is that on the population (their PATE).
  kSampleRobust,      ///< A variance a row, from its matches within its own arm.
  kPopulationRobust,  ///< The same for the population.
};

struct MatchingSpec {
  EffectTarget target = EffectTarget::kAll;  ///< kAll, kTreated or kControls.
  MatchingMetric metric = MatchingMetric::kMahalanobis;
  int matches = 1;
  bool ties = true;  ///< All rows as near as the last match count, together as one; else the first.
  /// Distances that differ by less than this part of the spread of the data are equal.
  double tie_tolerance = 1e-9;
  /// Largest difference of scores, in standard deviations of the score.
  double caliper = std::numeric_limits<double>::infinity();
  /// Of every column of x, in its standard deviations; infinite: none.
  std::span<const double> column_calipers = {};
  MatchingVariance variance = MatchingVariance::kPopulationRobust;
  /// Others of the arm that a row's variance is from, for the robust ones (R's Var.calc; Stata's
  /// nn() counts the row as well).
  int variance_matches = 1;
  bool linear_score = false;  ///< Of an estimated score: x'b instead of the probability.
  /// Errors account for an estimated score (Abadie & Imbens 2016); only when matching on it alone.
  bool stacked = true;
};

/// `effects` is the effect alone, without influence: a matching estimator is not smooth enough for
/// one, nor for the usual bootstrap (Abadie & Imbens 2008).
struct MatchingFit : EffectFit {
  double std_error = std::numeric_limits<double>::quiet_NaN();
  std::vector<MatchedRow> matched = {};       ///< By row, then match.
  std::vector<double> times_used = {};        ///< Of every row as a match: K_i, weighted.
  std::vector<double> score = {};             ///< The estimated one.
  std::vector<std::uint32_t> unmatched = {};  ///< Of the target, left out.
  std::string se_type = {};
};

/// Matching with replacement. J(i) are the matches of i in the other arm, s_ij their shares (by
/// their weights among equals in distance), w sampling weights, N the sum of w over the target:
///   y^_i = sum_j s_ij (y_j + m(x_i) - m(x_j)), m the regression of the arm of j on x_adjust with
///   weights K_j (Abadie & Imbens 2011); tau_i = +-(y_i - y^_i); tau = sum w_i tau_i / N,
///   K_j = sum_i w_i s_ij, K'_j = sum_i (w_i s_ij)^2, D_i = w_i where i is of the target, else 0.
/// sample:      sum s2_i (D_i + K_i)^2 / N^2
/// population:  [sum D_i^2 (tau_i - tau)^2 + sum s2_i ((D_i + K_i)^2 - D_i^2 - K'_i)] / N^2
/// with s2 one number, sum_i D_i sum_j s_ij (tau_ij - tau)^2 / 2 N, or a row's own: the sample
/// variance among it and its J nearest of the same arm (with the ties).
/// On an estimated score e, c'V c is taken off, V the covariance of its coefficients, and for the
/// treated (controls) d'V d added (Abadie & Imbens 2016, theorems 1 and 2).
/// Nobody matched, and errors that cannot be had, are in `broken` and NaN. Throws ArgumentError for
/// lengths that differ, no treated or no controls, numbers that are not finite, weights <= 0, an
/// option out of range, a score that is missing. O(n log n) for few columns; parallel over rows;
/// same bits on any number of threads, and but for rounding in m and e for any order of rows.
/// Sources: Abadie & Imbens, Econometrica 74 (2006), JBES 29 (2011), Econometrica 84 (2016).
[[nodiscard]] MatchingFit matching_estimate(const MatchingData& data, const MatchingSpec& spec = {},
                                            const Context& context = {});

/// The row of a fit: normal statistics, warnings and what broke the fit along.
[[nodiscard]] std::vector<Estimate> to_estimates(const MatchingFit& fit, double conf_level = 0.95);

}  // namespace impact
