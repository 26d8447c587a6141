#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/option_reader.h"
#include "engine/learn/boosting.h"
#include "engine/learn/boosting_shap.h"
#include "engine/learn/folds.h"
#include "engine/learn/kinds/file_fields.h"
#include "engine/learn/kinds/kinds.h"
#include "engine/learn/kinds/xgboost_file.h"
#include "engine/learn/loss_formula.h"

// Gradient boosted trees. Columns of texts are categories: their codes are places among the levels
// of the training rows.
namespace impact::detail {
namespace {

constexpr const char* kFile = "boosting";
constexpr int kVersion = 1;

// Columns as boosting takes them.
struct Coded {
  std::vector<double> x;
  std::vector<std::string> names;
  [[nodiscard]] FeatureColumns view() const {
    return {.x = x, .columns = names.size(), .names = names};
  }
};

// Levels of each column, none for numbers; a level that is not among them is missing.
Coded coded(const FeatureTable& features, const std::vector<std::vector<std::string>>& levels) {
  if (levels.size() != features.size()) {
    throw DataError({.what = "the model knows other columns",
                     .got = std::to_string(features.size()),
                     .expected = std::to_string(levels.size())});
  }
  Coded out{{}, features.names()};
  out.x.reserve(features.rows() * features.size());
  for (std::size_t j = 0; j < features.size(); ++j) {
    const Feature& column = features[j];
    if (!column.text) {
      out.x.insert(out.x.end(), column.numbers.begin(), column.numbers.end());
      continue;
    }
    std::vector<double> code;
    for (const std::string& level : column.levels) {
      const auto at = std::lower_bound(levels[j].begin(), levels[j].end(), level);
      const bool known = at != levels[j].end() && *at == level;
      code.push_back(known ? static_cast<double>(at - levels[j].begin())
                           : std::numeric_limits<double>::quiet_NaN());
    }
    for (const std::int32_t k : column.codes) {
      out.x.push_back(k < 0 ? std::numeric_limits<double>::quiet_NaN()
                            : code[static_cast<std::size_t>(k)]);
    }
  }
  return out;
}

bool has_texts(const FeatureTable& features) {
  for (std::size_t j = 0; j < features.size(); ++j) {
    if (features[j].text) return true;
  }
  return false;
}

class BoostingPredictor final : public Predictor {
 public:
  BoostingPredictor(BoostingModel model, std::vector<std::vector<std::string>> levels)
      : model_(std::move(model)), levels_(std::move(levels)) {}

  [[nodiscard]] const BoostingModel& model() const { return model_; }
  [[nodiscard]] const std::vector<std::vector<std::string>>& levels() const { return levels_; }
  [[nodiscard]] std::size_t outputs() const override { return model_.outputs(); }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context) const override {
    if (!has_texts(features)) {
      put(features.matrix(), rows, out, context);
    } else {
      const Coded columns = coded(features, levels_);
      put(columns.view(), rows, out, context);
    }
  }
  [[nodiscard]] ModelFile save() const override {
    ModelFile file{.kind = kFile, .version = kVersion};
    file.header["levels"] = levels_;
    file.header["metric"] = model_.metric;
    file.header["best_round"] = model_.best_round;
    file.header["n"] = model_.n;
    file.blocks["history"] = model_.history;
    file.blocks["xgboost"] = std::vector<std::uint8_t>(model_.json.begin(), model_.json.end());
    return file;
  }
  [[nodiscard]] std::vector<ModelTable> tables() const override {
    ModelTable table{.name = "importance", .text_names = {"column"}, .texts = {{}}};
    table.number_names = {"gain", "cover", "splits", "total_gain"};
    table.numbers.resize(4);
    for (const ColumnImportance& column : importance(model_.trees, model_.columns)) {
      table.texts[0].push_back(column.column);
      table.numbers[0].push_back(column.gain);
      table.numbers[1].push_back(column.cover);
      table.numbers[2].push_back(static_cast<double>(column.weight));
      table.numbers[3].push_back(column.total_gain);
    }
    std::vector<ModelTable> out{std::move(table)};
    if (!model_.history.empty()) {
      ModelTable history{.name = "history", .number_names = {"round", "validation"}};
      history.numbers = {{}, model_.history};
      for (std::size_t r = 0; r < model_.history.size(); ++r) {
        history.numbers[0].push_back(static_cast<double>(r + 1));
      }
      out.push_back(std::move(history));
    }
    return out;
  }
  [[nodiscard]] std::optional<ShapModel> trees(std::size_t output) const override {
    return shap_model(model_.trees, output);
  }
  [[nodiscard]] FeatureTable inner(const FeatureTable& features, const Context&) const override {
    if (!has_texts(features)) return features;
    const Coded columns = coded(features, levels_);
    std::vector<Feature> out;
    const std::size_t n = features.rows();
    for (std::size_t j = 0; j < columns.names.size(); ++j) {
      const auto begin = columns.x.begin() + static_cast<std::ptrdiff_t>(j * n);
      out.push_back(number_feature(
          columns.names[j], std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(n))));
    }
    return FeatureTable(std::move(out));
  }

