#include "engine/learn/leakage_threshold.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/learn/folds.h"

namespace impact {
namespace {

constexpr const char* kNames[] = {"f1", "precision", "recall", "accuracy", "balanced_accuracy"};

// In the order of kNames; NaN where nothing is called or there is no such row.
std::vector<double> metrics_of(const ConfusionMatrix& m) {
  const double precision = m.true_positive / (m.true_positive + m.false_positive);
  const double recall = m.true_positive / (m.true_positive + m.false_negative);
  const double specificity = m.true_negative / (m.true_negative + m.false_positive);
  return {2.0 * m.true_positive / (2.0 * m.true_positive + m.false_positive + m.false_negative),
          precision, recall, (m.true_positive + m.true_negative) / m.total(),
          0.5 * (recall + specificity)};
}

void add(ConfusionMatrix* sum, const ConfusionMatrix& part) {
  sum->true_positive += part.true_positive;
  sum->false_positive += part.false_positive;
  sum->true_negative += part.true_negative;
  sum->false_negative += part.false_negative;
}

// The rows that count, side by side.
struct Rows {
  std::vector<double> score;
  std::vector<std::int32_t> label;
  void push(double s, std::int32_t l) {
    score.push_back(s);
    label.push_back(l);
  }
  [[nodiscard]] ScoredLabels data() const { return {.score = score, .label = label}; }
};

const char* aim_of(ThresholdRule rule) {
  switch (rule) {
    case ThresholdRule::kYouden: return "balanced_accuracy";
    case ThresholdRule::kMaxF: return "f1";
    case ThresholdRule::kLeastCost: return "accuracy";
    case ThresholdRule::kLeastRecall: return "recall";
    case ThresholdRule::kLeastPrecision: return "precision";
  }
  return "f1";
}

}  // namespace

TunedThreshold find_tuned_threshold(const ScoredLabels& data, StreamKey key,
                                    const TunedThresholdSpec& spec) {
  if (spec.folds < 2 || spec.repeats < 1) {
    throw ArgumentError({.what = "a threshold can't be judged on other rows this way",
                         .got = fmt::format("{} folds, {} repeats", spec.folds, spec.repeats),
                         .expected = "at least 2 folds and 1 repeat"});
  }
  ThresholdSpec rule = spec.rule;
  rule.origin = ScoreOrigin::kOutOfFold;  // Where the scores come from is not the question here.
  const detail::UsedRows used = detail::used_rows(data);
  Rows rows;
  for (const std::uint32_t row : used.rows) rows.push(data.score[row], data.label[row]);
  TunedThreshold out;
  out.n = static_cast<std::int64_t>(rows.label.size());
  if (used.missing > 0) {
    out.warnings.push_back(
        fmt::format("{} rows without a label or a score were left out", used.missing));
  }
  const auto positives = std::count(rows.label.begin(), rows.label.end(), 1);
  if (std::min<std::int64_t>(positives, out.n - positives) < spec.folds) {
    out.warnings.push_back(fmt::format(
        "each class needs a row for each of the {} folds: there are {} positive and {} negative "
        "rows",
        spec.folds, positives, out.n - positives));
    return out;
  }
  const ThresholdChoice chosen = choose_threshold(rows.data(), rule);
  out.best = chosen.threshold;
  out.threshold = std::isnan(spec.threshold) ? out.best : spec.threshold;
  if (std::isnan(out.threshold)) {
    out.warnings.emplace_back("no threshold does what the rule asks for on these rows");
    return out;
  }
  for (const double score : rows.score) {
    if ((score >= out.threshold) != (score >= out.best)) ++out.differently;
  }
  const std::vector<double> reported = metrics_of(confusion_matrix(rows.data(), out.threshold));
  std::vector<double> nested(std::size(kNames), 0.0);
  const Folds folds = draw_folds(
      rows.label.size(), {.folds = spec.folds, .repeats = spec.repeats, .strata = rows.label}, key);
  std::int64_t without = 0;
  for (int repeat = 0; repeat < spec.repeats; ++repeat) {
    ConfusionMatrix pooled;
    for (int fold = 0; fold < spec.folds; ++fold) {
      Rows choosing, judged;
      for (std::size_t i = 0; i < rows.label.size(); ++i) {
        (folds.at(i, repeat) == fold ? judged : choosing).push(rows.score[i], rows.label[i]);
      }
      const double threshold = choose_threshold(choosing.data(), rule).threshold;
      if (std::isnan(threshold)) {
        ++without;
        continue;
      }
      out.lowest = std::isnan(out.lowest) ? threshold : std::min(out.lowest, threshold);
      out.highest = std::isnan(out.highest) ? threshold : std::max(out.highest, threshold);
      add(&pooled, confusion_matrix(judged.data(), threshold));
    }
    const std::vector<double> values = metrics_of(pooled);
    for (std::size_t k = 0; k < nested.size(); ++k) nested[k] += values[k] / spec.repeats;
  }
  if (without > 0) {
    out.warnings.push_back(fmt::format("in {} of {} parts no threshold does what the rule asks for",
                                       without, spec.folds * spec.repeats));
  }
  std::string words;
  for (std::size_t k = 0; k < nested.size(); ++k) {
    out.metrics.push_back({kNames[k], reported[k], nested[k], reported[k] - nested[k]});
  }
  out.alarm = std::isnan(spec.threshold) || (!std::isnan(out.best) && out.differently == 0);
  if (!out.alarm) return out;
  const std::string aim = aim_of(rule.rule);
  const auto& at = *std::find_if(out.metrics.begin(), out.metrics.end(),
                                 [&](const ThresholdMetric& m) { return m.name == aim; });
  const ThresholdMetric& f1 = out.metrics[0];
  words = fmt::format("{} {:.3f} here, {:.3f} when other rows choose (optimism {:+.3f})", at.name,
                      at.reported, at.nested, at.optimism);
  if (aim != "f1") words += fmt::format(", f1 {:.3f} against {:.3f}", f1.reported, f1.nested);
  out.text = fmt::format(
      "the threshold {:.4g} is the one that these {} rows choose themselves ({}): {}; parts of the "
      "rows choose {:.4g} to {:.4g}: choose it on validation rows and report it on others",
      out.threshold, out.n, chosen.rule.substr(0, chosen.rule.find(", chosen on")), words,
      out.lowest, out.highest);
  return out;
}

}  // namespace impact
