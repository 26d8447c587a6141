#include "engine/analysis/predict_stream.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

#include "engine/analysis/lesson.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/missing_inputs.h"
#include "engine/table/take.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kShownLevels = 5;
// Numbers that a slice of rows may hold, and rows of one.
constexpr std::size_t kSliceNumbers = std::size_t{1} << 23;
constexpr std::size_t kSliceRows = 8192;

std::string in_quotes(std::string_view name) {
  std::string out("'");
  out.append(name);
  out += '\'';
  return out;
}

std::string shown(const FileSource& source) {
  return in_quotes(source.declared_path.empty() ? source.path.filename().string()
                                                : source.declared_path);
}

bool holds_texts(const Type& type) {
  return type.kind == TypeKind::kText || type.kind == TypeKind::kCategory;
}

std::vector<std::string> prediction_names(const TrainedModel& model, const PredictionSpec& spec) {
  std::vector<std::string> out{"prediction", "low", "high"};
  if (model.classes.size() > 2) {
    for (const std::string& name : model.classes) out.push_back("probability of " + name);
  } else if (!model.classes.empty()) {
    out.emplace_back("probability");
  }
  for (const double p : spec.quantiles) out.push_back("quantile " + format_double(p));
  return out;
}

void check_spec(const TrainedModel& model, const PredictionSpec& spec) {
  if (spec.threshold && model.classes.size() != 2) {
    throw ArgumentError({.what = "a threshold needs a model of two classes",
                         .got = model.classes.empty()
                                    ? "a model of numbers"
                                    : std::to_string(model.classes.size()) + " classes"});
  }
  for (const double p : spec.quantiles) {
    if (p > 0.0 && p < 1.0) continue;
    throw ArgumentError({.what = "there is no such quantile",
                         .got = format_double(p),
                         .expected = "numbers between 0 and 1, as 0.1 and 0.9"});
  }
}

// Names of the data's columns that are handed on.
std::vector<std::string> kept_columns(const TrainedModel& model, const FileSource& source,
                                      const Schema& schema, const PredictionSpec& spec) {
  std::vector<std::string> out;
  std::set<std::string> taken;
  for (const std::string& name : spec.keep) {
    (void)schema.require(name, shown(source));
    if (taken.insert(name).second) out.push_back(name);
  }
  if (spec.keep_all) {
    for (const std::string& name : schema.names()) {
      if (taken.insert(name).second) out.push_back(name);
    }
  }
  for (const std::string& name : prediction_names(model, spec)) {
    if (!taken.contains(name)) continue;
    throw ArgumentError({.what = "a column to keep has the name of a column of predictions",
                         .where = shown(source),
                         .got = name,
                         .hint = "rename it in the data, or keep other columns"});
  }
  return out;
}

void refuse_type(const ModelInput& input, const FileSource& source, const Type& found) {
  throw DataError(
      {.what = "column " + in_quotes(input.name) + " is of another type than in training",
       .where = shown(source),
       .got = found.name(),
       .expected = input.text ? "text" : "number",
       .hint = "convert the column before"});
}

// What the model says about the types of a file without types. A guess rests on the first rows,
// which may be empty, or whole where later ones are not.
void steer_types(const TrainedModel& model, const Schema& schema,
                 const std::vector<std::string>& kept, bool keep_spelling, FileSource* source) {
  const std::set<std::string> handed_on(kept.begin(), kept.end());
  std::set<std::string> inputs;
  for (const ModelInput& input : model.inputs) {
    inputs.insert(input.name);
    const TypeKind guess = schema[*schema.find(input.name)].type.kind;
    if (input.text) {
      source->types[input.name] = text_type();
    } else if (guess == TypeKind::kInteger && handed_on.contains(input.name)) {
      continue;  // Handed on to the last digit.
    } else if (guess == TypeKind::kInteger || guess == TypeKind::kText) {
      source->types[input.name] = number_type();
    }
  }
  if (!keep_spelling) return;
  for (const std::string& name : kept) {
    if (!inputs.contains(name)) source->types[name] = text_type();
  }
}

// Counts what no training row held.
void compare(const ModelInput& input, const Feature& column, InputDrift* drift) {
  if (!column.text) {
    if (std::isnan(input.low)) return;
    for (const double value : column.numbers) {
      if (!(value < input.low || value > input.high)) continue;
      drift->least = drift->outside_rows == 0 ? value : std::min(drift->least, value);
      drift->most = drift->outside_rows == 0 ? value : std::max(drift->most, value);
      ++drift->outside_rows;
    }
    return;
  }
  if (input.levels.empty()) return;
  std::vector<std::uint8_t> unseen(column.levels.size(), 0);
  bool any = false;
  for (std::size_t k = 0; k < unseen.size(); ++k) {
    if (std::binary_search(input.levels.begin(), input.levels.end(), column.levels[k])) continue;
    unseen[k] = 1;
    any = true;
    auto& shown = drift->unseen;
    const auto at = std::lower_bound(shown.begin(), shown.end(), column.levels[k]);
    if (at != shown.end() && *at == column.levels[k]) continue;
    shown.insert(at, column.levels[k]);
    if (shown.size() > kShownLevels) shown.pop_back();
  }
  if (!any) return;
  for (const std::int32_t code : column.codes) {
    if (code >= 0) drift->unseen_rows += unseen[static_cast<std::size_t>(code)];
  }
}

