#include "engine/stats/multinomial_fit.h"

#include <algorithm>
#include <cmath>
#include <Eigen/Cholesky>

#include "engine/core/parallel.h"
#include "engine/stats/groups.h"
#include "engine/stats/least_squares.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// These as in newton.cpp, where they are explained.
constexpr double kLastStep = 1e-12;
constexpr double kSafeStep = 1e-4;
constexpr double kRounding = 1e-14;
constexpr int kMostHalvings = 60;
constexpr int kFirstLook = 8;
constexpr double kMoves = 0.02;
constexpr double kStands = 1e-5;
// After separation is found: the other coefficients have as many digits by then.
constexpr double kLastSeparatedStep = 1e-11;

// p_a of each row (count x others) and the log-likelihood of its own level.
struct Probabilities {
  MatrixXd p;
  VectorXd value;
};

template <class RowAt>
Probabilities probabilities(const MultinomialProblem& problem, const MatrixXd& q,
                            const MatrixXd& gamma, RowAt row_at) {
  Probabilities result{q * gamma, VectorXd(q.rows())};
  for (Index i = 0; i < q.rows(); ++i) {
    auto row = result.p.row(i);
    const double top = std::max(0.0, row.maxCoeff());
    const std::size_t own = problem.level[row_at(static_cast<std::size_t>(i))];
    const double own_eta = own == 0 ? 0.0 : row[static_cast<Index>(own) - 1];
    double sum = std::exp(-top);
    for (Index a = 0; a < row.size(); ++a) {
      row[a] = std::exp(row[a] - top);
      sum += row[a];
    }
    row /= sum;
    result.value[i] = own_eta - top - std::log(sum);
  }
  return result;
}

// y_a - p_a, in place; a row's own level by adding up the others, so that no digit is lost where
// it is almost certain.
void to_errors(const MultinomialProblem& problem, std::size_t row, Eigen::Ref<MatrixXd> p,
               Index i) {
  const std::size_t own = problem.level[row];
  if (own == 0) {
    p.row(i) *= -1.0;
    return;
  }
  const auto a = static_cast<Index>(own) - 1;
  double others = 0.0;
  double reference = 1.0;
  for (Index b = 0; b < p.cols(); ++b) {
    reference -= p(i, b);
    if (b != a) others += p(i, b);
  }
  p.row(i) *= -1.0;
  p(i, a) = others + std::max(0.0, reference);
}

MultinomialCurvature curvature(const MultinomialProblem& problem, const MatrixXd& gamma,
                               const Context& context) {
  const Index k = problem.columns();
  const Index m = problem.others;
  return reduce_chunks<MultinomialCurvature>(
      context, problem.rows.count(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        MultinomialCurvature sums{.score = VectorXd::Zero(k * m),
                                  .information = MatrixXd::Zero(k * m, k * m)};
        MatrixXd scaled;
        for (std::size_t at = begin; at < end; at += kBlockRows) {
          const std::size_t count = std::min(kBlockRows, end - at);
          const auto row_at = [at](std::size_t i) { return at + i; };
          const MatrixXd q = problem.orthogonal(count, row_at);
          Probabilities rows = probabilities(problem, q, gamma, row_at);
          VectorXd weight(q.rows());
          for (std::size_t i = 0; i < count; ++i) {
            weight[static_cast<Index>(i)] = problem.weight(at + i);
          }
          sums.value += weight.dot(rows.value);
          // -d2l/deta_a deta_b = p_a (1 - p_a) or -p_a p_b.
          for (Index b = 0; b < m; ++b) {
            for (Index a = b; a < m; ++a) {
              VectorXd f = rows.p.col(a).cwiseProduct(weight);
              f = a == b ? VectorXd(f.array() * (1.0 - rows.p.col(a).array()))
                         : VectorXd(-f.cwiseProduct(rows.p.col(b)));
              scaled = q.array().colwise() * f.array();
              sums.information.block(a * k, b * k, k, k).noalias() += q.transpose() * scaled;
            }
          }
          for (std::size_t i = 0; i < count; ++i) {
            to_errors(problem, at + i, rows.p, static_cast<Index>(i));
          }
          for (Index a = 0; a < m; ++a) {
            sums.score.segment(a * k, k).noalias() +=
                q.transpose() * rows.p.col(a).cwiseProduct(weight);
          }
        }
        return sums;
      },
      [](MultinomialCurvature& into, const MultinomialCurvature& from) {
        into.value += from.value;
        into.score += from.score;
        into.information += from.information;
      });
}

// Along the direction no row's own level may lose against another one, by the rule of newton.cpp.
struct Agreement {
  bool objects = false;
  std::size_t moving = 0;
};

Agreement agreement(const MultinomialProblem& problem, const MatrixXd& direction,
                    const Context& context) {
  return reduce_chunks<Agreement>(
      context, problem.rows.count(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        Agreement part;
        const MatrixXd q =
            problem.orthogonal(end - begin, [begin](std::size_t i) { return begin + i; });
        const MatrixXd moves = q * direction;
        for (Index i = 0; i < q.rows(); ++i) {
          const std::size_t own = problem.level[begin + static_cast<std::size_t>(i)];
          const double move = own == 0 ? 0.0 : moves(i, static_cast<Index>(own) - 1);
          bool moving = false;
          for (std::size_t a = 0; a <= static_cast<std::size_t>(problem.others); ++a) {
            if (a == own) continue;
            const double lead = move - (a == 0 ? 0.0 : moves(i, static_cast<Index>(a) - 1));
            moving = moving || lead >= kMoves;
            part.objects = part.objects || (lead < kMoves && !(std::abs(lead) <= kStands));
          }
          part.moving += moving ? 1 : 0;
        }
        return part;
      },
      [](Agreement& into, const Agreement& from) {
        into.objects = into.objects || from.objects;
        into.moving += from.moving;
      });
}

