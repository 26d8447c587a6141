#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/parallel.h"
#include "engine/stats/groups.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/newton.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// 1 - leverage below this is rounding.
constexpr double kFullLeverage = 1e-10;
// A row moves a coefficient if its part in it exceeds this share of the whole.
constexpr double kMovesCoefficient = 1e-9;

// sum q q' factor, sum q score, and what full leverage does.
struct Sums {
  MatrixXd meat = {};
  VectorXd score = {};
  std::int64_t full_leverage = 0;
  std::vector<std::uint8_t> undefined = {};

  void merge(const Sums& other) {
    meat += other.meat;
    score += other.score;
    full_leverage += other.full_leverage;
    for (std::size_t i = 0; i < undefined.size(); ++i) undefined[i] |= other.undefined[i];
  }
};

class RowPass {
 public:
  RowPass(const EtaProblem& problem, const Bread& bread, const Summary& summary, SeType se,
          bool frequency)
      : rows_(problem.rows), bread_(&bread), summary_(&summary), se_(se), frequency_(frequency) {}

  [[nodiscard]] double weight(std::size_t i) const {
    return rows_->weights.empty() ? 1.0 : rows_->weights[i];
  }

  // Rows q of the listed or consecutive rows.
  template <class RowAt>
  [[nodiscard]] MatrixXd orthogonal(std::size_t count, RowAt row_at) const {
    MatrixXd q(static_cast<Index>(count), static_cast<Index>(rows_->columns));
    for (std::size_t k = 0; k < rows_->columns; ++k) {
      const double* from = rows_->x.data() + k * rows_->count();
      for (std::size_t i = 0; i < count; ++i) {
        q(static_cast<Index>(i), static_cast<Index>(k)) = from[row_at(i)] - bread_->shift[k];
      }
    }
    bread_->triangle.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(q);
    return q;
  }

  [[nodiscard]] Sums over(std::size_t begin, std::size_t end) const {
    const auto k = static_cast<Index>(rows_->columns);
    Sums sums{.meat = MatrixXd::Zero(k, k), .score = VectorXd::Zero(k)};
    sums.undefined.assign(rows_->columns, 0);
    VectorXd root(static_cast<Index>(kBlockRows));
    VectorXd score(static_cast<Index>(kBlockRows));
    for (std::size_t at = begin; at < end; at += kBlockRows) {
      const std::size_t count = std::min(kBlockRows, end - at);
      MatrixXd q = orthogonal(count, [at](std::size_t i) { return at + i; });
      for (std::size_t i = 0; i < count; ++i) {
        const auto row = static_cast<Index>(i);
        score[row] = weight(at + i) * summary_->score[at + i];
        root[row] = meat_root(at + i, q.row(row), sums);
      }
      sums.score.noalias() += q.transpose() * score.head(q.rows());
      if (se_ == SeType::kClassical || clustered(se_)) continue;
      for (Index c = 0; c < k; ++c) q.col(c) = q.col(c).cwiseProduct(root.head(q.rows()));
      sums.meat.selfadjointView<Eigen::Lower>().rankUpdate(q.transpose());
    }
    return sums;
  }

  // sum over clusters of (sum q score)(sum q score)'.
  [[nodiscard]] MatrixXd over_clusters(const Groups& groups, const Context& context) const {
    const auto k = static_cast<Index>(rows_->columns);
    return reduce_chunks<MatrixXd>(
        context, groups.count(), std::max<std::size_t>(16, groups.count() / 256 + 1),
        [&](std::size_t begin, std::size_t end) {
          MatrixXd meat = MatrixXd::Zero(k, k);
          for (std::size_t j = begin; j < end; ++j) {
            context.check();
            const auto members = groups[j];
            const MatrixXd q =
                orthogonal(members.size(), [members](std::size_t i) { return members[i]; });
            VectorXd u = VectorXd::Zero(k);
            for (std::size_t i = 0; i < members.size(); ++i) {
              const std::size_t row = members[i];
              u += (weight(row) * summary_->score[row]) * q.row(static_cast<Index>(i)).transpose();
            }
            meat.noalias() += u * u.transpose();
          }
          return meat;
        },
        [](MatrixXd& into, const MatrixXd& from) { into += from; });
  }

