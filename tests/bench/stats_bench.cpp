#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "engine/core/rng.h"
#include "engine/stats/difference_in_means.h"
#include "engine/stats/distribution.h"
#include "engine/stats/lin.h"
#include "engine/stats/linear.h"

// Two sizes matter: a simulated study of a hundred rows, again and again, and one real table.
namespace {

using namespace impact;

struct Table {
  std::size_t columns;
  std::vector<double> x, y;
  std::vector<std::int32_t> arm, block, cluster;

  Table(std::size_t rows, std::size_t covariates) : columns(covariates + 2) {
    Stream stream(StreamKey::root(5).child("stats_bench"));
    x.assign(rows, 1.0);
    for (std::size_t i = 0; i < rows; ++i) {
      arm.push_back(static_cast<std::int32_t>((i / 5) % 2));
      block.push_back(static_cast<std::int32_t>(i % 5));
      cluster.push_back(static_cast<std::int32_t>(i / 5));
      x.push_back(arm.back());
    }
    for (std::size_t i = 0; i < rows * covariates; ++i) x.push_back(stream.normal());
    for (std::size_t i = 0; i < rows; ++i) y.push_back(0.3 * arm[i] + stream.normal());
  }
  [[nodiscard]] std::span<const double> covariates() const {
    return std::span(x).subspan(2 * y.size());
  }
};

void difference(benchmark::State& state, bool blocked, bool clustered) {
  const Table t(100, 0);
  DifferenceInMeansData data{.y = t.y, .arm = t.arm};
  if (blocked) data.block = t.block;
  if (clustered) data.cluster = t.cluster;
  for (auto _ : state) {
    const PointEstimate p = difference_in_means_numbers(data).point;
    benchmark::DoNotOptimize(infer(p.estimate, p.std_error, p.df, 0.95));
  }
}
BENCHMARK_CAPTURE(difference, plain, false, false);
BENCHMARK_CAPTURE(difference, blocked, true, false);
BENCHMARK_CAPTURE(difference, clustered, false, true);

void critical_value(benchmark::State& state) {
  double df = 20.0;
  for (auto _ : state) benchmark::DoNotOptimize(t_quantile(0.975, df += 1e-3));
}
BENCHMARK(critical_value);

void two_sided(benchmark::State& state) {
  double df = 20.0;
  for (auto _ : state) benchmark::DoNotOptimize(t_two_sided(2.1, df += 1e-3));
}
BENCHMARK(two_sided);

void regression(benchmark::State& state, SeType se) {
  const Table t(100, 2);
  LinearData data{.x = t.x, .columns = t.columns, .y = t.y};
  if (clustered(se)) data.clusters = t.cluster;
  for (auto _ : state) benchmark::DoNotOptimize(linear(data, {.se = se, .explain = false}));
}
BENCHMARK_CAPTURE(regression, hc2, SeType::kHc2);
BENCHMARK_CAPTURE(regression, cr2, SeType::kCr2);

void lin_adjusted(benchmark::State& state) {
  const Table t(100, 2);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        lin_numbers({.y = t.y, .arm = t.arm, .covariates = t.covariates(), .columns = 2}));
  }
}
BENCHMARK(lin_adjusted);

constexpr std::size_t kMillion = 1'000'000;

void big_difference(benchmark::State& state) {
  const Table t(kMillion, 0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(difference_in_means_numbers({.y = t.y, .arm = t.arm}));
  }
}
BENCHMARK(big_difference)->Unit(benchmark::kMillisecond);

void big_regression(benchmark::State& state, SeType se, bool absorbed) {
  const Table t(kMillion, 8);
  LinearData data{.x = t.x, .columns = t.columns, .y = t.y};
  if (clustered(se)) data.clusters = t.cluster;
  if (absorbed) data.absorbed = {t.cluster};
  for (auto _ : state) benchmark::DoNotOptimize(linear(data, {.se = se}, {.threads = 2}));
}
BENCHMARK_CAPTURE(big_regression, hc2, SeType::kHc2, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(big_regression, cr2, SeType::kCr2, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(big_regression, hc2_absorbed, SeType::kHc2, true)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
