#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/option_reader.h"
#include "engine/learn/conformal.h"
#include "engine/learn/folds.h"
#include "engine/learn/gathered_warnings.h"
#include "engine/learn/kinds/file_fields.h"
#include "engine/learn/kinds/inner_lesson.h"
#include "engine/learn/kinds/kinds.h"

// A model of numbers with intervals that hold a new outcome with a stated probability.
namespace impact::detail {
namespace {

constexpr const char* kFile = "conformal";
constexpr int kVersion = 1;
constexpr std::int64_t kMostFolds = 1000;
constexpr std::array<std::string_view, 3> kHow{"split", "cv_plus", "quantile"};
enum class How { kSplit, kCvPlus, kQuantile };

// What the intervals are made of. split: prediction -+ margin. quantile: from the model's own
// quantile at (1 - level) / 2 less the margin to that at (1 + level) / 2 plus it. cv_plus: models
// fitted without each fold, and each row's fold and absolute residual out of it.
struct IntervalParts {
  How how = How::kSplit;
  double level = 0.9;
  double margin = std::numeric_limits<double>::infinity();
  std::vector<std::shared_ptr<const Predictor>> without = {};
  std::vector<double> residual = {};
  std::vector<std::int32_t> fold = {};
};

std::array<double, 2> tails(double level) { return {(1.0 - level) / 2.0, (1.0 + level) / 2.0}; }

class Conformal final : public Predictor {
 public:
  Conformal(std::shared_ptr<const Predictor> model, IntervalParts parts)
      : model_(std::move(model)), parts_(std::move(parts)) {}

  [[nodiscard]] std::size_t outputs() const override { return 1; }
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
    if (parts_.how == How::kCvPlus) {
      from_folds(features, rows, out, context);
      return true;
    }
    if (parts_.how == How::kQuantile) {
      if (!model_->quantiles(features, rows, tails(parts_.level), out, context)) return false;
    } else {
      std::vector<double> said(rows.size());
      model_->predict(features, rows, said, context);
      for (std::size_t i = 0; i < rows.size(); ++i) out[2 * i] = out[2 * i + 1] = said[i];
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      out[2 * i] -= parts_.margin;
      out[2 * i + 1] += parts_.margin;
    }
    return true;
  }
  [[nodiscard]] std::vector<ModelTable> tables() const override { return model_->tables(); }
  [[nodiscard]] std::optional<ShapModel> trees(std::size_t output) const override {
    return model_->trees(output);
  }
  [[nodiscard]] FeatureTable inner(const FeatureTable& features,
                                   const Context& context) const override {
    return model_->inner(features, context);
  }
  [[nodiscard]] ModelFile save() const override {
    ModelFile file{.kind = kFile, .version = kVersion};
    file.header["how"] = kHow[static_cast<std::size_t>(parts_.how)];
    file.header["folds"] = parts_.without.size();
    file.blocks["level"] = std::vector<double>{parts_.level};
    add_part(file, "model", *model_);
    if (parts_.how != How::kCvPlus) {
      file.blocks["margin"] = std::vector<double>{parts_.margin};
      return file;
    }
    for (std::size_t k = 0; k < parts_.without.size(); ++k) {
      add_part(file, "fold " + std::to_string(k), *parts_.without[k]);
    }
    file.blocks["residual"] = parts_.residual;
    file.blocks["fold"] = parts_.fold;
    return file;
  }

 private:
  // In blocks of rows: predictions of all folds stay small.
  void from_folds(const FeatureTable& features, std::span<const std::uint32_t> rows,
                  std::span<double> out, const Context& context) const {
    constexpr std::size_t kBlock = 4096;
    const std::size_t folds = parts_.without.size();
    for (std::size_t begin = 0; begin < rows.size(); begin += kBlock) {
      const auto block = rows.subspan(begin, std::min(kBlock, rows.size() - begin));
      std::vector<double> said(block.size() * folds);
      std::vector<double> own(block.size());
      for (std::size_t k = 0; k < folds; ++k) {
        parts_.without[k]->predict(features, block, own, context);
        for (std::size_t i = 0; i < block.size(); ++i) said[i * folds + k] = own[i];
      }
      const ConformalIntervals found =
          cv_plus(parts_.residual, parts_.fold, said, folds, parts_.level);
      for (std::size_t i = 0; i < block.size(); ++i) {
        out[2 * (begin + i)] = found.low[i];
        out[2 * (begin + i) + 1] = found.high[i];
      }
    }
  }

  std::shared_ptr<const Predictor> model_;
  IntervalParts parts_;
};

std::shared_ptr<const Predictor> fit_rows(const LearnerSpec& spec, const Lesson& lesson,
                                          std::span<const std::uint32_t> rows, StreamKey key,
                                          const Training& training) {
  return fit_part(spec, {.lesson = lesson,
                         .rows = rows,
                         .key = key,
                         .context = training.context,
                         .warnings = training.warnings});
}

// |outcome - prediction| of rows, or max(low - outcome, outcome - high) of predicted quantiles.
std::vector<double> scores_of(const IntervalParts& parts, const Predictor& model,
                              const InnerLesson& data, std::span<const std::uint32_t> rows,
                              const Context& context) {
  std::vector<double> out;
  if (parts.how == How::kQuantile) {
    std::vector<double> ends(2 * rows.size());
    if (!model.quantiles(data.features, rows, tails(parts.level), ends, context)) {
      throw ArgumentError({.what = "the learner knows no quantiles",
                           .got = "how = \"quantile\"",
                           .expected = "learn.forest { quantiles = true }"});
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double y = data.outcome[rows[i]];
      const bool known = !std::isnan(ends[2 * i]) && !std::isnan(ends[2 * i + 1]);
      out.push_back(known ? std::max(ends[2 * i] - y, y - ends[2 * i + 1]) : std::nan(""));
    }
    return out;
  }
  std::vector<double> said(rows.size());
  model.predict(data.features, rows, said, context);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.push_back(std::abs(data.outcome[rows[i]] - said[i]));
  }
  return out;
}

