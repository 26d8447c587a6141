#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/core/parallel.h"
#include "engine/learn/cross_products.h"
#include "engine/learn/elastic_net_fit.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/likelihood.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// A step below this share of the coefficient itself (or of 1) is short. Where the likelihood has no
// maximum the steps stay long while what they gain dies out.
constexpr double kShort = 1e-4;

// Likelihood at a point; score and information are those of eta, times the weights.
struct Terms {
  double value = 0.0;
  VectorXd score, information;
};

class LikelihoodPath final : public PathFitter {
 public:
  LikelihoodPath(const PathProblem& problem, const Context& context)
      : problem_(problem),
        likelihood_(problem.spec.family == ElasticNetFamily::kBinomial ? logistic_likelihood()
                                                                       : poisson_likelihood()),
        b_(VectorXd::Zero(problem.columns())),
        everything_(static_cast<std::size_t>(problem.columns())) {
    const PenalisedRows& rows = problem.rows;
    std::iota(everything_.begin(), everything_.end(), Index{0});
    double saturated = 0.0;
    for (Index i = 0; i < rows.y.size(); ++i) {
      saturated += rows.weight[i] * likelihood_->saturated(rows.y[i]);
    }
    saturated_ = saturated;
    if (problem.spec.intercept) {
      intercept_ = likelihood_->link(dot(rows.weight.data(), rows.y.data(), rows.count()));
      if (!rows.offset.empty()) {
        intercept_ -= dot(rows.weight.data(), rows.offset.data(), rows.count());
        PathPoint point;
        null_ = 1.0;
        null_converged_ = newton({}, std::numeric_limits<double>::infinity(), point, context);
      }
    }
    here_ = terms(intercept_, b_, context);
    null_ = 2.0 * (saturated_ - here_.value);
    renew_gradient(context);
  }

  [[nodiscard]] double null_deviance() const override { return null_; }
  [[nodiscard]] const VectorXd& gradient_size() const override { return size_; }

  PathPoint fit(double lambda, double previous, const Context& context) override {
    PathPoint point;
    const VectorXd start = b_;
    const double start_intercept = intercept_;
    std::vector<Index> set = problem_.strong(size_, lambda, previous);
    for (Index j = 0; j < b_.size(); ++j) {
      if (b_[j] != 0.0) set.push_back(j);
    }
    for (bool more = true; more;) {
      std::ranges::sort(set);
      set.erase(std::ranges::unique(set).begin(), set.end());
      point.converged = newton(set, lambda, point, context) && null_converged_;
      renew_gradient(context);
      more = false;
      const CoordinatePenalty penalty = problem_.penalty(lambda, everything_);
      const double slack = 1e-9 * std::max(size_.size() > 0 ? size_.maxCoeff() : 0.0, 1e-300);
      for (Index j = 0; j < b_.size() && point.converged; ++j) {
        if (std::ranges::binary_search(set, j)) continue;
        if (penalty.violation(j, 0.0, gradient_[j]) <= slack) continue;
        set.push_back(j);
        more = true;
        std::ranges::sort(set);
      }
    }
    point.intercept = VectorXd::Constant(1, intercept_);
    point.b = b_;
    point.explained = null_ > 0.0 ? 1.0 - 2.0 * (saturated_ - here_.value) / null_ : 0.0;
    std::vector<Index> active;
    for (Index j = 0; j < b_.size(); ++j) {
      if (b_[j] != 0.0) active.push_back(j);
    }
    point.df = static_cast<double>(active.size());
    if (problem_.spec.alpha < 1.0 && point.converged) point.df = trace(active, lambda, context);
    if (!point.converged) {
      // The next lambda starts from where this one did.
      b_ = start;
      intercept_ = start_intercept;
      here_ = terms(intercept_, b_, context);
      renew_gradient(context);
    }
    return point;
  }

 private:
  Terms terms(double intercept, const VectorXd& b, const Context& context) const {
    const PenalisedRows& rows = problem_.rows;
    const VectorXd eta = linear_predictor(rows, intercept, b, context);
    Terms result;
    result.score.resize(eta.size());
    result.information.resize(eta.size());
    result.value = reduce_chunks<double>(
        context, rows.count(), kChunkRows,
        [&](std::size_t begin, std::size_t end) {
          const auto from = static_cast<Index>(begin);
          std::vector<double> value(end - begin);
          likelihood_->terms(rows.y.data() + begin, eta.data() + begin, end - begin, value.data(),
                             result.score.data() + begin, result.information.data() + begin);
          const auto count = static_cast<Index>(end - begin);
          result.score.segment(from, count).array() *= rows.weight.segment(from, count).array();
          result.information.segment(from, count).array() *=
              rows.weight.segment(from, count).array();
          return dot(rows.weight.data() + begin, value.data(), end - begin);
        },
        [](double& a, double b_part) { a += b_part; });
    return result;
  }

  void renew_gradient(const Context& context) {
    gradient_ = column_products(problem_.rows.x, everything_, here_.score, context);
    size_ = gradient_.cwiseAbs();
  }

