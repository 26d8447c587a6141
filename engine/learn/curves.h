#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/learn/scored_labels.h"

namespace impact {

struct PrecisionRecallPoint {
  double threshold = 0.0;  ///< Positive where score >= threshold.
  double precision = 0.0;
  double recall = 0.0;
};

struct PrecisionRecallCurve {
  std::vector<PrecisionRecallPoint> points = {};  ///< A distinct score each, highest first.
  /// sum (recall_i - recall_(i-1)) precision_i: no interpolation, which would flatter the curve
  /// (Davis & Goadrich 2006). NaN without positives.
  double average_precision = std::numeric_limits<double>::quiet_NaN();
  double prevalence = std::numeric_limits<double>::quiet_NaN();  ///< What chance achieves.
  std::int64_t positives = 0;                                    ///< Rows.
  std::int64_t negatives = 0;
  std::vector<std::string> warnings = {};
};

/// Errors as detail::used_rows.
[[nodiscard]] PrecisionRecallCurve precision_recall_curve(const ScoredLabels& data);

/// The rows with the highest scores, up to some share of all.
struct GainPoint {
  double share = 0.0;      ///< Of all rows (or weight).
  double gain = 0.0;       ///< Positives among them, of all positives.
  double lift = 0.0;       ///< gain / share: how much denser positives are than by chance.
  double precision = 0.0;  ///< Positives among them, of these rows.
  double threshold = 0.0;  ///< Lowest score among them.
};

struct GainTable {
  std::vector<GainPoint> points = {};
  std::vector<std::string> warnings = {};
};

/// Gain and lift at 1/parts, 2/parts, ... 1 of the rows. Where a cut falls between rows of one
/// score, each of them counts by the share of them inside: the mean over all orders of the ties.
/// Throws ArgumentError for parts < 1, else as detail::used_rows.
[[nodiscard]] GainTable gain_table(const ScoredLabels& data, int parts = 10);

}  // namespace impact
