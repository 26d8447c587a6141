#include "engine/learn/swapped_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/learn/classification.h"
#include "engine/learn/roc.h"

namespace impact {
namespace {

constexpr double kErrors = 3.0;

// What a report of the positive class would say.
ReportedClass report_of(double tp, double fp, double fn, double positives, double all) {
  return {.precision = tp / (tp + fp),
          .recall = tp / (tp + fn),
          .f1 = 2.0 * tp / (2.0 * tp + fp + fn),
          .rate = positives / all};
}

// Largest distance of the numbers a report gives; NaN where it gives none.
double distance(const ReportedClass& reported, const ReportedClass& truth) {
  double out = std::numeric_limits<double>::quiet_NaN();
  for (const double ReportedClass::*part :
       {&ReportedClass::precision, &ReportedClass::recall, &ReportedClass::f1}) {
    if (std::isnan(reported.*part)) continue;
    const double off = std::isnan(truth.*part) ? std::numeric_limits<double>::infinity()
                                               : std::abs(reported.*part - truth.*part);
    out = std::isnan(out) ? off : std::max(out, off);
  }
  return out;
}

std::string numbers_of(const ReportedClass& all, const ReportedClass& which) {
  std::string out;
  const auto add = [&](const char* name, double said, double value) {
    if (std::isnan(said)) return;
    out += fmt::format("{}{} {:.3f}", out.empty() ? "" : ", ", name, value);
  };
  add("precision", which.precision, all.precision);
  add("recall", which.recall, all.recall);
  add("f1", which.f1, all.f1);
  return out;
}

}  // namespace

SwappedClasses find_swapped_classes(const ScoredLabels& data, const SwappedClassesSpec& spec) {
  SwappedClasses out;
  const detail::UsedRows used = detail::used_rows(data);
  if (used.missing > 0) {
    out.warnings.push_back(
        fmt::format("{} rows without a label or a score were left out", used.missing));
  }
  out.n = static_cast<std::int64_t>(used.rows.size());
  const ConfusionMatrix m = confusion_matrix(data, spec.threshold);
  const double positives = m.true_positive + m.false_negative;
  const double negatives = m.true_negative + m.false_positive;
  if (positives == 0.0 || negatives == 0.0) {
    out.warnings.emplace_back("there are no two classes whose names could be swapped");
    return out;
  }
  out.as_declared =
      report_of(m.true_positive, m.false_positive, m.false_negative, positives, m.total());
  out.swapped =
      report_of(m.true_negative, m.false_negative, m.false_positive, negatives, m.total());
  out.auc = auc(data, {.conf_level = spec.conf_level, .interval = AucInterval::kLogit});
  const bool complete = out.auc.estimate == 0.0;  // No interval, and no doubt.
  if (out.auc.estimate < 0.5 && (complete || out.auc.conf_high < 0.5)) {
    out.findings.push_back(
        {"scores rank the wrong way round",
         fmt::format("positives score lower than negatives: AUC {:.4f} ({:.4f} to {:.4f}) in {} "
                     "rows, {:.4f} with the class names swapped",
                     out.auc.estimate, out.auc.conf_low, out.auc.conf_high, out.n,
                     1.0 - out.auc.estimate),
         out.auc.estimate});
  }
  const double off = distance(spec.reported, out.as_declared);
  const double off_swapped = distance(spec.reported, out.swapped);
  if (off > spec.rounding && off_swapped <= spec.rounding) {
    out.findings.push_back(
        {"the report's numbers are those of the other class",
         fmt::format("the report says {}; the calls give {} as declared and {} with the two class "
                     "names swapped",
                     numbers_of(spec.reported, spec.reported),
                     numbers_of(out.as_declared, spec.reported),
                     numbers_of(out.swapped, spec.reported)),
         off});
  }
  const double said = spec.reported.rate;
  const double share = out.as_declared.rate;
  if (!std::isnan(said)) {
    const double reach =
        spec.rounding + kErrors * std::sqrt(share * (1.0 - share) / static_cast<double>(out.n));
    if (std::abs(said - share) > reach && std::abs(said - (1.0 - share)) <= reach) {
      out.findings.push_back(
          {"the declared share of positives is that of the negatives",
           fmt::format(
               "{:.1f} % of the rows are declared to be positive, {:.1f} % of {} labels are "
               "({:.1f} % are negative)",
               100.0 * said, 100.0 * share, out.n, 100.0 * (1.0 - share)),
           share});
    }
  }
  out.alarm = !out.findings.empty();
  return out;
}

}  // namespace impact
