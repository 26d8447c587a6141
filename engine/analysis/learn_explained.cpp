#include "engine/analysis/learn_explained.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact::detail {
namespace {

std::size_t output_of_class(const AnalysisReader& read, const TrainedModel& model) {
  const std::size_t outputs = model.outputs();
  if (!read.given("class")) {
    if (outputs == 1) return 0;
    throw ArgumentError({.what = "the model has several classes: which is explained?",
                         .expected = "class = one of " + list_words(model.classes)});
  }
  const nlohmann::json& given = read.input().options["class"];
  const std::string wanted = given.is_string() ? given.get<std::string>() : given.dump();
  const auto at = std::find(model.classes.begin(), model.classes.end(), wanted);
  if (at == model.classes.end()) {
    throw ArgumentError({.what = "the model has no such class",
                         .got = wanted,
                         .expected = model.classes.empty() ? "no class: it predicts numbers"
                                                           : list_words(model.classes),
                         .hint = did_you_mean(wanted, model.classes)});
  }
  if (outputs > 1) return static_cast<std::size_t>(at - model.classes.begin());
  if (at == model.classes.begin()) {
    throw ArgumentError({.what = "of two classes the positive one is explained",
                         .got = wanted,
                         .expected = model.classes[1],
                         .hint = "effects on the other one are the same with the other sign"});
  }
  return 0;
}

}  // namespace

ExplainedModel explained_model(const AnalysisReader& read) {
  ExplainedModel out;
  out.model = model_of(read);
  out.features = feature_columns(read, "features");
  out.rows = every_row(read.input().frame.rows());
  if (read.has("weights")) out.weights = read.numbers(read.name("weights"));
  out.output = output_of_class(read, *out.model);
  const auto& classes = out.model->classes;
  out.said = out.model->outcome;
  if (classes.size() == 2) out.said = "probability of " + classes[1];
  if (classes.size() > 2) out.said = "probability of " + classes[out.output];
  return out;
}

std::vector<std::string> named_columns(const AnalysisReader& read, const char* option) {
  if (!read.given(option)) return {};
  const nlohmann::json& value = read.input().options[option];
  if (value.is_string()) return {value.get<std::string>()};
  const bool texts = value.is_array() && std::all_of(value.begin(), value.end(),
                                                     [](const auto& v) { return v.is_string(); });
  if (!texts) {
    throw ArgumentError({.what = std::string("'") + option + "' names no columns",
                         .got = value.dump(),
                         .expected = "a column, or a list of columns"});
  }
  return value.get<std::vector<std::string>>();
}

std::vector<std::vector<std::string>> named_groups(const AnalysisReader& read, const char* option) {
  if (!read.given(option)) return {};
  const nlohmann::json& value = read.input().options[option];
  std::vector<std::vector<std::string>> out;
  const bool nested =
      !value.empty() && (value.is_object() || (value.is_array() && !value.front().is_string()));
  if (!nested) return {named_columns(read, option)};
  for (const auto& item : value.items()) {
    const nlohmann::json& group = item.value();
    const bool texts =
        group.is_string() ||
        (group.is_array() && !group.empty() &&
         std::all_of(group.begin(), group.end(), [](const auto& v) { return v.is_string(); }));
    if (!texts) {
      throw ArgumentError({.what = std::string("'") + option + "' holds no group of columns",
                           .got = group.dump(),
                           .expected = "{ { t.likes, t.shares }, { t.tier } }"});
    }
    if (group.is_string()) {
      out.push_back({group.get<std::string>()});
    } else {
      out.push_back(group.get<std::vector<std::string>>());
    }
  }
  return out;
}

void MixedCells::number(double value) {
  numbers_.push_back(value);
  texts_.emplace_back();
  is_text_.push_back(false);
}

void MixedCells::text(const std::string& value) {
  numbers_.push_back(std::nan(""));
  texts_.push_back(value);
  is_text_.push_back(true);
}

void MixedCells::cell(const Feature& feature, std::uint32_t row) {
  if (!feature.text) return number(feature.numbers[row]);
  const std::int32_t code = feature.codes[row];
  text(code < 0 ? std::string() : feature.levels[static_cast<std::size_t>(code)]);
}

Column MixedCells::column() const {
  const bool any_text = std::find(is_text_.begin(), is_text_.end(), true) != is_text_.end();
  std::vector<bool> missing;
  if (any_text) {
    std::vector<std::string> cells = texts_;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (!is_text_[i] && !std::isnan(numbers_[i])) cells[i] = format_double(numbers_[i]);
      missing.push_back(!is_text_[i] && std::isnan(numbers_[i]));
    }
    return texts_with_gaps(cells, missing);
  }
  TableBuilder table;
  table.numbers("value", numbers_);
  return table.build().column(std::size_t{0});
}

Column texts_with_gaps(const std::vector<std::string>& cells, const std::vector<bool>& missing) {
  std::vector<std::uint64_t> valid;
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (!missing[row]) continue;
    if (valid.empty()) valid.assign((cells.size() + 63) / 64, ~std::uint64_t{0});
    valid[row / 64] &= ~(std::uint64_t{1} << (row % 64));
  }
  return Column::texts(cells, std::move(valid));
}

}  // namespace impact::detail
