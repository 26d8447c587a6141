#include "engine/learn/perceptron.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/learn/folds.h"
#include "engine/learn/left_out.h"
#include "engine/learn/perceptron_descent.h"
#include "engine/learn/perceptron_network.h"
#include "engine/learn/perceptron_training.h"
#include "engine/learn/perceptron_weights.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void refuse(const char* where, const std::string& got, const char* expected) {
  throw ArgumentError({.what = "an option of the perceptron is out of range",
                       .where = where,
                       .got = got,
                       .expected = expected});
}

void check_spec(const PerceptronSpec& s) {
  for (const auto units : s.hidden) {
    if (units < 1 || units > 65536) refuse("hidden", std::to_string(units), "1 to 65536 units");
  }
  if (!(s.dropout >= 0.0 && s.dropout <= 0.99)) {
    refuse("dropout", format_double(s.dropout), "in [0, 0.99]");
  }
  if (s.batch_size < 1) refuse("batch_size", "0", "1 or more");
  if (s.epochs < 1) refuse("epochs", std::to_string(s.epochs), "1 or more");
  if (!(s.huber_delta > 0.0 && std::isfinite(s.huber_delta))) {
    refuse("huber_delta", format_double(s.huber_delta), "more than 0");
  }
  if (!(s.validation_share >= 0.0 && s.validation_share < 1.0)) {
    refuse("validation_share", format_double(s.validation_share), "in [0, 1)");
  }
  if (s.validation_share > 0.0 && !s.validation.empty()) {
    refuse("validation_share", format_double(s.validation_share), "0 where rows are given");
  }
  if (s.patience < 0) refuse("patience", std::to_string(s.patience), "0 or more");
  if (s.patience > 0 && s.validation_share == 0.0 && s.validation.empty()) {
    refuse("patience", std::to_string(s.patience), "0 without rows to judge by");
  }
  if (!(s.min_delta >= 0.0 && std::isfinite(s.min_delta))) {
    refuse("min_delta", format_double(s.min_delta), "0 or more");
  }
  detail::check_optimiser(s.optimiser);
  detail::check_schedule(s.schedule);
}

// What is learned from, whether classes or numbers; -1: a missing label.
struct Outcome {
  std::span<const std::int32_t> label = {};
  std::span<const double> number = {};
  [[nodiscard]] bool classes() const { return number.data() == nullptr; }
  [[nodiscard]] std::size_t size() const { return classes() ? label.size() : number.size(); }
  [[nodiscard]] bool known(std::size_t i) const {
    return classes() ? label[i] >= 0 : std::isfinite(number[i]);
  }
  [[nodiscard]] double value(std::size_t i) const { return classes() ? label[i] : number[i]; }
};

// Rows of use, as given.
struct Used {
  std::vector<std::uint32_t> train, validation;
};

std::vector<std::uint32_t> usable(const FeatureColumns& features, const Outcome& outcome,
                                  std::span<const std::uint32_t> rows,
                                  std::span<const double> weights, detail::LeftOutRows& gone) {
  std::vector<std::uint32_t> used;
  used.reserve(rows.size());
  for (const auto i : rows) {
    if (i >= outcome.size()) {
      throw ArgumentError({.what = "there is no such row",
                           .where = "rows",
                           .got = std::to_string(std::size_t{i} + 1),
                           .expected = fmt::format("1 to {}", outcome.size())});
    }
    bool whole = outcome.known(i);
    for (std::size_t j = 0; j < features.columns; ++j) {
      whole = whole && std::isfinite(features.column(j)[i]);
    }
    const double w = weights.empty() ? 1.0 : weights[i];
    if (!whole || std::isnan(w)) {
      gone.add(i, outcome.classes() ? 0.0 : outcome.number[i]);
    } else if (w > 0.0) {
      used.push_back(i);
    }
  }
  return used;
}

