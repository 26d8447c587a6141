#include "engine/learn/perceptron.h"

#include <cmath>
#include <fstream>
#include <map>
#include <catch2/catch.hpp>

#include "tests/engine/learn/learn_reference.h"
#include "tests/engine/learn/perceptron_rows.h"

using namespace impact;
using namespace impact::learning;

namespace {

bool same_weights(const Perceptron& a, const Perceptron& b) {
  if (a.layers.size() != b.layers.size()) return false;
  for (std::size_t l = 0; l < a.layers.size(); ++l) {
    if (a.layers[l].weight != b.layers[l].weight || a.layers[l].bias != b.layers[l].bias ||
        a.layers[l].gamma != b.layers[l].gamma ||
        a.layers[l].running_variance != b.layers[l].running_variance) {
      return false;
    }
  }
  return true;
}

// The rows and the initial weights of tests/reference/learn/perceptron.py.
struct Peer {
  std::vector<double> x = std::vector<double>(26 * 3);
  std::vector<double> number, count;
  std::vector<std::int32_t> two, three;
  Peer() {
    for (std::size_t i = 0; i < 26; ++i) {
      const auto row = static_cast<double>(i);
      for (std::size_t j = 0; j < 3; ++j) {
        const auto column = static_cast<double>(j);
        x[j * 26 + i] = std::sin(0.9 * row + 2.1 * column + 0.3 * row * column);
      }
      number.push_back(x[i] - 0.5 * x[26 + i] * x[52 + i] + 0.3 * std::cos(row));
      two.push_back(number[i] > 0.0 ? 1 : 0);
      three.push_back(number[i] < -0.3 ? 0 : number[i] < 0.3 ? 1 : 2);
      count.push_back(static_cast<double>(i % 5));
    }
  }
};

Perceptron given_weights(Activation activation, std::size_t classes, PerceptronLoss loss,
                         bool norm) {
  Perceptron model;
  model.activation = activation;
  model.classes = classes;
  model.loss = loss;
  model.centre.assign(3, 0.0);
  model.scale.assign(3, 1.0);
  const std::size_t units[] = {3, 5, 4, model.outputs()};
  for (std::size_t l = 0; l < 3; ++l) {
    PerceptronLayer layer{.inputs = units[l], .outputs = units[l + 1]};
    for (std::size_t i = 0; i < layer.inputs * layer.outputs; ++i) {
      layer.weight.push_back(0.5 * std::sin(1.7 * double(i) + double(l)));
    }
    for (std::size_t i = 0; i < layer.outputs; ++i) {
      layer.bias.push_back(0.1 * std::cos(double(i) + double(l)));
    }
    if (norm && l < 2) {
      layer.gamma.assign(layer.outputs, 1.0);
      layer.beta.assign(layer.outputs, 0.0);
      layer.running_mean.assign(layer.outputs, 0.0);
      layer.running_variance.assign(layer.outputs, 1.0);
    }
    model.layers.push_back(layer);
  }
  return model;
}

double torch(const std::string& test, const std::string& field) {
  static std::map<std::string, double> all;
  if (all.empty()) {
    std::ifstream in(IMPACT_SOURCE "/tests/reference/learn/perceptron.txt");
    REQUIRE(in);
    for (std::string line; std::getline(in, line);) {
      std::istringstream fields(line);
      std::string word, what;
      double value = 0;
      if (line[0] != '#' && fields >> word >> what >> value) all[word + ' ' + what] = value;
    }
  }
  INFO(test << ' ' << field);
  REQUIRE(all.contains(test + ' ' + field));
  return all.at(test + ' ' + field);
}

}  // namespace