 private:
  // The root of the factor of q q'. A frequency weight f stands for f rows of weight 1.
  template <class Row>
  double meat_root(std::size_t i, const Row& q, Sums& sums) const {
    const double weight_i = weight(i);
    const double root =
        std::abs(summary_->score[i]) * (frequency_ ? std::sqrt(weight_i) : weight_i);
    if (se_ != SeType::kHc2 && se_ != SeType::kHc3) return root;
    const double leverage = summary_->weight[i] * (frequency_ ? 1.0 : weight_i) * q.squaredNorm();
    const double rest = 1.0 - leverage;
    if (rest < kFullLeverage) {
      ++sums.full_leverage;
      for (Index c = 0; c < bread_->contrast.cols(); ++c) {
        const auto b = bread_->contrast.col(c);
        if (std::abs(q.dot(b)) > kMovesCoefficient * q.norm() * b.norm()) {
          sums.undefined[static_cast<std::size_t>(c)] = 1;
        }
      }
      return 0.0;
    }
    return root / (se_ == SeType::kHc2 ? std::sqrt(rest) : rest);
  }

  const RegressionRows* rows_;
  const Bread* bread_;
  const Summary* summary_;
  SeType se_;
  bool frequency_;
};

}  // namespace

ScoreCovariance score_covariance(const EtaProblem& problem, const Bread& bread,
                                 const Summary& summary, SeType se, bool frequency,
                                 const Context& context) {
  const RegressionRows& rows = *problem.rows;
  const auto k = static_cast<Index>(rows.columns);
  const double n = rows.total(frequency);
  const auto rank = static_cast<double>(k);
  const RowPass pass(problem, bread, summary, se, frequency);
  Sums sums;
  if ((se == SeType::kClassical || clustered(se)) && bread.shift == problem.shift) {
    sums.score = bread.triangle.transpose().triangularView<Eigen::Lower>().solve(summary.gradient);
    sums.undefined.assign(rows.columns, 0);
  } else {
    sums = reduce_chunks<Sums>(
        context, rows.count(), kChunkRows,
        [&](std::size_t begin, std::size_t end) { return pass.over(begin, end); },
        [](Sums& into, const Sums& from) { into.merge(from); });
  }
  ScoreCovariance result;
  result.decrement = sums.score.squaredNorm();
  result.full_leverage = sums.full_leverage;
  result.undefined = sums.undefined;
  const MatrixXd& c = bread.contrast;
  bool defined = se == SeType::kClassical || n > rank;
  if (se == SeType::kClassical) {
    result.covariance = c.transpose() * c;
  } else if (clustered(se)) {
    const Groups groups = group_rows(rows.clusters);
    result.covariance = c.transpose() * pass.over_clusters(groups, context) * c;
    const auto clusters = static_cast<double>(groups.count());
    if (se == SeType::kCr1) {
      result.covariance *= clusters / (clusters - 1.0) * ((n - 1.0) / (n - rank));
    }
    defined = defined && groups.count() > 1;
  } else {
    const MatrixXd meat = sums.meat.selfadjointView<Eigen::Lower>();
    result.covariance = c.transpose() * meat * c;
    if (se == SeType::kHc1) result.covariance *= n / (n - rank);
  }
  if (!defined) result.covariance.setConstant(std::numeric_limits<double>::quiet_NaN());
  for (Index a = 0; a < k; ++a) {
    if (result.undefined[static_cast<std::size_t>(a)] == 0) continue;
    result.covariance.row(a).setConstant(std::numeric_limits<double>::quiet_NaN());
    result.covariance.col(a).setConstant(std::numeric_limits<double>::quiet_NaN());
  }
  return result;
}

}  // namespace impact::detail