Used choose_rows(const FeatureColumns& features, const Outcome& outcome,
                 std::span<const std::uint32_t> rows, const PerceptronSpec& spec,
                 std::span<const double> weights, StreamKey key, Perceptron& model) {
  detail::LeftOutRows gone(features);
  Used used;
  used.train = usable(features, outcome, rows, weights, gone);
  used.validation = usable(features, outcome, spec.validation, weights, gone);
  gone.warn(model.warnings);
  if (!spec.validation.empty() && used.validation.empty()) {
    model.warnings.emplace_back(
        "none of the rows to judge epochs by is of use: all epochs are run");
  }
  if (spec.validation_share == 0.0) return used;
  if (used.train.size() < 2) {
    model.warnings.emplace_back("too few rows to keep some for validation");
    return used;
  }
  std::vector<std::int32_t> strata;
  if (outcome.classes()) {
    for (const auto i : used.train) strata.push_back(outcome.label[i]);
  }
  const Split split =
      draw_split(used.train.size(), {.test_share = spec.validation_share, .strata = strata},
                 key.child("validation"));
  const std::vector<std::uint32_t> all = std::exchange(used.train, {});
  for (const auto i : split.train) used.train.push_back(all[i]);
  for (const auto i : split.test) used.validation.push_back(all[i]);
  return used;
}

// Weight of each class: given, balanced, or 1.
std::vector<double> class_factors(const Outcome& outcome, const Used& used,
                                  const PerceptronSpec& spec, std::span<const double> weights,
                                  std::size_t classes) {
  std::vector<double> factor(classes, 1.0);
  if (!spec.class_weights.empty()) {
    if (spec.class_weights.size() != classes) {
      refuse("class_weights", std::to_string(spec.class_weights.size()), "one a class");
    }
    for (const double w : spec.class_weights) {
      if (!(w > 0.0 && std::isfinite(w))) {
        refuse("class_weights", format_double(w), "more than 0");
      }
    }
    factor = spec.class_weights;
  }
  if (!spec.balanced) return factor;
  std::vector<double> total(classes, 0.0);
  for (const auto i : used.train) {
    const auto k = static_cast<std::size_t>(outcome.label[i]);
    total[k] += factor[k] * (weights.empty() ? 1.0 : weights[i]);
  }
  const double all = std::accumulate(total.begin(), total.end(), 0.0);
  for (std::size_t k = 0; k < classes; ++k) {
    if (total[k] > 0.0) factor[k] *= all / (static_cast<double>(classes) * total[k]);
  }
  return factor;
}

void scale_columns(const FeatureColumns& features, const Used& used, const PerceptronSpec& spec,
                   Perceptron& model) {
  std::vector<std::string> constant;
  for (std::size_t j = 0; j < features.columns; ++j) {
    if (spec.start != nullptr) continue;
    model.centre.push_back(0.0);
    model.scale.push_back(1.0);
    if (!spec.standardise) continue;
    ExactMoments moments;
    for (const auto i : used.train) moments.add(features.column(j)[i]);
    const double sd = std::sqrt(moments.variance(0));
    model.centre[j] = moments.mean();
    model.scale[j] = sd > 0.0 && std::isfinite(sd) ? sd : kNaN;
    if (!(sd > 0.0)) constant.push_back(features.name(j));
  }
  if (!constant.empty()) {
    model.warnings.push_back(
        fmt::format("constant in the training rows, so of no use: {}", list_words(constant)));
  }
}

template <class T>
detail::PerceptronTraining<T> gather(const FeatureColumns& features, const Outcome& outcome,
                                     const Used& used, std::span<const double> weights,
                                     const std::vector<double>& factor, std::size_t stride,
                                     Perceptron& model) {
  detail::PerceptronTraining<T> t;
  const std::size_t rows = used.train.size() + used.validation.size();
  t.x.resize(rows * stride);
  t.y.reserve(rows);
  t.w.reserve(rows);
  std::int64_t beyond = 0;
  const auto put = [&](std::uint32_t i, std::vector<std::uint32_t>& places) {
    const auto place = static_cast<std::uint32_t>(t.y.size());
    T* x = t.x.data() + std::size_t{place} * stride;
    if (!detail::put_row(model, features, i, x)) {
      std::fill_n(x, stride, T{0});
      ++beyond;
      return;
    }
    const double y = outcome.value(i);
    const double w = weights.empty() ? 1.0 : weights[i];
    t.y.push_back(outcome.classes() ? y : (y - model.outcome_centre) / model.outcome_scale);
    t.w.push_back(outcome.classes() ? w * factor[static_cast<std::size_t>(outcome.label[i])] : w);
    places.push_back(place);
  };
  for (const auto i : used.train) put(i, t.train);
  for (const auto i : used.validation) put(i, t.validation);
  if (beyond > 0) {
    model.warnings.push_back(fmt::format("{} left out: too large for single precision",
                                         detail::plural(beyond, "row was", "rows were")));
  }
  return t;
}

