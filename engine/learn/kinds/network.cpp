#include <cmath>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/option_reader.h"
#include "engine/learn/folds.h"
#include "engine/learn/kinds/kinds.h"
#include "engine/learn/perceptron.h"
#include "engine/learn/perceptron_file.h"

// Multilayer perceptrons.
namespace impact::detail {
namespace {

class PerceptronPredictor final : public Predictor {
 public:
  explicit PerceptronPredictor(Perceptron model) : model_(std::move(model)) {}

  [[nodiscard]] const Perceptron& model() const { return model_; }
  [[nodiscard]] std::size_t outputs() const override { return model_.outputs(); }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context) const override {
    model_.predict(features.matrix(), rows, out, context);
  }
  [[nodiscard]] ModelFile save() const override { return perceptron_file(model_); }
  [[nodiscard]] std::vector<ModelTable> tables() const override {
    if (model_.history.empty()) return {};
    ModelTable table{.name = "history"};
    table.number_names = {"epoch", "train", "validation", "learning_rate"};
    table.numbers.resize(4);
    for (std::size_t e = 0; e < model_.history.size(); ++e) {
      table.numbers[0].push_back(static_cast<double>(e + 1));
      table.numbers[1].push_back(model_.history[e].train_loss);
      table.numbers[2].push_back(model_.history[e].validation_loss);
      table.numbers[3].push_back(model_.history[e].learning_rate);
    }
    return {std::move(table)};
  }

