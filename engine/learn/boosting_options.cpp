#include "engine/learn/boosting_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "engine/core/choice.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/boosting_objective.h"

namespace impact::detail {
namespace {

enum class Method { kHist, kApprox, kExact };
enum class Growth { kDepthwise, kLossguide };
enum class Booster { kTrees, kDart };
constexpr std::array<std::string_view, 3> kMethods = {"hist", "approx", "exact"};
constexpr std::array<std::string_view, 2> kGrowth = {"depthwise", "lossguide"};
constexpr std::array<std::string_view, 2> kBoosters = {"gbtree", "dart"};

[[noreturn]] void refuse(std::string what, const char* where, std::string got, std::string expected,
                         std::string hint = {}) {
  throw ArgumentError({.what = std::move(what),
                       .where = where,
                       .got = std::move(got),
                       .expected = std::move(expected),
                       .hint = std::move(hint)});
}

class Options {
 public:
  // Written as it is checked: a value that XGBoost sees has a range.
  void number(const char* name, double value, double low, double high, bool open_low = false,
              bool open_high = false) {
    const bool below = open_low ? !(value > low) : !(value >= low);
    const bool above = open_high ? !(value < high) : !(value <= high);
    if (below || above || !std::isfinite(value)) {
      refuse(fmt::format("'{}' is out of range", name), name, format_double(value),
             std::isinf(high) ? fmt::format("{} {}", open_low ? "above" : "at least", low)
                              : fmt::format("{}{}, {}{}", open_low ? "(" : "[", low, high,
                                            open_high ? ")" : "]"));
    }
    list_.emplace_back(name, format_double(value));
  }
  void share(const char* name, double value) { number(name, value, 0.0, 1.0, true); }
  void at_least(const char* name, double value, double low = 0.0) {
    number(name, value, low, std::numeric_limits<double>::infinity());
  }
  void whole(const char* name, int value, int low) {
    if (value < low) {
      refuse(fmt::format("'{}' is out of range", name), name, std::to_string(value),
             fmt::format("{} or more", low));
    }
    list_.emplace_back(name, std::to_string(value));
  }
  void text(const char* name, std::string value) { list_.emplace_back(name, std::move(value)); }
  [[nodiscard]] XgbOptions take() { return std::move(list_); }