 private:
  // Boosting answers column by column.
  void put(const FeatureColumns& x, std::span<const std::uint32_t> rows, std::span<double> out,
           const Context& context) const {
    const std::size_t k = model_.outputs();
    if (k == 1) {
      model_.predict(x, rows, out, context);
      return;
    }
    std::vector<double> by_output(out.size());
    model_.predict(x, rows, by_output, context);
    for (std::size_t c = 0; c < k; ++c) {
      for (std::size_t i = 0; i < rows.size(); ++i) out[i * k + c] = by_output[c * rows.size() + i];
    }
  }

  BoostingModel model_;
  std::vector<std::vector<std::string>> levels_;
};

void read_shape(OptionReader& read, BoostingSpec& spec) {
  spec.rounds = static_cast<int>(read.integer("rounds", 100, 1, 1000000));
  spec.learning_rate = read.number("learning_rate", 0.3, 1e-12, 1.0);
  spec.max_depth = static_cast<int>(read.integer("max_depth", 6, 0, 1000));
  spec.max_leaves = static_cast<int>(read.integer("max_leaves", 0, 0, 1000000));
  spec.min_child_weight = read.number("min_child_weight", 1.0, 0.0);
  spec.gamma = read.number("gamma", 0.0, 0.0);
  if (read.given("max_delta_step")) spec.max_delta_step = read.number("max_delta_step", 0.0, 0.0);
  spec.subsample = read.number("subsample", 1.0, 1e-12, 1.0);
  spec.colsample_bytree = read.number("colsample_bytree", 1.0, 1e-12, 1.0);
  spec.colsample_bylevel = read.number("colsample_bylevel", 1.0, 1e-12, 1.0);
  spec.colsample_bynode = read.number("colsample_bynode", 1.0, 1e-12, 1.0);
  spec.lambda = read.number("lambda", 1.0, 0.0);
  spec.alpha = read.number("alpha", 0.0, 0.0);
  spec.max_bin = static_cast<int>(read.integer("max_bin", 256, 2, 65536));
  spec.tree_method = read.choice("tree_method", "hist", {"hist", "approx", "exact"});
  spec.grow_policy = read.choice("grow_policy", "depthwise", {"depthwise", "lossguide"});
  spec.scale_pos_weight = read.number("scale_pos_weight", 1.0, 1e-300);
  if (read.given("base_score")) spec.base_score = read.number("base_score", 0.5);
  spec.booster = read.choice("booster", "gbtree", {"gbtree", "dart"});
  spec.rate_drop = read.number("rate_drop", 0.0, 0.0, 1.0);
  spec.skip_drop = read.number("skip_drop", 0.0, 0.0, 1.0);
  spec.max_cat_to_onehot = static_cast<int>(read.integer("max_cat_to_onehot", 4, 1, 1000000));
  spec.max_cat_threshold = static_cast<int>(read.integer("max_cat_threshold", 64, 1, 1000000));
  spec.patience = static_cast<int>(read.integer("patience", 0, 0, 1000000));
  spec.metric = read.text("metric", "");
}

