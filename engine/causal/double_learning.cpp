#include "engine/causal/double_learning.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "engine/causal/average_effect.h"
#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/learner_kind.h"
#include "engine/learn/take_rows.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

const std::vector<std::string>& binary_classes() {
  static const std::vector<std::string> classes = {"0", "1"};
  return classes;
}

bool binary(std::span<const double> treatment) {
  return std::ranges::all_of(treatment, [](double d) { return d == 0.0 || d == 1.0; });
}

void check(const DoubleLearningData& data, const DoubleLearningSpec& spec) {
  const std::size_t n = data.y.size();
  require_length("treatment", data.treatment.size(), n);
  require_optional_length("weights", data.weights.size(), n);
  require_optional_length("groups", data.groups.size(), n);
  for (std::size_t i = 0; i < n; ++i) {
    if (std::isfinite(data.y[i]) && std::isfinite(data.treatment[i])) continue;
    throw ArgumentError({.what = "an outcome or a treatment is missing or infinite",
                         .where = fmt::format("row {}", i + 1),
                         .got = fmt::format("{}, {}", data.y[i], data.treatment[i]),
                         .expected = "finite numbers"});
  }
  if (spec.model != DoubleModel::kInteractive) return;
  if (!binary(data.treatment)) {
    throw ArgumentError({.what = "the interactive model needs a treatment of 0 and 1",
                         .where = "treatment",
                         .expected = "0 or 1",
                         .hint = "the partially linear model takes any number"});
  }
  if (spec.target > EffectTarget::kControls) {
    throw ArgumentError({.what = "double learning does not answer for this target",
                         .where = "target",
                         .got = std::string(effect_target_name(spec.target)),
                         .expected = "ATE, ATT or ATC"});
  }
}

// A learner that sees only the rows of one arm.
Learner of_arm(Learner base, std::span<const double> treatment, double arm) {
  return [base = std::move(base), treatment, arm](std::span<const std::uint32_t> rows,
                                                  StreamKey key, const Context& context) {
    std::vector<std::uint32_t> own;
    for (const std::uint32_t i : rows) {
      if (treatment[i] == arm) own.push_back(i);
    }
    return base(own, key, context);
  };
}

class CrossFitter {
 public:
  CrossFitter(const DoubleLearningData& data, const Folds& folds, StreamKey key,
              std::vector<std::string>* warnings, const Context& context)
      : data_(data), folds_(folds), key_(key), warnings_(warnings), context_(context) {}

  [[nodiscard]] Lesson lesson(std::span<const double> outcome) const {
    return {.features = data_.features,
            .outcome = outcome,
            .weights = data_.weights,
            .groups = data_.groups};
  }
  [[nodiscard]] std::vector<double> fit(const char* name, const Learner& learner) const {
    OutOfFold out = out_of_fold(folds_, learner, key_.child(name), context_);
    for (const std::string& text : out.warnings) {
      warnings_->push_back(fmt::format("{}: {}", name, text));
    }
    return std::move(out.prediction);
  }
  [[nodiscard]] std::vector<double> repeat(const std::vector<double>& all, int r) const {
    const auto n = static_cast<std::ptrdiff_t>(data_.y.size());
    return {all.begin() + r * n, all.begin() + (r + 1) * n};
  }
  [[nodiscard]] Learner treatment(const LearnerSpec& spec) const {
    Lesson own = lesson(data_.treatment);
    if (binary(data_.treatment) && detail::learner_kind(spec.kind).classes) {
      own.classes = binary_classes();
    }
    return learner_of(spec, own, "treatment");
  }

 private:
  const DoubleLearningData& data_;
  const Folds& folds_;
  StreamKey key_;
  std::vector<std::string>* warnings_;
  const Context& context_;
};

double weight_of(const DoubleLearningData& data, std::size_t i) {
  return data.weights.empty() ? 1.0 : data.weights[i];
}

// theta and -d psi / d theta of a score psi = a - theta b, weighted.
struct Root {
  double theta;
  double slope;  // Mean of b over the rows used.
};

Root solve(const DoubleLearningData& data, const std::vector<std::uint32_t>& rows,
           const std::vector<double>& a, const std::vector<double>& b) {
  ExactSum top;
  ExactSum bottom;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const double w = weight_of(data, rows[k]);
    top.add(w * a[k]);
    bottom.add(w * b[k]);
  }
  return {top.round() / bottom.round(), bottom.round() / static_cast<double>(rows.size())};
}

