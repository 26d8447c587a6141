#include "engine/causal/average_effect.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "engine/causal/arm_weights.h"
#include "engine/core/choice.h"
#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

constexpr std::array<std::string_view, 5> kMethods = {"ra", "ipw", "aipw", "ipwra", "tmle"};
constexpr std::array<std::string_view, 5> kWeightings = {"logistic", "probit", "cbps", "ipt",
                                                         "entropy"};
constexpr int kMostSteps = 100;

using detail::ArmWeights;

void check(const AverageEffectData& data, const AverageEffectSpec& spec) {
  const std::size_t n = data.y.size();
  require_length("treated", data.treated.size(), n);
  require_optional_length("weights", data.weights.size(), n);
  require_optional_length("propensity", data.propensity.size(), n);
  require_optional_length("mean_treated", data.mean_treated.size(), n);
  require_length("mean_control", data.mean_control.size(), data.mean_treated.size());
  std::array<std::int64_t, 2> arms = {};
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t t = data.treated[i];
    const double w = data.weights.empty() ? 1.0 : data.weights[i];
    if (t != 0 && t != 1) {
      throw ArgumentError({.what = "a treatment is 0 or 1",
                           .where = fmt::format("treated, row {}", i + 1),
                           .got = std::to_string(t),
                           .expected = "0 or 1"});
    }
    if (w > 0.0) ++arms[static_cast<std::size_t>(t)];
    if (!std::isfinite(data.y[i]) || !(w >= 0.0) || std::isinf(w)) {
      throw ArgumentError({.what = "an outcome or a weight is missing, infinite or negative",
                           .where = fmt::format("row {}", i + 1),
                           .got = fmt::format("y {}, weight {}", data.y[i], w),
                           .expected = "finite numbers, weights of 0 or more"});
    }
    const double e = data.propensity.empty() ? 0.5 : data.propensity[i];
    if (!(e >= 0.0 && e <= 1.0)) {
      throw ArgumentError({.what = "a propensity is a probability",
                           .where = fmt::format("propensity, row {}", i + 1),
                           .got = fmt::format("{}", e),
                           .expected = "0 to 1"});
    }
  }
  for (const std::size_t arm : {std::size_t{0}, std::size_t{1}}) {
    if (arms[arm] > 0) continue;
    throw ArgumentError({.what = arm == 1 ? "nobody is treated" : "nobody is a control",
                         .where = "treated",
                         .got = fmt::format("{} rows of the other arm", arms[1 - arm]),
                         .expected = "rows of both arms"});
  }
  for (const auto& [value, where] : {std::pair{spec.trim, "trim"}, {spec.clip, "clip"}}) {
    if (value >= 0.0 && value < 0.5) continue;
    throw ArgumentError({.what = "a bound of propensities lies between 0 and one half",
                         .where = where,
                         .got = fmt::format("{}", value),
                         .expected = "for example 0.01"});
  }
  if (spec.outcome > MomentFamily::kPoisson) {
    throw ArgumentError({.what = "an outcome model is a regression",
                         .where = "outcome",
                         .got = std::string(moment_family_name(spec.outcome)),
                         .expected = "linear, logistic, probit or poisson"});
  }
}

// A outcome model's predictions for all rows, and the model where one was fitted.
struct OutcomeModel {
  std::vector<double> m;
  std::vector<double> slope;
  std::vector<double> weights;   // It was fitted with these.
  std::vector<double> dweights;  // Derivative by the eta of the arm's treatment model.
  bool fitted = false;
  MomentModel model;
};

// A ratio of means sum a / sum b, with the derivatives of a and b by the treatment model's eta and
// of a by the outcome model's.
struct Ratio {
  std::vector<double> a, b, a_treatment, b_treatment, a_outcome;
  explicit Ratio(std::size_t n) : a(n), b(n), a_treatment(n), b_treatment(n), a_outcome(n) {}
};

class Estimator {
 public:
  Estimator(const AverageEffectData& data, const AverageEffectSpec& spec, const Context& context)
      : data_(data), spec_(spec), context_(context), n_(data.y.size()) {}

