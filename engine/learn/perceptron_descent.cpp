#include "engine/learn/perceptron_descent.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"

namespace impact::detail {
namespace {

constexpr std::size_t kParameterChunk = 16384;

void require(bool right, const char* where, double got, const char* expected) {
  if (right) return;
  throw ArgumentError({.what = "an option of the perceptron is out of range",
                       .where = where,
                       .got = format_double(got),
                       .expected = expected});
}

bool at_least(double x, double least) { return x >= least && std::isfinite(x); }

}  // namespace

void check_optimiser(const OptimiserSpec& s) {
  require(s.learning_rate > 0.0 && std::isfinite(s.learning_rate), "learning_rate", s.learning_rate,
          "more than 0");
  require(s.momentum >= 0.0 && s.momentum < 1.0, "momentum", s.momentum, "in [0, 1)");
  require(s.beta1 >= 0.0 && s.beta1 < 1.0, "beta1", s.beta1, "in [0, 1)");
  require(s.beta2 >= 0.0 && s.beta2 < 1.0, "beta2", s.beta2, "in [0, 1)");
  require(at_least(s.eps, 0.0), "eps", s.eps, "0 or more");
  require(at_least(s.weight_decay, 0.0), "weight_decay", s.weight_decay, "0 or more");
  require(at_least(s.clip_norm, 0.0), "clip_norm", s.clip_norm, "0 or more");
}

void check_schedule(const RateScheduleSpec& s) {
  require(s.step_size >= 1, "step_size", s.step_size, "1 or more");
  require(s.gamma > 0.0 && std::isfinite(s.gamma), "gamma", s.gamma, "more than 0");
  require(s.t_max >= 0, "t_max", s.t_max, "0 or more");
  require(at_least(s.eta_min, 0.0), "eta_min", s.eta_min, "0 or more");
  require(s.factor > 0.0 && s.factor < 1.0, "factor", s.factor, "in (0, 1)");
  require(s.patience >= 0, "schedule.patience", s.patience, "0 or more");
  require(s.threshold >= 0.0 && s.threshold < 1.0, "threshold", s.threshold, "in [0, 1)");
}

template <class T>
Descent<T>::Descent(const OptimiserSpec& spec, std::size_t parameters) : spec_(spec) {
  const bool adam = spec.method != Optimiser::kSgd;
  if (adam || spec.momentum > 0.0) first_.resize(parameters);
  if (adam) second_.resize(parameters);
}

// SGD: b = momentum b + g, p -= rate (g + momentum b with Nesterov, else b). Adam: see AdamStep.
// g is the gradient, shortened to clip_norm, plus weight_decay p unless that is decoupled.
template <class T>
void Descent<T>::step(Network<T>& network, double learning_rate, const Context& context) {
  auto& p = network.parameter;
  const auto& g = network.gradient();
  double clip = 1.0;
  if (spec_.clip_norm > 0.0) {
    const double squares = reduce_chunks<double>(
        context, p.size(), kParameterChunk,
        [&](std::size_t begin, std::size_t end) {
          double sum = 0.0;
          for (std::size_t i = begin; i < end; ++i) sum += double(g[i]) * double(g[i]);
          return sum;
        },
        [](double& a, double b) { a += b; });
    clip = std::min(1.0, spec_.clip_norm / (std::sqrt(squares) + 1e-6));
  }
  if (spec_.method == Optimiser::kSgd) {
    const T momentum = static_cast<T>(spec_.momentum);
    const T decay = static_cast<T>(spec_.weight_decay);
    const T rate = static_cast<T>(learning_rate);
    const T shorten = static_cast<T>(clip);
    for_chunks(context, p.size(), kParameterChunk, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        T d = g[i] * shorten + decay * p[i];
        if (!first_.empty()) {
          first_[i] = momentum * first_[i] + d;
          d = spec_.nesterov ? d + momentum * first_[i] : first_[i];
        }
        p[i] -= rate * d;
      }
    });
    return;
  }
  power1_ *= spec_.beta1;
  power2_ *= spec_.beta2;
  const bool decoupled = spec_.method == Optimiser::kAdamW;
  const AdamStep<T> step{
      .beta1 = static_cast<T>(spec_.beta1),
      .beta2 = static_cast<T>(spec_.beta2),
      .rest1 = static_cast<T>(1.0 - spec_.beta1),
      .rest2 = static_cast<T>(1.0 - spec_.beta2),
      .size = static_cast<T>(learning_rate / (1.0 - power1_)),
      .root = static_cast<T>(std::sqrt(1.0 - power2_)),
      .eps = static_cast<T>(spec_.eps),
      .coupled = static_cast<T>(decoupled ? 0.0 : spec_.weight_decay),
      .decoupled = static_cast<T>(decoupled ? 1.0 - learning_rate * spec_.weight_decay : 1.0),
      .clip = static_cast<T>(clip)};
  const auto& kernels = perceptron_kernels<T>();
  for_chunks(context, p.size(), kParameterChunk, [&](std::size_t begin, std::size_t end) {
    kernels.adam(end - begin, step, g.data() + begin, first_.data() + begin, second_.data() + begin,
                 p.data() + begin);
  });
}

// Cosine: eta_min + (rate - eta_min) (1 + cos(pi t / t_max)) / 2 (Loshchilov & Hutter 2017).
void LearningRate::next(double loss) {
  ++done_;
  switch (spec_.kind) {
    case RateSchedule::kConstant: return;
    case RateSchedule::kStep:
      if (done_ % spec_.step_size == 0) rate_ *= spec_.gamma;
      return;
    case RateSchedule::kCosine: {
      const int most = spec_.t_max > 0 ? spec_.t_max : epochs_;
      const double part = static_cast<double>(std::min(done_, most)) / most;
      rate_ = spec_.eta_min +
              (first_ - spec_.eta_min) * 0.5 * (1.0 + std::cos(std::numbers::pi * part));
      return;
    }
    case RateSchedule::kPlateau:
      if (loss < best_ * (1.0 - spec_.threshold)) {
        best_ = loss;
        bad_ = 0;
      } else if (++bad_ > spec_.patience) {
        rate_ *= spec_.factor;
        bad_ = 0;
      }
      return;
  }
}

template class Descent<float>;
template class Descent<double>;

}  // namespace impact::detail