 private:
  XgbOptions list_;
};

// "(1,0,-1)": a direction a column.
std::string monotone(const BoostingSpec& spec, std::span<const std::string> names) {
  std::vector<int> direction(names.size(), 0);
  for (const auto& constraint : spec.monotone_constraints) {
    const char* const where = "monotone_constraints";
    if (constraint.direction < -1 || constraint.direction > 1) {
      refuse("a direction is up, down or none", where, std::to_string(constraint.direction),
             "1, -1 or 0");
    }
    if (std::ranges::find(spec.categories, constraint.column) != spec.categories.end()) {
      refuse("categories have no order to be monotone in", where, constraint.column,
             "a column of numbers");
    }
    direction[column_at(names, constraint.column, where)] = constraint.direction;
  }
  return fmt::format("({})", fmt::join(direction, ","));
}

// "[[0,1],[2]]".
std::string interactions(const BoostingSpec& spec, std::span<const std::string> names) {
  std::vector<std::string> groups;
  for (const auto& group : spec.interaction_constraints) {
    std::vector<std::size_t> places;
    places.reserve(group.size());
    for (const auto& name : group) {
      places.push_back(column_at(names, name, "interaction_constraints"));
    }
    groups.push_back(fmt::format("[{}]", fmt::join(places, ",")));
  }
  return fmt::format("[{}]", fmt::join(groups, ","));
}

void check_objective(const BoostingSpec& spec, const BoostingObjective& objective) {
  if (objective.outcome == BoostingOutcome::kClass && spec.classes < 2) {
    refuse(fmt::format("'{}' needs the number of classes", spec.objective), "classes",
           std::to_string(spec.classes), "2 or more");
  }
  if (objective.outcome != BoostingOutcome::kClass && spec.classes != 0) {
    refuse(fmt::format("'{}' has no classes", spec.objective), "classes",
           std::to_string(spec.classes), "0", "multi:softprob has");
  }
  if (spec.gradient && spec.objective != "reg:squarederror") {
    refuse("a loss of one's own replaces the objective", "objective", spec.objective,
           "reg:squarederror, which has no link");
  }
}

void check_stopping(const BoostingSpec& spec, Booster booster, const BoostingObjective& objective) {
  if (spec.patience < 0) {
    refuse("patience is a number of rounds", "patience", std::to_string(spec.patience),
           "0 (never stops early) or more");
  }
  if (spec.patience > 0 && spec.validation.empty()) {
    refuse("early stopping needs rows to judge by", "validation", "no rows",
           "rows that are not trained on");
  }
  if (spec.patience > 0 && booster == Booster::kDart) {
    refuse("dart does not go with early stopping", "booster", spec.booster, "gbtree",
           "later rounds change the weights of earlier trees, so the best round cannot be kept");
  }
  if (spec.gradient && !spec.loss && !spec.validation.empty() && spec.metric.empty()) {
    refuse("derivatives alone do not judge rounds", "metric", "nothing", "rmse, mae or mphe");
  }
  if (!spec.metric.empty()) check_metric(spec.metric, objective);
}

}  // namespace

std::size_t column_at(std::span<const std::string> names, const std::string& name,
                      const char* where) {
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  refuse(fmt::format("there is no column '{}'", name), where, name, list_words(names),
         did_you_mean(name, names));
}

XgbOptions boosting_options(const BoostingSpec& spec, std::span<const std::string> names,
                            std::int64_t seed) {
  const auto method = parse_choice<Method>(kMethods, spec.tree_method, "method", "tree_method");
  const auto growth = parse_choice<Growth>(kGrowth, spec.grow_policy, "policy", "grow_policy");
  const auto booster = parse_choice<Booster>(kBoosters, spec.booster, "booster", "booster");
  const BoostingObjective& objective = boosting_objective(spec.objective);
  check_objective(spec, objective);
  check_stopping(spec, booster, objective);
  Options options;
  options.text("nthread", "1");
  options.text("verbosity", "0");
  options.text("seed", std::to_string(seed));
  // Else the numbers of a round would depend on what else the thread drew since the last.
  options.text("seed_per_iteration", "1");
  options.text("objective", spec.objective);
  options.text("tree_method", spec.tree_method);
  options.text("booster", spec.booster);
  options.share("learning_rate", spec.learning_rate);
  options.whole("max_depth", spec.max_depth, 0);
  options.at_least("min_child_weight", spec.min_child_weight);
  options.at_least("gamma", spec.gamma);
  options.share("subsample", spec.subsample);
  options.share("colsample_bytree", spec.colsample_bytree);
  options.share("colsample_bylevel", spec.colsample_bylevel);
  options.share("colsample_bynode", spec.colsample_bynode);
  options.at_least("lambda", spec.lambda);
  options.at_least("alpha", spec.alpha);
  if (spec.max_delta_step >= 0.0) options.at_least("max_delta_step", spec.max_delta_step);
  if (spec.rounds < 1) {
    refuse("a model has a round at least", "rounds", std::to_string(spec.rounds), "1 or more");
  }
  if (method == Method::kExact) {
    if (growth == Growth::kLossguide || spec.max_leaves != 0) {
      refuse("exact splits grow level by level", "tree_method", spec.tree_method, "hist",
             "max_leaves and lossguide are for hist and approx");
    }
    if (!spec.categories.empty()) {
      refuse("exact splits know no categories", "tree_method", spec.tree_method, "hist or approx");
    }
  } else {
    options.whole("max_leaves", spec.max_leaves, 0);
    options.whole("max_bin", spec.max_bin, 2);
    options.text("grow_policy", spec.grow_policy);
  }
  if (spec.max_depth == 0 && spec.max_leaves == 0) {
    refuse("a tree has no limit", "max_depth", "0", "max_depth or max_leaves above 0");
  }
  if (objective.outcome == BoostingOutcome::kClass) options.whole("num_class", spec.classes, 2);
  if (objective.link == BoostingLink::kLogit) {
    options.number("scale_pos_weight", spec.scale_pos_weight, 0.0,
                   std::numeric_limits<double>::infinity(), true);
  } else if (spec.scale_pos_weight != 1.0) {
    refuse("only logistic losses have positives", "scale_pos_weight",
           format_double(spec.scale_pos_weight), "1", "weights do for classes");
  }
  if (spec.objective == "reg:pseudohubererror") {
    options.number("huber_slope", spec.huber_slope, 0.0, std::numeric_limits<double>::infinity(),
                   true);
  }
  if (spec.objective == "reg:tweedie") {
    options.number("tweedie_variance_power", spec.tweedie_variance_power, 1.0, 2.0, true, true);
  }
  if (spec.base_score) {
    const double infinity = std::numeric_limits<double>::infinity();
    if (objective.link == BoostingLink::kLogit) {
      options.number("base_score", *spec.base_score, 0.0, 1.0, true, true);
    } else if (objective.link == BoostingLink::kLog) {
      options.number("base_score", *spec.base_score, 0.0, infinity, true);
    } else {
      options.number("base_score", *spec.base_score, -infinity, infinity);
    }
  }
  if (booster == Booster::kDart) {
    options.number("rate_drop", spec.rate_drop, 0.0, 1.0);
    options.number("skip_drop", spec.skip_drop, 0.0, 1.0);
  } else if (spec.rate_drop != 0.0 || spec.skip_drop != 0.0) {
    refuse("only dart leaves trees out", "booster", spec.booster, "dart");
  }
  if (!spec.monotone_constraints.empty()) {
    options.text("monotone_constraints", monotone(spec, names));
  }
  if (!spec.interaction_constraints.empty()) {
    options.text("interaction_constraints", interactions(spec, names));
  }
  if (!spec.categories.empty()) {
    options.whole("max_cat_to_onehot", spec.max_cat_to_onehot, 1);
    options.whole("max_cat_threshold", spec.max_cat_threshold, 1);
  }
  return options.take();
}

}  // namespace impact::detail
