#include "engine/learn/explain/permutation_importance.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "engine/core/error.h"
#include "engine/learn/calibration.h"
#include "engine/learn/roc.h"
#include "tests/engine/learn/explain/known_model.h"

using namespace impact;
using namespace impact::explaining;

namespace {

struct Invented {
  FeatureTable table;
  std::vector<double> y;
  std::vector<std::int32_t> label;
};

// y = x1 + noise, x2 says nothing, x3 is x1 once more.
Invented invented(std::size_t n, std::uint64_t seed) {
  Stream stream({seed});
  std::vector<double> a, b;
  Invented data;
  for (std::size_t i = 0; i < n; ++i) {
    a.push_back(stream.normal());
    b.push_back(stream.normal());
    data.y.push_back(a[i] + 0.5 * stream.normal());
    data.label.push_back(data.y[i] > 0.2 ? 1 : 0);
  }
  data.table =
      FeatureTable({number_feature("a", a), number_feature("b", b), number_feature("c", a)});
  return data;
}

double logistic(double z) { return 1.0 / (1.0 + std::exp(-z)); }

std::vector<double> codes(const std::vector<std::int32_t>& label) {
  return {label.begin(), label.end()};
}

}  // namespace

TEST_CASE("permutation importance: what all pairs of rows say", "[learn][permutation]") {
  const Invented data = invented(40, 1);
  const auto model = number_model(
      data.table, [](const std::vector<double>& x) { return 0.8 * x[0] + 0.1 * x[2]; });
  const auto rows = every_row(40);
  // Every row gets every row's cell with the same chance.
  double pairs = 0.0;
  double base = 0.0;
  const auto& a = data.table[0].numbers;
  for (std::size_t i = 0; i < 40; ++i) {
    const auto loss = [&](double cell) {
      const double miss = data.y[i] - (0.8 * cell + 0.1 * a[i]);
      return miss * miss;
    };
    base += loss(a[i]) / 40;
    for (std::size_t k = 0; k < 40; ++k) pairs += (loss(a[k]) - loss(a[i])) / 1600;
  }
  const auto result = permutation_importance(model, data.table, data.y, rows,
                                             {.repeats = 2000, .conf_level = 0.999}, {5});
  CHECK(result.loss == Approx(base).epsilon(1e-12));
  REQUIRE(result.columns.size() == 3);
  const ColumnReliance& first = result.columns[0];
  CHECK(first.column == "a");
  CHECK(first.repeat_low < pairs);
  CHECK(first.repeat_high > pairs);
  CHECK(first.repeat_high - first.repeat_low < 0.05 * pairs);
  CHECK(first.conf_low < first.repeat_low);
  CHECK(first.n == 40);
  CHECK(result.rises.size() == 6000);
  CHECK(std::accumulate(result.rises.begin(), result.rises.begin() + 2000, 0.0) / 2000 ==
        Approx(first.importance).epsilon(1e-12));
  // A column that the model does not use.
  CHECK(result.columns[1].importance == 0.0);
  CHECK(result.columns[1].std_error == 0.0);
  // Shuffled together, the two copies hide nothing from each other.
  const auto both = permutation_importance(model, data.table, data.y, rows,
                                           {.groups = {{"a", "c"}, {"b"}}, .repeats = 50}, {5});
  CHECK(both.columns[0].column == "a + c");
  CHECK(both.columns[0].importance > first.importance + result.columns[2].importance);
}

TEST_CASE("permutation importance: its intervals hold the truth", "[learn][permutation]") {
  // f = x1, y = x1 + noise: E (y - x1')^2 - E (y - x1)^2 = 2.
  int held = 0;
  const int draws = 400;
  for (int d = 0; d < draws; ++d) {
    const Invented data = invented(60, 100 + static_cast<std::uint64_t>(d));
    const auto model = number_model(data.table, [](const std::vector<double>& x) { return x[0]; });
    const auto result = permutation_importance(model, data.table, data.y, every_row(60),
                                               {.groups = {{"a"}}, .repeats = 20}, {7});
    held += result.columns[0].conf_low <= 2.0 && result.columns[0].conf_high >= 2.0 ? 1 : 0;
  }
  // 0.95 of 400, four standard errors below; wide by up to 1 / repeats.
  CHECK(held >= 362);
  CHECK(held <= 396);
}

TEST_CASE("permutation importance: the losses are those of the metrics", "[learn][permutation]") {
  const Invented data = invented(90, 3);
  const auto model = number_model(
      data.table, [](const std::vector<double>& x) { return logistic(2 * x[0] + 0.3 * x[1]); },
      {"no", "yes"});
  const auto y = codes(data.label);
  const auto rows = every_row(90);
  std::vector<double> weight;
  for (std::size_t i = 0; i < 90; ++i) weight.push_back(0.5 + static_cast<double>(i % 4));
  struct Case {
    ImportanceLoss loss;
    std::function<double(const ScoredLabels&)> metric;
    bool rises;
  };
  for (const Case& peer : std::initializer_list<Case>{
           {ImportanceLoss::kAuc, [](const ScoredLabels& d) { return auc(d).estimate; }, true},
           {ImportanceLoss::kSquared, [](const ScoredLabels& d) { return brier_score(d).estimate; },
            false},
           {ImportanceLoss::kLogLoss, [](const ScoredLabels& d) { return log_loss(d).estimate; },
            false}}) {
    const auto ours = permutation_importance(
        model, data.table, y, rows, {.loss = peer.loss, .repeats = 5, .weights = weight}, {9});
    const auto theirs =
        permutation_importance(model, data.table, y, rows,
                               {.metric = classifier_metric(peer.metric, data.label, weight),
                                .metric_rises = peer.rises,
                                .repeats = 5},
                               {9});
    for (std::size_t k = 0; k < ours.rises.size(); ++k) {
      CHECK(ours.rises[k] == Approx(theirs.rises[k]).margin(1e-12));
    }
    CHECK((peer.rises ? 1.0 - ours.loss : ours.loss) == Approx(theirs.loss).epsilon(1e-12));
    CHECK(std::isnan(theirs.columns[0].std_error));
    CHECK(ours.columns[0].std_error > 0.0);
  }
  const auto error =
      permutation_importance(model, data.table, y, rows, {.loss = ImportanceLoss::kError}, {9});
  double wrong = 0.0;
  for (std::size_t i = 0; i < 90; ++i) {
    const bool said = 2 * data.table[0].numbers[i] + 0.3 * data.table[1].numbers[i] >= 0.0;
    wrong += said == (data.label[i] == 1) ? 0.0 : 1.0 / 90;
  }
  CHECK(error.loss == Approx(wrong));
}