void read_constraints(OptionReader& read, BoostingSpec& spec) {
  // {"age": 1, "price": -1}
  const nlohmann::json& monotone = read.value("monotone");
  if (!monotone.is_null() && !monotone.is_object()) {
    read.fail("monotone", "is not understood", "{ column = 1 } or { column = -1 }");
  }
  if (monotone.is_object()) {
    for (const auto& [column, direction] : monotone.items()) {
      if (direction != 1 && direction != -1) {
        read.fail("monotone", "has a direction that is none", "1 or -1 for each column");
      }
      spec.monotone_constraints.push_back({column, direction.get<int>()});
    }
  }
  const nlohmann::json& groups = read.value("interactions");
  if (!groups.is_null() && !groups.is_array()) {
    read.fail("interactions", "is not understood", "lists of columns");
  }
  for (const nlohmann::json& group : groups) {
    std::vector<std::string> names;
    for (const nlohmann::json& name : group) {
      if (!name.is_string()) read.fail("interactions", "is not understood", "lists of columns");
      names.push_back(name.get<std::string>());
    }
    spec.interaction_constraints.push_back(std::move(names));
  }
}

// A loss of one's own, written as a formula.
void read_loss(OptionReader& read, const Lesson& lesson, BoostingSpec& spec) {
  if (!read.given("loss")) return;
  if (lesson.of_classes()) {
    read.fail("loss", "is of numbers, and the outcome has classes",
              "a column of numbers, 0 and 1 for two classes");
  }
  if (spec.objective != "reg:squarederror") {
    read.fail("loss", "takes the place of an objective, and there is one", "one of the two");
  }
  const auto formula = std::make_shared<const LossFormula>(read.text("loss", ""));
  spec.gradient = [formula](std::span<const double> sum, std::span<const double> outcome,
                            std::span<double> gradient, std::span<double> hessian) {
    formula->boosting_gradient(sum, outcome, gradient, hessian);
  };
  spec.loss = [formula](std::span<const double> sum, std::span<const double> outcome,
                        std::span<const double> weights) {
    return formula->mean(sum, outcome, weights);
  };
}

void read_objective(OptionReader& read, const Lesson& lesson, BoostingSpec& spec) {
  const std::size_t classes = lesson.classes.size();
  if (classes > 0) {
    const bool given = read.given("objective");
    const std::string automatic = classes > 2 ? "multi:softprob" : "binary:logistic";
    spec.objective = read.text("objective", automatic);
    if (given && spec.objective != automatic) {
      read.fail("objective", "does not predict these classes", "\"" + automatic + "\"");
    }
    spec.classes = classes > 2 ? static_cast<int>(classes) : 0;
  } else {
    spec.objective = read.choice(
        "objective", "reg:squarederror",
        {"reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror",
         "reg:logistic", "count:poisson", "reg:gamma", "reg:tweedie"});
  }
  spec.huber_slope = read.number("huber_slope", 1.0, 1e-300);
  spec.tweedie_variance_power = read.number("tweedie_variance_power", 1.5, 1.0, 2.0);
}

std::shared_ptr<const Predictor> fit(const nlohmann::json& options, const Training& training) {
  OptionReader read("boost", options);
  const Lesson& lesson = training.lesson;
  BoostingSpec spec;
  read_shape(read, spec);
  read_constraints(read, spec);
  read_objective(read, lesson, spec);
  read_loss(read, lesson, spec);
  const double share = read.number("validation_share", 0.1, 1e-9, 0.999);
  read.done();

  std::vector<std::vector<std::string>> levels(lesson.features.size());
  for (std::size_t j = 0; j < lesson.features.size(); ++j) {
    const Feature& column = lesson.features[j];
    if (!column.text) continue;
    std::vector<std::uint8_t> seen(column.levels.size(), 0);
    for (const std::uint32_t row : training.rows) {
      if (column.codes[row] >= 0) seen[static_cast<std::size_t>(column.codes[row])] = 1;
    }
    for (std::size_t k = 0; k < seen.size(); ++k) {
      if (seen[k] != 0) levels[j].push_back(column.levels[k]);
    }
    spec.categories.push_back(column.name);
  }
  if (lesson.start != nullptr) {
    const auto* start = dynamic_cast<const BoostingPredictor*>(lesson.start);
    if (start == nullptr || start->levels() != levels) {
      throw ArgumentError({.what = "boosted trees can't go on from this model",
                           .where = "start",
                           .expected = "a model of learn.boost with the same columns and levels"});
    }
    spec.start = &start->model();
  }
  Split split;
  std::span<const std::uint32_t> rows = training.rows;
  if (spec.patience > 0) {
    std::vector<std::int32_t> strata;
    std::vector<std::int32_t> groups;
    for (const std::uint32_t row : rows) {
      if (lesson.of_classes()) {
        const double y = lesson.outcome[row];
        strata.push_back(std::isnan(y) ? 0 : static_cast<std::int32_t>(y));
      }
      if (!lesson.groups.empty()) groups.push_back(lesson.groups[row]);
    }
    split = draw_split(rows.size(), {.test_share = share, .strata = strata, .groups = groups},
                       training.key.child("validation"));
    for (auto* side : {&split.train, &split.test}) {
      for (std::uint32_t& i : *side) i = training.rows[i];
    }
    spec.validation = split.test;
    rows = split.train;
  }
  BoostingModel model;
  if (spec.categories.empty()) {
    model = fit_boosting(lesson.features.matrix(), lesson.outcome, rows, spec, lesson.weights,
                         training.key, training.context);
  } else {
    const Coded columns = coded(lesson.features, levels);
    model = fit_boosting(columns.view(), lesson.outcome, rows, spec, lesson.weights, training.key,
                         training.context);
  }
  tell(training, model.warnings);
  return std::make_shared<const BoostingPredictor>(std::move(model), std::move(levels));
}

