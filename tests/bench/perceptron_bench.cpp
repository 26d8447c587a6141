#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <numeric>
#include <vector>

#include "engine/learn/perceptron.h"

// Trains 3 x 64 units with ReLU, dropout 0.2 and Adam in mini-batches of 512 on the rows that
// tests/bench/perceptron.py wrote: x column by column, then labels as doubles. The last TEST rows
// are predicted. Prints the least wall and CPU time of an epoch over the seeds, then the
// predictions, seed after seed, to OUT.
int main(int argc, char** argv) {
  using namespace impact;
  if (argc != 9) {
    std::fputs("usage: perceptron_bench FILE ROWS COLUMNS TEST EPOCHS THREADS SEEDS OUT\n", stderr);
    return 2;
  }
  const auto rows = static_cast<std::size_t>(std::atoll(argv[2]));
  const auto columns = static_cast<std::size_t>(std::atoll(argv[3]));
  const auto test = static_cast<std::size_t>(std::atoll(argv[4]));
  const int epochs = std::atoi(argv[5]);
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
  const auto train = std::span<const std::uint32_t>(all).first(rows - test);
  const auto asked = std::span<const std::uint32_t>(all).last(test);
  const FeatureColumns features{.x = x, .columns = columns};
  const Context context{.threads = std::atoi(argv[6])};
  PerceptronSpec spec{.hidden = {64, 64, 64}, .dropout = 0.2, .batch_size = 512};
  double wall = 1e300;
  double cpu = 1e300;
  std::ofstream out(argv[8], std::ios::binary);
  std::vector<double> probability(test);
  for (int seed = 0; seed < std::atoi(argv[7]); ++seed) {
    // What is paid once, scaling the columns and the like, is not of an epoch.
    double walls[2];
    double cpus[2];
    for (const int part : {0, 1}) {
      spec.epochs = part == 0 ? 1 : 1 + epochs;
      const auto begin = std::chrono::steady_clock::now();
      const std::clock_t busy = std::clock();
      const Perceptron model =
          fit_perceptron(features, label, train, spec, {}, StreamKey::root(seed), context);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      walls[part] = seconds.count();
      cpus[part] = static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC;
      if (part == 1) model.predict(features, asked, probability, context);
    }
    wall = std::min(wall, (walls[1] - walls[0]) / epochs);
    cpu = std::min(cpu, (cpus[1] - cpus[0]) / epochs);
    out.write(reinterpret_cast<const char*>(probability.data()),
              static_cast<std::streamsize>(test * sizeof(double)));
  }
  std::printf("%.6f\n%.6f\n", wall, cpu);
  return 0;
}
