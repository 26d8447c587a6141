#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/analysis/learn_explained.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/explain/accumulated_effects.h"
#include "engine/learn/explain/interaction_strength.h"
#include "engine/learn/explain/partial_dependence.h"
#include "engine/learn/explain/permutation_importance.h"

// What a fitted model relies on, and how its predictions change with its columns.
namespace impact::detail {
namespace {

struct Metric {
  const char* name;
  ImportanceLoss loss;
};
constexpr Metric kNumberMetrics[] = {{"mse", ImportanceLoss::kSquared},
                                     {"mae", ImportanceLoss::kAbsolute}};
constexpr Metric kClassMetrics[] = {{"log_loss", ImportanceLoss::kLogLoss},
                                    {"auc", ImportanceLoss::kAuc},
                                    {"brier", ImportanceLoss::kSquared},
                                    {"error", ImportanceLoss::kError}};

const Metric& metric_option(const AnalysisReader& read, const TrainedModel& model) {
  const bool numbers = model.classes.empty();
  const std::span<const Metric> all =
      numbers ? std::span<const Metric>(kNumberMetrics) : std::span<const Metric>(kClassMetrics);
  const std::string wanted = read.text("metric", numbers                     ? "mse"
                                                 : model.classes.size() == 2 ? "auc"
                                                                             : "log_loss");
  std::vector<std::string> names;
  for (const Metric& metric : all) {
    if (wanted == metric.name && (wanted != "auc" || model.classes.size() == 2)) return metric;
    if (std::string("auc") != metric.name || model.classes.size() == 2) {
      names.emplace_back(metric.name);
    }
  }
  throw ArgumentError({.what = "this model can't be judged by that metric",
                       .got = wanted,
                       .expected = list_words(names),
                       .hint = did_you_mean(wanted, names)});
}

AnalysisResult importance(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const auto model = model_of(read);
  const LessonData data = lesson_data(read, *model);
  const Metric& metric = metric_option(read, *model);
  const PermutationImportance found =
      permutation_importance(*model, data.features, data.outcome, data.rows,
                             {.loss = metric.loss,
                              .groups = named_groups(read, "together"),
                              .repeats = static_cast<int>(read.integer("repeats", 10)),
                              .weights = data.weights,
                              .conf_level = read.conf_level()},
                             input.stream.child("importance"), context);
  std::vector<const ColumnReliance*> order;
  for (const ColumnReliance& column : found.columns) order.push_back(&column);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::isnan(b->importance) ? !std::isnan(a->importance) : a->importance > b->importance;
  });
  AnalysisResult out;
  out.estimates.push_back({.term = std::string(metric.name) + " of the model",
                           .estimate = found.loss,
                           .n = static_cast<std::int64_t>(data.rows.size()),
                           .method = "importance",
                           .warnings = data.warnings});
  if (metric.loss == ImportanceLoss::kAuc) out.estimates[0].estimate = 1.0 - found.loss;
  auto& notes = out.estimates[0].warnings;
  notes.insert(notes.end(), found.warnings.begin(), found.warnings.end());
  if (input.model == nullptr && static_cast<std::int64_t>(data.rows.size()) == model->n) {
    notes.push_back(
        "there are as many rows as the model learned from: if they are the same, what it overfits "
        "counts as importance; of = a column of another table judges it by other rows");
  }
  std::vector<std::string> feature;
  std::vector<double> value, low, high, error, sd, repeat_low, repeat_high;
  std::vector<std::int64_t> n;
  for (const ColumnReliance* row : order) {
    out.estimates.push_back({.term = row->column,
                             .estimate = row->importance,
                             .std_error = row->std_error,
                             .conf_low = row->conf_low,
                             .conf_high = row->conf_high,
                             .n = row->n,
                             .method = "importance",
                             .se_type = "rows"});
    feature.push_back(row->column);
    value.push_back(row->importance);
    low.push_back(row->conf_low);
    high.push_back(row->conf_high);
    error.push_back(row->std_error);
    sd.push_back(row->repeat_sd);
    repeat_low.push_back(row->repeat_low);
    repeat_high.push_back(row->repeat_high);
    n.push_back(row->n);
  }
  TableBuilder table;
  table.texts("feature", feature);
  table.numbers("importance", std::move(value));
  table.numbers("low", std::move(low));
  table.numbers("high", std::move(high));
  table.numbers("std_error", std::move(error));
  table.numbers("repeat_sd", std::move(sd));
  table.numbers("repeat_low", std::move(repeat_low));
  table.numbers("repeat_high", std::move(repeat_high));
  table.integers("n", std::move(n));
  out.tables.push_back({"importance", table.build()});
  return out;
}

