#include "engine/stats/wald.h"

#include <fmt/format.h>

#include <cmath>
#include <Eigen/Dense>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/distribution.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Eigenvalues of the statements' correlations below this are rounding.
constexpr double kRepeats = 1e-10;
// What a repeated statement may differ by, in standard errors.
constexpr double kContradicts = 1e-6;
// A loss of log-likelihood beyond this part of it is no rounding.
constexpr double kLoss = 1e-9;

void check(std::span<const double> coefficient, std::span<const double> covariance,
           std::size_t statements, double df2) {
  require_length("covariance", covariance.size(), coefficient.size() * coefficient.size());
  if (statements == 0) {
    throw ArgumentError({.what = "a joint test needs a statement to test",
                         .where = "restrictions",
                         .got = "none",
                         .expected = "at least one"});
  }
  if (!(df2 > 0.0)) {
    throw ArgumentError({.what = "degrees of freedom are positive",
                         .where = "df2",
                         .got = format_double(df2),
                         .expected = "more than 0"});
  }
}

void finish(JointTest& test) {
  test.f = test.chi2 / test.df1;
  test.p_value = f_upper(test.f, test.df1, test.df2);
}

// chi2 of the estimates `off` of zeros with covariance `v`. In units of their standard errors,
// along the eigenvectors of the correlations: sum (e_j'z)^2 / lambda_j over lambda_j > 0.
JointTest quadratic_form(const VectorXd& off, const MatrixXd& v, double df2) {
  JointTest test;
  test.df2 = df2;
  const VectorXd scale = v.diagonal().cwiseMax(0.0).cwiseSqrt();
  if (!off.allFinite() || !v.allFinite() || !(scale.minCoeff() > 0.0)) {
    test.warnings.emplace_back(
        "a coefficient in the test has no estimate or no standard error: no test");
    return test;
  }
  const VectorXd z = off.cwiseQuotient(scale);
  const MatrixXd correlation =
      scale.cwiseInverse().asDiagonal() * v * scale.cwiseInverse().asDiagonal();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(correlation);
  double chi2 = 0.0;
  Index rank = 0;
  bool contradiction = false;
  for (Index j = 0; j < z.size(); ++j) {
    const double part = eigen.eigenvectors().col(j).dot(z);
    if (eigen.eigenvalues()[j] > kRepeats * static_cast<double>(z.size())) {
      chi2 += part * part / eigen.eigenvalues()[j];
      ++rank;
    } else {
      contradiction = contradiction || std::abs(part) > kContradicts * (1.0 + z.norm());
    }
  }
  test.df1 = static_cast<double>(rank);
  if (contradiction) {
    test.warnings.emplace_back("the statements contradict each other: no test");
    return test;
  }
  if (rank < z.size()) {
    test.warnings.push_back(
        fmt::format("{} of {} statements follow from the others", z.size() - rank, z.size()));
  }
  test.chi2 = chi2;
  finish(test);
  return test;
}

}  // namespace

JointTest wald_test(std::span<const double> coefficient, std::span<const double> covariance,
                    const Restrictions& restrictions, double df2) {
  const std::size_t p = coefficient.size();
  const std::size_t q = p == 0 ? 0 : restrictions.matrix.size() / p;
  check(coefficient, covariance, q, df2);
  require_length("restrictions", restrictions.matrix.size(), p * q);
  require_optional_length("value", restrictions.value.size(), q);
  // Coefficients that no statement speaks of may lack an estimate.
  std::vector<std::size_t> used;
  for (std::size_t k = 0; k < p; ++k) {
    bool any = false;
    for (std::size_t s = 0; s < q; ++s) any = any || restrictions.matrix[s * p + k] != 0.0;
    if (any) used.push_back(k);
  }
  const auto m = static_cast<Index>(used.size());
  MatrixXd r(static_cast<Index>(q), m);
  VectorXd b(m);
  MatrixXd v(m, m);
  for (Index c = 0; c < m; ++c) {
    const std::size_t k = used[static_cast<std::size_t>(c)];
    b[c] = coefficient[k];
    for (Index d = 0; d < m; ++d) v(d, c) = covariance[k * p + used[static_cast<std::size_t>(d)]];
    for (std::size_t s = 0; s < q; ++s) {
      r(static_cast<Index>(s), c) = restrictions.matrix[s * p + k];
    }
  }
  for (Index s = 0; s < r.rows(); ++s) {
    if (m > 0 && r.row(s).cwiseAbs().maxCoeff() > 0.0) continue;
    throw ArgumentError({.what = "a statement names no coefficient",
                         .where = fmt::format("statement {}", s + 1),
                         .got = "zeros only",
                         .expected = "a factor other than 0"});
  }
  VectorXd off = r * b;
  for (std::size_t s = 0; s < restrictions.value.size(); ++s) {
    off[static_cast<Index>(s)] -= restrictions.value[s];
  }
  return quadratic_form(off, r * v * r.transpose(), df2);
}

JointTest wald_test(std::span<const double> coefficient, std::span<const double> covariance,
                    std::span<const std::size_t> columns, double df2) {
  const std::size_t p = coefficient.size();
  check(coefficient, covariance, columns.size(), df2);
  std::vector<double> matrix(columns.size() * p, 0.0);
  for (std::size_t s = 0; s < columns.size(); ++s) {
    if (columns[s] >= p) {
      throw ArgumentError({.what = "there is no such coefficient",
                           .where = "columns",
                           .got = std::to_string(columns[s]),
                           .expected = fmt::format("less than {}", p)});
    }
    matrix[s * p + columns[s]] = 1.0;
  }
  return wald_test(coefficient, covariance, Restrictions{.matrix = matrix}, df2);
}

JointTest likelihood_ratio_test(const MaximisedLikelihood& restricted,
                                const MaximisedLikelihood& full) {
  if (restricted.n != full.n) {
    throw ArgumentError({.what = "the two fits used different rows",
                         .where = "n",
                         .got = fmt::format("{} and {}", restricted.n, full.n),
                         .expected = "the same rows",
                         .hint = "fit both on the rows that miss no column of the larger model"});
  }
  if (restricted.parameters >= full.parameters) {
    throw ArgumentError(
        {.what = "the full model must have more parameters",
         .where = "parameters",
         .got = fmt::format("{} against {}", full.parameters, restricted.parameters),
         .expected = "more than the restricted model's"});
  }
  JointTest test;
  test.df1 = static_cast<double>(full.parameters - restricted.parameters);
  const double gain = 2.0 * (full.log_likelihood - restricted.log_likelihood);
  if (std::isnan(gain)) {
    test.warnings.emplace_back("a fit has no likelihood: no test");
    return test;
  }
  if (gain < -kLoss * std::abs(full.log_likelihood)) {
    test.warnings.emplace_back(
        "the larger model has the smaller likelihood: the other is no special case of it, or a fit "
        "has not converged");
  }
  test.chi2 = gain > 0.0 ? gain : 0.0;
  finish(test);
  return test;
}

}  // namespace impact