TEST_CASE("permutation importance: weights are copies of rows in the loss",
          "[learn][permutation]") {
  const Invented data = invented(30, 4);
  const auto model = number_model(
      data.table, [](const std::vector<double>& x) { return logistic(x[0]); }, {"no", "yes"});
  std::vector<double> weight(30, 1.0);
  std::vector<std::uint32_t> copied;
  for (std::uint32_t i = 0; i < 30; ++i) {
    weight[i] = 1.0 + i % 3;
    copied.insert(copied.end(), 1 + i % 3, i);
  }
  const auto y = codes(data.label);
  for (const auto loss : {ImportanceLoss::kSquared, ImportanceLoss::kAuc}) {
    const auto once = permutation_importance(model, data.table, y, every_row(30),
                                             {.loss = loss, .repeats = 1, .weights = weight}, {1});
    const auto often =
        permutation_importance(model, data.table, y, copied, {.loss = loss, .repeats = 1}, {1});
    CHECK(once.loss == Approx(often.loss).epsilon(1e-12));
    CHECK(std::isnan(once.columns[0].repeat_low));
  }
}

TEST_CASE("permutation importance: texts, many classes, threads", "[learn][permutation]") {
  const std::string large = "large", small = "small", odd = "odd";
  std::vector<const std::string*> cells;
  std::vector<double> number, y;
  Stream stream({8});
  for (std::size_t i = 0; i < 60; ++i) {
    cells.push_back(i % 7 == 0 ? nullptr : i % 3 == 0 ? &large : i % 3 == 1 ? &small : &odd);
    number.push_back(stream.normal());
    y.push_back(static_cast<double>(i % 3));
  }
  const FeatureTable table({text_feature("size", cells), number_feature("x", number)});
  const auto model = known_model(table,
                                 [](const FeatureTable& at, std::size_t row, double* out) {
                                   const std::int32_t code = at[0].codes[row];
                                   const std::string level =
                                       code < 0 ? "" : at[0].levels[static_cast<std::size_t>(code)];
                                   out[0] = level == "large" ? 0.8 : 0.1;
                                   out[1] = level == "small" ? 0.8 : 0.1;
                                   out[2] = 1.0 - out[0] - out[1];
                                 },
                                 {"a", "b", "c"});
  for (const auto loss :
       {ImportanceLoss::kError, ImportanceLoss::kLogLoss, ImportanceLoss::kSquared}) {
    const ImportanceSpec spec = {.loss = loss};
    const auto result = permutation_importance(model, table, y, every_row(60), spec, {2});
    CHECK(result.columns[0].importance > 0.1);
    CHECK(result.columns[0].conf_low > 0.0);
    CHECK(result.columns[1].importance == 0.0);
    for (const int threads : {2, 3, 8}) {
      const auto again =
          permutation_importance(model, table, y, every_row(60), spec, {2}, {.threads = threads});
      CHECK(again.rises == result.rises);
      CHECK(again.columns[0].std_error == result.columns[0].std_error);
    }
  }
}

TEST_CASE("permutation importance: bad input", "[learn][permutation]") {
  Invented data = invented(20, 5);
  const auto model = number_model(data.table, [](const std::vector<double>& x) {
    return x[0] > 1.0 ? std::numeric_limits<double>::quiet_NaN() : x[0];
  });
  data.y[3] = std::nan("");
  const auto rows = every_row(20);
  const auto result = permutation_importance(model, data.table, data.y, rows, {}, {1});
  CHECK(warned(result, "1 row was"));
  CHECK(warned(result, "no prediction"));
  CHECK(result.columns[0].n == 19);
  CHECK(std::isfinite(result.columns[0].importance));
  const auto bad = [&](const ImportanceSpec& spec) {
    CHECK_THROWS_AS(permutation_importance(model, data.table, data.y, rows, spec, {1}),
                    ArgumentError);
  };
  bad({.repeats = 0});
  bad({.groups = {{"aa"}}});
  bad({.loss = ImportanceLoss::kAuc});
  bad({.loss = ImportanceLoss::kLogLoss});
  bad({.weights = std::span(data.y).first(3)});
  bad({.conf_level = 1.0});
  const std::vector<std::uint32_t> outside = {20};
  CHECK_THROWS_AS(permutation_importance(model, data.table, data.y, outside, {}, {1}),
                  ArgumentError);
  CHECK_THROWS_AS(permutation_importance(model, data.table, data.y, {}, {}, {1}), ArgumentError);
}
