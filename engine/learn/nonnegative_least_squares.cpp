#include "engine/learn/nonnegative_least_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <Eigen/QR>

#include "engine/core/error.h"

namespace impact {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Least squares over the columns in `set`, zero elsewhere.
VectorXd solve_passive(const MatrixXd& a, const VectorXd& b, const std::vector<Index>& set) {
  MatrixXd part(a.rows(), static_cast<Index>(set.size()));
  for (std::size_t k = 0; k < set.size(); ++k) part.col(static_cast<Index>(k)) = a.col(set[k]);
  const VectorXd s = part.colPivHouseholderQr().solve(b);
  VectorXd out = VectorXd::Zero(a.cols());
  for (std::size_t k = 0; k < set.size(); ++k) out[set[k]] = s[static_cast<Index>(k)];
  return out;
}

}  // namespace

// Karush-Kuhn-Tucker: with w = A'(b - A x), x >= 0, w <= 0, x'w = 0. The column with the largest
// w > 0 enters; while the solution over the set has a number <= 0, x moves towards it until the
// first of them is 0, which leaves.
NonnegativeLeastSquares nonnegative_least_squares(std::span<const double> a,
                                                  std::span<const double> b) {
  const auto n = static_cast<Index>(b.size());
  if (n == 0 || a.size() % b.size() != 0) {
    throw ArgumentError({.what = "the matrix and the right side differ in length",
                         .got = std::to_string(a.size()) + " and " + std::to_string(b.size())});
  }
  const auto p = static_cast<Index>(a.size() / b.size());
  MatrixXd whole(n, p + 1);
  whole.leftCols(p) = Eigen::Map<const MatrixXd>(a.data(), n, p);
  whole.col(p) = Eigen::Map<const VectorXd>(b.data(), n);
  const Index rows = std::min(n, p + 1);
  const MatrixXd triangle =
      whole.householderQr().matrixQR().topRows(rows).triangularView<Eigen::Upper>();
  const MatrixXd r = triangle.leftCols(p);
  const VectorXd c = triangle.col(p);
  const double scale = r.norm() * c.norm();
  const double tolerance = 10.0 * static_cast<double>(p + 1) *
                           std::numeric_limits<double>::epsilon() * std::max(scale, 1e-300);

  VectorXd x = VectorXd::Zero(p);
  std::vector<Index> set;
  NonnegativeLeastSquares out;
  for (Index step = 0; step < 30 * (p + 1); ++step) {
    const VectorXd w = r.transpose() * (c - r * x);
    Index enters = -1;
    for (Index j = 0; j < p; ++j) {
      const bool free = std::find(set.begin(), set.end(), j) == set.end();
      if (free && w[j] > tolerance && (enters < 0 || w[j] > w[enters])) enters = j;
    }
    if (enters < 0) {
      out.converged = true;
      break;
    }
    set.push_back(enters);
    VectorXd s = solve_passive(r, c, set);
    // Rounding may let in a column that only wants to leave again.
    if (s[enters] <= 0.0) {
      out.converged = true;
      break;
    }
    while (std::any_of(set.begin(), set.end(), [&](Index j) { return s[j] <= 0.0; })) {
      double share = 1.0;
      for (const Index j : set) {
        if (s[j] <= 0.0) share = std::min(share, x[j] / (x[j] - s[j]));
      }
      x += share * (s - x);
      std::erase_if(set, [&](Index j) {
        const bool leaves = s[j] <= 0.0 && x[j] <= 1e-14 * x.lpNorm<Eigen::Infinity>();
        if (leaves) x[j] = 0.0;
        return leaves;
      });
      s = solve_passive(r, c, set);
    }
    x = s;
  }
  out.residual = (r * x - c).norm();
  out.coefficient.assign(x.data(), x.data() + p);
  return out;
}

}  // namespace impact