// Columns named by "at": none, all of the model's.
std::vector<std::string> wanted_columns(const AnalysisReader& read, const ExplainedModel& asked,
                                        bool numbers_only) {
  std::vector<std::string> out = named_columns(read, "at");
  if (!out.empty()) return out;
  for (const ModelInput& column : asked.model->inputs) {
    if (!numbers_only || !column.text) out.push_back(column.name);
  }
  return out;
}

// "column & second", or the column alone.
std::string effect_name(const std::string& column, const std::string& second) {
  return second.empty() ? column : column + " & " + second;
}

// One table for several effects, one after the other.
struct EffectTable {
  bool joint = false;
  std::vector<std::string> column = {};
  MixedCells value = {};
  MixedCells second = {};

  void add(const std::string& name) { column.push_back(name); }
  void begin(TableBuilder* table) const {
    table->texts("feature", column);
    table->column("value", value.column());
    if (joint) table->column("second", second.column());
  }
};

void add_grid(const GridAxis& axis, std::size_t at, MixedCells* cells) {
  if (axis.text()) {
    cells->text(axis.levels[at]);
  } else {
    cells->number(axis.values[at]);
  }
}

double spread(std::span<const double> effect) {
  double low = std::nan("");
  double high = std::nan("");
  for (const double value : effect) {
    if (std::isnan(value)) continue;
    low = std::isnan(low) ? value : std::min(low, value);
    high = std::isnan(high) ? value : std::max(high, value);
  }
  return high - low;
}

Estimate spread_row(const std::string& name, const ExplainedModel& asked, const char* method,
                    std::span<const double> effect, std::int64_t n,
                    const std::vector<std::string>& warnings) {
  Estimate row{
      .term = name, .estimate = spread(effect), .n = n, .method = method, .warnings = warnings};
  row.term += ": range of the effect on " + asked.said;
  return row;
}

// Single curves, and their mean as the case that is missing: what a plot draws over them.
struct CaseTable {
  std::vector<std::string> column = {};
  std::vector<std::string> name = {};
  std::vector<bool> mean = {};
  MixedCells value = {};
  std::vector<double> prediction = {};

  void add(const std::string& feature, const GridAxis& axis, std::size_t at,
           const std::string& label, bool of_all, double said) {
    column.push_back(feature);
    name.push_back(label);
    mean.push_back(of_all);
    add_grid(axis, at, &value);
    prediction.push_back(said);
  }
};

// What a row is called: its key, else its place.
std::vector<std::string> row_names(const AnalysisReader& read,
                                   const std::vector<std::uint32_t>& rows) {
  std::vector<std::string> out;
  for (const std::uint32_t row : rows) {
    std::string name;
    for (const std::string& key : read.input().key) {
      if (!name.empty()) name += ", ";
      name += format_value(read.input().frame.column(key).value(row));
    }
    out.push_back(name.empty() ? std::to_string(row + 1) : name);
  }
  return out;
}

// The column that each is set together with: none or one.
std::vector<std::string> joint_column(const AnalysisReader& read) {
  std::vector<std::string> with = named_columns(read, "with");
  if (with.size() > 1) {
    throw ArgumentError({.what = "'with' is one column", .got = list_words(with)});
  }
  return with;
}