TEST_CASE("perceptrons take the steps that PyTorch takes", "[learn][perceptron]") {
  const Peer peer;
  const FeatureColumns features{.x = peer.x, .columns = 3};
  struct Case {
    const char* name;
    Activation activation;
    std::size_t classes;
    PerceptronLoss loss;
    bool norm;
    OptimiserSpec optimiser;
    RateScheduleSpec schedule = {};
  };
  const auto squared = PerceptronLoss::kSquared;
  const Case cases[] = {
      {"sgd",
       Activation::kTanh,
       0,
       squared,
       false,
       {.method = Optimiser::kSgd,
        .learning_rate = 0.05,
        .momentum = 0.9,
        .nesterov = true,
        .weight_decay = 0.01}},
      {"momentum",
       Activation::kGelu,
       0,
       squared,
       true,
       {.method = Optimiser::kSgd, .learning_rate = 0.05, .momentum = 0.9}},
      {"adam", Activation::kRelu, 2, squared, false, {.learning_rate = 0.01, .weight_decay = 0.01}},
      {"adamw",
       Activation::kGelu,
       3,
       squared,
       false,
       {.method = Optimiser::kAdamW, .learning_rate = 0.01, .weight_decay = 0.1}},
      {"norm", Activation::kRelu, 2, squared, true, {.learning_rate = 0.01}},
      {"huber",
       Activation::kTanh,
       0,
       PerceptronLoss::kHuber,
       false,
       {.method = Optimiser::kSgd, .learning_rate = 0.2},
       {.kind = RateSchedule::kStep, .step_size = 1, .gamma = 0.5}},
      {"absolute",
       Activation::kGelu,
       0,
       PerceptronLoss::kAbsolute,
       false,
       {.method = Optimiser::kSgd, .learning_rate = 0.05, .clip_norm = 0.1}},
      {"poisson",
       Activation::kTanh,
       0,
       PerceptronLoss::kPoisson,
       false,
       {.learning_rate = 0.02},
       {.kind = RateSchedule::kCosine, .t_max = 3}},
  };
  for (const Case& c : cases) {
    for (const bool precise : {true, false}) {
      INFO(c.name << (precise ? ", double" : ", float"));
      const double tolerance = precise ? 1e-10 : 1e-5;
      const Perceptron start = given_weights(c.activation, c.classes, c.loss, c.norm);
      PerceptronSpec spec{.hidden = {5, 4},
                          .activation = c.activation,
                          .batch_norm = c.norm,
                          .optimiser = c.optimiser,
                          .schedule = c.schedule,
                          .loss = c.loss,
                          .huber_delta = 0.5,
                          .batch_size = 8,
                          .epochs = 3,
                          .shuffle = false,
                          .double_precision = precise,
                          .start = &start};
      if (c.classes == 3) spec.class_weights = {1.0, 2.0, 0.5};
      const auto rows = first_rows(26);
      const auto& y = c.loss == PerceptronLoss::kPoisson ? peer.count : peer.number;
      const Perceptron model =
          c.classes == 0
              ? fit_perceptron(features, y, rows, spec)
              : fit_perceptron(features, c.classes == 2 ? peer.two : peer.three, rows, spec);
      REQUIRE(model.history.size() == 3);
      for (std::size_t e = 0; e < 3; ++e) {
        CHECK(model.history[e].train_loss ==
              Approx(torch(c.name, "loss" + std::to_string(e))).epsilon(tolerance));
      }
      const auto p = predicted(model, features);
      for (std::size_t i = 0; i < p.size(); ++i) {
        CHECK(p[i] ==
              Approx(torch(c.name, "p" + std::to_string(i))).epsilon(tolerance).margin(tolerance));
      }
      for (std::size_t i = 0; i < 15; ++i) {
        CHECK(model.layers[0].weight[i] ==
              Approx(torch(c.name, "w" + std::to_string(i))).epsilon(tolerance).margin(tolerance));
      }
    }
  }
}

TEST_CASE("perceptrons learn what no linear model can", "[learn][perceptron]") {
  SECTION("exclusive or") {
    const std::vector<double> x = {0, 0, 1, 1, 0, 1, 0, 1};
    const std::vector<std::int32_t> y = {0, 1, 1, 0};
    const FeatureColumns features{.x = x, .columns = 2};
    for (const auto activation : {Activation::kRelu, Activation::kTanh, Activation::kGelu}) {
      const Perceptron model = fit_perceptron(features, y, first_rows(4),
                                              {.hidden = {16},
                                               .activation = activation,
                                               .optimiser = {.learning_rate = 0.05},
                                               .epochs = 300},
                                              {}, StreamKey::root(3));
      const auto p = predicted(model, features);
      for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(p[i] - y[i]) < 0.05);
    }
  }
  SECTION("spirals") {
    const Spirals s = spirals(2000);
    const FeatureColumns features{.x = s.x, .columns = 2};
    auto rows = first_rows(2000);
    const std::span<const std::uint32_t> train(rows.data(), 1500);
    for (const bool norm : {false, true}) {
      const Perceptron model = fit_perceptron(features, s.label, train,
                                              {.hidden = {64, 64},
                                               .dropout = norm ? 0.0 : 0.05,
                                               .batch_norm = norm,
                                               .optimiser = {.learning_rate = 0.005},
                                               .schedule = {.kind = RateSchedule::kCosine},
                                               .batch_size = 128,
                                               .epochs = 150},
                                              {}, StreamKey::root(1));
      const auto p = predicted(model, features);
      int right = 0;
      for (std::size_t i = 1500; i < 2000; ++i) right += (p[i] > 0.5) == (s.label[i] == 1) ? 1 : 0;
      CHECK(right >= 490);
    }
  }
  SECTION("numbers in units of their own") {
    std::vector<double> x(600), y(600);
    for (std::size_t i = 0; i < 600; ++i) {
      x[i] = 1e6 + 100.0 * static_cast<double>(i);
      y[i] = 5e5 + 1e5 * std::sin(static_cast<double>(i) / 60.0);
    }
    const FeatureColumns features{.x = x, .columns = 1};
    for (const auto loss :
         {PerceptronLoss::kSquared, PerceptronLoss::kAbsolute, PerceptronLoss::kHuber}) {
      const Perceptron model = fit_perceptron(features, y, first_rows(600),
                                              {.hidden = {32, 32},
                                               .activation = Activation::kTanh,
                                               .optimiser = {.learning_rate = 0.01},
                                               .schedule = {.kind = RateSchedule::kCosine},
                                               .loss = loss,
                                               .batch_size = 64,
                                               .epochs = 200},
                                              {}, StreamKey::root(1));
      const auto p = predicted(model, features);
      double worst = 0.0;
      for (std::size_t i = 0; i < 600; ++i) worst = std::max(worst, std::abs(p[i] - y[i]));
      CHECK(worst < 1e4);
    }
  }
}

