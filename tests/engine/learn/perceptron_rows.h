#pragma once

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/perceptron.h"

/// What the tests of perceptrons learn from.
namespace impact::learning {

inline std::vector<std::uint32_t> first_rows(std::size_t n) {
  std::vector<std::uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

// Two arms of a spiral, wound `turns` times; columns x, y.
struct Spirals {
  std::vector<double> x;
  std::vector<std::int32_t> label;
};

inline Spirals spirals(std::size_t n) {
  Spirals s;
  s.x.resize(2 * n);
  Stream stream(StreamKey::root(11), 0);
  for (std::size_t i = 0; i < n; ++i) {
    const double t = std::sqrt(stream.uniform()) * 3.0 * 3.14159265;
    const double sign = i % 2 == 0 ? 1.0 : -1.0;
    s.x[i] = sign * t * std::cos(t) + stream.normal(0.0, 0.1);
    s.x[n + i] = sign * t * std::sin(t) + stream.normal(0.0, 0.1);
    s.label.push_back(i % 2 == 0 ? 0 : 1);
  }
  return s;
}

inline std::vector<double> predicted(const Perceptron& model, const FeatureColumns& features,
                                     const Context& context = {}) {
  std::vector<double> p(features.rows() * model.outputs());
  model.predict(features, first_rows(features.rows()), p, context);
  return p;
}

}  // namespace impact::learning
