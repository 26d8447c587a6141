#include "engine/learn/elastic_net_choice.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/learn/gathered_warnings.h"
#include "engine/stats/likelihood.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double xlogx(double x) { return x > 0.0 ? x * std::log(x) : 0.0; }
// y log(m), 0 for y = 0 whatever m.
double times_log(double y, double m) { return y > 0.0 ? y * std::log(m) : 0.0; }

// A row's part of the deviance; `mean` is the prediction, with classes that of each.
double deviance(ElasticNetFamily family, double y, std::span<const double> mean) {
  const double m = mean[0];
  switch (family) {
    case ElasticNetFamily::kGaussian: return (y - m) * (y - m);
    case ElasticNetFamily::kBinomial:
      return 2.0 * (xlogx(y) + xlogx(1.0 - y) - times_log(y, m) - times_log(1.0 - y, 1.0 - m));
    case ElasticNetFamily::kPoisson: return 2.0 * (xlogx(y) - y - times_log(y, m) + m);
    case ElasticNetFamily::kMultinomial: break;
  }
  return -2.0 * std::log(mean[static_cast<std::size_t>(y)]);
}

// Weighted mean of the losses of a fold at each lambda, and the fold's weight.
struct FoldLoss {
  std::vector<double> loss = {};
  double weight = 0.0;
  std::vector<std::string> warnings = {};
};

void choose(LambdaChoice& choice) {
  std::size_t best = choice.lambda.size();
  for (std::size_t k = 0; k < choice.lambda.size(); ++k) {
    if (std::isnan(choice.value[k])) continue;
    if (best == choice.lambda.size() || choice.value[k] < choice.value[best]) best = k;
  }
  if (best == choice.lambda.size()) {
    choice.warnings.emplace_back("no lambda can be judged, so none is chosen");
    return;
  }
  choice.best = choice.one_se = choice.lambda[best];
  if (choice.std_error.empty()) return;
  for (std::size_t k = 0; k < best; ++k) {
    if (choice.value[k] <= choice.value[best] + choice.std_error[best]) {
      choice.one_se = choice.lambda[k];
      break;
    }
  }
}

}  // namespace

LambdaChoice choose_by_folds(const FeatureColumns& features, std::span<const double> outcome,
                             std::span<const std::uint32_t> rows, const Folds& folds,
                             const ElasticNetSpec& spec, std::span<const double> weights,
                             std::span<const double> offset, const Context& context) {
  if (folds.rows != outcome.size()) {
    throw ArgumentError({.what = "the folds are those of other rows",
                         .where = "folds",
                         .got = std::to_string(folds.rows),
                         .expected = std::to_string(outcome.size())});
  }
  LambdaChoice choice;
  ElasticNetSpec each = spec;
  if (spec.lambda.empty()) {
    const auto whole = fit_elastic_net(features, outcome, rows, spec, weights, offset, context);
    choice.warnings = whole.warnings;
    each.lambda = whole.lambda;
  }
  if (spec.family == ElasticNetFamily::kMultinomial && spec.classes == 0) {
    double largest = 0.0;
    for (const auto row : rows) {
      if (row < outcome.size() && outcome[row] > largest) largest = outcome[row];
    }
    each.classes = static_cast<std::size_t>(largest) + 1;
  }
  std::ranges::sort(each.lambda, std::greater<>());
  choice.lambda = each.lambda;
  const std::size_t size = each.lambda.size();
  std::vector<FoldLoss> parts(static_cast<std::size_t>(folds.folds) *
                              static_cast<std::size_t>(folds.repeats));
  run_tasks(context, size == 0 ? 0 : parts.size(), [&](std::size_t part) {
    const auto fold = static_cast<std::int32_t>(part % static_cast<std::size_t>(folds.folds));
    const auto repeat = static_cast<int>(part / static_cast<std::size_t>(folds.folds));
    std::vector<std::uint32_t> train, test;
    for (const auto row : rows) {
      // A row that misses a number is judged by no fit, as it teaches none.
      bool known = row < outcome.size() && std::isfinite(outcome[row]) &&
                   (offset.empty() || std::isfinite(offset[row])) &&
                   (weights.empty() || weights[row] > 0.0);
      for (std::size_t j = 0; j < features.columns && known; ++j) {
        known = std::isfinite(features.column(j)[row]);
      }
      if (row >= outcome.size() || folds.trains(row, fold, repeat)) {
        train.push_back(row);
      } else if (known && folds.at(row, repeat) == fold) {
        test.push_back(row);
      }
    }
    const auto path = fit_elastic_net(features, outcome, train, each, weights, offset, context);
    FoldLoss& result = parts[part];
    result.warnings = path.warnings;
    result.loss.assign(size, path.size() == 0 ? kNaN : 0.0);
    std::vector<double> mean(test.size() * path.outputs), row_mean(path.outputs);
    for (std::size_t k = 0; k < size && path.size() > 0; ++k) {
      elastic_net_at(path, each.lambda[k]).predict(features, test, mean, offset);
      double total = 0.0, sum = 0.0;
      for (std::size_t i = 0; i < test.size(); ++i) {
        for (std::size_t a = 0; a < path.outputs; ++a) row_mean[a] = mean[a * test.size() + i];
        const double w = weights.empty() ? 1.0 : weights[test[i]];
        total += w;
        sum += w * deviance(spec.family, outcome[test[i]], row_mean);
      }
      result.weight = total;
      result.loss[k] = sum / total;
    }
  });
  choice.value.assign(size, kNaN);
  choice.std_error.assign(size, kNaN);
  for (std::size_t k = 0; k < size; ++k) {
    double total = 0.0, sum = 0.0, squares = 0.0, count = 0.0;
    for (const FoldLoss& part : parts) {
      if (part.weight == 0.0) continue;
      total += part.weight;
      sum += part.weight * part.loss[k];
      count += 1.0;
    }
    const double mean = sum / total;
    for (const FoldLoss& part : parts) {
      if (part.weight > 0.0) squares += part.weight * (part.loss[k] - mean) * (part.loss[k] - mean);
    }
    choice.value[k] = mean;
    choice.std_error[k] = std::sqrt(squares / total / (count - 1.0));
  }
  detail::GatheredWarnings gathered;
  for (const FoldLoss& part : parts) gathered.add(part.warnings);
  for (std::string& text : gathered.said()) choice.warnings.push_back(std::move(text));
  choose(choice);
  return choice;
}

