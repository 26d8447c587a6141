#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "engine/core/rng.h"
#include "engine/stats/bootstrap.h"
#include "engine/stats/permutation.h"

// What tests/bench/resampling.py asks of numpy and scipy. Argument: threads.
namespace {

using namespace impact;

struct Table {
  std::vector<double> y, x;
  std::vector<std::int32_t> arm;
  explicit Table(std::size_t rows) {
    Stream stream(StreamKey::root(7).child("resampling_bench"));
    for (std::size_t i = 0; i < rows; ++i) {
      arm.push_back(static_cast<std::int32_t>(i % 2));
      y.push_back(stream.normal() + 0.05 * arm.back());
      x.push_back(stream.normal() + y.back());
    }
  }
};

Context threads(const benchmark::State& state) {
  Context context;
  context.threads = static_cast<int>(state.range(0));
  return context;
}

void bootstrapped(benchmark::State& state, BootstrapStatistic statistic) {
  const Table table(20'000);
  BootstrapSpec spec;
  spec.statistic = statistic;
  spec.interval = BootstrapInterval::kPercentile;
  spec.draws = 10'000;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        bootstrap({.y = table.y, .x = table.x, .arm = table.arm}, spec, threads(state)));
  }
}

void permuted(benchmark::State& state, PermutationStatistic statistic) {
  const Table table(2'000);
  PermutationSpec spec;
  spec.statistic = statistic;
  spec.draws = 100'000;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        permutation_test({.y = table.y, .arm = table.arm}, spec, threads(state)));
  }
}

void permuted_pairs(benchmark::State& state) {
  const Table table(1'000);
  PermutationSpec spec;
  spec.draws = 100'000;
  for (auto _ : state) {
    benchmark::DoNotOptimize(permuted_correlation(table.x, table.y, spec, threads(state)));
  }
}

#define IMPACT_RESAMPLING(function, name, ...)   \
  BENCHMARK_CAPTURE(function, name, __VA_ARGS__) \
      ->Arg(1)                                   \
      ->Arg(2)                                   \
      ->UseRealTime()                            \
      ->MeasureProcessCPUTime()                  \
      ->Unit(benchmark::kMillisecond)
IMPACT_RESAMPLING(bootstrapped, mean, BootstrapStatistic::kMean);
IMPACT_RESAMPLING(bootstrapped, welch, BootstrapStatistic::kWelchT);
IMPACT_RESAMPLING(bootstrapped, median, BootstrapStatistic::kMedian);
IMPACT_RESAMPLING(bootstrapped, correlation, BootstrapStatistic::kCorrelation);
IMPACT_RESAMPLING(permuted, means, PermutationStatistic::kDifferenceOfMeans);
IMPACT_RESAMPLING(permuted, studentised, PermutationStatistic::kStudentisedMeans);
IMPACT_RESAMPLING(permuted, medians, PermutationStatistic::kDifferenceOfMedians);
BENCHMARK(permuted_pairs)
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