TEST_CASE("perceptrons stop early and give back the best weights to the bit",
          "[learn][perceptron]") {
  const Spirals s = spirals(600);
  const FeatureColumns features{.x = s.x, .columns = 2};
  PerceptronSpec spec{.hidden = {32},
                      .optimiser = {.learning_rate = 0.05},
                      .batch_size = 32,
                      .epochs = 400,
                      .validation_share = 0.3,
                      .patience = 15};
  const Perceptron model =
      fit_perceptron(features, s.label, first_rows(600), spec, {}, StreamKey::root(5));
  REQUIRE(model.stopped_early);
  CHECK(model.n == 420);
  REQUIRE(model.history.size() == static_cast<std::size_t>(model.best_epoch) + 15);
  double lowest = 1e9;
  for (const auto& e : model.history) lowest = std::min(lowest, e.validation_loss);
  CHECK(model.history[static_cast<std::size_t>(model.best_epoch) - 1].validation_loss == lowest);
  // Exactly what training for that many epochs gives; the last epochs differ.
  spec.epochs = model.best_epoch;
  spec.patience = 0;
  spec.restore_best = false;
  CHECK(same_weights(
      model, fit_perceptron(features, s.label, first_rows(600), spec, {}, StreamKey::root(5))));
  spec.epochs += 15;
  const Perceptron last =
      fit_perceptron(features, s.label, first_rows(600), spec, {}, StreamKey::root(5));
  CHECK_FALSE(same_weights(model, last));
  CHECK(last.best_epoch == spec.epochs);
}

TEST_CASE("perceptrons: the bits do not depend on threads", "[learn][perceptron]") {
  const Spirals s = spirals(1501);
  const FeatureColumns features{.x = s.x, .columns = 2};
  for (const bool norm : {false, true}) {
    PerceptronSpec spec{.hidden = {40, 200, 120},
                        .activation = norm ? Activation::kGelu : Activation::kRelu,
                        .dropout = 0.2,
                        .batch_norm = norm,
                        .optimiser = {.clip_norm = 0.5},
                        .batch_size = 500,
                        .epochs = 3,
                        .validation_share = 0.2};
    const Perceptron one =
        fit_perceptron(features, s.label, first_rows(1501), spec, {}, StreamKey::root(5));
    const auto p = predicted(one, features);
    for (const int threads : {2, 3, 8}) {
      const Context context{.threads = threads};
      const Perceptron other = fit_perceptron(features, s.label, first_rows(1501), spec, {},
                                              StreamKey::root(5), context);
      CHECK(same_weights(one, other));
      CHECK(one.history.back().validation_loss == other.history.back().validation_loss);
      CHECK(p == predicted(other, features, context));
    }
  }
}

