#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <Eigen/Eigenvalues>

#include "engine/core/parallel.h"
#include "engine/learn/cross_products.h"
#include "engine/learn/elastic_net_fit.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kShort = 1e-4;  // as in elastic_net_likelihood.cpp

struct ClassTerms {
  double value = 0.0;
  MatrixXd p;      // rows x classes
  MatrixXd score;  // w (1[y = a] - p_a)
};

// Coordinates of a fit: class by class the intercept, then the columns of the set. Intercepts and
// unpenalised columns are only determined up to a common shift of all classes, so those of class 0
// are held at 0 and the shift is chosen afterwards.
class MultinomialPath final : public PathFitter {
 public:
  MultinomialPath(const PathProblem& problem, std::size_t classes, const Context& context)
      : problem_(problem),
        classes_(static_cast<Index>(classes)),
        intercept_(VectorXd::Zero(classes_)),
        b_(MatrixXd::Zero(problem.columns(), classes_)),
        everything_(static_cast<std::size_t>(problem.columns())) {
    std::iota(everything_.begin(), everything_.end(), Index{0});
    const PenalisedRows& rows = problem.rows;
    if (problem.spec.intercept) {
      VectorXd share = VectorXd::Zero(classes_);
      for (Index i = 0; i < rows.y.size(); ++i) {
        share[static_cast<Index>(rows.y[i])] += rows.weight[i];
      }
      for (Index a = 1; a < classes_; ++a) intercept_[a] = std::log(share[a] / share[0]);
    }
    here_ = terms(intercept_, b_, context);
    null_ = -2.0 * here_.value;
    renew_gradient(context);
  }

  [[nodiscard]] double null_deviance() const override { return null_; }
  [[nodiscard]] const VectorXd& gradient_size() const override { return size_; }

  PathPoint fit(double lambda, double previous, const Context& context) override {
    PathPoint point;
    const VectorXd start_intercept = intercept_;
    const MatrixXd start = b_;
    std::vector<Index> set = problem_.strong(size_, lambda, previous);
    for (Index j = 0; j < b_.rows(); ++j) {
      if (!b_.row(j).isZero(0.0)) set.push_back(j);
    }
    for (bool more = true; more;) {
      std::ranges::sort(set);
      set.erase(std::ranges::unique(set).begin(), set.end());
      point.converged = newton(set, lambda, point, context);
      renew_gradient(context);
      more = false;
      const CoordinatePenalty penalty = problem_.penalty(lambda, everything_);
      const double slack = 1e-9 * (size_.size() > 0 ? size_.maxCoeff() : 0.0);
      const std::vector<Index> solved = set;
      for (Index j = 0; j < b_.rows() && point.converged; ++j) {
        if (std::ranges::binary_search(solved, j)) continue;
        double violation = size_[j] - penalty.l1[j];
        if (!problem_.spec.grouped) {
          violation = 0.0;
          for (Index a = 0; a < classes_; ++a) {
            violation = std::max(violation, penalty.violation(j, 0.0, gradient_(j, a)));
          }
        }
        if (!(violation > slack)) continue;
        set.push_back(j);
        more = true;
      }
    }
    point.intercept = intercept_;
    point.b = b_;
    centre(point);
    point.explained = null_ > 0.0 ? 1.0 + 2.0 * here_.value / null_ : 0.0;
    point.df = problem_.spec.alpha == 1.0 && !problem_.spec.grouped
                   ? static_cast<double>((point.b.array() != 0.0).count())
                   : std::numeric_limits<double>::quiet_NaN();
    if (!point.converged) {
      intercept_ = start_intercept;
      b_ = start;
      here_ = terms(intercept_, b_, context);
      renew_gradient(context);
    }
    return point;
  }

