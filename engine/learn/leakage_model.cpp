#include "engine/learn/leakage_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/best_cut.h"
#include "engine/learn/roc.h"
#include "engine/stats/contingency.h"
#include "engine/stats/inference.h"

namespace impact {
namespace {

constexpr double kAlpha = 0.05;

struct OneRule {
  std::size_t column = 0;
  detail::Cut cut = {};
  bool otherwise = false;  // The call of rows where no cut parts the classes.
};

std::int64_t errors_of(const ConfusionMatrix& m) {
  return static_cast<std::int64_t>(m.false_positive + m.false_negative);
}

OneRule learn_rule(const FeatureColumns& features, std::span<const std::int32_t> label,
                   std::span<const std::uint32_t> rows) {
  OneRule best;
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
  const auto positives =
      std::count_if(rows.begin(), rows.end(), [&](std::uint32_t row) { return label[row] == 1; });
  best.otherwise = 2 * static_cast<std::size_t>(positives) > rows.size();
  for (std::size_t j = 0; j < features.columns; ++j) {
    const auto column = features.column(j);
    const detail::Cut cut = detail::best_cut(column, label, rows, detail::CutMerit::kErrors);
    if (cut.kind == detail::Cut::Kind::kNone) continue;
    const std::int64_t errors = errors_of(detail::judge_cut(cut, column, label, rows));
    if (errors >= fewest) continue;
    fewest = errors;
    best.column = j;
    best.cut = cut;
  }
  return best;
}

// McNemar's exact test of two lists of right and wrong calls.
double mcnemar_p(std::int64_t first_only, std::int64_t second_only) {
  const std::vector<std::int64_t> counts = {0, first_only, second_only, 0};
  return mcnemar_exact_test({counts, 2, 2}).p_value;
}

// (b - c) / n and, for its limits, the same of b + 1, c + 1 and n + 2.
Estimate accuracy_difference(std::int64_t model_only, std::int64_t rule_only, std::int64_t n,
                             double conf_level) {
  const auto b = static_cast<double>(model_only);
  const auto c = static_cast<double>(rule_only);
  const auto rows = static_cast<double>(n);
  const double wider = rows + 2.0;
  const double centre = (b - c) / wider;
  const double spread = std::sqrt(std::max(0.0, (b + c + 2.0) / wider - centre * centre) / wider);
  Estimate out{.term = "accuracy", .method = "mcnemar_exact"};
  complete(out,
           {.estimate = centre,
            .std_error = spread,
            .df = std::numeric_limits<double>::infinity(),
            .n = n},
           conf_level);
  out.estimate = (b - c) / rows;
  out.conf_low = std::max(out.conf_low, -1.0);
  out.conf_high = std::min(out.conf_high, 1.0);
  out.se_type = "bonett_price";
  out.statistic = std::numeric_limits<double>::quiet_NaN();
  out.df = std::numeric_limits<double>::quiet_NaN();
  out.p_value = model_only + rule_only == 0 ? 1.0 : mcnemar_p(model_only, rule_only);
  return out;
}

std::string p_text(double p) {
  if (std::isnan(p)) return "p undefined";
  return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p);
}

}  // namespace