std::shared_ptr<const Predictor> fit_split(const LearnerSpec& spec, IntervalParts parts,
                                           double share, const InnerLesson& data,
                                           const Training& training) {
  const Lesson lesson = data.lesson();
  const Split split = draw_split(data.rows(), {.test_share = share, .groups = data.groups},
                                 training.key.child("split"));
  auto model = fit_rows(spec, lesson, split.train, training.key.child("model"), training);
  const auto scores = scores_of(parts, *model, data, split.test, training.context);
  const ConformalQuantile margin = conformal_quantile(scores, parts.level);
  tell(training, margin.warnings);
  parts.margin = margin.value;
  return std::make_shared<const Conformal>(std::move(model), std::move(parts));
}

std::shared_ptr<const Predictor> fit_folds(const LearnerSpec& spec, IntervalParts parts, int count,
                                           const InnerLesson& data, const Training& training) {
  const Lesson lesson = data.lesson();
  const Folds folds =
      draw_folds(data.rows(), {.folds = count, .groups = data.groups}, training.key.child("folds"));
  tell(training, folds.warnings);
  parts.residual.assign(data.rows(), std::nan(""));
  parts.fold.assign(data.rows(), -1);
  GatheredWarnings gathered;
  for (int k = 0; k < folds.folds; ++k) {
    const Split split = folds.split(k);
    std::vector<std::string> own;
    Training inner = training;
    inner.warnings = &own;
    parts.without.push_back(fit_rows(spec, lesson, split.train,
                                     training.key.child("fold " + std::to_string(k)), inner));
    gathered.add(own);
    const auto scores = scores_of(parts, *parts.without.back(), data, split.test, training.context);
    for (std::size_t i = 0; i < split.test.size(); ++i) {
      parts.residual[split.test[i]] = scores[i];
      parts.fold[split.test[i]] = k;
    }
  }
  tell(training, gathered.said());
  // Too few rows for the level make every interval infinite: any row tells.
  const std::vector<double> asked(static_cast<std::size_t>(count), 0.0);
  tell(training,
       cv_plus(parts.residual, parts.fold, asked, static_cast<std::size_t>(count), parts.level)
           .warnings);
  const auto rows = every_row(data.rows());
  auto model = fit_rows(spec, lesson, rows, training.key.child("model"), training);
  return std::make_shared<const Conformal>(std::move(model), std::move(parts));
}

std::shared_ptr<const Predictor> fit(const nlohmann::json& options, const Training& training) {
  OptionReader read("conformal", options);
  const LearnerSpec spec = inner_learner(read);
  IntervalParts parts;
  parts.how = static_cast<How>(read.place("how", "split", {"split", "cv_plus", "quantile"}));
  parts.level = read.number("level", 0.9);
  if (!(parts.level > 0.0 && parts.level < 1.0)) {
    read.fail("level", "is no probability", "above 0 and below 1, such as 0.9");
  }
  const auto folds = static_cast<int>(read.integer("folds", 10, 2, kMostFolds));
  const double share = read.number("share", 0.25, 0.0, 1.0);
  read.done();
  const InnerLesson data = inner_lesson(training);
  if (!data.weights.empty()) {
    tell(training, {"weights taught the model; for the intervals every row counts the same"});
  }
  if (parts.how == How::kCvPlus) return fit_folds(spec, std::move(parts), folds, data, training);
  return fit_split(spec, std::move(parts), share, data, training);
}

std::shared_ptr<const Predictor> read(const ModelFile& file) {
  const FileFields fields(file, kVersion);
  IntervalParts parts{.how = static_cast<How>(fields.choice("how", kHow))};
  parts.level = model_block<double>(file, "level", 1)[0];
  if (!(parts.level > 0.0 && parts.level < 1.0)) fields.refuse("the level is no probability");
  auto model = read_part(file, "model");
  if (model->outputs() != 1) fields.refuse("intervals are those of a model of numbers");
  if (parts.how != How::kCvPlus) {
    parts.margin = model_block<double>(file, "margin", 1)[0];
    return std::make_shared<const Conformal>(std::move(model), std::move(parts));
  }
  const std::int64_t folds = fields.whole("folds", 2, kMostFolds);
  for (std::int64_t k = 0; k < folds; ++k) {
    parts.without.push_back(read_part(file, "fold " + std::to_string(k)));
    if (parts.without.back()->outputs() != 1) fields.refuse("a fold's model is of another kind");
  }
  parts.residual = model_block<double>(file, "residual");
  parts.fold =
      model_block<std::int32_t>(file, "fold", static_cast<std::int64_t>(parts.residual.size()));
  for (const std::int32_t fold : parts.fold) {
    if (fold < -1 || fold >= folds) fields.refuse("a row's fold has no model");
  }
  return std::make_shared<const Conformal>(std::move(model), std::move(parts));
}

constexpr LearnerKind kKinds[] = {
    {"conformal",
     "A model of numbers with intervals that hold a new outcome with a stated probability (Lei et "
     "al. 2018; Romano, Patterson & Candes 2019; Barber et al. 2021).",
     kFile, "as its learner says", true, false, false, fit, read},
};

}  // namespace

std::span<const LearnerKind> conformal_kinds() { return kKinds; }

}  // namespace impact::detail