LambdaChoice choose_by_criterion(const ElasticNetPath& path, InformationCriterion criterion) {
  LambdaChoice choice;
  choice.lambda = path.lambda;
  const auto n = static_cast<double>(path.n);
  const bool gaussian = path.family == ElasticNetFamily::kGaussian;
  const auto p = static_cast<double>(path.columns);
  bool unknown = false;
  for (std::size_t k = 0; k < path.size(); ++k) {
    const double rest = path.null_deviance * (1.0 - path.deviance_ratio[k]);
    double value = gaussian ? n * std::log(rest / n) : rest;
    // Intercepts of classes are determined up to a shift.
    const double parameters =
        path.df[k] +
        (gaussian ? 2.0 : std::max<double>(1.0, static_cast<double>(path.outputs) - 1.0));
    unknown = unknown || (std::isnan(path.df[k]) && !std::isnan(path.deviance_ratio[k]));
    switch (criterion) {
      case InformationCriterion::kAic: value += 2.0 * parameters; break;
      case InformationCriterion::kAicc:
        value += parameters < n - 1.0 ? 2.0 * parameters * n / (n - parameters - 1.0)
                                      : std::numeric_limits<double>::infinity();
        break;
      case InformationCriterion::kEbic: {
        const auto used = static_cast<double>(path.nonzero[k]);
        value += 2.0 * (detail::log_gamma(p + 1.0) - detail::log_gamma(used + 1.0) -
                        detail::log_gamma(p - used + 1.0));
        [[fallthrough]];
      }
      case InformationCriterion::kBic: value += parameters * std::log(n); break;
    }
    choice.value.push_back(value);
  }
  if (unknown) {
    choice.warnings.emplace_back(
        "the degrees of freedom of such a fit are not known, so no criterion judges it");
  }
  choose(choice);
  return choice;
}

Learner elastic_net_learner(const FeatureColumns& features, std::span<const double> outcome,
                            const ElasticNetSpec& spec, const ElasticNetLearnerSpec& choice,
                            std::span<const double> weights) {
  if (spec.family == ElasticNetFamily::kMultinomial) {
    throw ArgumentError(
        {.what = "a learner predicts one number a row, not one a class", .where = "family"});
  }
  return [=](std::span<const std::uint32_t> rows, StreamKey key, const Context& context) {
    FittedModel fitted;
    const auto path = fit_elastic_net(features, outcome, rows, spec, weights, {}, context);
    fitted.warnings = path.warnings;
    if (path.size() == 0) {
      fitted.predict = [](std::span<const std::uint32_t>, std::span<double> prediction) {
        std::ranges::fill(prediction, kNaN);
      };
      return fitted;
    }
    double lambda = path.lambda[0];
    if (path.size() > 1) {
      // Folds of the training rows alone; the others stand in fold 0 and are not asked for.
      std::vector<std::int32_t> strata;
      if (spec.family == ElasticNetFamily::kBinomial) {
        for (const auto row : rows) strata.push_back(outcome[row] > 0.5 ? 1 : 0);
      }
      const Folds drawn = draw_folds(rows.size(), {.folds = choice.folds, .strata = strata}, key);
      Folds folds{.rows = outcome.size(), .folds = drawn.folds, .repeats = 1};
      folds.fold.assign(outcome.size(), 0);
      for (std::size_t i = 0; i < rows.size(); ++i) folds.fold[rows[i]] = drawn.fold[i];
      ElasticNetSpec same = spec;
      same.lambda = path.lambda;
      const LambdaChoice chosen =
          choose_by_folds(features, outcome, rows, folds, same, weights, {}, context);
      const double wanted = choice.one_se ? chosen.one_se : chosen.best;
      if (!std::isnan(wanted)) lambda = wanted;
      fitted.warnings.insert(fitted.warnings.end(), chosen.warnings.begin(), chosen.warnings.end());
    }
    const auto model = std::make_shared<ElasticNetModel>(elastic_net_at(path, lambda));
    fitted.predict = [features, model](std::span<const std::uint32_t> asked,
                                       std::span<double> prediction) {
      model->predict(features, asked, prediction);
    };
    return fitted;
  };
}

}  // namespace impact
