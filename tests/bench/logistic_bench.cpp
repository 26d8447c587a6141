#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <numeric>
#include <span>
#include <vector>

#include "engine/learn/logistic_classifier.h"
#include "engine/stats/glm.h"

// Times logistic regression on the rows that tests/bench/logistic.py wrote: x column by column
// (ones first), then y. First the regression with standard errors, then the learner without
// penalty: for each the least wall time and CPU time of the rounds, then the coefficients (and
// standard errors), one a line.
namespace {

struct Least {
  double wall = 1e300;
  double cpu = 1e300;
  template <class Work>
  void take(const Work& work) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t busy = std::clock();
    work();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    wall = std::min(wall, seconds.count());
    cpu = std::min(cpu, static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC);
  }
  void print() const { std::printf("%.6f %.6f\n", wall, cpu); }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace impact;
  if (argc != 6) {
    std::fputs("usage: logistic_bench FILE ROWS COLUMNS THREADS ROUNDS\n", stderr);
    return 2;
  }
  const auto rows = static_cast<std::size_t>(std::atoll(argv[2]));
  const auto columns = static_cast<std::size_t>(std::atoll(argv[3]));
  std::vector<double> x(rows * columns);
  std::vector<double> y(rows);
  std::ifstream file(argv[1], std::ios::binary);
  const auto read = [&](std::vector<double>& into) {
    file.read(reinterpret_cast<char*>(into.data()),
              static_cast<std::streamsize>(into.size() * sizeof(double)));
  };
  read(x);
  read(y);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", argv[1]);
    return 1;
  }
  const Context context{.threads = std::atoi(argv[4])};
  const int rounds = std::atoi(argv[5]);
  Least regression;
  GlmFit fit;
  for (int round = 0; round < rounds; ++round) {
    regression.take([&] { fit = glm({.x = x, .columns = columns, .y = y}, {}, context); });
  }
  regression.print();
  for (std::size_t k = 0; k < columns; ++k) {
    std::printf("%.17g %.17g\n", fit.coefficient[k], fit.std_error[k]);
  }
  const std::vector<std::int32_t> label(y.begin(), y.end());
  std::vector<std::uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0U);
  const FeatureColumns features{.x = std::span(x).subspan(rows), .columns = columns - 1};
  Least learner;
  LogisticClassifier model;
  for (int round = 0; round < rounds; ++round) {
    learner.take([&] {
      model = fit_logistic_classifier(features, label, all, {.penalty = 0.0}, {}, context);
    });
  }
  learner.print();
  std::printf("%.17g 0\n", model.intercept);
  for (const double b : model.coefficient) std::printf("%.17g 0\n", b);
  return 0;
}
