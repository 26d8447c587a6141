#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/causal/graph/implied_independence.h"
#include "engine/core/context.h"
#include "engine/stats/estimate.h"
#include "engine/stats/multiplicity.h"

namespace impact {

/// A column under the name of its node: numbers, or codes of a category.
struct IndependenceColumn {
  std::string name = {};
  std::span<const double> values = {};       ///< NaN is missing.
  std::span<const std::int32_t> codes = {};  ///< 0, 1, ...; negative is missing.
};

enum class IndependenceMethod {
  /// Fisher's z for numbers only, chi-squared for categories only where cells hold five rows on
  /// average, else regression.
  kAuto,
  /// z = sqrt(n - k - 3) atanh(r), r the partial correlation given k numbers (Fisher 1924): exact
  /// for normal variables, blind to what is not linear. Numbers only.
  kFisherZ,
  /// Pearson's X2 summed over the strata that the conditions form, df summed over the rows and
  /// columns that occur in each. Categories only.
  kChiSquare,
  /// Regression of one side on the conditions, with and without the other; categories as levels.
  /// A number on the left: F test of least squares. A category: likelihood ratio of multinomial
  /// logits.
  kRegression,
};

[[nodiscard]] std::string_view independence_method_name(IndependenceMethod method);
/// "auto", "fisher_z", "chi_square", "regression". Throws ArgumentError with a suggestion.
[[nodiscard]] IndependenceMethod parse_independence_method(std::string_view name);

struct IndependenceSpec {
  IndependenceMethod method = IndependenceMethod::kAuto;
  Adjustment adjustment = Adjustment::kHolm;
  double level = 0.05;  ///< Of the adjusted p-values, in (0, 1).
};

struct IndependenceTest {
  Independence statement = {};
  /// estimate: the partial correlation (Fisher's z), Cramer's V within strata, or the partial R^2
  /// (share of the deviance, for a category) of the regression. method: "fisher_z", "chi_square",
  /// "f_test", "likelihood_ratio".
  Estimate row = {};
  double p_adjusted = 0.0;  ///< NaN without a test.
  bool rejected = false;
};

struct IndependenceReport {
  std::vector<IndependenceTest> tests = {};  ///< In the order of the statements.
  std::int64_t rejected = 0;
  std::string reading = {};  ///< One or two sentences.
  std::vector<std::string> warnings = {};
};

/// Tests statements against data: each on the rows where its own columns are complete. Statements
/// about columns that are not there are left out with a warning. A rejection says that an arrow or
/// a hidden common cause is missing from the graph (or that the test's model is wrong); passing
/// says only that the data do not contradict this part of it. Throws ArgumentError for columns of
/// different lengths, two of one name, columns with neither or both kinds of values, a method that
/// does not fit the columns, and a level out of range. Parallel over statements; bits do not depend
/// on threads.
[[nodiscard]] IndependenceReport test_independences(std::span<const Independence> statements,
                                                    std::span<const IndependenceColumn> columns,
                                                    const IndependenceSpec& spec = {},
                                                    const Context& context = {});

}  // namespace impact
