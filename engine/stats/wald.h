#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace impact {

/// A test of several statements at once.
struct JointTest {
  double chi2 = std::numeric_limits<double>::quiet_NaN();
  double f = std::numeric_limits<double>::quiet_NaN();    ///< chi2 / df1.
  double df1 = std::numeric_limits<double>::quiet_NaN();  ///< Statements that say something new.
  double df2 = std::numeric_limits<double>::infinity();   ///< Of F; infinite: chi2.
  double p_value = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings = {};
};

/// Statements R b = r on p coefficients b.
struct Restrictions {
  std::span<const double> matrix;      ///< R, statements x p, statement by statement.
  std::span<const double> value = {};  ///< r, one a statement; none: zeros.
};

/// Wald's test, chi2 = (R b - r)' (R V R')^-1 (R b - r): of chi2(df1), or of F(df1, df2) if df2 is
/// finite. Statements that follow from the others count once, with a warning; contradictory ones,
/// and ones on a coefficient without an estimate (NaN), give NaN with a warning. Units do not
/// matter. Throws ArgumentError for lengths that do not fit, no statement, one without a
/// coefficient, df2 <= 0. V is p x p.
/// Source: Wald, Transactions of the American Mathematical Society 54 (1943) 426-482.
[[nodiscard]] JointTest wald_test(std::span<const double> coefficient,
                                  std::span<const double> covariance,
                                  const Restrictions& restrictions,
                                  double df2 = std::numeric_limits<double>::infinity());

/// All listed coefficients are zero.
[[nodiscard]] JointTest wald_test(std::span<const double> coefficient,
                                  std::span<const double> covariance,
                                  std::span<const std::size_t> columns,
                                  double df2 = std::numeric_limits<double>::infinity());

/// A maximised likelihood.
struct MaximisedLikelihood {
  double log_likelihood = std::numeric_limits<double>::quiet_NaN();
  std::int64_t parameters = 0;
  std::int64_t n = 0;
};

/// Twice the gain of log-likelihood of `full` over `restricted`, a chi2 on the parameters between
/// them if the restricted model is a special case and holds. A loss gives a warning: then it is no
/// special case, or a fit has not converged. Throws ArgumentError unless full has more parameters
/// and the same n.
/// Source: Wilks, Annals of Mathematical Statistics 9 (1938) 60-62.
[[nodiscard]] JointTest likelihood_ratio_test(const MaximisedLikelihood& restricted,
                                              const MaximisedLikelihood& full);

}  // namespace impact