  AverageEffectFit run() {
    check(data_, spec_);
    const bool weighted =
        spec_.method != EffectMethod::kRegression || spec_.target >= EffectTarget::kOverlap;
    weights_ =
        weighted ? detail::arm_weights(data_, spec_, context_) : detail::target_only(data_, spec_);
    for (std::size_t arm = 0; arm < 2; ++arm) c_treatment_[arm].assign(n_, 0.0);
    count_used();
    fit_.effects.resize(3);
    for (std::size_t arm = 0; arm < 2; ++arm) arm_mean(arm);
    add_treatment_models();
    report(weighted);
    return std::move(fit_);
  }

 private:
  [[nodiscard]] double sampling(std::size_t i) const {
    const double s = data_.weights.empty() ? 1.0 : data_.weights[i];
    return weights_.kept[i] == 0 ? 0.0 : s;
  }
  [[nodiscard]] bool in_arm(std::size_t i, std::size_t arm) const {
    return static_cast<std::size_t>(data_.treated[i]) == arm;
  }
  [[nodiscard]] double y_of(std::size_t i) const { return data_.y[i]; }
  Effect& mean_of(std::size_t arm) { return fit_.effects[2 - arm]; }

  void count_used() {
    for (std::size_t i = 0; i < n_; ++i) fit_.n += sampling(i) > 0.0 ? 1 : 0;
    std::array<std::int64_t, 2> left = {};
    for (std::size_t i = 0; i < n_; ++i) {
      if (sampling(i) > 0.0) ++left[static_cast<std::size_t>(data_.treated[i])];
    }
    if (left[0] == 0 || left[1] == 0) {
      fit_.broken.emplace_back("trimming left an arm empty: there is no overlap");
    }
  }

  [[nodiscard]] MomentData outcome_data(const OutcomeModel& model) const {
    return {.x = data_.x_outcome,
            .columns = data_.outcome_columns,
            .y = data_.y,
            .weights = model.weights,
            .names = data_.outcome_names};
  }

  OutcomeModel outcome_model(std::size_t arm) {
    OutcomeModel out;
    const std::span<const double> given = arm == 1 ? data_.mean_treated : data_.mean_control;
    out.slope.assign(n_, 0.0);
    if (!given.empty()) {
      out.m.assign(given.begin(), given.end());
      return out;
    }
    out.fitted = true;
    out.weights.assign(n_, 0.0);
    out.dweights.assign(n_, 0.0);
    const bool by_weight =
        spec_.method == EffectMethod::kWeightedRegression || spec_.least_variance;
    for (std::size_t i = 0; i < n_; ++i) {
      if (!in_arm(i, arm)) continue;
      const double s = sampling(i);
      const double w = weights_.w[arm][i];
      const double dw = weights_.dw[arm][i];
      // w (w - 1) has derivative (2w - 1) dw.
      out.weights[i] = !by_weight ? s : spec_.least_variance ? s * w * (w - 1.0) : s * w;
      out.dweights[i] = !by_weight ? 0.0 : spec_.least_variance ? s * (2.0 * w - 1.0) * dw : s * dw;
    }
    out.model = fit_moments(outcome_data(out), spec_.outcome, context_);
    out.m.resize(n_);
    out.model.mean(out.m, out.slope);
    for (const std::string& text : out.model.broken) {
      fit_.broken.push_back(fmt::format("outcome model of {}: {}", arm_name(arm), text));
    }
    for (const std::string& text : out.model.warnings) {
      fit_.warnings.push_back(fmt::format("outcome model of {}: {}", arm_name(arm), text));
    }
    return out;
  }

  static const char* arm_name(std::size_t arm) { return arm == 1 ? "the treated" : "controls"; }

  // mean s h m / mean s h.
  [[nodiscard]] Ratio regression(const OutcomeModel& model) const {
    Ratio r(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      const double s = sampling(i);
      r.a[i] = s * weights_.h[i] * model.m[i];
      r.b[i] = s * weights_.h[i];
      r.a_treatment[i] = s * weights_.dh[i] * model.m[i];
      r.b_treatment[i] = s * weights_.dh[i];
      r.a_outcome[i] = s * weights_.h[i] * model.slope[i];
    }
    return r;
  }

