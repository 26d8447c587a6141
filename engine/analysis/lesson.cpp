#include "engine/analysis/lesson.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/left_out.h"
#include "engine/learn/take_rows.h"

namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kMicrosASecond = 1e6;

Feature text_column(const std::string& name, const Column& cells) {
  std::vector<std::string> words(cells.size());
  std::vector<const std::string*> pointers(cells.size(), nullptr);
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (cells.missing(row)) continue;
    words[row] = cells.text_at(row);
    pointers[row] = &words[row];
  }
  return text_feature(name, pointers);
}

bool zero_or_one(const std::vector<double>& values) {
  bool zero = false;
  bool one = false;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    if (value != 0.0 && value != 1.0) return false;
    (value == 0.0 ? zero : one) = true;
  }
  return zero && one;
}

void take_codes(const FactorCodes& factor, LessonData* data) {
  std::vector<std::int32_t> place(factor.levels.size(), -1);
  for (const std::int32_t code : factor.codes) {
    if (code >= 0) place[static_cast<std::size_t>(code)] = 0;
  }
  for (std::size_t k = 0; k < place.size(); ++k) {
    if (place[k] < 0) continue;
    place[k] = static_cast<std::int32_t>(data->classes.size());
    data->classes.push_back(factor.levels[k]);
  }
  for (const std::int32_t code : factor.codes) {
    data->outcome.push_back(code < 0 ? kNaN : place[static_cast<std::size_t>(code)]);
  }
}

// One class against all others.
void take_success(const AnalysisReader& read, LessonData* data) {
  data->outcome = read.outcomes();
  const std::string wanted = read.text("success", "");
  const FactorCodes factor = read.groups(data->outcome_name);
  std::string other = "not " + wanted;
  if (factor.levels.size() == 2) {
    other = factor.levels[0] == wanted ? factor.levels[1] : factor.levels[0];
  }
  data->classes = {other, wanted};
}

void take_outcome(const AnalysisReader& read, LessonData* data) {
  data->outcome_name = read.name("of");
  const Column& cells = read.input().frame.column(data->outcome_name);
  const std::string task = read.text("task", "auto");
  if (read.given("success")) return take_success(read, data);
  if (cells.type().kind == TypeKind::kBoolean && task != "numbers") {
    data->outcome = read.numbers(data->outcome_name);
    data->classes = {"false", "true"};
    return;
  }
  const bool measured = cells.type().numeric() || cells.type().kind == TypeKind::kBoolean;
  if (measured) {
    std::vector<double> values = read.numbers(data->outcome_name);
    if (task == "numbers" || (task == "auto" && !zero_or_one(values))) {
      data->outcome = std::move(values);
      return;
    }
  } else if (task == "numbers") {
    throw ArgumentError({.what = "'" + data->outcome_name + "' holds no numbers",
                         .got = cells.type().name(),
                         .expected = "a column of numbers, or task = \"classes\""});
  }
  take_codes(read.groups(data->outcome_name), data);
  if (data->two_classes() && !measured) {
    data->warnings.push_back("'" + data->classes[1] +
                             "' counts as the positive class; success = " + "names another");
  }
}

void find_rows(LessonData* data) {
  std::size_t missing = 0;
  for (std::size_t row = 0; row < data->outcome.size(); ++row) {
    if (std::isnan(data->outcome[row])) {
      ++missing;
    } else {
      data->rows.push_back(static_cast<std::uint32_t>(row));
    }
  }
  if (data->rows.empty()) {
    throw DataError({.what = "there is no row to learn from",
                     .got = data->outcome.empty()
                                ? "a table without rows"
                                : "'" + data->outcome_name + "' is missing in every row",
                     .expected = "rows in which '" + data->outcome_name + "' is known"});
  }
  if (data->classes.size() == 1) {
    throw DataError({.what = "'" + data->outcome_name + "' has one class only",
                     .got = data->classes.front(),
                     .expected = "two classes or more",
                     .hint = "success = a value makes two classes: it, and all others"});
  }
  if (missing > 0) {
    data->warnings.push_back(format_integer(static_cast<std::int64_t>(missing)) +
                             (missing == 1 ? " row was" : " rows were") + " left out because '" +
                             data->outcome_name + "' is missing");
  }
}

void take_rest(const AnalysisReader& read, LessonData* data) {
  if (read.has("weights")) {
    data->weights = read.numbers(read.name("weights"));
    for (std::size_t row = 0; row < data->weights.size(); ++row) {
      if (data->weights[row] >= 0.0) continue;
      throw ArgumentError({.what = "'" + read.name("weights") + "' holds a weight that is none",
                           .where = "row " + std::to_string(row + 1),
                           .got = format_double(data->weights[row]),
                           .expected = "0 or more"});
    }
  }
  if (read.has("time")) {
    const std::string& name = read.name("time");
    data->time = feature_of(name, read.input().frame.column(name)).numbers;
    if (data->time.empty()) {
      throw ArgumentError({.what = "'" + name + "' is no time",
                           .got = read.input().frame.column(name).type().name(),
                           .expected = "a date, a timestamp or a number"});
    }
  }
  if (read.has("groups")) {
    const FactorCodes factor = read.groups(read.name("groups"));
    // A row without a group stands for itself.
    auto next = static_cast<std::int32_t>(factor.levels.size());
    for (const std::int32_t code : factor.codes) data->groups.push_back(code < 0 ? next++ : code);
  }
}

}  // namespace

