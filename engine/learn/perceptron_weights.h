#pragma once

#include "engine/core/rng.h"
#include "engine/learn/perceptron.h"
#include "engine/learn/perceptron_network.h"

/// A fitted perceptron as a network and back.
namespace impact::detail {

/// Units of the inputs, the hidden layers and the outputs.
[[nodiscard]] NetworkPlan plan_of(const Perceptron& model);

/// Copies weights and running statistics. T: float, double.
template <class T>
void put_weights(const Perceptron& model, Network<T>& network);
template <class T>
void take_weights(const Network<T>& network, Perceptron& model);

/// Writes x, standardised as the model says, `stride` apart; false where a number is missing or
/// infinite (as a T).
template <class T>
bool put_row(const Perceptron& model, const FeatureColumns& features, std::size_t row, T* x);

}  // namespace impact::detail