  // The arm's outcomes (model null) or residuals, weighted.
  [[nodiscard]] Ratio weighted(std::size_t arm, const OutcomeModel* model) const {
    Ratio r(n_);
    const bool normalise = spec_.normalise.value_or(model == nullptr);
    for (std::size_t i = 0; i < n_; ++i) {
      const double s = sampling(i);
      if (!normalise) {
        r.b[i] = s * weights_.h[i];
        r.b_treatment[i] = s * weights_.dh[i];
      }
      if (!in_arm(i, arm)) continue;
      const double w = s * weights_.w[arm][i];
      const double dw = s * weights_.dw[arm][i];
      const double rest = model == nullptr ? y_of(i) : y_of(i) - model->m[i];
      r.a[i] = w * rest;
      r.a_treatment[i] = dw * rest;
      if (model != nullptr) r.a_outcome[i] = -w * model->slope[i];
      if (!normalise) continue;
      r.b[i] = w;
      r.b_treatment[i] = dw;
    }
    return r;
  }

  // Adds a ratio to the arm's mean, its influence, and what it needs of the models.
  void add(std::size_t arm, const Ratio& r, std::vector<double>& c_outcome) {
    ExactSum a;
    ExactSum b;
    for (std::size_t i = 0; i < n_; ++i) {
      a.add(r.a[i]);
      b.add(r.b[i]);
    }
    const double size = b.round();
    const double value = a.round() / size;
    Effect& mean = mean_of(arm);
    mean.estimate += value;
    const double scale = static_cast<double>(fit_.n) / size;
    for (std::size_t i = 0; i < n_; ++i) {
      mean.influence[i] += scale * (r.a[i] - value * r.b[i]);
      c_treatment_[arm][i] += scale * (r.a_treatment[i] - value * r.b_treatment[i]);
      c_outcome[i] += scale * r.a_outcome[i];
    }
  }

  void arm_mean(std::size_t arm) {
    Effect& mean = mean_of(arm);
    mean.term = fmt::format("mean[{}]", arm);
    mean.estimate = 0.0;
    mean.influence.assign(n_, 0.0);
    std::vector<double> c_outcome(n_, 0.0);
    if (spec_.method == EffectMethod::kWeighting) {
      add(arm, weighted(arm, nullptr), c_outcome);
      return;
    }
    OutcomeModel model = outcome_model(arm);
    if (spec_.method == EffectMethod::kTargeted) {
      target(arm, model);
      return;
    }
    add(arm, regression(model), c_outcome);
    if (spec_.method == EffectMethod::kAugmented) add(arm, weighted(arm, &model), c_outcome);
    if (!spec_.stacked || !model.fitted) return;
    const std::vector<double> t =
        model.model.correct(outcome_data(model), c_outcome, mean.influence, context_);
    // The outcome model's equation is weighted: it depends on the treatment model too.
    for (std::size_t i = 0; i < n_; ++i) {
      if (model.weights[i] == 0.0) continue;
      c_treatment_[arm][i] += t[i] * model.model.score[i] / model.weights[i] * model.dweights[i];
    }
  }

  // Moves m along logit(m) + epsilon until sum s w (y - m) = 0 over the arm.
  void target(std::size_t arm, OutcomeModel& model) {
    double low = data_.y[0];
    double high = data_.y[0];
    for (const double y : data_.y) {
      low = std::min(low, y);
      high = std::max(high, y);
    }
    Effect& mean = mean_of(arm);
    if (low == high) high = low + 1.0;
    const double span = high - low;
    std::vector<double> logit(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      const double share = std::clamp((model.m[i] - low) / span, 5e-4, 1.0 - 5e-4);
      logit[i] = std::log(share / (1.0 - share));
    }
    double epsilon = 0.0;
    bool converged = false;
    for (int step = 0; step < kMostSteps && !converged; ++step) {
      ExactSum score;
      ExactSum information;
      for (std::size_t i = 0; i < n_; ++i) {
        if (!in_arm(i, arm)) continue;
        const double w = sampling(i) * weights_.w[arm][i];
        const double p = 1.0 / (1.0 + std::exp(-logit[i] - epsilon));
        score.add(w * ((y_of(i) - low) / span - p));
        information.add(w * p * (1.0 - p));
      }
      const double move = score.round() / information.round();
      if (!std::isfinite(move)) break;
      epsilon += std::clamp(move, -2.0, 2.0);
      converged = std::abs(move) < 1e-12;
    }
    if (!converged) {
      fit_.broken.push_back(
          fmt::format("the targeting step of {} did not converge", arm_name(arm)));
    }
    ExactSum a;
    ExactSum b;
    for (std::size_t i = 0; i < n_; ++i) {
      model.m[i] = low + span / (1.0 + std::exp(-logit[i] - epsilon));
      a.add(sampling(i) * weights_.h[i] * model.m[i]);
      b.add(sampling(i) * weights_.h[i]);
    }
    mean.estimate = a.round() / b.round();
    const double scale = static_cast<double>(fit_.n) / b.round();
    for (std::size_t i = 0; i < n_; ++i) {
      const double s = sampling(i);
      mean.influence[i] = scale * s * weights_.h[i] * (model.m[i] - mean.estimate);
      if (in_arm(i, arm)) {
        mean.influence[i] += scale * s * weights_.w[arm][i] * (y_of(i) - model.m[i]);
      }
    }
  }