// Uniform on +-bound by layers, weights by outputs, then biases.
void draw_weights(const std::vector<std::size_t>& units, const PerceptronSpec& spec, StreamKey key,
                  Perceptron& model) {
  for (std::size_t l = 0; l + 1 < units.size(); ++l) {
    PerceptronLayer& layer = model.layers.emplace_back();
    layer.inputs = units[l];
    layer.outputs = units[l + 1];
    const auto in = static_cast<double>(units[l]);
    const auto out = static_cast<double>(units[l + 1]);
    const bool linear = spec.initial == InitialWeights::kLinear;
    const bool xavier = spec.initial == InitialWeights::kXavier;
    const double bound = std::sqrt(linear ? 1.0 / in : 6.0 / (xavier ? in + out : in));
    Stream stream(key.child("weights"), l);
    layer.weight.resize(layer.inputs * layer.outputs);
    for (double& w : layer.weight) w = stream.uniform(-bound, bound);
    layer.bias.assign(layer.outputs, 0.0);
    if (linear) {
      for (double& b : layer.bias) b = stream.uniform(-bound, bound);
    }
    if (!spec.batch_norm || l + 2 == units.size()) continue;
    layer.gamma.assign(layer.outputs, 1.0);
    layer.beta.assign(layer.outputs, 0.0);
    layer.running_mean.assign(layer.outputs, 0.0);
    layer.running_variance.assign(layer.outputs, 1.0);
  }
}

void take_start(const std::vector<std::size_t>& units, const PerceptronSpec& spec,
                Perceptron& model) {
  const Perceptron& start = *spec.start;
  bool same = start.layers.size() + 1 == units.size() && start.centre.size() == units[0] &&
              start.activation == spec.activation && start.classes == model.classes &&
              (model.classes > 0 || start.loss == spec.loss);
  for (std::size_t l = 0; same && l < start.layers.size(); ++l) {
    const bool norm = spec.batch_norm && l + 1 < start.layers.size();
    same = start.layers[l].inputs == units[l] && start.layers[l].outputs == units[l + 1] &&
           start.layers[l].gamma.empty() != norm;
  }
  if (!same) {
    throw ArgumentError({.what = "the model to go on from has another shape",
                         .where = "start",
                         .expected = "the same columns, layers, activation and loss"});
  }
  model.layers = start.layers;
}

detail::OutputLoss output_loss(const Perceptron& model) {
  if (model.classes > 0) {
    return model.classes == 2 ? detail::OutputLoss::kBinary : detail::OutputLoss::kMulticlass;
  }
  switch (model.loss) {
    case PerceptronLoss::kSquared: return detail::OutputLoss::kSquared;
    case PerceptronLoss::kAbsolute: return detail::OutputLoss::kAbsolute;
    case PerceptronLoss::kHuber: return detail::OutputLoss::kHuber;
    case PerceptronLoss::kPoisson: break;
  }
  return detail::OutputLoss::kPoisson;
}

