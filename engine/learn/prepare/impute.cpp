#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/impute_fill.h"
#include "engine/learn/prepare/step_tools.h"

/// `impute` fills missing cells by what the known ones of the training rows say.
///
/// how: "median" (default), "mean", "knn" or "iterative" of numbers; "mode", the most frequent
/// value, of equally frequent ones the smallest, of numbers and texts; "constant", `value`, of
/// numbers or of texts as it is one. Options of knn and iterative: impute_fill.h (k, standardise,
/// distance_weights; rounds, tolerance, penalty). indicator: true adds for each column with a
/// missing cell in the training rows a column "<name> is missing", 0 or 1, behind the last one.
/// Weights count in mean, median and mode; knn and iterative count each row once. A column without
/// a known cell stays as it is, with a warning. Infinite numbers are a DataError that names the
/// column, in prepare and in bake.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;
enum class How { kMedian, kMean, kMode, kConstant, kKnn, kIterative };

class ConstantFill final : public NumberFill {
 public:
  explicit ConstantFill(std::vector<double> values) : values_(std::move(values)) {}

  void fill(NumberColumns& columns, const Context&) const override {
    for (std::size_t j = 0; j < columns.size(); ++j) {
      for (double& value : columns[j]) {
        if (std::isnan(value)) value = values_[j];
      }
    }
  }
  void save(ModelFile& file) const override { file.blocks["values"] = values_; }

 private:
  std::vector<double> values_;
};

class Impute final : public PreparedStep {
 public:
  std::size_t fill_kind = 0;  // Place in kFills.
  std::vector<std::string> numbers = {};
  std::unique_ptr<const NumberFill> fill = nullptr;
  std::vector<std::string> texts = {};
  std::vector<std::string> text_values = {};  // One a column of texts.
  std::vector<std::string> indicated = {};

  FeatureTable bake(const FeatureTable& features, const Context& context) const override;
  ModelFile save() const override;
};

constexpr std::array<std::string_view, 3> kFills = {"constant", "knn", "iterative"};

// The column with `value` in place of missing cells.
Feature filled_texts(const Feature& column, const std::string& value) {
  Feature out = column;
  const auto at = std::lower_bound(out.levels.begin(), out.levels.end(), value);
  const auto place = static_cast<std::int32_t>(at - out.levels.begin());
  if (at == out.levels.end() || *at != value) {
    out.levels.insert(at, value);
    for (std::int32_t& code : out.codes) code += code >= place ? 1 : 0;
  }
  for (std::int32_t& code : out.codes) {
    if (code < 0) code = place;
  }
  return out;
}

FeatureTable Impute::bake(const FeatureTable& features, const Context& context) const {
  TableEdit table(features, "impute");
  NumberColumns columns;
  for (const std::string& name : numbers) columns.push_back(table.finite(name));
  fill->fill(columns, context);
  for (std::size_t k = 0; k < numbers.size(); ++k) {
    Feature column = number_feature(numbers[k], std::move(columns[k]));
    column.role = table.column(numbers[k], ColumnType::kNumber).role;
    table.replace(numbers[k], {std::move(column)});
  }
  for (std::size_t k = 0; k < texts.size(); ++k) {
    const Feature& column = table.column(texts[k], ColumnType::kText);
    table.replace(texts[k], {filled_texts(column, text_values[k])});
  }
  for (const std::string& name : indicated) {
    const Feature& column = table.column(name, ColumnType::kAny);
    std::vector<double> missing;
    for (std::size_t i = 0; i < column.rows(); ++i) {
      const bool hole = column.text ? column.codes[i] < 0 : std::isnan(column.numbers[i]);
      missing.push_back(hole ? 1.0 : 0.0);
    }
    table.append(number_feature(name + " is missing", std::move(missing)));
  }
  return std::move(table).done();
}

