#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/core/option_reader.h"
#include "engine/learn/kinds/file_fields.h"
#include "engine/learn/kinds/kinds.h"

// What is known without any column: the level that every model must beat.
namespace impact::detail {
namespace {

constexpr const char* kFile = "baseline";
constexpr int kVersion = 1;

class Baseline final : public Predictor {
 public:
  explicit Baseline(std::vector<double> values) : values_(std::move(values)) {}

  [[nodiscard]] std::size_t outputs() const override { return values_.size(); }
  void predict(const FeatureTable&, std::span<const std::uint32_t> rows, std::span<double> out,
               const Context&) const override {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t k = 0; k < values_.size(); ++k) out[i * values_.size() + k] = values_[k];
    }
  }
  [[nodiscard]] ModelFile save() const override {
    ModelFile file{.kind = kFile, .version = kVersion};
    file.blocks["values"] = values_;
    return file;
  }

 private:
  std::vector<double> values_;
};

// The least outcome with half of the weight at or below it; between two where it is exactly half.
double weighted_median(const Training& training) {
  const Lesson& lesson = training.lesson;
  std::vector<std::pair<double, double>> values;
  double total = 0.0;
  for (const std::uint32_t row : training.rows) {
    const double w = lesson.weights.empty() ? 1.0 : lesson.weights[row];
    if (!std::isfinite(lesson.outcome[row]) || !(w > 0.0) || !std::isfinite(w)) continue;
    values.emplace_back(lesson.outcome[row], w);
  }
  std::sort(values.begin(), values.end());
  for (const auto& [value, w] : values) total += w;
  double below = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    below += values[i].second;
    if (2.0 * below > total) return values[i].first;
    if (2.0 * below == total && i + 1 < values.size()) {
      return values[i].first + (values[i + 1].first - values[i].first) / 2.0;
    }
  }
  return std::numeric_limits<double>::quiet_NaN();
}

// Weighted mean of the outcome, or the weighted share of each class.
std::shared_ptr<const Predictor> fit(const nlohmann::json& options, const Training& training) {
  OptionReader read("baseline", options);
  const bool median = read.place("level", "mean", {"mean", "median"}) == 1;
  read.done();
  const Lesson& lesson = training.lesson;
  if (median && !lesson.of_classes()) {
    return std::make_shared<const Baseline>(std::vector<double>{weighted_median(training)});
  }
  const std::size_t classes = lesson.classes.size();
  std::vector<double> sums(classes > 2 ? classes : 1, 0.0);
  double total = 0.0;
  for (const std::uint32_t row : training.rows) {
    const double y = lesson.outcome[row];
    const double w = lesson.weights.empty() ? 1.0 : lesson.weights[row];
    if (!std::isfinite(y) || !std::isfinite(w)) continue;
    total += w;
    if (classes > 2) {
      sums[static_cast<std::size_t>(y)] += w;
    } else {
      sums[0] += w * y;
    }
  }
  for (double& sum : sums) {
    sum = total > 0.0 ? sum / total : std::numeric_limits<double>::quiet_NaN();
  }
  return std::make_shared<const Baseline>(std::move(sums));
}

std::shared_ptr<const Predictor> read(const ModelFile& file) {
  const FileFields fields(file, kVersion);
  std::vector<double> values = model_block<double>(file, "values");
  if (values.empty()) fields.refuse("the baseline has no value");
  return std::make_shared<const Baseline>(std::move(values));
}

constexpr LearnerKind kKinds[] = {
    {"baseline", "The mean or median of the outcome, or the share of each class, for every row.",
     kFile, "are not looked at", true, true, true, fit, read},
};

}  // namespace

std::span<const LearnerKind> baseline_kinds() { return kKinds; }

}  // namespace impact::detail
