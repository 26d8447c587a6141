#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/core/parallel.h"
#include "engine/learn/cross_products.h"
#include "engine/learn/elastic_net_fit.h"
#include "engine/stats/least_squares.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Up to this many columns all products are taken at once; beyond, those of columns that enter.
constexpr Index kWhole = 1000;

// One quadratic for all lambdas: G = X'WX, c = X'W(y - offset - mean), and gradient c - G b. With
// an intercept the columns are centred, so it is the mean.
class GaussianPath final : public PathFitter {
 public:
  GaussianPath(const PathProblem& problem, const Context& context)
      : problem_(problem),
        residual_(problem.rows.y),
        b_(VectorXd::Zero(problem.columns())),
        everything_(static_cast<std::size_t>(problem.columns())) {
    const PenalisedRows& rows = problem.rows;
    std::iota(everything_.begin(), everything_.end(), Index{0});
    for (std::size_t i = 0; i < rows.offset.size(); ++i) {
      residual_[static_cast<Index>(i)] -= rows.offset[i];
    }
    if (problem.spec.intercept) {
      // Twice: what rounding left of the mean goes too.
      for (int k = 0; k < 2; ++k) {
        const double mean = dot(rows.weight.data(), residual_.data(), rows.count());
        residual_.array() -= mean;
        intercept_ += mean;
      }
    }
    const VectorXd weighted = rows.weight.cwiseProduct(residual_);
    null_ = dot(weighted.data(), residual_.data(), rows.count());
    linear_ = column_products(rows.x, everything_, weighted, context);
    size_ = linear_.cwiseAbs();
    if (problem.columns() <= kWhole) enter(everything_, context);
  }

  [[nodiscard]] double null_deviance() const override { return null_; }
  [[nodiscard]] const VectorXd& gradient_size() const override { return size_; }

  PathPoint fit(double lambda, double previous, const Context& context) override {
    PathPoint point;
    if (problem_.columns() > kWhole) enter(problem_.strong(size_, lambda, previous), context);
    const QuadraticSpec spec{.null = null_,
                             .tolerance = problem_.spec.tolerance,
                             .most_passes = problem_.spec.most_passes};
    VectorXd b, gradient;
    CoordinatePenalty penalty;
    for (bool more = true; more;) {
      penalty = problem_.penalty(lambda, set_);
      b = b_(set_);
      const VectorXd linear = linear_(set_);
      const QuadraticSolution solution =
          minimise_quadratic(gram_, linear, penalty, spec, b, context);
      point.passes += solution.passes;
      point.converged = solution.converged;
      b_(set_) = b;
      gradient = linear - gram_ * b;
      more = false;
      if (static_cast<Index>(set_.size()) < problem_.columns()) {
        more = enter(violating(lambda, context), context) && point.converged;
      } else {
        for (std::size_t k = 0; k < set_.size(); ++k) {
          size_[set_[k]] = std::abs(gradient[static_cast<Index>(k)]);
        }
      }
    }
    point.intercept = VectorXd::Constant(1, intercept_);
    point.b = b_;
    // RSS = null - c'b - b'(c - G b).
    const VectorXd linear = linear_(set_);
    point.explained = null_ > 0.0 ? b.dot(linear + gradient) / null_ : 0.0;
    std::vector<Index> active;
    for (Index k = 0; k < b.size(); ++k) {
      if (b[k] != 0.0) active.push_back(k);
    }
    point.df = problem_.spec.alpha == 1.0 ? static_cast<double>(active.size())
                                          : smoother_trace(gram_, penalty.l2, active);
    return point;
  }