Lesson LessonData::lesson() const {
  return {.features = features,
          .outcome = outcome,
          .classes = classes,
          .weights = weights,
          .groups = groups};
}

std::vector<std::int32_t> LessonData::labels() const {
  std::vector<std::int32_t> out;
  out.reserve(outcome.size());
  for (const double y : outcome) out.push_back(std::isnan(y) ? -1 : static_cast<std::int32_t>(y));
  return out;
}

LessonData LessonData::complete(const std::vector<std::string>& columns) const {
  LessonData out;
  std::vector<std::shared_ptr<const Feature>> picked;
  for (std::size_t j = 0; j < features.size(); ++j) {
    const bool wanted = columns.empty() || std::find(columns.begin(), columns.end(),
                                                     features[j].name) != columns.end();
    if (wanted) picked.push_back(features.shared(j));
  }
  FeatureTable table(std::move(picked));
  out.features = rows.size() == outcome.size() ? std::move(table) : table.take(rows);
  out.outcome_name = outcome_name;
  out.outcome = values_of(std::span(outcome), rows);
  out.classes = classes;
  out.weights = values_of(std::span(weights), rows);
  out.groups = values_of(std::span(groups), rows);
  out.time = values_of(std::span(time), rows);
  out.rows = every_row(rows.size());
  out.warnings = warnings;
  return out;
}

Feature feature_of(const std::string& name, const Column& cells) {
  const TypeKind kind = cells.type().kind;
  if (kind == TypeKind::kText || kind == TypeKind::kCategory) return text_column(name, cells);
  std::vector<double> numbers(cells.size(), kNaN);
  if (kind == TypeKind::kDate || kind == TypeKind::kTimestamp) {
    for (std::size_t row = 0; row < cells.size(); ++row) {
      if (cells.missing(row)) continue;
      numbers[row] = kind == TypeKind::kDate
                         ? static_cast<double>(cells.as_dates()[row])
                         : static_cast<double>(cells.as_timestamps()[row]) / kMicrosASecond;
    }
    return number_feature(name, std::move(numbers));
  }
  std::vector<double> storage;
  const auto span = cells.to_numbers(storage);
  return number_feature(name, {span.begin(), span.end()});
}

FeatureTable feature_columns(const AnalysisReader& read, const char* role) {
  std::vector<Feature> out;
  for (const std::string& name : read.names(role)) {
    out.push_back(feature_of(name, read.input().frame.column(name)));
    for (const auto& [column, declared] : read.input().feature_roles) {
      if (column == name) out.back().role = declared;
    }
  }
  return FeatureTable(std::move(out));
}

namespace {

// What is predicted can't be learned from, and what names a row says nothing of another one.
void look_at_names(const AnalysisReader& read, LessonData* data) {
  const std::string& of = read.name("of");
  const auto& key = read.input().key;
  for (const std::string& name : read.names("features")) {
    if (name == of) {
      throw ArgumentError({.what = "'" + of + "' is to be predicted from itself",
                           .got = "'" + of + "' among the features",
                           .expected = "features without the outcome"});
    }
    if (std::find(key.begin(), key.end(), name) != key.end()) {
      data->warnings.push_back("the key '" + name +
                               "' is among the features: it names rows, and what a model learns "
                               "of it is the order in which they were collected");
    }
  }
}

}  // namespace

namespace {

// Where, while rows are still those of the table.
void look_for_infinite(LessonData* data) {
  for (std::size_t j = 0; j < data->features.size(); ++j) {
    const Feature& column = data->features[j];
    if (!column.text) warn_infinite_column(data->warnings, column.name, column.numbers);
  }
  warn_infinite_column(data->warnings, data->outcome_name, data->outcome);
}

}  // namespace

LessonData lesson_data(const AnalysisReader& read) {
  LessonData out;
  look_at_names(read, &out);
  out.features = feature_columns(read, "features");
  take_outcome(read, &out);
  find_rows(&out);
  look_for_infinite(&out);
  take_rest(read, &out);
  return out;
}

