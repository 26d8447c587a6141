#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "engine/core/error.h"
#include "engine/learn/folds.h"
#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/level_codes.h"
#include "engine/learn/prepare/step_tools.h"

/// `target` gives each text a smoothed mean of the outcome in the training rows of its level; of
/// two classes the share of class 1, of more a column for the share of each, "tier of class 0", ...
///   smooth  "auto" (default): the empirical Bayes weight of a level with n rows, l = n v / (n v +
///           s), with v the variance of the outcome and s its variance in the level, both over n:
///           l mean of level + (1 - l) mean; or a number m >= 0: (sum of level + m mean) / (n + m)
///   folds   (5) of the training rows: a row of StepResult.training is encoded by what the other
///           folds say, so its own outcome has no part in it
/// Missing texts are a level; levels the training rows don't have get the mean. Folds keep shares
/// of classes, and groups together. Weights count. Rows without an outcome are not learned from.
/// Source: Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes",
/// SIGKDD Explorations 3 (2001), as in scikit-learn's TargetEncoder.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;
constexpr std::int64_t kMostFolds = 1000;

// What one output says of one column: a value a level, then missing, then unseen.
using Encoding = std::vector<double>;

class Target final : public PreparedStep {
 public:
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::string>> levels = {};
  std::size_t outputs = 1;
  std::vector<Encoding> encodings = {};  // Column by column, an output after the other.

  FeatureTable bake(const FeatureTable& features, const Context&) const override {
    TableEdit table(features, "target");
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const Feature& column = table.column(columns[k], ColumnType::kText);
      const auto places = places_in(column, levels[k]);
      std::vector<Feature> out;
      for (std::size_t m = 0; m < outputs; ++m) {
        out.push_back(encoded(column, places, encodings[k * outputs + m]));
        if (outputs > 1) out.back().name.append(" of class ").append(std::to_string(m));
      }
      table.replace(columns[k], std::move(out));
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step target", .version = kVersion};
    file.header["columns"] = columns;
    file.header["levels"] = levels;
    file.header["outputs"] = outputs;
    std::vector<double> values;
    for (const Encoding& each : encodings) values.insert(values.end(), each.begin(), each.end());
    file.blocks["values"] = std::move(values);
    return file;
  }

 private:
  static Feature encoded(const Feature& column, const std::vector<std::int32_t>& places,
                         const Encoding& encoding) {
    const std::size_t unseen = encoding.size() - 1;
    Feature out{.name = column.name, .role = column.role};
    out.numbers.reserve(column.codes.size());
    for (const std::int32_t code : column.codes) {
      std::size_t at = unseen - 1;
      if (code >= 0) {
        const std::int32_t known = places[static_cast<std::size_t>(code)];
        at = known < 0 ? unseen : static_cast<std::size_t>(known);
      }
      out.numbers.push_back(encoding[at]);
    }
    return out;
  }
};

struct Smoothing {
  bool automatic = true;
  double rows = 0.0;  // Of the mean.
};

// Weight, sum and sum of squares about a centre of the outcomes of one level.
struct Outcomes {
  double weight = 0.0;
  double mean = 0.0;
  double square = 0.0;
};

// Two passes, in the order of rows: means, then squares about them.
std::vector<Outcomes> outcomes_of(const Feature& column, std::span<const double> y,
                                  std::span<const double> weight) {
  const std::size_t missing = column.levels.size();
  std::vector<Outcomes> out(missing + 2);  // Levels, missing, all.
  const auto each = [&](auto&& add) {
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (!(weight[i] > 0.0)) continue;
      const auto code = column.codes[i];
      add(out[code < 0 ? missing : static_cast<std::size_t>(code)], i);
      add(out.back(), i);
    }
  };
  each([&](Outcomes& of, std::size_t i) {
    of.weight += weight[i];
    of.mean += weight[i] * y[i];
  });
  for (Outcomes& of : out) {
    if (of.weight > 0.0) of.mean /= of.weight;
  }
  each([&](Outcomes& of, std::size_t i) {
    of.square += weight[i] * ((y[i] - of.mean) * (y[i] - of.mean));
  });
  return out;
}