std::string rows_text(std::int64_t rows) {
  return format_integer(rows) + (rows == 1 ? " row" : " rows");
}

std::vector<InputDrift> no_drift(const TrainedModel& model) {
  std::vector<InputDrift> out;
  for (const ModelInput& input : model.inputs) {
    out.push_back({.column = input.name, .low = input.low, .high = input.high});
  }
  return out;
}

// Kept columns and predictions of one chunk.
class ChunkPredictor {
 public:
  ChunkPredictor(const TrainedModel& model, const PredictionSpec& spec,
                 std::vector<std::string> kept, const Context& context)
      : model_(model),
        options_{.quantiles = spec.quantiles, .threshold = spec.threshold.value_or(0.5)},
        kept_(std::move(kept)),
        context_{.threads = context.threads, .cancel = context.cancel},
        drift_(no_drift(model)) {}

  [[nodiscard]] Frame predict(const Frame& frame) {
    detail::TableBuilder table;
    for (const std::string& name : kept_) table.column(name, frame.column(name));
    std::vector<Feature> columns;
    for (std::size_t j = 0; j < model_.inputs.size(); ++j) {
      const std::string& name = model_.inputs[j].name;
      columns.push_back(detail::feature_of(name, frame.column(name)));
      compare(model_.inputs[j], columns.back(), &drift_[j]);
    }
    const FeatureTable features(std::move(columns));
    summary_.without_prediction += static_cast<std::int64_t>(
        detail::add_predictions(model_, features, options_, context_, &table));
    summary_.rows += static_cast<std::int64_t>(frame.rows());
    return table.build();
  }

  [[nodiscard]] PredictionSummary summary() && {
    for (InputDrift& drift : drift_) {
      if (drift.unseen_rows + drift.outside_rows > 0) summary_.drift.push_back(std::move(drift));
    }
    return std::move(summary_);
  }

 private:
  const TrainedModel& model_;
  detail::PredictionOptions options_;
  std::vector<std::string> kept_;
  Context context_;
  std::vector<InputDrift> drift_;
  PredictionSummary summary_ = {};
};

}  // namespace

RelationPtr prediction_input(const std::shared_ptr<Backend>& backend, FileSource source,
                             const TrainedModel& model, const PredictionSpec& spec) {
  check_spec(model, spec);
  Schema schema = backend->read_schema(source);
  std::vector<std::string> absent = missing_inputs(model, schema.names());
  if (!absent.empty() && source.format == FileFormat::kCsv && !source.header) {
    // Names that are numbers look like a first row.
    FileSource named = source;
    named.header = true;
    Schema other = backend->read_schema(named);
    if (missing_inputs(model, other.names()).empty()) {
      source = std::move(named);
      schema = std::move(other);
      absent.clear();
    }
  }
  if (!absent.empty()) {
    throw missing_inputs_error(model, absent, schema.names(), shown(source));
  }
  const std::vector<std::string> kept = kept_columns(model, source, schema, spec);
  if (source.format == FileFormat::kParquet) {
    for (const ModelInput& input : model.inputs) {
      const Type& type = schema[*schema.find(input.name)].type;
      if (holds_texts(type) != input.text) refuse_type(input, source, type);
    }
  } else {
    const bool spelling = spec.keep_spelling && source.format == FileFormat::kCsv;
    steer_types(model, schema, kept, spelling, &source);
  }
  std::vector<NamedExpr> columns;
  std::set<std::string> wanted;
  const auto want = [&](const std::string& name) {
    if (wanted.insert(name).second) columns.push_back({name, column(name)});
  };
  for (const std::string& name : kept) want(name);
  for (const ModelInput& input : model.inputs) want(input.name);
  const std::string label = shown(source);
  return select(scan_file(backend, std::move(source), {}, label), std::move(columns));
}

PredictionSummary predict_stream(const TrainedModel& model, const RelationPtr& data,
                                 const PredictionSpec& spec, const Context& context,
                                 const std::function<bool(const Frame&)>& sink) {
  // What is not kept comes behind and is needed by the model alone.
  std::vector<std::string> kept = spec.keep;
  if (spec.keep_all) kept = data->schema.names();
  std::set<std::string> taken;
  std::erase_if(kept, [&](const std::string& name) { return !taken.insert(name).second; });
  ChunkPredictor chunk(model, spec, std::move(kept), context);
  std::int64_t rows = 0;
  // A model of many classes says more about a row than the data do.
  const std::size_t width = model.inputs.size() + model.outputs() + spec.quantiles.size();
  const std::size_t slice = std::clamp<std::size_t>(kSliceNumbers / width, 1, kSliceRows);
  data->backend->stream(data, context, [&](const Frame& frame) {
    for (std::size_t from = 0; from < frame.rows(); from += slice) {
      context.check();
      const std::size_t size = std::min(slice, frame.rows() - from);
      std::vector<std::size_t> places(size);
      std::iota(places.begin(), places.end(), from);
      if (!sink(chunk.predict(size == frame.rows() ? frame : take_rows(frame, places)))) {
        return false;
      }
      rows += static_cast<std::int64_t>(size);
      if (context.progress != nullptr) {
        context.progress->report(rows_text(rows) + " predicted", -1.0);
      }
    }
    return true;
  });
  if (rows == 0) {
    sink(chunk.predict(data->backend->collect(head(data, 0), context)));
  }
  return std::move(chunk).summary();
}

