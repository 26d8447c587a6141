#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/learn/perceptron_network.h"

namespace impact::detail {

// Binary: log(1 + e^z) - y z, derivative p - y. Multiclass: log sum_k e^(z_k) - z_y, derivatives
// p_k - 1{k = y}. Poisson: e^z - y z, derivative e^z - y.
template <class T>
double row_loss(const LossRule& rule, const T* z, double y, double factor, T* d) {
  const auto give = [&](std::size_t k, double derivative) {
    if (d != nullptr) d[k] = static_cast<T>(factor * derivative);
  };
  const double f = static_cast<double>(z[0]);
  const double r = f - y;
  switch (rule.kind) {
    case OutputLoss::kBinary: {
      const double e = std::exp(-std::abs(f));
      give(0, (f >= 0.0 ? 1.0 : e) / (1.0 + e) - y);
      return std::max(f, 0.0) - y * f + std::log1p(e);
    }
    case OutputLoss::kMulticlass: {
      const auto label = static_cast<std::size_t>(y);
      const double most = static_cast<double>(*std::max_element(z, z + rule.outputs));
      double sum = 0.0;
      for (std::size_t k = 0; k < rule.outputs; ++k) {
        sum += std::exp(static_cast<double>(z[k]) - most);
      }
      for (std::size_t k = 0; k < rule.outputs; ++k) {
        give(k, std::exp(static_cast<double>(z[k]) - most) / sum - (k == label ? 1.0 : 0.0));
      }
      return std::log(sum) + most - static_cast<double>(z[label]);
    }
    case OutputLoss::kSquared: give(0, 2.0 * r); return r * r;
    case OutputLoss::kAbsolute: give(0, r > 0.0 ? 1.0 : r < 0.0 ? -1.0 : r); return std::abs(r);
    case OutputLoss::kHuber:
      if (std::abs(r) < rule.delta) {
        give(0, r);
        return 0.5 * r * r;
      }
      give(0, r > 0.0 ? rule.delta : r < 0.0 ? -rule.delta : r);
      return rule.delta * (std::abs(r) - 0.5 * rule.delta);
    case OutputLoss::kPoisson: break;
  }
  const double rate = std::exp(f);
  give(0, rate - y);
  return rate - y * f;
}

// tanh: 1 - h^2. GELU: h = z Phi(z), derivative Phi(z) + z phi(z).
template <class T>
void activate(Activation activation, std::size_t n, T* z, T* slope) {
  if (activation == Activation::kTanh) {
    for (std::size_t i = 0; i < n; ++i) {
      const T h = std::tanh(z[i]);
      z[i] = h;
      if (slope != nullptr) slope[i] = T{1} - h * h;
    }
    return;
  }
  const T root_half = static_cast<T>(std::numbers::sqrt2 / 2.0);
  const T density = static_cast<T>(std::numbers::inv_sqrtpi * (std::numbers::sqrt2 / 2.0));
  for (std::size_t i = 0; i < n; ++i) {
    const T x = z[i];
    const T phi = T(0.5) * (T{1} + std::erf(x * root_half));
    z[i] = x * phi;
    if (slope != nullptr) slope[i] = phi + x * density * std::exp(T(-0.5) * x * x);
  }
}

template void activate(Activation, std::size_t, float*, float*);
template void activate(Activation, std::size_t, double*, double*);
template double row_loss(const LossRule&, const float*, double, double, float*);
template double row_loss(const LossRule&, const double*, double, double, double*);

}  // namespace impact::detail
