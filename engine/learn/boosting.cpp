#include "engine/learn/boosting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <set>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/boosting_json.h"
#include "engine/learn/boosting_objective.h"
#include "engine/learn/boosting_options.h"
#include "engine/learn/xgboost_session.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

using detail::XgbBooster;
using detail::XgbMatrix;

constexpr std::size_t kBlock = 64;
constexpr double kValidationShare = 0.1;

// Rows that count, and why others do not.
struct Used {
  std::vector<std::uint32_t> rows;
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  std::string first_infinite = {};  // Where the first of them is.
};

// From here on, doubles round to infinity in single precision.
constexpr double kBeyondSingle = 0x1.ffffffp127;

bool single(double x) { return std::abs(x) < kBeyondSingle; }

std::string infinite_place(const FeatureColumns& features, double outcome, std::uint32_t row) {
  for (std::size_t j = 0; j < features.columns; ++j) {
    if (std::abs(features.column(j)[row]) >= kBeyondSingle) {
      return fmt::format("'{}'", features.name(j));
    }
  }
  return single(outcome) ? "the weights" : "what is predicted";
}

Used used_rows(const FeatureColumns& features, std::span<const double> outcome,
               std::span<const std::uint32_t> rows, std::span<const double> weights) {
  Used used;
  std::vector<std::uint8_t> infinite(outcome.size(), 0);
  for (std::size_t j = 0; j < features.columns; ++j) {
    const auto column = features.column(j);
    for (std::size_t i = 0; i < column.size(); ++i) {
      // False of NaN, which trees take.
      infinite[i] |= static_cast<std::uint8_t>(std::abs(column[i]) >= kBeyondSingle);
    }
  }
  for (const auto i : rows) {
    if (i >= outcome.size()) {
      throw ArgumentError({.what = "no such row",
                           .where = "rows",
                           .got = std::to_string(std::size_t{i} + 1),
                           .expected = fmt::format("1 to {}", outcome.size())});
    }
    const double w = weights.empty() ? 1.0 : weights[i];
    if (std::isnan(outcome[i]) || std::isnan(w)) {
      ++used.missing;
    } else if (!single(outcome[i]) || !single(w) || infinite[i] != 0) {
      if (used.infinite++ == 0) used.first_infinite = infinite_place(features, outcome[i], i);
    } else if (w > 0.0) {
      used.rows.push_back(i);
    }
  }
  return used;
}

// Row by row in single precision, a block of rows at a time so that both sides stay in cache.
std::vector<float> gather(const FeatureColumns& features, std::span<const std::uint32_t> rows) {
  std::vector<float> x(rows.size() * features.columns);
  for (std::size_t begin = 0; begin < rows.size(); begin += kBlock) {
    const std::size_t end = std::min(rows.size(), begin + kBlock);
    for (std::size_t j = 0; j < features.columns; ++j) {
      const auto column = features.column(j);
      for (std::size_t i = begin; i < end; ++i) {
        x[i * features.columns + j] = static_cast<float>(column[rows[i]]);
      }
    }
  }
  return x;
}

// Outcome or weights of the rows.
std::vector<double> picked(std::span<const double> values, std::span<const std::uint32_t> rows) {
  std::vector<double> result;
  if (values.empty()) return result;
  result.reserve(rows.size());
  for (const auto i : rows) result.push_back(values[i]);
  return result;
}

std::vector<float> singles(std::span<const double> values) {
  std::vector<float> result(values.size());
  std::ranges::transform(values, result.begin(), [](double v) { return static_cast<float>(v); });
  return result;
}

// Codes that occur in each category column; refuses what is no code.
std::vector<std::vector<std::uint32_t>> levels_of(const FeatureColumns& features,
                                                  std::span<const std::string> names,
                                                  const BoostingSpec& spec,
                                                  std::span<const std::uint32_t> rows) {
  std::vector<std::vector<std::uint32_t>> levels(features.columns);
  for (const std::string& name : spec.categories) {
    const std::size_t j = detail::column_at(names, name, "categories");
    std::set<std::uint32_t> codes;
    for (const auto i : rows) {
      const double x = features.column(j)[i];
      if (std::isnan(x)) continue;
      if (!(x >= 0.0 && x < 16777216.0 && x == std::floor(x))) {
        throw ArgumentError({.what = fmt::format("'{}' holds what is no code of a category", name),
                             .where = fmt::format("row {}", std::size_t{i} + 1),
                             .got = format_double(x),
                             .expected = "0, 1, 2, ... below 2^24, or missing"});
      }
      codes.insert(static_cast<std::uint32_t>(x));
    }
    levels[j].assign(codes.begin(), codes.end());
  }
  return levels;
}

