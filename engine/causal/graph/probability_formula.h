#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/causal/graph/causal_graph.h"

namespace impact {

enum class FormulaKind {
  kProbability,  ///< P(of | given)
  kProduct,      ///< Of all parts; without parts it is 1.
  kSum,          ///< Over all values of the variables `of`, of the one part.
  kQuotient,     ///< First part over the second.
};

/// An expression in probabilities of observed variables. Within a sum its variables mean those of
/// the sum, whatever they mean outside.
struct ProbabilityFormula {
  FormulaKind kind = FormulaKind::kProduct;
  NodeNames of = {};     ///< In causal order.
  NodeNames given = {};  ///< The same.
  std::vector<ProbabilityFormula> parts = {};
};

/// "sum_{z} P(z | x) sum_{x'} P(x') P(y | x', z)". A variable of a sum that has a meaning outside
/// is primed.
[[nodiscard]] std::string formula_text(const ProbabilityFormula& formula);
/// The same in LaTeX's mathematics: "z1" becomes z_{1}, longer names are set upright.
[[nodiscard]] std::string formula_latex(const ProbabilityFormula& formula);

/// A joint distribution of discrete variables, which may come from counts.
struct DiscreteJoint {
  NodeNames names = {};
  std::vector<std::size_t> levels = {};  ///< Of each variable, at least 1.
  /// One a cell, the last variable running fastest; at least 0. Need not sum to 1.
  std::vector<double> probability = {};
};

/// The formula's value when its free variables have the levels of `at`. Conditions that never occur
/// make it NaN where they matter. Throws ArgumentError for lengths that do not fit, variables the
/// distribution or `at` lacks, and levels out of range. The bits depend on nothing but the
/// arguments.
[[nodiscard]] double formula_value(const ProbabilityFormula& formula, const DiscreteJoint& joint,
                                   const std::map<std::string, std::size_t>& at);

}  // namespace impact
