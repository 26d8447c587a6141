#include <xgboost/c_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/boosting.h"

// Boosting through us and by bare calls of XGBoost's C interface, in turns, in one run: the same
// numbers, options and seed. Prints the least seconds of each and their ratio, of fits, and of
// predictions of all rows. Both sides use one thread.
namespace {

// Processor seconds: both sides use one thread, and other work on the machine does not count.
double now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double since(double begin) { return now() - begin; }

void need(int code) {
  if (code == 0) return;
  std::fprintf(stderr, "%s\n", XGBGetLastError());
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace impact;
  if (argc != 5) {
    std::fputs("usage: boosting_bench ROWS COLUMNS TREES REPEATS\n", stderr);
    return 2;
  }
  const auto rows = static_cast<std::size_t>(std::atoll(argv[1]));
  const auto columns = static_cast<std::size_t>(std::atoll(argv[2]));
  const int trees = std::atoi(argv[3]);
  std::vector<double> x(rows * columns);
  Stream stream(StreamKey::root(1));
  for (double& value : x) value = stream.normal();
  std::vector<double> y(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    y[i] = x[i] * x[rows + i] + std::sin(x[2 * rows + i]) + stream.normal();
  }
  std::vector<std::uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0U);
  const StreamKey key = StreamKey::root(2);
  const std::string seed = std::to_string(Stream(key).next_u32() >> 1U);
  // What a caller of the bare interface would hold.
  std::vector<float> matrix(rows * columns);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      matrix[i * columns + j] = static_cast<float>(x[j * rows + i]);
    }
  }
  const std::vector<float> label(y.begin(), y.end());
  double fit_us = 1e300;
  double fit_bare = 1e300;
  double predict_us = 1e300;
  double predict_bare = 1e300;
  std::size_t different = 0;
  for (int repeat = 0; repeat < std::atoi(argv[4]); ++repeat) {
    auto begin = now();
    const auto model = fit_boosting({.x = x, .columns = columns}, y, all,
                                    {.rounds = trees, .learning_rate = 0.1}, {}, key);
    fit_us = std::min(fit_us, since(begin));
    begin = now();
    std::vector<double> ours(rows);
    model.predict({.x = x, .columns = columns}, all, ours);
    predict_us = std::min(predict_us, since(begin));

    begin = now();
    DMatrixHandle train = nullptr;
    const std::string array = "{\"data\": [" +
                              std::to_string(reinterpret_cast<std::uintptr_t>(matrix.data())) +
                              ", true], \"shape\": [" + std::to_string(rows) + ", " +
                              std::to_string(columns) + "], \"typestr\": \"<f4\", \"version\": 3}";
    need(XGDMatrixCreateFromDense(array.c_str(), R"({"missing": NaN, "nthread": 1})", &train));
    need(XGDMatrixSetFloatInfo(train, "label", label.data(), rows));
    BoosterHandle booster = nullptr;
    need(XGBoosterCreate(&train, 1, &booster));
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"nthread", "1"},
                                                          {"tree_method", "hist"},
                                                          {"learning_rate", "0.1"},
                                                          {"seed", seed},
                                                          {"seed_per_iteration", "1"},
                                                          {"max_depth", "6"}}) {
      need(XGBoosterSetParam(booster, name.c_str(), value.c_str()));
    }
    for (int round = 0; round < trees; ++round) need(XGBoosterUpdateOneIter(booster, round, train));
    fit_bare = std::min(fit_bare, since(begin));

    // A matrix of its own, as its predictions are not known yet.
    begin = now();
    DMatrixHandle fresh = nullptr;
    need(XGDMatrixCreateFromDense(array.c_str(), R"({"missing": NaN, "nthread": 1})", &fresh));
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* theirs = nullptr;
    need(XGBoosterPredictFromDMatrix(booster, fresh,
                                     R"({"type": 0, "training": false, "iteration_begin": 0,
                                         "iteration_end": 0, "strict_shape": false})",
                                     &shape, &dimensions, &theirs));
    predict_bare = std::min(predict_bare, since(begin));
    for (std::size_t i = 0; i < rows; ++i) {
      different += ours[i] == static_cast<double>(theirs[i]) ? 0 : 1;
    }
    XGBoosterFree(booster);
    XGDMatrixFree(train);
    XGDMatrixFree(fresh);
  }
  std::printf("fit      us %.4f bare %.4f ratio %.4f\n", fit_us, fit_bare, fit_us / fit_bare);
  std::printf("predict  us %.4f bare %.4f ratio %.4f\n", predict_us, predict_bare,
              predict_us / predict_bare);
  std::printf("predictions that differ: %zu\n", different);
  return 0;
}
