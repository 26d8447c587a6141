#include "engine/learn/logistic_classifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// A column is dependent when less than this part of its variance is its own.
constexpr double kDependent = 1e-10;
// All |eta| beyond this: every row is called with certainty (odds 1e13).
constexpr double kCertain = 30.0;

// log(1 + exp(eta)) without overflow.
double softplus(double eta) { return std::max(eta, 0.0) + std::log1p(std::exp(-std::abs(eta))); }

double logistic(double eta) {
  const double e = std::exp(-std::abs(eta));
  return (eta >= 0.0 ? 1.0 : e) / (1.0 + e);
}

// Training rows in use with their columns standardised; column 0 is the intercept.
struct Training {
  MatrixXd x;
  VectorXd y;
  VectorXd w;
};

// What one pass over the rows gives at some coefficients.
struct Pass {
  double log_likelihood = 0.0;
  VectorXd score;
  MatrixXd information;
  double least_certain = std::numeric_limits<double>::infinity();  // of |eta|
  bool separated = true;                                           // every row lies on its side
};

// l = sum w (y eta - log(1 + e^eta)), gradient X'w(y - p), information X' w p (1 - p) X.
Pass pass(const Training& t, const VectorXd& b, const Context& context) {
  const auto n = static_cast<std::size_t>(t.x.rows());
  return reduce_chunks<Pass>(
      context, n, kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        const auto from = static_cast<Eigen::Index>(begin);
        const auto count = static_cast<Eigen::Index>(end - begin);
        const auto x = t.x.middleRows(from, count);
        const VectorXd eta = x * b;
        VectorXd residual(count);
        VectorXd root(count);
        Pass part;
        for (Eigen::Index i = 0; i < count; ++i) {
          const double w = t.w[from + i];
          const double y = t.y[from + i];
          const double p = logistic(eta[i]);
          part.log_likelihood += w * (y * eta[i] - softplus(eta[i]));
          residual[i] = w * (y == 1.0 ? logistic(-eta[i]) : -p);
          root[i] = std::sqrt(w * p * logistic(-eta[i]));
          part.least_certain = std::min(part.least_certain, std::abs(eta[i]));
          part.separated = part.separated && (y == 1.0) == (eta[i] > 0.0);
        }
        part.score = x.transpose() * residual;
        const MatrixXd weighted = root.asDiagonal() * x;
        part.information = weighted.transpose() * weighted;
        return part;
      },
      [](Pass& a, const Pass& b_part) {
        a.log_likelihood += b_part.log_likelihood;
        a.score += b_part.score;
        a.information += b_part.information;
        a.least_certain = std::min(a.least_certain, b_part.least_certain);
        a.separated = a.separated && b_part.separated;
      });
}

// Columns, left to right, that are not combinations of earlier ones: Cholesky of the correlations.
std::vector<Eigen::Index> independent(const Training& t, const std::vector<Eigen::Index>& columns) {
  const double total = t.w.sum();
  MatrixXd c(static_cast<Eigen::Index>(columns.size()), static_cast<Eigen::Index>(columns.size()));
  for (Eigen::Index i = 0; i < c.rows(); ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      const auto u = t.x.col(columns[static_cast<std::size_t>(i)]);
      const auto v = t.x.col(columns[static_cast<std::size_t>(j)]);
      c(i, j) = (u.array() * v.array() * t.w.array()).sum() / total;
    }
  }
  std::vector<Eigen::Index> kept;
  MatrixXd l = MatrixXd::Zero(c.rows(), c.rows());
  for (Eigen::Index i = 0; i < c.rows(); ++i) {
    double rest = c(i, i);
    for (std::size_t a = 0; a < kept.size(); ++a) {
      const auto k = static_cast<Eigen::Index>(a);
      double dot = c(i, kept[a]);
      for (Eigen::Index m = 0; m < k; ++m) dot -= l(i, m) * l(kept[a], m);
      l(i, k) = dot / l(kept[a], k);
      rest -= l(i, k) * l(i, k);
    }
    if (rest <= kDependent) continue;
    l(i, static_cast<Eigen::Index>(kept.size())) = std::sqrt(rest);
    kept.push_back(i);
  }
  for (auto& k : kept) k = columns[static_cast<std::size_t>(k)];
  return kept;
}

struct Optimum {
  VectorXd b;
  double log_likelihood = kNaN;
  int iterations = 0;
  bool converged = false;
  bool certain = false;
};

