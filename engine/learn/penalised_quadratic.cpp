#include "engine/learn/penalised_quadratic.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <Eigen/Cholesky>

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// More active coordinates than this are left to the descent.
constexpr std::size_t kMostSolved = 1500;
// Part of a coordinate's curvature that the others must leave for the equations to be trusted.
constexpr double kOwnShare = 1e-11;
// Passes over the active coordinates before their equations are tried.
constexpr int kPassesBetween = 12;
// Violations below this, in units of sqrt(G_jj null), are rounding.
constexpr double kRounding = 1e-12;

class Descent {
 public:
  Descent(const MatrixXd& gram, const VectorXd& linear, const CoordinatePenalty& penalty,
          const QuadraticSpec& spec, VectorXd& b)
      : gram_(gram), linear_(linear), penalty_(penalty), spec_(spec), b_(b) {
    refresh();
  }

  QuadraticSolution run(const Context& context) {
    QuadraticSolution result;
    const double enough = spec_.tolerance * spec_.null;
    while (!result.converged && result.passes < spec_.most_passes) {
      context.check();
      double change = 0.0;
      for (Index j = 0; j < b_.size(); ++j) change = std::max(change, update(j));
      ++result.passes;
      const bool settled = change <= enough;
      collect();
      for (int k = 0; k < kPassesBetween && change > enough; ++k) {
        change = 0.0;
        for (const Index j : active_) change = std::max(change, update(j));
        ++result.passes;
      }
      const Solved solved = solve_active();
      result.converged =
          (solved == Solved::kDone && violation() <= 0.0) || (settled && solved != Solved::kMoved);
    }
    return result;
  }

 private:
  enum class Solved { kFailed, kMoved, kDone };

  void refresh() { gradient_ = linear_ - gram_ * b_; }

  void collect() {
    active_.clear();
    for (Index j = 0; j < b_.size(); ++j) {
      if (b_[j] != 0.0 || penalty_.l1[j] == 0.0) active_.push_back(j);
    }
  }

  // The minimum over b_j alone: with z = gradient_j + G_jj b_j it is
  // sign(z) (|z| - l1)_+ / (G_jj + l2), moved into the bounds.
  double update(Index j) {
    const double own = gram_(j, j);
    const double curvature = own + penalty_.l2[j];
    if (!(curvature > 0.0) || std::isinf(penalty_.l1[j])) return 0.0;
    const double z = gradient_[j] + own * b_[j];
    const double size = std::abs(z) - penalty_.l1[j];
    double next = size > 0.0 ? std::copysign(size, z) / curvature : 0.0;
    next = std::clamp(next, penalty_.lower[j], penalty_.upper[j]);
    const double change = next - b_[j];
    if (change == 0.0) return 0.0;
    b_[j] = next;
    gradient_.noalias() -= change * gram_.col(j);
    return own * change * change;
  }

  // Coordinates that are neither at 0 nor at a bound, unpenalised ones at 0 too, solve
  // (G_AA + D) b_A = c_A - l1 s_A - G_AF b_F, F the ones at a bound, s the signs. If that keeps all
  // signs and bounds it is the minimum over this face; if not, the way there lowers the objective
  // up to the first sign or bound on it, and goes no further.
  Solved solve_active() {
    std::vector<Index> free;
    for (Index j = 0; j < b_.size(); ++j) {
      if (std::isinf(penalty_.l1[j]) || !(gram_(j, j) + penalty_.l2[j] > 0.0)) continue;
      const bool at_bound = b_[j] <= penalty_.lower[j] || b_[j] >= penalty_.upper[j];
      if (!at_bound && (b_[j] != 0.0 || penalty_.l1[j] == 0.0)) free.push_back(j);
    }
    if (free.size() > kMostSolved) return Solved::kFailed;
    if (free.empty()) return Solved::kDone;
    MatrixXd left = gram_(free, free);
    VectorXd right(static_cast<Index>(free.size()));
    refresh();
    for (Index a = 0; a < right.size(); ++a) {
      const Index j = free[static_cast<std::size_t>(a)];
      left(a, a) += penalty_.l2[j];
      // The step from b, not b itself: what is solved with rounding is small.
      const double sign = b_[j] == 0.0 ? 0.0 : std::copysign(1.0, b_[j]);
      right[a] = gradient_[j] - penalty_.l2[j] * b_[j] - sign * penalty_.l1[j];
    }
    const VectorXd diagonal = left.diagonal();
    const Eigen::LLT<MatrixXd> factor(left);
    if (factor.info() != Eigen::Success) return Solved::kFailed;
    for (Index a = 0; a < right.size(); ++a) {
      const double pivot = factor.matrixLLT()(a, a);
      if (!(pivot * pivot > kOwnShare * diagonal[a])) return Solved::kFailed;
    }
    const VectorXd step = factor.solve(right);
    if (!step.allFinite()) return Solved::kFailed;
    double length = 1.0;
    Index stop = -1;
    double stop_at = 0.0;
    for (Index a = 0; a < right.size(); ++a) {
      const Index j = free[static_cast<std::size_t>(a)];
      double low = penalty_.lower[j], high = penalty_.upper[j];
      if (penalty_.l1[j] > 0.0) (b_[j] > 0.0 ? low : high) = 0.0;
      const double limit = step[a] < 0.0 ? low : high;
      if (step[a] == 0.0 || std::isinf(limit)) continue;
      const double reach = (limit - b_[j]) / step[a];
      if (reach < length) {
        length = std::max(reach, 0.0);
        stop = j;
        stop_at = limit;
      }
    }
    for (Index a = 0; a < right.size(); ++a) {
      b_[free[static_cast<std::size_t>(a)]] += length * step[a];
    }
    if (stop >= 0) b_[stop] = stop_at;
    refresh();
    return stop >= 0 ? Solved::kMoved : Solved::kDone;
  }

