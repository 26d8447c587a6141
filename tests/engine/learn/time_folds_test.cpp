#include <algorithm>
#include <set>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/cross_validate.h"
#include "tests/engine/learn/evaluation_reference.h"

using namespace impact;
using namespace impact::learning;

namespace {

const StreamKey kKey = StreamKey::root(11).child("folds");

std::vector<double> counting(std::size_t n) {
  std::vector<double> t(n);
  for (std::size_t i = 0; i < n; ++i) t[i] = static_cast<double>(i);
  return t;
}

}  // namespace

TEST_CASE("folds in time are those of scikit-learn", "[learn][time_folds]") {
  const auto check = [](const char* name, const TimeFoldSpec& spec) {
    const auto& theirs = evaluation_reference()["time_folds"][name];
    const Folds folds = time_folds(counting(23), spec);
    REQUIRE(folds.folds == static_cast<int>(theirs.size()));
    for (int k = 0; k < folds.folds; ++k) {
      const Split split = folds.split(k);
      const auto& pair = theirs[static_cast<std::size_t>(k)];
      CHECK(split.train == pair[0].get<std::vector<std::uint32_t>>());
      CHECK(split.test == pair[1].get<std::vector<std::uint32_t>>());
    }
  };
  check("default", {.folds = 4});
  check("gap", {.folds = 3, .test = 3, .gap = 2});
  check("sliding", {.folds = 3, .gap = 1, .train = 4});
}

TEST_CASE("folds in time: rows of one time stay together, in any order", "[learn][time_folds]") {
  //                              2019    2020       2021     2022
  const std::vector<double> time = {2021, 2019, 2022, 2020, 2020, 2021, 2019, 2022};
  const Folds folds = time_folds(time, {.folds = 2, .test = 1});
  CHECK(folds.fold == std::vector<std::int32_t>{0, -1, 1, -1, -1, 0, -1, 1});
  CHECK(folds.split(0).train == std::vector<std::uint32_t>{1, 3, 4, 6});
  CHECK(folds.split(1).train == std::vector<std::uint32_t>{0, 1, 3, 4, 5, 6});
  const Folds sliding = time_folds(time, {.folds = 2, .test = 1, .train = 1});
  CHECK(sliding.split(1).train == std::vector<std::uint32_t>{0, 5});
  CHECK(!sliding.trains(3, 1));
  CHECK(sliding.trains(3, 0));
}

TEST_CASE("rows that are never tested have no prediction and no part in scores",
          "[learn][time_folds]") {
  const std::vector<double> y = {1, 2, 3, 4, 5, 6, 7, 8};
  const Folds folds = time_folds(counting(8), {.folds = 3, .test = 2});
  const Learner last = [&](std::span<const std::uint32_t> rows, StreamKey, const Context&) {
    const double value = y[rows.back()];
    FittedModel model;
    model.predict = [value](std::span<const std::uint32_t>, std::span<double> out) {
      std::fill(out.begin(), out.end(), value);
    };
    return model;
  };
  const OutOfFold out = out_of_fold(folds, last, kKey);
  CHECK(std::isnan(out.prediction[0]));
  CHECK(std::isnan(out.prediction[1]));
  CHECK(std::vector<double>(out.prediction.begin() + 2, out.prediction.end()) ==
        std::vector<double>{2, 2, 4, 4, 6, 6});
  const FoldMetric first_error = [&](std::span<const double> p,
                                     std::span<const std::uint32_t> rows) {
    return (y[rows[0]] - p[0]) * static_cast<double>(rows[0]);
  };
  const FoldScores scores = fold_scores(folds, out, first_error);
  CHECK(scores.value == std::vector<double>{2, 4, 6});
  // sd 2; test over training rows 2/2, 2/4, 2/6.
  const double ratio = (1.0 + 0.5 + 1.0 / 3.0) / 3.0;
  CHECK(scores.std_error == Approx(2.0 * std::sqrt(1.0 / 3.0 + ratio)).epsilon(1e-14));
}