void warn_constant(const FeatureColumns& features, std::span<const std::string> names,
                   std::span<const std::uint32_t> rows, std::vector<std::string>& warnings) {
  std::vector<std::string> constant;
  for (std::size_t j = 0; j < features.columns; ++j) {
    const auto column = features.column(j);
    const double first = column[rows.front()];
    const bool same = std::ranges::all_of(rows, [&](std::uint32_t i) {
      return column[i] == first || (std::isnan(first) && std::isnan(column[i]));
    });
    if (same) constant.push_back(names[j]);
  }
  if (constant.empty()) return;
  warnings.push_back(
      fmt::format("constant in the training rows, so of no use: {}", list_words(constant)));
}

std::vector<std::string> column_names(const FeatureColumns& features) {
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  names.reserve(features.columns);
  for (std::size_t j = 0; j < features.columns; ++j) names.push_back(features.name(j));
  for (const std::string& name : names) {
    const bool control = std::ranges::any_of(
        name, [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == '\x7F'; });
    if (!seen.insert(name).second || control || find_invalid_utf8(name)) {
      throw ArgumentError({.what = "a model knows its columns by name",
                           .where = "names",
                           .got = name,
                           .expected = "distinct names without control characters, in UTF-8"});
    }
  }
  return names;
}

// Name of the metric that is the user's loss.
constexpr std::string_view kOwnMetric = "loss";

// The loss of the user: derivatives times weights, in single precision.
class OwnLoss {
 public:
  OwnLoss(const BoostingSpec& spec, std::span<const double> outcome,
          std::span<const double> weights)
      : spec_(spec),
        outcome_(outcome),
        weights_(weights),
        sum_(outcome.size()),
        gradient_(outcome.size()),
        hessian_(outcome.size()) {}

  void update(XgbBooster& booster, const XgbMatrix& train) {
    const auto sums = booster.sums(train, true);
    std::ranges::copy(sums, sum_.begin());
    spec_.gradient(sum_, outcome_, gradient_, hessian_);
    for (std::size_t i = 0; i < sum_.size(); ++i) {
      const double w = weights_.empty() ? 1.0 : weights_[i];
      gradient_[i] *= w;
      hessian_[i] *= w;
      if (single(gradient_[i]) && single(hessian_[i]) && hessian_[i] >= 0.0) continue;
      throw ArgumentError(
          {.what = "the loss has no such derivatives",
           .where = fmt::format("sum {}, outcome {}", format_double(sum_[i]),
                                format_double(outcome_[i])),
           .got = fmt::format("{}, {}", format_double(gradient_[i]), format_double(hessian_[i])),
           .expected = "a finite gradient and a finite hessian of 0 or more"});
    }
    auto gradient = singles(gradient_);
    auto hessian = singles(hessian_);
    booster.update(train, gradient, hessian);
  }

 private:
  const BoostingSpec& spec_;
  std::span<const double> outcome_;
  std::span<const double> weights_;
  std::vector<double> sum_;
  std::vector<double> gradient_;
  std::vector<double> hessian_;
};

// The metric on rows that are not trained on, round by round.
class Judge {
 public:
  Judge(const BoostingSpec& spec, const detail::BoostingObjective& objective, std::string metric,
        std::span<const double> outcome, std::span<const double> weights)
      : spec_(spec),
        objective_(objective),
        metric_(std::move(metric)),
        outcome_(outcome),
        weights_(weights) {}

  // Whether to go on.
  bool look(const XgbBooster& booster, const XgbMatrix& rows) {
    const auto sums = booster.sums(rows);
    const double value =
        metric_ == kOwnMetric
            ? spec_.loss(std::vector<double>(sums.begin(), sums.end()), outcome_, weights_)
            : detail::boosting_metric(metric_, spec_, objective_, sums, outcome_, weights_);
    history_.push_back(value);
    const int round = static_cast<int>(history_.size()) - 1;
    const bool better = metric_ == "auc" ? value > best_value_ : value < best_value_;
    if (best_ < 0 || better) {
      best_ = round;
      best_value_ = value;
    }
    return spec_.patience == 0 || round - best_ < spec_.patience;
  }
  [[nodiscard]] int best() const { return best_; }
  [[nodiscard]] std::vector<double> take_history() { return std::move(history_); }