Encoding encoding_of(const Feature& column, std::span<const double> y,
                     std::span<const double> weight, const Smoothing& smoothing) {
  const auto outcomes = outcomes_of(column, y, weight);
  const Outcomes& all = outcomes.back();
  const double variance = all.weight > 0.0 ? all.square / all.weight : 0.0;
  Encoding out;
  for (std::size_t k = 0; k + 1 < outcomes.size(); ++k) {
    const Outcomes& of = outcomes[k];
    double share = 0.0;  // Of the level's own mean.
    if (of.weight > 0.0) {
      const double other = smoothing.automatic ? of.square / of.weight : smoothing.rows;
      const double own = smoothing.automatic ? of.weight * variance : of.weight;
      if (own > 0.0) share = own / (own + other);
    }
    out.push_back(share * of.mean + (1.0 - share) * all.mean);
  }
  out.push_back(all.mean);
  return out;
}

// The step that rows of positive weight teach.
std::shared_ptr<Target> learn(const std::vector<std::size_t>& chosen, const StepInput& input,
                              std::span<const double> weight, const Smoothing& smoothing) {
  auto step = std::make_shared<Target>();
  step->outputs = input.classes > 2 ? input.classes : 1;
  std::vector<double> y(weight.size());
  for (const std::size_t j : chosen) {
    const Feature& column = input.features[j];
    step->columns.push_back(column.name);
    step->levels.push_back(column.levels);
    for (std::size_t m = 0; m < step->outputs; ++m) {
      for (std::size_t i = 0; i < y.size(); ++i) {
        const double value = input.outcome[i];
        y[i] = step->outputs > 1 ? (value == static_cast<double>(m) ? 1.0 : 0.0) : value;
      }
      step->encodings.push_back(encoding_of(column, y, weight, smoothing));
    }
  }
  return step;
}

// Weight of each row; 0 where there is no outcome.
std::vector<double> usable_weights(const StepInput& input) {
  std::vector<double> weight(input.outcome.size(), 1.0);
  bool any = false;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const double value = input.outcome[i];
    if (std::isinf(value)) {
      throw DataError({.what = "an outcome is infinite", .where = "step 'target'"});
    }
    const bool known = !std::isnan(value);
    if (known && input.classes > 0 &&
        !(value >= 0.0 && value < static_cast<double>(input.classes) &&
          std::trunc(value) == value)) {
      throw ArgumentError({.what = "an outcome is the code of no class",
                           .where = "step 'target'",
                           .got = std::to_string(value),
                           .expected = "0 to " + std::to_string(input.classes - 1)});
    }
    if (!known) {
      weight[i] = 0.0;
    } else if (!input.weights.empty()) {
      weight[i] = input.weights[i];
    }
    any = any || weight[i] > 0.0;
  }
  if (!any) {
    throw ArgumentError({.what = "step 'target' learns from the outcome, which no row has",
                         .expected = "an outcome in the training rows"});
  }
  return weight;
}

Folds folds_of(const StepInput& input, int folds) {
  FoldSpec spec{.folds = folds, .groups = input.groups};
  std::vector<std::int32_t> strata;
  if (input.classes > 0) {
    for (const double value : input.outcome) {
      strata.push_back(static_cast<std::int32_t>(
          std::isnan(value) ? static_cast<double>(input.classes) : value));
    }
    spec.strata = strata;
  }
  return draw_folds(input.features.rows(), spec, input.key.child("target"));
}

