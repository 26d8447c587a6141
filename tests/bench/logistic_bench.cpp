#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <vector>

#include "engine/stats/glm.h"

// Times logistic regression on the rows that tests/bench/logistic.py wrote: x column by column,
// then y. Prints the least wall time and CPU time of the rounds and the coefficients, one a line.
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
  double wall = 1e300;
  double cpu = 1e300;
  GlmFit fit;
  for (int round = 0; round < std::atoi(argv[5]); ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t busy = std::clock();
    fit = glm({.x = x, .columns = columns, .y = y}, {}, {.threads = std::atoi(argv[4])});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    wall = std::min(wall, seconds.count());
    cpu = std::min(cpu, static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC);
  }
  std::printf("%.6f\n%.6f\n", wall, cpu);
  for (std::size_t k = 0; k < columns; ++k) {
    std::printf("%.17g %.17g\n", fit.coefficient[k], fit.std_error[k]);
  }
  return 0;
}