 private:
  const BoostingSpec& spec_;
  const detail::BoostingObjective& objective_;
  std::string metric_;
  std::span<const double> outcome_;
  std::span<const double> weights_;
  std::vector<double> history_;
  int best_ = -1;
  double best_value_ = 0.0;
};

// A model can be gone on from where its trees mean the same.
void check_start(const BoostingModel& start, const BoostingSpec& spec,
                 const std::vector<std::string>& names,
                 const std::vector<std::vector<std::uint32_t>>& levels) {
  const auto refuse = [](const char* what, std::string got, std::string expected) {
    throw ArgumentError(
        {.what = what, .where = "start", .got = std::move(got), .expected = std::move(expected)});
  };
  if (start.objective != spec.objective) {
    refuse("the model to go on from has another objective", start.objective, spec.objective);
  }
  if (start.columns != names) {
    refuse("the model to go on from has other columns", list_words(start.columns),
           list_words(names));
  }
  if (static_cast<int>(start.trees.outputs) != std::max(1, spec.classes)) {
    refuse("the model to go on from has another number of classes",
           std::to_string(start.trees.outputs), std::to_string(spec.classes));
  }
  // Codes of categories are places among the levels, so the levels must be the same.
  if (!spec.categories.empty() && start.levels != levels) {
    refuse("the model to go on from knows other categories", "", "the same levels");
  }
}

}  // namespace