std::shared_ptr<const Predictor> read(const ModelFile& file) {
  const FileFields fields(file, kVersion);
  const auto& bytes = model_block<std::uint8_t>(file, "xgboost");
  BoostingModel model = load_boosting(std::string(bytes.begin(), bytes.end()), file.kind);
  model.metric = fields.text("metric");
  model.best_round = static_cast<int>(fields.whole("best_round", -1, 1 << 30));
  model.n = fields.whole("n", 0, std::int64_t{1} << 40);
  model.history = model_block<double>(file, "history");
  std::vector<std::vector<std::string>> levels;
  for (const nlohmann::json& column : fields.list("levels")) {
    levels.push_back(fields.as_texts(column, "levels"));
    if (!std::is_sorted(levels.back().begin(), levels.back().end())) {
      fields.refuse("levels of the model are not in order");
    }
  }
  if (levels.size() != model.trees.columns) {
    fields.refuse("levels are of another number of columns");
  }
  return std::make_shared<const BoostingPredictor>(std::move(model), std::move(levels));
}

constexpr LearnerKind kKinds[] = {
    {"boost",
     "Trees that each correct those before, by XGBoost (Friedman 2001; Chen & Guestrin 2016).",
     kFile, "go to the side of a split that the training rows chose; texts are categories", true,
     true, true, fit, read, true},
};

}  // namespace

std::span<const LearnerKind> boosting_kinds() { return kKinds; }

}  // namespace impact::detail

namespace impact {

TrainedModel import_xgboost(std::string_view json, std::string_view where) {
  BoostingModel model = load_boosting(json, where);
  TrainedModel out;
  out.spec = {.kind = "boost", .options = {{"objective", model.objective}}};
  out.outcome = "outcome";
  const std::size_t classes = model.objective == "binary:logistic" ? 2
                              : model.outputs() > 1                ? model.outputs()
                                                                   : 0;
  for (std::size_t k = 0; k < classes; ++k) out.classes.push_back(std::to_string(k));
  std::vector<std::vector<std::string>> levels(model.trees.columns);
  for (std::size_t j = 0; j < model.trees.columns; ++j) {
    std::string name("f");
    name += std::to_string(j);
    if (j < model.columns.size()) name = model.columns[j];
    out.inputs.push_back({std::move(name), false});
  }
  model.columns.clear();
  for (const ModelInput& input : out.inputs) model.columns.push_back(input.name);
  out.n = model.n;
  out.warnings = model.warnings;
  out.predictor =
      std::make_shared<const detail::BoostingPredictor>(std::move(model), std::move(levels));
  return out;
}

std::string export_xgboost(const TrainedModel& model) {
  const auto* boosted = dynamic_cast<const detail::BoostingPredictor*>(model.predictor.get());
  if (boosted == nullptr) {
    throw ArgumentError({.what = "only boosted trees can be written for XGBoost",
                         .got = model.spec.kind,
                         .expected = "a model of learn.boost, without a pipeline around it"});
  }
  return boosted->model().json;
}

TrainedModel load_any_model(std::string_view bytes, std::string_view where) {
  return bytes.starts_with("{") ? import_xgboost(bytes, where) : load_model(bytes, where);
}

}  // namespace impact
