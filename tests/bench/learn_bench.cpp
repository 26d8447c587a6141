#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/curves.h"
#include "engine/learn/leakage.h"
#include "engine/learn/logistic_classifier.h"
#include "engine/learn/roc.h"

// A million scored rows, and the cross-validation of a table as large as the claims data.
namespace {

using namespace impact;

struct Sample {
  std::vector<double> score, x;
  std::vector<std::int32_t> label;

  Sample(std::size_t rows, std::size_t columns) : x(rows * columns) {
    Stream stream(StreamKey::root(5).child("learn_bench"));
    for (std::size_t i = 0; i < rows; ++i) {
      label.push_back(stream.bernoulli(0.3) ? 1 : 0);
      score.push_back(stream.normal() + label.back());
    }
    for (std::size_t k = 0; k < x.size(); ++k) x[k] = stream.normal() + 0.2 * label[k % rows];
  }
};

void area(benchmark::State& state) {
  const Sample s(1'000'000, 0);
  for (auto _ : state) benchmark::DoNotOptimize(auc({s.score, s.label}).std_error);
}
BENCHMARK(area)->Unit(benchmark::kMillisecond);

void areas_paired(benchmark::State& state) {
  const Sample s(1'000'000, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(auc_difference_paired(s.score, s.x, s.label).std_error);
  }
}
BENCHMARK(areas_paired)->Unit(benchmark::kMillisecond);

void average_precision(benchmark::State& state) {
  const Sample s(1'000'000, 0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(precision_recall_curve({s.score, s.label}).average_precision);
  }
}
BENCHMARK(average_precision)->Unit(benchmark::kMillisecond);

void cross_validated_logistic(benchmark::State& state) {
  const Sample s(19084, 8);
  const FeatureColumns features = {.x = s.x, .columns = 8};
  const StreamKey key = StreamKey::root(5);
  const Folds folds = draw_folds(s.label.size(), {.folds = 10, .strata = s.label}, key);
  const Context context{.threads = static_cast<int>(state.range(0))};
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        out_of_fold(folds, logistic_learner(features, s.label), key, context).prediction[0]);
  }
}
BENCHMARK(cross_validated_logistic)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

void rules_of_columns(benchmark::State& state) {
  const Sample s(19084, 8);
  for (auto _ : state) {
    benchmark::DoNotOptimize(single_column_rules({.x = s.x, .columns = 8}, s.label)[0].auc);
  }
}
BENCHMARK(rules_of_columns)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
