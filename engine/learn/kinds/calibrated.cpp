#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/option_reader.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/kinds/file_fields.h"
#include "engine/learn/kinds/inner_lesson.h"
#include "engine/learn/kinds/kinds.h"
#include "engine/learn/probability_calibration.h"

// A classifier whose probabilities are corrected by what it says of rows it did not learn from.
namespace impact::detail {
namespace {

constexpr const char* kFile = "calibrated";
constexpr int kVersion = 1;
constexpr std::array<std::string_view, 3> kHow{"platt", "isotonic", "temperature"};
enum class How { kPlatt, kIsotonic, kTemperature };

// Platt's and isotonic curves map the probability of each class but, of two, the second alone;
// those of more classes are divided by their sum (Zadrozny & Elkan 2002).
struct ProbabilityMap {
  How how = How::kPlatt;
  std::vector<PlattScaling> platt = {};
  std::vector<IsotonicRegression> isotonic = {};
  double temperature = 1.0;

  void apply(std::span<double> said, std::size_t outputs) const;
};

double curve_at(const ProbabilityMap& map, std::size_t k, double p) {
  return map.how == How::kPlatt ? map.platt[k](p) : map.isotonic[k](p);
}

void ProbabilityMap::apply(std::span<double> said, std::size_t outputs) const {
  if (how == How::kTemperature) {
    TemperatureScaling scaling;
    scaling.temperature = temperature;
    const bool two = outputs == 1;
    std::vector<double> row(two ? 2 : outputs);
    for (std::size_t i = 0; i < said.size(); i += outputs) {
      bool known = true;
      for (std::size_t k = 0; k < outputs; ++k) known = known && !std::isnan(said[i + k]);
      if (!known) continue;
      if (two) row = {1.0 - said[i], said[i]};
      if (!two)
        row.assign(said.begin() + static_cast<std::ptrdiff_t>(i),
                   said.begin() + static_cast<std::ptrdiff_t>(i + outputs));
      const std::vector<double> out = scaling(row, row.size());
      for (std::size_t k = 0; k < outputs; ++k) said[i + k] = two ? out[1] : out[k];
    }
    return;
  }
  for (std::size_t i = 0; i < said.size(); i += outputs) {
    double sum = 0.0;
    for (std::size_t k = 0; k < outputs; ++k) {
      said[i + k] = curve_at(*this, k, said[i + k]);
      sum += said[i + k];
    }
    if (outputs == 1) continue;
    for (std::size_t k = 0; k < outputs; ++k) {
      // No class is left where every curve says 0: then nothing is known of the row.
      said[i + k] = sum > 0.0 ? said[i + k] / sum : 1.0 / static_cast<double>(outputs);
    }
  }
}

class Calibrated final : public Predictor {
 public:
  Calibrated(std::shared_ptr<const Predictor> model, ProbabilityMap map)
      : model_(std::move(model)), map_(std::move(map)) {}

  [[nodiscard]] std::size_t outputs() const override { return model_->outputs(); }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context) const override {
    model_->predict(features, rows, out, context);
    map_.apply(out, outputs());
  }
  [[nodiscard]] ModelFile save() const override {
    ModelFile file{.kind = kFile, .version = kVersion};
    file.header["how"] = kHow[static_cast<std::size_t>(map_.how)];
    file.header["curves"] = map_.platt.size() + map_.isotonic.size();
    add_part(file, "model", *model_);
    std::vector<double> lines;
    for (const PlattScaling& curve : map_.platt) {
      lines.push_back(curve.slope);
      lines.push_back(curve.intercept);
    }
    if (map_.how == How::kPlatt) file.blocks["lines"] = std::move(lines);
    for (std::size_t k = 0; k < map_.isotonic.size(); ++k) {
      file.blocks["x " + std::to_string(k)] = map_.isotonic[k].x;
      file.blocks["y " + std::to_string(k)] = map_.isotonic[k].y;
    }
    if (map_.how == How::kTemperature) {
      file.blocks["temperature"] = std::vector<double>{map_.temperature};
    }
    return file;
  }
  [[nodiscard]] std::vector<ModelTable> tables() const override {
    std::vector<ModelTable> out = model_->tables();
    if (outputs() != 1) return out;
    // What becomes of a probability.
    ModelTable map{.name = "calibration_map", .number_names = {"probability", "calibrated"}};
    constexpr std::size_t kSteps = 100;
    std::vector<double> from;
    for (std::size_t i = 0; i <= kSteps; ++i) {
      from.push_back(static_cast<double>(i) / static_cast<double>(kSteps));
    }
    std::vector<double> to = from;
    map_.apply(to, 1);
    map.numbers = {std::move(from), std::move(to)};
    out.push_back(std::move(map));
    return out;
  }