 private:
  // l = eta_y - log sum_c exp eta_c.
  ClassTerms terms(const VectorXd& intercept, const MatrixXd& b, const Context& context) const {
    const PenalisedRows& rows = problem_.rows;
    const auto n = static_cast<Index>(rows.count());
    ClassTerms result{.p = MatrixXd(n, classes_), .score = MatrixXd(n, classes_)};
    for (Index a = 0; a < classes_; ++a) {
      result.p.col(a) = linear_predictor(rows, intercept[a], b.col(a), context);
    }
    result.value = reduce_chunks<double>(
        context, rows.count(), kChunkRows,
        [&](std::size_t begin, std::size_t end) {
          double value = 0.0;
          for (auto i = static_cast<Index>(begin); i < static_cast<Index>(end); ++i) {
            const auto own = static_cast<Index>(rows.y[i]);
            const double top = result.p.row(i).maxCoeff();
            const double eta = result.p(i, own);
            double sum = 0.0;
            for (Index a = 0; a < classes_; ++a) {
              result.p(i, a) = std::exp(result.p(i, a) - top);
              sum += result.p(i, a);
            }
            value += rows.weight[i] * (eta - top - std::log(sum));
            double others = 0.0;
            for (Index a = 0; a < classes_; ++a) {
              result.p(i, a) /= sum;
              result.score(i, a) = -rows.weight[i] * result.p(i, a);
              if (a != own) others += result.p(i, a);
            }
            result.score(i, own) = rows.weight[i] * others;
          }
          return value;
        },
        [](double& a, double b_part) { a += b_part; });
    return result;
  }

  void renew_gradient(const Context& context) {
    gradient_.resize(b_.rows(), classes_);
    for (Index a = 0; a < classes_; ++a) {
      gradient_.col(a) = column_products(problem_.rows.x, everything_, here_.score.col(a), context);
    }
    size_.resize(b_.rows());
    for (Index j = 0; j < b_.rows(); ++j) {
      size_[j] =
          problem_.spec.grouped ? gradient_.row(j).norm() : gradient_.row(j).cwiseAbs().maxCoeff();
    }
  }

  // Blocks -d2l/deta_a deta_c = w p_a (1 - p_a) or -w p_a p_c.
  MatrixXd information(const std::vector<Index>& set, const Context& context) const {
    const PenalisedRows& rows = problem_.rows;
    const auto m = static_cast<Index>(set.size()) + 1;
    MatrixXd gram(m * classes_, m * classes_);
    for (Index a = 0; a < classes_; ++a) {
      for (Index c = 0; c <= a; ++c) {
        VectorXd v(static_cast<Index>(rows.count()));
        for (Index i = 0; i < v.size(); ++i) {
          double other = here_.p(i, c);
          if (a == c) {
            other = 0.0;
            for (Index k = 0; k < classes_; ++k) other += k == a ? 0.0 : here_.p(i, k);
          }
          v[i] = rows.weight[i] * here_.p(i, a) * other;
        }
        const double sign = a == c ? 1.0 : -1.0;
        MatrixXd block(m, m);
        block(0, 0) = sign * v.sum();
        block.col(0).tail(m - 1) = sign * column_products(rows.x, set, v, context);
        block.row(0).tail(m - 1) = block.col(0).tail(m - 1).transpose();
        block.bottomRightCorner(m - 1, m - 1) =
            sign * cross_products(rows.x, set, std::span(v.data(), rows.count()), context);
        gram.block(a * m, c * m, m, m) = block;
        gram.block(c * m, a * m, m, m) = block;
      }
    }
    return gram;
  }

  CoordinatePenalty penalty_of(const std::vector<Index>& set, double lambda) const {
    const auto m = static_cast<Index>(set.size()) + 1;
    const CoordinatePenalty columns = problem_.penalty(lambda, set);
    CoordinatePenalty result = CoordinatePenalty::none(m * classes_);
    for (Index a = 0; a < classes_; ++a) {
      if (!problem_.spec.intercept || a == 0) result.l1[a * m] = kInfinity;
      for (Index k = 0; k + 1 < m; ++k) {
        const Index to = a * m + 1 + k;
        const bool shifts = a == 0 && problem_.factor[set[static_cast<std::size_t>(k)]] == 0.0;
        result.l1[to] = shifts ? kInfinity : columns.l1[k];
        result.l2[to] = columns.l2[k];
        result.lower[to] = columns.lower[k];
        result.upper[to] = columns.upper[k];
      }
    }
    return result;
  }

