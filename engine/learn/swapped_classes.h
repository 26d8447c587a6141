#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/learn/scored_labels.h"
#include "engine/stats/estimate.h"

namespace impact {

/// What a report says of its positive class; NaN: nothing.
struct ReportedClass {
  double precision = std::numeric_limits<double>::quiet_NaN();
  double recall = std::numeric_limits<double>::quiet_NaN();
  double f1 = std::numeric_limits<double>::quiet_NaN();
  double rate = std::numeric_limits<double>::quiet_NaN();  ///< Share of positive rows.
};

struct SwappedClasses {
  struct Finding {
    std::string rule = {};  ///< "scores rank the wrong way round", ...
    std::string text = {};
    double value = std::numeric_limits<double>::quiet_NaN();  ///< The number that says so.
  };
  bool alarm = false;
  std::vector<Finding> findings = {};
  Estimate auc = {};  ///< Of the scores, with DeLong's interval; where there are scores.
  /// The same numbers of the positive class as declared and with the two names swapped.
  ReportedClass as_declared = {};
  ReportedClass swapped = {};
  std::int64_t n = 0;
  std::vector<std::string> warnings = {};
};

struct SwappedClassesSpec {
  ReportedClass reported = {};
  double threshold = 0.5;  ///< Scores are called positive from here on.
  double conf_level = 0.95;
  double rounding = 0.005;  ///< A report's numbers are this far off at most: two decimals.
};

/// Three signs that the names of two classes were exchanged: the scores' AUC is below 1/2 and so is
/// the upper end of its interval; the reported precision, recall and F1 are, to rounding, those
/// that the calls have when the names are swapped, and not those they have as declared; the
/// declared share of positives is more than three standard errors and the rounding away from the
/// share of the labels while the share of negatives is not. Rows without a score or a label are
/// left out. Throws ArgumentError as detail::used_rows.
[[nodiscard]] SwappedClasses find_swapped_classes(const ScoredLabels& data,
                                                  const SwappedClassesSpec& spec = {});

}  // namespace impact
