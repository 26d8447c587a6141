#include "engine/stats/negative_binomial.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>

#include "engine/core/parallel.h"
#include "engine/stats/glm_fit.h"
#include "engine/stats/row_states.h"

namespace impact {
namespace {

using detail::EtaFit;
using detail::EtaProblem;
using detail::NegativeBinomialLikelihood;
using detail::RegressionRows;

// Beyond this theta the counts are Poisson's to more digits than the likelihood shows.
constexpr double kMostTheta = 1e7;
constexpr double kThetaStands = 1e-10;
// Counts below this have their digamma differences added up term by term.
constexpr double kShortSum = 32.0;

// l = log Gamma(y + t) - log Gamma(t) - t log(1 + mu / t) - y log(mu + t) + ..., so with
// D = digamma(y + t) - digamma(t): dl/dt = D - log(1 + mu / t) + (mu - y) / (mu + t),
// d2l/dt2 = D' + mu / (t (mu + t)) + (y - mu) / (mu + t)^2.
struct ThetaSlopes {
  double score = 0.0;
  double second = 0.0;
};

ThetaSlopes row_slopes(double y, double mean, double theta) {
  ThetaSlopes slopes;
  if (y < kShortSum && y == std::floor(y)) {
    for (double j = 0.0; j < y; j += 1.0) {
      slopes.score += 1.0 / (theta + j);
      slopes.second -= 1.0 / ((theta + j) * (theta + j));
    }
  } else {
    slopes.score = boost::math::digamma(y + theta) - boost::math::digamma(theta);
    slopes.second = boost::math::trigamma(y + theta) - boost::math::trigamma(theta);
  }
  const double sum = mean + theta;
  slopes.score += (mean - y) / sum - std::log1p(mean / theta);
  slopes.second += mean / theta / sum + (y - mean) / sum / sum;
  return slopes;
}

ThetaSlopes theta_slopes(const RegressionRows& rows, const std::vector<double>& eta, double theta,
                         const Context& context) {
  return reduce_chunks<ThetaSlopes>(
      context, rows.count(), kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        ThetaSlopes sums;
        for (std::size_t i = begin; i < end; ++i) {
          const ThetaSlopes row = row_slopes(rows.y[i], std::exp(eta[i]), theta);
          const double weight = rows.weights.empty() ? 1.0 : rows.weights[i];
          sums.score += weight * row.score;
          sums.second += weight * row.second;
        }
        return sums;
      },
      [](ThetaSlopes& into, const ThetaSlopes& from) {
        into.score += from.score;
        into.second += from.second;
      });
}

// sum mu^2 / sum ((y - mu)^2 - mu): the spread beyond Poisson's by moments; not positive if there
// is none.
double moment_theta(const RegressionRows& rows, const std::vector<double>& eta) {
  double squares = 0.0;
  double excess = 0.0;
  for (std::size_t i = 0; i < rows.count(); ++i) {
    const double mean = std::exp(eta[i]);
    const double weight = rows.weights.empty() ? 1.0 : rows.weights[i];
    squares += weight * mean * mean;
    excess += weight * ((rows.y[i] - mean) * (rows.y[i] - mean) - rows.y[i]);
  }
  return squares / excess;
}

// The theta that the rows' means leave best, by Newton on its logarithm inside a bracket.
double best_theta(const RegressionRows& rows, const std::vector<double>& eta, double start,
                  const Context& context) {
  constexpr int kMostSteps = 200;
  constexpr double kLongestStep = 2.0;
  double at = std::log(start);
  double low = -INFINITY;
  double high = INFINITY;
  for (int step = 0; step < kMostSteps && at < std::log(kMostTheta); ++step) {
    const double theta = std::exp(at);
    const ThetaSlopes slopes = theta_slopes(rows, eta, theta, context);
    const double score = theta * slopes.score;
    const double curvature = -(theta * theta * slopes.second + score);
    (score > 0.0 ? low : high) = at;
    double move = curvature > 0.0 ? score / curvature : std::copysign(1.0, score);
    move = std::clamp(move, -kLongestStep, kLongestStep);
    const double next = at + move;
    at = next > low && next < high ? next : 0.5 * (low + high);
    if (std::abs(move) <= 0.1 * kThetaStands || score == 0.0) break;
  }
  return std::exp(at);
}

// Coefficients and theta; no likelihood where counts are Poisson's.
struct Joint {
  EtaFit eta = {};
  std::unique_ptr<NegativeBinomialLikelihood> likelihood = {};
  double theta = INFINITY;
};

Joint maximum(RegressionRows& rows, const detail::Likelihood& poisson, double start_intercept,
              int most_iterations, const Context& context) {
  Joint joint{.eta = detail::fit_eta(rows, poisson, start_intercept, most_iterations, context)};
  EtaFit& fit = joint.eta;
  if (fit.everything) return joint;
  std::vector<double> eta = detail::linear_predictor(fit.problem, fit.maximum.beta, context);
  double theta = moment_theta(rows, eta);
  if (!(theta > 0.0)) return joint;
  bool stands = false;
  fit.maximum.converged = false;
  for (int round = 0; round < most_iterations && !stands; ++round) {
    const double next = best_theta(rows, eta, std::min(theta, kMostTheta / 10.0), context);
    if (next >= kMostTheta) {
      fit.problem.likelihood = &poisson;
      fit.maximum = detail::maximise(fit.problem, fit.maximum.beta, most_iterations, context);
      joint.likelihood.reset();
      return joint;
    }
    stands = round > 0 && std::abs(std::log(next / theta)) <= kThetaStands;
    theta = next;
    joint.likelihood = std::make_unique<NegativeBinomialLikelihood>(theta);
    fit.problem.likelihood = joint.likelihood.get();
    fit.maximum = detail::maximise(fit.problem, fit.maximum.beta, most_iterations, context);
    fit.iterations += fit.maximum.iterations;
    if (!fit.maximum.converged) break;
    eta = detail::linear_predictor(fit.problem, fit.maximum.beta, context);
  }
  fit.maximum.converged = fit.maximum.converged && stands;
  joint.theta = theta;
  return joint;
}

// The intercept and the offset with a theta of their own.
double null_log_likelihood(const RegressionRows& rows, const detail::Likelihood& poisson,
                           bool intercept, double start, int most_iterations,
                           const Context& context) {
  const std::vector<double> ones(rows.count(), 1.0);
  RegressionRows alone;
  alone.columns = intercept ? 1 : 0;
  alone.x = std::span(ones).first(intercept ? ones.size() : 0);
  alone.y = rows.y;
  alone.weights = rows.weights;
  alone.offset = rows.offset;
  const Joint joint = maximum(alone, poisson, start, most_iterations, context);
  const detail::Summary summary =
      detail::summarise(joint.eta.problem, joint.eta.maximum.beta, context);
  return summary.value + summary.constant;
}

}  // namespace