  // The penalty of a point; with groups that of the rows of `at` as classes.
  double penalty_value(const CoordinatePenalty& penalty, const VectorXd& at, Index m) const {
    if (!problem_.spec.grouped) return penalty.value(at);
    double sum = 0.0;
    for (Index k = 1; k < m; ++k) {
      double squares = 0.0;
      for (Index a = 0; a < classes_; ++a) squares += at[a * m + k] * at[a * m + k];
      const Index last = (classes_ - 1) * m + k;
      if (squares > 0.0) {
        sum += penalty.l1[last] * std::sqrt(squares) + 0.5 * penalty.l2[last] * squares;
      }
    }
    return sum;
  }

  // Descent by groups. Over the coefficients b of one column, all classes, the quadratic is at most
  // the one with curvature t, the largest eigenvalue of its block of G, whose minimum is
  // b = (1 - l1 / |u|)_+ u / (t + l2), u = gradient + t b.
  QuadraticSolution descend_groups(const MatrixXd& gram, const VectorXd& linear,
                                   const CoordinatePenalty& penalty, double enough, Index m,
                                   VectorXd& b, const Context& context) const {
    VectorXd gradient = linear - gram * b;
    std::vector<double> curvature(static_cast<std::size_t>(m), 0.0);
    std::vector<std::vector<Index>> group(static_cast<std::size_t>(m));
    for (Index k = 0; k < m; ++k) {
      auto& own = group[static_cast<std::size_t>(k)];
      for (Index a = 0; a < classes_; ++a) own.push_back(a * m + k);
      const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(gram(own, own), Eigen::EigenvaluesOnly);
      curvature[static_cast<std::size_t>(k)] = eigen.eigenvalues().maxCoeff();
    }
    QuadraticSolution result;
    while (!result.converged && result.passes < problem_.spec.most_passes) {
      context.check();
      double largest = 0.0;
      for (Index k = 0; k < m; ++k) {
        const auto& own = group[static_cast<std::size_t>(k)];
        const Index last = own.back();
        if (penalty.l1[last] == 0.0 || std::isinf(penalty.l1[last])) {
          // Not penalised: coordinate by coordinate.
          for (const Index at : own) {
            if (std::isinf(penalty.l1[at]) || !(gram(at, at) > 0.0)) continue;
            const double change =
                (gradient[at] - penalty.l2[at] * b[at]) / (gram(at, at) + penalty.l2[at]);
            b[at] += change;
            gradient.noalias() -= change * gram.col(at);
            largest = std::max(largest, gram(at, at) * change * change);
          }
          continue;
        }
        const double t = curvature[static_cast<std::size_t>(k)];
        if (!(t + penalty.l2[last] > 0.0)) continue;
        const VectorXd before = b(own);
        const VectorXd u = gradient(own) + t * before;
        const double size = u.norm();
        VectorXd next = VectorXd::Zero(classes_);
        if (size > penalty.l1[last]) {
          next = (1.0 - penalty.l1[last] / size) / (t + penalty.l2[last]) * u;
        }
        const VectorXd change = next - before;
        if (change.isZero(0.0)) continue;
        b(own) = next;
        for (Index a = 0; a < classes_; ++a) {
          gradient.noalias() -= change[a] * gram.col(own[static_cast<std::size_t>(a)]);
        }
        largest = std::max(largest, t * change.squaredNorm());
      }
      ++result.passes;
      result.converged = largest <= enough;
    }
    return result;
  }

