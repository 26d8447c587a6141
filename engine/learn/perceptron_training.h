#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/perceptron.h"
#include "engine/learn/perceptron_network.h"

/// The epochs of a perceptron.
namespace impact::detail {

/// Rows with their numbers in the network's units.
template <class T>
struct PerceptronTraining {
  WideVector<T> x;                               ///< Rows x stride of the inputs.
  std::vector<double> y, w;                      ///< Class or number; weight, > 0.
  std::vector<std::uint32_t> train, validation;  ///< Places in the above; some to train on.
};

/// Trains the layers of `model` from where they are; writes them, the history, which epoch they
/// are of, and warnings. T: float, double.
template <class T>
void train(const PerceptronTraining<T>& rows, const PerceptronSpec& spec, const NetworkPlan& plan,
           StreamKey key, const Context& context, Perceptron& model);

}  // namespace impact::detail