TEST_CASE("leave one out, leave one group out", "[learn][folds]") {
  const Folds each = leave_one_out(4);
  CHECK(each.folds == 4);
  CHECK(each.split(2).test == std::vector<std::uint32_t>{2});
  CHECK(each.split(2).train == std::vector<std::uint32_t>{0, 1, 3});
  const std::vector<std::int32_t> groups = {7, 3, 3, 9, 7};
  const Folds by_group = leave_one_group_out(groups);
  CHECK(by_group.folds == 3);
  CHECK(by_group.fold == std::vector<std::int32_t>{1, 0, 0, 2, 1});
  const std::vector<std::int32_t> one = {4, 4};
  const std::vector<std::int32_t> missing = {4, -1};
  CHECK_THROWS_AS(leave_one_out(1), ArgumentError);
  CHECK_THROWS_AS(leave_one_group_out(one), ArgumentError);
  CHECK_THROWS_AS(leave_one_group_out(missing), ArgumentError);
}

TEST_CASE("folds in time: wrong input", "[learn][time_folds]") {
  const auto time = counting(10);
  CHECK_THROWS_AS(time_folds(time, {.folds = 0}), ArgumentError);
  CHECK_THROWS_AS(time_folds(time, {.folds = 10}), ArgumentError);
  CHECK_THROWS_AS(time_folds(time, {.folds = 5, .test = 2}), ArgumentError);
  CHECK_THROWS_AS(time_folds(time, {.folds = 3, .test = 2, .gap = 4}), ArgumentError);
  CHECK_NOTHROW(time_folds(time, {.folds = 3, .test = 2, .gap = 3}));
  CHECK_THROWS_AS(time_folds(time, {.folds = 2, .test = SIZE_MAX}), ArgumentError);
  CHECK_THROWS_AS(time_folds({}, {}), ArgumentError);
  const std::vector<double> missing = {1, NAN, 2};
  CHECK_THROWS_AS(time_folds(missing, {.folds = 1}), ArgumentError);
}

TEST_CASE("three parts: shares, classes, groups", "[learn][folds]") {
  std::vector<std::int32_t> strata(100);
  for (std::size_t i = 0; i < 100; ++i) strata[i] = i % 5 == 0 ? 1 : 0;
  const ThreeWaySplit parts = draw_three_way_split(100, {.strata = strata}, kKey);
  CHECK(parts.train.size() == 60);
  CHECK(parts.validation.size() == 20);
  CHECK(parts.test.size() == 20);
  std::set<std::uint32_t> all;
  for (const auto* part : {&parts.train, &parts.validation, &parts.test}) {
    CHECK(std::is_sorted(part->begin(), part->end()));
    all.insert(part->begin(), part->end());
    const auto ones = std::ranges::count_if(*part, [&](auto row) { return strata[row] == 1; });
    CHECK(5 * ones == static_cast<std::ptrdiff_t>(part->size()));
  }
  CHECK(all.size() == 100);
  std::vector<std::int32_t> groups(60);
  for (std::size_t i = 0; i < 60; ++i) groups[i] = static_cast<std::int32_t>(i / 3);
  const ThreeWaySplit whole = draw_three_way_split(60, {.groups = groups}, kKey);
  std::vector<int> part_of(20, -1);
  int number = 0;
  for (const auto* part : {&whole.train, &whole.validation, &whole.test}) {
    CHECK(!part->empty());
    for (const auto row : *part) {
      int& of = part_of[static_cast<std::size_t>(groups[row])];
      CHECK((of == -1 || of == number));
      of = number;
    }
    ++number;
  }
  CHECK_THROWS_AS(draw_three_way_split(9, {.validation_share = 0.6, .test_share = 0.4}, kKey),
                  ArgumentError);
  CHECK_THROWS_AS(draw_three_way_split(9, {.validation_share = 0.0}, kKey), ArgumentError);
  CHECK_THROWS_AS(draw_three_way_split(2, {}, kKey), ArgumentError);
}