// Partialling out: a = (y - l)(d - m), b = (d - m)^2. IV-type: a = (y - g)(d - m), b = d (d - m).
EffectFit partially_linear(const DoubleLearningData& data, const DoubleLearningSpec& spec,
                           const CrossFit& fit, const std::vector<std::uint32_t>& rows) {
  std::vector<double> a;
  std::vector<double> b;
  for (const std::uint32_t i : rows) {
    const double v = data.treatment[i] - fit.m[i];
    a.push_back((data.y[i] - (spec.iv_type ? fit.g[i] : fit.l[i])) * v);
    b.push_back((spec.iv_type ? data.treatment[i] : v) * v);
  }
  const Root root = solve(data, rows, a, b);
  EffectFit out{.n = static_cast<std::int64_t>(rows.size()), .method = "plr"};
  Effect effect{.term = "effect", .estimate = root.theta};
  effect.influence.assign(data.y.size(), 0.0);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    effect.influence[rows[k]] = weight_of(data, rows[k]) * (a[k] - root.theta * b[k]) / root.slope;
  }
  if (!(std::abs(root.slope) > 1e-12)) {
    out.broken.emplace_back("the controls predict the treatment exactly: nothing is left of it");
  }
  out.effects.push_back(std::move(effect));
  return out;
}

EffectFit interactive(const DoubleLearningData& data, const DoubleLearningSpec& spec,
                      const CrossFit& fit, const std::vector<std::uint32_t>& rows,
                      const Context& context) {
  const auto y = detail::values_of(data.y, rows);
  const auto weights = detail::values_of(data.weights, rows);
  auto m = detail::values_of(std::span(fit.m), rows);
  const auto g0 = detail::values_of(std::span(fit.g0), rows);
  const auto g1 = detail::values_of(std::span(fit.g1), rows);
  std::vector<std::int32_t> treated;
  for (const std::uint32_t i : rows) treated.push_back(data.treatment[i] == 1.0 ? 1 : 0);
  // A regression may predict a probability below 0: as far out as the clip allows.
  for (double& p : m) p = std::clamp(p, 0.0, 1.0);
  AverageEffectFit found = average_effect({.y = y,
                                           .treated = treated,
                                           .weights = weights,
                                           .propensity = m,
                                           .mean_treated = g1,
                                           .mean_control = g0},
                                          {.method = EffectMethod::kAugmented,
                                           .target = spec.target,
                                           .normalise = spec.normalise,
                                           .clip = spec.clip},
                                          context);
  if (found.clipped > 0) {
    found.warnings.push_back(fmt::format("{} of {} propensities lie beyond {} and were moved there",
                                         found.clipped, rows.size(), spec.clip));
  }
  for (Effect& effect : found.effects) {
    std::vector<double> all(data.y.size(), 0.0);
    for (std::size_t k = 0; k < rows.size(); ++k) all[rows[k]] = effect.influence[k];
    effect.influence = std::move(all);
  }
  found.method = "irm";
  return found;
}

double median(std::vector<double> x) {
  std::ranges::sort(x);
  const std::size_t n = x.size();
  return n % 2 == 1 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

double root_mean_square(std::span<const double> y, const std::vector<double>& predicted) {
  ExactMean mean;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const double e = y[i] - predicted[i];
    if (std::isfinite(e)) mean.add(e * e);
  }
  return std::sqrt(mean.mean());
}

void say_once(std::vector<std::string>* said, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (std::ranges::find(*said, text) == said->end()) said->push_back(text);
  }
}

}  // namespace

std::vector<CrossFit> cross_fit(const DoubleLearningData& data, const DoubleLearningSpec& spec,
                                const Folds& folds, StreamKey key,
                                std::vector<std::string>* warnings, const Context& context) {
  check(data, spec);
  const CrossFitter fitter(data, folds, key, warnings, context);
  std::vector<CrossFit> out(static_cast<std::size_t>(folds.repeats));
  const std::vector<double> m = fitter.fit("treatment", fitter.treatment(spec.treatment));
  const Lesson of_y = fitter.lesson(data.y);
  std::vector<double> l;
  std::vector<double> g0;
  std::vector<double> g1;
  if (spec.model == DoubleModel::kPartiallyLinear) {
    l = fitter.fit("outcome", learner_of(spec.outcome, of_y, "outcome"));
  } else {
    const Learner learner = learner_of(spec.outcome, of_y, "outcome");
    g0 = fitter.fit("outcome 0", of_arm(learner, data.treatment, 0.0));
    g1 = fitter.fit("outcome 1", of_arm(learner, data.treatment, 1.0));
  }
  for (int r = 0; r < folds.repeats; ++r) {
    CrossFit& fit = out[static_cast<std::size_t>(r)];
    fit.m = fitter.repeat(m, r);
    if (!l.empty()) fit.l = fitter.repeat(l, r);
    if (!g0.empty()) fit.g0 = fitter.repeat(g0, r);
    if (!g1.empty()) fit.g1 = fitter.repeat(g1, r);
  }
  if (spec.model != DoubleModel::kPartiallyLinear || !spec.iv_type) return out;
  // Each repeat's own theta_0 is taken out of the outcome, and the rest learned on its folds.
  DoubleLearningSpec first = spec;
  first.iv_type = false;
  for (int r = 0; r < folds.repeats; ++r) {
    CrossFit& fit = out[static_cast<std::size_t>(r)];
    const double theta = effect_of(data, first, fit, context).effects[0].estimate;
    std::vector<double> rest(data.y.begin(), data.y.end());
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= theta * data.treatment[i];
    Folds own = folds;
    own.repeats = 1;
    own.fold.assign(folds.fold.begin() +
                        static_cast<std::ptrdiff_t>(r) * static_cast<std::ptrdiff_t>(folds.rows),
                    folds.fold.begin() + static_cast<std::ptrdiff_t>(r + 1) *
                                             static_cast<std::ptrdiff_t>(folds.rows));
    const CrossFitter again(data, own, key.child(fmt::format("repeat {}", r)), warnings, context);
    fit.g =
        again.fit("outcome less effect", learner_of(spec.outcome, again.lesson(rest), "outcome"));
  }
  return out;
}

