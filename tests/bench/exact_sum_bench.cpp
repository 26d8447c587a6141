#include "engine/core/exact_sum.h"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <vector>

#include "engine/core/rng.h"

namespace {

constexpr std::size_t kTerms = 1U << 16U;

// Log-normal sizes with both signs: exponents vary from term to term, as in real measures.
std::vector<double> make_terms() {
  impact::Stream stream(impact::StreamKey::root(1).child("exact_sum_bench"));
  std::vector<double> terms(kTerms);
  for (double& term : terms) {
    term = stream.lognormal(0.0, 4.0);
    if (stream.bernoulli(0.5)) term = -term;
  }
  return terms;
}

void add_exact(benchmark::State& state) {
  const std::vector<double> terms = make_terms();
  impact::ExactSum sum;
  for (auto _ : state) {
    for (const double term : terms) sum.add(term);
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTerms));
}
BENCHMARK(add_exact);

void add_plain(benchmark::State& state) {
  const std::vector<double> terms = make_terms();
  double sum = 0.0;
  for (auto _ : state) {
    for (const double term : terms) sum += term;
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTerms));
}
BENCHMARK(add_plain);

void add_moments(benchmark::State& state) {
  const std::vector<double> terms = make_terms();
  impact::ExactMoments moments;
  for (auto _ : state) {
    for (const double term : terms) moments.add(term);
    benchmark::DoNotOptimize(moments);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTerms));
}
BENCHMARK(add_moments);

void round_sum(benchmark::State& state) {
  impact::ExactSum sum;
  for (const double term : make_terms()) sum.add(term);
  for (auto _ : state) benchmark::DoNotOptimize(sum.round());
}
BENCHMARK(round_sum);

void finish_variance(benchmark::State& state) {
  impact::ExactMoments moments;
  for (const double term : make_terms()) moments.add(term);
  for (auto _ : state) benchmark::DoNotOptimize(moments.variance(1));
}
BENCHMARK(finish_variance);

}  // namespace

BENCHMARK_MAIN();