TEST_CASE("nested cross-validation judges the choice, not its luck", "[learn][nested]") {
  // Coins: candidates that guess, so whichever looks best inside is no better outside.
  std::vector<std::int32_t> label(60);
  for (std::size_t i = 0; i < 60; ++i) label[i] = Stream(kKey, i).bernoulli(0.5) ? 1 : 0;
  SelectionSpec spec;
  for (int c = 0; c < 12; ++c) {
    spec.names.push_back("coin " + std::to_string(c));
    spec.learners.push_back([c](std::span<const std::uint32_t>, StreamKey, const Context&) {
      FittedModel model;
      const StreamKey coin = kKey.child("coin").child(std::to_string(c));
      model.predict = [coin](std::span<const std::uint32_t> rows, std::span<double> out) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
          out[i] = Stream(coin, rows[i]).bernoulli(0.5) ? 1.0 : 0.0;
        }
      };
      return model;
    });
  }
  spec.metric = [&](std::span<const double> p, std::span<const std::uint32_t> rows) {
    double right = 0.0;
    for (std::size_t i = 0; i < rows.size(); ++i) right += p[i] == label[rows[i]] ? 1.0 : 0.0;
    return right / static_cast<double>(rows.size());
  };
  const Folds folds = draw_folds(60, {.folds = 5, .repeats = 2, .strata = label}, kKey);
  const auto run = [&](int threads) {
    return nested_cross_validation(folds, best_of(spec), spec.metric, kKey, {.threads = threads});
  };
  const NestedScores nested = run(1);
  REQUIRE(nested.choice.size() == 10);
  REQUIRE(nested.scores.value.size() == 10);
  double inner = 0.0;
  for (std::size_t i = 0; i < 10; ++i) inner += 0.1 * nested.inner_score[i];
  CHECK(inner > 0.55);
  CHECK(nested.scores.mean < inner);
  for (const int threads : {2, 3, 8}) {
    const NestedScores again = run(threads);
    CHECK(again.choice == nested.choice);
    CHECK(again.scores.value == nested.scores.value);
  }
  // A loss is made small, and the selector that knows the answer is found everywhere.
  spec.names.emplace_back("oracle");
  spec.learners.push_back([&](std::span<const std::uint32_t>, StreamKey, const Context&) {
    FittedModel model;
    model.predict = [&](std::span<const std::uint32_t> rows, std::span<double> out) {
      for (std::size_t i = 0; i < rows.size(); ++i) out[i] = label[rows[i]];
    };
    return model;
  });
  const NestedScores found = run(2);
  CHECK(found.choice == std::vector<std::string>(10, "oracle"));
  CHECK(found.scores.mean == 1.0);
  CHECK(found.warnings.empty());
  const FoldMetric right = spec.metric;
  spec.metric = [&](auto p, auto rows) { return 1.0 - right(p, rows); };
  spec.larger_is_better = false;
  CHECK(run(2).scores.mean == 0.0);
  spec.metric = [](auto, auto) { return NAN; };
  CHECK_THROWS_AS(run(2), DataError);
  CHECK_THROWS_AS(best_of({}), ArgumentError);
}

TEST_CASE("scores of models with several predictions a row", "[learn][nested]") {
  const std::vector<double> y = {0, 1, 2, 0, 1, 2};
  const Folds folds{.rows = 6, .folds = 2, .repeats = 1, .fold = {0, 1, 0, 1, 0, 1}};
  const Learner doubled = [&](std::span<const std::uint32_t>, StreamKey, const Context&) {
    FittedModel model;
    model.predict = [&](std::span<const std::uint32_t> rows, std::span<double> out) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        out[2 * i] = y[rows[i]];
        out[2 * i + 1] = 2.0 * y[rows[i]];
      }
    };
    return model;
  };
  const FoldMetric metric = [&](std::span<const double> p, std::span<const std::uint32_t> rows) {
    REQUIRE(p.size() == 2 * rows.size());
    double wrong = 0.0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      wrong += std::abs(p[2 * i] - y[rows[i]]) + std::abs(p[2 * i + 1] - 2.0 * y[rows[i]]);
    }
    return wrong;
  };
  const OutOfFold out = out_of_fold(folds, doubled, kKey, {}, 2);
  CHECK(fold_scores(folds, out, metric).value == std::vector<double>{0, 0});
  SelectionSpec spec;
  spec.names = {"doubled"};
  spec.learners = {doubled};
  spec.metric = metric;
  spec.outputs = 2;
  spec.folds = 3;
  const auto nested = nested_cross_validation(folds, best_of(spec), metric, kKey, {}, 2);
  CHECK(nested.scores.mean == 0.0);
  CHECK(nested.inner_score == std::vector<double>{0, 0});
  CHECK_THROWS_AS(fold_scores(folds, {.prediction = {1, 2, 3}}, metric), ArgumentError);
}