AnalysisResult dependence(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const ExplainedModel asked = explained_model(read);
  const std::vector<std::string> with = joint_column(read);
  EffectTable effects{.joint = !with.empty()};
  CaseTable cases;
  std::vector<double> mean, sd, low, high;
  AnalysisResult out;
  for (const std::string& name : wanted_columns(read, asked, false)) {
    context.check();
    if (!with.empty() && with[0] == name) continue;
    PartialDependenceSpec spec;
    spec.columns = {name};
    if (!with.empty()) spec.columns.push_back(with[0]);
    spec.grid.points = static_cast<std::size_t>(read.integer("grid", 20));
    spec.grid.low = read.number("low", 0.05);
    spec.grid.high = read.number("high", 0.95);
    spec.grid.values = read.list("values");
    spec.background = static_cast<std::size_t>(read.integer("rows", 0));
    spec.curves = with.empty() ? static_cast<std::size_t>(read.integer("ice", 0)) : 0;
    spec.centred = read.flag("centred", false);
    spec.output = asked.output;
    spec.weights = asked.weights;
    const PartialDependence found =
        partial_dependence(*asked.model, asked.features, asked.rows, spec,
                           input.stream.child("partial_dependence"), context);
    const std::string label = effect_name(name, with.empty() ? "" : with[0]);
    const std::size_t inner = found.axes.size() == 2 ? found.axes[1].size() : 1;
    for (std::size_t cell = 0; cell < found.mean.size(); ++cell) {
      effects.add(label);
      add_grid(found.axes[0], cell / inner, &effects.value);
      if (effects.joint) add_grid(found.axes[1], cell % inner, &effects.second);
    }
    // A probability's curves can't lie outside of 0 and 1, whatever their sd.
    const bool cut = !asked.model->classes.empty() && !spec.centred;
    for (std::size_t cell = 0; cell < found.mean.size(); ++cell) {
      low.push_back(cut ? std::max(found.low[cell], 0.0) : found.low[cell]);
      high.push_back(cut ? std::min(found.high[cell], 1.0) : found.high[cell]);
    }
    mean.insert(mean.end(), found.mean.begin(), found.mean.end());
    sd.insert(sd.end(), found.sd.begin(), found.sd.end());
    const auto names = row_names(read, found.curve_rows);
    const std::size_t cells = found.mean.size();
    for (std::size_t cell = 0; cell < cells && !names.empty(); ++cell) {
      cases.add(name, found.axes[0], cell, "", true, found.mean[cell]);
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (std::size_t cell = 0; cell < cells; ++cell) {
        cases.add(name, found.axes[0], cell, names[i], false, found.curves[i * cells + cell]);
      }
    }
    out.estimates.push_back(
        spread_row(label, asked, "partial_dependence", found.mean, found.n, found.warnings));
  }
  TableBuilder table;
  effects.begin(&table);
  table.numbers("prediction", std::move(mean));
  table.numbers("sd", std::move(sd));
  table.numbers("low", std::move(low));
  table.numbers("high", std::move(high));
  out.tables.push_back({"partial_dependence", table.build()});
  if (!cases.column.empty()) {
    TableBuilder single;
    single.texts("feature", cases.column);
    single.column("case", texts_with_gaps(cases.name, cases.mean));
    single.column("value", cases.value.column());
    single.numbers("prediction", cases.prediction);
    out.tables.push_back({"ice", single.build()});
  }
  keep_warnings(&out, "partial_dependence", {"there is no column to set"});
  return out;
}

