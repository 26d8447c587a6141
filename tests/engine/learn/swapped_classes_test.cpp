#include "engine/learn/swapped_classes.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"

using namespace impact;

namespace {

// 30 positive rows of which 27 are called so, 70 negative ones of which 4 are.
struct Calls {
  std::vector<double> score = {};
  std::vector<std::int32_t> label = {};
  Calls() {
    for (int i = 0; i < 100; ++i) {
      label.push_back(i < 30 ? 1 : 0);
      score.push_back(i < 27 || (i >= 30 && i < 34) ? 1.0 : 0.0);
    }
  }
  [[nodiscard]] ScoredLabels data() const { return {.score = score, .label = label}; }
};

}  // namespace

TEST_CASE("numbers of the positive class as declared and swapped", "[learn][swapped]") {
  const Calls calls;
  const SwappedClasses found = find_swapped_classes(calls.data());
  CHECK(!found.alarm);
  CHECK(found.as_declared.precision == Approx(27.0 / 31.0));
  CHECK(found.as_declared.recall == Approx(0.9));
  CHECK(found.swapped.precision == Approx(66.0 / 69.0));
  CHECK(found.swapped.recall == Approx(66.0 / 70.0));
  CHECK(found.swapped.rate == Approx(0.7));
}

TEST_CASE("a report with the names exchanged", "[learn][swapped]") {
  const Calls calls;
  const SwappedClasses right = find_swapped_classes(
      calls.data(), {.reported = {.precision = 0.87, .recall = 0.90, .f1 = 0.89}});
  CHECK(!right.alarm);
  const SwappedClasses wrong =
      find_swapped_classes(calls.data(), {.reported = {.precision = 0.96, .recall = 0.94}});
  REQUIRE(wrong.findings.size() == 1);
  CHECK(wrong.findings[0].rule == "the report's numbers are those of the other class");
  CHECK(wrong.findings[0].text ==
        "the report says precision 0.960, recall 0.940; the calls give precision 0.871, recall "
        "0.900 as declared and precision 0.957, recall 0.943 with the two class names swapped");
  // Numbers of neither class say nothing about names.
  CHECK(!find_swapped_classes(calls.data(), {.reported = {.precision = 0.5, .recall = 0.5}}).alarm);
  const SwappedClasses rate = find_swapped_classes(calls.data(), {.reported = {.rate = 0.7}});
  REQUIRE(rate.findings.size() == 1);
  CHECK(rate.findings[0].rule == "the declared share of positives is that of the negatives");
  CHECK(!find_swapped_classes(calls.data(), {.reported = {.rate = 0.3}}).alarm);
}

TEST_CASE("scores that rank the wrong way round", "[learn][swapped]") {
  Calls calls;
  for (double& score : calls.score) score = 1.0 - score;
  const SwappedClasses found = find_swapped_classes(calls.data());
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].rule == "scores rank the wrong way round");
  CHECK(found.auc.estimate == Approx(0.5 * (3.0 / 30.0 + 4.0 / 70.0)).epsilon(1e-12));
  // By chance below one half: no alarm.
  std::vector<double> coin(100);
  for (std::size_t i = 0; i < 100; ++i) coin[i] = static_cast<double>((i * 37 + 11) % 100);
  const SwappedClasses chance = find_swapped_classes({.score = coin, .label = calls.label});
  CHECK(!chance.alarm);
  for (std::size_t i = 0; i < 100; ++i) coin[i] = calls.label[i] == 1 ? 0.1 : 0.9;
  CHECK(find_swapped_classes({.score = coin, .label = calls.label}).alarm);  // AUC 0
  const std::vector<std::int32_t> ones(100, 1);
  CHECK(find_swapped_classes({.score = coin, .label = ones}).warnings.size() == 1);
  CHECK_THROWS_AS(find_swapped_classes({.score = coin, .label = std::span(ones).first(3)}),
                  ArgumentError);
}