// Newton's method for l(b) - penalty / 2 sum_(j > 0) b_j^2, which is concave.
Optimum maximise(const Training& t, const LogisticClassifierSpec& spec, const Context& context) {
  VectorXd ridge = VectorXd::Constant(t.x.cols(), spec.penalty);
  ridge[0] = 0.0;
  const auto objective = [&](const Pass& p, const VectorXd& b) {
    return p.log_likelihood - 0.5 * (ridge.array() * b.array().square()).sum();
  };
  Optimum best;
  best.b = VectorXd::Zero(t.x.cols());
  const double positive = t.w.dot(t.y) / t.w.sum();
  best.b[0] = std::log(positive / (1.0 - positive));
  Pass here = pass(t, best.b, context);
  double value = objective(here, best.b);
  while (best.iterations < spec.most_iterations) {
    context.check();
    ++best.iterations;
    const VectorXd gradient = here.score - ridge.cwiseProduct(best.b);
    MatrixXd curvature = here.information;
    curvature.diagonal() += ridge;
    const Eigen::LDLT<MatrixXd> solver(curvature);
    VectorXd step = solver.solve(gradient);
    // The decrement is the squared length of the step in standard errors.
    const double decrement = gradient.dot(step);
    if (!std::isfinite(decrement)) break;
    // Beyond the second bound rounding of the objective, not the step, decides what is higher.
    best.converged = decrement < std::max(1e-16, 1e-15 * std::abs(value));
    VectorXd next = best.b + step;
    Pass there = pass(t, next, context);
    double reached = objective(there, next);
    if (best.converged) {
      // The last step is below rounding in the objective: taken unless it visibly hurts.
      if (reached >= value - 1e-12 * std::abs(value)) {
        best.b = next;
        here = std::move(there);
      }
      break;
    }
    for (int halving = 0; !(reached >= value) && halving < 40; ++halving) {
      step *= 0.5;
      next = best.b + step;
      there = pass(t, next, context);
      reached = objective(there, next);
    }
    if (!(reached >= value)) {
      // No step of this length rises above rounding: as near as doubles come.
      best.converged = decrement < 1e-9 * (1.0 + std::abs(value));
      break;
    }
    best.b = next;
    here = std::move(there);
    value = reached;
    if (spec.penalty == 0.0 && here.separated && here.least_certain > kCertain) {
      best.certain = true;
      break;
    }
  }
  best.log_likelihood = here.log_likelihood;
  return best;
}

std::string named(const FeatureColumns& features, const std::vector<std::size_t>& columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const auto j : columns) names.push_back(features.name(j));
  return list_words(names);
}

}  // namespace