AnalysisResult accumulated(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const ExplainedModel asked = explained_model(read);
  const std::vector<std::string> with = joint_column(read);
  EffectTable effects{.joint = !with.empty()};
  std::vector<double> effect, error, low, high;
  std::vector<std::int64_t> n;
  AnalysisResult out;
  for (const std::string& name : wanted_columns(read, asked, true)) {
    context.check();
    if (!with.empty() && with[0] == name) continue;
    AccumulatedEffectsSpec spec;
    spec.columns = {name};
    if (!with.empty()) spec.columns.push_back(with[0]);
    spec.intervals = static_cast<std::size_t>(read.integer("intervals", 20));
    spec.output = asked.output;
    spec.weights = asked.weights;
    spec.conf_level = read.conf_level();
    const AccumulatedEffects found =
        accumulated_effects(*asked.model, asked.features, asked.rows, spec, context);
    const std::string label = effect_name(name, with.empty() ? "" : with[0]);
    const std::size_t inner = found.ends.size() == 2 ? found.ends[1].size() : 1;
    for (std::size_t cell = 0; cell < found.effect.size(); ++cell) {
      effects.add(label);
      effects.value.number(found.ends[0][cell / inner]);
      if (effects.joint) effects.second.number(found.ends[1][cell % inner]);
    }
    effect.insert(effect.end(), found.effect.begin(), found.effect.end());
    error.insert(error.end(), found.std_error.begin(), found.std_error.end());
    low.insert(low.end(), found.conf_low.begin(), found.conf_low.end());
    high.insert(high.end(), found.conf_high.begin(), found.conf_high.end());
    n.insert(n.end(), found.n.begin(), found.n.end());
    out.estimates.push_back(spread_row(label, asked, "accumulated_effects", found.effect,
                                       static_cast<std::int64_t>(asked.rows.size()),
                                       found.warnings));
  }
  TableBuilder table;
  effects.begin(&table);
  table.numbers("effect", std::move(effect));
  if (!effects.joint) {
    table.numbers("std_error", std::move(error));
    table.numbers("low", std::move(low));
    table.numbers("high", std::move(high));
  }
  table.integers("n", std::move(n));
  out.tables.push_back({"accumulated_effects", table.build()});
  keep_warnings(&out, "accumulated_effects", {"the model has no column of numbers"});
  return out;
}

AnalysisTable interaction_table(const Interactions& found) {
  std::vector<std::string> first, second;
  std::vector<double> h, squared, strength;
  for (const auto* list : {&found.columns, &found.pairs}) {
    for (const InteractionStrength& row : *list) {
      first.push_back(row.first);
      second.push_back(row.second.empty() ? "all others" : row.second);
      h.push_back(row.h);
      squared.push_back(row.h_squared);
      strength.push_back(row.strength);
    }
  }
  TableBuilder table;
  table.texts("first", first);
  table.texts("second", second);
  table.numbers("h", std::move(h));
  table.numbers("h_squared", std::move(squared));
  table.numbers("strength", std::move(strength));
  return {"interactions", table.build()};
}

AnalysisResult interactions(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const ExplainedModel asked = explained_model(read);
  const Interactions found =
      interaction_strength(*asked.model, asked.features, asked.rows,
                           {.columns = named_columns(read, "at"),
                            .rows = static_cast<std::size_t>(read.integer("rows", 200)),
                            .output = asked.output,
                            .weights = asked.weights},
                           input.stream.child("interactions"), context);
  AnalysisResult out;
  for (const auto* list : {&found.columns, &found.pairs}) {
    for (const InteractionStrength& row : *list) {
      Estimate line{.term = row.first, .estimate = row.h, .n = found.n, .method = "h"};
      line.term += row.second.empty() ? " with all others" : " with " + row.second;
      out.estimates.push_back(std::move(line));
    }
  }
  keep_warnings(&out, "h", found.warnings);
  prepend(&out.estimates.front().warnings, found.warnings);
  out.tables.push_back(interaction_table(found));
  return out;
}

constexpr AnalysisMethod kMethods[] = {
    {"learn.accumulated_effects",
     "How a model's prediction changes as a column passes through its values, by the rows that "
     "are there (Apley & Zhu 2020).",
     {},
     accumulated},
    {"learn.importance",
     "How much worse a model predicts when a column's cells change places (Breiman 2001; Fisher, "
     "Rudin & Dominici 2019).",
     {},
     importance},
    {"learn.interactions",
     "How much of a model's prediction columns make together, not one by one (Friedman & Popescu "
     "2008).",
     {},
     interactions},
    {"learn.partial_dependence",
     "What a model says on average when a column is set to a value (Friedman 2001; Goldstein et "
     "al. 2015).",
     {},
     dependence},
};

}  // namespace

std::span<const AnalysisMethod> explanation_methods() { return kMethods; }

}  // namespace impact::detail