  // As LikelihoodPath::newton, all classes at once.
  bool newton(const std::vector<Index>& set, double lambda, PathPoint& point,
              const Context& context) {
    const PathProblem& problem = problem_;
    const CoordinatePenalty penalty = penalty_of(set, lambda);
    const auto m = static_cast<Index>(set.size()) + 1;
    VectorXd at(m * classes_);
    for (Index a = 0; a < classes_; ++a) {
      at[a * m] = intercept_[a];
      at.segment(a * m + 1, m - 1) = b_(set, a);
    }
    here_ = terms(intercept_, b_, context);
    double objective = -here_.value + penalty_value(penalty, at, m);
    const QuadraticSpec spec{.null = null_,
                             .tolerance = 1e-3 * problem.spec.tolerance,
                             .most_passes = problem.spec.most_passes};
    for (int step_number = 0; step_number < problem.spec.most_steps; ++step_number) {
      context.check();
      VectorXd gradient(m * classes_);
      for (Index a = 0; a < classes_; ++a) {
        gradient[a * m] = here_.score.col(a).sum();
        gradient.segment(a * m + 1, m - 1) =
            column_products(problem.rows.x, set, here_.score.col(a), context);
      }
      const MatrixXd gram = information(set, context);
      const VectorXd linear = gradient + gram * at;
      VectorXd next = at;
      const QuadraticSolution solution =
          problem.spec.grouped
              ? descend_groups(gram, linear, penalty, spec.tolerance * null_, m, next, context)
              : minimise_quadratic(gram, linear, penalty, spec, next, context);
      point.passes += solution.passes;
      if (!next.allFinite() || !solution.converged) return false;
      const VectorXd step = next - at;
      const double promised =
          gradient.dot(step) - penalty_value(penalty, next, m) + penalty_value(penalty, at, m);
      bool last = true;
      for (Index j = 0; j < step.size(); ++j) {
        const double squared = step[j] * step[j];
        last = last && gram(j, j) * squared <= problem.spec.tolerance * null_ &&
               squared <= kShort * kShort * (1.0 + at[j] * at[j]);
      }
      double length = 1.0;
      for (int halving = 0;; ++halving) {
        const VectorXd tried = at + length * step;
        VectorXd intercept(classes_);
        MatrixXd b = MatrixXd::Zero(b_.rows(), classes_);
        for (Index a = 0; a < classes_; ++a) {
          intercept[a] = tried[a * m];
          b(set, a) = tried.segment(a * m + 1, m - 1);
        }
        ClassTerms there = terms(intercept, b, context);
        const double reached = -there.value + penalty_value(penalty, tried, m);
        const double rounding = 1e-13 * (1.0 + std::abs(objective));
        if (reached <= objective - 1e-4 * length * promised + (last ? 1e3 : 1.0) * rounding) {
          at = tried;
          intercept_ = intercept;
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

  // Adding a constant to a column's coefficients of all classes changes no probability. Without a
  // penalty they are centred at their mean (intercepts in the columns' own units, later); the sum
  // of |b + c| is least at the medians, of which the middle one is taken, the same whatever the
  // order of the classes.
  void centre(PathPoint& point) const {
    for (Index j = 0; j < point.b.rows(); ++j) {
      if (problem_.factor[j] == 0.0) {
        point.b.row(j).array() -= point.b.row(j).mean();
      } else if (problem_.spec.alpha == 1.0 && !problem_.spec.grouped &&
                 std::isinf(problem_.lower[j]) && std::isinf(problem_.upper[j])) {
        std::vector<double> values(static_cast<std::size_t>(classes_));
        for (Index a = 0; a < classes_; ++a) values[static_cast<std::size_t>(a)] = point.b(j, a);
        std::ranges::sort(values);
        const double low = values[(values.size() - 1) / 2], high = values[values.size() / 2];
        point.b.row(j).array() -= low + 0.5 * (high - low);
      }
    }
  }

  const PathProblem& problem_;
  Index classes_;
  VectorXd intercept_;
  MatrixXd b_;
  std::vector<Index> everything_;
  double null_ = 0.0;
  ClassTerms here_;
  MatrixXd gradient_;
  VectorXd size_;
};

}  // namespace

std::unique_ptr<PathFitter> multinomial_path(const PathProblem& problem, std::size_t classes,
                                             const Context& context) {
  return std::make_unique<MultinomialPath>(problem, classes, context);
}

}  // namespace impact::detail
