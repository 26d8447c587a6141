#include "engine/stats/bias_reduced.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <Eigen/Eigenvalues>

#include "engine/stats/least_squares.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Eigenvalues of I - H below this are zero: the cluster fits some direction all by itself, and the
// inverse root becomes that of Moore and Penrose.
constexpr double kSingular = 1e-10;

double inverse_root(double eigenvalue) {
  return eigenvalue > kSingular ? 1.0 / std::sqrt(eigenvalue) : 0.0;
}

// a'b over the rows of a cluster, in a fixed order: Eigen's products of long matrices cut them by
// the size of the processor's caches.
MatrixXd cross_product(const MatrixXd& a, const MatrixXd& b) {
  MatrixXd result(a.cols(), b.cols());
  for (Index i = 0; i < a.cols(); ++i) {
    for (Index j = 0; j < b.cols(); ++j) {
      result(i, j) = dot(a.col(i).data(), b.col(j).data(), static_cast<std::size_t>(a.rows()));
    }
  }
  return result;
}

// z = F G with orthonormal or zero columns of F (written over z): Gram-Schmidt, each column swept
// twice, which leaves it orthogonal to rounding. A column that depends on earlier ones becomes 0.
MatrixXd orthogonalise(MatrixXd& z) {
  constexpr double kDependent = 1e-13;
  MatrixXd g = MatrixXd::Zero(z.cols(), z.cols());
  for (Index k = 0; k < z.cols(); ++k) {
    const double whole = z.col(k).stableNorm();
    for (int sweep = 0; sweep < 2; ++sweep) {
      for (Index j = 0; j < k; ++j) {
        const double part =
            dot(z.col(j).data(), z.col(k).data(), static_cast<std::size_t>(z.rows()));
        g(j, k) += part;
        z.col(k) -= part * z.col(j);
      }
    }
    const double own = z.col(k).stableNorm();
    if (own > kDependent * whole) {
      g(k, k) = own;
      z.col(k) /= own;
    } else {
      z.col(k).setZero();
    }
  }
  return g;
}

}  // namespace

void BiasReducedSums::merge(const BiasReducedSums& other) {
  meat += other.meat;
  expected += other.expected;
  diagonal += other.diagonal;
  for (std::size_t c = 0; c < cross.size(); ++c) cross[c] += other.cross[c];
}

BiasReduced::BiasReduced(MatrixXd contrasts, MatrixXd squares)
    : contrasts_(std::move(contrasts)), squares_(std::move(squares)) {}

BiasReducedSums BiasReduced::zero() const {
  const Index r = contrasts_.rows();
  const Index c = contrasts_.cols();
  const Index z = squares_.size() == 0 ? r : 2 * r;
  return {.meat = MatrixXd::Zero(r, r),
          .expected = VectorXd::Zero(c),
          .diagonal = VectorXd::Zero(c),
          .cross = std::vector<MatrixXd>(static_cast<std::size_t>(c), MatrixXd::Zero(z, z))};
}

void BiasReduced::add(Eigen::Ref<const MatrixXd> q, Eigen::Ref<const VectorXd> residual,
                      const VectorXd* weights, BiasReducedSums& sums) const {
  if (weights == nullptr) {
    add_unweighted(q, residual, sums);
  } else {
    add_weighted(q, residual, *weights, sums);
  }
}

// With Q_j the cluster's rows of Q and A_j = (I - Q_j Q_j')^(-1/2), the cluster adds u u' to the
// meat, u = Q_j'A_j e_j. A contrast b has the weights w = A_j Q_j b within the cluster and, over
// all rows, g_j = (I - H)_j'w; for independent errors of equal variance the cluster's term has
// expectation g_j'g_j and the terms of clusters i and j covary by 2 (g_i'g_j)^2. As I - H is a
// projection, g_i'g_j = -h_i'h_j for i != j with h_j = Q_j'w, and
//   df = 2 mean^2 / variance = (sum_j d_j)^2 / sum_ij (g_i'g_j)^2,  d_j = g_j'g_j.
// Q_j Q_j' and Q_j'Q_j share their eigenvalues l, so the smaller of the two is decomposed:
//   Q_j'Q_j = V l V':  u = V (1-l)^(-1/2) V'Q_j'e_j,    h_j = V l (1-l)^(-1/2) V'b,
//                      d_j = sum of l (V'b)^2 over l < 1
//   Q_j Q_j' = U l U': u = Q_j'U (1-l)^(-1/2) U'e_j,    h_j = Q_j'U (1-l)^(-1/2) U'Q_j b,
//                      d_j = sum of (U'Q_j b)^2 over l < 1.
void BiasReduced::add_unweighted(const MatrixXd& q, const VectorXd& residual,
                                 BiasReducedSums& sums) const {
  const bool tall = q.rows() >= q.cols();
  const MatrixXd product = tall ? cross_product(q, q) : MatrixXd(q * q.transpose());
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(product);
  const MatrixXd& v = eigen.eigenvectors();
  const VectorXd lambda = eigen.eigenvalues();
  const VectorXd root = lambda.unaryExpr([](double l) { return inverse_root(1.0 - l); });

  VectorXd u;
  MatrixXd h;
  MatrixXd squares;  // l (V'b)^2, one column a contrast
  if (tall) {
    const MatrixXd turned = v.transpose() * contrasts_;
    u = v * root.cwiseProduct(v.transpose() * cross_product(q, residual));
    h = v * lambda.cwiseProduct(root).asDiagonal() * turned;
    squares = lambda.asDiagonal() * turned.cwiseAbs2();
  } else {
    const MatrixXd turned = v.transpose() * (q * contrasts_);
    u = q.transpose() * (v * root.cwiseProduct(v.transpose() * residual));
    h = q.transpose() * (v * (root.asDiagonal() * turned));
    squares = turned.cwiseAbs2();
  }
  sums.meat.noalias() += u * u.transpose();
  for (Index c = 0; c < contrasts_.cols(); ++c) {
    double d = 0.0;
    for (Index k = 0; k < root.size(); ++k) {
      if (root[k] > 0.0) d += squares(k, c);
    }
    const double own = h.col(c).squaredNorm();
    sums.expected[c] += d;
    sums.diagonal[c] += d * d - own * own;
    sums.cross[static_cast<std::size_t>(c)].noalias() += h.col(c) * h.col(c).transpose();
  }
}