 private:
  Perceptron model_;
};

void read_descent(OptionReader& read, PerceptronSpec& spec) {
  OptimiserSpec& descent = spec.optimiser;
  descent.method =
      static_cast<Optimiser>(read.place("optimiser", "adam", {"sgd", "adam", "adamw"}));
  descent.learning_rate = read.number("learning_rate", 1e-3, 1e-300);
  descent.momentum = read.number("momentum", 0.0, 0.0, 0.999999);
  descent.nesterov = read.flag("nesterov", false);
  descent.beta1 = read.number("beta1", 0.9, 0.0, 0.999999);
  descent.beta2 = read.number("beta2", 0.999, 0.0, 0.999999);
  descent.eps = read.number("eps", 1e-8, 1e-300);
  descent.weight_decay = read.number("weight_decay", 0.0, 0.0);
  descent.clip_norm = read.number("clip_norm", 0.0, 0.0);
  RateScheduleSpec& rate = spec.schedule;
  rate.kind = static_cast<RateSchedule>(
      read.place("schedule", "constant", {"constant", "step", "cosine", "plateau"}));
  rate.step_size = static_cast<int>(read.integer("step_size", 30, 1, 1000000));
  rate.gamma = read.number("gamma", 0.1, 1e-300);
  rate.t_max = static_cast<int>(read.integer("t_max", 0, 0, 1000000));
  rate.eta_min = read.number("eta_min", 0.0, 0.0);
  rate.factor = read.number("factor", 0.1, 1e-300, 1.0);
  rate.patience = static_cast<int>(read.integer("schedule_patience", 10, 0, 1000000));
  rate.threshold = read.number("threshold", 1e-4, 0.0, 1.0);
}

void read_network(OptionReader& read, const Lesson& lesson, PerceptronSpec& spec) {
  if (read.given("layers")) {
    spec.hidden.clear();
    for (const double units : read.numbers("layers")) {
      if (!(units >= 1.0) || units > 1e6 || units != std::trunc(units)) {
        read.fail("layers", "has a layer without units", "numbers of units, such as { 64, 64 }");
      }
      spec.hidden.push_back(static_cast<std::size_t>(units));
    }
  }
  spec.activation =
      static_cast<Activation>(read.place("activation", "relu", {"relu", "tanh", "gelu"}));
  spec.dropout = read.number("dropout", 0.0, 0.0, 0.99);
  spec.batch_norm = read.flag("batch_norm", false);
  spec.initial =
      static_cast<InitialWeights>(read.place("initial", "linear", {"linear", "kaiming", "xavier"}));
  if (lesson.of_classes()) {
    const std::string loss = read.choice("loss", "cross_entropy", {"cross_entropy"});
    spec.classes = lesson.classes.size();
  } else {
    spec.loss = static_cast<PerceptronLoss>(
        read.place("loss", "squared", {"squared", "absolute", "huber", "poisson"}));
  }
  spec.huber_delta = read.number("huber_delta", 1.0, 1e-300);
  spec.balanced = read.flag("balanced", false);
  const nlohmann::json& given = read.value("class_weights");
  if (given.is_object()) {
    spec.class_weights.assign(lesson.classes.size(), 1.0);
    for (const auto& [name, weight] : given.items()) {
      std::size_t place = 0;
      while (place < lesson.classes.size() && lesson.classes[place] != name) ++place;
      if (place == lesson.classes.size() || !weight.is_number() || weight.get<double>() < 0.0) {
        const std::vector<std::string> names(lesson.classes.begin(), lesson.classes.end());
        read.fail("class_weights", "names no class or a weight that is none: " + name,
                  "a number of 0 or more for " + list_words(names));
      }
      spec.class_weights[place] = weight.get<double>();
    }
  } else if (!given.is_null()) {
    read.fail("class_weights", "is not understood", "{ class = weight, ... }");
  }
}

std::shared_ptr<const Predictor> fit(const nlohmann::json& options, const Training& training) {
  OptionReader read("perceptron", options);
  const Lesson& lesson = training.lesson;
  PerceptronSpec spec;
  read_network(read, lesson, spec);
  read_descent(read, spec);
  spec.batch_size = static_cast<std::size_t>(read.integer("batch_size", 256, 1, 100000000));
  spec.epochs = static_cast<int>(read.integer("epochs", 100, 1, 1000000));
  spec.shuffle = read.flag("shuffle", true);
  spec.patience = static_cast<int>(read.integer("patience", 0, 0, 1000000));
  spec.validation_share =
      read.number("validation_share", spec.patience > 0 ? 0.1 : 0.0, 0.0, 0.999);
  spec.min_delta = read.number("min_delta", 0.0, 0.0);
  spec.restore_best = read.flag("restore_best", true);
  spec.standardise = read.flag("standardise", true);
  spec.standardise_outcome = read.flag("standardise_outcome", true);
  spec.double_precision = read.flag("double_precision", false);
  read.done();
  if (lesson.start != nullptr) {
    const auto* start = dynamic_cast<const PerceptronPredictor*>(lesson.start);
    if (start == nullptr) {
      throw ArgumentError({.what = "a perceptron can't go on from a model of another kind",
                           .where = "start",
                           .expected = "a perceptron of the same layers"});
    }
    spec.start = &start->model();
  }
  // Rows to judge epochs by keep groups whole.
  Split split;
  std::span<const std::uint32_t> rows = training.rows;
  if (spec.validation_share > 0.0 && !lesson.groups.empty()) {
    std::vector<std::int32_t> groups;
    for (const std::uint32_t row : rows) groups.push_back(lesson.groups[row]);
    split = draw_split(rows.size(), {.test_share = spec.validation_share, .groups = groups},
                       training.key.child("validation"));
    for (auto* side : {&split.train, &split.test}) {
      for (std::uint32_t& i : *side) i = training.rows[i];
    }
    spec.validation = split.test;
    spec.validation_share = 0.0;
    rows = split.train;
  }
  const FeatureColumns x = lesson.features.matrix();
  Perceptron model = lesson.of_classes()
                         ? fit_perceptron(x, labels_of(lesson), rows, spec, lesson.weights,
                                          training.key, training.context)
                         : fit_perceptron(x, lesson.outcome, rows, spec, lesson.weights,
                                          training.key, training.context);
  tell(training, model.warnings);
  return std::make_shared<const PerceptronPredictor>(std::move(model));
}

std::shared_ptr<const Predictor> read(const ModelFile& file) {
  return std::make_shared<const PerceptronPredictor>(read_perceptron(file));
}

constexpr LearnerKind kKinds[] = {
    {"perceptron", "A neural network of full layers (Rumelhart, Hinton & Williams 1986).",
     "perceptron", "rows with a missing number are left out and get no prediction", true, true,
     true, fit, read, true},
};

}  // namespace

std::span<const LearnerKind> perceptron_kinds() { return kKinds; }

}  // namespace impact::detail