 private:
  // Adds columns to the products. False: none is new.
  bool enter(const std::vector<Index>& columns, const Context& context) {
    std::vector<Index> added;
    for (const Index j : columns) {
      if (std::ranges::find(set_, j) == set_.end()) added.push_back(j);
    }
    if (added.empty()) return false;
    const auto weights = problem_.rows.unequal_weights();
    const double share = weights.empty() ? 1.0 / static_cast<double>(problem_.rows.count()) : 1.0;
    const MatrixXd own = share * cross_products(problem_.rows.x, added, weights, context);
    const auto old = static_cast<Index>(set_.size());
    const auto extra = static_cast<Index>(added.size());
    gram_.conservativeResize(old + extra, old + extra);
    if (old > 0) {
      gram_.bottomLeftCorner(extra, old) =
          share * cross_products(problem_.rows.x, added, set_, weights, context);
      gram_.topRightCorner(old, extra) = gram_.bottomLeftCorner(extra, old).transpose();
    }
    gram_.bottomRightCorner(extra, extra) = own;
    set_.insert(set_.end(), added.begin(), added.end());
    return true;
  }

  // Columns outside of the set that violate the optimality conditions; renews size_.
  std::vector<Index> violating(double lambda, const Context& context) {
    const VectorXd fitted = problem_.rows.x(Eigen::all, set_) * b_(set_);
    const VectorXd weighted = problem_.rows.weight.cwiseProduct(residual_ - fitted);
    const VectorXd gradient = column_products(problem_.rows.x, everything_, weighted, context);
    size_ = gradient.cwiseAbs();
    const CoordinatePenalty penalty = problem_.penalty(lambda, everything_);
    std::vector<Index> found;
    for (Index j = 0; j < gradient.size(); ++j) {
      const double slack = 1e-12 * std::sqrt(null_) * problem_.rows.x.col(j).norm() /
                           std::sqrt(static_cast<double>(problem_.rows.count()));
      if (b_[j] == 0.0 && penalty.violation(j, 0.0, gradient[j]) > slack) found.push_back(j);
    }
    return found;
  }

  const PathProblem& problem_;
  VectorXd residual_;  // y - offset - intercept
  VectorXd b_;
  std::vector<Index> everything_;
  double intercept_ = 0.0;
  double null_ = 0.0;
  VectorXd linear_, size_;
  std::vector<Index> set_;  // columns whose products are known, in their order in gram_
  MatrixXd gram_;
};

}  // namespace

CoordinatePenalty PathProblem::penalty(double lambda, std::span<const Index> columns) const {
  CoordinatePenalty result = CoordinatePenalty::none(static_cast<Index>(columns.size()));
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const auto at = static_cast<Index>(k);
    const Index j = columns[k];
    if (factor[j] > 0.0 && std::isinf(lambda)) {
      result.l1[at] = std::numeric_limits<double>::infinity();
    } else if (factor[j] > 0.0) {
      result.l1[at] = lambda * spec.alpha * factor[j];
      result.l2[at] = lambda * (1.0 - spec.alpha) * factor[j];
    }
    result.lower[at] = lower[j];
    result.upper[at] = upper[j];
  }
  return result;
}

std::vector<Index> PathProblem::strong(const VectorXd& size, double lambda, double previous) const {
  std::vector<Index> result;
  for (Index j = 0; j < size.size(); ++j) {
    const bool in =
        factor[j] == 0.0 ||
        (!std::isinf(lambda) && size[j] >= spec.alpha * factor[j] * (2.0 * lambda - previous));
    if (in) result.push_back(j);
  }
  return result;
}

VectorXd linear_predictor(const PenalisedRows& rows, double intercept, const VectorXd& b,
                          const Context& context) {
  VectorXd eta = VectorXd::Constant(static_cast<Index>(rows.count()), intercept);
  for_chunks(context, rows.count(), kChunkRows, [&](std::size_t begin, std::size_t end) {
    const auto from = static_cast<Index>(begin);
    const auto count = static_cast<Index>(end - begin);
    for (std::size_t i = begin; i < end && !rows.offset.empty(); ++i) {
      eta[static_cast<Index>(i)] += rows.offset[i];
    }
    for (Index j = 0; j < b.size(); ++j) {
      if (b[j] != 0.0) eta.segment(from, count) += b[j] * rows.x.col(j).segment(from, count);
    }
  });
  return eta;
}

std::unique_ptr<PathFitter> gaussian_path(const PathProblem& problem, const Context& context) {
  return std::make_unique<GaussianPath>(problem, context);
}

}  // namespace impact::detail