Perceptron fit(const FeatureColumns& features, const Outcome& outcome,
               std::span<const std::uint32_t> rows, const PerceptronSpec& spec,
               std::span<const double> weights, StreamKey key, const Context& context) {
  check_features(features, outcome.size());
  require_optional_length("weights", weights.size(), outcome.size());
  require_weights(weights);
  check_spec(spec);
  if (features.columns == 0) {
    throw ArgumentError({.what = "there is no column to learn from", .where = "features"});
  }
  Perceptron model;
  model.activation = spec.activation;
  model.loss = spec.loss;
  model.double_precision = spec.double_precision;
  const Used used = choose_rows(features, outcome, rows, spec, weights, key, model);
  model.n = static_cast<std::int64_t>(used.train.size());

  std::vector<double> factor;
  if (outcome.classes()) {
    model.classes = std::max<std::size_t>(spec.classes, 2);
    for (const auto* part : {&used.train, &used.validation}) {
      for (const auto i : *part) {
        const std::size_t needed = static_cast<std::size_t>(outcome.label[i]) + 1;
        if (spec.classes == 0) model.classes = std::max(model.classes, needed);
        if (needed > model.classes) {
          throw ArgumentError({.what = "a label is beyond the number of classes",
                               .where = fmt::format("row {}", std::size_t{i} + 1),
                               .got = std::to_string(outcome.label[i]),
                               .expected = fmt::format("0 to {}", model.classes - 1)});
        }
      }
    }
    factor = class_factors(outcome, used, spec, weights, model.classes);
  } else if (spec.loss == PerceptronLoss::kPoisson) {
    for (const auto* part : {&used.train, &used.validation}) {
      for (const auto i : *part) {
        if (outcome.number[i] >= 0.0) continue;
        throw ArgumentError({.what = "a count is not negative",
                             .where = fmt::format("row {}", std::size_t{i} + 1),
                             .got = format_double(outcome.number[i]),
                             .expected = "0 or more with the Poisson loss"});
      }
    }
  }
  if (spec.start != nullptr) {
    model.centre = spec.start->centre;
    model.scale = spec.start->scale;
    model.outcome_centre = spec.start->outcome_centre;
    model.outcome_scale = spec.start->outcome_scale;
  }
  scale_columns(features, used, spec, model);
  std::vector<std::size_t> units = {features.columns};
  units.insert(units.end(), spec.hidden.begin(), spec.hidden.end());
  units.push_back(model.outputs());
  if (spec.start != nullptr) take_start(units, spec, model);

  if (used.train.empty()) {
    model.layers.clear();
    model.constant.assign(model.outputs(), kNaN);
    model.warnings.emplace_back("there is no row to learn from");
    return model;
  }
  const double first = outcome.value(used.train[0]);
  const bool one = std::all_of(used.train.begin(), used.train.end(),
                               [&](auto i) { return outcome.value(i) == first; });
  if (one && spec.start == nullptr) {
    model.constant.assign(model.outputs(), model.classes > 2 ? 0.0 : first);
    if (model.classes > 2) model.constant[static_cast<std::size_t>(first)] = 1.0;
    model.warnings.emplace_back(outcome.classes()
                                    ? "all training rows are of one class: every row is called so"
                                    : "the outcome is constant in the training rows: every row "
                                      "is predicted so");
    return model;
  }
  if (!outcome.classes() && spec.standardise_outcome && spec.start == nullptr &&
      spec.loss != PerceptronLoss::kPoisson) {
    ExactMoments moments;
    for (const auto i : used.train) moments.add(outcome.number[i]);
    const double sd = std::sqrt(moments.variance(0));
    model.outcome_centre = moments.mean();
    if (sd > 0.0 && std::isfinite(sd)) model.outcome_scale = sd;
  }
  if (spec.start == nullptr) draw_weights(units, spec, key, model);
  detail::NetworkPlan plan = detail::plan_of(model);
  plan.drop_below = static_cast<std::uint32_t>(std::lround(spec.dropout * 65536.0));
  plan.loss.kind = output_loss(model);
  plan.loss.delta = spec.huber_delta;
  const auto learn = [&]<class T>(T /*precision*/) {
    const detail::PerceptronTraining<T> t =
        gather<T>(features, outcome, used, weights, factor, plan.layers[0].in_stride, model);
    model.n = static_cast<std::int64_t>(t.train.size());
    if (t.train.empty()) {
      model.layers.clear();
      model.constant.assign(model.outputs(), kNaN);
      model.warnings.emplace_back("there is no row to learn from");
      return;
    }
    detail::train(t, spec, plan, key, context, model);
  };
  if (spec.double_precision) {
    learn(0.0);
  } else {
    learn(0.0F);
  }
  return model;
}

}  // namespace

Perceptron fit_perceptron(const FeatureColumns& features, std::span<const double> outcome,
                          std::span<const std::uint32_t> rows, const PerceptronSpec& spec,
                          std::span<const double> weights, StreamKey key, const Context& context) {
  // An empty vector may have no address.
  static constexpr double kNone = 0.0;
  const std::span<const double> number =
      outcome.empty() ? std::span<const double>(&kNone, 0) : outcome;
  return fit(features, {.number = number}, rows, spec, weights, key, context);
}

Perceptron fit_perceptron(const FeatureColumns& features, std::span<const std::int32_t> label,
                          std::span<const std::uint32_t> rows, const PerceptronSpec& spec,
                          std::span<const double> weights, StreamKey key, const Context& context) {
  return fit(features, {.label = label}, rows, spec, weights, key, context);
}

Learner perceptron_learner(const FeatureColumns& features, std::span<const std::int32_t> label,
                           const PerceptronSpec& spec, std::span<const double> weights) {
  return [=](std::span<const std::uint32_t> rows, StreamKey key, const Context& context) {
    const auto model = std::make_shared<Perceptron>(
        fit_perceptron(features, label, rows, spec, weights, key, context));
    if (model->classes > 2) {
      throw ArgumentError({.what = "cross-validation is for two classes",
                           .where = "classes",
                           .got = std::to_string(model->classes),
                           .expected = "2"});
    }
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
