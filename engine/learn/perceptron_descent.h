#pragma once

#include <cstddef>

#include "engine/core/context.h"
#include "engine/learn/perceptron.h"
#include "engine/learn/perceptron_network.h"

/// Steps down the gradient, and how long they are.
namespace impact::detail {

/// Throws ArgumentError for constants out of range.
void check_optimiser(const OptimiserSpec& spec);
void check_schedule(const RateScheduleSpec& spec);

/// An optimiser with its memory. T: float, double.
template <class T>
class Descent {
 public:
  Descent(const OptimiserSpec& spec, std::size_t parameters);
  /// Moves the parameters of a network by its gradient.
  void step(Network<T>& network, double learning_rate, const Context& context);

 private:
  OptimiserSpec spec_;
  WideVector<T> first_, second_;        // momentum; Adam's moments
  double power1_ = 1.0, power2_ = 1.0;  // beta^t
};

/// The learning rate of each epoch.
class LearningRate {
 public:
  LearningRate(const RateScheduleSpec& spec, double rate, int epochs)
      : spec_(spec), first_(rate), rate_(rate), epochs_(epochs) {}
  [[nodiscard]] double rate() const { return rate_; }
  /// After an epoch with this loss.
  void next(double loss);

 private:
  RateScheduleSpec spec_;
  double first_;
  double rate_;
  int epochs_;
  int done_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
  int bad_ = 0;
};

}  // namespace impact::detail
