#include "engine/learn/trained_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/learner_kind.h"
#include "engine/learn/missing_inputs.h"

namespace impact {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr const char* kKind = "trained_model";

std::string in_quotes(std::string_view name) {
  std::string out("'");
  out.append(name);
  out += '\'';
  return out;
}

void check_lesson(const Lesson& lesson, std::span<const std::uint32_t> rows) {
  const std::size_t n = lesson.features.rows();
  if (lesson.features.size() == 0) {
    throw ArgumentError(
        {.what = "there is no column to learn from", .expected = "at least one feature"});
  }
  const auto same = [&](std::size_t size, const char* what) {
    if (size == n) return;
    throw ArgumentError({.what = std::string(what) + " and features differ in length",
                         .got = std::to_string(size) + " rows",
                         .expected = std::to_string(n) + " rows"});
  };
  same(lesson.outcome.size(), "outcome");
  if (!lesson.weights.empty()) same(lesson.weights.size(), "weights");
  if (!lesson.groups.empty()) same(lesson.groups.size(), "groups");
  for (const std::uint32_t row : rows) {
    if (row >= n) {
      throw ArgumentError({.what = "no such row",
                           .got = std::to_string(std::size_t{row} + 1),
                           .expected = "1 to " + std::to_string(n)});
    }
    const double w = lesson.weights.empty() ? 1.0 : lesson.weights[row];
    if (w < 0.0) {
      throw ArgumentError({.what = "a weight is negative",
                           .where = "row " + std::to_string(std::size_t{row} + 1),
                           .got = format_double(w),
                           .expected = "0 or more"});
    }
    if (!lesson.of_classes()) continue;
    const double y = lesson.outcome[row];
    if (std::isnan(y)) continue;
    if (y < 0.0 || y >= static_cast<double>(lesson.classes.size()) || y != std::trunc(y)) {
      throw ArgumentError({.what = "a label is no class",
                           .where = "row " + std::to_string(std::size_t{row} + 1),
                           .got = format_double(y),
                           .expected = "codes 0 to " + std::to_string(lesson.classes.size() - 1)});
    }
  }
}

void check_outcome(const detail::LearnerKind& kind, const Lesson& lesson,
                   const std::string& outcome) {
  const bool fits = !lesson.of_classes()         ? kind.numbers
                    : lesson.classes.size() <= 2 ? kind.classes
                                                 : kind.many_classes;
  if (fits) return;
  std::string can;
  for (const auto& [does, what] :
       {std::pair{kind.numbers, "numbers"}, std::pair{kind.classes, "two classes"},
        std::pair{kind.many_classes, "more than two classes"}}) {
    if (!does) continue;
    if (!can.empty()) can += ", ";
    can += what;
  }
  const std::string got = lesson.of_classes() ? std::to_string(lesson.classes.size()) + " classes"
                                              : std::string("numbers");
  throw ArgumentError(
      {.what = in_quotes(kind.name) + " can't predict what " + in_quotes(outcome) + " holds",
       .got = got,
       .expected = can});
}

[[noreturn]] void refuse(std::string_view where, std::string what) {
  throw DataError({.what = std::move(what),
                   .where = std::string(where),
                   .expected = "a model as impact saves it"});
}

std::vector<std::string> read_texts(const json& header, const char* name, std::string_view where) {
  const auto found = header.find(name);
  if (found == header.end() || !found->is_array()) {
    refuse(where, "the model's header lacks " + in_quotes(name));
  }
  std::vector<std::string> out;
  for (const json& item : *found) {
    if (!item.is_string()) refuse(where, in_quotes(name) + " of the model holds no texts");
    out.push_back(item.get<std::string>());
  }
  return out;
}

// What later data are compared with.
ModelInput input_of(const Feature& column, std::span<const std::uint32_t> rows) {
  constexpr std::size_t kMostLevels = 1000;
  ModelInput out{.name = column.name, .text = column.text};
  if (!column.text) {
    for (const std::uint32_t row : rows) {
      const double value = column.numbers[row];
      if (!std::isfinite(value)) continue;
      if (!(value >= out.low)) out.low = value;
      if (!(value <= out.high)) out.high = value;
    }
    return out;
  }
  std::vector<std::uint8_t> seen(column.levels.size(), 0);
  std::size_t present = 0;
  for (const std::uint32_t row : rows) {
    if (column.codes[row] < 0) continue;
    ++present;
    seen[static_cast<std::size_t>(column.codes[row])] = 1;
  }
  const auto levels = static_cast<std::size_t>(std::count(seen.begin(), seen.end(), 1));
  if (levels > kMostLevels || 2 * levels > present) return out;
  for (std::size_t k = 0; k < seen.size(); ++k) {
    if (seen[k] != 0) out.levels.push_back(column.levels[k]);
  }
  return out;
}

json input_json(const ModelInput& input) {
  json out{{"name", input.name}, {"type", input.text ? "text" : "number"}};
  if (!std::isnan(input.low)) out["low"] = input.low;
  if (!std::isnan(input.high)) out["high"] = input.high;
  if (!input.levels.empty()) out["levels"] = input.levels;
  return out;
}

ModelInput read_input(const json& value, std::string_view where) {
  if (!value.is_object() || !value.contains("name") || !value["name"].is_string() ||
      !value.contains("type") || (value["type"] != "text" && value["type"] != "number")) {
    refuse(where, "an input of the model can't be read");
  }
  ModelInput out{.name = value["name"].get<std::string>(), .text = value["type"] == "text"};
  for (const auto& [name, into] : {std::pair{"low", &out.low}, std::pair{"high", &out.high}}) {
    if (!value.contains(name)) continue;
    if (!value[name].is_number()) refuse(where, "the range of an input of the model is none");
    *into = value[name].get<double>();
  }
  if (value.contains("levels")) {
    out.levels = read_texts(value, "levels", where);
    if (!std::is_sorted(out.levels.begin(), out.levels.end())) {
      refuse(where, "the levels of an input of the model are not in order");
    }
  }
  return out;
}

}  // namespace