  // The largest violation beyond rounding; 0: none.
  [[nodiscard]] double violation() const {
    double largest = 0.0;
    for (Index j = 0; j < b_.size(); ++j) {
      const double slack =
          kRounding * std::sqrt(gram_(j, j) * spec_.null) +
          kRounding * std::max(std::abs(linear_[j]), std::abs(b_[j]) * gram_(j, j));
      largest = std::max(largest, penalty_.violation(j, b_[j], gradient_[j]) - slack);
    }
    return largest;
  }

  const MatrixXd& gram_;
  const VectorXd& linear_;
  const CoordinatePenalty& penalty_;
  const QuadraticSpec& spec_;
  VectorXd& b_;
  VectorXd gradient_;  // c - G b
  std::vector<Index> active_;
};

}  // namespace

CoordinatePenalty CoordinatePenalty::none(Index size) {
  return {.l1 = VectorXd::Zero(size),
          .l2 = VectorXd::Zero(size),
          .lower = VectorXd::Constant(size, -kInfinity),
          .upper = VectorXd::Constant(size, kInfinity)};
}

double CoordinatePenalty::value(const VectorXd& b) const {
  double sum = 0.0;
  for (Index j = 0; j < b.size(); ++j) {
    if (b[j] != 0.0) sum += l1[j] * std::abs(b[j]) + 0.5 * l2[j] * b[j] * b[j];
  }
  return sum;
}

// At a minimum gradient - l2 b is l1 sign(b), or within +-l1 where b is 0; at the upper bound it
// may be more, at the lower one less.
double CoordinatePenalty::violation(Index j, double b, double gradient) const {
  if (std::isinf(l1[j])) return 0.0;
  const double slope = gradient - l2[j] * b;
  double up = 0.0, down = 0.0;  // of moving b up and down
  if (b > 0.0) {
    up = slope - l1[j];
    down = -up;
  } else if (b < 0.0) {
    up = slope + l1[j];
    down = -up;
  } else {
    up = slope - l1[j];
    down = -slope - l1[j];
  }
  double largest = 0.0;
  if (b < upper[j]) largest = std::max(largest, up);
  if (b > lower[j]) largest = std::max(largest, down);
  return largest;
}

QuadraticSolution minimise_quadratic(const MatrixXd& gram, const VectorXd& linear,
                                     const CoordinatePenalty& penalty, const QuadraticSpec& spec,
                                     VectorXd& b, const Context& context) {
  return Descent(gram, linear, penalty, spec, b).run(context);
}

double smoother_trace(const MatrixXd& gram, const VectorXd& l2, const std::vector<Index>& active) {
  if (active.empty()) return 0.0;
  const MatrixXd right = gram(active, active);
  MatrixXd left = right;
  left.diagonal() += l2(active);
  const Eigen::LLT<MatrixXd> factor(left);
  if (factor.info() != Eigen::Success) return std::numeric_limits<double>::quiet_NaN();
  return factor.solve(right).trace();
}

}  // namespace impact::detail