// sum u u' over rows or over clusters, u = (y_a - p_a) q for all a.
MatrixXd meat(const MultinomialProblem& problem, const MatrixXd& gamma, const MultinomialSpec& spec,
              const Context& context) {
  const Index k = problem.columns();
  const Index size = k * problem.others;
  const auto scores = [&](std::size_t count, auto row_at) {
    const MatrixXd q = problem.orthogonal(count, row_at);
    Probabilities rows = probabilities(problem, q, gamma, row_at);
    MatrixXd u(size, q.rows());
    for (Index i = 0; i < q.rows(); ++i) {
      const std::size_t row = row_at(static_cast<std::size_t>(i));
      to_errors(problem, row, rows.p, i);
      const double w = problem.weight(row);
      const double factor = spec.frequency && !clustered(spec.se) ? std::sqrt(w) : w;
      for (Index a = 0; a < problem.others; ++a) {
        u.col(i).segment(a * k, k) = (factor * rows.p(i, a)) * q.row(i).transpose();
      }
    }
    return u;
  };
  const auto add = [](MatrixXd& into, const MatrixXd& from) { into += from; };
  MatrixXd sum;
  if (clustered(spec.se)) {
    const Groups groups = group_rows(problem.rows.clusters);
    sum = reduce_chunks<MatrixXd>(
        context, groups.count(), std::max<std::size_t>(16, groups.count() / 256 + 1),
        [&](std::size_t begin, std::size_t end) {
          MatrixXd part = MatrixXd::Zero(size, size);
          for (std::size_t j = begin; j < end; ++j) {
            const auto members = groups[j];
            const VectorXd u =
                scores(members.size(),
                       [members](std::size_t i) -> std::size_t { return members[i]; })
                    .rowwise()
                    .sum();
            part.selfadjointView<Eigen::Lower>().rankUpdate(u);
          }
          return part;
        },
        add);
  } else {
    sum = reduce_chunks<MatrixXd>(
        context, problem.rows.count(), kChunkRows,
        [&](std::size_t begin, std::size_t end) {
          MatrixXd part = MatrixXd::Zero(size, size);
          for (std::size_t at = begin; at < end; at += kBlockRows) {
            const MatrixXd u =
                scores(std::min(kBlockRows, end - at), [at](std::size_t i) { return at + i; });
            part.selfadjointView<Eigen::Lower>().rankUpdate(u);
          }
          return part;
        },
        add);
  }
  return sum.selfadjointView<Eigen::Lower>();
}

}  // namespace

MultinomialMaximum maximise(const MultinomialProblem& problem, int most_iterations,
                            const Context& context) {
  MultinomialMaximum result;
  const Index k = problem.columns();
  result.gamma = MatrixXd::Zero(k, problem.others);
  result.at = curvature(problem, result.gamma, context);
  while (!result.converged && result.iterations < most_iterations) {
    context.check();
    ++result.iterations;
    const Eigen::LLT<MatrixXd> factor(result.at.information);
    if (factor.info() != Eigen::Success) break;
    const VectorXd step = factor.solve(result.at.score);
    const double decrement = step.dot(result.at.score);
    if (!std::isfinite(decrement)) break;
    const MatrixXd direction = Eigen::Map<const MatrixXd>(step.data(), k, problem.others);
    if (result.iterations >= kFirstLook) {
      const Agreement rows = agreement(problem, direction, context);
      if (!rows.objects && rows.moving > 0) {
        result.direction = direction;
        result.everything = rows.moving == problem.rows.count();
        if (result.everything) break;
      }
    }
    double length = 1.0;
    MultinomialCurvature next;
    bool risen = false;
    for (int halving = 0; halving < kMostHalvings && !risen; ++halving) {
      next = curvature(problem, result.gamma + length * direction, context);
      risen = decrement < kSafeStep ||
              next.value > result.at.value - kRounding * std::abs(result.at.value);
      if (!risen) length *= 0.5;
    }
    if (!risen) break;
    result.gamma += length * direction;
    result.at = std::move(next);
    const double last = result.direction.size() > 0 ? kLastSeparatedStep : kLastStep;
    result.converged = decrement <= last;
  }
  return result;
}

MatrixXd multinomial_covariance(const MultinomialProblem& problem,
                                const MultinomialMaximum& maximum, const MultinomialSpec& spec,
                                const Context& context) {
  const Index size = maximum.at.information.rows();
  const Eigen::LLT<MatrixXd> factor(maximum.at.information);
  MatrixXd inverse = factor.solve(MatrixXd::Identity(size, size));
  if (factor.info() != Eigen::Success) inverse.setConstant(kNaN);
  if (spec.se == SeType::kClassical) return inverse;
  MatrixXd result = inverse * meat(problem, maximum.gamma, spec, context) * inverse;
  const double n = problem.rows.total(spec.frequency);
  const auto p = static_cast<double>(size);
  if (spec.se == SeType::kHc1) result *= n / (n - p);
  if (clustered(spec.se)) {
    const auto clusters = static_cast<double>(group_rows(problem.rows.clusters).count());
    if (spec.se == SeType::kCr1) result *= clusters / (clusters - 1.0) * ((n - 1.0) / (n - p));
    if (clusters < 2.0) result.setConstant(kNaN);
  }
  if (n <= p) result.setConstant(kNaN);
  return result;
}

}  // namespace impact::detail
