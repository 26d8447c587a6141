#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/learn/loss_formula.h"
#include "tests/engine/learn/boosting_reference.h"

using namespace impact;

namespace {

struct LossAt {
  double value = 0.0;
  double first = 0.0;
  double second = 0.0;
};

LossAt loss_at(const std::string& text, double prediction, double outcome) {
  LossAt out;
  LossFormula(text).evaluate({&prediction, 1}, {&outcome, 1}, {&out.value, 1}, {&out.first, 1},
                             {&out.second, 1});
  return out;
}

std::string what_is_wrong(const std::string& text) {
  try {
    const LossFormula formula(text);
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("loss formula: values and derivatives by hand", "[learn][loss_formula]") {
  const double p = 0.7;
  const double y = -0.4;
  const double e = p - y;
  struct Case {
    const char* text;
    LossAt expected;
  };
  const double s = std::sqrt(1.0 + e * e);
  const double q = 1.0 / (1.0 + std::exp(-p));
  const Case cases[] = {
      {"0.5 * (prediction - outcome)^2", {0.5 * e * e, e, 1.0}},
      {"sqrt(1 + (prediction - outcome)^2) - 1", {s - 1.0, e / s, 1.0 / (s * s * s)}},
      {"log(cosh(prediction - outcome))",
       {std::log(std::cosh(e)), std::tanh(e), 1.0 - std::tanh(e) * std::tanh(e)}},
      {"log1p(exp(prediction)) - outcome * prediction",
       {std::log1p(std::exp(p)) - y * p, q - y, q * (1.0 - q)}},
      {"exp(prediction) - outcome*prediction", {std::exp(p) - y * p, std::exp(p) - y, std::exp(p)}},
      {"if(outcome > prediction, 0.9 * (outcome - prediction), 0.1 * (prediction - outcome))",
       {0.1 * e, 0.1, 0.0}},
      {"if(prediction >= outcome, abs(outcome - prediction), 0)", {e, 1.0, 0.0}},
      {"if(prediction == outcome, 0, if(prediction ~= 3, prediction, 1))", {p, 1.0, 0.0}},
      {"max(-prediction, min(prediction, 5)) * 2", {2.0 * p, 2.0, 0.0}},
      {"2 / prediction", {2.0 / p, -2.0 / (p * p), 4.0 / (p * p * p)}},
      {"prediction / (1 + prediction)",
       {p / (1 + p), 1.0 / ((1 + p) * (1 + p)), -2.0 / ((1 + p) * (1 + p) * (1 + p))}},
      {"tanh(prediction)^3",
       {std::pow(std::tanh(p), 3.0),
        3.0 * std::pow(std::tanh(p), 2.0) * (1.0 - std::pow(std::tanh(p), 2.0)),
        (1.0 - std::pow(std::tanh(p), 2.0)) *
            (6.0 * std::tanh(p) - 12.0 * std::pow(std::tanh(p), 3.0))}},
      {"-prediction^2", {-p * p, -2.0 * p, -2.0}},
      {"2^3^0*prediction - 1e1 + .5", {2.0 * p - 9.5, 2.0, 0.0}},
      {"expm1(prediction)+log1p(prediction)-sqrt(prediction)",
       {std::expm1(p) + std::log1p(p) - std::sqrt(p),
        std::exp(p) + 1.0 / (1.0 + p) - 0.5 / std::sqrt(p),
        std::exp(p) - 1.0 / ((1.0 + p) * (1.0 + p)) + 0.25 / (p * std::sqrt(p))}},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const LossAt got = loss_at(c.text, p, y);
    CHECK(got.value == Approx(c.expected.value).epsilon(1e-14));
    CHECK(got.first == Approx(c.expected.first).epsilon(1e-13));
    CHECK(got.second == Approx(c.expected.second).epsilon(1e-13).margin(1e-15));
  }
}

TEST_CASE("loss formula: derivatives agree with differences", "[learn][loss_formula]") {
  const char* const texts[] = {
      "log(1 + exp(-outcome * prediction)) / (2 + tanh(prediction))",
      "(prediction^2 + 1)^(outcome / 3) * cosh(prediction - 0.3 * outcome)",
      "exp(-0.5 * (prediction - outcome)^2) * sqrt(3 + prediction)",
  };
  const double h = 1e-4;
  for (const char* text : texts) {
    for (double p = -1.3; p < 2.0; p += 0.37) {
      for (const double y : {-2.0, 0.5, 1.0}) {
        INFO(text << " at " << p << ", " << y);
        const LossAt mid = loss_at(text, p, y);
        const LossAt low = loss_at(text, p - h, y);
        const LossAt high = loss_at(text, p + h, y);
        CHECK(mid.first == Approx((high.value - low.value) / (2 * h)).epsilon(1e-6).margin(1e-7));
        CHECK(mid.second == Approx((high.first - low.first) / (2 * h)).epsilon(1e-6).margin(1e-7));
      }
    }
  }
}

TEST_CASE("loss formula: a kink, a corner and a chunk's end", "[learn][loss_formula]") {
  CHECK(loss_at("abs(prediction - outcome)", 2.0, 2.0).first == 0.0);
  // An infinite slope of a part that is constant, or is not taken, does no harm.
  CHECK(loss_at("prediction + sqrt(outcome)", 1.0, 0.0).first == 1.0);
  CHECK(loss_at("if(prediction > 0, prediction, log(prediction))", 1.0, 0.0).second == 0.0);
  CHECK(loss_at("(prediction - outcome)^2", 0.0, 0.0).second == 2.0);

  std::vector<double> p(1000);
  std::vector<double> y(1000);
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = static_cast<double>(i) * 0.01;
    y[i] = static_cast<double>(i % 7);
  }
  std::vector<double> g(p.size());
  std::vector<double> h(p.size());
  const LossFormula huber(
      "if(abs(prediction - outcome) < 1, 0.5 * (prediction - outcome)^2, abs(prediction - outcome) "
      "- 0.5)");
  huber.boosting_gradient(p, y, g, h);
  double total = 0.0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double e = p[i] - y[i];
    CHECK(g[i] == Approx(std::abs(e) < 1.0 ? e : std::copysign(1.0, e)));
    CHECK(h[i] == 1.0);
    total += std::abs(e) < 1.0 ? 0.5 * e * e : std::abs(e) - 0.5;
  }
  CHECK(huber.mean(p, y, {}) == Approx(total / 1000.0).epsilon(1e-14));
  std::vector<double> w(1000, 0.0);
  w[3] = 2.0;
  CHECK(huber.mean(p, y, w) == Approx(2.47).epsilon(1e-14));
}

TEST_CASE("loss formula: what is wrong is shown at its place", "[learn][loss_formula]") {
  const auto says = [](const std::string& text, const std::string& part) {
    INFO(text);
    const std::string said = what_is_wrong(text);
    INFO(said);
    CHECK(said.find(part) != std::string::npos);
  };
  says("", "ends too early");
  says("(prediction", "')'");
  says("predicton - outcome", "prediction");
  says("predicton - outcome", "character 1");
  says("prediction - outcome)", "goes on after its end");
  says("outcome^2", "depends on the prediction");
  says("2 ^ prediction", "exponent depends on the prediction");
  says("if(prediction, 1, 2)", "a condition compares");
  says("min(prediction)", "','");
  says("prediction * $", "a number, a name or '('");
  says(std::string(3000, '1'), "too long");
  says(fmt::format("{:(>160}", "prediction"), "nested too deeply");
  says(fmt::format("{:->160}", "prediction"), "nested too deeply");
  // Pieces of formulas in any order: an error or a formula, nothing else.
  const char* const pieces[] = {"prediction", "outcome", "(", ")",   "+",    "-",  "*",
                                "/",          "^",       ",", "if(", "<",    ">=", "1.5",
                                "abs(",       "min(",    ".", "e",   "\x80", " "};
  std::uint64_t state = 1;
  int good = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (int k = 0; k < 1 + round % 9; ++k) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      text += pieces[(state >> 33U) % std::size(pieces)];
    }
    if (what_is_wrong(text).empty()) {
      ++good;
      static_cast<void>(loss_at(text, 0.3, 1.0));
    }
  }
  CHECK(good > 50);
}

