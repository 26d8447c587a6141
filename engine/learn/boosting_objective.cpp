#include "engine/learn/boosting_objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/roc.h"

namespace impact::detail {
namespace {

using Link = BoostingLink;
using Outcome = BoostingOutcome;

constexpr std::array kObjectives = {
    BoostingObjective{"reg:squarederror", Link::kIdentity, Outcome::kAny, "rmse"},
    BoostingObjective{"reg:squaredlogerror", Link::kIdentity, Outcome::kAboveMinusOne, "rmsle"},
    BoostingObjective{"reg:absoluteerror", Link::kIdentity, Outcome::kAny, "mae"},
    BoostingObjective{"reg:pseudohubererror", Link::kIdentity, Outcome::kAny, "mphe"},
    BoostingObjective{"reg:logistic", Link::kLogit, Outcome::kUnit, "rmse"},
    BoostingObjective{"binary:logistic", Link::kLogit, Outcome::kUnit, "logloss"},
    BoostingObjective{"multi:softprob", Link::kSoftprob, Outcome::kClass, "mlogloss"},
    BoostingObjective{"multi:softmax", Link::kSoftmax, Outcome::kClass, "mlogloss"},
    BoostingObjective{"count:poisson", Link::kLog, Outcome::kNotNegative, "poisson-nloglik"},
    BoostingObjective{"reg:gamma", Link::kLog, Outcome::kPositive, "gamma-nloglik"},
    BoostingObjective{"reg:tweedie", Link::kLog, Outcome::kNotNegative, "tweedie-nloglik"},
};

constexpr std::array<std::string_view, 13> kMetrics = {
    "rmse",           "rmsle",           "mae",           "mphe",
    "logloss",        "error",           "auc",           "mlogloss",
    "merror",         "poisson-nloglik", "gamma-nloglik", "gamma-deviance",
    "tweedie-nloglik"};

// 1 / (1 + e^-s) in single precision; e^88.7 is about the largest there is.
float sigmoid(float sum) { return 1.0F / (std::exp(std::min(-sum, 88.7F)) + 1.0F); }

std::size_t largest(std::span<const float> values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

// e^(s - max) over their total, the total in double precision.
void softmax(std::span<float> sums) {
  const float most = *std::max_element(sums.begin(), sums.end());
  double total = 0.0;
  for (float& value : sums) {
    value = std::exp(value - most);
    total += static_cast<double>(value);
  }
  for (float& value : sums) value /= static_cast<float>(total);
}

bool known(Outcome kind, int classes, double y) {
  switch (kind) {
    case Outcome::kAny: return true;
    case Outcome::kAboveMinusOne: return y > -1.0;
    case Outcome::kUnit: return y >= 0.0 && y <= 1.0;
    case Outcome::kClass: return y >= 0.0 && y < classes && y == std::floor(y);
    case Outcome::kNotNegative: return y >= 0.0;
    case Outcome::kPositive: return y > 0.0;
  }
  return false;
}

std::string wanted(Outcome kind, int classes) {
  switch (kind) {
    case Outcome::kAny: break;
    case Outcome::kAboveMinusOne: return "more than -1";
    case Outcome::kUnit: return "0 (negative) to 1 (positive)";
    case Outcome::kClass: return fmt::format("a class: 0, 1, ... {}", classes - 1);
    case Outcome::kNotNegative: return "0 or more";
    case Outcome::kPositive: return "more than 0";
  }
  return "a number";
}

double clamped(double p) { return std::clamp(p, 1e-16, 1.0 - 1e-16); }

// Loss of one row; p: its prediction. The likelihoods leave out what only the outcome decides as
// XGBoost does: Poisson log y! is kept, the gamma's shape is 1.
double loss(std::string_view metric, const BoostingSpec& spec, double p, double y) {
  if (metric == "rmse") return (p - y) * (p - y);
  if (metric == "rmsle") return std::pow(std::log1p(p) - std::log1p(y), 2);
  if (metric == "mae") return std::abs(p - y);
  if (metric == "mphe") {
    const double z = (p - y) / spec.huber_slope;
    return spec.huber_slope * spec.huber_slope * (std::sqrt(1.0 + z * z) - 1.0);
  }
  if (metric == "logloss")
    return -y * std::log(clamped(p)) - (1.0 - y) * std::log(clamped(1.0 - p));
  if (metric == "error") return p > 0.5 ? 1.0 - y : y;
  const double mean = std::max(p, 1e-16);
  if (metric == "poisson-nloglik") return std::lgamma(y + 1.0) + mean - y * std::log(mean);
  if (metric == "gamma-nloglik") return y / mean + std::log(mean);
  if (metric == "gamma-deviance") return 2.0 * (std::log(mean / y) + y / mean - 1.0);
  const double rho = spec.tweedie_variance_power;
  return -y * std::exp((1.0 - rho) * std::log(mean)) / (1.0 - rho) +
         std::exp((2.0 - rho) * std::log(mean)) / (2.0 - rho);
}

}  // namespace

const BoostingObjective& boosting_objective(std::string_view name) {
  for (const auto& objective : kObjectives) {
    if (objective.name == name) return objective;
  }
  std::vector<std::string> names;
  names.reserve(kObjectives.size());
  for (const auto& objective : kObjectives) names.emplace_back(objective.name);
  std::string hint = did_you_mean(name, names);
  if (name.starts_with("reg:quantile")) {
    hint = "XGBoost 1.7 has no quantile loss; a quantile forest has one";
  } else if (name.starts_with("rank:") || name.starts_with("survival:")) {
    hint = "ranking and survival need groups or censored outcomes, which rows here do not have";
  }
  throw ArgumentError({.what = fmt::format("unknown objective '{}'", name),
                       .where = "objective",
                       .got = std::string(name),
                       .expected = list_words(names),
                       .hint = hint});
}

void check_outcome(const BoostingObjective& objective, int classes, std::span<const double> outcome,
                   std::span<const std::uint32_t> rows) {
  for (const auto i : rows) {
    if (known(objective.outcome, classes, outcome[i])) continue;
    throw ArgumentError({.what = fmt::format("'{}' does not know this outcome", objective.name),
                         .where = fmt::format("row {}", std::size_t{i} + 1),
                         .got = format_double(outcome[i]),
                         .expected = wanted(objective.outcome, classes)});
  }
}

float base_sum(const BoostingObjective& objective, float base_score) {
  if (objective.link == Link::kLogit) return -std::log(1.0F / base_score - 1.0F);
  if (objective.link == Link::kLog) return std::log(base_score);
  return base_score;
}

void predict_row(const BoostingObjective& objective, std::span<float> sums) {
  switch (objective.link) {
    case Link::kIdentity: return;
    case Link::kLogit: sums[0] = sigmoid(sums[0]); return;
    case Link::kLog: sums[0] = std::exp(sums[0]); return;
    case Link::kSoftprob: softmax(sums); return;
    case Link::kSoftmax: sums[0] = static_cast<float>(largest(sums)); return;
  }
}

void check_metric(std::string_view metric, const BoostingObjective& objective) {
  std::vector<std::string> fitting;
  const bool classes = objective.outcome == Outcome::kClass;
  for (const auto name : kMetrics) {
    const bool of_classes = name == "mlogloss" || name == "merror";
    const bool of_labels = name == "logloss" || name == "error" || name == "auc";
    if (of_classes != classes || (of_labels && objective.link != Link::kLogit)) continue;
    // A likelihood needs outcomes and means where it is defined.
    if (name.ends_with("nloglik") || name == "gamma-deviance") {
      if (objective.link != Link::kLog) continue;
      if (name.starts_with("gamma") && objective.outcome != Outcome::kPositive) continue;
    }
    if (name == "rmsle" && objective.outcome != Outcome::kAboveMinusOne &&
        objective.link != Link::kLog) {
      continue;
    }
    if (name == metric) return;
    fitting.emplace_back(name);
  }
  throw ArgumentError({.what = fmt::format("no such metric for '{}'", objective.name),
                       .where = "metric",
                       .got = std::string(metric),
                       .expected = list_words(fitting, fitting.size()),
                       .hint = did_you_mean(metric, fitting)});
}

double boosting_metric(std::string_view metric, const BoostingSpec& spec,
                       const BoostingObjective& objective, std::span<const float> sums,
                       std::span<const double> outcome, std::span<const double> weights) {
  const std::size_t rows = outcome.size();
  const std::size_t outputs = rows == 0 ? 1 : sums.size() / rows;
  if (metric == "auc") {
    const std::vector<double> score(sums.begin(), sums.end());
    std::vector<std::int32_t> label(rows);
    for (std::size_t i = 0; i < rows; ++i) label[i] = outcome[i] > 0.5 ? 1 : 0;
    return auc({.score = score, .label = label, .weights = weights}).estimate;
  }
  double total = 0.0;
  double weight = 0.0;
  std::vector<float> row(outputs);
  for (std::size_t i = 0; i < rows; ++i) {
    std::copy_n(sums.begin() + static_cast<std::ptrdiff_t>(i * outputs), outputs, row.begin());
    const double w = weights.empty() ? 1.0 : weights[i];
    double value = 0.0;
    if (metric == "merror") {
      value = static_cast<double>(largest(row)) == outcome[i] ? 0.0 : 1.0;
    } else if (metric == "mlogloss") {
      softmax(row);
      value = -std::log(clamped(static_cast<double>(row[static_cast<std::size_t>(outcome[i])])));
    } else {
      predict_row(objective, row);
      value = loss(metric, spec, static_cast<double>(row[0]), outcome[i]);
    }
    total += w * value;
    weight += w;
  }
  if (weight == 0.0) return std::numeric_limits<double>::quiet_NaN();
  const double mean = total / weight;
  return metric == "rmse" || metric == "rmsle" ? std::sqrt(mean) : mean;
}

}  // namespace impact::detail
