#include <benchmark/benchmark.h>

#include <cstdint>

#include "engine/design/diagnose.h"
#include "tests/engine/design/design_fixture.h"

// The designs of tests/bench/diagnose.R, one thread; tests/bench/diagnose.py compares the two.

namespace {

using namespace impact;
using namespace impact::testing;
using Method = EstimatorSpec::Method;

constexpr std::int64_t kSimulations = 10'000;

EstimatorSpec with_x(const char* name, Method method) {
  EstimatorSpec spec = estimator(name, method);
  spec.covariates = {{"x", col("x")}};
  return spec;
}

Design means(std::int64_t n) { return two_arm(n, 0.2); }

Design adjusted(std::int64_t n) {
  Design design = two_arm(n, 0.2);
  design.model.variables = {{"x", normal(0, 1)},
                            {"u", normal(0, 1)},
                            {"y", plus(plus(col("x"), times(num(0.2), is_treated())), col("u"))}};
  design.estimators = {with_x("ols", Method::kOls), with_x("lin", Method::kLin)};
  return design;
}

Design block_clustered(std::int64_t n) {
  Design design = two_arm(1, 0.2);
  design.model = {
      .levels = {{"block", {n / 20}}, {"cluster", {4}}, {"unit", {5}}},
      .variables = {{"u_c", normal(0, 0.5, {col("cluster")})},
                    {"u", normal(0, 1)},
                    {"y", plus(plus(col("u_c"), col("u")), times(num(0.2), is_treated()))}}};
  design.assignments = {half({"block"}, {"cluster"})};
  design.estimators = {estimator("blocked", Method::kBlocked)};
  return design;
}

void run(benchmark::State& state, Design (*make)(std::int64_t)) {
  const Design design = make(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(diagnose(design, {.simulations = kSimulations}));
  }
  state.SetItemsProcessed(state.iterations() * kSimulations);
}
BENCHMARK_CAPTURE(run, two_arm, means)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run, adjusted, adjusted)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run, block_clustered, block_clustered)
    ->Arg(100)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