BoostingModel fit_boosting(const FeatureColumns& features, std::span<const double> outcome,
                           std::span<const std::uint32_t> rows, const BoostingSpec& spec,
                           std::span<const double> weights, StreamKey key, const Context& context) {
  check_features(features, outcome.size());
  require_optional_length("weights", weights.size(), outcome.size());
  require_weights(weights);
  if (features.columns == 0) {
    throw ArgumentError({.what = "there is no column to learn from", .where = "features"});
  }
  const auto names = column_names(features);
  // 31 bits: what XGBoost multiplies before it adds the round.
  const auto seed = static_cast<std::int64_t>(Stream(key).next_u32() >> 1U);
  auto options = detail::boosting_options(spec, names, seed);
  const auto& objective = detail::boosting_objective(spec.objective);

  BoostingModel model;
  model.objective = spec.objective;
  model.columns = names;
  const Used used = used_rows(features, outcome, rows, weights);
  model.n = static_cast<std::int64_t>(used.rows.size());
  detail::warn_missing(model.warnings, used.missing);
  if (used.infinite > 0) {
    model.warnings.push_back(fmt::format(
        "{} left out: a number is infinite in single precision, first in {}; make such numbers "
        "missing, which trees learn from, or filter the rows out",
        detail::plural(used.infinite, "row was", "rows were"), used.first_infinite));
  }
  model.trees.columns = features.columns;
  model.trees.outputs = static_cast<std::size_t>(std::max(1, spec.classes));
  model.levels = levels_of(features, names, spec, used.rows);
  if (used.rows.empty()) {
    model.warnings.emplace_back("there is no row to learn from");
    model.trees.base = std::numeric_limits<float>::quiet_NaN();
    return model;
  }
  detail::check_outcome(objective, spec.classes, outcome, used.rows);
  warn_constant(features, names, used.rows, model.warnings);
  const auto y = picked(outcome, used.rows);
  const auto w = picked(weights, used.rows);
  if (std::ranges::all_of(y, [&](double value) { return value == y.front(); })) {
    model.warnings.emplace_back("the outcome has one value in all training rows");
  }

  // XGBoost is told of the kinds of columns only where there are categories.
  std::vector<std::string> kinds;
  for (std::size_t j = 0; j < names.size() && !spec.categories.empty(); ++j) {
    kinds.emplace_back(std::ranges::find(spec.categories, names[j]) != spec.categories.end() ? "c"
                                                                                             : "q");
  }
  const auto matrix = [&](std::span<const std::uint32_t> of) {
    auto result = std::make_unique<XgbMatrix>(gather(features, of), of.size(), features.columns);
    if (!kinds.empty()) result->set_columns("feature_type", kinds);
    return result;
  };
  const auto train = matrix(used.rows);
  train->set_numbers("label", singles(y));
  if (!w.empty()) train->set_numbers("weight", singles(w));
  std::vector<const XgbMatrix*> known = {train.get()};
  std::unique_ptr<XgbMatrix> held_out;
  std::vector<double> held_y;
  std::vector<double> held_w;
  if (!spec.validation.empty()) {
    const Used held = used_rows(features, outcome, spec.validation, weights);
    if (held.rows.empty()) {
      throw ArgumentError({.what = "no validation row can be judged by",
                           .where = "validation",
                           .got = fmt::format("{} rows", spec.validation.size()),
                           .expected = "rows with an outcome, finite numbers and a weight"});
    }
    detail::check_outcome(objective, spec.classes, outcome, held.rows);
    held_out = matrix(held.rows);
    held_y = picked(outcome, held.rows);
    held_w = picked(weights, held.rows);
    known.push_back(held_out.get());
    const std::string_view otherwise = spec.loss ? kOwnMetric : objective.metric;
    model.metric = spec.metric.empty() ? std::string(otherwise) : spec.metric;
  }

  if (spec.start != nullptr) check_start(*spec.start, spec, names, model.levels);
  const std::string before = spec.start == nullptr ? std::string() : spec.start->json;
  const int rounds_before =
      spec.start == nullptr
          ? 0
          : static_cast<int>(spec.start->trees.trees.size() / model.trees.outputs);
  XgbBooster booster(known, options, before);
  OwnLoss own(spec, y, w);
  Judge judge(spec, objective, model.metric, held_y, held_w);
  for (int round = 0; round < spec.rounds; ++round) {
    context.check();
    if (context.progress != nullptr) {
      context.progress->report("boosting", static_cast<double>(round) / spec.rounds);
    }
    if (spec.gradient) {
      own.update(booster, *train);
    } else {
      booster.update(rounds_before + round, *train);
    }
    if (held_out && !judge.look(booster, *held_out)) break;
  }
  model.history = judge.take_history();
  if (spec.patience > 0) {
    model.best_round = judge.best();
    if (std::ranges::any_of(model.history, [](double value) { return std::isnan(value); })) {
      model.warnings.push_back(fmt::format(
          "the metric '{}' is undefined on the validation rows in some rounds", model.metric));
    }
    if (model.best_round + 1 < static_cast<int>(model.history.size())) {
      booster.keep_rounds(rounds_before + model.best_round + 1);
    }
  }
  booster.set_columns("feature_name", names);
  if (!kinds.empty()) booster.set_columns("feature_type", kinds);
  booster.set_attribute(detail::kSealAttribute, detail::empty_seal());
  if (!spec.categories.empty()) {
    booster.set_attribute(detail::kLevelsAttribute, detail::write_levels(model.levels));
  }
  model.json = booster.json();
  detail::seal(model.json);
  model.trees = detail::read_boosting(model.json, "boosting").model.trees;
  return model;
}

Learner boosting_learner(const FeatureColumns& features, std::span<const double> outcome,
                         const BoostingSpec& spec, std::span<const double> weights) {
  if (spec.objective == "multi:softprob") {
    throw ArgumentError({.what = "a learner predicts one number a row",
                         .where = "objective",
                         .got = spec.objective,
                         .expected = "multi:softmax for the class, or one model a class"});
  }
  return [=](std::span<const std::uint32_t> rows, StreamKey key, const Context& context) {
    BoostingSpec own = spec;
    Split split;
    if (spec.patience > 0 && spec.validation.empty()) {
      split = draw_split(rows.size(), {.test_share = kValidationShare}, key.child("validation"));
      for (auto* side : {&split.train, &split.test}) {
        for (auto& i : *side) i = rows[i];
      }
      own.validation = split.test;
      rows = split.train;
    }
    const auto model = std::make_shared<BoostingModel>(
        fit_boosting(features, outcome, rows, own, weights, key, context));
    FittedModel fitted;
    fitted.warnings = model->warnings;
    fitted.predict = [features, model](std::span<const std::uint32_t> asked,
                                       std::span<double> prediction) {
      model->predict(features, asked, prediction);
    };
    return fitted;
  };
}

}  // namespace impact