// Each row encoded by the step that the other folds teach.
FeatureTable cross_fitted(const std::vector<std::size_t>& chosen, const StepInput& input,
                          std::span<const double> weight, const Smoothing& smoothing,
                          const Folds& folds, const Context& context) {
  const FeatureTable& features = input.features;
  std::vector<Feature> made;
  std::vector<std::size_t> places;
  FeatureTable last;
  for (int f = 0; f < folds.folds; ++f) {
    context.check();
    std::vector<double> others(weight.begin(), weight.end());
    bool any = false;
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (folds.at(i) == f) others[i] = 0.0;
      any = any || others[i] > 0.0;
    }
    if (!any) {
      throw ArgumentError({.what = "a fold holds every row with an outcome",
                           .where = "step 'target'",
                           .expected = "outcomes in two folds or more"});
    }
    const FeatureTable baked = learn(chosen, input, others, smoothing)->bake(features, context);
    if (made.empty()) {
      for (std::size_t j = 0; j < baked.size(); ++j) made.push_back(baked[j]);
      continue;
    }
    for (std::size_t j = 0; j < baked.size(); ++j) {
      if (baked[j].text) continue;
      for (std::size_t i = 0; i < baked.rows(); ++i) {
        if (folds.at(i) == f) made[j].numbers[i] = baked[j].numbers[i];
      }
    }
  }
  return FeatureTable(std::move(made));
}

Smoothing read_smoothing(OptionReader& options) {
  const nlohmann::json& value = options.value("smooth");
  if (value.is_null() || value == "auto") return {};
  if (!value.is_number()) options.fail("smooth", "is unknown", "\"auto\", or 0 or more rows");
  return {.automatic = false, .rows = options.number("smooth", 0.0, 0.0, 1e15)};
}

StepResult prepare_target(const nlohmann::json& json, const StepInput& input,
                          const Context& context) {
  OptionReader options("target", json);
  const Smoothing smoothing = read_smoothing(options);
  const auto folds = static_cast<int>(options.integer("folds", 5, 2, kMostFolds));
  const auto chosen = chosen_columns(options, input.features, ColumnType::kText);
  options.done();
  StepResult result;
  if (chosen.empty()) {
    result.warnings.push_back(nothing_to_do("target", ColumnType::kText));
    result.step = std::make_shared<Target>();
    return result;
  }
  if (input.outcome.empty()) {
    throw ArgumentError({.what = "step 'target' learns from the outcome, and there is none",
                         .expected = "an outcome for each training row"});
  }
  const auto weight = usable_weights(input);
  result.step = learn(chosen, input, weight, smoothing);
  const Folds drawn = folds_of(input, folds);
  result.warnings = drawn.warnings;
  result.training = std::make_shared<const FeatureTable>(
      cross_fitted(chosen, input, weight, smoothing, drawn, context));
  return result;
}

std::shared_ptr<const PreparedStep> read_target(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Target>();
  step->columns = header.texts("columns");
  step->levels = header.text_lists("levels");
  if (step->levels.size() != step->columns.size()) header.refuse("a column lacks its levels");
  const auto& values = model_block<double>(file, "values");
  step->outputs = static_cast<std::size_t>(header.integer("outputs", 1, 1 << 20));
  std::size_t used = 0;
  for (const auto& levels : step->levels) {
    const std::size_t size = levels.size() + 2;
    for (std::size_t m = 0; m < step->outputs; ++m) {
      if (size > values.size() - used) header.refuse("the values of a column are cut off");
      const auto from = values.begin() + static_cast<std::ptrdiff_t>(used);
      step->encodings.emplace_back(from, from + static_cast<std::ptrdiff_t>(size));
      used += size;
    }
  }
  if (used != values.size()) header.refuse("there are values of no column");
  return step;
}

}  // namespace

std::span<const StepKind> target_steps() {
  static constexpr std::array<StepKind, 1> kKinds = {
      {{.name = "target",
        .words = "gives each text the smoothed mean of the outcome in its level, for training rows "
                 "by the other folds",
        .prepare = prepare_target,
        .read = read_target}}};
  return kKinds;
}

}  // namespace impact::detail