OneRuleComparison compare_one_rule(const FeatureColumns& features,
                                   std::span<const std::int32_t> label,
                                   std::span<const double> scores, const Folds& folds,
                                   const OneRuleSpec& spec) {
  check_features(features, label.size());
  if (scores.size() != label.size() || folds.rows != label.size()) {
    throw ArgumentError(
        {.what = "scores, labels and folds are not of the same rows",
         .got = fmt::format("{}, {} and {} rows", scores.size(), label.size(), folds.rows)});
  }
  if (!(spec.margin >= 0.0 && spec.margin < 1.0)) {
    throw ArgumentError({.what = "a model can't gain this over a rule",
                         .where = "margin",
                         .got = format_double(spec.margin),
                         .expected = "0 or more, below 1"});
  }
  OneRuleComparison out;
  const auto counts = [&](std::uint32_t row) {
    return label[row] >= 0 && !std::isnan(scores[row]);
  };
  std::vector<std::uint32_t> every;
  std::int64_t positives = 0;
  for (std::uint32_t row = 0; row < label.size(); ++row) {
    if (!counts(row)) continue;
    every.push_back(row);
    if (label[row] == 1) ++positives;
  }
  out.n = static_cast<std::int64_t>(every.size());
  if (every.size() < label.size()) {
    out.warnings.push_back(fmt::format("{} rows without a label or a score were left out",
                                       label.size() - every.size()));
  }
  if (positives == 0 || positives == out.n || features.columns == 0) {
    out.warnings.emplace_back("there are no two classes to tell apart");
    return out;
  }
  const bool larger = 2 * positives > out.n;
  std::vector<std::int64_t> chosen(features.columns, 0);
  std::int64_t both = 0, majority = 0, model_over_majority = 0, majority_over_model = 0;
  for (int fold = 0; fold < folds.folds; ++fold) {
    std::vector<std::uint32_t> training, judged;
    for (const std::uint32_t row : every) {
      (folds.at(row) == fold ? judged : training).push_back(row);
    }
    if (judged.empty()) continue;
    const OneRule rule = learn_rule(features, label, training);
    const bool parts = rule.cut.kind != detail::Cut::Kind::kNone;
    if (parts) ++chosen[rule.column];
    for (const std::uint32_t row : judged) {
      const bool so = label[row] == 1;
      const bool by_rule =
          parts ? rule.cut.calls(features.column(rule.column)[row]) : rule.otherwise;
      const bool rule_right = by_rule == so;
      const bool model_right = (scores[row] >= spec.threshold) == so;
      const bool majority_right = larger == so;
      if (rule_right && model_right) ++both;
      if (model_right && !rule_right) ++out.model_only;
      if (rule_right && !model_right) ++out.rule_only;
      if (majority_right) ++majority;
      if (model_right && !majority_right) ++model_over_majority;
      if (majority_right && !model_right) ++majority_over_model;
    }
  }
  const auto share = [&](std::int64_t count) {
    return static_cast<double>(count) / static_cast<double>(out.n);
  };
  out.rule_accuracy = share(both + out.rule_only);
  out.model_accuracy = share(both + out.model_only);
  out.majority_accuracy = share(majority);
  out.difference = accuracy_difference(out.model_only, out.rule_only, out.n, spec.conf_level);
  const auto most = std::max_element(chosen.begin(), chosen.end());
  if (*most == 0) {
    out.warnings.emplace_back("no column parts the classes better than chance");
    return out;
  }
  const auto place = static_cast<std::size_t>(most - chosen.begin());
  const auto column = features.column(place);
  const detail::Cut cut = detail::best_cut(column, label, every, detail::CutMerit::kErrors);
  out.column = features.name(place);
  out.rule = cut.text(out.column);
  // A column that falls with the label is turned round.
  std::vector<double> score(scores.begin(), scores.end());
  std::vector<double> alone(column.begin(), column.end());
  std::vector<std::int32_t> known(label.begin(), label.end());
  for (std::uint32_t row = 0; row < label.size(); ++row) {
    if (!counts(row)) known[row] = -1;
  }
  if (roc_curve({.score = alone, .label = known}).auc < 0.5) {
    for (double& value : alone) value = -value;
  }
  out.auc_difference = auc_difference_paired(score, alone, known, {},
                                             {.term = "auc", .conf_level = spec.conf_level});
  const bool tells = model_over_majority > majority_over_model &&
                     mcnemar_p(model_over_majority, majority_over_model) / 2.0 < kAlpha;
  if (!tells) {
    out.warnings.push_back(fmt::format(
        "the model is no better than calling every row the larger class (accuracy {:.4f} against "
        "{:.4f}): there is nothing to compare a rule with",
        out.model_accuracy, out.majority_accuracy));
    return out;
  }
  out.alarm = out.difference.estimate <= spec.margin;
  if (!out.alarm) return out;
  out.text = fmt::format(
      "one rule does as well as the model: {}: accuracy {:.4f} against the model's {:.4f} on {} "
      "rows that neither had seen ({} rows only the rule gets right, {} only the model; McNemar "
      "{}); the model's AUC less the column's: {:+.4f} (DeLong {})",
      out.rule, out.rule_accuracy, out.model_accuracy, out.n, out.rule_only, out.model_only,
      p_text(out.difference.p_value), out.auc_difference.estimate,
      p_text(out.auc_difference.p_value));
  return out;
}

}  // namespace impact