TEST_CASE("perceptrons: what must not matter does not", "[learn][perceptron]") {
  const Spirals s = spirals(300);
  const FeatureColumns features{.x = s.x, .columns = 2};
  const PerceptronSpec spec{
      .hidden = {8, 8}, .batch_size = 50, .epochs = 5, .double_precision = true};
  const auto rows = first_rows(300);
  const auto p =
      predicted(fit_perceptron(features, s.label, rows, spec, {}, StreamKey::root(5)), features);
  SECTION("units of the columns") {
    std::vector<double> x = s.x;
    for (std::size_t i = 0; i < 600; ++i) x[i] = 1000.0 + (i < 300 ? 7.0 : 0.01) * x[i];
    const FeatureColumns scaled{.x = x, .columns = 2};
    const auto q =
        predicted(fit_perceptron(scaled, s.label, rows, spec, {}, StreamKey::root(5)), scaled);
    for (std::size_t i = 0; i < 300; ++i) CHECK(q[i] == Approx(p[i]).epsilon(1e-7));
  }
  SECTION("order of the columns, where the weights follow it") {
    std::vector<double> x(s.x.begin() + 300, s.x.end());
    x.insert(x.end(), s.x.begin(), s.x.begin() + 300);
    const FeatureColumns swapped{.x = x, .columns = 2};
    PerceptronSpec none = spec;
    none.optimiser.learning_rate = 1e-300;
    Perceptron start = fit_perceptron(features, s.label, rows, none, {}, StreamKey::root(5));
    PerceptronSpec go_on = spec;
    go_on.start = &start;
    const auto q =
        predicted(fit_perceptron(features, s.label, rows, go_on, {}, StreamKey::root(6)), features);
    for (std::size_t j = 0; j < 8; ++j) {
      std::swap(start.layers[0].weight[2 * j], start.layers[0].weight[2 * j + 1]);
    }
    std::swap(start.centre[0], start.centre[1]);
    std::swap(start.scale[0], start.scale[1]);
    const auto r =
        predicted(fit_perceptron(swapped, s.label, rows, go_on, {}, StreamKey::root(6)), swapped);
    for (std::size_t i = 0; i < 300; ++i) CHECK(r[i] == Approx(q[i]).epsilon(1e-9));
  }
  SECTION("scale of the weights; weight 0 is absence") {
    std::vector<double> weights(300, 3.0);
    const auto q = predicted(
        fit_perceptron(features, s.label, rows, spec, weights, StreamKey::root(5)), features);
    for (std::size_t i = 0; i < 300; ++i) CHECK(q[i] == Approx(p[i]).epsilon(1e-9));
    for (std::size_t i = 200; i < 300; ++i) weights[i] = 0.0;
    CHECK(predicted(fit_perceptron(features, s.label, rows, spec, weights, StreamKey::root(5)),
                    features) ==
          predicted(fit_perceptron(features, s.label, first_rows(200), spec,
                                   std::vector<double>(300, 3.0), StreamKey::root(5)),
                    features));
  }
  SECTION("company at prediction") {
    const Perceptron model =
        fit_perceptron(features, s.label, rows, {.epochs = 2}, {}, StreamKey::root(5));
    const auto all = predicted(model, features);
    for (const std::uint32_t i : {0U, 7U, 299U}) {
      double alone = 0.0;
      model.predict(features, std::vector<std::uint32_t>{i}, {&alone, 1});
      CHECK(alone == all[i]);
    }
  }
}

TEST_CASE("perceptrons: classes, weights and probabilities", "[learn][perceptron]") {
  const Peer peer;
  const FeatureColumns features{.x = peer.x, .columns = 3};
  const auto rows = first_rows(26);
  const Perceptron model =
      fit_perceptron(features, peer.three, rows,
                     {.hidden = {16}, .optimiser = {.learning_rate = 0.02}, .epochs = 300}, {},
                     StreamKey::root(2));
  REQUIRE(model.outputs() == 3);
  const auto p = predicted(model, features);
  int right = 0;
  for (std::size_t i = 0; i < 26; ++i) {
    CHECK(p[3 * i] + p[3 * i + 1] + p[3 * i + 2] == Approx(1.0));
    right += p[3 * i + static_cast<std::size_t>(peer.three[i])] > 0.5 ? 1 : 0;
  }
  CHECK(right >= 24);
  // No column of use, so only the share of positives is learned; balanced, it is one half.
  const std::vector<double> x(100, 1.0);
  std::vector<std::int32_t> label(100, 0);
  std::fill_n(label.begin(), 10, 1);
  for (const bool balanced : {false, true}) {
    const FeatureColumns flat{.x = x, .columns = 1};
    const Perceptron share = fit_perceptron(
        flat, label, first_rows(100),
        {.hidden = {}, .optimiser = {.learning_rate = 0.05}, .balanced = balanced, .epochs = 500},
        {}, StreamKey::root(2));
    CHECK(predicted(share, flat)[0] == Approx(balanced ? 0.5 : 0.1).margin(1e-3));
    CHECK(warned(share, "constant in the training rows"));
  }
}
