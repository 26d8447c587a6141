#include <benchmark/benchmark.h>

#include <cstddef>
#include <span>
#include <vector>

#include "engine/core/rng.h"
#include "engine/stats/correlation.h"
#include "engine/stats/linear.h"
#include "engine/stats/rank_tests.h"

// What peers.py compares with Python's libraries: the same sizes, the same kind of data.
namespace {

using namespace impact;

std::vector<double> normals(std::size_t n, const char* name, bool whole = false) {
  Stream stream(StreamKey::root(5).child(name));
  std::vector<double> values;
  values.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double value = stream.normal();
    values.push_back(whole ? static_cast<double>(static_cast<int>(10.0 * value)) : value);
  }
  return values;
}

void ols_hc2(benchmark::State& state) {
  constexpr std::size_t kRows = 1'000'000, kColumns = 20;
  std::vector<double> x = normals(kRows * kColumns, "x");
  std::fill_n(x.begin(), kRows, 1.0);
  const std::vector<double> y = normals(kRows, "y");
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        linear({.x = x, .columns = kColumns, .y = y}, {.se = SeType::kHc2}, {.threads = 2}));
  }
}
BENCHMARK(ols_hc2)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

void mann_whitney_test(benchmark::State& state, bool ties) {
  constexpr std::size_t kEach = 5'000'000;
  const std::vector<double> x = normals(kEach, "x", ties), y = normals(kEach, "y", ties);
  for (auto _ : state) benchmark::DoNotOptimize(mann_whitney(x, y, {}, {.threads = 2}));
}
BENCHMARK_CAPTURE(mann_whitney_test, continuous, false)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK_CAPTURE(mann_whitney_test, ties, true)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void kendall(benchmark::State& state, bool ties) {
  constexpr std::size_t kRows = 1'000'000;
  const std::vector<double> x = normals(kRows, "x", ties);
  std::vector<double> y = normals(kRows, "y", ties);
  for (std::size_t i = 0; i < kRows; ++i) y[i] += x[i];
  for (auto _ : state) benchmark::DoNotOptimize(kendall_correlation(x, y));
}
BENCHMARK_CAPTURE(kendall, continuous, false)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK_CAPTURE(kendall, ties, true)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