LearnerSpec learner_spec(const json& value) {
  const auto kind = value.is_object() ? value.find("learner") : value.end();
  if (!value.is_object() || kind == value.end() || !kind->is_string()) {
    throw ArgumentError({.what = "this is no learner",
                         .got = value.dump(),
                         .expected = "a learner, such as learn.forest { trees = 500 }"});
  }
  LearnerSpec out{.kind = kind->get<std::string>()};
  const auto options = value.find("options");
  if (options != value.end() && !options->is_null()) {
    // An empty list of a script can't be told from an empty object.
    out.options = options->is_array() && options->empty() ? json::object() : *options;
  }
  return out;
}

json learner_json(const LearnerSpec& spec) {
  return {{"learner", spec.kind}, {"options", spec.options}};
}

bool Predictor::quantiles(const FeatureTable&, std::span<const std::uint32_t>,
                          std::span<const double>, std::span<double>, const Context&) const {
  return false;
}

bool Predictor::intervals(const FeatureTable&, std::span<const std::uint32_t>, std::span<double>,
                          const Context&) const {
  return false;
}

std::optional<ShapModel> Predictor::trees(std::size_t) const { return std::nullopt; }

FeatureTable Predictor::inner(const FeatureTable& features, const Context&) const {
  return features;
}

FeatureTable TrainedModel::inputs_of(const FeatureTable& features) const {
  std::vector<std::shared_ptr<const Feature>> columns;
  columns.reserve(inputs.size());
  std::vector<std::string> absent;
  for (const ModelInput& input : inputs) {
    const std::size_t place = features.find(input.name);
    if (place == features.size()) {
      absent.push_back(input.name);
      continue;
    }
    const Feature& column = features[place];
    if (column.text != input.text) {
      throw DataError(
          {.what = "column " + in_quotes(input.name) + " is of another type than in training",
           .got = column.text ? "texts" : "numbers",
           .expected = input.text ? "texts" : "numbers",
           .hint = "check how the column was read"});
    }
    columns.push_back(features.shared(place));
  }
  if (!absent.empty()) throw missing_inputs_error(*this, absent, features.names());
  return FeatureTable(std::move(columns));
}

void TrainedModel::predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
                           std::span<double> out, const Context& context) const {
  if (out.size() != rows.size() * outputs()) {
    throw ArgumentError({.what = "room for predictions has another size",
                         .got = std::to_string(out.size()),
                         .expected = std::to_string(rows.size() * outputs())});
  }
  if (rows.empty()) return;
  predictor->predict(inputs_of(features), rows, out, context);
}

std::vector<double> TrainedModel::predict(const FeatureTable& features,
                                          const Context& context) const {
  const auto rows = every_row(features.rows());
  std::vector<double> out(rows.size() * outputs());
  predict(features, rows, out, context);
  return out;
}

std::string TrainedModel::save() const {
  ModelFile file{.kind = kKind, .version = kVersion};
  file.header["learner"] = learner_json(spec);
  file.header["outcome"] = outcome;
  file.header["classes"] = classes;
  file.header["n"] = n;
  file.header["warnings"] = warnings;
  json columns = json::array();
  for (const ModelInput& input : inputs) columns.push_back(input_json(input));
  file.header["inputs"] = std::move(columns);
  detail::add_part(file, "predictor", *predictor);
  return encode_model(file);
}

