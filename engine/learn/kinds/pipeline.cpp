#include <algorithm>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/option_reader.h"
#include "engine/learn/kinds/file_fields.h"
#include "engine/learn/kinds/kinds.h"
#include "engine/learn/prepare/step.h"

// Steps of preparation and the model behind them, as one learner: each step is prepared on the
// training rows alone.
namespace impact::detail {
namespace {

constexpr const char* kFile = "pipeline";
constexpr int kVersion = 1;
constexpr std::int64_t kMostSteps = 1000;

class Pipeline final : public Predictor {
 public:
  Pipeline(std::vector<std::shared_ptr<const PreparedStep>> steps,
           std::shared_ptr<const Predictor> model)
      : steps_(std::move(steps)), model_(std::move(model)) {}

  [[nodiscard]] std::size_t outputs() const override { return model_->outputs(); }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context) const override {
    const FeatureTable baked = bake(features.take(rows), context);
    model_->predict(baked, every_row(rows.size()), out, context);
  }
  [[nodiscard]] bool quantiles(const FeatureTable& features, std::span<const std::uint32_t> rows,
                               std::span<const double> probabilities, std::span<double> out,
                               const Context& context) const override {
    const FeatureTable baked = bake(features.take(rows), context);
    return model_->quantiles(baked, every_row(rows.size()), probabilities, out, context);
  }
  [[nodiscard]] bool intervals(const FeatureTable& features, std::span<const std::uint32_t> rows,
                               std::span<double> out, const Context& context) const override {
    const FeatureTable baked = bake(features.take(rows), context);
    return model_->intervals(baked, every_row(rows.size()), out, context);
  }
  [[nodiscard]] ModelFile save() const override {
    ModelFile file{.kind = kFile, .version = kVersion};
    file.header["steps"] = steps_.size();
    for (std::size_t k = 0; k < steps_.size(); ++k) {
      const std::string bytes = encode_model(steps_[k]->save());
      file.blocks["step " + std::to_string(k)] =
          std::vector<std::uint8_t>(bytes.begin(), bytes.end());
    }
    add_part(file, "model", *model_);
    return file;
  }
  [[nodiscard]] std::vector<ModelTable> tables() const override { return model_->tables(); }
  [[nodiscard]] std::optional<ShapModel> trees(std::size_t output) const override {
    return model_->trees(output);
  }
  [[nodiscard]] FeatureTable inner(const FeatureTable& features,
                                   const Context& context) const override {
    return model_->inner(bake(features, context), context);
  }

 private:
  [[nodiscard]] FeatureTable bake(FeatureTable features, const Context& context) const {
    for (const auto& step : steps_) features = step->bake(features, context);
    return features;
  }

  std::vector<std::shared_ptr<const PreparedStep>> steps_;
  std::shared_ptr<const Predictor> model_;
};

template <class T>
std::vector<T> kept(std::span<const T> values, std::span<const std::uint32_t> rows) {
  std::vector<T> out;
  if (values.empty()) return out;
  out.reserve(rows.size());
  for (const std::uint32_t row : rows) out.push_back(values[row]);
  return out;
}

std::vector<StepSpec> steps_of(OptionReader& read) {
  const nlohmann::json& list = read.value("steps");
  if (list.is_null()) return {};
  if (!list.is_array()) read.fail("steps", "is no list", "learn.impute {}, learn.scale {}, ...");
  std::vector<StepSpec> out;
  for (const nlohmann::json& item : list) {
    if (!item.is_object() || !item.contains("step") || !item["step"].is_string()) {
      read.fail("steps", "holds something that is no step", "learn.impute {}, learn.scale {}, ...");
    }
    StepSpec step{.kind = item["step"].get<std::string>()};
    const auto options = item.find("options");
    if (options != item.end() && options->is_object()) step.options = *options;
    out.push_back(std::move(step));
  }
  return out;
}

std::shared_ptr<const Predictor> fit(const nlohmann::json& options, const Training& training) {
  OptionReader read("pipeline", options);
  const std::vector<StepSpec> specs = steps_of(read);
  const nlohmann::json& model = read.value("model");
  if (model.is_null()) read.fail("model", "is missing", "a learner behind the steps");
  const LearnerSpec last = learner_spec(model);
  read.done();

  const Lesson& whole = training.lesson;
  const std::vector<double> outcome = kept(whole.outcome, training.rows);
  const std::vector<double> weights = kept(whole.weights, training.rows);
  const std::vector<std::int32_t> groups = kept(whole.groups, training.rows);
  FeatureTable features = whole.features.take(training.rows);
  std::vector<std::shared_ptr<const PreparedStep>> steps;
  for (std::size_t k = 0; k < specs.size(); ++k) {
    StepResult prepared = prepare_step(specs[k],
                                       {.features = features,
                                        .outcome = outcome,
                                        .classes = whole.classes.size(),
                                        .weights = weights,
                                        .groups = groups,
                                        .key = training.key.child("step " + std::to_string(k + 1))},
                                       training.context);
    tell(training, prepared.warnings);
    features = prepared.training != nullptr ? *prepared.training
                                            : prepared.step->bake(features, training.context);
    steps.push_back(std::move(prepared.step));
  }
  if (features.size() == 0) {
    throw ArgumentError({.what = "the steps of the pipeline leave no column",
                         .expected = "at least one column for the model"});
  }
  const Lesson inner{.features = features,
                     .outcome = outcome,
                     .classes = whole.classes,
                     .weights = weights,
                     .groups = groups};
  const auto rows = every_row(outcome.size());
  auto fitted = fit_part(last, {.lesson = inner,
                                .rows = rows,
                                .key = training.key.child("model"),
                                .context = training.context,
                                .warnings = training.warnings});
  return std::make_shared<const Pipeline>(std::move(steps), std::move(fitted));
}

std::shared_ptr<const Predictor> read(const ModelFile& file) {
  const FileFields fields(file, kVersion);
  const std::int64_t count = fields.whole("steps", 0, kMostSteps);
  std::vector<std::shared_ptr<const PreparedStep>> steps;
  for (std::int64_t k = 0; k < count; ++k) {
    const std::string name = "step " + std::to_string(k);
    const auto& block = model_block<std::uint8_t>(file, name);
    steps.push_back(read_step(decode_model(std::string(block.begin(), block.end()), name)));
  }
  return std::make_shared<const Pipeline>(std::move(steps), read_part(file, "model"));
}

constexpr LearnerKind kKinds[] = {
    {"pipeline", "Preparation of the columns and a model behind it, learned together.", kFile,
     "as its steps and its model say", true, true, true, fit, read},
};

}  // namespace

std::span<const LearnerKind> pipeline_kinds() { return kKinds; }

}  // namespace impact::detail
