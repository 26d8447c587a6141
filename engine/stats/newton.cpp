#include "engine/stats/newton.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/parallel.h"
#include "engine/stats/eta_block.h"
#include "engine/stats/least_squares.h"

namespace impact::detail {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Steps below this lie where the likelihood is a parabola: no need to look whether it rises.
constexpr double kSafeStep = 1e-4;
// Rounding of the score ends the descent where weights are huge: then steps stop shrinking.
constexpr double kStalledStep = 1e-10;
// Rounding of the likelihood, of its size.
constexpr double kRounding = 1e-14;
// As kStepShare, for the covariance (which has no second chance).
constexpr double kCovarianceShare = 1e-4;
constexpr int kMostHalvings = 60;
// Separation is looked for from this iteration on; fits with a maximum rarely last longer.
constexpr int kFirstLook = 8;
// A row agrees with a direction if it moves (in units of eta) the right way by kMoves, or less than
// kStands: near infinity Newton's steps move the nearest rows by 1 (logistic and Poisson) or by
// 1 / |eta| (probit), whatever the units, and leave the rest where it is.
constexpr double kMoves = 0.02;
constexpr double kStands = 1e-5;

struct Step {
  VectorXd direction;
  double decrement;  // direction' information direction
};

// The rows' scores and observed information, weights included.
struct Terms {
  std::vector<double> score;
  std::vector<double> information;
};

Terms terms(const EtaProblem& problem, const VectorXd& beta, const Context& context) {
  const RegressionRows& rows = *problem.rows;
  Terms result{std::vector<double>(rows.count()), std::vector<double>(rows.count())};
  for_chunks(context, rows.count(), kChunkRows, [&](std::size_t begin, std::size_t end) {
    EtaBlock block(rows, problem.shift);
    for (std::size_t at = begin; at < end; at += kBlockRows) {
      const std::size_t count = std::min(kBlockRows, end - at);
      block.load(at, count);
      block.evaluate(*problem.likelihood, beta);
      std::copy_n(block.score(), count, result.score.data() + at);
      std::copy_n(block.information(), count, result.information.data() + at);
    }
  });
  return result;
}

// The least squares regression of score / information with weights `information` is the step: its
// normal equations are I d = g, and QR does not square their condition number.
Step step_by_qr(const EtaProblem& problem, const VectorXd& beta, const Context& context) {
  const RegressionRows& rows = *problem.rows;
  Terms t = terms(problem, beta, context);
  double total = 0.0;
  for (std::size_t i = 0; i < rows.count(); ++i) {
    t.score[i] = t.information[i] > 0.0 ? t.score[i] / t.information[i] : 0.0;
    total += t.information[i];
  }
  Model model{.rows = rows.count(),
              .columns = rows.columns,
              .x = rows.x.data(),
              .y = t.score.data(),
              .weights = t.information.data()};
  centre(model, context);
  const Solution solution = solve(model, context);
  const auto r = static_cast<Index>(solution.kept.size());
  const Eigen::Map<const MatrixXd> triangle(solution.triangle.data(), r, r);
  const Eigen::Map<const VectorXd> centred(solution.centred.data(), r);
  Step step{.direction = VectorXd::Zero(beta.size()),
            .decrement = (triangle.triangularView<Eigen::Upper>() * centred).squaredNorm() +
                         total * model.shift_y * model.shift_y};
  for (Index c = 0; c < r; ++c) {
    const std::size_t k = solution.kept[static_cast<std::size_t>(c)];
    const double d = solution.coefficient[static_cast<std::size_t>(c)];
    step.direction[static_cast<Index>(k)] += d;
    if (problem.intercept && k > 0) step.direction[0] += problem.shift[k] * d;
  }
  return step;
}

Step newton_step(const EtaProblem& problem, const VectorXd& beta, const Curvature& at,
                 const Context& context) {
  const Eigen::LLT<MatrixXd> factor(at.information);
  if (least_share(at.information, factor) < kStepShare) return step_by_qr(problem, beta, context);
  Step step{.direction = factor.solve(at.score), .decrement = 0.0};
  step.decrement = step.direction.dot(at.score);
  return step;
}

// Whether `direction` raises the likelihood for ever: no row moves the wrong way, some move the
// right way. Flags the rows that move; empty if it is no such direction.
std::vector<std::uint8_t> perfect_rows(const EtaProblem& problem, const VectorXd& direction,
                                       const Context& context) {
  const RegressionRows& rows = *problem.rows;
  struct Agreement {
    bool moves = false;
    bool objects = false;
  };
  std::vector<std::uint8_t> flags(rows.count(), 0);
  const Agreement all = reduce_chunks<Agreement>(
      context, rows.count(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        Agreement part;
        EtaBlock block(rows, problem.shift);
        for (std::size_t at = begin; at < end && !part.objects; at += kBlockRows) {
          const std::size_t count = std::min(kBlockRows, end - at);
          block.load(at, count);
          const VectorXd& moves = block.product(direction);
          for (std::size_t i = 0; i < count; ++i) {
            const double move = moves[static_cast<Index>(i)];
            const bool right = move * problem.likelihood->open_end(rows.y[at + i]) >= kMoves;
            flags[at + i] = right ? 1 : 0;
            part.moves = part.moves || right;
            part.objects = part.objects || (!right && !(std::abs(move) <= kStands));
          }
        }
        return part;
      },
      [](Agreement& into, const Agreement& from) {
        into.moves = into.moves || from.moves;
        into.objects = into.objects || from.objects;
      });
  if (all.objects || !all.moves) flags.clear();
  return flags;
}

}  // namespace