TrainedModel load_model(std::string_view bytes, std::string_view where) {
  const ModelFile file = decode_model(bytes, where);
  if (file.kind != kKind) {
    refuse(where, "the file holds a part of a model, " + in_quotes(file.kind));
  }
  if (file.version > kVersion) {
    refuse(where, "the model was saved by a newer version of the program");
  }
  TrainedModel out;
  const auto field = [&](const char* name) -> const json& {
    const auto found = file.header.find(name);
    if (found == file.header.end()) refuse(where, "the model's header lacks " + in_quotes(name));
    return *found;
  };
  try {
    out.spec = learner_spec(field("learner"));
  } catch (const ArgumentError&) {
    refuse(where, "the model's learner can't be read");
  }
  if (!field("outcome").is_string()) refuse(where, "the model's outcome has no name");
  out.outcome = field("outcome").get<std::string>();
  out.classes = read_texts(file.header, "classes", where);
  out.warnings = read_texts(file.header, "warnings", where);
  if (!field("n").is_number_integer()) refuse(where, "the model's number of rows is none");
  out.n = field("n").get<std::int64_t>();
  if (!field("inputs").is_array() || field("inputs").empty()) {
    refuse(where, "the model has no inputs");
  }
  for (const json& input : field("inputs")) out.inputs.push_back(read_input(input, where));
  out.predictor = detail::read_part(file, "predictor");
  if (out.predictor->outputs() != out.outputs()) {
    refuse(where, "the model predicts another number of classes than it names");
  }
  return out;
}

TrainedModel train(const LearnerSpec& spec, const Lesson& lesson,
                   std::span<const std::uint32_t> rows, std::string outcome, StreamKey key,
                   const Context& context) {
  check_lesson(lesson, rows);
  const detail::LearnerKind& kind = detail::learner_kind(spec.kind);
  check_outcome(kind, lesson, outcome);
  if (lesson.start != nullptr && !kind.goes_on) {
    throw ArgumentError({.what = in_quotes(kind.name) + " can't go on from an earlier model",
                         .expected = "a perceptron or boosted trees, or no model to start from"});
  }
  TrainedModel out;
  out.spec = spec;
  out.outcome = std::move(outcome);
  out.classes.assign(lesson.classes.begin(), lesson.classes.end());
  for (std::size_t j = 0; j < lesson.features.size(); ++j) {
    out.inputs.push_back(input_of(lesson.features[j], rows));
  }
  out.n = static_cast<std::int64_t>(rows.size());
  out.predictor = detail::fit_part(
      spec,
      {.lesson = lesson, .rows = rows, .key = key, .context = context, .warnings = &out.warnings});
  return out;
}

Learner learner_of(const LearnerSpec& spec, const Lesson& lesson, std::string outcome) {
  return [spec, lesson, outcome](std::span<const std::uint32_t> rows, StreamKey key,
                                 const Context& context) {
    TrainedModel model = train(spec, lesson, rows, outcome, key, context);
    FittedModel fitted{.predict = {}, .warnings = std::move(model.warnings)};
    // The features are the lesson's own, so no column has to be looked for.
    fitted.predict = [features = lesson.features, predictor = model.predictor](
                         std::span<const std::uint32_t> asked, std::span<double> prediction) {
      predictor->predict(features, asked, prediction, {});
    };
    return fitted;
  };
}

namespace detail {

std::shared_ptr<const Predictor> fit_part(const LearnerSpec& spec, const Training& training) {
  return learner_kind(spec.kind).fit(spec.options, training);
}

// A part is a model file of its own, so that each kind of learner checks its own blocks.
void add_part(ModelFile& file, const std::string& name, const Predictor& part) {
  const std::string bytes = encode_model(part.save());
  file.blocks[name] = std::vector<std::uint8_t>(bytes.begin(), bytes.end());
}

std::shared_ptr<const Predictor> read_part(const ModelFile& file, const std::string& name) {
  const auto& block = model_block<std::uint8_t>(file, name);
  const std::string bytes(block.begin(), block.end());
  const ModelFile part = decode_model(bytes, name);
  for (const LearnerKind& kind : learner_kinds()) {
    if (kind.file_kind == part.kind) return kind.read(part);
  }
  throw DataError({.what = "the model has a part of an unknown kind",
                   .where = name,
                   .got = part.kind,
                   .expected = "a model as impact saves it",
                   .hint = "it may come from a newer version of the program"});
}

}  // namespace detail
}  // namespace impact