TEST_CASE("loss formula: boosting takes it as derivatives by hand", "[learn][loss_formula]") {
  using namespace impact::boosting;
  const LossFormula formula("sqrt(1 + (prediction - outcome)^2) - 1");
  BoostingSpec by_hand{.rounds = 12};
  by_hand.gradient = [](std::span<const double> sum, std::span<const double> y, std::span<double> g,
                        std::span<double> h) {
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double z = sum[i] - y[i];
      const double s = std::sqrt(1.0 + z * z);
      g[i] = z / s;
      h[i] = 1.0 / (s * s * s);
    }
  };
  BoostingSpec written = by_hand;
  written.gradient = [&](std::span<const double> sum, std::span<const double> y,
                         std::span<double> g,
                         std::span<double> h) { formula.boosting_gradient(sum, y, g, h); };
  written.loss = [&](std::span<const double> sum, std::span<const double> y,
                     std::span<const double> w) { return formula.mean(sum, y, w); };
  const auto& outcome = rows().outcome.at("y");
  const auto first = fit_boosting(rows().features(), outcome, training(), by_hand, {}, peer_key());
  const auto second = fit_boosting(rows().features(), outcome, training(), written, {}, peer_key());
  const auto a = predicted(first);
  const auto b = predicted(second);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(b[i] == Approx(a[i]).epsilon(1e-5));

  const auto held = range(Rows::kTrain, Rows::kRows);
  written.rounds = 200;
  written.validation = held;
  written.patience = 5;
  const auto stopped =
      fit_boosting(rows().features(), outcome, training(), written, {}, peer_key());
  CHECK(stopped.metric == "loss");
  REQUIRE(stopped.best_round >= 0);
  const auto p = predicted(stopped);
  double total = 0.0;
  for (const std::uint32_t i : held) {
    const double z = p[i] - outcome[i];
    total += std::sqrt(1.0 + z * z) - 1.0;
  }
  CHECK(stopped.history[static_cast<std::size_t>(stopped.best_round)] ==
        Approx(total / static_cast<double>(held.size())).epsilon(1e-5));
}