NegativeBinomialFit negative_binomial(const GlmData& data, const NegativeBinomialSpec& spec,
                                      const Context& context) {
  detail::require_se(spec.se, data.clusters, data.y.size());
  RegressionRows rows = detail::regression_rows(data);
  const bool whole = detail::check_outcome(data.y, GlmFamily::kNegativeBinomial);
  const auto poisson = detail::poisson_likelihood();
  NegativeBinomialFit result;
  GlmFit& fit = result.regression;
  fit.family = GlmFamily::kNegativeBinomial;
  detail::start_fit(rows, data.columns, spec.se, spec.frequency, fit);
  auto& warnings = fit.warnings;
  if (spec.explain) detail::warn_left_out(warnings, rows.missing, rows.infinite);
  if (spec.explain && !whole) {
    warnings.emplace_back("the outcome holds fractions: no likelihood of counts");
  }
  const bool intercept = detail::eta_problem(rows, *poisson, context).intercept;
  const std::string nothing = detail::nothing_to_fit(rows, *poisson, intercept);
  if (!nothing.empty()) {
    if (spec.explain) warnings.push_back(nothing);
    return result;
  }
  const double start = detail::null_model(rows, *poisson, intercept, context).intercept;
  const double null_value =
      null_log_likelihood(rows, *poisson, intercept, start, spec.most_iterations, context);
  // Fitted rows may become fewer; the null deviance is that of all.
  RegressionRows all = detail::regression_rows(data);
  const Joint joint = maximum(rows, *poisson, start, spec.most_iterations, context);
  const EtaFit& eta = joint.eta;
  fit.rank = static_cast<std::int64_t>(data.columns - eta.dropped.size());

  const detail::Likelihood& likelihood =
      joint.likelihood ? static_cast<const detail::Likelihood&>(*joint.likelihood) : *poisson;
  detail::NullModel null = detail::null_model(all, likelihood, intercept, context);
  null.log_likelihood = null_value;
  const detail::EtaErrors errors = detail::errors_at_maximum(eta, spec.se, spec.frequency, context);
  const detail::ScoreCovariance& covariance = errors.covariance;
  if (!eta.everything) fit.decrement = covariance.decrement;
  detail::finish_fit(eta, null, errors.numbers, static_cast<std::size_t>(fit.rank) + 1, fit);
  if (!eta.everything) detail::place(eta, covariance, fit);
  if (spec.explain) detail::explain_fit(data.names, eta, covariance, fit);
  if (eta.everything) return result;
  result.theta = joint.theta;
  result.alpha = 1.0 / joint.theta;
  if (joint.likelihood) {
    const std::vector<double> at = detail::linear_predictor(eta.problem, eta.maximum.beta, context);
    result.theta_se = 1.0 / std::sqrt(-theta_slopes(rows, at, joint.theta, context).second);
  } else if (spec.explain) {
    warnings.emplace_back(
        "the counts spread no more than Poisson's: theta is infinite and the fit is Poisson's");
  }
  return result;
}

}  // namespace impact
