#include "engine/learn/threshold.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void check(const ThresholdSpec& spec) {
  const auto bad = [](const char* what, const char* where, double got, const char* expected) {
    throw ArgumentError(
        {.what = what, .where = where, .got = format_double(got), .expected = expected});
  };
  if (!(spec.beta > 0.0 && std::isfinite(spec.beta))) {
    bad("beta weighs recall against precision", "beta", spec.beta, "a number above 0");
  }
  for (const auto& [name, cost] : {std::pair("cost_false_positive", spec.cost_false_positive),
                                   std::pair("cost_false_negative", spec.cost_false_negative)}) {
    if (!(cost >= 0.0 && std::isfinite(cost))) {
      bad("an error has a cost", name, cost, "a finite number, 0 or more");
    }
  }
  if (spec.cost_false_positive == 0.0 && spec.cost_false_negative == 0.0) {
    bad("errors that cost nothing leave nothing to choose", "cost_false_positive", 0.0,
        "one cost above 0");
  }
  if (!(spec.least > 0.0 && spec.least <= 1.0)) {
    bad("the recall or precision wanted is a share", "least", spec.least, "above 0, at most 1");
  }
}

struct Candidate {
  double threshold = kInfinity;
  double true_positive = 0.0;
  double false_positive = 0.0;
};

// How good a candidate is: the first number decides, then the second. Not admitted: first is NaN.
struct Merit {
  double first = std::numeric_limits<double>::quiet_NaN();
  double second = 0.0;
  double value = std::numeric_limits<double>::quiet_NaN();  // what the report shows
};

Merit merit(const Candidate& c, double positives, double negatives, const ThresholdSpec& spec) {
  const double recall = c.true_positive / positives;
  const double called = c.true_positive + c.false_positive;
  const double precision = c.true_positive / called;
  switch (spec.rule) {
    case ThresholdRule::kYouden: {
      // Without fractions, so that rounding does not part what is equal.
      const double j = c.true_positive * negatives - c.false_positive * positives;
      return {j, 0.0, recall - c.false_positive / negatives};
    }
    case ThresholdRule::kMaxF: {
      // Below, (1 + b^2) TP + b^2 FN + FP = b^2 P + called.
      const double b = spec.beta * spec.beta;
      const double f = (1.0 + b) * c.true_positive / (b * positives + called);
      return {f, 0.0, f};
    }
    case ThresholdRule::kLeastCost: {
      const double cost = spec.cost_false_positive * c.false_positive +
                          spec.cost_false_negative * (positives - c.true_positive);
      return {-cost, 0.0, cost};
    }
    case ThresholdRule::kLeastRecall:
      if (recall < spec.least) return {};
      return {precision, 0.0, recall};
    case ThresholdRule::kLeastPrecision:
      if (!(precision >= spec.least)) return {};
      return {recall, precision, precision};
  }
  return {};
}

std::string words(const ThresholdSpec& spec) {
  const std::string origin = spec.origin == ScoreOrigin::kOutOfFold ? "out-of-fold predictions"
                             : spec.origin == ScoreOrigin::kTraining
                                 ? "predictions of the training rows"
                                 : "predictions of unknown origin";
  std::string rule;
  switch (spec.rule) {
    case ThresholdRule::kYouden: rule = "largest recall + specificity - 1"; break;
    case ThresholdRule::kMaxF: rule = fmt::format("largest F{}", spec.beta); break;
    case ThresholdRule::kLeastCost:
      rule = fmt::format("least cost, {} a false positive and {} a false negative",
                         spec.cost_false_positive, spec.cost_false_negative);
      break;
    case ThresholdRule::kLeastRecall:
      rule = fmt::format("recall of at least {}, then the best precision", spec.least);
      break;
    case ThresholdRule::kLeastPrecision:
      rule = fmt::format("precision of at least {}, then the best recall", spec.least);
      break;
  }
  return rule + ", chosen on " + origin;
}

}  // namespace

ThresholdChoice choose_threshold(const ScoredLabels& data, const ThresholdSpec& spec) {
  check(spec);
  const detail::RankedScores ranked = detail::rank_scores(data);
  ThresholdChoice choice;
  choice.rule = words(spec);
  detail::warn_scores(choice.warnings, ranked);
  if (spec.origin == ScoreOrigin::kTraining) {
    choice.warnings.emplace_back(
        "the model knows the rows that chose the threshold: choose on out-of-fold predictions");
  } else if (spec.origin == ScoreOrigin::kUnknown) {
    choice.warnings.emplace_back(
        "nothing says that the predictions are out of fold; those of training rows mislead");
  }
  if (!ranked.both_classes()) return choice;

  Candidate best;
  Merit most;
  const auto consider = [&](const Candidate& candidate) {
    const Merit m = merit(candidate, ranked.positives, ranked.negatives, spec);
    if (std::isnan(m.first)) return;
    if (std::isnan(most.first) || m.first > most.first ||
        (m.first == most.first && m.second > most.second)) {
      best = candidate;
      most = m;
    }
  };
  if (spec.rule == ThresholdRule::kYouden || spec.rule == ThresholdRule::kLeastCost) {
    consider({});
  }
  for (const auto& g : ranked.groups) consider({g.score, g.positives_to, g.negatives_to});
  if (std::isnan(most.first)) {
    choice.warnings.push_back(fmt::format("no threshold has a precision of {}", spec.least));
    return choice;
  }
  choice.threshold = best.threshold;
  choice.value = most.value;
  choice.matrix = confusion_matrix(data, best.threshold);
  choice.scores =
      classification_scores(choice.matrix, {.beta = spec.beta, .conf_level = spec.conf_level});
  for (Estimate& row : choice.scores) {
    row.warnings.emplace_back(
        "the threshold was chosen on these rows, which flatters it: nested cross-validation does "
        "not");
  }
  return choice;
}

}  // namespace impact