bool has_intercept(const RegressionRows& rows) {
  return rows.columns > 0 && rows.count() > 0 &&
         std::ranges::all_of(rows.x.first(rows.count()), [](double x) { return x == 1.0; });
}

EtaProblem eta_problem(const RegressionRows& rows, const Likelihood& likelihood,
                       const Context& context) {
  Model model{.rows = rows.count(),
              .columns = rows.columns,
              .x = rows.x.data(),
              .y = rows.y.data(),
              .weights = rows.weights.empty() ? nullptr : rows.weights.data()};
  centre(model, context);
  return {.likelihood = &likelihood,
          .rows = &rows,
          .intercept = model.intercept,
          .shift = std::move(model.shift),
          .size = std::move(model.size)};
}

Curvature curvature(const EtaProblem& problem, const VectorXd& beta, bool information,
                    const Context& context) {
  const RegressionRows& rows = *problem.rows;
  return reduce_chunks<Curvature>(
      context, rows.count(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        const Index k = beta.size();
        Curvature sums{.score = VectorXd::Zero(k), .information = MatrixXd::Zero(k, k)};
        EtaBlock block(rows, problem.shift);
        for (std::size_t at = begin; at < end; at += kBlockRows) {
          block.load(at, std::min(kBlockRows, end - at));
          block.evaluate(*problem.likelihood, beta);
          sums.value += block.value();
          block.add_score(sums.score);
          if (information) block.add_information(sums.information);
        }
        return sums;
      },
      [](Curvature& into, const Curvature& from) {
        into.value += from.value;
        into.score += from.score;
        into.information += from.information;
      });
}

double least_share(const MatrixXd& information, const Eigen::LLT<MatrixXd>& factor) {
  if (factor.info() != Eigen::Success) return 0.0;
  double least = 1.0;
  for (Index k = 0; k < information.rows(); ++k) {
    const double pivot = factor.matrixLLT()(k, k);
    const double share = pivot * pivot / information(k, k);
    least = share >= 0.0 ? std::min(least, share) : 0.0;
  }
  return least;
}

Maximum maximise(const EtaProblem& problem, const VectorXd& start, int most_iterations,
                 const Context& context) {
  Maximum result;
  result.beta = start;
  Curvature at = curvature(problem, start, true, context);
  result.value = at.value;
  result.converged = start.size() == 0;
  double earlier = std::numeric_limits<double>::infinity();
  while (!result.converged && result.iterations < most_iterations) {
    context.check();
    ++result.iterations;
    const Step step = newton_step(problem, result.beta, at, context);
    if (!std::isfinite(step.decrement)) break;
    if (result.iterations >= kFirstLook) {
      result.perfect = perfect_rows(problem, step.direction, context);
      if (!result.perfect.empty()) {
        result.direction = step.direction;
        break;
      }
    }
    const bool stalled = step.decrement < kStalledStep && step.decrement > 0.25 * earlier;
    if (step.decrement <= kLastStep || stalled) {
      result.beta += step.direction;
      result.converged = true;
      continue;
    }
    earlier = step.decrement;
    double length = 1.0;
    Curvature next;
    bool risen = false;
    for (int halving = 0; halving < kMostHalvings && !risen; ++halving) {
      next = curvature(problem, result.beta + length * step.direction, true, context);
      risen = step.decrement < kSafeStep || next.value > at.value - kRounding * std::abs(at.value);
      if (!risen) length *= 0.5;
    }
    if (!risen) break;
    result.beta += length * step.direction;
    at = std::move(next);
    result.value = at.value;
  }
  return result;
}

