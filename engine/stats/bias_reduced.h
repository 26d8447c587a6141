#pragma once

#include <cstddef>
#include <vector>
#include <Eigen/Core>

/// The bias-reduced cluster-robust estimator CR2, cluster by cluster.
namespace impact::detail {

/// Sums over clusters; merge() adds those of other clusters.
struct BiasReducedSums {
  Eigen::MatrixXd meat;                // r x r
  Eigen::VectorXd expected;            // sum_j d_j, one a contrast
  Eigen::VectorXd diagonal;            // sum_j (d_j^2 - o_j^2), o_j the part that `cross` holds too
  std::vector<Eigen::MatrixXd> cross;  // sum_j z_j z_j', one a contrast

  void merge(const BiasReducedSums& other);
};

/// One regression's worth of constants.
class BiasReduced {
 public:
  /// contrasts: r x c, as Solution::contrast for the reported coefficients. Without weights
  /// `squares` is empty; with weights it is T = sum over all rows of w_i^2 p_i p_i', where
  /// p_i = q_i / sqrt(w_i).
  BiasReduced(Eigen::MatrixXd contrasts, Eigen::MatrixXd squares);

  [[nodiscard]] BiasReducedSums zero() const;
  /// q: the cluster's rows of Q; residual: their weighted residuals; weights: null for none.
  void add(Eigen::Ref<const Eigen::MatrixXd> q, Eigen::Ref<const Eigen::VectorXd> residual,
           const Eigen::VectorXd* weights, BiasReducedSums& sums) const;
  /// Satterthwaite degrees of freedom, one a contrast.
  [[nodiscard]] std::vector<double> df(const BiasReducedSums& sums) const;

 private:
  void add_unweighted(const Eigen::MatrixXd& q, const Eigen::VectorXd& residual,
                      BiasReducedSums& sums) const;
  void add_weighted(const Eigen::MatrixXd& q, const Eigen::VectorXd& residual,
                    const Eigen::VectorXd& weights, BiasReducedSums& sums) const;
  Eigen::MatrixXd contrasts_;
  Eigen::MatrixXd squares_;
};

}  // namespace impact::detail