  // X'VX of the intercept (always the first coordinate) and the listed columns.
  MatrixXd information(const std::vector<Index>& set, const Context& context) const {
    const auto m = static_cast<Index>(set.size());
    const std::span<const double> v(here_.information.data(), problem_.rows.count());
    MatrixXd gram(m + 1, m + 1);
    gram(0, 0) = here_.information.sum();
    gram.col(0).tail(m) = column_products(problem_.rows.x, set, here_.information, context);
    gram.row(0).tail(m) = gram.col(0).tail(m).transpose();
    gram.bottomRightCorner(m, m) = cross_products(problem_.rows.x, set, v, context);
    return gram;
  }

  CoordinatePenalty penalty_of(const std::vector<Index>& set, double lambda) const {
    const auto m = static_cast<Index>(set.size());
    const CoordinatePenalty columns = problem_.penalty(lambda, set);
    CoordinatePenalty result = CoordinatePenalty::none(m + 1);
    if (!problem_.spec.intercept) result.l1[0] = std::numeric_limits<double>::infinity();
    result.l1.tail(m) = columns.l1;
    result.l2.tail(m) = columns.l2;
    result.lower.tail(m) = columns.lower;
    result.upper.tail(m) = columns.upper;
    return result;
  }

  // Minimises -value + penalty over the intercept and the listed columns, the others at 0: at b the
  // smooth part is -s'X d + d'X'VX d / 2 to second order in the step d, so with G = X'VX the next
  // point minimises the penalised quadratic of G and c = X's + G b. Shortened until the objective
  // falls by a share of what the quadratic promises (Lee, Sun & Saunders 2014).
  bool newton(const std::vector<Index>& set, double lambda, PathPoint& point,
              const Context& context) {
    const CoordinatePenalty penalty = penalty_of(set, lambda);
    const auto m = static_cast<Index>(set.size());
    VectorXd at(m + 1);
    at[0] = intercept_;
    at.tail(m) = b_(set);
    here_ = terms(intercept_, b_, context);
    double objective = -here_.value + penalty.value(at);
    const QuadraticSpec spec{.null = null_,
                             .tolerance = 1e-3 * problem_.spec.tolerance,
                             .most_passes = problem_.spec.most_passes};
    for (int step_number = 0; step_number < problem_.spec.most_steps; ++step_number) {
      context.check();
      VectorXd gradient(m + 1);
      gradient[0] = here_.score.sum();
      gradient.tail(m) = column_products(problem_.rows.x, set, here_.score, context);
      const MatrixXd gram = information(set, context);
      VectorXd next = at;
      const QuadraticSolution solution =
          minimise_quadratic(gram, gradient + gram * at, penalty, spec, next, context);
      point.passes += solution.passes;
      if (!next.allFinite() || !solution.converged) return false;
      const VectorXd step = next - at;
      const double promised = gradient.dot(step) - penalty.value(next) + penalty.value(at);
      bool last = true;
      for (Index j = 0; j <= m; ++j) {
        const double squared = step[j] * step[j];
        last = last && gram(j, j) * squared <= problem_.spec.tolerance * null_ &&
               squared <= kShort * kShort * (1.0 + at[j] * at[j]);
      }
      double length = 1.0;
      for (int halving = 0;; ++halving) {
        const VectorXd tried = at + length * step;
        VectorXd b = VectorXd::Zero(b_.size());
        b(set) = tried.tail(m);
        Terms there = terms(tried[0], b, context);
        const double reached = -there.value + penalty.value(tried);
        const double rounding = 1e-13 * (1.0 + std::abs(objective));
        if (reached <= objective - 1e-4 * length * promised + (last ? 1e3 : 1.0) * rounding) {
          at = tried;
          intercept_ = tried[0];
          b_ = std::move(b);
          here_ = std::move(there);
          objective = reached;
          break;
        }
        if (halving == 40) return false;
        length *= 0.5;
      }
      if (last) return true;
    }
    return false;
  }

  double trace(const std::vector<Index>& active, double lambda, const Context& context) const {
    // The intercept is unpenalised: it takes one degree, which is not counted.
    const MatrixXd gram = information(active, context);
    std::vector<Index> coordinates(active.size() + 1);
    std::iota(coordinates.begin(), coordinates.end(), Index{0});
    if (!problem_.spec.intercept) coordinates.erase(coordinates.begin());
    return smoother_trace(gram, penalty_of(active, lambda).l2, coordinates) -
           (problem_.spec.intercept ? 1.0 : 0.0);
  }

  const PathProblem& problem_;
  std::unique_ptr<const Likelihood> likelihood_;
  VectorXd b_;
  std::vector<Index> everything_;
  double intercept_ = 0.0;
  double saturated_ = 0.0;
  double null_ = 0.0;
  bool null_converged_ = true;
  Terms here_;
  VectorXd gradient_, size_;
};

}  // namespace

std::unique_ptr<PathFitter> likelihood_path(const PathProblem& problem, const Context& context) {
  return std::make_unique<LikelihoodPath>(problem, context);
}

}  // namespace impact::detail
