#pragma once

#include <string>

#include "engine/analysis/reader.h"
#include "engine/learn/calibration.h"
#include "engine/learn/classification.h"
#include "engine/learn/curves.h"
#include "engine/learn/roc.h"
#include "engine/learn/threshold.h"

/// Tables of what a classifier achieves, for plots and reports.
namespace impact::detail {

/// Options "threshold" (a rule), "beta", "cost_...", "least".
[[nodiscard]] ThresholdSpec threshold_spec(const AnalysisReader& read);

[[nodiscard]] AnalysisTable roc_table(const RocCurve& curve);
[[nodiscard]] AnalysisTable precision_recall_table(const PrecisionRecallCurve& curve);
[[nodiscard]] AnalysisTable calibration_table(const Calibration& all);
[[nodiscard]] AnalysisTable gain_table_of(const GainTable& gain);
/// truth, predicted, count.
[[nodiscard]] AnalysisTable confusion_table(const ConfusionMatrix& matrix,
                                            const std::string& positive,
                                            const std::string& negative);

}  // namespace impact::detail