std::vector<InputDrift> input_drift(const TrainedModel& model, const FeatureTable& features) {
  const FeatureTable x = model.inputs_of(features);
  std::vector<InputDrift> out = no_drift(model);
  for (std::size_t j = 0; j < out.size(); ++j) compare(model.inputs[j], x[j], &out[j]);
  return out;
}

std::vector<std::string> prediction_remarks(const PredictionSummary& summary) {
  std::vector<std::string> out;
  if (summary.without_prediction > 0) {
    out.push_back(rows_text(summary.without_prediction) + " of " + format_integer(summary.rows) +
                  " without a prediction: a number the model needs is missing or infinite");
  }
  for (const InputDrift& drift : summary.drift) {
    if (drift.unseen_rows + drift.outside_rows == 0) continue;
    std::string text = in_quotes(drift.column);
    if (drift.unseen_rows > 0) {
      text += " holds what no training row had in " + rows_text(drift.unseen_rows) + ": " +
              list_words(drift.unseen, kShownLevels);
    } else {
      text += " leaves the range of training (" + format_double(drift.low) + " to " +
              format_double(drift.high) + ") in " + rows_text(drift.outside_rows) + ": " +
              format_double(drift.least) + " to " + format_double(drift.most);
    }
    out.push_back(std::move(text));
  }
  return out;
}

namespace detail {
namespace {

// The likeliest class of each row; missing without a prediction.
Column called(const TrainedModel& model, const std::vector<double>& said, double threshold) {
  const std::size_t k = model.outputs();
  std::vector<std::string> names;
  std::vector<std::uint64_t> valid((said.size() / k + 63) / 64, ~std::uint64_t{0});
  for (std::size_t i = 0; i * k < said.size(); ++i) {
    if (std::isnan(said[i * k])) {
      names.emplace_back();
      valid[i / 64] &= ~(std::uint64_t{1} << (i % 64));
    } else if (k == 1) {
      // A model of rows that were all of one class knows no second.
      const std::size_t likely = said[i] >= threshold ? 1 : 0;
      names.push_back(model.classes[std::min(likely, model.classes.size() - 1)]);
    } else {
      const auto begin = said.begin() + static_cast<std::ptrdiff_t>(i * k);
      const auto best = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(k));
      names.push_back(model.classes[static_cast<std::size_t>(best - begin)]);
    }
  }
  return Column::texts(names, std::move(valid));
}

std::vector<double> every_kth(const std::vector<double>& values, std::size_t k, std::size_t at) {
  std::vector<double> out;
  for (std::size_t i = at; i < values.size(); i += k) out.push_back(values[i]);
  return out;
}

}  // namespace

std::size_t add_predictions(const TrainedModel& model, const FeatureTable& features,
                            const PredictionOptions& options, const Context& context,
                            TableBuilder* table) {
  const FeatureTable x = model.inputs_of(features);
  const auto rows = every_row(x.rows());
  const std::size_t k = model.outputs();
  std::vector<double> said(rows.size() * k, kNaN);
  if (!rows.empty()) model.predictor->predict(x, rows, said, context);
  if (model.classes.empty()) {
    table->numbers("prediction", said);
  } else {
    table->column("prediction", called(model, said, options.threshold));
    if (k == 1) table->numbers("probability", said);
    for (std::size_t c = 0; k > 1 && c < k; ++c) {
      table->numbers("probability of " + model.classes[c], every_kth(said, k, c));
    }
  }
  std::vector<double> ends(rows.size() * 2, kNaN);
  if (model.predictor->intervals(x, rows, ends, context)) {
    table->numbers("low", every_kth(ends, 2, 0));
    table->numbers("high", every_kth(ends, 2, 1));
  }
  const std::vector<double>& p = options.quantiles;
  if (!p.empty()) {
    std::vector<double> out(rows.size() * p.size(), kNaN);
    if (!model.predictor->quantiles(x, rows, p, out, context)) {
      throw ArgumentError({.what = in_quotes(model.spec.kind) + " knows no quantiles",
                           .expected = "learn.forest { quantiles = true } of numbers"});
    }
    for (std::size_t q = 0; q < p.size(); ++q) {
      table->numbers("quantile " + format_double(p[q]), every_kth(out, p.size(), q));
    }
  }
  std::size_t none = 0;
  for (std::size_t i = 0; i < said.size(); i += k) none += std::isnan(said[i]) ? 1 : 0;
  return none;
}

}  // namespace detail
}  // namespace impact