 private:
  std::shared_ptr<const Predictor> model_;
  ProbabilityMap map_;
};

std::vector<double> output_column(const std::vector<double>& said, std::size_t outputs,
                                  std::size_t k) {
  std::vector<double> out;
  for (std::size_t i = k; i < said.size(); i += outputs) out.push_back(said[i]);
  return out;
}

// The map, or nothing where there is none; warnings say why.
std::optional<ProbabilityMap> fit_curves(How how, const InnerLesson& data,
                                         const std::vector<double>& said, std::size_t outputs,
                                         const Training& training) {
  ProbabilityMap map{.how = how};
  std::vector<std::int32_t> labels;
  for (const double y : data.outcome) labels.push_back(static_cast<std::int32_t>(y));
  if (how == How::kTemperature) {
    std::vector<double> both;
    if (outputs == 1) {
      for (const double p : said) {
        both.push_back(1.0 - p);
        both.push_back(p);
      }
    }
    const TemperatureScaling fitted = fit_temperature({.probability = outputs == 1 ? both : said,
                                                       .label = labels,
                                                       .classes = data.classes.size(),
                                                       .weights = data.weights});
    tell(training, fitted.warnings);
    if (std::isnan(fitted.temperature)) return std::nullopt;
    map.temperature = fitted.temperature;
    return map;
  }
  for (std::size_t k = 0; k < outputs; ++k) {
    const std::vector<double> own = output_column(said, outputs, k);
    std::vector<std::int32_t> is;
    const auto wanted = static_cast<std::int32_t>(outputs == 1 ? 1 : k);
    for (const std::int32_t label : labels) is.push_back(label == wanted ? 1 : 0);
    const ScoredLabels scored{.score = own, .label = is, .weights = data.weights};
    if (how == How::kPlatt) {
      map.platt.push_back(fit_platt(scored));
      tell(training, map.platt.back().warnings);
      if (std::isnan(map.platt.back().slope)) return std::nullopt;
    } else {
      map.isotonic.push_back(fit_isotonic(scored));
      tell(training, map.isotonic.back().warnings);
      if (map.isotonic.back().x.empty()) return std::nullopt;
    }
  }
  return map;
}

std::shared_ptr<const Predictor> fit(const nlohmann::json& options, const Training& training) {
  OptionReader read("calibrated", options);
  const LearnerSpec inner = inner_learner(read);
  const auto how =
      static_cast<How>(read.place("how", "platt", {"platt", "isotonic", "temperature"}));
  constexpr std::int64_t kMostFolds = 1000;
  const auto folds_wanted = static_cast<int>(read.integer("folds", 5, 2, kMostFolds));
  read.done();
  const InnerLesson data = inner_lesson(training);
  const Lesson lesson = data.lesson();
  const auto labels = labels_of(lesson);
  const Folds folds =
      draw_folds(data.rows(), {.folds = folds_wanted, .strata = labels, .groups = data.groups},
                 training.key.child("folds"));
  tell(training, folds.warnings);
  const std::size_t outputs = data.classes.size() > 2 ? data.classes.size() : 1;
  const OutOfFold said = out_of_fold(folds, learner_of(inner, lesson),
                                     training.key.child("out of fold"), training.context, outputs);
  tell(training, said.warnings);
  const auto map = fit_curves(how, data, said.prediction, outputs, training);
  const auto rows = every_row(data.rows());
  auto model = fit_part(inner, {.lesson = lesson,
                                .rows = rows,
                                .key = training.key.child("model"),
                                .context = training.context,
                                .warnings = training.warnings});
  if (map) return std::make_shared<const Calibrated>(std::move(model), *map);
  tell(training, {"probabilities were left as the learner says them: no curve could be fitted"});
  ProbabilityMap none{.how = How::kTemperature};
  return std::make_shared<const Calibrated>(std::move(model), std::move(none));
}

std::shared_ptr<const Predictor> read(const ModelFile& file) {
  const FileFields fields(file, kVersion);
  ProbabilityMap map{.how = static_cast<How>(fields.choice("how", kHow))};
  auto model = read_part(file, "model");
  const auto curves = static_cast<std::size_t>(
      fields.whole("curves", 0, static_cast<std::int64_t>(model->outputs())));
  if (curves != (map.how == How::kTemperature ? 0 : model->outputs())) {
    fields.refuse("the curves do not fit the model's classes");
  }
  if (map.how == How::kTemperature) {
    map.temperature = model_block<double>(file, "temperature", 1)[0];
  } else if (map.how == How::kPlatt) {
    const auto& lines = model_block<double>(file, "lines", static_cast<std::int64_t>(2 * curves));
    for (std::size_t k = 0; k < curves; ++k) {
      PlattScaling curve;
      curve.slope = lines[2 * k];
      curve.intercept = lines[2 * k + 1];
      map.platt.push_back(std::move(curve));
    }
  } else {
    for (std::size_t k = 0; k < curves; ++k) {
      IsotonicRegression curve;
      curve.x = model_block<double>(file, "x " + std::to_string(k));
      curve.y = model_block<double>(file, "y " + std::to_string(k),
                                    static_cast<std::int64_t>(curve.x.size()));
      map.isotonic.push_back(std::move(curve));
    }
  }
  return std::make_shared<const Calibrated>(std::move(model), std::move(map));
}

constexpr LearnerKind kKinds[] = {
    {"calibrated",
     "A classifier whose probabilities are corrected by its predictions of rows it did not learn "
     "from (Platt 1999; Zadrozny & Elkan 2002; Guo et al. 2017).",
     kFile, "as its learner says", false, true, true, fit, read},
};

}  // namespace

std::span<const LearnerKind> calibrated_kinds() { return kKinds; }

}  // namespace impact::detail