ModelFile Impute::save() const {
  ModelFile file{.kind = "step impute", .version = kVersion};
  file.header["numbers"] = numbers;
  file.header["texts"] = texts;
  file.header["text_values"] = text_values;
  file.header["indicated"] = indicated;
  file.header["fill"] = kFills[fill_kind];
  fill->save(file);
  return file;
}

// Sum of the weights of each known value, NaN and rows without weight left out.
std::map<double, double> weight_of_values(const Feature& column, std::span<const double> weights) {
  std::map<double, double> out;
  for (std::size_t i = 0; i < column.numbers.size(); ++i) {
    const double weight = weights.empty() ? 1.0 : weights[i];
    // + 0.0 makes one zero of two.
    if (!std::isnan(column.numbers[i]) && weight > 0.0) out[column.numbers[i] + 0.0] += weight;
  }
  return out;
}

// Where half of the weight lies on either side; between two values their middle.
double weighted_median(const std::map<double, double>& values) {
  double total = 0.0;
  for (const auto& [value, weight] : values) total += weight;
  double below = 0.0;
  for (auto at = values.begin(); at != values.end(); ++at) {
    below += at->second;
    if (below > 0.5 * total) return at->first;
    if (below == 0.5 * total) return 0.5 * at->first + 0.5 * std::next(at)->first;
  }
  return values.rbegin()->first;
}

double weighted_mean(const Feature& column, std::span<const double> weights) {
  if (weights.empty()) {
    ExactMean mean;
    for (const double value : column.numbers) {
      if (!std::isnan(value)) mean.add(value);
    }
    return mean.mean();
  }
  ExactSum sum, total;
  for (std::size_t i = 0; i < column.numbers.size(); ++i) {
    if (std::isnan(column.numbers[i])) continue;
    sum.add(weights[i] * column.numbers[i]);
    total.add(weights[i]);
  }
  return sum.round() / total.round();
}

