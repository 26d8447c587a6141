#include "engine/learn/leakage_threshold.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/alarm_rows.h"

using namespace impact;
using namespace impact::learning;

namespace {

struct Scores {
  std::vector<double> score = {};
  std::vector<std::int32_t> label = {};
  Scores(std::size_t n, double shift) : score(normals(n, 9)) {
    for (std::size_t i = 0; i < n; ++i) {
      label.push_back(i % 2 == 0 ? 1 : 0);
      if (i % 2 == 0) score[i] += shift;
    }
  }
  [[nodiscard]] ScoredLabels data() const { return {.score = score, .label = label}; }
};

const ThresholdMetric& metric(const TunedThreshold& found, const std::string& name) {
  for (const ThresholdMetric& m : found.metrics) {
    if (m.name == name) return m;
  }
  FAIL("no " << name);
  return found.metrics[0];
}

}  // namespace

TEST_CASE("a threshold tuned on its rows, and what is left of it", "[learn][leakage_threshold]") {
  const Scores rows(60, 1.0);
  TunedThresholdSpec spec;
  spec.rule.rule = ThresholdRule::kYouden;
  const TunedThreshold tuned = find_tuned_threshold(rows.data(), kAlarmKey, spec);
  CHECK(tuned.alarm);
  CHECK(tuned.threshold == tuned.best);
  const ThresholdMetric& balanced = metric(tuned, "balanced_accuracy");
  CHECK(balanced.optimism > 0.01);
  CHECK(balanced.optimism < 0.2);
  CHECK(balanced.optimism == balanced.reported - balanced.nested);
  CHECK(tuned.lowest < tuned.highest);
  CHECK(tuned.text.find("the threshold") == 0);
  CHECK(tuned.text.find("(largest recall + specificity - 1)") != std::string::npos);
  // The same threshold, given: the rows would have chosen it.
  spec.threshold = tuned.best;
  CHECK(find_tuned_threshold(rows.data(), kAlarmKey, spec).alarm);
  // Another one is honest.
  spec.threshold = tuned.best + 0.4;
  const TunedThreshold honest = find_tuned_threshold(rows.data(), kAlarmKey, spec);
  CHECK(!honest.alarm);
  CHECK(honest.differently > 0);
  CHECK(honest.text.empty());
}

TEST_CASE("optimism matches new rows and falls with their number", "[learn][leakage_threshold]") {
  // The truth: thresholds chosen on 40 rows, judged on 40 others, on average of 200 draws.
  double nested = 0.0, fresh = 0.0, reported = 0.0;
  constexpr int kDraws = 200;
  for (int draw = 0; draw < kDraws; ++draw) {
    Stream stream(kAlarmKey, 1000 + static_cast<std::uint64_t>(draw));
    std::vector<double> score(80);
    std::vector<std::int32_t> label(80);
    for (std::size_t i = 0; i < 80; ++i) {
      label[i] = i % 2 == 0 ? 1 : 0;
      score[i] = stream.normal() + (i % 2 == 0 ? 1.0 : 0.0);
    }
    const ScoredLabels first{.score = std::span(score).first(40),
                             .label = std::span<const std::int32_t>(label).first(40)};
    const ScoredLabels second{.score = std::span(score).last(40),
                              .label = std::span<const std::int32_t>(label).last(40)};
    const TunedThreshold found = find_tuned_threshold(first, kAlarmKey, {.repeats = 2});
    const ConfusionMatrix m = confusion_matrix(second, found.threshold);
    fresh += 0.5 * (m.true_positive / 20.0 + m.true_negative / 20.0) / kDraws;
    nested += metric(found, "balanced_accuracy").nested / kDraws;
    reported += metric(found, "balanced_accuracy").reported / kDraws;
  }
  CHECK(reported - fresh > 0.04);
  CHECK(std::abs(nested - fresh) < 0.025);
  const Scores many(4000, 1.0);
  CHECK(metric(find_tuned_threshold(many.data(), kAlarmKey, {.repeats = 2}), "balanced_accuracy")
            .optimism < 0.01);
}

TEST_CASE("thresholds: one class, a recall out of reach, bad options",
          "[learn][leakage_threshold]") {
  Scores rows(40, 1.0);
  TunedThresholdSpec spec;
  spec.rule = {.rule = ThresholdRule::kLeastRecall, .least = 0.96};
  const TunedThreshold found = find_tuned_threshold(rows.data(), kAlarmKey, spec);
  CHECK(metric(found, "recall").reported >= 0.96);
  CHECK(metric(found, "recall").nested < metric(found, "recall").reported);
  std::fill(rows.label.begin(), rows.label.end(), 1);
  const TunedThreshold one = find_tuned_threshold(rows.data(), kAlarmKey, spec);
  CHECK(!one.alarm);
  CHECK(one.warnings.size() == 1);
  CHECK_THROWS_AS(find_tuned_threshold(rows.data(), kAlarmKey, {.folds = 1}), ArgumentError);
}
