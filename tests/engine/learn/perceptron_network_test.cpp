#include "engine/learn/perceptron_network.h"

#include <cmath>
#include <numeric>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"

using namespace impact;
using namespace impact::detail;

TEST_CASE("a perceptron's gradient is the slope of its loss", "[learn][perceptron]") {
  constexpr std::size_t kRows = 150;  // three slices
  Stream stream(StreamKey::root(4), 0);
  WideVector<double> x(kRows * 16);
  std::vector<double> weights(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = 0; j < 3; ++j) x[i * 16 + j] = stream.normal();
    weights[i] = stream.uniform(0.5, 2.0);
  }
  std::vector<std::uint32_t> batch(kRows);
  std::iota(batch.begin(), batch.end(), 0U);
  for (const auto activation : {Activation::kRelu, Activation::kTanh, Activation::kGelu}) {
    for (const auto loss : {OutputLoss::kBinary, OutputLoss::kMulticlass, OutputLoss::kSquared,
                            OutputLoss::kAbsolute, OutputLoss::kHuber, OutputLoss::kPoisson}) {
      for (const bool norm : {false, true}) {
        for (const std::uint32_t drop : {0U, 20000U}) {
          const std::size_t outputs = loss == OutputLoss::kMulticlass ? 4 : 1;
          const std::size_t units[] = {3, 18, 5, outputs};
          NetworkPlan plan = NetworkPlan::make(units, norm);
          plan.activation = activation;
          plan.drop_below = drop;
          plan.loss.kind = loss;
          plan.loss.delta = 0.7;
          Network<double> network(plan, kRows);
          std::vector<double> y(kRows);
          for (double& v : y) {
            v = loss == OutputLoss::kBinary || loss == OutputLoss::kMulticlass ||
                        loss == OutputLoss::kPoisson
                    ? static_cast<double>(stream.below(loss == OutputLoss::kBinary ? 2 : 4))
                    : stream.normal();
          }
          std::vector<std::size_t> places;
          for (const LayerPlace& layer : plan.layers) {
            for (std::size_t k = 0; k < layer.inputs; ++k) {
              for (std::size_t j = 0; j < layer.outputs; ++j) {
                places.push_back(layer.weight + k * layer.stride + j);
              }
            }
            for (std::size_t j = 0; j < layer.outputs; ++j) {
              places.push_back(layer.bias + j);
              if (!layer.norm) continue;
              places.push_back(layer.gamma + j);
              places.push_back(layer.beta + j);
            }
          }
          for (const auto at : places) network.parameter[at] = stream.normal(0.0, 0.5);
          network.refresh();
          const NetworkRows<double> rows{
              .x = x.data(), .stride = 16, .y = y.data(), .w = weights.data()};
          const auto value = [&] {
            return network.learn(rows, batch, StreamKey::root(9), 3, {.threads = 2});
          };
          (void)value();
          const WideVector<double> gradient = network.gradient();
          double worst = 0.0;
          for (const auto at : places) {
            const double kept = network.parameter[at];
            constexpr double kStep = 1e-6;
            network.parameter[at] = kept + kStep;
            network.refresh();
            const double above = value();
            network.parameter[at] = kept - kStep;
            network.refresh();
            const double below = value();
            network.parameter[at] = kept;
            worst = std::max(worst, std::abs((above - below) / (2.0 * kStep) - gradient[at]));
          }
          INFO("activation " << static_cast<int>(activation) << ", loss " << static_cast<int>(loss)
                             << ", norm " << norm << ", drop " << drop);
          CHECK(worst < 2e-8);
        }
      }
    }
  }
}

TEST_CASE("a perceptron's kernels: the width of registers does not change a bit",
          "[learn][perceptron]") {
  const auto compare = []<class T>(T /*type*/) {
    Stream stream(StreamKey::root(8), 0);
    const auto draw = [&](std::size_t n) {
      WideVector<T> v(n);
      for (T& a : v) a = static_cast<T>(stream.normal());
      return v;
    };
    const PerceptronKernels<T>& wide = perceptron_kernels<T>();
    const PerceptronKernels<T>& narrow = narrow_perceptron_kernels<T>();
    const auto a = draw(7 * 13), b = draw(13 * 112), start = draw(112);
    WideVector<T> c(7 * 112), d(7 * 112);
    Product<T> product{.rows = 7,
                       .inner = 13,
                       .columns = 112,
                       .a = a.data(),
                       .a_row = 13,
                       .a_inner = 1,
                       .b = b.data(),
                       .b_row = 112,
                       .start = start.data(),
                       .c = c.data(),
                       .c_row = 112};
    wide.multiply(product);
    product.c = d.data();
    narrow.multiply(product);
    CHECK(c == d);
    double sum = static_cast<double>(start[5]);
    for (std::size_t k = 0; k < 13; ++k) sum += double(a[2 * 13 + k]) * double(b[k * 112 + 5]);
    CHECK(double(c[2 * 112 + 5]) == Approx(sum).epsilon(1e-5));

    std::vector<std::uint32_t> words(25 * 16);
    for (auto& w : words) w = stream.next_u32();
    wide.relu(7 * 112, c.data());
    narrow.relu(7 * 112, d.data());
    wide.drop(7 * 112, words.data(), 20000, T(1.5), c.data());
    narrow.drop(7 * 112, words.data(), 20000, T(1.5), d.data());
    CHECK(c == d);
    WideVector<T> e = draw(7 * 112), f = e;
    wide.relu_slope(7 * 112, c.data(), T(1.5), e.data());
    narrow.relu_slope(7 * 112, d.data(), T(1.5), f.data());
    CHECK(e == f);
    const AdamStep<T> step{.beta1 = T(0.9),
                           .beta2 = T(0.999),
                           .rest1 = T(0.1),
                           .rest2 = T(0.001),
                           .size = T(0.01),
                           .root = T(0.03),
                           .eps = T(1e-8),
                           .coupled = T(0.1),
                           .decoupled = T(0.9),
                           .clip = T(0.5)};
    WideVector<T> m1(112), m2(112), v1(112), v2(112), p1 = start, p2 = start;
    wide.adam(112, step, b.data(), m1.data(), v1.data(), p1.data());
    narrow.adam(112, step, b.data(), m2.data(), v2.data(), p2.data());
    CHECK(m1 == m2);
    CHECK(v1 == v2);
    CHECK(p1 == p2);
  };
  compare(0.0F);
  compare(0.0);
}

TEST_CASE("dropout leaves out the share it was asked to, afresh each step", "[learn][perceptron]") {
  std::vector<std::uint32_t> words(16 * 1000);
  Stream stream(StreamKey::root(2), 0);
  for (auto& w : words) w = stream.next_u32();
  WideVector<float> x(32 * 1000, 1.0F);
  perceptron_kernels<float>().drop(x.size(), words.data(), 13107, 1.25F, x.data());
  double kept = 0.0;
  for (const float v : x) {
    REQUIRE((v == 0.0F || v == 1.25F));
    kept += v > 0.0F ? 1.0 : 0.0;
  }
  // Standard error .0022.
  CHECK(kept / 32000.0 == Approx(0.8).margin(0.009));
}
