#include <fmt/format.h>

#include <utility>

#include "engine/core/error.h"
#include "engine/learn/kinds/ensemble.h"
#include "engine/learn/kinds/file_fields.h"
#include "engine/learn/kinds/kinds.h"
#include "engine/learn/tune/evaluate_spec.h"
#include "engine/learn/tune/tuner.h"

// A learner that chooses its own options inside its training rows, so that cross-validating it
// judges the choice too (nested cross-validation).
namespace impact::detail {
namespace {

constexpr const char* kFile = "tuned";
constexpr int kVersion = 1;

// One row: the options chosen, as texts.
ModelTable chosen_table(const SearchSpace& space, const Trial& trial) {
  ModelTable table{.name = "chosen", .text_names = {"option", "value"}, .texts = {{}, {}}};
  const nlohmann::json point = point_json(space, trial.point);
  for (const auto& [path, value] : point.items()) {
    table.texts[0].push_back(path);
    table.texts[1].push_back(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return table;
}

// What made it the choice. The choice flatters: another fold would have scored it lower.
ModelTable best_table(const Tuning& tuning) {
  const Trial& best = tuning.history[*tuning.best];
  ModelTable table{.name = "best", .number_names = {"trial", "score", "std_error"}};
  table.numbers = {{static_cast<double>(*tuning.best + 1)}, {best.score}, {best.std_error}};
  return table;
}

class Tuned final : public Predictor {
 public:
  Tuned(SearchSpace space, Tuning tuning, std::shared_ptr<const Predictor> model)
      : space_(std::move(space)), tuning_(std::move(tuning)), model_(std::move(model)) {}

  [[nodiscard]] const SearchSpace& space() const { return space_; }
  [[nodiscard]] const std::vector<Trial>& history() const { return tuning_.history; }
  [[nodiscard]] std::size_t outputs() const override { return model_->outputs(); }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context) const override {
    model_->predict(features, rows, out, context);
  }
  [[nodiscard]] bool quantiles(const FeatureTable& features, std::span<const std::uint32_t> rows,
                               std::span<const double> probabilities, std::span<double> out,
                               const Context& context) const override {
    return model_->quantiles(features, rows, probabilities, out, context);
  }
  [[nodiscard]] bool intervals(const FeatureTable& features, std::span<const std::uint32_t> rows,
                               std::span<double> out, const Context& context) const override {
    return model_->intervals(features, rows, out, context);
  }
  [[nodiscard]] ModelFile save() const override {
    ModelFile file{.kind = kFile, .version = kVersion};
    file.header["space"] = search_space_json(space_);
    file.header["trials"] = trials_json(space_, tuning_.history);
    file.header["best"] = *tuning_.best;
    add_part(file, "model", *model_);
    return file;
  }
  [[nodiscard]] std::vector<ModelTable> tables() const override {
    std::vector<ModelTable> all = model_->tables();
    // The model of a learner that learns in rounds has a history of its own.
    for (ModelTable& table : all) {
      if (table.name == "history" || table.name == "chosen") table.name = "model_" + table.name;
    }
    all.push_back(best_table(tuning_));
    all.push_back(chosen_table(space_, tuning_.history[*tuning_.best]));
    all.push_back(history_table(space_, tuning_));
    return all;
  }
  [[nodiscard]] std::optional<ShapModel> trees(std::size_t output) const override {
    return model_->trees(output);
  }
  [[nodiscard]] FeatureTable inner(const FeatureTable& features,
                                   const Context& context) const override {
    return model_->inner(features, context);
  }

 private:
  SearchSpace space_;
  Tuning tuning_;
  std::shared_ptr<const Predictor> model_;
};

// Trials of an interrupted or shorter search that this one goes on from.
std::span<const Trial> earlier_trials(const Lesson& lesson, const SearchSpace& space) {
  if (lesson.start == nullptr) return {};
  const auto* start = dynamic_cast<const Tuned*>(lesson.start);
  if (start == nullptr || search_space_json(start->space()) != search_space_json(space)) {
    throw ArgumentError({.what = "a search can't go on from this model",
                         .where = "start",
                         .expected = "a model of learn.tune or learn.tuned with the same space"});
  }
  return start->history();
}

std::shared_ptr<const Predictor> fit(const nlohmann::json& options, const Training& training) {
  OptionReader read("tuned", options);
  const nlohmann::json& learner = read.value("learner");
  if (learner.is_null()) read.fail("learner", "is missing", "the learner whose options are chosen");
  const LearnerSpec base = learner_spec(learner);
  const SearchSpace space = search_space(read.value("space"));
  const nlohmann::json& how = read.value("tuner");
  TunerSpec spec = tuner_spec(how.is_null() ? nlohmann::json::object() : how);
  const Lesson& lesson = training.lesson;
  const Metric metric = metric_named(read.text("metric", ""), lesson.classes.size());
  const int folds = folds_of(read, 5);
  const auto repeats = static_cast<int>(read.integer("repeats", 1, 1, 1000));
  const std::string resource = read.text("resource", "rows");
  read.done();

  spec.maximise = metric.kind->higher_is_better;
  const auto rows = rows_with_outcome(lesson, training.rows);
  Lesson folded = lesson;
  folded.start = nullptr;
  const FoldedLesson data{
      .lesson = folded,
      .rows = rows,
      .folds = lesson_folds(lesson, rows, folds, repeats, training.key.child("folds"))};
  tell(training, data.folds.warnings);
  const auto objective =
      cross_validated_objective(space, base, data, metric, training.key.child("fits"), resource);
  Tuning tuning = tune(space, spec, objective, training.key.child("search"),
                       earlier_trials(lesson, space), training.context);
  tell(training, tuning.warnings);
  if (!tuning.best.has_value()) {
    throw DataError({.what = fmt::format("none of {} trials of '{}' could be fitted and judged",
                                         tuning.history.size(), base.kind),
                     .got = tuning.history.empty() ? "" : tuning.history[0].error});
  }
  const LearnerSpec best = apply_point(space, tuning.history[*tuning.best].point, base);
  Lesson whole = lesson;
  whole.start = nullptr;
  auto model = fit_part(best, {.lesson = whole,
                               .rows = rows,
                               .key = training.key.child("model"),
                               .context = training.context,
                               .warnings = training.warnings});
  return std::make_shared<const Tuned>(space, std::move(tuning), std::move(model));
}

std::shared_ptr<const Predictor> read(const ModelFile& file) {
  const FileFields fields(file, kVersion);
  SearchSpace space;
  Tuning tuning;
  try {
    space = search_space(fields.value("space"));
    tuning.history = trials_of(space, fields.value("trials"));
  } catch (const ArgumentError& error) {
    fields.refuse(fmt::format("its search can't be read: {}", error.info().what));
  }
  tuning.best = static_cast<std::size_t>(fields.whole("best", 0, std::ssize(tuning.history) - 1));
  return std::make_shared<const Tuned>(std::move(space), std::move(tuning),
                                       read_part(file, "model"));
}

constexpr LearnerKind kKinds[] = {
    {"tuned",
     "A learner whose options are chosen by cross-validation inside its training rows, then fitted "
     "to all of them.",
     kFile, "as its learner says", true, true, true, fit, read, true},
};

}  // namespace

std::span<const LearnerKind> tuned_kinds() { return kKinds; }

}  // namespace impact::detail
