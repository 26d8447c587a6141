#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <numeric>
#include <vector>

#include "engine/learn/random_forest.h"

// Grows a forest on the first TRAIN rows that tests/bench/forest.py wrote (x column by column, then
// y) and predicts the others. Prints wall and CPU time of the fit, the least of the rounds, wall
// time of the prediction, the number of nodes and the predictions, one a line.
int main(int argc, char** argv) {
  using namespace impact;
  if (argc != 10) {
    std::fputs(
        "usage: forest_bench FILE ROWS COLUMNS TRAIN classes|numbers TREES MTRY THREADS ROUNDS\n",
        stderr);
    return 2;
  }
  const auto number = [&](int k) { return static_cast<std::size_t>(std::atoll(argv[k])); };
  const std::size_t rows = number(2);
  const std::size_t columns = number(3);
  const std::size_t train = number(4);
  const bool classes = std::strcmp(argv[5], "classes") == 0;
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
  const std::vector<std::int32_t> label(y.begin(), y.end());
  std::vector<std::uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0U);
  const auto learned = std::span(all).first(train);
  const auto others = std::span(all).subspan(train);
  const FeatureColumns features{.x = x, .columns = columns};
  const RandomForestSpec spec{
      .trees = static_cast<int>(number(6)), .mtry = number(7), .min_leaf = 1};
  const Context context{.threads = static_cast<int>(number(8))};
  double wall = 1e300;
  double cpu = 1e300;
  RandomForest forest;
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  for (std::size_t round = 0; round < number(9); ++round) {
    const auto begin = Clock::now();
    const std::clock_t busy = std::clock();
    forest = classes ? fit_random_forest(features, label, learned, spec, {}, {round}, context)
                     : fit_random_forest(features, y, learned, spec, {}, {round}, context);
    wall = std::min(wall, since(begin));
    cpu = std::min(cpu, static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC);
  }
  std::vector<double> said(others.size());
  const auto begin = Clock::now();
  forest.predict(features, others, said, context);
  std::printf("%.6f\n%.6f\n%.6f\n%zu\n%.17g\n", wall, cpu, since(begin), forest.trees.nodes.size(),
              forest.oob_error);
  for (const double value : said) std::printf("%.17g\n", value);
  return 0;
}
