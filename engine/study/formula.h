#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/table/expr.h"

namespace impact {

/// outcome ~ terms | fixed effects | endogenous ~ instruments. A term is a list of columns: several
/// are their interaction.
struct Formula {
  using Term = std::vector<ExprPtr>;
  ExprPtr outcome = nullptr;
  std::vector<Term> terms = {};
  bool intercept = true;
  std::vector<Term> fixed_effects = {};  ///< Several columns: one level a combination.
  std::vector<ExprPtr> endogenous = {};
  std::vector<ExprPtr> instruments = {};
};

/// The arithmetic tree of a right-hand side as terms: a + b lists them, a % b is an interaction,
/// a * b is a + b + a % b, 0 + ... drops the intercept, 1 changes nothing. Repeated terms are
/// dropped. Any other call is one column. Throws ArgumentError for minus and for a * b or a % b
/// with a number.
[[nodiscard]] std::vector<Formula::Term> formula_terms(const ExprPtr& tree, bool* intercept);
/// The same after a bar: a + b lists factors, a ^ b combines them. Throws ArgumentError.
[[nodiscard]] std::vector<Formula::Term> formula_effects(const ExprPtr& tree);

/// "y ~ z * x1 + x2 | tier ^ week | d ~ iv" read with the same rules; a : b is a % b. Names that
/// are not words stand in backquotes. Throws ArgumentError with the place of what was not
/// understood.
[[nodiscard]] Formula parse_formula(std::string_view text);

}  // namespace impact
