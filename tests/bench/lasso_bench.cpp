#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/elastic_net.h"

// Makes rows, fits the path and leaves data, lambdas and coefficients for a peer; see lasso.py.
int main(int argc, char** argv) {
  using namespace impact;
  if (argc != 8) {
    std::fprintf(stderr, "lasso_bench DATA ROWS COLUMNS THREADS ROUNDS LAMBDAS FITS\n");
    return 2;
  }
  const std::size_t n = std::stoul(argv[2]);
  const std::size_t p = std::stoul(argv[3]);
  const Context context{.threads = std::atoi(argv[4])};
  std::vector<double> x(n * p), y(n);
  Stream stream(StreamKey::root(6));
  for (std::size_t i = 0; i < n; ++i) {
    const double common = stream.normal();
    for (std::size_t j = 0; j < p; ++j) {
      x[j * n + i] = stream.normal() + common;
      if (j % 4 == 0) y[i] += x[j * n + i] / static_cast<double>(j + 4);
    }
    y[i] += 2.0 * stream.normal();
  }
  const FeatureColumns features = {.x = x, .columns = p};
  std::vector<std::uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0U);
  // All 100 of the grid.
  const ElasticNetSpec spec{.least_gain = -1.0, .most_explained = 1.0};
  double wall = std::numeric_limits<double>::infinity(), cpu = wall;
  ElasticNetPath path;
  for (int round = 0; round < std::atoi(argv[5]); ++round) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t busy = std::clock();
    path = fit_elastic_net(features, y, rows, spec, {}, {}, context);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    wall = std::min(wall, took.count());
    cpu = std::min(cpu, static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC);
  }
  std::ofstream data(argv[1], std::ios::binary);
  for (const auto* part : {&x, &y}) {
    data.write(reinterpret_cast<const char*>(part->data()),
               static_cast<std::streamsize>(part->size() * sizeof(double)));
  }
  std::ofstream lambdas(argv[6]), fits(argv[7]);
  lambdas.precision(17);
  fits.precision(17);
  for (const double each : path.lambda) lambdas << each << '\n';
  for (const double each : path.coefficient) fits << each << '\n';
  std::printf("%.4f %.4f\n", wall, cpu);
}
