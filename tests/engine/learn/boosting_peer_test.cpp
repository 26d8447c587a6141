#include <cmath>
#include <map>
#include <string>

#include "tests/engine/learn/boosting_reference.h"

using namespace impact;
using namespace impact::boosting;
using nlohmann::json;

namespace {

const json& cases() {
  static const json all = json::parse(text_of("boosting.json"));
  return all;
}

// The file has the digits that tell single-precision numbers apart.
double single(const json& number) { return static_cast<double>(number.get<float>()); }

void huber(std::span<const double> sum, std::span<const double> y, std::span<double> gradient,
           std::span<double> hessian) {
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double z = sum[i] - y[i];
    const double s = std::sqrt(1.0 + z * z);
    gradient[i] = z / s;
    hessian[i] = 1.0 / (s * s * s);
  }
}

BoostingSpec spec_of(const std::string& name, const json& c) {
  BoostingSpec spec;
  spec.rounds = 12;
  for (const auto& [key, value] : c["options"].items()) {
    if (key == "objective") spec.objective = value;
    if (key == "num_class") spec.classes = value;
    if (key == "huber_slope") spec.huber_slope = value;
    if (key == "tweedie_variance_power") spec.tweedie_variance_power = value;
    if (key == "scale_pos_weight") spec.scale_pos_weight = value;
    if (key == "base_score") spec.base_score = value.get<double>();
    if (key == "lambda") spec.lambda = value;
    if (key == "alpha") spec.alpha = value;
    if (key == "gamma") spec.gamma = value;
    if (key == "min_child_weight") spec.min_child_weight = value;
    if (key == "max_depth") spec.max_depth = value;
    if (key == "max_leaves") spec.max_leaves = value;
    if (key == "max_bin") spec.max_bin = value;
    if (key == "learning_rate") spec.learning_rate = value;
    if (key == "grow_policy") spec.grow_policy = value;
    if (key == "tree_method") spec.tree_method = value;
    if (key == "subsample") spec.subsample = value;
    if (key == "colsample_bytree") spec.colsample_bytree = value;
    if (key == "colsample_bylevel") spec.colsample_bylevel = value;
    if (key == "colsample_bynode") spec.colsample_bynode = value;
    if (key == "booster") spec.booster = value;
    if (key == "rate_drop") spec.rate_drop = value;
    if (key == "skip_drop") spec.skip_drop = value;
    if (key == "max_cat_to_onehot") spec.max_cat_to_onehot = value;
    if (key == "max_cat_threshold") spec.max_cat_threshold = value;
    if (key == "eval_metric") spec.metric = value;
  }
  if (name == "monotone") spec.monotone_constraints = {{"d", -1}, {"a", 1}};
  if (name == "interactions") spec.interaction_constraints = {{"a", "c"}, {"b", "d"}};
  if (spec.metric.starts_with("tweedie-nloglik")) spec.metric = "tweedie-nloglik";
  if (c.contains("own")) spec.gradient = huber;
  if (c.contains("categories")) spec.categories = {"c"};
  if (c.contains("patience")) spec.patience = c["patience"];
  return spec;
}

}  // namespace

TEST_CASE("boosting: the peer's own interface gives the same bits", "[learn][boosting]") {
  const auto held = range(Rows::kTrain, Rows::kRows);
  CHECK(cases().size() > 30);
  for (const auto& [name, c] : cases().items()) {
    INFO(name);
    BoostingSpec spec = spec_of(name, c);
    if (c.contains("patience")) spec.validation = held;
    const std::string outcome = c["outcome"];
    const auto weights =
        c.contains("weights") ? std::span<const double>(rows().w) : std::span<const double>();
    const auto model = fit_boosting(rows().features(), rows().outcome.at(outcome), training(), spec,
                                    weights, peer_key());
    CHECK(model.warnings.empty());
    const auto out = predicted(model);
    const std::size_t k = model.outputs();
    std::vector<double> sums(Rows::kRows * model.trees.outputs);
    model.sums(rows().features(), everything(), sums);
    REQUIRE(c["prediction"].size() == out.size());
    // Without a link sums are the predictions.
    const json& their_sums = c.contains("sums") ? c["sums"] : c["prediction"];
    REQUIRE(their_sums.size() == sums.size());
    // The peer writes row by row.
    int different = 0;
    double worst = 0.0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double theirs = single(c["prediction"][(i % Rows::kRows) * k + i / Rows::kRows]);
      different += out[i] != theirs ? 1 : 0;
      worst = std::max(worst, std::abs(out[i] - theirs));
    }
    CHECK(different == 0);
    CHECK(worst <= 0.0);
    different = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const double theirs =
          single(their_sums[(i % Rows::kRows) * model.trees.outputs + i / Rows::kRows]);
      different += sums[i] != theirs ? 1 : 0;
    }
    CHECK(different == 0);
    if (c.contains("history")) {
      REQUIRE(model.history.size() == c["history"].size());
      // The peer adds 1e-6 to means and outcomes of this deviance; the least outcome is 0.1.
      const double near = model.metric == "gamma-deviance" ? 1e-5 : 2e-6;
      for (std::size_t r = 0; r < model.history.size(); ++r) {
        CHECK(model.history[r] == Approx(c["history"][r].get<double>()).epsilon(near));
      }
      CHECK(model.best_round == c["best"].get<int>());
    }
    if (!c.contains("gain")) continue;
    for (const auto& column : importance(model.trees, model.columns)) {
      const auto field = [&](const char* kind) { return c[kind].value(column.column, 0.0); };
      CHECK(static_cast<double>(column.weight) == field("weight"));
      CHECK(column.gain == Approx(field("gain")).epsilon(1e-5));
      CHECK(column.cover == Approx(field("cover")).epsilon(1e-5));
      CHECK(column.total_gain == Approx(field("total_gain")).epsilon(1e-5));
      CHECK(column.total_cover == Approx(field("total_cover")).epsilon(1e-5));
    }
  }
}

TEST_CASE("boosting: models that the peer saved predict its bits", "[learn][boosting]") {
  for (const std::string name : {"dart", "partition", "softprob"}) {
    INFO(name);
    const auto model = load_boosting(text_of("boosting_" + name + ".json"), name);
    const auto out = predicted(model);
    const std::size_t k = model.outputs();
    int different = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double theirs =
          single(cases()[name]["prediction"][(i % Rows::kRows) * k + i / Rows::kRows]);
      different += out[i] != theirs ? 1 : 0;
    }
    CHECK(different == 0);
    CHECK(model.columns == rows().names);
  }
}