EffectFit effect_of(const DoubleLearningData& data, const DoubleLearningSpec& spec,
                    const CrossFit& nuisances, const Context& context) {
  check(data, spec);
  const bool linear = spec.model == DoubleModel::kPartiallyLinear;
  std::vector<const std::vector<double>*> needed = {&nuisances.m};
  if (linear) {
    needed.push_back(spec.iv_type ? &nuisances.g : &nuisances.l);
  } else {
    needed.push_back(&nuisances.g0);
    needed.push_back(&nuisances.g1);
  }
  for (const auto* each : needed) {
    if (each->size() == data.y.size()) continue;
    throw ArgumentError({.what = "predictions and rows differ in number",
                         .where = "nuisances",
                         .got = std::to_string(each->size()),
                         .expected = std::to_string(data.y.size())});
  }
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < data.y.size(); ++i) {
    const bool whole = std::ranges::all_of(
        needed, [i](const std::vector<double>* each) { return std::isfinite((*each)[i]); });
    if (whole) rows.push_back(static_cast<std::uint32_t>(i));
  }
  EffectFit out;
  if (rows.empty()) {
    out.effects.push_back({.term = "effect"});
    out.method = linear ? "plr" : "irm";
    out.broken.emplace_back("the learners have no prediction of any row");
    return out;
  }
  out = linear ? partially_linear(data, spec, nuisances, rows)
               : interactive(data, spec, nuisances, rows, context);
  if (rows.size() < data.y.size()) {
    out.warnings.push_back(fmt::format("{} rows left out: a learner has no prediction of them",
                                       data.y.size() - rows.size()));
  }
  return out;
}

DoubleLearningFit double_learning(const DoubleLearningData& data, const DoubleLearningSpec& spec,
                                  const Folds& folds, StreamKey key, const Context& context) {
  if (folds.rows != data.y.size()) {
    throw ArgumentError({.what = "folds and rows differ in number",
                         .where = "folds",
                         .got = std::to_string(folds.rows),
                         .expected = std::to_string(data.y.size())});
  }
  DoubleLearningFit fit;
  fit.nuisances = cross_fit(data, spec, folds, key, &fit.warnings, context);
  std::vector<double> outcome_errors;
  std::vector<double> treatment_errors;
  for (const CrossFit& nuisances : fit.nuisances) {
    fit.repeats.push_back(effect_of(data, spec, nuisances, context));
    treatment_errors.push_back(root_mean_square(data.treatment, nuisances.m));
    if (!nuisances.l.empty()) {
      outcome_errors.push_back(root_mean_square(data.y, nuisances.l));
      continue;
    }
    std::vector<double> seen(data.y.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      seen[i] = data.treatment[i] == 1.0 ? nuisances.g1[i] : nuisances.g0[i];
    }
    outcome_errors.push_back(root_mean_square(data.y, seen));
  }
  fit.unpredicted = static_cast<std::int64_t>(data.y.size()) - fit.repeats.front().n;
  fit.outcome_error = median(outcome_errors);
  fit.treatment_error = median(treatment_errors);
  return fit;
}

std::vector<Estimate> to_estimates(const DoubleLearningFit& fit, const EffectInference& inference) {
  std::vector<std::vector<Estimate>> rows;
  std::vector<std::string> warnings;
  for (const EffectFit& repeat : fit.repeats) {
    rows.push_back(to_estimates(repeat, inference));
    say_once(&warnings, rows.back().front().warnings);
  }
  say_once(&warnings, fit.warnings);
  std::vector<Estimate> out = rows.front();
  for (std::size_t k = 0; k < out.size(); ++k) {
    std::vector<double> theta;
    std::vector<double> variance;
    for (const auto& each : rows) theta.push_back(each[k].estimate);
    const double middle = median(theta);
    for (const auto& each : rows) {
      const double apart = each[k].estimate - middle;
      variance.push_back(each[k].std_error * each[k].std_error + apart * apart);
    }
    complete(out[k],
             {.estimate = middle,
              .std_error = std::sqrt(median(variance)),
              .df = out[k].df,
              .n = out[k].n},
             inference.conf_level);
    out[k].warnings = warnings;
  }
  return out;
}

}  // namespace impact