LogisticClassifier fit_logistic_classifier(const FeatureColumns& features,
                                           std::span<const std::int32_t> label,
                                           std::span<const std::uint32_t> rows,
                                           const LogisticClassifierSpec& spec,
                                           std::span<const double> weights,
                                           const Context& context) {
  check_features(features, label.size());
  require_optional_length("weights", weights.size(), label.size());
  require_weights(weights);
  if (!(spec.penalty >= 0.0 && std::isfinite(spec.penalty))) {
    throw ArgumentError({.what = "a penalty is finite and not negative",
                         .where = "penalty",
                         .got = format_double(spec.penalty),
                         .expected = "0 or more"});
  }
  LogisticClassifier model;
  std::vector<std::uint32_t> used;
  std::int64_t missing = 0;
  for (const auto i : rows) {
    if (i >= label.size() || label[i] > 1) {
      throw ArgumentError({.what = "a label is 1 (positive), 0 (negative) or missing (below 0)",
                           .where = fmt::format("row {}", std::size_t{i} + 1),
                           .got = i < label.size() ? std::to_string(label[i]) : "no such row"});
    }
    bool whole = label[i] >= 0;
    for (std::size_t j = 0; j < features.columns; ++j) {
      whole = whole && std::isfinite(features.column(j)[i]);
    }
    const double w = weights.empty() ? 1.0 : weights[i];
    if (!whole || std::isnan(w)) {
      ++missing;
    } else if (w > 0.0) {
      used.push_back(i);
    }
  }
  model.n = static_cast<std::int64_t>(used.size());
  detail::warn_missing(model.warnings, missing);
  model.coefficient.assign(features.columns, 0.0);
  model.standardised.assign(features.columns, 0.0);
  model.centre.assign(features.columns, 0.0);
  model.scale.assign(features.columns, kNaN);
  if (used.empty()) {
    model.warnings.emplace_back("there is no row to learn from");
    return model;
  }

  const auto n = static_cast<Eigen::Index>(used.size());
  Training t{.x = MatrixXd::Ones(n, static_cast<Eigen::Index>(features.columns) + 1),
             .y = VectorXd(n),
             .w = VectorXd(n)};
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto row = used[static_cast<std::size_t>(i)];
    t.y[i] = label[row];
    t.w[i] = weights.empty() ? 1.0 : weights[row];
  }
  // Standardised by the unweighted mean and sd, as the columns are only brought to one scale.
  std::vector<Eigen::Index> varying;
  std::vector<std::size_t> constant;
  for (std::size_t j = 0; j < features.columns; ++j) {
    ExactMoments moments;
    for (const auto row : used) moments.add(features.column(j)[row]);
    model.centre[j] = moments.mean();
    const double sd = std::sqrt(moments.variance(0));
    if (!(sd > 0.0)) {
      constant.push_back(j);
      continue;
    }
    model.scale[j] = sd;
    const auto column = static_cast<Eigen::Index>(j) + 1;
    varying.push_back(column);
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto row = used[static_cast<std::size_t>(i)];
      t.x(i, column) = (features.column(j)[row] - model.centre[j]) / sd;
    }
  }
  if (!constant.empty()) {
    model.warnings.push_back(
        fmt::format("constant in the training rows, so of no use: {}", named(features, constant)));
  }
  const double positive = t.w.dot(t.y);
  if (positive == 0.0 || positive == t.w.sum()) {
    model.warnings.emplace_back("all training rows are of one class: every row is called so");
    const double sure = positive == 0.0 ? -1.0 : 1.0;
    model.intercept = model.standardised_intercept = sure * std::numeric_limits<double>::infinity();
    model.log_likelihood = 0.0;
    return model;
  }
  std::vector<Eigen::Index> kept = {0};
  std::vector<Eigen::Index> chosen = varying;
  if (spec.penalty == 0.0) {
    chosen = independent(t, varying);
    std::vector<std::size_t> dependent;
    for (const auto column : varying) {
      if (std::find(chosen.begin(), chosen.end(), column) == chosen.end()) {
        dependent.push_back(static_cast<std::size_t>(column) - 1);
      }
    }
    if (!dependent.empty()) {
      model.warnings.push_back(fmt::format("a combination of other columns, so left out: {}",
                                           named(features, dependent)));
    }
  }
  kept.insert(kept.end(), chosen.begin(), chosen.end());
  const MatrixXd reduced = t.x(Eigen::all, kept);
  t.x = reduced;

  const Optimum optimum = maximise(t, spec, context);
  model.iterations = optimum.iterations;
  model.log_likelihood = optimum.log_likelihood;
  if (optimum.certain) {
    model.warnings.emplace_back(
        "the columns separate the classes completely: coefficients grow without end, and only the "
        "calls mean something; a penalty keeps them finite");
  } else if (!optimum.converged) {
    model.warnings.push_back(fmt::format(
        "the fit did not converge in {} steps; classes may be separated", optimum.iterations));
  }
  model.standardised_intercept = optimum.b[0];
  model.intercept = optimum.b[0];
  for (std::size_t k = 1; k < kept.size(); ++k) {
    const auto j = static_cast<std::size_t>(kept[k]) - 1;
    const double b = optimum.b[static_cast<Eigen::Index>(k)];
    model.standardised[j] = b;
    model.coefficient[j] = b / model.scale[j];
    model.intercept -= model.coefficient[j] * model.centre[j];
  }
  return model;
}

void LogisticClassifier::predict(const FeatureColumns& features,
                                 std::span<const std::uint32_t> rows,
                                 std::span<double> probability) const {
  if (features.columns != coefficient.size()) {
    throw ArgumentError({.what = "the model knows other columns",
                         .where = "columns",
                         .got = std::to_string(features.columns),
                         .expected = std::to_string(coefficient.size())});
  }
  require_length("probability", probability.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double eta = standardised_intercept;
    for (std::size_t j = 0; j < features.columns; ++j) {
      const double x = features.column(j)[rows[i]];
      if (!std::isfinite(x)) {
        eta = kNaN;
      } else if (standardised[j] != 0.0) {
        eta += standardised[j] * ((x - centre[j]) / scale[j]);
      }
    }
    probability[i] = std::isnan(eta) ? kNaN : logistic(eta);
  }
}

Learner logistic_learner(const FeatureColumns& features, std::span<const std::int32_t> label,
                         const LogisticClassifierSpec& spec, std::span<const double> weights) {
  return [=](std::span<const std::uint32_t> rows, StreamKey, const Context& context) {
    const auto model = std::make_shared<LogisticClassifier>(
        fit_logistic_classifier(features, label, rows, spec, weights, context));
    FittedModel fitted;
    fitted.warnings = model->warnings;
    fitted.predict = [features, model](std::span<const std::uint32_t> asked,
                                       std::span<double> probability) {
      model->predict(features, asked, probability);
    };
    return fitted;
  };
}

}  // namespace impact