// NaN: no value is known.
double learned_number(How how, const Feature& column, std::span<const double> weights) {
  const auto values = weight_of_values(column, weights);
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (how == How::kMedian) return weighted_median(values);
  if (how != How::kMode) return weighted_mean(column, weights);
  const auto most =
      std::max_element(values.begin(), values.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most->first;
}

// -1: no text is known.
std::int32_t most_frequent_level(const Feature& column, std::span<const double> weights) {
  std::vector<double> weight(column.levels.size(), 0.0);
  for (std::size_t i = 0; i < column.codes.size(); ++i) {
    if (column.codes[i] < 0) continue;
    weight[static_cast<std::size_t>(column.codes[i])] += weights.empty() ? 1.0 : weights[i];
  }
  const auto most = std::max_element(weight.begin(), weight.end());
  if (most == weight.end() || !(*most > 0.0)) return -1;
  return static_cast<std::int32_t>(most - weight.begin());
}

bool has_missing(const Feature& column) {
  return column.text ? std::any_of(column.codes.begin(), column.codes.end(),
                                   [](std::int32_t code) { return code < 0; })
                     : std::any_of(column.numbers.begin(), column.numbers.end(),
                                   [](double value) { return std::isnan(value); });
}

// What `how` fills with, and in which columns.
struct Plan {
  How how = How::kMedian;
  ColumnType type = ColumnType::kNumber;
  double number = 0.0;    // Of "constant".
  std::string text = {};  // Of "constant".
};

Plan read_plan(OptionReader& options) {
  Plan plan;
  plan.how = static_cast<How>(
      options.place("how", "median", {"median", "mean", "mode", "constant", "knn", "iterative"}));
  if (plan.how == How::kMode) plan.type = ColumnType::kAny;
  if (plan.how == How::kConstant) {
    const nlohmann::json& value = options.value("value");
    if (value.is_string()) {
      plan.type = ColumnType::kText;
      plan.text = value.get<std::string>();
    } else if (value.is_number() && std::isfinite(value.get<double>())) {
      plan.number = value.get<double>();
    } else {
      options.fail("value", "is needed by how = \"constant\"", "a finite number or a text");
    }
  }
  return plan;
}

void take_column(const Plan& plan, const StepInput& input, const Feature& column, Impute& step,
                 NumberColumns& columns, std::vector<double>& values, StepResult& result) {
  bool known = true;
  if (column.text) {
    std::string value = plan.text;
    if (plan.how == How::kMode) {
      const std::int32_t level = most_frequent_level(column, input.weights);
      known = level >= 0;
      if (known) value = column.levels[static_cast<std::size_t>(level)];
    }
    if (known) {
      step.texts.push_back(column.name);
      step.text_values.push_back(std::move(value));
    }
  } else {
    check_finite(column, "impute");
    const bool by_rows = plan.how == How::kKnn || plan.how == How::kIterative;
    const double value =
        plan.how == How::kConstant
            ? plan.number
            : learned_number(plan.how, column, by_rows ? std::span<const double>() : input.weights);
    known = !std::isnan(value);
    if (known) {
      step.numbers.push_back(column.name);
      values.push_back(value);
      if (by_rows) columns.push_back(column.numbers);
    }
  }
  if (!known) {
    result.warnings.push_back("'" + column.name +
                              "' has no known value in the training rows: it stays missing");
  }
}

StepResult prepare_impute(const nlohmann::json& json, const StepInput& input,
                          const Context& context) {
  OptionReader options("impute", json);
  const Plan plan = read_plan(options);
  const bool indicator = options.flag("indicator", false);
  NeighbourSpec neighbours;
  ChainedSpec chained;
  if (plan.how == How::kKnn) neighbours = neighbour_spec(options);
  if (plan.how == How::kIterative) chained = chained_spec(options);
  const auto chosen = chosen_columns(options, input.features, plan.type);
  options.done();

  StepResult result;
  auto step = std::make_shared<Impute>();
  NumberColumns columns;
  std::vector<double> values;
  for (const std::size_t j : chosen) {
    const Feature& column = input.features[j];
    take_column(plan, input, column, *step, columns, values, result);
    if (indicator && has_missing(column)) step->indicated.push_back(column.name);
  }
  if (plan.how == How::kKnn) {
    step->fill_kind = 1;
    step->fill = neighbour_fill(columns, neighbours);
  } else if (plan.how == How::kIterative) {
    step->fill_kind = 2;
    step->fill = chained_fill(columns, chained, result.warnings, context);
  } else {
    step->fill = constant_fill(std::move(values));
  }
  if (chosen.empty()) result.warnings.push_back(nothing_to_do("impute", plan.type));
  result.step = step;
  return result;
}

std::shared_ptr<const PreparedStep> read_impute(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Impute>();
  step->numbers = header.texts("numbers");
  step->texts = header.texts("texts");
  step->text_values = header.texts("text_values");
  step->indicated = header.texts("indicated");
  if (step->text_values.size() != step->texts.size()) header.refuse("a column lacks its text");
  step->fill_kind = header.place("fill", {kFills[0], kFills[1], kFills[2]});
  const std::size_t columns = step->numbers.size();
  step->fill = step->fill_kind == 0   ? read_constant_fill(file, columns)
               : step->fill_kind == 1 ? read_neighbour_fill(file, columns)
                                      : read_chained_fill(file, columns);
  return step;
}

}  // namespace

std::unique_ptr<const NumberFill> constant_fill(std::vector<double> values) {
  return std::make_unique<ConstantFill>(std::move(values));
}

std::unique_ptr<const NumberFill> read_constant_fill(const ModelFile& file, std::size_t columns) {
  return constant_fill(model_block<double>(file, "values", static_cast<std::int64_t>(columns)));
}

std::span<const StepKind> impute_steps() {
  static constexpr std::array<StepKind, 1> kKinds = {
      {{.name = "impute",
        .words = "fills missing values by what the training rows say: their mean, median or mode, "
                 "a constant, the nearest rows, or chained ridge regressions",
        .prepare = prepare_impute,
        .read = read_impute}}};
  return kKinds;
}

}  // namespace impact::detail
