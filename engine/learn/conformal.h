#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/multiclass_scores.h"
#include "engine/stats/estimate.h"

namespace impact {

/// Conformal prediction: intervals and sets that hold a new outcome with a stated probability,
/// whatever the model, where calibration rows and new rows are exchangeable. Calibration rows must
/// not have taught the model. The promise is about the mean over new rows, not about each kind of
/// row. conf_level in (0, 1), else ArgumentError; so do lengths that differ.

struct ConformalQuantile {
  /// The ceil((n + 1) conf_level)-th smallest score (Vovk, Gammerman & Shafer 2005; Lei et al.
  /// 2018); infinite, with a warning, where n is too small for that.
  double value = std::numeric_limits<double>::infinity();
  std::int64_t n = 0;
  std::vector<std::string> warnings = {};
};
/// NaN scores are left out and counted.
[[nodiscard]] ConformalQuantile conformal_quantile(std::span<const double> scores,
                                                   double conf_level);

struct ConformalIntervals {
  std::vector<double> low = {};  ///< One a new row; NaN where its prediction is.
  std::vector<double> high = {};
  std::vector<std::string> warnings = {};
};

struct SplitConformalSpec {
  double conf_level = 0.9;
  /// True: prediction -+ quantile of |residual|. False: each end from the residuals of its own side
  /// at (1 + conf_level) / 2.
  bool symmetric = true;
  /// How hard each row is, > 0 (a predicted spread): residuals are divided by it, intervals wide in
  /// its proportion (Lei et al. 2018). Both or none.
  std::span<const double> calibration_scale = {};
  std::span<const double> scale = {};
};

/// Split conformal intervals of `prediction` from residuals (outcome - prediction) of calibration
/// rows: coverage at least conf_level, below conf_level + 1 / (n + 1) without ties. Throws
/// ArgumentError for a scale that is not above 0.
[[nodiscard]] ConformalIntervals split_conformal(std::span<const double> residual,
                                                 std::span<const double> prediction,
                                                 const SplitConformalSpec& spec = {});

/// Conformalised quantile regression (Romano, Patterson & Candes 2019): predicted quantiles moved
/// by the quantile of max(low - y, y - high). They may cross: then an end can lie beyond the other,
/// which a warning counts.
struct QuantilePredictions {
  std::span<const double> low;
  std::span<const double> high;
};
[[nodiscard]] ConformalIntervals conformalised_quantiles(const QuantilePredictions& calibration,
                                                         std::span<const double> outcome,
                                                         const QuantilePredictions& rows,
                                                         double conf_level = 0.9);

/// CV+ (Barber, Candes, Ramdas & Tibshirani 2021): with R_i the |outcome - prediction| of row i out
/// of fold and m_k(x) the prediction of the model fitted without fold k, the interval goes from the
/// floor((n + 1)(1 - conf_level))-th smallest m_k(i)(x) - R_i to the ceil((n + 1) conf_level)-th
/// smallest m_k(i)(x) + R_i. Coverage at least 2 conf_level - 1 (about), as a rule conf_level. With
/// one row a fold it is the jackknife+. `prediction`: rows x folds, row by row. Rows with a NaN
/// residual or fold -1 (never tested) are left out. Throws ArgumentError for a fold outside
/// 0 ... folds - 1. O(rows n log n).
[[nodiscard]] ConformalIntervals cv_plus(std::span<const double> residual,
                                         std::span<const std::int32_t> fold,
                                         std::span<const double> prediction, std::size_t folds,
                                         double conf_level = 0.9);

enum class ClassSetScore {
  /// 1 - p of the class: smallest sets on average, some empty (Sadinle, Lei & Wasserman 2019).
  kLeastAmbiguous,
  /// Probability of the likelier classes plus a random share of its own (Romano, Sesia & Candes
  /// 2020): sets grow where the model is unsure. Row i draws its share from unit i of a stream.
  kAdaptive,
};

struct ClassSetSpec {
  double conf_level = 0.9;
  ClassSetScore score = ClassSetScore::kLeastAmbiguous;
  StreamKey key = {};  ///< Of kAdaptive; children "calibration" and "rows".
};

struct ClassSets {
  std::size_t classes = 0;
  std::vector<std::uint8_t> holds = {};  ///< rows x classes, row by row: 1 in the set.
  double quantile = std::numeric_limits<double>::infinity();  ///< Scores up to it are in.
  std::vector<std::string> warnings = {};
};

/// Sets of classes for new rows (probability: rows x classes). A row with a NaN holds every class.
/// Calibration errors as class_probability_scores; its weights are refused.
[[nodiscard]] ClassSets conformal_class_sets(const ClassProbabilities& calibration,
                                             std::span<const double> probability,
                                             const ClassSetSpec& spec = {});

/// What intervals achieved, by `term`:
///   coverage        share of outcomes inside, Wilson's interval; null_value: nominal
///   mean_width      mean high - low
///   interval_score  mean (high - low) + 2 / a max(low - y, 0, y - high), a = 1 - nominal: proper,
///                   the less the better (Gneiting & Raftery 2007)
/// Rows with a NaN are left out and counted; infinite widths make the means infinite, with a
/// warning. method "interval_scores".
[[nodiscard]] std::vector<Estimate> interval_scores(std::span<const double> outcome,
                                                    std::span<const double> low,
                                                    std::span<const double> high, double nominal,
                                                    double conf_level = 0.95);

/// Of sets: coverage (as above) and mean_size. Labels below 0 are missing. method
/// "class_set_scores".
[[nodiscard]] std::vector<Estimate> class_set_scores(const ClassSets& sets,
                                                     std::span<const std::int32_t> label,
                                                     double nominal, double conf_level = 0.95);

}  // namespace impact