// With weights W and P = W^(-1/2) Q the residual maker I - H = I - P P'W is no longer symmetric.
// For independent errors of equal variance the residuals of clusters i and j have
//   (I-H)_i (I-H)_j' = [i=j] I - P_i P_j'W_j - W_i P_i P_j' + P_i T P_j',   T = P'W^2 P,
// and A_j is the inverse root of B_j, this matrix for i = j: B_j = I + Z C Z' with Z = [P_j, W_j
// P_j], C = [T -I; -I 0]. The cluster adds u u', u = P_j'W_j A_j e_j. A contrast b has w =
// A_j W_j P_j b, z = Z'w, and g_i'g_j = [i=j] w'w + z_i'C z_j, so that
//   sum_ij (g_i'g_j)^2 = sum_j ((w'w + o_j)^2 - o_j^2) + tr(C S C S), o_j = z_j'C z_j, S = sum z
//   z'.
// A cluster with many rows is decomposed in the span of Z = F G (thin QR): B_j = I + F (G C G') F'.
void BiasReduced::add_weighted(const MatrixXd& q, const VectorXd& residual, const VectorXd& weights,
                               BiasReducedSums& sums) const {
  const Index m = q.rows();
  const Index r = q.cols();
  const VectorXd half = weights.cwiseSqrt();
  const MatrixXd p = half.cwiseInverse().asDiagonal() * q;
  const VectorXd e = residual.cwiseQuotient(half);
  MatrixXd z(m, 2 * r);
  z << p, weights.asDiagonal() * p;
  MatrixXd c = MatrixXd::Zero(2 * r, 2 * r);
  c.topLeftCorner(r, r) = squares_;
  c.topRightCorner(r, r).diagonal().setConstant(-1.0);
  c.bottomLeftCorner(r, r).diagonal().setConstant(-1.0);

  // A_j applied to e and to W P b at once.
  MatrixXd targets(m, 1 + contrasts_.cols());
  targets << e, z.rightCols(r) * contrasts_;
  MatrixXd adjusted;
  if (m <= 2 * r) {
    const MatrixXd b = MatrixXd::Identity(m, m) + z * c * z.transpose();
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(b);
    const MatrixXd& v = eigen.eigenvectors();
    adjusted =
        v * (eigen.eigenvalues().unaryExpr(&inverse_root).asDiagonal() * (v.transpose() * targets));
  } else {
    MatrixXd f = z;
    const MatrixXd g = orthogonalise(f);
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(g * c * g.transpose());
    const MatrixXd v = f * eigen.eigenvectors();
    const VectorXd change =
        eigen.eigenvalues().unaryExpr([](double k) { return inverse_root(1.0 + k) - 1.0; });
    adjusted = targets + v * (change.asDiagonal() * cross_product(v, targets));
  }

  const MatrixXd turned = cross_product(z, adjusted);
  const VectorXd u = turned.col(0).tail(r);
  sums.meat.noalias() += u * u.transpose();
  for (Index k = 0; k < contrasts_.cols(); ++k) {
    const auto w = adjusted.col(1 + k);
    const auto zw = turned.col(1 + k);
    const double own = zw.dot(c * zw);
    const double d = dot(w.data(), w.data(), static_cast<std::size_t>(m)) + own;
    sums.expected[k] += d;
    sums.diagonal[k] += d * d - own * own;
    sums.cross[static_cast<std::size_t>(k)].noalias() += zw * zw.transpose();
  }
}

std::vector<double> BiasReduced::df(const BiasReducedSums& sums) const {
  const Index r = contrasts_.rows();
  std::vector<double> result;
  for (Index k = 0; k < contrasts_.cols(); ++k) {
    const MatrixXd& cross = sums.cross[static_cast<std::size_t>(k)];
    double pairs = 0.0;
    if (squares_.size() == 0) {
      pairs = cross.squaredNorm();
    } else {
      // C S with C = [T -I; -I 0]
      MatrixXd product(2 * r, 2 * r);
      product << squares_ * cross.topRows(r) - cross.bottomRows(r), -cross.topRows(r);
      pairs = product.cwiseProduct(product.transpose()).sum();
    }
    const double below = sums.diagonal[k] + pairs;
    result.push_back(below > 0.0 ? sums.expected[k] * sums.expected[k] / below
                                 : std::numeric_limits<double>::quiet_NaN());
  }
  return result;
}

}  // namespace impact::detail