LessonData lesson_data(const AnalysisReader& read, const TrainedModel& model) {
  LessonData out;
  out.features = feature_columns(read, "features");
  out.outcome_name = read.name("of");
  out.classes = model.classes;
  const Column& cells = read.input().frame.column(out.outcome_name);
  if (model.classes.empty()) {
    out.outcome = read.numbers(out.outcome_name);
  } else if (cells.type().kind == TypeKind::kBoolean && model.classes[0] == "false") {
    out.outcome = read.numbers(out.outcome_name);
  } else {
    const FactorCodes factor = read.groups(out.outcome_name);
    // One against all others: whatever is not the second class is the first.
    const bool against_all = model.classes.size() == 2 && model.classes[0].starts_with("not ");
    std::vector<double> code;
    for (const std::string& level : factor.levels) {
      const auto at = std::find(model.classes.begin(), model.classes.end(), level);
      if (at == model.classes.end() && !against_all) {
        throw ArgumentError(
            {.what = "'" + out.outcome_name + "' has a class the model doesn't know",
             .got = level,
             .expected = list_words(model.classes),
             .hint = did_you_mean(level, model.classes)});
      }
      code.push_back(at == model.classes.end() ? 0.0
                                               : static_cast<double>(at - model.classes.begin()));
    }
    for (const std::int32_t cell : factor.codes) {
      out.outcome.push_back(cell < 0 ? kNaN : code[static_cast<std::size_t>(cell)]);
    }
  }
  find_rows(&out);
  look_for_infinite(&out);
  take_rest(read, &out);
  return out;
}

LearnerSpec learner_option(const AnalysisReader& read, const char* option) {
  if (!read.given(option)) {
    throw ArgumentError({.what = std::string("'") + option + "' is missing",
                         .expected = "a learner, such as learn.forest {}"});
  }
  return learner_spec(read.input().options[option]);
}

std::shared_ptr<const TrainedModel> model_of(const AnalysisReader& read) {
  if (read.input().model != nullptr) return read.input().model;
  for (const EarlierAnswer& answer : read.input().earlier) {
    for (const auto& [name, bytes] : answer.models) {
      return std::make_shared<const TrainedModel>(load_model(bytes, answer.node));
    }
  }
  throw ArgumentError({.what = "there is no model",
                       .expected = "model = a declared learn.fit, its :model(), or learn.load"});
}

namespace {

// One fold that a share of the rows is in; the others only train.
Folds one_split(const LessonData& data, double share, std::span<const std::int32_t> strata,
                StreamKey key) {
  const std::size_t n = data.outcome.size();
  const Split split =
      draw_split(n, {.test_share = share, .strata = strata, .groups = data.groups}, key);
  Folds out{.rows = n, .folds = 1, .repeats = 1};
  out.fold.assign(n, -1);
  for (const std::uint32_t row : split.test) out.fold[row] = 0;
  return out;
}

}  // namespace

Folds drawn_folds(const AnalysisReader& read, const LessonData& data) {
  const std::size_t n = data.outcome.size();
  const StreamKey key = read.input().stream.child("folds");
  std::vector<std::int32_t> strata;
  if (!data.classes.empty() && read.flag("stratified", true)) strata = data.labels();
  if (read.given("split")) return one_split(data, read.number("split", 0.25), strata, key);
  const bool each = read.given("folds") && read.input().options["folds"].is_string();
  if (!data.time.empty()) {
    return time_folds(data.time, {.folds = static_cast<int>(each ? 5 : read.integer("folds", 5)),
                                  .test = static_cast<std::size_t>(read.integer("test", 0)),
                                  .gap = static_cast<std::size_t>(read.integer("gap", 0)),
                                  .train = static_cast<std::size_t>(read.integer("window", 0))});
  }
  if (each) {
    if (read.text("folds", "") != "each") {
      throw ArgumentError({.what = "'folds' is not understood",
                           .got = read.text("folds", ""),
                           .expected = "a number, or \"each\""});
    }
    return data.groups.empty() ? leave_one_out(n) : leave_one_group_out(data.groups);
  }
  return draw_folds(n,
                    {.folds = static_cast<int>(read.integer("folds", 10)),
                     .repeats = static_cast<int>(read.integer("repeats", 1)),
                     .strata = strata,
                     .groups = data.groups},
                    key);
}

AnalysisTable analysis_table(const ModelTable& table) {
  TableBuilder out;
  for (std::size_t j = 0; j < table.texts.size(); ++j) {
    out.texts(table.text_names[j], table.texts[j]);
  }
  for (std::size_t j = 0; j < table.numbers.size(); ++j) {
    out.numbers(table.number_names[j], table.numbers[j]);
  }
  return {table.name, out.build()};
}

void add_key(const AnalysisReader& read, const std::vector<std::uint32_t>& rows,
             TableBuilder* table) {
  for (const std::string& name : read.input().key) {
    const Column& cells = read.input().frame.column(name);
    if (cells.type().kind == TypeKind::kInteger && cells.missing_count() == 0) {
      std::vector<std::int64_t> numbers;
      for (const std::uint32_t row : rows) numbers.push_back(cells.as_integers()[row]);
      table->integers(name, std::move(numbers));
      continue;
    }
    std::vector<std::string> texts;
    for (const std::uint32_t row : rows) texts.push_back(format_value(cells.value(row)));
    table->texts(name, texts);
  }
}

}  // namespace impact::detail
