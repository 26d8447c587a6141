#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/perceptron.h"
#include "engine/learn/perceptron_file.h"
#include "tests/engine/learn/learn_reference.h"
#include "tests/engine/learn/perceptron_rows.h"

using namespace impact;
using namespace impact::learning;

TEST_CASE("perceptrons: missing values and degenerate rows", "[learn][perceptron]") {
  Spirals s = spirals(60);
  s.x[3] = NAN;
  s.x[70] = INFINITY;
  s.label[20] = -1;
  const FeatureColumns features{.x = s.x, .columns = 2};
  const PerceptronSpec spec{.hidden = {4}, .epochs = 2};
  const Perceptron model = fit_perceptron(features, s.label, first_rows(60), spec);
  CHECK(model.n == 57);
  CHECK(warned(model, "2 rows were left out because a value is missing"));
  CHECK(warned(model, "1 row was left out because a number is infinite"));
  const auto p = predicted(model, features);
  CHECK(std::isnan(p[3]));
  CHECK(std::isnan(p[10]));
  CHECK(std::isfinite(p[20]));

  const std::vector<std::int32_t> ones(60, 1);
  const Perceptron one = fit_perceptron(features, ones, first_rows(60), spec);
  CHECK(warned(one, "one class"));
  CHECK(predicted(one, features)[0] == 1.0);
  CHECK(std::isnan(predicted(one, features)[3]));
  const Perceptron none = fit_perceptron(features, ones, {}, spec);
  CHECK(warned(none, "no row"));
  CHECK(std::isnan(predicted(none, features)[0]));
  const Perceptron same = fit_perceptron(features, std::vector<double>(60, 4.5), first_rows(60));
  CHECK(predicted(same, features)[0] == 4.5);
  CHECK(warned(same, "constant"));

  // Steps far too long.
  std::vector<double> y(60);
  for (std::size_t i = 0; i < 60; ++i) y[i] = static_cast<double>(i);
  const Perceptron wild =
      fit_perceptron(features, y, first_rows(60),
                     {.hidden = {8},
                      .optimiser = {.method = Optimiser::kSgd, .learning_rate = 1e6},
                      .batch_size = 4,
                      .epochs = 50});
  CHECK(warned(wild, "did not converge"));
  CHECK(warned(wild, "a lower learning_rate"));
  CHECK(wild.best_epoch == 0);
  CHECK(wild.history.size() == 1);
  for (const double each : predicted(wild, features)) CHECK(std::isnan(each));
  for (const double each : predicted(read_perceptron(perceptron_file(wild)), features)) {
    CHECK(std::isnan(each));
  }
  // Later the weights of the epoch before are a fit.
  PerceptronSpec grows{.hidden = {8},
                       .optimiser = {.method = Optimiser::kSgd, .learning_rate = 1e-3},
                       .schedule = {.kind = RateSchedule::kStep, .step_size = 3, .gamma = 1e12},
                       .batch_size = 4,
                       .epochs = 50};
  const Perceptron later = fit_perceptron(features, y, first_rows(60), grows);
  CHECK(warned(later, "no longer finite in epoch"));
  CHECK(later.best_epoch >= 3);
  CHECK(std::isfinite(predicted(later, features)[0]));
  // Of one step an epoch, the last step of the epoch before was the one too long.
  grows.batch_size = 60;
  const Perceptron gone = fit_perceptron(features, y, first_rows(60), grows);
  CHECK(warned(gone, "did not converge"));
  CHECK(std::isnan(predicted(gone, features)[0]));
  // One row more than whole mini-batches with batch norm, and one row in all.
  PerceptronSpec norm{.hidden = {4}, .batch_norm = true, .batch_size = 14, .epochs = 2};
  CHECK(std::isfinite(
      predicted(fit_perceptron(features, s.label, first_rows(60), norm), features)[0]));
  CHECK(std::isfinite(
      predicted(fit_perceptron(features, y, std::vector<std::uint32_t>{0, 1}, norm), features)[0]));
}

TEST_CASE("perceptrons refuse what cannot work", "[learn][perceptron]") {
  const Spirals s = spirals(20);
  const FeatureColumns features{.x = s.x, .columns = 2};
  const auto rows = first_rows(20);
  const auto fails = [&](const PerceptronSpec& spec, const char* text) {
    INFO(text);
    try {
      (void)fit_perceptron(features, s.label, rows, spec);
      FAIL("accepted");
    } catch (const ArgumentError& error) {
      CHECK(std::string(error.what()).find(text) != std::string::npos);
    }
  };
  fails({.hidden = {0}}, "hidden");
  fails({.dropout = 1.0}, "dropout");
  fails({.dropout = NAN}, "dropout");
  fails({.optimiser = {.learning_rate = 0.0}}, "learning_rate");
  fails({.optimiser = {.learning_rate = INFINITY}}, "learning_rate");
  fails({.optimiser = {.momentum = 1.0}}, "momentum");
  fails({.optimiser = {.beta2 = 1.0}}, "beta2");
  fails({.optimiser = {.weight_decay = -1.0}}, "weight_decay");
  fails({.optimiser = {.clip_norm = NAN}}, "clip_norm");
  fails({.schedule = {.step_size = 0}}, "step_size");
  fails({.classes = 1, .class_weights = {1.0}}, "class_weights");
  fails({.class_weights = {1.0, -1.0}}, "class_weights");
  fails({.batch_size = 0}, "batch_size");
  fails({.epochs = 0}, "epochs");
  fails({.validation_share = 1.0}, "validation_share");
  fails({.validation_share = 0.5, .patience = -1}, "patience");
  fails({.patience = 3}, "patience");
  const Perceptron model = fit_perceptron(features, s.label, rows, {.hidden = {4}, .epochs = 1});
  fails({.hidden = {5}, .start = &model}, "start");
  CHECK_THROWS_AS(fit_perceptron(features, std::vector<double>(20, -1.0), rows,
                                 {.loss = PerceptronLoss::kPoisson}),
                  ArgumentError);
  CHECK_THROWS_AS(fit_perceptron(features, s.label, rows, {}, std::vector<double>(20, -1.0)),
                  ArgumentError);
  std::vector<double> out(20);
  const FeatureColumns narrow{.x = std::span(s.x).first(20), .columns = 1};
  CHECK_THROWS_AS(model.predict(narrow, rows, out), ArgumentError);
  CHECK_THROWS_AS(model.predict(features, std::vector<std::uint32_t>{20}, {out.data(), 1}),
                  ArgumentError);
  CancelToken cancel;
  cancel.request();
  CHECK_THROWS_AS(fit_perceptron(features, s.label, rows, {}, {}, {}, {.cancel = &cancel}),
                  Cancelled);
}
