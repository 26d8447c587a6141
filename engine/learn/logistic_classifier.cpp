#include "engine/learn/logistic_classifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <Eigen/Cholesky>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/left_out.h"
#include "engine/learn/logistic_rows.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

using detail::LogisticPass;
using detail::LogisticRows;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// A column is dependent when less than this part of its variance is its own.
constexpr double kDependent = 1e-10;
constexpr double kWellApart = 1e-4;  // Enough for a part of the rows to vouch for all.
// All |eta| beyond this: every row is called with certainty (odds 1e13).
constexpr double kCertain = 30.0;
// A step this short, squared and in standard errors, is the last one.
constexpr double kLastStep = 1e-16;
// Fewer rows are fitted soon enough; fewer thinned rows a column are no good start.
constexpr std::size_t kManyRows = 32768;
constexpr std::size_t kRowsAColumn = 40;
// Steps with a held curvature that do not shrink by this (squared) wait for a new one.
constexpr double kShrinks = 0.1;
constexpr double kShownByValue = 1e-9;
constexpr int kMostHeld = 16;

double logistic(double eta) {
  const double e = std::exp(-std::abs(eta));
  return (eta >= 0.0 ? 1.0 : e) / (1.0 + e);
}

// Columns, left to right, of which more than `part` of the variance is not that of earlier ones:
// Cholesky of the correlations.
std::vector<std::size_t> independent(const LogisticRows& rows, double part,
                                     const Context& context) {
  const MatrixXd c = rows.correlations(context);
  std::vector<Index> kept;
  MatrixXd l = MatrixXd::Zero(c.rows(), c.rows());
  for (Index i = 0; i < c.rows(); ++i) {
    double rest = c(i, i);
    for (std::size_t a = 0; a < kept.size(); ++a) {
      const auto k = static_cast<Index>(a);
      double dot = c(i, kept[a]);
      for (Index m = 0; m < k; ++m) dot -= l(i, m) * l(kept[a], m);
      l(i, k) = dot / l(kept[a], k);
      rest -= l(i, k) * l(i, k);
    }
    if (rest <= part) continue;
    l(i, static_cast<Index>(kept.size())) = std::sqrt(rest);
    kept.push_back(i);
  }
  std::vector<std::size_t> out;
  for (const Index k : kept) out.push_back(rows.columns()[static_cast<std::size_t>(k)]);
  return out;
}

bool many(const LogisticRows& rows) {
  return rows.count() >= kManyRows && rows.count() / 16 >= kRowsAColumn * rows.columns().size();
}

// Columns that are well apart in some rows are independent in all.
std::vector<std::size_t> independent(const LogisticRows& rows, const Context& context) {
  if (many(rows)) {
    std::vector<std::size_t> apart = independent(rows.thinned(context), kWellApart, context);
    if (apart.size() == rows.columns().size()) return apart;
  }
  return independent(rows, kDependent, context);
}

struct Optimum {
  VectorXd b;
  double log_likelihood = kNaN;
  int iterations = 0;
  bool converged = false;
  bool certain = false;
};

// l(b) - penalty / 2 sum_(j > 0) b_j^2, which is concave, and its derivatives.
class Penalised {
 public:
  Penalised(const LogisticRows& rows, double penalty, const Context& context)
      : rows_(rows), context_(context) {
    ridge_ = VectorXd::Constant(static_cast<Index>(rows.columns().size()) + 1, penalty);
    ridge_[0] = 0.0;
  }
  [[nodiscard]] LogisticPass at(const VectorXd& b, LogisticRows::Want want) const {
    context_.check();
    return rows_.pass(b, want, context_);
  }
  [[nodiscard]] double value(const LogisticPass& p, const VectorXd& b) const {
    return p.log_likelihood - 0.5 * (ridge_.array() * b.array().square()).sum();
  }
  [[nodiscard]] VectorXd gradient(const LogisticPass& p, const VectorXd& b) const {
    return p.score - ridge_.cwiseProduct(b);
  }
  [[nodiscard]] Eigen::LDLT<MatrixXd> curvature(const LogisticPass& p, double rows = 1.0) const {
    MatrixXd sum = rows * p.information;
    sum.diagonal() += ridge_;
    return Eigen::LDLT<MatrixXd>(sum);
  }
  [[nodiscard]] VectorXd start() const {
    VectorXd b = VectorXd::Zero(ridge_.size());
    const double positive = rows_.positive_weight() / rows_.total_weight();
    b[0] = std::log(positive / (1.0 - positive));
    return b;
  }