Summary summarise(const EtaProblem& problem, const VectorXd& beta, const Context& context) {
  const RegressionRows& rows = *problem.rows;
  const Likelihood& likelihood = *problem.likelihood;
  Summary result;
  result.score.resize(rows.count());
  result.weight.resize(rows.count());
  struct Sums {
    Eigen::Vector4d figures = {};
    VectorXd gradient = {};
    MatrixXd information = {};
  };
  const auto sums_over = [&](std::size_t begin, std::size_t end) {
    const Index k = beta.size();
    Sums sums{Eigen::Vector4d::Zero(), VectorXd::Zero(k), MatrixXd::Zero(k, k)};
    Eigen::Vector4d& figures = sums.figures;
    EtaBlock block(rows, problem.shift);
    std::vector<double> mean(kBlockRows);
    std::vector<double> variance(kBlockRows);
    std::vector<double> weights(kBlockRows);
    for (std::size_t at = begin; at < end; at += kBlockRows) {
      const std::size_t count = std::min(kBlockRows, end - at);
      block.load(at, count);
      block.evaluate_unweighted(likelihood, beta);
      std::copy_n(block.score(), count, result.score.data() + at);
      likelihood.expected(block.eta(), count, result.weight.data() + at);
      likelihood.moments(block.eta(), count, mean.data(), variance.data());
      for (std::size_t i = 0; i < count; ++i) {
        const double y = rows.y[at + i];
        const double weight = rows.weights.empty() ? 1.0 : rows.weights[at + i];
        const double value = block.values()[i];
        figures[0] += weight * value;
        figures[1] += weight * likelihood.constant(y);
        figures[2] += weight * 2.0 * (likelihood.saturated(y) - value);
        const double error = y - mean[i];
        // Where the variance underflows, so has the error.
        if (error != 0.0 && variance[i] > 0.0) figures[3] += weight * (error * error / variance[i]);
        weights[i] = weight * result.weight[at + i];
      }
      block.weigh();
      block.add_score(sums.gradient);
      block.add_squares(weights.data(), sums.information);
    }
    return sums;
  };
  if (rows.count() == 0) return result;
  Sums sums = reduce_chunks<Sums>(context, rows.count(), kChunkRows, sums_over,
                                  [](Sums& into, const Sums& from) {
                                    into.figures += from.figures;
                                    into.gradient += from.gradient;
                                    into.information += from.information;
                                  });
  result.value = sums.figures[0];
  result.constant = sums.figures[1];
  result.deviance = std::max(0.0, sums.figures[2]);
  result.pearson = sums.figures[3];
  result.gradient = std::move(sums.gradient);
  result.information = std::move(sums.information);
  return result;
}

Bread bread(const EtaProblem& problem, const Summary& summary, const Context& context) {
  const RegressionRows& rows = *problem.rows;
  const auto k = static_cast<Index>(rows.columns);
  const Eigen::LLT<MatrixXd> factor(summary.information);
  Bread result;
  result.shift = problem.shift;
  result.contrast = MatrixXd::Identity(k, k);
  if (least_share(summary.information, factor) >= kCovarianceShare) {
    result.triangle = factor.matrixU();
    // C = R^-T T', T = identity but for row 0, (1, -shift_1, -shift_2, ...).
    for (Index c = 1; problem.intercept && c < k; ++c) {
      result.contrast(c, 0) = -problem.shift[static_cast<std::size_t>(c)];
    }
    result.triangle.transpose().triangularView<Eigen::Lower>().solveInPlace(result.contrast);
    return result;
  }
  std::vector<double> weights = summary.weight;
  for (std::size_t i = 0; i < rows.weights.size(); ++i) weights[i] *= rows.weights[i];
  const std::vector<double> nothing(rows.count(), 0.0);
  Model model{.rows = rows.count(),
              .columns = rows.columns,
              .x = rows.x.data(),
              .y = nothing.data(),
              .weights = weights.data()};
  centre(model, context);
  const Solution solution = solve(model, context);
  // A column that the weights leave nothing of has no information: NaN.
  if (solution.kept.size() < rows.columns) {
    result.triangle = MatrixXd::Identity(k, k);
    result.contrast.setConstant(std::numeric_limits<double>::quiet_NaN());
    return result;
  }
  result.shift = model.shift;
  result.triangle = Eigen::Map<const MatrixXd>(solution.triangle.data(), k, k);
  result.contrast = Eigen::Map<const MatrixXd>(solution.contrast.data(), k, k);
  return result;
}

std::vector<double> linear_predictor(const EtaProblem& problem, const VectorXd& beta,
                                     const Context& context) {
  const RegressionRows& rows = *problem.rows;
  std::vector<double> eta(rows.count());
  for_chunks(context, rows.count(), kChunkRows, [&](std::size_t begin, std::size_t end) {
    EtaBlock block(rows, problem.shift);
    for (std::size_t at = begin; at < end; at += kBlockRows) {
      const std::size_t count = std::min(kBlockRows, end - at);
      block.load(at, count);
      const VectorXd& product = block.product(beta);
      for (std::size_t i = 0; i < count; ++i) {
        eta[at + i] =
            product[static_cast<Index>(i)] + (rows.offset.empty() ? 0.0 : rows.offset[at + i]);
      }
    }
  });
  return eta;
}

std::vector<double> as_given(const EtaProblem& problem, const VectorXd& beta) {
  std::vector<double> result(beta.begin(), beta.end());
  for (std::size_t k = 1; problem.intercept && k < result.size(); ++k) {
    result[0] -= problem.shift[k] * result[k];
  }
  return result;
}

}  // namespace impact::detail
