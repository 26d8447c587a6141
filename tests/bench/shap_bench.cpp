#include <xgboost/c_api.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/boosting.h"
#include "engine/learn/boosting_shap.h"
#include "engine/learn/explain/shap_interactions.h"

// TreeSHAP of boosted trees through us and by XGBoost's pred_contribs on the same model, in turns,
// in one run, THREADS each. Prints the least seconds of each, by the clock and of the processor
// (which other work on the machine does not touch), their ratios and the largest difference; with
// FOLDER also writes model.json, rows.f32 (row by row) and ours.f64 for shap.py, which asks the
// package of the day the same.
namespace {

// Clock and processor seconds, the least of several runs.
struct Seconds {
  double clock = 1e300;
  double processor = 1e300;
};

template <class Work>
void measure(Seconds& least, Work&& work) {
  const auto begin = std::chrono::steady_clock::now();
  const std::clock_t ticks = std::clock();
  work();
  least.processor = std::min(least.processor, static_cast<double>(std::clock() - ticks) /
                                                  static_cast<double>(CLOCKS_PER_SEC));
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  least.clock = std::min(least.clock, passed.count());
}

void need(int code) {
  if (code == 0) return;
  std::fprintf(stderr, "%s\n", XGBGetLastError());
  std::exit(1);
}

template <class T>
void write(const std::string& path, const std::vector<T>& data) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(data.data()),
             static_cast<std::streamsize>(data.size() * sizeof(T)));
}

}  // namespace

int main(int argc, char** argv) {
  using namespace impact;
  if (argc != 7 && argc != 8) {
    std::fputs("usage: shap_bench ROWS COLUMNS TREES DEPTH THREADS REPEATS [FOLDER]\n", stderr);
    return 2;
  }
  const auto rows = static_cast<std::size_t>(std::atoll(argv[1]));
  const auto columns = static_cast<std::size_t>(std::atoll(argv[2]));
  const Context context{.threads = std::atoi(argv[5])};
  std::vector<double> x(rows * columns);
  Stream stream(StreamKey::root(1));
  for (double& value : x) value = stream.normal();
  std::vector<double> y(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    y[i] = x[i] * x[rows + i] + std::sin(x[2 * rows + i]) + stream.normal();
  }
  std::vector<std::uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0U);
  const FeatureColumns features{.x = x, .columns = columns};
  const auto model = fit_boosting(
      features, y, all,
      {.rounds = std::atoi(argv[3]), .learning_rate = 0.05, .max_depth = std::atoi(argv[4])}, {},
      StreamKey::root(2));
  std::vector<float> matrix(rows * columns);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      matrix[i * columns + j] = static_cast<float>(x[j * rows + i]);
    }
  }
  const std::string threads = std::to_string(context.threads);
  DMatrixHandle asked = nullptr;
  const std::string array = "{\"data\": [" +
                            std::to_string(reinterpret_cast<std::uintptr_t>(matrix.data())) +
                            ", true], \"shape\": [" + std::to_string(rows) + ", " +
                            std::to_string(columns) + "], \"typestr\": \"<f4\", \"version\": 3}";
  const std::string options = R"({"missing": NaN, "nthread": )" + threads + "}";
  need(XGDMatrixCreateFromDense(array.c_str(), options.c_str(), &asked));
  BoosterHandle booster = nullptr;
  need(XGBoosterCreate(nullptr, 0, &booster));
  need(XGBoosterLoadModelFromBuffer(booster, model.json.data(), model.json.size()));
  need(XGBoosterSetParam(booster, "nthread", threads.c_str()));
  Seconds us;
  Seconds bare;
  double largest = 0.0;
  std::vector<double> phi(rows * columns);
  for (int repeat = 0; repeat < std::atoi(argv[6]); ++repeat) {
    measure(us, [&] { tree_shap(shap_model(model.trees), features, all, phi, context); });
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* theirs = nullptr;
    measure(bare, [&] {
      need(XGBoosterPredictFromDMatrix(booster, asked,
                                       R"({"type": 2, "training": false, "iteration_begin": 0,
                                         "iteration_end": 0, "strict_shape": false})",
                                       &shape, &dimensions, &theirs));
    });
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        const auto other = static_cast<double>(theirs[i * (columns + 1) + j]);
        largest = std::max(largest, std::abs(phi[i * columns + j] - other));
      }
    }
  }
  std::printf("shap          us %.4f s xgboost %.4f s ratio %.2f largest difference %.2g\n",
              us.clock, bare.clock, bare.clock / us.clock, largest);
  std::printf("  processor   us %.4f s xgboost %.4f s ratio %.2f\n", us.processor, bare.processor,
              bare.processor / us.processor);
  const std::size_t some = std::min<std::size_t>(rows, 500);
  std::vector<double> pairs(some * columns * columns);
  Seconds both;
  measure(both, [&] {
    tree_shap_interactions(shap_model(model.trees), features, std::span(all).first(some), pairs,
                           context);
  });
  std::printf("interactions  us %.4f s for %zu rows\n", both.clock, some);
  if (argc == 8) {
    const std::string folder = argv[7];
    write(folder + "/model.json", std::vector<char>(model.json.begin(), model.json.end()));
    write(folder + "/rows.f32", matrix);
    write(folder + "/ours.f64", phi);
  }
  XGBoosterFree(booster);
  XGDMatrixFree(asked);
  return 0;
}