 private:
  const LogisticRows& rows_;
  const Context& context_;
  VectorXd ridge_;
};

// Newton's method, steps halved until the objective rises.
Optimum newton(const Penalised& target, const VectorXd& start, const LogisticClassifierSpec& spec) {
  constexpr auto kAll = LogisticRows::Want::kInformation;
  Optimum best;
  best.b = start;
  LogisticPass here = target.at(best.b, kAll);
  double value = target.value(here, best.b);
  while (best.iterations < spec.most_iterations) {
    ++best.iterations;
    const VectorXd gradient = target.gradient(here, best.b);
    VectorXd step = target.curvature(here).solve(gradient);
    // The decrement is the squared length of the step in standard errors.
    const double decrement = gradient.dot(step);
    if (!std::isfinite(decrement)) break;
    // Beyond the second bound rounding of the objective, not the step, decides what is higher.
    best.converged = decrement < std::max(kLastStep, 1e-15 * std::abs(value));
    VectorXd next = best.b + step;
    LogisticPass there = target.at(next, kAll);
    double reached = target.value(there, next);
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
      there = target.at(next, kAll);
      reached = target.value(there, next);
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

// Quasi-Newton steps, which cost a pass over the rows nothing but their score: the curvature of
// every sixteenth row is off by some per cent, and each step teaches it one direction (BFGS;
// Nocedal & Wright, Numerical Optimization (2006), ch. 6).
Optimum descend(const Penalised& target, const VectorXd& start,
                const Eigen::LDLT<MatrixXd>& curvature) {
  Optimum best;
  best.b = start;
  MatrixXd inverse = curvature.solve(MatrixXd::Identity(start.size(), start.size()));
  VectorXd step;
  VectorXd before;
  double earlier = std::numeric_limits<double>::infinity();
  double expected = std::numeric_limits<double>::infinity();
  while (best.iterations < kMostHeld && !best.converged) {
    ++best.iterations;
    // Half the decrement is what the likelihood still has to rise.
    const bool value = expected <= kShownByValue;
    const LogisticPass here =
        target.at(best.b, value ? LogisticRows::Want::kValue : LogisticRows::Want::kScore);
    const VectorXd gradient = target.gradient(here, best.b);
    if (best.iterations > 1) {
      const VectorXd fall = before - gradient;
      const double rho = 1.0 / step.dot(fall);
      const VectorXd moved = inverse * fall;
      inverse += (rho * (1.0 + rho * fall.dot(moved))) * step * step.transpose() -
                 rho * (moved * step.transpose() + step * moved.transpose());
    }
    step = inverse * gradient;
    const double decrement = gradient.dot(step);
    if (!(decrement < kShrinks * earlier)) return best;
    best.b += step;
    before = gradient;
    expected = std::isinf(earlier) ? earlier : decrement * (decrement / earlier);
    earlier = decrement;
    best.log_likelihood = here.log_likelihood;
    best.converged = value && expected <= kLastStep;
  }
  return best;
}

// Many rows start at the answer of every sixteenth, which is four standard errors away.
Optimum maximise(const LogisticRows& rows, const LogisticClassifierSpec& spec,
                 const Context& context) {
  const Penalised target(rows, spec.penalty, context);
  VectorXd start = target.start();
  if (many(rows)) {
    const LogisticRows some = rows.thinned(context);
    const double share = some.total_weight() / rows.total_weight();
    const bool both = some.positive_weight() > 0.0 && some.positive_weight() < some.total_weight();
    LogisticClassifierSpec less = spec;
    less.penalty *= share;
    const Optimum near = both ? maximise(some, less, context) : Optimum{};
    if (near.converged && !near.certain) {
      const Penalised thin(some, less.penalty, context);
      const LogisticPass at = thin.at(near.b, LogisticRows::Want::kInformation);
      Optimum found = descend(target, near.b, target.curvature(at, 1.0 / share));
      if (found.converged) return found;
      start = near.b;
    }
  }
  return newton(target, start, spec);
}

// 1 for rows without a missing or infinite number.
std::vector<std::uint8_t> whole_rows(const FeatureColumns& features, std::size_t rows,
                                     const Context& context) {
  std::vector<std::uint8_t> whole(rows, 1);
  for_chunks(context, rows, kChunkRows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t j = 0; j < features.columns; ++j) {
      const double* x = features.column(j).data();
      for (std::size_t i = begin; i < end; ++i) {
        if (!std::isfinite(x[i])) whole[i] = 0;
      }
    }
  });
  return whole;
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
  const std::vector<std::uint8_t> whole = whole_rows(features, label.size(), context);
  detail::LeftOutRows gone(features);
  for (const auto i : rows) {
    if (i >= label.size() || label[i] > 1) {
      throw ArgumentError({.what = "a label is 1 (positive), 0 (negative) or missing (below 0)",
                           .where = fmt::format("row {}", std::size_t{i} + 1),
                           .got = i < label.size() ? std::to_string(label[i]) : "no such row"});
    }
    const double w = weights.empty() ? 1.0 : weights[i];
    if (whole[i] == 0 || label[i] < 0 || std::isnan(w)) {
      gone.add(i);
    } else if (w > 0.0) {
      used.push_back(i);
    }
  }
  model.n = static_cast<std::int64_t>(used.size());
  gone.warn(model.warnings);
  model.coefficient.assign(features.columns, 0.0);
  model.standardised.assign(features.columns, 0.0);
  model.centre.assign(features.columns, 0.0);
  model.scale.assign(features.columns, kNaN);
  if (used.empty()) {
    model.warnings.emplace_back("there is no row to learn from");
    return model;
  }

  LogisticRows used_rows(features, used, label, weights, context);
  model.centre = used_rows.mean();
  std::vector<std::size_t> constant;
  for (std::size_t j = 0; j < features.columns; ++j) {
    const double sd = used_rows.sd()[j];
    if (sd > 0.0) {
      model.scale[j] = sd;
    } else {
      constant.push_back(j);
    }
  }
  if (!constant.empty()) {
    model.warnings.push_back(
        fmt::format("constant in the training rows, so of no use: {}", named(features, constant)));
  }
  const double positive = used_rows.positive_weight();
  if (positive == 0.0 || positive == used_rows.total_weight()) {
    model.warnings.emplace_back("all training rows are of one class: every row is called so");
    const double sure = positive == 0.0 ? -1.0 : 1.0;
    model.intercept = model.standardised_intercept = sure * std::numeric_limits<double>::infinity();
    model.log_likelihood = 0.0;
    return model;
  }
  if (spec.penalty == 0.0) {
    const std::vector<std::size_t> varying = used_rows.columns();
    const std::vector<std::size_t> chosen = independent(used_rows, context);
    std::vector<std::size_t> dependent;
    std::ranges::set_difference(varying, chosen, std::back_inserter(dependent));
    if (!dependent.empty()) {
      model.warnings.push_back(fmt::format("a combination of other columns, so left out: {}",
                                           named(features, dependent)));
    }
    used_rows.choose(chosen);
  }

  const Optimum optimum = maximise(used_rows, spec, context);
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
  for (std::size_t k = 0; k < used_rows.columns().size(); ++k) {
    const std::size_t j = used_rows.columns()[k];
    const double b = optimum.b[static_cast<Index>(k) + 1];
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