  void add_treatment_models() {
    Effect& effect = fit_.effects[0];
    if (spec_.stacked && spec_.method != EffectMethod::kTargeted && !weights_.models.empty()) {
      const MomentData of = detail::treatment_data(data_, weights_);
      for (const std::size_t arm : {std::size_t{0}, std::size_t{1}}) {
        static_cast<void>(weights_.models[weights_.model[arm]].correct(
            of, c_treatment_[arm], mean_of(arm).influence, context_));
      }
    }
    const std::array<Effect, 2> means = {mean_of(1), mean_of(0)};
    const std::array<double, 2> signs = {1.0, -1.0};
    effect = combine(std::string(effect_target_name(spec_.target)), means, signs);
  }

  void report(bool weighted) {
    fit_.method = effect_method_name(spec_.method);
    const bool models = !weights_.models.empty() || data_.mean_treated.empty();
    if (models && spec_.method == EffectMethod::kTargeted) {
      fit_.nuisances = "efficient influence";
    } else if (models) {
      fit_.nuisances = spec_.stacked ? "stacked" : "models taken as known";
    }
    fit_.warnings.insert(fit_.warnings.begin(), weights_.warnings.begin(), weights_.warnings.end());
    fit_.broken.insert(fit_.broken.begin(), weights_.broken.begin(), weights_.broken.end());
    fit_.trimmed = weights_.trimmed;
    fit_.clipped = weights_.clipped;
    if (!weighted) return;
    fit_.propensity = weights_.propensity;
    fit_.weight.assign(n_, 0.0);
    std::array<double, 2> sum = {};
    std::array<double, 2> squares = {};
    for (std::size_t i = 0; i < n_; ++i) {
      const auto arm = static_cast<std::size_t>(data_.treated[i]);
      const double w = sampling(i) * weights_.w[arm][i];
      fit_.weight[i] = w;
      sum[arm] += w;
      squares[arm] += w * w;
    }
    fit_.effective_treated = sum[1] * sum[1] / squares[1];
    fit_.effective_controls = sum[0] * sum[0] / squares[0];
    for (const auto& [size, name] : {std::pair{fit_.effective_treated, "treated"},
                                     std::pair{fit_.effective_controls, "controls"}}) {
      if (size >= 10.0) continue;
      fit_.warnings.push_back(fmt::format(
          "the weights leave {} only {:.1f} rows' worth of information: errors are too small", name,
          size));
    }
  }

  const AverageEffectData& data_;
  const AverageEffectSpec& spec_;
  const Context& context_;
  std::size_t n_;
  ArmWeights weights_;
  std::array<std::vector<double>, 2> c_treatment_;
  AverageEffectFit fit_;
};

}  // namespace

std::string_view effect_method_name(EffectMethod method) {
  return kMethods[static_cast<std::size_t>(method)];
}
EffectMethod parse_effect_method(std::string_view name) {
  return parse_choice<EffectMethod>(kMethods, name, "method", "method");
}
std::string_view weighting_name(Weighting weighting) {
  return kWeightings[static_cast<std::size_t>(weighting)];
}
Weighting parse_weighting(std::string_view name) {
  return parse_choice<Weighting>(kWeightings, name, "weighting", "weighting");
}

AverageEffectFit average_effect(const AverageEffectData& data, const AverageEffectSpec& spec,
                                const Context& context) {
  return Estimator(data, spec, context).run();
}

}  // namespace impact
