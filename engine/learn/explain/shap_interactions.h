#pragma once

#include <cstdint>
#include <span>

#include "engine/core/context.h"
#include "engine/learn/tree_shap.h"

namespace impact {

/// Shapley interaction values of pairs of columns in the game of tree_shap(): for i != j half of
/// Owen's/Grabisch and Roubens' interaction index,
///   phi_ij = sum over S without i, j of |S|! (p - |S| - 2)! / (2 (p - 1)!)
///            (v(S + i + j) - v(S + i) - v(S + j) + v(S)),
/// and on the diagonal what is left of column i alone, phi_ii = phi_i - sum_(j != i) phi_ij. Rows
/// of the symmetric matrix sum to the column's value of tree_shap(), all of it to the model's value
/// less expectation(). out: rows x columns x columns, row by row. Exact up to rounding; a row and
/// tree takes O(nodes x depth^2). Memory of a thread: 256 columns^2 bytes. Parallel over rows; bits
/// do not depend on threads. Errors as tree_shap().
/// Sources: Grabisch & Roubens, "An axiomatic approach to the concept of interaction among players
/// in cooperative games", Int. J. of Game Theory 28 (1999); Fujimoto, Kojadinovic & Marichal,
/// Games and Economic Behavior 55 (2006); Lundberg, Erion & Lee, arXiv 1802.03888 (2018).
void tree_shap_interactions(const ShapModel& model, const FeatureColumns& features,
                            std::span<const std::uint32_t> rows, std::span<double> out,
                            const Context& context = {});

}  // namespace impact
